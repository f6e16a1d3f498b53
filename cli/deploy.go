package cli

import (
	"bufio"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"datahub.io/slipway/config"
	"datahub.io/slipway/engine"
	"datahub.io/slipway/release"
)

// patience is how long a command waits for the first answer of a cluster.
const patience = 20 * time.Second

type deployFlags struct {
	version string
	yes     bool
	abandon bool
	ticks   []string
	waives  []string
	timeout time.Duration
}

func newDeploy(f *flags) *cobra.Command {
	var d deployFlags
	cmd := &cobra.Command{
		Use:   "deploy --version TAG",
		Short: "Release a version through the whole checklist, without the screen",
		Long: `Runs a whole release: gates, set image, rollout, checks, and the automatic way
back. One event a line. Nothing waits for a key: an open manual item ends the
run with exit code 4 and its name, unless --tick or --waive settles it, and where
the configuration says "ask", slipway undoes.`,
		Example: `  slipway deploy --env staging --version v2.5.0
  slipway deploy --env production --version v2.5.0 --yes --tick change-request-approved=CHG-2304`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return deploy(cmd, f, d) },
	}
	cmd.Flags().StringVar(&d.version, "version", "", "the version to release: an image tag")
	cmd.Flags().BoolVarP(&d.yes, "yes", "y", false, "confirm, a protected environment's name included")
	cmd.Flags().BoolVar(&d.abandon, "abandon", false, "end an unfinished release of another version first")
	cmd.Flags().StringArrayVar(&d.ticks, "tick", nil, "tick a manual item: ITEM=NOTE (repeatable)")
	cmd.Flags().StringArrayVar(&d.waives, "waive", nil, "waive an item: ITEM=REASON (repeatable)")
	cmd.Flags().DurationVar(&d.timeout, "timeout", time.Hour, "give up waiting after this long; the release stays as it is")
	_ = cmd.MarkFlagRequired("version") // it fails only for a flag that does not exist
	return cmd
}

func deploy(cmd *cobra.Command, f *flags, d deployFlags) error {
	if err := config.CheckVersion(d.version); err != nil {
		return &exit{exitUsage, err}
	}
	s, err := open(cmd, f)
	if err != nil {
		return err
	}
	settle, err := settlements(s.plan, d.ticks, d.waives)
	if err != nil {
		return err
	}
	s.plan.Unattended = true
	if s.plan.Protected && !d.yes && !isTerminal(os.Stdin) {
		return fail(exitUsage, "%s is protected: without a terminal to type its name in, deploy needs --yes", s.plan.Environment)
	}
	options, err := s.pickUp()
	if err != nil {
		return err
	}
	if options.Plan.Driven != "" {
		return fail(exitUnfinished, "%s drives a release to %s already; slipway status shows it", options.Plan.Driven, s.plan.Environment)
	}
	options.Version = d.version
	r := &deployment{
		driver: newDriver(cmd, engine.New(options)), flags: d, settle: settle,
		began: time.Now(), confirmed: make(chan string, 1), in: bufio.NewReader(cmd.InOrStdin()),
		attended: isTerminal(os.Stdin) && !d.yes,
	}
	return r.run(cmd.Context(), r.next)
}

// settlements reads --tick and --waive.
func settlements(plan release.Plan, ticks, waives []string) ([]release.Intent, error) {
	var intents []release.Intent
	read := func(flag, arg string, manual bool) (string, string, error) {
		id, text, _ := strings.Cut(arg, "=")
		var known []string
		for _, item := range plan.Items {
			if manual && item.Type != release.ItemManual || item.Type == release.ItemDeploy {
				continue
			}
			if known = append(known, item.ID); item.ID == id {
				return id, strings.TrimSpace(text), nil
			}
		}
		return "", "", fail(exitUsage, "%s %s: found item %q; accepted: %s", flag, arg, id, strings.Join(known, ", "))
	}
	for _, arg := range ticks {
		id, note, err := read("--tick", arg, true)
		if err != nil {
			return nil, err
		}
		intents = append(intents, release.Tick{Item: id, Note: note})
	}
	for _, arg := range waives {
		id, reason, err := read("--waive", arg, false)
		if err != nil {
			return nil, err
		}
		if reason == "" {
			return nil, fail(exitUsage, "--waive %s: found no reason; accepted: %s=REASON", arg, id)
		}
		intents = append(intents, release.Waive{Item: id, Reason: reason})
	}
	return intents, nil
}

