package supervise

import (
	"os/exec"
	"runtime"
	"syscall"
)

// forks carries commands to the one thread that starts all children. The parent-death signal follows the thread that forked, not the process
// (prctl(2), PR_SET_PDEATHSIG), so that thread must live as long as the process does.
var forks = make(chan fork)

type fork struct {
	command *exec.Cmd
	err     chan error
}

func init() {
	go func() {
		runtime.LockOSThread()
		for f := range forks {
			f.err <- f.command.Start()
		}
	}()
}

// start starts a command in a process group of its own, so that the terminal's Ctrl-C reaches only the supervisor, and has the kernel kill it
// should the supervisor die.
func start(command *exec.Cmd) error {
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	f := fork{command, make(chan error, 1)}
	forks <- f
	return <-f.err
}
