package e2e

import (
	"context"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/charmbracelet/x/ansi"
	"github.com/charmbracelet/x/vt"
	"github.com/creack/pty"
)

// screen is the built binary in a terminal of its own.
type screen struct {
	t     testing.TB
	cmd   *exec.Cmd
	pty   *os.File
	term  *vt.SafeEmulator
	ended chan error
}

func (s setup) open(t testing.TB, w, h int, args ...string) *screen {
	t.Helper()
	cmd := s.command(context.Background(), args...)
	cmd.Env = append(cmd.Env, "TERM=xterm-256color", "COLORTERM=truecolor", "LANG=C.UTF-8")
	file, err := pty.StartWithSize(cmd, &pty.Winsize{Rows: uint16(h), Cols: uint16(w)})
	if err != nil {
		t.Fatal(err)
	}
	c := &screen{t: t, cmd: cmd, pty: file, term: vt.NewSafeEmulator(w, h), ended: make(chan error, 1)}
	go io.Copy(c.term, file)
	go io.Copy(file, c.term) // what the terminal answers to queries
	go func() { c.ended <- cmd.Wait() }()
	t.Cleanup(func() {
		cmd.Process.Kill()
		file.Close()
	})
	return c
}

func (c *screen) text() string { return ansi.Strip(c.term.Render()) }

// see waits until everything wanted is on the screen at once.
func (c *screen) see(wanted ...string) {
	c.t.Helper()
	c.seeWithin(limit, wanted...)
}

func (c *screen) seeWithin(d time.Duration, wanted ...string) {
	c.t.Helper()
	deadline := time.Now().Add(d)
	for {
		text, missing := c.text(), ""
		for _, want := range wanted {
			if !strings.Contains(text, want) {
				missing = want
			}
		}
		if missing == "" {
			return
		}
		if time.Now().After(deadline) {
			c.t.Fatalf("never on the screen: %q\n%s", missing, text)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// shows tells whether everything wanted is on the screen within a time.
func (c *screen) shows(d time.Duration, wanted ...string) bool {
	for deadline := time.Now().Add(d); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		text := c.text()
		if !slices.ContainsFunc(wanted, func(want string) bool { return !strings.Contains(text, want) }) {
			return true
		}
	}
	return false
}

// told waits until everything wanted stands in the Log view, where no line is
// pushed out by the next, and goes back to the overview.
func (c *screen) told(wanted ...string) {
	c.t.Helper()
	key := "4"
	if strings.Contains(c.text(), "5 Log") {
		key = "5" // where releases are canaries there is one view more
	}
	for deadline := time.Now().Add(limit); time.Now().Before(deadline); {
		c.press(key) // a dialog that waits for its answer takes no other key
		if c.shows(2*time.Second, wanted...) {
			break
		}
	}
	c.see(wanted...)
	c.press("1")
}

// press types keys, each with a moment of its own, as a person does.
func (c *screen) press(keys ...string) {
	c.t.Helper()
	for _, key := range keys {
		if _, err := c.pty.WriteString(key); err != nil {
			c.t.Fatal(err)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// confirm presses a key that performs something: not before the dialog that was
// just opened takes it, as a key that is held down would.
func (c *screen) confirm(key string) {
	c.t.Helper()
	time.Sleep(250 * time.Millisecond)
	c.press(key)
	_, title, _ := strings.Cut(c.text(), "┏━ ")
	title, _, _ = strings.Cut(title, " ━")
	for range 3 {
		for deadline := time.Now().Add(2 * time.Second); title != "" && c.shows(20*time.Millisecond, "┏━ "+title); time.Sleep(20 * time.Millisecond) {
			if time.Now().After(deadline) {
				c.press(key) // on a busy machine the first may have come too early
				break
			}
		}
	}
}

// resize changes the terminal's size.
func (c *screen) resize(w, h int) {
	c.t.Helper()
	c.term.Resize(w, h)
	if err := pty.Setsize(c.pty, &pty.Winsize{Rows: uint16(h), Cols: uint16(w)}); err != nil {
		c.t.Fatal(err)
	}
}

// kill ends the program the hard way.
func (c *screen) kill(signal syscall.Signal) {
	c.t.Helper()
	if err := c.cmd.Process.Signal(signal); err != nil {
		c.t.Fatal(err)
	}
	c.gone()
}

// gone waits until the program has ended.
func (c *screen) gone() {
	c.t.Helper()
	select {
	case <-c.ended:
	case <-time.After(limit):
		c.t.Fatalf("still running\n%s", c.text())
	}
}
