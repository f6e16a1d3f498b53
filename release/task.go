package release

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// Task is a change that leaves the workload alone and may take long: a backup, a Job, a
// command. It has a place of its own beside Pending, so that neither waits for the other:
//
//   - At most one change of the workload and one task are in flight.
//   - A task stands against no undo, abort or other change of the workload, and none of
//     these ends it. What is to wait for it waits for the item that it belongs to.
//   - It is sent once. After a crash it is unknown, and what became of it is found out by
//     looking; it is not made again by itself.
//   - A person's Cancel ends it early. Leaving the console ends only what cannot go on
//     without it.
//   - It belongs to the release in whose record it is, and goes on with that when an undo
//     is made beside it. When a release ends its task does not: it stays in the record.
type Task struct {
	Change  Change    `json:"change"`
	Item    string    `json:"item,omitempty"` // of the checklist: passes or fails with it
	Since   time.Time `json:"since"`
	Unknown bool      `json:"unknown,omitempty"` // the answer was lost, or we were gone
	// Cancelled is who asked to end it.
	Cancelled Actor `json:"cancelled,omitzero"`
}

// Why the context of a task ends before its deadline.
var (
	ErrCancelled = errors.New("cancelled")           // a person asked for it
	ErrLeaving   = errors.New("the console is left") // what can go on without it may, as Lost
)

// Progress is how far a task is. It decides nothing and is not recorded.
type Progress struct {
	ID          string    // of the change
	Text        string    // "dumping table orders"
	Done, Total int64     // Total 0: not known
	Lines       []string  // of its output: those that are new, and in the view the newest of all
	At          time.Time // of the view: when there was progress last
}

// longestTail is how many lines of output of a task are kept.
const longestTail = 200

// findEvery is between two looks for what became of a task whose answer is not known.
const findEvery = 5 * time.Second

// Find is the effect that looks for what became of a task. The answer comes back as Found.
type Find struct{ Change Change }

// Stop is the effect that ends a task early. What became of the task comes back as Done.
type Stop struct{ Change Change }

// Found is what was seen of the task with that ID.
type Found struct {
	ID   string
	Look Look
}

// Progressed is news of the task with that ID.
type Progressed struct{ Progress Progress }

// Cancel ends the task that is in flight.
type Cancel struct{}

func (Find) effect() {}
func (Stop) effect() {}

func (Found) event()      {}
func (Progressed) event() {}

func (Cancel) intent() IntentKind { return DoCancel }

// tasking gives the record that holds the task with that ID for writing: this one, or the
// planned release that goes on after it; nil: there is none.
func (t *turn) tasking(id string) *Record {
	switch planned := t.s.Resumes; {
	case t.s.Task != nil && t.s.Task.Change.ID == id:
		return t.record()
	case planned != nil && planned.Task != nil && planned.Task.Change.ID == id:
		own := *planned
		own.Items = slices.Clone(own.Items)
		t.record().Resumes = &own
		return &own
	}
	return nil
}

// InFlight is the task that is in flight: of the release, or of the planned one that goes
// on after it; nil: there is none.
func (r Record) InFlight() *Task {
	if r.Task == nil && r.Resumes != nil {
		return r.Resumes.Task
	}
	return r.Task
}

// startTask makes a task the one in flight, on behalf of an item.
func (t *turn) startTask(item string, c Change) {
	c.Do = c.Do.decided(t.plan, t.s.View)
	t.record().Task = &Task{Change: c, Item: item, Since: t.now}
	t.s.View.Progress = Progress{ID: c.ID}
	t.settleItem(t.record(), item, Running, Outcome{})
	t.tell(c.By, MarkRunning, c.Describe()+because(c.Why))
	t.do(c)
}

// settleItem writes into an item what has become of its task.
func (t *turn) settleItem(r *Record, id string, status Status, o Outcome) {
	for i := range r.Items {
		if r.Items[i].ID == id && r.Items[i].Status != Waived {
			item := &r.Items[i]
			item.Status, item.Evidence, item.Facts, item.At, item.By = status, o.Text, o.Facts.bounded(), t.now, Itself
		}
	}
}

// taskDone takes the outcome of the task in flight. An answer that is lost is looked for.
func (t *turn) taskDone(o Outcome) {
	r := t.tasking(o.ID)
	if r == nil {
		return
	}
	task := *r.Task
	if o.Kind == Lost {
		if !task.Unknown {
			task.Unknown, task.Since = true, t.now
			r.Task = &task
			t.tell(Itself, MarkUnknown, fmt.Sprintf("%s: no answer (%s); looking for it, not asking twice", task.Change.Describe(), o.Text))
		}
		return
	}
	o.At, o.By, o.Of, o.What = t.now, task.Change.By, task.Change.Kind(), task.Change.Describe()
	r.Task = nil
	t.s.View.Progress = Progress{}
	status, mark, by := Failed, MarkFail, Itself
	text := fmt.Sprintf("%s %s", o.What, o.Kind)
	switch o.Kind {
	case Accepted, Skipped:
		status, mark, by, text = Passed, MarkPass, task.Change.By, o.What+" ✓ done"
	case Cancelled:
		mark, by = MarkAttention, task.Cancelled
	case Moved, Denied, Errored, Lost:
	}
	t.settleItem(r, task.Item, status, o)
	t.tell(by, mark, join(text, o.Text))
}

