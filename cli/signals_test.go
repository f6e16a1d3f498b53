package cli

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"datahub.io/slipway/release"
)

// blocked drives something, says so, and is then blocked in what no context ends.
func blocked() {
	unsignalled()
	ctx, _ := interruptible(os.Stderr)
	drives(ctx, nil)
	fmt.Println("driving")
	<-ctx.Done()
	fmt.Println("waits for what is in flight")
	select {}
}

// endsWith waits for a program, and gives its exit code; -1 is that a signal ended it.
func endsWith(t *testing.T, cmd *exec.Cmd) int {
	t.Helper()
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	select {
	case <-ended:
		return cmd.ProcessState.ExitCode()
	case <-time.After(20 * time.Second):
		_ = cmd.Process.Kill()
		t.Fatal("it did not end")
		return 0
	}
}

// The first signal waits for what is in flight, the second one ends the program,
// whatever it is blocked in.
func TestSecondSignalEnds(t *testing.T) {
	t.Parallel()
	for _, pair := range [][2]os.Signal{{os.Interrupt, os.Interrupt}, {syscall.SIGTERM, os.Interrupt}, {os.Interrupt, syscall.SIGTERM}} {
		var stderr bytes.Buffer
		cmd := exec.Command("blocked")
		cmd.Stderr = &stderr
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		for i, want := range []string{"driving", "waits for what is in flight"} {
			line := make([]byte, 100)
			n, err := out.Read(line)
			if got := strings.TrimSpace(string(line[:n])); got != want {
				t.Fatalf("said %q, %v; want %q", got, err, want)
			}
			if err := cmd.Process.Signal(pair[i]); err != nil {
				t.Fatal(err)
			}
		}
		if got := endsWith(t, cmd); got != exitUnfinished || !strings.Contains(stderr.String(), "ended at once") {
			t.Errorf("%v: exit code %d, %q", pair, got, &stderr)
		}
	}
}

// Before anything is driven one signal is enough, also in a read that never ends.
func TestSignalEndsABlockedRead(t *testing.T) {
	t.Parallel()
	fifo := filepath.Join(t.TempDir(), "slipway.yaml")
	if err := unix.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	var stderr bytes.Buffer
	cmd := exec.Command("slipway", "status", "--config", fifo)
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	// Opening it for writing returns once slipway has opened it for reading.
	writer, err := os.OpenFile(fifo, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer writer.Close()
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if got := endsWith(t, cmd); got != exitError || !strings.Contains(stderr.String(), "interrupted") {
		t.Errorf("exit code %d, %q", got, &stderr)
	}
}

// A reader that has gone away is no signal that ends slipway, and nothing to say.
func TestClosedPipeIsNoSignal(t *testing.T) {
	t.Parallel()
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	reader.Close()
	defer writer.Close()
	var stderr bytes.Buffer
	cmd := exec.Command("slipway", "version")
	cmd.Stdout, cmd.Stderr = writer, &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if got := endsWith(t, cmd); got != exitError || stderr.Len() > 0 {
		t.Errorf("%v, said %q", cmd.ProcessState, &stderr)
	}
}

// closed is a pipe without a reader, stuck one that nobody reads.
type closed struct{}

func (closed) Write([]byte) (int, error) { return 0, syscall.EPIPE }

type stuck struct{}

func (stuck) Write([]byte) (int, error) { select {} }

// Neither a closed output nor one that nobody reads ends or holds up a change.
func TestOutputDoesNotHoldUpAChange(t *testing.T) {
	t.Parallel()
	for name, out := range map[string]io.Writer{"closed": closed{}, "stuck": stuck{}, "full disk": full{}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t)
			s.cmd.SetOut(out)
			s.cluster.apply = func(c release.Change) release.Outcome {
				return release.Outcome{Kind: release.Accepted, Generation: 4}
			}
			s.cluster.identify()
			u := &undoing{flags: undoFlags{noWait: true}}
			ended := make(chan error, 1)
			go func() { ended <- drive(s.cmd, s.options, time.Minute, u.next) }()
			s.cluster.looks(workload())
			s.ends(ended, exitOK, "")
			if n := len(s.cluster.sent()); n != 1 {
				t.Errorf("%d changes were sent", n)
			}
		})
	}
}

// Who only watches ends with its reader: nothing depends on it.
func TestWatchingEndsWithItsReader(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.cmd.SetOut(closed{})
	s.cluster.identify()
	s.options.Entries = []release.Entry{remark("a line")}
	ended := make(chan error, 1)
	go func() { ended <- watch(s.cmd, s.options) }()
	select {
	case err := <-ended:
		if code(err) != exitError || err.Error() != "" {
			t.Errorf("%v", err)
		}
	case <-time.After(20 * time.Second):
		t.Error("it did not end")
	}
}

// What is written while nobody reads comes later and in order, as far as there is
// room for it.
func TestOutletKeepsOrder(t *testing.T) {
	t.Parallel()
	reader, writer := io.Pipe()
	o := newOutlet(writer)
	for i := range 1000 {
		fmt.Fprintf(o, "line %d\n", i)
	}
	big := bytes.Repeat([]byte("x"), outletHolds+1)
	if n, err := o.Write(big); n != len(big) || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	go func() { o.close(); writer.Close() }()
	lines := bufio.NewScanner(reader)
	n := 0
	for ; lines.Scan(); n++ {
		if want := fmt.Sprintf("line %d", n); lines.Text() != want {
			t.Fatalf("%q, want %q", lines.Text(), want)
		}
	}
	if err := lines.Err(); n != 1000 || err != nil {
		t.Errorf("%d lines, %v", n, err)
	}
}

// What only watches does not outlive its terminal; a change that was asked for does.
func TestHangUpWithoutAScreen(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		run  func(s *stage) error
		code int
		says string
	}{
		"watching": {func(s *stage) error { return watch(s.cmd, s.options) }, exitError, "the terminal hung up"},
		"an undo": {func(s *stage) error {
			u := &undoing{flags: undoFlags{noWait: true}}
			return drive(s.cmd, s.options, time.Minute, u.next)
		}, exitOK, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t)
			gone := &interrupts{hungUp: make(chan struct{})}
			close(gone.hungUp)
			s.cmd.SetContext(context.WithValue(t.Context(), interruptsKey{}, gone))
			s.cluster.apply = func(release.Change) release.Outcome {
				return release.Outcome{Kind: release.Accepted, Generation: 4}
			}
			s.cluster.identify()
			ended := make(chan error, 1)
			go func() { ended <- c.run(s) }()
			s.cluster.looks(workload())
			s.ends(ended, c.code, c.says)
		})
	}
}
