package cli

import (
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"datahub.io/slipway/engine"
	"datahub.io/slipway/release"
)

func newCanary(f *flags) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "canary",
		Short: "Look at a canary release, and lead it on or take it back",
		Args:  cobra.ArbitraryArgs,
		// Without it a misspelt command would be no error.
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return fail(exitUsage, "canary: found %q; accepted: status, advance, promote, abort", args[0])
			}
			return fail(exitUsage, "canary: which command is missing; accepted: status, advance, promote, abort")
		},
	}
	cmd.AddCommand(newCanaryStatus(f))
	for _, step := range canarySteps {
		cmd.AddCommand(newCanaryStep(f, step))
	}
	return cmd
}

// canaryStep is one of the commands that lead a canary on or back.
type canaryStep struct {
	use, short, long string
	intent           func(confirm string) release.Intent
	anyway           bool // a record that somebody else holds does not stand against it
}

var canarySteps = []canaryStep{
	{
		use: "advance", short: "Lead the canary to its next weight, and from the last one to promotion",
		long: `Waits until the step has baked and passed, leads the canary on, and ends when the
next weight is live; where somebody else has led it there meanwhile, that is all.
From the last weight it promotes, as canary promote does.`,
		intent: func(confirm string) release.Intent { return release.Advance{Confirm: confirm} },
	},
	{
		use: "promote", short: "Give stable the new version, and remove the canary",
		long: `At the last weight, once it has baked and passed: stable gets the image while the
traffic is on the canary, then the traffic, and then the canary is deleted.`,
		intent: func(confirm string) release.Intent { return release.Promote{Confirm: confirm} },
	},
	{
		use: "abort", short: "Put all traffic back on stable, and scale the canary to 0",
		long: `Puts the traffic back on stable, if stable is healthy, and then scales the canary
to 0. It works whoever began the canary, and whatever else stands open.`,
		intent: func(string) release.Intent { return release.Abort{} }, anyway: true,
	},
}

func newCanaryStep(f *flags, step canaryStep) *cobra.Command {
	var yes bool
	var timeout time.Duration
	cmd := &cobra.Command{
		Use: step.use, Short: step.short, Long: step.long, Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := checkTimeout(timeout); err != nil {
				return err
			}
			s, err := openCanary(cmd, f)
			if err != nil {
				return err
			}
			lead := &leading{step: step, consent: consent{attended: isTerminal(os.Stdin) && !yes}, yes: yes}
			if s.plan.Protected && step.use == "promote" && lead.unconfirmed() {
				return lead.needsYes(s.plan)
			}
			pickUp := s.pickUp
			if step.anyway {
				pickUp = func() (engine.Options, error) { return s.pickUpAnyway(), nil }
			}
			options, err := pickUp()
			if err != nil {
				return err
			}
			if !step.anyway {
				timeout += s.plan.Canary.Bake
			}
			return drive(cmd, options, timeout, lead.next)
		},
	}
	confirms, then := "; confirms a protected environment's name", ", the bake aside; the canary stays as it is"
	if step.anyway {
		confirms, then = "", "; what has not gone back by then is left"
	}
	cmd.Flags().BoolVarP(&yes, "yes", "y", false, "do not ask at a terminal"+confirms)
	cmd.Flags().DurationVar(&timeout, "timeout", 30*time.Minute, "give up waiting after this long"+then)
	return cmd
}

// openCanary opens a session of an environment with a canary block.
func openCanary(cmd *cobra.Command, f *flags) (*session, error) {
	s, err := reach(cmd, f)
	if err != nil {
		return nil, err
	}
	if s.plan.Canary == nil {
		return nil, fail(exitUsage, "environment %s has no canary block: it says which canary, and what splits the traffic; config.example.yaml shows one", s.plan.Environment)
	}
	return s, nil
}

// leading asks for one step of a canary and waits until it is done.
type leading struct {
	consent
	step canaryStep
	yes  bool               // confirms the name of a protected environment
	sent *release.CanaryRun // the run as it was when the wish was sent
	from *release.CanaryRun // the run as it was first seen: what somebody else advances is not advanced again
}

// unconfirmed tells whether nobody confirms what needs a typed name.
func (l *leading) unconfirmed() bool { return !l.attended && !l.yes }

