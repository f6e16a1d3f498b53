package cli

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"datahub.io/slipway/release"
)

func newPause(f *flags) *cobra.Command {
	return &cobra.Command{
		Use: "pause", Short: "Pause the rollout", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return simple(cmd, f, release.Pause{}) },
	}
}

func newResume(f *flags) *cobra.Command {
	return &cobra.Command{
		Use: "resume", Short: "Resume a paused rollout", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return simple(cmd, f, release.Resume{}) },
	}
}

// simple asks for one change and ends when it is answered.
func simple(cmd *cobra.Command, f *flags, intent release.Intent) error {
	s, err := open(cmd, f)
	if err != nil {
		return err
	}
	options, err := s.pickUp()
	if err != nil {
		return err
	}
	kind := release.KindOf(intent)
	return drive(cmd, options, time.Minute, func(d *driver, frame release.Frame) (bool, error) {
		if refused, ok := d.refusal(); ok {
			return true, fail(exitError, "%s", refused.Why)
		}
		if o, ended := d.outcome(); ended {
			if o.Kind == release.Accepted || o.Kind == release.Skipped {
				return true, nil
			}
			return true, fail(exitError, "%s %s: %s", kind, o.Kind, o.Text)
		}
		c := choice(frame, kind, "")
		switch {
		case d.wish != "" || d.taken != "" || c.Wait:
			return false, nil
		case !c.OK:
			// Kubectl calls it an error too where it is so already: "is already paused".
			return true, fail(exitError, "%s", c.Why)
		}
		if d.ask(c, intent) {
			fmt.Fprintln(d.out, c.Preview.SameAs)
		}
		return false, nil
	})
}
