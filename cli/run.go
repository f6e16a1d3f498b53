package cli

import (
	"context"
	"fmt"
	"os"

	tea "charm.land/bubbletea/v2"
	"github.com/spf13/cobra"
	"golang.org/x/term"

	"datahub.io/slipway/engine"
	"datahub.io/slipway/release"
	"datahub.io/slipway/ui"
)

// framesPerSecond bounds how often the screen is flushed. The renderer wakes up
// as often even when nothing changes: twice as many double the cost of idling.
const framesPerSecond = 30

// runConsole opens the screen, and continues the release that was left
// unfinished, if there is one. Without a terminal it only prints what happens,
// one event a line, until it is interrupted.
func runConsole(cmd *cobra.Command, f *flags, version string) error {
	if version != "" {
		if err := release.CheckVersion(version); err != nil {
			return &exit{exitUsage, err}
		}
	}
	terminal := isTerminal(os.Stdin) && isTerminal(os.Stdout)
	if version != "" && !terminal {
		return fail(exitUsage, "there is no terminal for the console: slipway deploy --version %s releases without one", version)
	}
	s, err := open(cmd, f)
	if err != nil {
		return err
	}
	if !terminal {
		return watch(cmd, s.watching())
	}
	options := s.takeOver(cmd.ErrOrStderr())
	options.Version, options.Follow = version, s.store.Follow

	drives(cmd.Context(), handBack())
	restore := quietStderr(s.config.StateDir)
	defer restore()
	e := engine.New(options)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	ended := make(chan struct{})
	go func() { e.Run(ctx); close(ended) }()

	model := ui.New(e, ui.DetectOptions(os.Getenv))
	screen, close := context.WithCancel(cmd.Context())
	defer close()
	gone := hungUp(cmd.Context())
	go func() {
		select {
		case <-gone:
			close()
		case <-screen.Done():
		}
	}()
	_, err = tea.NewProgram(model, tea.WithContext(screen), tea.WithFPS(framesPerSecond)).Run()
	if hasHungUp(gone) {
		s.guard(cmd.Context(), e)
		cancel()
		<-ended
		return fail(exitUnfinished, "the terminal hung up")
	}
	cancel()
	<-ended
	if line := model.Farewell(); line != "" {
		fmt.Fprintln(cmd.OutOrStdout(), line)
	}
	if err != nil && cmd.Context().Err() == nil {
		return fail(exitError, "screen: %w", err)
	}
	return nil
}

// handBack gives the terminal back as it is now, without the screen's own help:
// no alternate screen, a cursor, plain keys.
func handBack() func() {
	before, err := term.GetState(int(os.Stdin.Fd()))
	if err != nil {
		return nil
	}
	return func() {
		_ = term.Restore(int(os.Stdin.Fd()), before) // there is nothing left to do where it fails
		fmt.Fprint(os.Stdout, "\x1b[<u\x1b[>4;0m\x1b[?1004l\x1b[?2004l\x1b[?1049l\x1b[?25h")
	}
}

func isTerminal(f *os.File) bool { return term.IsTerminal(int(f.Fd())) }
