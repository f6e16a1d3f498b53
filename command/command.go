// Package command runs the commands of the checklist on this machine: each once, in a
// session of its own without a terminal, with a time limit, and with its output bounded.
package command

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"datahub.io/slipway/release"
	"datahub.io/slipway/untrusted"
)

// grace is how long a command has to end after SIGTERM, and how long its output is waited
// for once it has ended: something that it began may hold it open.
const grace = 3 * time.Second

// longest is how many runes of a line of output are shown.
const longest = 300

// Performer performs release.RunCommand. What a command wrote is kept in Dir, the first
// and the last half of Kept each.
type Performer struct {
	Dir string // the directory of the outputs; it is made
}

// Kept is how much of the output of a command is kept.
const Kept = 1 << 20

// Perform runs the command. It returns when the command has ended; one that is cancelled,
// left or over its time gets SIGTERM, with everything that it began, and then SIGKILL.
func (p Performer) Perform(ctx context.Context, c release.Change, progress func(release.Progress)) release.Outcome {
	op, ok := c.Do.(release.RunCommand)
	if !ok || len(op.Argv) == 0 {
		return denied("there is no command to run")
	}
	argv := op.Argv
	if op.Shell {
		argv = append([]string{"sh", "-c"}, op.Argv...)
	}
	program, err := find(argv[0], op.Dir)
	if err != nil {
		return denied(err.Error())
	}
	file, err := p.open(c.ID)
	if err != nil {
		return denied("its output cannot be kept: " + err.Error())
	}
	out := &output{file: file, tell: progress}
	began := time.Now()
	code, ended := run(ctx, program, argv, op, out)
	took := time.Since(began).Round(100 * time.Millisecond)
	last, lost := out.close()
	facts := release.Facts{release.FactOutput: file.Name(), release.FactExit: fmt.Sprint(code)}
	o := release.Outcome{Kind: release.Accepted, Text: fmt.Sprintf("exit 0 after %s", took), Facts: facts}
	switch cause := context.Cause(ctx); {
	case ended == nil:
	case errors.Is(cause, release.ErrCancelled):
		o.Kind, o.Text = release.Cancelled, fmt.Sprintf("cancelled after %s: %v", took, ended)
	case errors.Is(cause, release.ErrLeaving):
		o.Kind, o.Text = release.Errored, fmt.Sprintf("ended when the console was left, after %s: %v", took, ended)
	case errors.Is(cause, context.DeadlineExceeded):
		o.Kind, o.Text = release.Errored, fmt.Sprintf("not finished after %s, its time limit: %v", op.Limit, ended)
	default:
		o.Kind, o.Text = release.Errored, ended.Error()
		if last != "" {
			o.Text += ": " + last
		}
	}
	if lost != "" {
		o.Text += "; " + lost
	}
	o.Text = untrusted.Line(o.Text, longest)
	return o
}

func denied(why string) release.Outcome {
	return release.Outcome{Kind: release.Denied, Text: untrusted.Line(why, longest)}
}

// find is the program that a name stands for: on the PATH, or where it says, from the
// directory that the command runs in.
func find(name, dir string) (string, error) {
	if dir != "" {
		if info, err := os.Stat(dir); err != nil || !info.IsDir() {
			return "", fmt.Errorf("directory %s does not exist", dir)
		}
	}
	if strings.ContainsRune(name, '/') && !filepath.IsAbs(name) {
		name = filepath.Join(dir, name)
		if dir == "" {
			name = "./" + name
		}
	}
	program, err := exec.LookPath(name)
	switch {
	case errors.Is(err, exec.ErrNotFound), errors.Is(err, os.ErrNotExist):
		return "", fmt.Errorf("command %s does not exist; PATH is %s", name, os.Getenv("PATH"))
	case err != nil:
		return "", err
	}
	return filepath.Abs(program)
}

// run runs a program and says how it ended; nil: with exit code 0.
func run(ctx context.Context, program string, argv []string, op release.RunCommand, out *output) (code int, ended error) {
	cmd := exec.CommandContext(ctx, program)
	cmd.Args, cmd.Dir, cmd.Env = argv, op.Dir, environment(op.Env)
	cmd.Stdout, cmd.Stderr = out, out
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} // a group of its own, and no terminal to ask on
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM) }
	cmd.WaitDelay = grace
	err := cmd.Run()
	if cmd.Process != nil && ctx.Err() != nil {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // what did not listen
	}
	var exit *exec.ExitError
	switch {
	case err == nil, errors.Is(err, exec.ErrWaitDelay) && cmd.ProcessState.Success():
		return 0, nil
	case errors.As(err, &exit):
		return exit.ExitCode(), errors.New(exitWords(exit))
	case cmd.ProcessState != nil && ctx.Err() != nil:
		return cmd.ProcessState.ExitCode(), errors.New(cmd.ProcessState.String())
	}
	return -1, err
}