// deployment drives one release to its end.
type deployment struct {
	*driver
	flags     deployFlags
	settle    []release.Intent // not sent yet
	began     time.Time
	sent      bool // set image was asked for by this run
	attended  bool // a person confirms at the terminal
	asking    bool // the question stands on the screen
	confirmed chan string
	in        *bufio.Reader
}

// next looks at a frame and asks for the next step, or says how it ended.
func (r *deployment) next(f release.Frame) (bool, error) {
	s := f.State
	if err := unreachable(f, r.began, patience); err != nil {
		return true, err
	}
	if w := s.View.Workload; !w.At.IsZero() && !w.Found {
		return true, fail(exitError, "%s", release.HeadlineOf(f.Plan, s, f.Now).Strong)
	}
	if f.Now.Sub(r.began) > r.flags.timeout {
		return true, fail(exitUnfinished, "not finished after %s: %s", r.flags.timeout, release.HeadlineOf(f.Plan, s, f.Now).Strong)
	}
	if end, err := r.refusal(); end {
		return true, err
	}
	if s.To.Version != "" && !s.Phase.Over() && s.To.Version != r.flags.version {
		return r.other(f)
	}
	r.settleItems(f)
	switch s.Phase {
	case release.Idle, release.Abandoned:
		return r.begin(f)
	case release.Released:
		return true, nil
	case release.RolledBack:
		return true, fail(exitRolledBack, "rolled back to %s: %s", s.Rollout.Goal.Version, orElse(s.Auto, "by hand"))
	}
	if s.Held != nil {
		return r.held(f)
	}
	switch s.Phase {
	case release.Planned:
		return r.deploy(f)
	case release.Verifying:
		return r.verify(f)
	}
	return false, nil
}

// refusal ends the run on a refusal that waiting cannot mend.
func (r *deployment) refusal() (bool, error) {
	refused := r.refused
	r.refused = release.Refused{}
	switch {
	case refused.Kind == release.DoBegin && refused.Noop:
		fmt.Fprintf(r.out, "unchanged: %s\n", refused.Why)
		return true, nil
	case refused.Kind == release.DoBegin:
		return true, fail(exitError, "%s", refused.Why)
	case refused.Kind == release.DoDeploy && refused.Gate:
		return true, fail(exitGate, "%s", refused.Why)
	case refused.Kind == release.DoDeploy:
		// What was confirmed has moved: the next frame shows it as it is now.
		r.sent = false
		fmt.Fprintf(r.out, "not deployed: %s\n", refused.Why)
	case refused.Kind == release.DoWaive || refused.Kind == release.DoTick:
		fmt.Fprintf(r.out, "%s: %s\n", refused.Kind, refused.Why)
	}
	return false, nil
}

// other meets an unfinished release of another version.
func (r *deployment) other(f release.Frame) (bool, error) {
	s := f.State
	if !r.flags.abandon {
		return true, fail(exitUnfinished, "the release of %s is unfinished (%s): finish it in the console, or end it with --abandon", s.To.Version, s.Phase)
	}
	if c := choice(f, release.DoAbandon, ""); c.OK {
		r.ask(c, release.Abandon{})
	}
	return false, nil
}

func (r *deployment) begin(f release.Frame) (bool, error) {
	if f.State.Phase == release.Abandoned && !r.flags.abandon {
		return true, fail(exitError, "the release was abandoned")
	}
	// The engine plans the release itself once the workload is seen, except after another one was ended.
	if c := choice(f, release.DoBegin, ""); c.OK && f.State.Phase == release.Abandoned {
		r.ask(c, release.Begin{Version: r.flags.version})
	}
	return false, nil
}