func (l *leading) needsYes(plan release.Plan) error {
	return fail(exitUsage, "%s is protected: without a terminal to type its name in, %s needs --yes", plan.Environment, l.step.use)
}

func (l *leading) next(d *driver, f release.Frame) (bool, error) {
	kind := release.KindOf(l.step.intent(""))
	switch refused, ok := d.refusal(); {
	case !ok:
	case refused.Refusal.Kind == release.RefusedMoved && l.attended:
		fmt.Fprintf(d.out, "not sent: %s\n", refused.Refusal)
		l.again(f)
	default:
		return true, against(refused.Refusal)
	}
	switch {
	case d.wish != "":
		return false, nil
	case d.taken != "" && l.sent != nil:
		awaited := release.Awaited{Kind: kind, ID: d.taken, Step: l.sent.Step, Attended: l.attended}
		end := release.Ended(f.Plan, f.State, f.Now, awaited)
		return end.Over(), ended(end)
	}
	if s := f.State; !l.step.anyway {
		end := release.Ended(f.Plan, s, f.Now, release.Awaited{Kind: kind})
		if s.Underway() && l.from == nil {
			l.from = s.Canary
		}
		switch {
		case kind == release.DoAdvance && release.Overtaken(l.from, s) != "":
			fmt.Fprintln(d.out, release.Overtaken(l.from, s))
			return true, nil
		case end.Over():
			return true, ended(end)
		case s.Held != nil:
			if c := choice(f, release.DoContinue, ""); s.Pending == nil && c.OK() {
				d.ask(c, release.Continue{})
			}
			return false, nil
		case s.Phase == release.RollingBack && s.Underway():
			return false, nil // it has failed while it was waited for, and goes back
		}
	}
	return l.ask(d, f, choice(f, kind, ""))
}

// ask sends the wish once it may be sent.
func (l *leading) ask(d *driver, f release.Frame, c release.Choice) (bool, error) {
	switch {
	case c.Refusal().Wait:
		d.waits(c.Refusal())
		return false, nil
	case !c.OK():
		return true, against(c.Refusal())
	case c.Preview.Confirm != "" && l.unconfirmed():
		return true, l.needsYes(f.Plan)
	}
	if wants, _ := c.Intent.(release.Abort); wants.Over && !l.attended {
		return true, fail(exitUnfinished, "%s: nothing was rolled back; confirm it at a terminal", over(c))
	}
	shown, ok, err := l.agreed(d, c, l.question(c))
	if err != nil || !ok || !d.ready() {
		return err != nil, err
	}
	if !l.attended {
		fmt.Fprintln(d.out, preview(shown))
	}
	before := release.CanaryRun{}
	if run := f.State.Canary; run != nil {
		before = *run
	}
	intent := l.step.intent(shown.Preview.Confirm)
	if wants, ok := shown.Intent.(release.Abort); ok {
		intent = wants // it says what was read to be rolled back
	}
	if d.ask(shown, intent) {
		l.sent = &before
		l.consent.sent()
	}
	return false, nil
}

func (l *leading) question(c release.Choice) question {
	const no = "nothing was changed"
	text := preview(c) + "\n" + facts(c.Preview)
	if c.Preview.Confirm != "" {
		return question{text: text + "To go on, type the environment's name: ", yes: exactly(c.Preview.Confirm), no: no}
	}
	return question{text: text + c.Preview.Title + "? y/N: ", yes: says("y", "yes"), no: no}
}

func newCanaryStatus(f *flags) *cobra.Command {
	var output string
	cmd := &cobra.Command{
		Use: "status", Short: "Say how the canary is: split, verdicts, what comes next", Args: cobra.NoArgs,
		RunE: printing(func(cmd *cobra.Command, _ []string) error {
			if err := checkOutput(output); err != nil {
				return err
			}
			s, err := openCanary(cmd, f)
			if err != nil {
				return err
			}
			state, err := s.now(cmd.Context())
			if err != nil {
				return err
			}
			return printAs(cmd, output, newCanaryReport(s.plan, state, time.Now()))
		}),
	}
	addOutput(cmd, &output)
	return cmd
}