// taskLeft makes a task unknown that was in flight when a console ended.
func (t *turn) taskLeft() {
	task := t.s.InFlight()
	if task == nil || task.Unknown {
		return
	}
	unknown := *task
	unknown.Unknown = true
	t.tasking(task.Change.ID).Task = &unknown
}

// foundTask takes what was seen of a task whose answer is not known.
func (t *turn) foundTask(e Found) {
	r := t.tasking(e.ID)
	if r == nil || !r.Task.Unknown || e.Look.At.IsZero() || !e.Look.At.After(r.Task.Since) {
		return
	}
	o := Outcome{ID: e.ID, Text: e.Look.Text, Facts: e.Look.Facts}
	switch e.Look.Is {
	case Stands:
		o.Kind = Accepted
	case Broke:
		o.Kind = Errored
	case Undone:
		if e.Look.At.Sub(r.Task.Since) < grace {
			return
		}
		o.Kind, o.Text = Moved, "it was not done; it is not asked again by itself"
		if r.Task.Cancelled != (Actor{}) {
			o.Kind, o.Text = Cancelled, "nothing of it is left"
		}
	case Differs:
		o.Kind = Moved
	case Unclear:
		t.taskUnclear(r, e.Look.Text)
		return
	case Goes:
		t.progressed(Progress{ID: e.ID, Text: e.Look.Text})
		return
	}
	t.taskDone(o)
}

// taskUnclear ends a task of which nobody knows what came. A person looks, and decides.
func (t *turn) taskUnclear(r *Record, text string) {
	task := *r.Task
	r.Task = nil
	t.s.View.Progress = Progress{}
	t.settleItem(r, task.Item, Unknown, Outcome{Text: text})
	t.tell(Itself, MarkUnknown, join(task.Change.Describe()+" unknown: look", text))
}

// progressed keeps the newest news of the task in flight.
func (t *turn) progressed(p Progress) {
	task := t.s.InFlight()
	if task == nil || task.Change.ID != p.ID {
		return
	}
	before := t.s.View.Progress
	if before.ID != p.ID {
		before = Progress{ID: p.ID}
	}
	lines := slices.Concat(before.Lines, p.Lines)
	p.Lines = lines[max(0, len(lines)-longestTail):]
	if p.Text == "" {
		p.Text = before.Text
	}
	if p.Done == 0 && p.Total == 0 {
		p.Done, p.Total = before.Done, before.Total
	}
	p.At = t.now
	t.s.View.Progress = p
}

// find looks, now and then, for a task whose answer is not known.
func (t *turn) find() {
	task := t.s.InFlight()
	if task == nil || !task.Unknown || t.now.Sub(t.s.View.Sought) < findEvery {
		return
	}
	t.s.View.Sought = t.now
	t.do(Find{Change: task.Change})
}

// cancel asks for the end of the task in flight.
func (t *turn) cancel(by Actor) {
	task := *t.s.InFlight()
	r := t.tasking(task.Change.ID)
	task.Cancelled = by
	r.Task = &task
	t.tell(by, MarkAttention, "cancel: "+task.Change.Describe())
	t.do(Stop{Change: task.Change})
}

// blocksCancel says that there is nothing to cancel, or that it is being ended already.
func blocksCancel(s State) []Refusal {
	switch task := s.InFlight(); {
	case task == nil:
		return []Refusal{refusal(RefusedPhase, "nothing is running that could be cancelled")}
	case task.Cancelled != (Actor{}) && !task.Unknown:
		return []Refusal{refusal(RefusedAlready, "it is being cancelled, asked for by "+task.Cancelled.Name)}
	}
	return nil
}

// tasked says that a task is in flight: no release begins meanwhile.
func tasked(s State, now time.Time) Refusal {
	task := s.InFlight()
	if task == nil {
		return Refusal{}
	}
	return waits(RefusedBusy, fmt.Sprintf("%s, begun %s ago, is not over yet", task.Change.Describe(), Age(now.Sub(task.Since))))
}

// cancelChoices is in the list while a task is in flight.
func cancelChoices(plan Plan, s State, now time.Time) []Choice {
	task := s.InFlight()
	if task == nil {
		return nil
	}
	return []Choice{{
		Kind: DoCancel, Intent: Cancel{}, Seen: Seen{Task: task.Change.ID}, Refusals: blocks(plan, s, now, Cancel{}),
		Preview: Preview{Title: "Cancel", Line: "cancel: " + task.Change.Describe()},
	}}
}
