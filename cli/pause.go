package cli

import (
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"datahub.io/slipway/release"
)

func newPause(f *flags) *cobra.Command {
	return newSimple(f, "pause", "Pause the rollout, or hold a canary where it is", release.Pause{})
}

func newResume(f *flags) *cobra.Command {
	return newSimple(f, "resume", "Resume a paused rollout, or go on with a canary that is held", release.Resume{})
}

func newSimple(f *flags, use, short string, intent release.Intent) *cobra.Command {
	var yes bool
	cmd := &cobra.Command{
		Use: use, Short: short, Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, err := reach(cmd, f)
			if err != nil {
				return err
			}
			options, err := s.pickUp()
			if err != nil {
				return err
			}
			one := &simple{intent: intent, consent: consent{attended: isTerminal(os.Stdin) && !yes}}
			return drive(cmd, options, time.Minute, one.next)
		},
	}
	cmd.Flags().BoolVarP(&yes, "yes", "y", false, "do not ask at a terminal")
	return cmd
}

// simple asks for one change and ends when it is answered.
type simple struct {
	consent
	intent release.Intent
}

func (s *simple) next(d *driver, f release.Frame) (bool, error) {
	kind := release.KindOf(s.intent)
	switch refused, ok := d.refusal(); {
	case !ok:
	case refused.Refusal.Kind == release.RefusedMoved && s.attended:
		fmt.Fprintf(d.out, "not sent: %s\n", refused.Refusal)
		s.again(f)
	default:
		return true, against(refused.Refusal)
	}
	if d.wish == "" && d.taken != "" {
		end := release.Ended(f.Plan, f.State, f.Now, release.Awaited{Kind: kind, ID: d.taken})
		return end.Over(), ended(end)
	}
	c := choice(f, kind, "")
	switch {
	case d.wish != "" || c.Refusal().Wait:
		return false, nil
	case !c.OK():
		// Kubectl calls it an error too where it is so already: "is already paused".
		return true, against(c.Refusal())
	}
	shown, ok, err := s.agreed(d, c, simpleQuestion(c))
	if err != nil || !ok || !d.ready() {
		return err != nil, err
	}
	if !s.attended {
		fmt.Fprintln(d.out, preview(shown))
	}
	d.ask(shown, s.intent)
	s.sent()
	return false, nil
}

// simpleQuestion shows what a pause or a resume would do.
func simpleQuestion(c release.Choice) question {
	return question{text: preview(c) + "\n" + c.Preview.Title + "? y/N: ", yes: says("y", "yes"), no: "nothing was changed"}
}

// preview says object, change and way back, and the equivalent command.
func preview(c release.Choice) string {
	p := c.Preview
	return strings.TrimSuffix(fmt.Sprintf("%s\n  %s  %s\n%s", p.Whole(), p.Change, p.Object, sameAs(p)), "\n")
}
