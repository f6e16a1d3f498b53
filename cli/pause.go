package cli

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"datahub.io/slipway/engine"
	"datahub.io/slipway/release"
)

func newPause(f *flags) *cobra.Command {
	return &cobra.Command{
		Use: "pause", Short: "Pause the rollout", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return simple(cmd, f, release.DoPause, release.Pause{})
		},
	}
}

func newResume(f *flags) *cobra.Command {
	return &cobra.Command{
		Use: "resume", Short: "Resume a paused rollout", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return simple(cmd, f, release.DoResume, release.Resume{})
		},
	}
}

// simple asks for one change and ends when it is answered.
func simple(cmd *cobra.Command, f *flags, kind release.IntentKind, intent release.Intent) error {
	s, err := open(cmd, f)
	if err != nil {
		return err
	}
	options, err := s.pickUp()
	if err != nil {
		return err
	}
	began, sent := time.Now(), false
	d := newDriver(cmd, engine.New(options))
	return d.run(cmd.Context(), func(frame release.Frame) (bool, error) {
		if err := unreachable(frame, began, patience); err != nil {
			return true, err
		}
		state := frame.State
		c := choice(frame, kind, "")
		switch {
		case d.refused.Why != "" && !d.refused.Noop:
			return true, fail(exitError, "%s", d.refused.Why)
		case sent && (d.asked || state.Pending != nil):
			return false, nil
		case sent && state.Last != nil && state.Last.Kind != release.Accepted && state.Last.Kind != release.Skipped:
			return true, fail(exitError, "%s %s: %s", kind, state.Last.Kind, state.Last.Text)
		case sent:
			return true, nil
		case c.Noop:
			// Kubectl calls this an error too: "is already paused", "is not paused".
			return true, fail(exitError, "%s", c.Why)
		case state.View.Workload.At.IsZero() || state.Pending != nil:
			return false, nil
		case !c.OK:
			return true, fail(exitError, "%s", c.Why)
		}
		fmt.Fprintln(d.out, c.Preview.SameAs)
		d.ask(c, intent)
		sent = true
		return false, nil
	})
}
