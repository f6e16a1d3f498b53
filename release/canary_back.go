package release

import (
	"fmt"
	"time"
)

// settleFor is how long the traffic must have been seen away from the canary before
// its pods go: what divides the traffic learns of new weights a moment later.
const settleFor = 5 * time.Second

// back takes a canary back: the traffic to stable first, if it is healthy, then the
// canary to 0. Where stable has the new image already it gets the earlier one first.
// Several changes follow; that it goes back is durable at once.
func (t *turn) back(e Intended, why string) {
	w := t.s.View.Workload
	if !t.s.Underway() {
		t.adoptStray(e)
	}
	from, unseen, lost := t.s.View.Split.Canary, unread(t.plan, t.s, t.now), t.s.Pending
	_, undo := e.Intent.(Undo)
	_, over, restores := restored(t.plan, t.s, undo)
	if over && e.By == Itself {
		restores = false // what someone else made of it is never rolled back unattended
	}
	left := !restores && w.Found && theirs(t.plan, t.s)
	r := t.record()
	if left {
		r.From = running(t.plan, w)
	}
	generation := w.Generation
	if r.Rollout.UID == w.UID {
		generation = max(generation, r.Rollout.Generation) // a promotion that was accepted may not be seen yet
	}
	t.enter(RollingBack, cueBack)
	r.Held, r.Asking, r.Pending = nil, nil, nil
	r.Rollout = Rollout{Goal: r.From, UID: w.UID, Began: t.now, Generation: generation, Condition: w.Progressing.Updated}
	run := t.run()
	run.take(t.s.View) // whatever was changed before it was asked for
	run.Stable, run.Way = w.Template.Hash, run.Way.taken()
	run.Until = zeroTime
	if lost != nil && t.plan.Canary.Route != "" && lost.Change.Do.Subject() != OnCanary {
		run.Until = lost.Since.Add(grace)
	}
	if lost != nil && lost.Change.Kind() == OpSetImage {
		run.Promoted = true // it may have come through, or come through still
	}
	text := "abort canary: its pods → 0"
	switch {
	case run.Way.Undoes() && w.Template.Hash != r.From.Template:
		text = fmt.Sprintf("stable is rolled back to %s at once, then the pods beside it go", r.From.Version)
	case run.Way.Undoes() && left:
		text = fmt.Sprintf("stable keeps %s, as someone else changed it; the traffic goes to it, then the pods beside it go", r.From.Version)
	case run.Way.Undoes():
		text = fmt.Sprintf("stable has %s again; the traffic goes to it, then the pods beside it go", r.From.Version)
	}
	stage := Returning
	switch {
	case run.Promoted, w.Template.Hash != r.From.Template:
		stage = Restoring // the image may have been set and not be seen yet
	case t.plan.Canary.Route == "" && t.healthy(), from == 0 && unseen == "" && run.Live.IsZero() && run.Until.IsZero():
		stage = Removing // it has had no traffic
	}
	switch {
	case t.plan.Canary.Route == "", run.Way.Undoes():
	case unseen != "":
		text = "abort canary: the traffic back to stable as soon as it can be read, then its pods → 0: " + unseen
	case from > 0:
		text = fmt.Sprintf("abort canary: %d%% of the traffic back to stable, then its pods → 0", from)
	}
	switch {
	case run.Way.Undoes():
	case left:
		text += fmt.Sprintf("; stable keeps %s, as someone else changed it", r.From.Version)
	case over:
		text += fmt.Sprintf("; stable is rolled back to %s over someone else's change", r.From.Version)
	}
	run = t.move(stage, cueBack)
	run.Weight, run.From, run.Grown = 0, 0, 0
	run.Live, run.By, run.Why = zeroTime, e.By, why
	t.tell(e.By, MarkRunning, text+because(why))
}

// take makes what is there now what the release goes by.
func (run *CanaryRun) take(v View) {
	if v.Split.Err == "" && !v.Split.At.IsZero() {
		run.Rest = v.Split.Rest
	}
	if v.Canary.Found {
		run.UID, run.Template = v.Canary.UID, v.Canary.Template.Hash
	}
}

// adoptStray begins a record for a canary that no release here is about: somebody
// else's, or one that was left behind. What serves an undo by weights is led to the
// end of that undo: stable runs what was to be left.
func (t *turn) adoptStray(e Intended) {
	c := t.s.View.Canary
	stable := running(t.plan, t.s.View.Workload)
	if t.s.Phase.Over() || t.s.onlyPlanned() {
		t.file(e, Idle)
	}
	r := t.record()
	r.From, r.To = stable, Target{Version: c.Version(t.plan.Container), Image: c.Image(t.plan.Container)}
	r.Canary = &CanaryRun{UID: c.UID, Template: c.Template.Hash, Rest: t.s.View.Split.Rest, Weight: canaryWeight(t.plan, t.s)}
	if before, ok := leftUndo(t.plan, t.s); ok {
		r.From, r.To = before.target(), stable
		r.Canary.Way = UndoByWeights
	}
}

