package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"datahub.io/slipway/sandbox/supervise"
	"datahub.io/slipway/sandbox/up"
)

// newExec is a sandbox for as long as one command runs.
func newExec(o *up.Options) *cobra.Command {
	c := &cobra.Command{
		Use:   "exec -- COMMAND [ARGS]",
		Short: "bring a sandbox up, run a command on it, and take it down",
		Long: "Brings a sandbox up, runs a command with SLIPWAY_SANDBOX set to its directory, and takes it down when the command has ended.\n" +
			"The exit code is the command's.",
		Args: cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error { return execute(c.Context(), *o, args) },
	}
	upFlags(c, o)
	return c
}

// exitCode is how a command ended that did not end with 0.
type exitCode int

func (e exitCode) Error() string { return fmt.Sprintf("exit code %d", int(e)) }

func execute(ctx context.Context, o up.Options, args []string) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	dir, err := filepath.Abs(o.Dir)
	if err != nil {
		return err
	}
	progress := &gate{out: os.Stderr}
	ready, ended := make(chan struct{}), make(chan error, 1)
	o.Ready = func() { close(ready) }
	var lost []error
	o.Lost = func(err error) { lost = append(lost, err) }
	go func() { ended <- up.Run(ctx, o, progress) }()
	select {
	case <-ready:
	case err := <-ended:
		if err == nil {
			return fmt.Errorf("interrupted while coming up: %s was not run", args[0])
		}
		return err
	}
	// From here on the terminal is the command's. Parts that end by themselves are reported when it has ended.
	progress.closed.Store(true)
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.Env = append(os.Environ(), "SLIPWAY_SANDBOX="+dir)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 10 * time.Second
	err = supervise.Start(cmd, syscall.SIGHUP)
	if err == nil {
		err = cmd.Wait()
	}
	cancel()
	down := <-ended
	for _, e := range lost {
		fmt.Fprintln(os.Stderr, "sandbox:", e)
	}
	if down != nil {
		return down
	}
	var failed *exec.ExitError
	if errors.As(err, &failed) && failed.ExitCode() > 0 {
		return exitCode(failed.ExitCode())
	}
	return err
}

// gate lets progress through until it is closed.
type gate struct {
	out    io.Writer
	closed atomic.Bool
}

func (g *gate) Write(p []byte) (int, error) {
	if g.closed.Load() {
		return len(p), nil
	}
	return g.out.Write(p)
}
