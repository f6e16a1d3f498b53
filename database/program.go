package database

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Programs is the folder with pg_dump and pg_restore; empty: they are looked for in
// PATH, then where the packages of the distributions put them.
type Programs string

var packaged = []string{"/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin"}

func (p Programs) find(name string) (string, error) {
	if p != "" {
		path := filepath.Join(string(p), name)
		if _, err := exec.LookPath(path); err != nil {
			return "", &Problem{
				Fault: NoProgram, Wrong: name + " is not there", Found: fmt.Sprintf("no program %s", path),
				Next: "install postgresql-client, or name the folder of its programs",
			}
		}
		return path, nil
	}
	if path, err := exec.LookPath(name); err == nil {
		return path, nil
	}
	var all []string
	for _, pattern := range packaged {
		found, _ := filepath.Glob(filepath.Join(pattern, name))
		all = append(all, found...)
	}
	if len(all) == 0 {
		return "", &Problem{
			Fault: NoProgram, Wrong: name + " is not there", Found: "it is neither in PATH nor in " + strings.Join(packaged, " or "),
			Next: "install postgresql-client, or name the folder of its programs",
		}
	}
	return slices.MaxFunc(all, func(a, b string) int { return major(a) - major(b) }), nil
}

var digits = regexp.MustCompile(`[0-9]+`)

// major is the first number in a text: of "pg_dump (PostgreSQL) 15.18" it is 15.
func major(text string) int {
	n, _ := strconv.Atoi(digits.FindString(text))
	return n
}

// Version is what a program says its version is: "15.18".
func (p Programs) Version(ctx context.Context, name string) (string, error) {
	path, err := p.find(name)
	if err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeout(ctx, queryLimit)
	defer cancel()
	out, err := exec.CommandContext(ctx, path, "--version").Output()
	_, version, found := strings.Cut(string(out), "(PostgreSQL) ")
	if version, _, _ = strings.Cut(strings.TrimSpace(version), " "); err != nil || !found || major(version) == 0 {
		return "", &Problem{
			Fault: NoProgram, Wrong: path + " does not say its version", Found: Server{}.clean(strings.TrimSpace(string(out) + " " + errorText(err))),
			Accepted: "a program of PostgreSQL", Next: "install postgresql-client, or name the folder of its programs",
		}
	}
	return Server{}.clean(version), nil
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// program is a program of PostgreSQL that runs for a server.
type program struct {
	name    string
	server  Server
	cmd     *exec.Cmd
	errs    tail
	started bool
}

// kept are the variables that a program gets from ours. PGPASSWORD is one of them only
// where no other password is given: it is then the way that the person chose.
var kept = []string{"PATH", "HOME", "USER", "LANG", "LC_ALL", "LC_MESSAGES", "TMPDIR", "TZ", "LD_LIBRARY_PATH", "KRB5CCNAME", "KRB5_CONFIG"}

func (p Programs) command(ctx context.Context, s Server, name string, args ...string) (*program, error) {
	path, err := p.find(name)
	if err != nil {
		return nil, err
	}
	out := &program{name: name, server: s, cmd: exec.CommandContext(ctx, path, args...)}
	out.cmd.Stderr = &out.errs
	out.cmd.Cancel = func() error { return out.cmd.Process.Signal(os.Interrupt) } // it tells the server, too
	out.cmd.WaitDelay = 2 * time.Second
	for _, variable := range os.Environ() {
		key, _, _ := strings.Cut(variable, "=")
		if slices.Contains(kept, key) || strings.HasPrefix(key, "PG") && (key != "PGPASSWORD" && key != "PGPASSFILE" || !s.Password.Known()) {
			out.cmd.Env = append(out.cmd.Env, variable)
		}
	}
	out.cmd.Env = append(out.cmd.Env, "PGAPPNAME="+application, fmt.Sprintf("PGCONNECT_TIMEOUT=%d", int(dialLimit.Seconds())))
	if s.SSLMode != "" {
		out.cmd.Env = append(out.cmd.Env, "PGSSLMODE="+s.SSLMode)
	}
	return out, nil
}

// address are the arguments that name the server; its password is not among them.
func (s Server) address() (args []string) {
	if s.Host != "" {
		args = append(args, "--host="+s.Host)
	}
	if s.Port != 0 {
		args = append(args, "--port="+strconv.Itoa(s.Port))
	}
	if s.User != "" {
		args = append(args, "--username="+s.User)
	}
	return append(args, "--no-password")
}

func (p *program) start() error {
	if p.server.Password.Known() {
		file, err := p.server.Password.hand(p.cmd)
		if err != nil {
			return p.server.problem("cannot start "+p.name, err)
		}
		if file != nil {
			defer file.Close()
		}
	}
	if err := p.cmd.Start(); err != nil {
		return p.server.problem("cannot start "+p.name, err)
	}
	p.started = true
	return nil
}

// wait returns how the program ended, in its own last words.
func (p *program) wait(ctx context.Context) error {
	if !p.started {
		return nil
	}
	err := p.cmd.Wait()
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return p.server.problem(p.name+" was stopped", context.Cause(ctx))
	}
	found := p.server.clean(p.errs.last(p.name))
	var exit *exec.ExitError
	if errors.As(err, &exit) && found == "" {
		found = exit.String()
	} else if found == "" {
		found = p.server.clean(err.Error())
	}
	out := &Problem{Fault: Failed, Wrong: p.name + " failed", Found: found}
	if exit != nil && exit.ExitCode() > 0 {
		out.Wrong += fmt.Sprintf(" with exit code %d", exit.ExitCode())
	}
	out.Fault, out.Next = p.server.bySaying(found)
	return out
}

// bySaying is the fault that a program's words are about. The words are PostgreSQL's, and
// decide only which advice is given.
func (s Server) bySaying(text string) (Fault, string) {
	for _, known := range []struct{ words, code string }{
		{"no password supplied", "28P01"}, {"password authentication failed", "28P01"}, {"no pg_hba.conf entry", "28000"},
		{"lock timeout", "55P03"}, {"Query was: LOCK TABLE", "55P03"}, {"permission denied", "42501"}, {"must be owner", "42501"}, {"does not exist", "3D000"},
		{"Connection refused", "57P03"}, {"could not translate host name", "57P03"}, {"terminating connection", "57P01"},
		{"server closed the connection", "57P01"}, {"No space left", "53100"},
	} {
		if strings.Contains(text, known.words) {
			return s.byCode(known.code)
		}
	}
	return Failed, ""
}

// tail keeps the end of what a program says.
type tail struct {
	mu   sync.Mutex
	text []byte
}

const tailBound = 16 << 10

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.text = append(t.text, p...)
	if over := len(t.text) - tailBound; over > 0 {
		t.text = append(t.text[:0], t.text[over:]...)
	}
	return len(p), nil
}

// last are the program's words about its failure: its first error, with what the server says to it.
func (t *tail) last(name string) string {
	t.mu.Lock()
	defer t.mu.Unlock()
	var said []string
	for line := range bytes.Lines(t.text) {
		text := strings.TrimSpace(string(line))
		if text = strings.TrimPrefix(text, name+": "); text == "" || strings.HasPrefix(text, "hint:") {
			continue
		}
		text = strings.TrimPrefix(strings.TrimPrefix(text, "error: "), "fatal: ")
		if !strings.HasPrefix(text, "warning:") && len(said) < 3 {
			said = append(said, text)
		}
	}
	return strings.Join(said, "; ")
}

var _ io.Writer = (*tail)(nil)