// blindly goes what of the way back can be gone while the canary or the split cannot
// be read: stable gets its earlier template back, and the traffic waits.
func (t *turn) blindly() {
	last := t.s.Last
	if t.s.Held == nil && t.s.Canary.Stage == Restoring && (last == nil || t.s.View.Workload.At.After(last.At)) {
		t.restore()
	}
}

// restore gives stable its earlier template back, before it gets traffic again.
func (t *turn) restore() {
	if w := t.s.View.Canary; canaryWeight(t.plan, t.s) > 0 && w.Available == 0 && t.s.View.Workload.Available > 0 && t.plan.Canary.Route != "" && unread(t.plan, t.s, t.now) == "" {
		t.follow(SetWeight{Weight: 0}) // any pod of stable is better than none of the canary
		return
	}
	if t.atGoal() {
		if t.healthy() && canaryWeight(t.plan, t.s) > 0 || t.s.View.Workload.Convergence() == Complete {
			t.returning(cueRestored)
		}
		return
	}
	if w := t.s.View.Workload; w.UID == t.s.Rollout.UID && w.Generation < t.s.Rollout.Generation {
		return // a look from before the promotion
	}
	target, ok := t.before()
	if !ok {
		t.hold(HeldByFailure, fmt.Sprintf("no revision with the template of %s is left on stable; the traffic stays on the canary", t.s.From.Version))
		return
	}
	w := t.s.View.Workload
	t.followTo(UndoTo{
		Container: t.plan.Container, Version: target.Version, Revision: target.Number, Template: target.Template.Hash, Unpause: w.Paused,
	}, fmt.Sprintf("undo to %s, revision %d, by %s, slipway", target.Version, target.Number, t.s.Canary.By.Name), target.target())
}

// returning begins the return of the traffic to stable.
func (t *turn) returning(when cue) *CanaryRun {
	run := t.move(Returning, when)
	run.Weight, run.From, run.Grown = 0, 0, 0
	return run
}

// giveBack puts all traffic on stable, once stable has pods enough to carry it, and waits
// until that has been seen for a moment. Until then stable gets what it can carry.
func (t *turn) giveBack() {
	run := t.s.Canary
	switch {
	case canaryWeight(t.plan, t.s) != 0 && t.plan.Canary.Route != "":
		if !run.Live.IsZero() {
			t.run().Live = zeroTime // it has to be seen away again
		}
		keeps := share(t.plan, t.s)
		switch {
		case t.healthy():
			t.follow(SetWeight{Weight: 0})
		case t.grow():
		case keeps < canaryWeight(t.plan, t.s):
			if run.From == 0 || keeps < run.From {
				t.run().From, t.run().Sent = keeps, 0 // it is getting on
			}
			t.follow(SetWeight{Weight: keeps})
		}
	case t.plan.Canary.Route == "" && !t.healthy():
		t.grow()
	case run.Live.IsZero():
		t.run().Live = t.now
		if t.plan.Canary.Route != "" {
			t.tell(Itself, MarkPass, "all traffic is on stable")
		}
	case (t.s.Phase == Deploying || run.Way.Undoes()) && !t.healthy():
		// It has broken since: the canary is what could still serve.
	case t.now.Before(run.Until):
	case t.now.Sub(run.Live) >= settleFor || t.plan.Canary.Route == "":
		t.move(Removing, cueSettled)
	}
}

// remove ends the canary, once no traffic goes to it: after a promotion, and after an
// undo by weights, it is deleted; after an abort it is scaled to 0 and can be looked at.
func (t *turn) remove() {
	w, run := t.s.View.Canary, t.s.Canary
	aborted := t.s.Phase == RollingBack && !run.Way.Undoes()
	ours := w.Found && (run.UID == "" || w.UID == run.UID)
	switch {
	case t.plan.Canary.Route != "" && canaryWeight(t.plan, t.s) != 0:
		t.returning(cueMoreTraffic).Live = zeroTime // someone gave it traffic again
	case !ours, aborted && w.Desired == 0 && w.Replicas == 0:
		t.gone()
	case t.routed():
	case !aborted:
		t.follow(DeleteCanary{})
	case w.Desired > 0:
		t.follow(ScaleCanary{Scaling: Scaling{Replicas: 0}})
	}
}

// gone ends the canary's part of the release.
func (t *turn) gone() {
	t.move(Gone, cueGone)
	r, w := t.record(), t.s.View.Workload
	took := Span(t.now.Sub(r.Rollout.Began))
	if t.s.Phase == RollingBack {
		t.enter(RolledBack, cueEndsCanary)
		r.Held, r.Asking = nil, nil
		r.Rollout.Completed = t.now
		t.tell(Itself, MarkPass, fmt.Sprintf("rolled back: all traffic on stable %s, canary ended after %s", r.From.Version, took))
		return
	}
	t.enter(Verifying, cueEndsCanary)
	if current, ok := w.Current(); ok {
		r.Rollout.Goal.Revision, r.To.Revision = current.Number, current.Number
	}
	t.tell(Itself, MarkPass, fmt.Sprintf("canary removed: %s serves on %d of %d stable pods", t.s.To.Version, w.Available, w.Desired))
}
