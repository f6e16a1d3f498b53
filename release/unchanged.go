package release

import (
	"cmp"
	"fmt"
	"time"
)

// A version that runs already is deployed by judging it: nothing is set, so no gate
// stands before it, and nothing is undone, whatever the judgement.

// Unchanged tells whether the release changes nothing: what it leads to is what ran
// before it.
func (r Record) Unchanged() bool {
	return r.From.Template != "" && r.From.Template == r.To.Template
}

// planUnchanged settles what comes before the deploy, and what waits for a person: there
// is no change to be prepared or approved.
func (t *turn) planUnchanged(by Actor) {
	r := t.record()
	for i, spec := range t.plan.Items {
		if (spec.Class() == Manual || comesFirst(t.plan, spec)) && !r.Items[i].Settled() {
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
	t.enter(Deploying, cueJudged)
	r.Rollout = Rollout{Goal: r.To, UID: w.UID, Began: t.now, Generation: w.Generation}
	if w.Convergence() == Complete {
		r.Rollout.Stood = t.now
		if at := w.Progressing.Updated.Add(w.Skew); !w.Progressing.Updated.IsZero() && at.Before(t.now) {
			r.Rollout.Stood = at
		}
	}
	t.s.View.Failing, t.s.View.Blind = nil, nil
	t.s.View.Checks, t.s.View.Probes = nil, nil
	if !r.Rollout.Stood.IsZero() {
		t.tell(by, MarkNone, fmt.Sprintf("judges %s as it stands: complete for %s", r.To.Version, Age(t.now.Sub(r.Rollout.Stood))))
		return
	}
	t.tell(by, MarkNone, fmt.Sprintf("waits until %s is complete, and judges it", r.To.Version))
}

// standing is how long a version has to have been complete to be judged as it stands.
const standing = time.Minute

// soak is how long a check must hold before its item passes. A version that was complete
// when it began to be judged is not watched as long as a new one: what it has stood
// counts. A check that fails is watched in full.
func (s State) soak(spec ItemSpec) time.Duration {
	r := s.Rollout
	if r.Stood.IsZero() || s.View.Checks[spec.ID].Failed {
		return spec.For
	}
	return max(min(spec.For, standing)-r.Began.Sub(r.Stood), 0)
}

// LooksBack is the moment from which an item that looks back does: the beginning of the
// rollout or, of a version that was complete before, as far back as a release would.
func (r Record) LooksBack(spec ItemSpec) time.Time {
	began, stood := r.Rollout.Began, r.Rollout.Stood
	if back := began.Add(-spec.For); !stood.IsZero() && back.After(stood) {
		return back
	}
	return cmp.Or(stood, began)
}

// giveUp ends a release that changes nothing: there is nothing to undo, and nothing
// left to finish.
func (t *turn) giveUp(why string) {
	r := t.record()
	t.enter(Abandoned, cueJudgedBad)
	r.Held, r.Asking = nil, nil
	r.Auto = why
	t.tell(Itself, MarkFail, fmt.Sprintf("%s; this release changed nothing, so nothing is undone", why))
}
