package release

import "fmt"

// A version that runs already is deployed by judging it: nothing is set, so no gate
// stands before it, and nothing is undone, whatever the judgement.

// Unchanged tells whether the release changes nothing: what it leads to is what ran
// before it.
func (r Record) Unchanged() bool {
	return r.From.Template != "" && r.From.Template == r.To.Template
}

// planUnchanged settles what waits for a person: there is no change to be approved.
func (t *turn) planUnchanged(by Actor) {
	r := t.record()
	for i, spec := range t.plan.Items {
		if spec.Type == ItemManual {
			r.Items[i].Status, r.Items[i].By, r.Items[i].At = Waived, Itself, t.now
			r.Items[i].Reason = "nothing is changed"
		}
	}
	t.tell(by, MarkNone, fmt.Sprintf("unchanged: %s is what deployment/%s runs already; nothing is set, what runs is judged", PinnedVersion(r.To.Image), t.plan.Deployment))
}

// judgeOnly follows what runs as a deploy of it would be followed. A deadline that
// passed before counts as well.
func (t *turn) judgeOnly(by Actor) {
	w, r := t.s.View.Workload, t.record()
	r.Phase, r.Ended = Deploying, zeroTime
	r.Rollout = Rollout{Goal: r.To, UID: w.UID, Began: t.now, Generation: w.Generation}
	t.s.View.Failing, t.s.View.Blind = nil, nil
	t.s.View.Checks, t.s.View.Probes = nil, nil
	t.tell(by, MarkNone, fmt.Sprintf("waits until %s is complete, and judges it", r.To.Version))
}

// unfinishedBeside says which canary keeps what runs from being all there is to judge,
// or "".
func unfinishedBeside(plan Plan, s State) (why string, wait bool) {
	switch {
	case plan.Canary == nil:
	case unlooked(plan, s) != "":
		return unlooked(plan, s), true
	case canaryWeight(plan, s) > 0:
		return "a canary has traffic: " + leftover(plan, s) + "; abort it first", false
	}
	return "", false
}

// giveUp ends a release that changes nothing: there is nothing to undo, and nothing
// left to finish.
func (t *turn) giveUp(why string) {
	r := t.record()
	r.Phase, r.Ended, r.Held, r.Asking = Abandoned, t.now, nil, nil
	r.Auto = why
	t.tell(Itself, MarkFail, fmt.Sprintf("%s; this release changed nothing, so nothing is undone", why))
}
