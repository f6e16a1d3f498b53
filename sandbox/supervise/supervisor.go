// Package supervise runs the parts of the sandbox as child processes: it starts them, waits until they answer, notices when one ends, and leaves
// none behind.
package supervise

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"time"
)

// Part is one child process.
type Part struct {
	Name string
	Args []string
	// Again, when set, are the arguments of every start after the first.
	Again []string
	// Env is its whole environment; nil is this process's.
	Env []string
	// Ready returns nil once the part answers. It is called again and again until then.
	Ready func(context.Context) error
}

// Status is what a part does.
type Status string

const (
	running Status = "running"
	stopped Status = "stopped" // on purpose
	ended   Status = "ended"   // by itself
)

// State says how a part is.
type State struct {
	Name   string    `json:"name"`
	Status Status    `json:"status"`
	PID    int       `json:"pid,omitempty"`
	Since  time.Time `json:"since"`
	// Err says how a part ended that ended by itself.
	Err string `json:"error,omitempty"`
}

// Supervisor runs parts. Its methods may be called from several goroutines.
type Supervisor struct {
	program, logs string
	ended         chan error

	mu    sync.Mutex
	parts map[string]*child
	order []string
}

type child struct {
	part     Part
	changing sync.Mutex // held while the part is being started or stopped

	// Guarded by Supervisor.mu.
	state   State
	process *exec.Cmd
	done    chan struct{}
	started int
	asked   bool
}

// self is this very program, even after its file has been replaced by another build.
const self = "/proc/self/exe"

// New returns a supervisor whose parts are this program, by whatever name it goes, with their output in a directory of logs.
func New(program, logs string, parts []Part) *Supervisor {
	s := &Supervisor{program: program, logs: logs, ended: make(chan error, len(parts)), parts: map[string]*child{}}
	for _, p := range parts {
		s.parts[p.Name] = &child{part: p, state: State{Name: p.Name, Status: stopped, Since: time.Now()}}
		s.order = append(s.order, p.Name)
	}
	return s
}

// Ended tells of each part that ended by itself, with its name, how it ended and the end of its log.
func (s *Supervisor) Ended() <-chan error { return s.ended }

// States returns the state of every part, in the order given to New.
func (s *Supervisor) States() []State {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []State
	for _, name := range s.order {
		out = append(out, s.parts[name].state)
	}
	return out
}

// Start starts a part and waits until it is ready.
func (s *Supervisor) Start(ctx context.Context, name string) error {
	c, err := s.find(name)
	if err != nil {
		return err
	}
	c.changing.Lock()
	defer c.changing.Unlock()
	done, err := s.launch(c)
	if err != nil {
		return fmt.Errorf("start %s: %w", name, err)
	}
	var last error
	for {
		attempt, cancel := context.WithTimeout(ctx, 2*time.Second)
		last = c.part.Ready(attempt)
		cancel()
		if last == nil {
			return nil
		}
		select {
		case <-done:
			return s.failure(c)
		case <-ctx.Done():
			return fmt.Errorf("%s did not become ready: %w%s", name, last, Tail(s.log(name)))
		case <-time.After(25 * time.Millisecond):
		}
	}
}

func (s *Supervisor) launch(c *child) (<-chan struct{}, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c.state.Status == running {
		return nil, errors.New("it is already running")
	}
	out, err := os.OpenFile(s.log(c.part.Name), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, err
	}
	defer out.Close()
	args := c.part.Args
	if c.started > 0 && c.part.Again != nil {
		args = c.part.Again
	}
	command := exec.Command(self)
	command.Args = slices.Concat([]string{s.program, c.part.Name}, args)
	command.Env, command.Stdout, command.Stderr = c.part.Env, out, out
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // the terminal's Ctrl-C reaches only the supervisor
	if err := Start(command, syscall.SIGKILL); err != nil {
		return nil, err
	}
	c.process, c.done, c.asked = command, make(chan struct{}), false
	c.started++
	c.state = State{Name: c.part.Name, Status: running, PID: command.Process.Pid, Since: time.Now()}
	go s.await(c, command, c.done)
	return c.done, nil
}

// await records the end of a part.
func (s *Supervisor) await(c *child, command *exec.Cmd, done chan struct{}) {
	err := command.Wait()
	s.mu.Lock()
	asked := c.asked
	c.state = State{Name: c.part.Name, Status: stopped, Since: time.Now()}
	if !asked {
		c.state.Status, c.state.Err = ended, "exit status 0"
		if err != nil {
			c.state.Err = err.Error()
		}
	}
	s.mu.Unlock()
	close(done)
	if !asked {
		select {
		case s.ended <- s.failure(c):
		default: // nobody reads: its state says it too
		}
	}
}

func (s *Supervisor) failure(c *child) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return fmt.Errorf("%s ended by itself: %s%s", c.part.Name, c.state.Err, Tail(s.log(c.part.Name)))
}

// Stop pulls a part's plug: it is killed, without a chance to say good-bye, and has ended when Stop returns.
func (s *Supervisor) Stop(name string) error {
	c, err := s.find(name)
	if err != nil {
		return err
	}
	c.changing.Lock()
	defer c.changing.Unlock()
	s.mu.Lock()
	if c.state.Status != running {
		s.mu.Unlock()
		return fmt.Errorf("stop %s: it is not running", name)
	}
	c.asked = true
	_ = c.process.Process.Kill() // fails only if it has ended
	s.mu.Unlock()
	<-c.done
	return nil
}

// Kill ends all parts at once and waits until they have ended.
func (s *Supervisor) Kill() {
	s.mu.Lock()
	var ends []chan struct{}
	for _, c := range s.parts {
		if c.state.Status == running {
			c.asked = true
			_ = c.process.Process.Kill() // fails only if it has ended
			ends = append(ends, c.done)
		}
	}
	s.mu.Unlock()
	for _, done := range ends {
		<-done
	}
}

func (s *Supervisor) find(name string) (*child, error) {
	if c, ok := s.parts[name]; ok {
		return c, nil
	}
	return nil, fmt.Errorf("unknown part %q: the parts are %v", name, s.order)
}

func (s *Supervisor) log(name string) string { return filepath.Join(s.logs, name+".log") }
