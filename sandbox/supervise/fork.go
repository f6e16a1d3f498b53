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

// Start starts a command that gets a signal from the kernel should this process die.
func Start(command *exec.Cmd, death syscall.Signal) error {
	if command.SysProcAttr == nil {
		command.SysProcAttr = &syscall.SysProcAttr{}
	}
	command.SysProcAttr.Pdeathsig = death
	f := fork{command, make(chan error, 1)}
	forks <- f
	return <-f.err
}
