package cli

import (
	"fmt"
	"slices"

	"datahub.io/slipway/release"
)

// deployment drives one release to its end.
type deployment struct {
	*driver
	consent
	flags  deployFlags
	settle []release.Intent // not sent yet

	// before is the record that was picked up, over whether its release was: what
	// became of that one is not what becomes of this one.
	before string
	over   bool
}

// next looks at a frame and asks for the next step, or says how it ended.
func (r *deployment) next(d *driver, f release.Frame) (bool, error) {
	r.driver = d
	s := f.State
	if end, err := r.refusedWish(f); end {
		return true, err
	}
	stale := s.ID == r.before && r.over
	end := release.Ended(f.Plan, s, f.Now, release.Awaited{Kind: release.DoDeploy, ID: d.taken})
	if stale || s.Phase == release.Idle || s.Phase == release.Abandoned {
		if !stale && end.Over() {
			return true, ended(end)
		}
		return r.begin(f)
	}
	if !s.Asks(f.Plan, r.flags.version) {
		return r.other(f)
	}
	if !s.Phase.Over() && r.settleItem(f) {
		return false, nil
	}
	switch {
	case end.Over():
		return true, ended(end)
	case s.Held != nil:
		return r.goOn(f)
	}
	if ran, err := r.runAction(f); ran || err != nil {
		return err != nil, err
	}
	if s.Phase == release.Planned {
		return r.deploy(f)
	}
	return false, nil
}

// refusedWish ends the run on a refusal that looking again cannot mend.
func (r *deployment) refusedWish(f release.Frame) (bool, error) {
	refused, ok := r.refusal()
	switch {
	case !ok:
		return false, nil
	case refused.Refusal.Kind == release.RefusedMoved:
		fmt.Fprintf(r.out, "not sent: %s\n", refused.Refusal)
		r.again(f)
		return false, nil
	}
	return true, against(refused.Refusal)
}

// begin plans the release, once nothing of an earlier record is open.
func (r *deployment) begin(f release.Frame) (bool, error) {
	c := choice(f, release.DoBegin, "")
	switch {
	case c.OK():
		r.ask(c, release.Begin{Version: r.flags.version})
	case !c.Refusal().Wait:
		return true, against(c.Refusal())
	}
	return false, nil
}

// other meets an unfinished release of another version.
func (r *deployment) other(f release.Frame) (bool, error) {
	s := f.State
	if !r.flags.abandon {
		return true, fail(exitUnfinished, "the release of %s is unfinished (%s): finish it in the console, or end it with --abandon", s.To.Version, s.Phase)
	}
	if c := choice(f, release.DoAbandon, ""); c.OK() {
		r.ask(c, release.Abandon{})
	}
	return false, nil
}

// settleItem sends the next --tick or --waive whose item takes it now.
func (r *deployment) settleItem(f release.Frame) bool {
	for i, intent := range r.settle {
		item := ""
		switch intent := intent.(type) {
		case release.Tick:
			item = intent.Item
		case release.Waive:
			item = intent.Item
		}
		c := choice(f, release.KindOf(intent), item)
		if c.Refused(release.RefusedAlready) {
			r.settle = slices.Delete(r.settle, i, i+1)
			return true
		}
		if c.OK() {
			if r.ask(c, intent) {
				r.settle = slices.Delete(r.settle, i, i+1)
			}
			return true
		}
	}
	return r.wish != ""
}

// runAction asks for the next action of the checklist that is due. One that failed, or of
// which nobody knows what came, is not run again: that takes a person.
func (r *deployment) runAction(f release.Frame) (ran bool, err error) {
	for _, item := range f.State.Items {
		c := choice(f, release.DoRun, item.ID)
		if item.Status != release.Waiting || !c.OK() {
			continue
		}
		shown, ok, err := r.agreed(r.driver, c, runQuestion(c))
		if err != nil || !ok {
			return true, err
		}
		if r.ask(shown, release.RunAction{Item: item.ID}) {
			r.sent()
		}
		return true, nil
	}
	return false, nil
}

// runQuestion shows what an action would do.
func runQuestion(c release.Choice) question {
	p := c.Preview
	text := fmt.Sprintf("%s: %s\n  %s\n  %s\n%s", p.Title, p.Object, p.Change, p.How, facts(p))
	return question{text: text + "Run it? y/N: ", yes: says("y", "yes"), no: "nothing was run"}
}

// goOn continues this very version where it was left.
func (r *deployment) goOn(f release.Frame) (bool, error) {
	if c := choice(f, release.DoContinue, ""); f.State.Pending == nil && c.OK() {
		r.ask(c, release.Continue{})
	}
	return false, nil
}

// deploy asks for the deploy when nothing stands against it.
func (r *deployment) deploy(f release.Frame) (bool, error) {
	c := choice(f, release.DoDeploy, "")
	switch {
	case c.Refusal().Wait:
		r.waits(c.Refusal())
		return false, nil
	case !c.OK():
		return true, against(c.Refusal())
	}
	r.waited()
	if wants, _ := c.Intent.(release.Deploy); wants.Adopt && !r.attended && !r.flags.adopt {
		return true, fail(exitUnfinished, "a canary was left from an earlier attempt%s: --adopt takes it over, slipway canary abort ends it", after(": ", factOf(c.Preview, release.FactCanary)))
	}
	if wants, _ := c.Intent.(release.Deploy); wants.Replace != "" && !r.attended {
		return true, fail(exitGate, "%s: set deployment.container to the container of the service", wants.Replace)
	}
	shown, ok, err := r.agreed(r.driver, c, deployQuestion(c))
	if err != nil || !ok {
		return err != nil, err
	}
	intent := release.Deploy{Confirm: shown.Preview.Confirm}
	if wants, ok := shown.Intent.(release.Deploy); ok {
		intent.Adopt = wants.Adopt && (r.attended || r.flags.adopt)
		intent.Replace = wants.Replace
	}
	if r.ask(shown, intent) {
		r.sent()
	}
	return false, nil
}

// factOf is what a preview says under a label, or "".
func factOf(p release.Preview, label release.FactLabel) string {
	for _, fact := range p.Facts {
		if fact.Label == label {
			return fact.Text
		}
	}
	return ""
}

// deployQuestion shows what a deploy would do.
func deployQuestion(c release.Choice) question {
	p := c.Preview
	text := fmt.Sprintf("%s: %s\n  %s\n  %s\n%s  way back  %s\n", p.Title, p.Object, p.Change, p.How, sameAs(p), p.Back)
	text += facts(p)
	const no = "nothing was deployed"
	if p.Confirm != "" {
		return question{text: text + "To deploy, type the environment's name: ", yes: exactly(p.Confirm), no: no}
	}
	return question{text: text + "Deploy? y/N: ", yes: says("y", "yes"), no: no}
}
