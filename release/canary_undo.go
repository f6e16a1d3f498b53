package release

import "fmt"

// An undo by weights serves the earlier version beside stable, gives it all traffic,
// restores stable under it, and gives the traffic back. It is the way of a canary,
// entered from its end:
//
//	creating → shifting → restoring → returning → removing → done

// byWeights tells whether an undo goes that way. Nothing stands against an undo:
// where the canary or the split is not as it has to be, stable is rolled back.
func byWeights(plan Plan, s State) bool {
	return plan.Canary != nil && plan.Canary.UndoByWeights && plan.Canary.Route != "" &&
		s.Pending == nil && !s.Underway() && unread(plan, s, s.View.Clock) == "" && len(s.View.Split.Blocked) == 0 &&
		s.View.Split.Canary == 0 && leftover(plan, s) == "" && !s.View.Workload.Paused
}

// undoByWeights begins such an undo: the earlier version's pods come first, as many
// as carry all traffic.
func (t *turn) undoByWeights(id string, e Intended, goal Target, why string) {
	t.record().From = goal
	t.send(Change{
		ID: id, Kind: ApplyCanary, Container: t.plan.Container, Image: goal.Image, Revision: goal.Revision, Template: goal.Template,
		Object: "deployment/" + t.plan.Canary.Deployment, Replicas: canaryPods(t.plan, t.s, 100), By: e.By, Why: why,
		Cause: fmt.Sprintf("undo to %s, revision %d, by weights, by %s, slipway", goal.Version, goal.Revision, e.By.Name),
	}, RollingBack, goal)
	t.s.Pending.Stage = Creating
}

// arriving tells whether the earlier version has not got all traffic yet.
func (s State) arriving() bool {
	return s.Underway() && s.Canary.Back && (s.Canary.Stage == Creating || s.Canary.Stage == Shifting)
}

// beside is what the canary runs: what is being released, or what an undo by
// weights goes back to.
func (r Record) beside() Target {
	if r.Canary != nil && r.Canary.Back {
		return r.From
	}
	return r.To
}

// falter says why the earlier version does not get to its traffic, or "".
func (t *turn) falter() string {
	if !t.s.arriving() {
		return ""
	}
	w, run := t.s.View.Canary, t.s.Canary
	why, stuck := t.stuck()
	switch {
	case unread(t.plan, t.s, t.now) != "":
		return unread(t.plan, t.s, t.now)
	case stuck:
		return why
	case !w.Found && (run.Stage != Creating || t.now.Sub(run.Since) >= missingFor), run.UID != "" && w.UID != run.UID:
		return fmt.Sprintf("deployment/%s is not the one that was made", t.plan.Canary.Deployment)
	}
	return w.FailuresOf(t.s.From.Version)
}

// rollInstead goes on as an undo that does not go by weights: stable is restored at
// once, and whatever the canary has of the traffic goes back after that.
func (t *turn) rollInstead(why string) {
	t.tell(Itself, MarkAttention, "not by weights: "+why+"; stable is rolled back at once")
	t.enter(Restoring).Weight = 0
}
