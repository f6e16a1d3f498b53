package release

import (
	"cmp"
	"fmt"
	"slices"
)

// An undo or an abort beside a release that is only planned has a record of its own. It
// keeps the planned one, as it was, and is followed by it: with its items, and on the
// ground that the undo left.

// onlyPlanned tells whether the release has changed nothing, nor asked for a change that
// could still arrive.
func (s State) onlyPlanned() bool {
	return s.Phase == Planned && (s.Pending == nil || s.Pending.Next == Planned)
}

// aside is the planned release that the record which begins now keeps; nil: there is none.
func (t *turn) aside() *Record {
	if t.s.Resumes != nil {
		return t.s.Resumes // it has not come back from the undo before
	}
	if !t.s.onlyPlanned() {
		return nil
	}
	planned := t.s.Record
	planned.Pending = nil // what is asked for now takes its place
	return &planned
}

// resume takes the planned release up again once what was asked for beside it is over.
// The end of that is written down first: this comes with the next event.
func (t *turn) resume() {
	ended := t.s.Record
	if ended.Resumes == nil || !ended.Phase.Over() || ended.Pending != nil || (t.backwards || t.s.View.Mode.Passive) && !t.wished {
		return
	}
	planned := *ended.Resumes
	if why := cmp.Or(t.plan.Foreign(planned), t.plan.Disagrees(planned)); why != "" {
		t.record().Resumes = nil
		t.tell(Itself, MarkAttention, fmt.Sprintf("the planned release of %s is not taken up again: %s", planned.To.Version, why))
		return
	}
	planned.Items = slices.Clone(planned.Items)
	planned.Last, planned.Resumes = ended.Last, nil
	planned.Task = cmp.Or(planned.Task, ended.Task)
	if ended.Rollout.UID != "" {
		planned.Rollout = ended.Rollout // u does not toggle
	}
	t.s.View.Ended = &ended
	t.s.Record, t.dirty = planned, true
	t.align()
	was := planned.From.Version
	t.reground(ended.Rollout.Goal)
	text := fmt.Sprintf("release %s → %s is planned again, as it was", t.s.From.Version, PinnedVersion(t.s.To.Image))
	if t.s.From.Template != planned.From.Template {
		text = fmt.Sprintf("release %s → %s is planned again: %s ran when it was planned", t.s.From.Version, PinnedVersion(t.s.To.Image), was)
	}
	t.tell(Itself, MarkNone, text)
}

// reground puts a planned release that comes back on what runs, where the undo or abort
// left that. What somebody else made of it since holds the release.
func (t *turn) reground(left Target) {
	w := t.s.View.Workload
	if !w.Found || w.Template.Hash != t.s.From.Template && w.Template.Hash != left.Template {
		return
	}
	if w.Template.Hash != t.s.From.Template {
		t.rebase()
	}
	if h := t.s.Held; h != nil && h.Kind == HeldByOthers {
		t.record().Held = nil // what it was held for has been decided
	}
}

// rebase puts a planned release on what runs now.
func (t *turn) rebase() {
	r, w := t.record(), t.s.View.Workload
	if r.Unchanged() {
		// Its version does not run any more: it takes a change, which somebody approves.
		r.To = Target{Version: r.To.Version, Image: r.To.Image}
		for i, item := range r.Items {
			if item.Status == Waived && item.By == Itself {
				r.Items[i] = Item{ID: item.ID, Status: Waiting}
			}
		}
	}
	r.From = running(t.plan, w)
	if w.runsAll(t.plan.released(), r.To.Image) {
		r.To = r.From
		t.planUnchanged(Itself)
	}
}

// staysFacts says before an undo or abort that the planned release stays.
func staysFacts(s State) []Fact {
	if !s.onlyPlanned() {
		return nil
	}
	return []Fact{{"planned", MarkNone, fmt.Sprintf("the release of %s stays planned, with its items as they are", PinnedVersion(s.To.Image))}}
}
