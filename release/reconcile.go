package release

import "fmt"

// returned is a state that was read back: whatever was in flight is now
// unknown, and nothing happens by itself until a person says so. A release
// that is only planned has nothing to be careful about; nor has one that is over,
// unless more changes would follow the one that was in flight.
func (t *turn) returned(e Returned) {
	t.s.View = t.s.View.recall(t.s.Judging, true)
	t.align()
	t.alignSteps()
	t.taskLeft()
	t.attached(e.By)
	if e.Handed && t.s.Pending == nil && t.s.InFlight() == nil {
		return
	}
	if p := t.s.Pending; p != nil && !p.Unknown {
		unknown := *p
		unknown.Unknown = true
		t.record().Pending = &unknown
	}
	p, over := t.s.Pending, t.s.Phase.Over()
	if p == nil && (over || t.s.Phase == Planned) || p != nil && over && p.Stage == "" {
		return
	}
	reason := fmt.Sprintf("release %s → %s, begun by %s, was left while %s", t.s.From.Version, t.s.To.Version, t.s.By.Name, t.s.Phase)
	if over {
		reason = fmt.Sprintf("undo of %s to %s by weights, asked for by %s, was left", t.s.To.Version, p.Goal.Version, p.Change.By.Name)
	}
	if t.s.Underway() {
		reason += fmt.Sprintf(", canary %s, %d%% asked for", t.s.Canary.Stage, t.s.Canary.Weight)
	}
	if p != nil {
		reason += fmt.Sprintf("; asked: %s", p.Change.Describe()+because(p.Change.Why)) + unanswered
	}
	t.hold(HeldOnReturn, reason)
}

// align fits the items of the record to the plan's: the configuration may have
// changed in between. Items are known by their ID.
func (t *turn) align() {
	if len(t.s.Items) == 0 {
		return
	}
	items, same := make([]Item, 0, len(t.plan.Items)), len(t.s.Items) == len(t.plan.Items)
	for i, spec := range t.plan.Items {
		item, ok := t.s.item(spec.ID)
		if !ok {
			item = Item{ID: spec.ID, Status: Waiting}
		}
		same = same && t.s.Items[i].ID == spec.ID
		items = append(items, item)
	}
	if !same {
		t.record().Items = items
	}
}

// alignSteps fits the step of a canary to the plan's, which may have changed as well:
// its weight is what it has.
func (t *turn) alignSteps() {
	if !t.s.Underway() || t.s.Canary.Way.Undoes() {
		return
	}
	if step := t.plan.Canary.stepOf(t.s.Canary.Weight); t.s.Phase == Deploying && step != t.s.Canary.Step {
		t.run().Step = step
	}
}

// reconcile finds out by looking what became of a change whose answer was lost.
func (t *turn) reconcile() {
	p := t.s.Pending
	if p == nil || !p.Unknown {
		return
	}
	look := p.Change.Do.Look(t.s.View, p.Change.Cause)
	if !look.At.After(p.Since) || t.now.Sub(look.At) > t.plan.Stale.Workload {
		return
	}
	switch look.Is {
	case Stands:
		t.conclude(Outcome{Kind: Accepted, Generation: look.Generation, Stored: look.Stored, Text: "seen in the cluster"})
	case Undone:
		if look.At.Sub(p.Since) < p.Change.Do.Deadline()+arrives {
			return
		}
		t.conclude(Outcome{Kind: Moved, Text: "the cluster is as it was before; it is not asked again by itself"})
	case Goes, Broke, Unclear: // of tasks
	case Differs:
		t.conclude(Outcome{Kind: Moved, Text: "someone else acted meanwhile: " + look.Text})
		if back := p.Follows && t.s.Phase == RollingBack; !back && !t.s.Phase.Over() {
			t.hold(HeldByOthers, look.Text)
			if p.Change.Do.Subject() == OnStable {
				t.record().Held.Stable = t.s.View.Workload.Template.Hash
			}
		}
	}
}
