package release

import (
	"cmp"
	"fmt"
	"strings"
)

// An undo by weights serves the earlier version beside stable, gives it all traffic,
// restores stable under it, and gives the traffic back. It is the way of a canary,
// entered from its end:
//
//	creating → shifting → restoring → returning → removing → done

// byWeights tells whether an undo goes that way. Nothing stands against an undo:
// where the canary or the split is not as it has to be, stable is rolled back.
func byWeights(plan Plan, s State) bool {
	return plan.ByCanary() && plan.Canary.UndoByWeights && plan.Canary.Route != "" &&
		s.Pending == nil && !s.Underway() && unread(plan, s, s.View.Clock) == "" && len(s.View.Split.Blocked) == 0 &&
		s.View.Split.Canary == 0 && leftover(plan, s) == "" && !s.View.Workload.Paused
}

// undoByWeights begins such an undo: the earlier version's pods come first, as many
// as carry all traffic.
func (t *turn) undoByWeights(id string, e Intended, goal Target, why string) {
	t.send(Change{
		ID: id, By: e.By, Why: why,
		Cause: undoCause(t.s.View.Workload, goal.Version, goal.Revision) + fmt.Sprintf("by %s, slipway", e.By.Name),
		Do: ApplyCanary{
			Container: t.plan.Container, Version: goal.Version, Image: goal.Image, Revision: goal.Revision, Template: goal.Template,
			Replicas: canaryPods(t.plan, t.s, 100),
		},
	}, RollingBack, goal)
	t.s.Pending.Stage = Creating
}

// undoCause begins the change-cause of an earlier version that serves beside stable: it
// tells other consoles what that Deployment is for, and which revision of stable w it is
// to leave.
func undoCause(w Workload, version string, revision int64) string {
	current, _ := w.Current()
	return fmt.Sprintf("undo to %s, revision %d, by weights, from revision %d, ", version, revision, current.Number)
}

// leftUndo is stable's revision that an undo by weights, of which no release here is,
// goes back to; ok is false when what is there is not of one, or stable runs something
// else by now.
func leftUndo(plan Plan, s State) (r Revision, ok bool) {
	w, c := s.View.Workload, s.View.Canary
	for _, r := range w.Revisions {
		if !r.Current && c.Found && c.Runs(plan.Container, r.Image) && strings.HasPrefix(c.ChangeCause, undoCause(w, r.Version, r.Number)) {
			return r, true
		}
	}
	return Revision{}, false
}

// undoneTo is what the undo by weights goes back to which u or b would lead on: this
// release's, or one that was left; ok is false when there is none.
func undoneTo(plan Plan, s State) (to Target, ok bool) {
	if s.Underway() {
		return s.From, s.Canary.Way.Undoes()
	}
	r, ok := leftUndo(plan, s)
	return r.target(), ok
}

// arriving tells whether the earlier version has not got all traffic yet.
func (s State) arriving() bool {
	return s.Underway() && s.Canary.Way.Undoes() && (s.Canary.Stage == Creating || s.Canary.Stage == Shifting)
}

// beside is what the canary runs: what is being released, or what an undo by
// weights goes back to.
func (r Record) beside() Target {
	if r.Canary != nil && r.Canary.Way.Undoes() {
		return r.From
	}
	return r.To
}

// falter says why the earlier version does not get to its traffic, or "".
func (t *turn) falter() string {
	if !t.s.arriving() || unlooked(t.plan, t.s) != "" {
		return ""
	}
	w, run, weight := t.s.View.Canary, t.s.Canary, t.s.View.Split.Canary
	late, stuck := t.stuck()
	lost, unserved := t.unserved()
	settled := run.Stage == Shifting || t.now.Sub(run.Since) >= missingFor // looks from before it was applied are over
	switch {
	case unread(t.plan, t.s, t.now) != "":
		return unread(t.plan, t.s, t.now)
	case stuck:
		return late
	case unserved && run.Stage == Shifting:
		return lost
	case run.Tries > 0:
		return t.s.Last.What + ": " + t.s.Last.Text
	case run.Sent > stageNeeds:
		return "it did not last: " + t.s.Last.What
	case run.Stage == Shifting && weight != run.From && weight != run.Weight:
		return fmt.Sprintf("%s gave it %d%% of the traffic", cmp.Or(t.s.View.Split.Writer, "someone else"), weight)
	case !w.Found && settled, run.UID != "" && w.UID != run.UID, settled && !w.Runs(t.plan.Container, t.s.From.Image),
		run.Stage == Shifting && w.Template.Hash != run.Template:
		return fmt.Sprintf("deployment/%s is not the one that was made", t.plan.Canary.Deployment)
	}
	return w.FailuresOf(t.s.From.seenAs())
}

// unheard gives up on a change whose answer was lost while the earlier version was
// getting its traffic, and whose object cannot be read any more: an undo does not wait
// for it. Should it still arrive, the canary has its pods so long.
func (t *turn) unheard() {
	p := t.s.Pending
	if p == nil || !p.Unknown || !p.Follows || !t.s.arriving() || t.s.Held != nil {
		return
	}
	why := unread(t.plan, t.s, t.now)
	if why == "" || t.now.Sub(p.Since) < grace {
		return
	}
	t.record().Pending = nil
	t.rollInstead(why)
	t.run().Until = t.now.Add(grace)
}

// rollInstead goes on as an undo that does not go by weights: stable is restored at
// once, and whatever the canary has of the traffic goes back after that.
func (t *turn) rollInstead(why string) {
	t.tell(Itself, MarkAttention, "not by weights: "+why+"; stable is rolled back at once")
	run := t.move(Restoring, cueAtOnce)
	run.Weight, run.Way = 0, UndoAtOnce
}