// settleItems sends each --tick and --waive as soon as its item takes it.
func (r *deployment) settleItems(f release.Frame) {
	for i, intent := range r.settle {
		kind, item := release.DoTick, ""
		switch intent := intent.(type) {
		case release.Tick:
			item = intent.Item
		case release.Waive:
			kind, item = release.DoWaive, intent.Item
		}
		c := choice(f, kind, item)
		if c.OK && !r.asked {
			r.ask(c, intent)
			r.settle = append(r.settle[:i:i], r.settle[i+1:]...)
			return
		}
	}
}

// held goes on where this very version was left, and stops at anything else.
func (r *deployment) held(f release.Frame) (bool, error) {
	held := f.State.Held
	c := choice(f, release.DoContinue, "")
	if held.Kind == release.HeldOnReturn && f.State.Pending == nil && c.OK {
		r.ask(c, release.Continue{})
		return false, nil
	}
	if held.Kind == release.HeldOnReturn {
		return false, nil
	}
	return true, fail(exitUnfinished, "held: %s", held.Reason)
}

// deploy asks for the deploy when nothing stands against it.
func (r *deployment) deploy(f release.Frame) (bool, error) {
	if r.sent && f.State.Pending == nil && f.State.Last != nil && !r.asked {
		return true, fail(exitError, "set image %s: %s", f.State.Last.Kind, f.State.Last.Text)
	}
	c := choice(f, release.DoDeploy, "")
	switch {
	case r.asked || r.sent:
		return false, nil
	case c.Gate && len(r.settle) == 0:
		return true, fail(exitGate, "%s", c.Why)
	case c.Gate && !r.settleable(f):
		return true, fail(exitGate, "%s", c.Why)
	case !c.OK:
		return false, nil
	}
	confirm := c.Preview.Confirm
	if r.attended {
		typed, ok := r.confirm(c)
		if !ok {
			return false, nil
		}
		if (confirm != "" && typed != confirm) || (confirm == "" && !strings.EqualFold(typed, "y")) {
			return true, fail(exitError, "not confirmed: nothing was deployed")
		}
	}
	r.ask(c, release.Deploy{Confirm: confirm})
	r.sent = true
	return false, nil
}

// settleable tells whether a --tick or --waive is still to be taken before the
// deploy.
func (r *deployment) settleable(f release.Frame) bool {
	for _, intent := range r.settle {
		switch intent := intent.(type) {
		case release.Tick:
			if choice(f, release.DoTick, intent.Item).OK {
				return true
			}
		case release.Waive:
			if choice(f, release.DoWaive, intent.Item).OK {
				return true
			}
		}
	}
	return false
}

// confirm asks the person at the terminal, once, without keeping the engine
// waiting; ok is false until they have answered.
func (r *deployment) confirm(c release.Choice) (typed string, ok bool) {
	if !r.asking {
		r.asking = true
		p := c.Preview
		fmt.Fprintf(r.out, "%s: %s\n  %s\n  %s\n  same as %s\n  way back %s\n", p.Title, p.Object, p.Change, p.How, p.SameAs, p.Back)
		question := "Deploy? y/N: "
		if p.Confirm != "" {
			question = "To deploy, type the environment's name: "
		}
		fmt.Fprint(r.out, question)
		go func() {
			line, _ := r.in.ReadString('\n')
			r.confirmed <- strings.TrimSpace(line)
		}()
	}
	select {
	case typed = <-r.confirmed:
		return typed, true
	default:
		return "", false
	}
}

// verify ends the run when only a person could settle what is open.
func (r *deployment) verify(f release.Frame) (bool, error) {
	var open []string
	for i, spec := range f.Plan.Items {
		if i >= len(f.State.Items) || f.State.Items[i].Settled() {
			continue
		}
		if spec.Check() || f.State.Items[i].Status == release.Failed {
			return false, nil // a machine still looks
		}
		open = append(open, spec.ID)
	}
	if len(open) == 0 || r.asked || r.settleable(f) {
		return false, nil
	}
	return true, fail(exitGate, "%s is deployed and checked; open by hand: %s (--tick ITEM=NOTE, --waive ITEM=REASON, or the console)", f.State.To.Version, strings.Join(open, ", "))
}

func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}
