package command

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"datahub.io/slipway/release"
)

// teller keeps what was told.
type teller struct {
	mu    sync.Mutex
	lines []string
	told  chan string
}

func (t *teller) tell(p release.Progress) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.lines = append(t.lines, p.Lines...)
	select {
	case t.told <- p.Text:
	default:
	}
}

func perform(t *testing.T, ctx context.Context, told *teller, op release.RunCommand) (release.Outcome, string) {
	t.Helper()
	dir := t.TempDir()
	if op.Limit == 0 {
		op.Limit = 10 * time.Minute
	}
	ctx, cancel := context.WithTimeout(ctx, op.Limit)
	defer cancel()
	o := Performer{Dir: filepath.Join(dir, "output")}.Perform(ctx, release.Change{ID: "c-1", Do: op}, told.tell)
	text, err := os.ReadFile(filepath.Join(dir, "output", "c-1.log"))
	if err != nil && o.Kind != release.Denied {
		t.Fatal(err)
	}
	return o, string(text)
}

func TestCommands(t *testing.T) {
	t.Setenv("LISTED", "yes")
	t.Setenv("SECRET", "no")
	dir := t.TempDir()
	script := func(text string) release.RunCommand { return release.RunCommand{Argv: []string{text}, Shell: true} }
	in := script("pwd")
	in.Dir = dir
	listed := script(`echo "$LISTED $SECRET."; test -n "$HOME" && test -n "$PATH"`)
	listed.Env = []string{"LISTED"}
	gone := script("true")
	gone.Dir = filepath.Join(dir, "gone")
	for name, c := range map[string]struct {
		op           release.RunCommand
		kind         release.OutcomeKind
		text, output string
	}{
		"succeeds":              {release.RunCommand{Argv: []string{"echo", "a b", "$HOME"}}, release.Accepted, "exit 0", "a b $HOME\n"},
		"fails":                 {script("echo out; echo 'no such tag' >&2; exit 3"), release.Errored, "exit 3: no such tag", "out\nno such tag\n"},
		"killed":                {script("kill -9 $$"), release.Errored, "signal: killed", ""},
		"does not exist":        {release.RunCommand{Argv: []string{"no-such-command-here"}}, release.Denied, "command no-such-command-here does not exist", ""},
		"directory":             {in, release.Accepted, "exit 0", dir + "\n"},
		"no such directory":     {gone, release.Denied, "does not exist", ""},
		"only listed variables": {listed, release.Accepted, "exit 0", "yes .\n"},
		"no terminal":           {script("exec </dev/tty"), release.Errored, "exit", "/dev/tty"},
		"hostile output":        {script(`printf '\033[2J\033]0;x\007done\n'; exit 1`), release.Errored, "exit 1: done", "\x1b[2J"},
		"no newline":            {script("printf half; exit 1"), release.Errored, "exit 1: half", "half"},
		"progress bars":         {script(`printf '1%%\r2%%\r3%%\r\n'; exit 1`), release.Errored, "exit 1: 3%", "1%\r2%"},
		"nothing":               {release.RunCommand{}, release.Denied, "no command", ""},
	} {
		t.Run(name, func(t *testing.T) {
			o, output := perform(t, t.Context(), new(teller), c.op)
			if o.Kind != c.kind || !strings.Contains(o.Text, c.text) || !strings.Contains(output, c.output) {
				t.Errorf("%s: %s\n%q", o.Kind, o.Text, output)
			}
			if strings.ContainsAny(o.Text, "\x1b\x07") {
				t.Errorf("not clean: %q", o.Text)
			}
		})
	}
}

// What never ends is ended at its limit, or when it is cancelled or left: with all that it
// began, also what does not listen to SIGTERM.
func TestCommandsThatNeverEnd(t *testing.T) {
	for name, c := range map[string]struct {
		cause error
		limit time.Duration
		kind  release.OutcomeKind
		text  string
	}{
		"limit":     {nil, 300 * time.Millisecond, release.Errored, "not finished after 300ms, its time limit"},
		"cancelled": {release.ErrCancelled, 0, release.Cancelled, "cancelled after"},
		"left":      {release.ErrLeaving, 0, release.Errored, "ended when the console was left"},
	} {
		for stubborn, trap := range map[string]string{"": "", ", stubborn": "trap '' TERM; "} {
			t.Run(name+stubborn, func(t *testing.T) {
				t.Parallel()
				ctx, cancel := context.WithCancelCause(t.Context())
				defer cancel(nil)
				told := &teller{told: make(chan string, 10)}
				if c.cause != nil {
					go func() {
						<-told.told
						cancel(c.cause)
					}()
				}
				pid := filepath.Join(t.TempDir(), "pid")
				o, _ := perform(t, ctx, told, release.RunCommand{
					Argv: []string{trap + "sh -c '" + strings.ReplaceAll(trap, "'", `'"'"'`) + "sleep 600' & echo $! >" + pid + "; echo begun; wait; sleep 600"}, Shell: true, Limit: max(c.limit, 0),
				})
				if o.Kind != c.kind || !strings.Contains(o.Text, c.text) {
					t.Errorf("%s: %s", o.Kind, o.Text)
				}
				child, err := os.ReadFile(pid)
				if os.IsNotExist(err) && c.cause == nil {
					return // its limit came before it began anything
				}
				if err != nil {
					t.Fatal(err)
				}
				gone := func() bool {
					state, err := os.ReadFile("/proc/" + strings.TrimSpace(string(child)) + "/stat")
					return err != nil || strings.Contains(string(state), ") Z ")
				}
				for end := time.Now().Add(20 * time.Second); !gone(); {
					if time.Now().After(end) {
						t.Fatal("what it began still runs")
					}
					time.Sleep(10 * time.Millisecond)
				}
			})
		}
	}
}

