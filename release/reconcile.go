package release

import (
	"fmt"
	"time"
)

// returned is a state that was read back: whatever was in flight is now
// unknown, and nothing happens by itself until a person says so. A release
// that is only planned has nothing to be careful about; nor has one that is over,
// unless more changes would follow the one that was in flight.
func (t *turn) returned() {
	t.align()
	t.alignSteps()
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
	if !t.s.Underway() || t.s.Canary.Back {
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
	c := p.Change
	w, at := t.s.subject(c)
	if !at.After(p.Since) || t.now.Sub(at) > t.plan.Stale.Workload {
		return
	}
	switch {
	case t.s.done(c):
		stored := Stored{Image: w.Image(c.Container), Template: w.Template.Hash}
		t.conclude(Outcome{Kind: Accepted, Generation: w.Generation, Stored: stored, Text: "seen in the cluster"})
	case t.s.undone(c):
		if at.Sub(p.Since) < grace {
			return
		}
		t.conclude(Outcome{Kind: Moved, Text: "the cluster is as it was before; it is not asked again by itself"})
	default:
		differs := t.s.difference(c)
		t.conclude(Outcome{Kind: Moved, Text: "someone else acted meanwhile: " + differs})
		if back := p.Follows && t.s.Phase == RollingBack; !back && !t.s.Phase.Over() {
			t.hold(HeldByOthers, differs)
			if c.Kind != SetWeight && !c.Kind.OfCanary() {
				t.record().Held.Stable = w.Template.Hash
			}
		}
	}
}

// subject is the Deployment that a change is of, and when the changed object was
// last seen.
func (s State) subject(c Change) (w Workload, at time.Time) {
	switch {
	case c.Kind == SetWeight && s.View.Split.Err == "":
		return Workload{}, s.View.Split.At
	case c.Kind == SetWeight:
		return Workload{}, zeroTime
	case c.Kind.OfCanary():
		return s.View.Canary, s.View.Canary.At
	}
	return s.View.Workload, s.View.Workload.At
}

// done tells whether the postcondition of a change is seen.
func (s State) done(c Change) bool {
	w, _ := s.subject(c)
	switch c.Kind {
	case SetWeight:
		return s.View.Split.Canary == c.Weight
	case ApplyCanary:
		return w.Found && w.got(c) && w.Desired == c.Replicas && (c.UID == "" || w.UID == c.UID)
	case ScaleCanary, ScaleStable:
		return w.Found && w.UID == c.UID && w.Desired == c.Replicas
	case DeleteCanary:
		return !w.Found || w.UID != c.UID
	}
	return w.UID == c.UID && happened(c, w)
}

// undone tells whether the precondition of a change is seen to hold still.
func (s State) undone(c Change) bool {
	w, _ := s.subject(c)
	switch {
	case c.Kind == SetWeight:
		return s.View.Split.Canary == c.WeightFrom
	case c.Kind.OfCanary() && c.UID == "":
		return !w.Found
	case c.Kind == ScaleCanary, c.Kind == ScaleStable:
		return w.Found && w.UID == c.UID && w.Desired == c.ReplicasFrom
	}
	return w.UID == c.UID && w.Template.Hash == c.Before && w.Paused == c.Paused
}

// difference says how what is seen differs from what a change was made for.
func (s State) difference(c Change) string {
	w, _ := s.subject(c)
	switch {
	case c.Kind == SetWeight:
		return fmt.Sprintf("%s gives the canary %d%%", c.Object, s.View.Split.Canary)
	case c.Kind.OfCanary() && c.UID == "":
		return fmt.Sprintf("%s exists, it runs %s", c.Object, w.Version(c.Container))
	case (c.Kind == ScaleCanary || c.Kind == ScaleStable) && w.Found && w.UID == c.UID:
		return fmt.Sprintf("%s has %s", c.Object, Count(w.Desired, "pod"))
	}
	return difference(c, w)
}

// happened is the postcondition of a change of stable's Deployment.
func happened(c Change, w Workload) bool {
	switch c.Kind {
	case SetImage:
		return w.got(c) && (!c.Unpause || !w.Paused)
	case UndoTo:
		return w.wears(c) && (!c.Unpause || !w.Paused)
	case SetPaused:
		return w.Paused
	default:
		return !w.Paused
	}
}

// got tells whether the image that a change sets is there: also with a digest in
// place of its tag, where the change-cause is that of the change.
func (w Workload) got(c Change) bool {
	ours := c.Cause != "" && w.ChangeCause == c.Cause
	for _, name := range append([]string{c.Container}, c.Also...) {
		if !w.Runs(name, c.Image) && (!ours || !resolved(c.Image, w.Image(name))) {
			return false
		}
	}
	return true
}

// wears tells whether the pod template is that of the revision that a change
// returns to, but for what admission does to images.
func (w Workload) wears(c Change) bool {
	r, ok := w.Revision(c.Revision)
	return w.Template.Hash == c.Template || ok && r.Template.Hash == c.Template && w.Template.follows(r.Template)
}

// difference says how the workload differs from what a change was made for.
func difference(c Change, w Workload) string {
	switch {
	case !w.Found:
		return "the Deployment no longer exists"
	case w.UID != c.UID:
		return "the Deployment was deleted and made anew"
	}
	text := fmt.Sprintf("generation %d → %d", c.Generation, w.Generation)
	if len(w.Containers) > 0 {
		name := c.Container
		if name == "" {
			name = w.Containers[0].Name
		}
		text += fmt.Sprintf(", %s runs %s", name, w.Version(name))
	}
	return text + causeWords(w)
}