func exitWords(exit *exec.ExitError) string {
	if code := exit.ExitCode(); code >= 0 {
		return fmt.Sprintf("exit %d", code)
	}
	return exit.String()
}

// environment is what a command gets: PATH and HOME, what is listed, and no prompt of git.
func environment(listed []string) []string {
	env := []string{"GIT_TERMINAL_PROMPT=0"}
	for _, name := range append([]string{"PATH", "HOME"}, listed...) {
		if value, set := os.LookupEnv(name); set {
			env = append(env, name+"="+value)
		}
	}
	return env
}

func (p Performer) open(id string) (*os.File, error) {
	if err := os.MkdirAll(p.Dir, 0o700); err != nil {
		return nil, err
	}
	return os.OpenFile(filepath.Join(p.Dir, id+".log"), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
}

// Look cannot see what became of a command whose console ended. Somebody has to.
func (p Performer) Look(_ context.Context, c release.Change) release.Look {
	text := "its console ended while it ran, so nobody saw whether it succeeded; look, then run it again or waive it"
	file := filepath.Join(p.Dir, c.ID+".log")
	look := release.Look{At: time.Now(), Is: release.Unclear, Text: text}
	if _, err := os.Stat(file); err == nil {
		look.Facts = release.Facts{release.FactOutput: file}
	}
	return look
}

// Stop cannot reach a command that another process runs.
func (Performer) Stop(context.Context, release.Change) release.Outcome {
	return release.Outcome{Kind: release.Lost, Text: "it was begun by another console, and cannot be stopped from here"}
}

// output keeps the beginning and the end of what a command writes, and tells its lines.
// Only the goroutine that copies writes it.
type output struct {
	file  *os.File
	tell  func(release.Progress)
	head  int    // bytes in the file
	tail  []byte // the end of the rest
	total int
	line  []byte // that is not whole yet
	last  string // line that was
	err   error
}

func (o *output) Write(text []byte) (int, error) {
	o.total += len(text)
	o.lines(text)
	rest := text
	if room := Kept/2 - o.head; room > 0 {
		n := min(room, len(rest))
		if _, err := o.file.Write(rest[:n]); err != nil {
			o.err = err
		}
		o.head, rest = o.head+n, rest[n:]
	}
	if len(rest) > Kept/2 {
		rest = rest[len(rest)-Kept/2:]
	}
	if o.tail = append(o.tail, rest...); len(o.tail) > Kept {
		o.tail = append([]byte(nil), o.tail[len(o.tail)-Kept/2:]...)
	}
	return len(text), nil
}

// lines tells what is whole. A carriage return begins a line anew, as on a terminal.
func (o *output) lines(text []byte) {
	const most = 4096 // bytes of a line
	var whole []string
	if n := nth(text, 200); n > 0 {
		o.line, text = o.line[:0], text[n:] // nobody reads faster
	}
	for {
		end := bytes.IndexAny(text, "\r\n")
		if end < 0 {
			break
		}
		o.line = append(o.line, text[:min(end, max(most-len(o.line), 0))]...)
		if len(bytes.TrimSpace(o.line)) > 0 {
			whole = append(whole, untrusted.Line(string(o.line), longest))
		}
		o.line, text = o.line[:0], text[end+1:]
	}
	o.line = append(o.line, text[:min(len(text), max(most-len(o.line), 0))]...)
	if len(whole) > 0 {
		o.last = whole[len(whole)-1]
		o.tell(release.Progress{Text: o.last, Lines: whole})
	}
}

// nth is where the last n lines of a text begin; 0: it has no more.
func nth(text []byte, n int) int {
	end := len(text)
	for range n + 1 {
		if end = bytes.LastIndexByte(text[:end], '\n'); end < 0 {
			return 0
		}
	}
	return end + 1
}

// close writes the end down, and gives the last line and what is not kept.
func (o *output) close() (last, lost string) {
	if len(bytes.TrimSpace(o.line)) > 0 {
		o.lines([]byte("\n"))
	}
	if len(o.tail) > Kept/2 {
		o.tail = o.tail[len(o.tail)-Kept/2:]
	}
	if left := o.total - o.head - len(o.tail); left > 0 {
		lost = fmt.Sprintf("%d bytes of output, of which the first and the last %d are kept", o.total, Kept/2)
		fmt.Fprintf(o.file, "\n[slipway: %d bytes left out]\n", left)
	}
	_, err := o.file.Write(o.tail)
	if err := errors.Join(o.err, err, o.file.Close()); err != nil {
		lost = "its output could not be kept: " + err.Error()
	}
	return o.last, lost
}