// What is left running in the background does not hold the command's end up.
func TestACommandThatLeavesSomethingBehind(t *testing.T) {
	began := time.Now()
	o, output := perform(t, t.Context(), new(teller), release.RunCommand{Argv: []string{"echo done; sleep 30 & exit 0"}, Shell: true})
	if o.Kind != release.Accepted || output != "done\n" || time.Since(began) > 20*time.Second {
		t.Errorf("%s after %s: %s %q", o.Kind, time.Since(began), o.Text, output)
	}
}

// 100 MB of output are bounded on the disk, in memory and in what is told, and the end is
// kept.
func TestALotOfOutput(t *testing.T) {
	told := new(teller)
	o, output := perform(t, t.Context(), told, release.RunCommand{Argv: []string{"echo first; yes 'a line of the output' | head -c 100000000; echo; echo last; exit 7"}, Shell: true})
	if o.Kind != release.Errored || !strings.Contains(o.Text, "exit 7: last") || !strings.Contains(o.Text, "100000012 bytes of output, of which the first and the last 524288 are kept") {
		t.Errorf("%s: %s", o.Kind, o.Text)
	}
	if len(output) > Kept+100 || !strings.HasPrefix(output, "first\n") || !strings.HasSuffix(output, "\nlast\n") || !strings.Contains(output, "bytes left out]") {
		t.Errorf("%d bytes, from %.20q", len(output), output)
	}
}

// One line of 100 MB is no more than a line.
func TestALineWithoutEnd(t *testing.T) {
	told := &teller{}
	o, output := perform(t, t.Context(), told, release.RunCommand{Argv: []string{"head -c 20000000 /dev/zero | tr '\\0' x; echo"}, Shell: true})
	if o.Kind != release.Accepted || len(output) > Kept+100 || len(told.lines) != 1 || len(told.lines[0]) > 2*longest {
		t.Errorf("%s %s: %d bytes, %d lines", o.Kind, o.Text, len(output), len(told.lines))
	}
}

// Nothing is run again: what became of a command whose console ended is not known.
func TestWhatBecameOfACommand(t *testing.T) {
	look := Performer{Dir: t.TempDir()}.Look(t.Context(), release.Change{ID: "c-1", Do: release.RunCommand{Argv: []string{"true"}}})
	if look.Is != release.Unclear || look.At.IsZero() || !strings.Contains(look.Text, "look, then run it again or waive it") {
		t.Errorf("%+v", look)
	}
}

// The release tag of the process document, with a real git and a bare repository for its
// origin.
func TestReleaseTag(t *testing.T) {
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("no git here")
	}
	home := t.TempDir()
	t.Setenv("HOME", home)
	for name, value := range map[string]string{"GIT_AUTHOR_NAME": "eng-a", "GIT_AUTHOR_EMAIL": "eng-a@example.org", "GIT_COMMITTER_NAME": "eng-a", "GIT_COMMITTER_EMAIL": "eng-a@example.org", "GIT_CONFIG_NOSYSTEM": "1"} {
		t.Setenv(name, value)
	}
	origin, work := filepath.Join(home, "origin.git"), filepath.Join(home, "work")
	for _, args := range [][]string{
		{"init", "-q", "--bare", origin}, {"init", "-q", "-b", "main", work},
		{"-C", work, "remote", "add", "origin", origin}, {"-C", work, "commit", "-q", "--allow-empty", "-m", "first"}, {"-C", work, "push", "-q", "origin", "main"},
	} {
		if out, err := exec.CommandContext(t.Context(), "git", args...).CombinedOutput(); err != nil {
			t.Fatalf("git %v: %v\n%s", args, err, out)
		}
	}
	env := []string{"GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL", "GIT_COMMITTER_NAME", "GIT_COMMITTER_EMAIL", "GIT_CONFIG_NOSYSTEM"}
	git := func(args ...string) release.Outcome {
		o, _ := perform(t, t.Context(), new(teller), release.RunCommand{Argv: append([]string{"git"}, args...), Dir: work, Env: env})
		return o
	}
	if o := git("push", "origin", "v2.5.0"); o.Kind != release.Errored || !strings.Contains(o.Text, "exit 1") {
		t.Errorf("a tag that is not there: %s %s", o.Kind, o.Text)
	}
	for _, args := range [][]string{{"tag", "-a", "v2.5.0", "-m", "Release v2.5.0"}, {"push", "origin", "v2.5.0"}} {
		if o := git(args...); o.Kind != release.Accepted {
			t.Fatalf("git %v: %s %s", args, o.Kind, o.Text)
		}
	}
	if o := git("tag", "-a", "v2.5.0", "-m", "Release v2.5.0"); o.Kind != release.Errored || !strings.Contains(o.Text, "already exists") {
		t.Errorf("again: %s %s", o.Kind, o.Text)
	}
	out, err := exec.CommandContext(t.Context(), "git", "-C", origin, "cat-file", "-t", "v2.5.0").Output()
	if err != nil || strings.TrimSpace(string(out)) != "tag" {
		t.Errorf("the origin has %q, %v", out, err)
	}
}
