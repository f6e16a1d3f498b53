package release

import (
	"cmp"
	"fmt"
)

// The ground of a release is the pod template of stable that it stands on: what an abort
// leaves there, and what an undo returns to. Others change it as well: they restart it,
// change a variable, roll out a hotfix. A person accepts that with continue; an undo that
// would roll it back says so; and by itself slipway never rolls it back.

// adopt takes what runs now as the ground of the release: before the deploy as
// what it starts from, after it as the template that is being released, on the way back
// as the one that it leads to.
func (t *turn) adopt() {
	r, w := t.record(), t.s.View.Workload
	if t.s.Underway() {
		t.adoptCanary()
		t.adoptStable()
		return
	}
	now := running(t.plan, w)
	switch r.Phase {
	case Planned:
		t.rebase()
		return
	case Deploying, Verifying:
		r.To.Template = w.Template.Hash
	case RollingBack:
		r.From = now
	}
	t.stand(Target{Version: r.Rollout.Goal.Version, Image: r.Rollout.Goal.Image, Revision: now.Revision, Template: now.Template})
}

// stand makes what runs now the goal of the rollout under way.
func (t *turn) stand(goal Target) {
	r, w := t.record(), t.s.View.Workload
	r.Rollout.Goal, r.Rollout.UID, r.Rollout.Generation, r.Rollout.Condition = goal, w.UID, w.Generation, w.Progressing.Updated
}

// adoptStable takes what someone else made of stable beside a canary: the version that is
// being released as its promotion, anything else as what the canary is held against, which
// it bakes beside anew.
func (t *turn) adoptStable() {
	r, w, run := t.record(), t.s.View.Workload, t.s.Canary
	if !w.Found || w.Template.Hash == r.Rollout.Goal.Template && w.UID == r.Rollout.UID {
		return
	}
	now := running(t.plan, w)
	switch {
	case r.Phase == RollingBack:
		t.leave("accepted")
	case w.Runs(t.plan.Container, r.To.Image):
		r.To.Revision, r.To.Template = now.Revision, now.Template
		t.stand(r.To)
		if !run.Promoted {
			t.move(Promoting, cueTheirs).Promoted = true
		}
	default:
		r.From, r.To.Template, r.To.Revision = now, "", 0
		t.stand(now)
		if run.Stage == Creating || run.Stage == Shifting {
			return
		}
		run := t.move(Shifting, cueOtherStable)
		run.Promoted, run.Live, run.From = false, zeroTime, t.s.View.Split.Canary
		if run.Weight == 0 {
			run.Weight = t.plan.Canary.Steps[0]
		}
		run.Step = t.plan.Canary.stepOf(run.Weight)
	}
}

// leave goes on with the way back from what stable runs now: it is left as it is, and gets
// the traffic.
func (t *turn) leave(why string) {
	r, w := t.record(), t.s.View.Workload
	r.From = running(t.plan, w)
	t.stand(r.From)
	if run := t.s.Canary; run.Stage != Returning && run.Stage != Removing {
		run := t.move(Returning, cueLeft)
		run.Weight, run.Live, run.Way = 0, zeroTime, run.Way.atOnce()
	}
	t.tell(Itself, MarkAttention, fmt.Sprintf("%s: stable runs %s, and stays as it is", why, cmp.Or(w.Version(t.plan.Container), "nothing"))+causeWords(w))
}

// theirs tells whether stable runs, while a canary is under way, what this release did not
// make of it.
func theirs(plan Plan, s State) bool {
	w := s.View.Workload
	if !s.Underway() || !w.Found || w.UID == s.Rollout.UID && w.Generation < s.Rollout.Generation {
		return false
	}
	t := turn{plan: plan, s: s}
	switch {
	case w.UID != s.Rollout.UID:
		return true
	case w.Template.Hash == s.From.Template, w.Template.Hash == s.Rollout.Goal.Template, t.leaves(w):
		return false
	case s.Canary.Promoted && w.Runs(plan.Container, s.To.Image):
		return s.To.Template != "" && w.Template.Hash != s.To.Template
	}
	return true
}

// restored is stable's revision that taking the canary back returns to, and over whether
// someone else's change of stable is rolled back with it; ok is false where stable is left
// as it is. An abort leaves what someone else made of it, unless it runs the version that
// is aborted; an undo does not.
func restored(plan Plan, s State, undo bool) (r Revision, over, ok bool) {
	w := s.View.Workload
	if !s.Underway() || w.Template.Hash == s.From.Template {
		return Revision{}, false, false
	}
	over = theirs(plan, s)
	if over && !undo && (!s.Canary.Promoted || !w.Runs(plan.Container, s.To.Image)) {
		return Revision{}, false, false
	}
	for _, r := range w.Revisions {
		if r.Template.Hash == s.From.Template && !r.Current {
			return r, over, true
		}
	}
	return Revision{}, false, false
}
