package release

import (
	"maps"
	"slices"
	"time"
)

// Step is the release machine: what follows from an event. It is deterministic
// and total: it returns for every input, and an intent that is not allowed
// yields Refused and changes nothing.
//
// The durable half of the result differs from the input's exactly when its Seq
// is one higher, or its ID is another: then its Seq is 1 or, of a planned release
// that is taken up again, one higher than it was. Such a state must be journalled
// before its effects are performed (invariant 2).
//
// Recorded is the exception: it takes over what is on the disk already, whatever its
// Seq, and has no effects.
func Step(plan Plan, state State, now time.Time, event Event) (State, []Effect) {
	switch e := event.(type) {
	case Recorded:
		return state.recorded(plan, e), nil
	case DrivenBy:
		state.View.Driver = e.Driver
		return state, nil
	}
	if state.View.Elsewhere {
		return watch(plan, state, now, event)
	}
	next, effects := step(plan, state, now, event)
	if next.Phase != state.Phase && (next.Phase == RolledBack || next.Phase == Released) {
		next = next.remember(plan)
	}
	return next, effects
}

func step(plan Plan, state State, now time.Time, event Event) (State, []Effect) {
	t := &turn{plan: plan, now: now, s: state, backwards: now.Before(state.View.Clock)}
	t.s.View.Clock = now

	_, t.wished = event.(Intended)
	t.resume()
	t.alone()

	switch e := event.(type) {
	case Observed:
		t.observed(e.Workload)
	case ObservedCanary:
		t.observedCanary(e.Workload)
	case LostCanary:
		t.s.View.CanaryErr = e.Err
	case ObservedSplit:
		t.observedSplit(e.Split)
	case Sampled:
		t.sampled(e.Samples)
	case Compared:
		t.compared(e)
	case Probed:
		t.probed(e)
	case Linked:
		t.linked(e)
	case Intended:
		t.intended(e)
	case Done:
		t.done(e.Outcome)
	case Identified:
		t.s.View.ClusterUID = e.UID
	case Progressed:
		t.progressed(e.Progress)
	case Found:
		t.foundTask(e)
	case HungUp:
		t.hungUp()
	case Returned:
		t.returned(e)
	case Ticked:
	}
	t.settle()
	t.writeDown()

	if t.dirty {
		switch {
		case t.s.ID == state.ID:
			t.s.Seq = state.Seq + 1
		case state.Resumes != nil && t.s.ID == state.Resumes.ID:
			t.s.Seq = state.Resumes.Seq + 1
		default:
			t.s.Seq = 1
		}
		t.s.Format = RecordFormat
		t.s.ClusterID = t.identity()
	}
	return t.s, t.effects
}

// turn is one call of Step: a working copy of the state and what has been
// decided so far.
type turn struct {
	plan      Plan
	now       time.Time
	backwards bool // the clock went back: decide nothing by itself on this event
	wished    bool // the event is a person's wish
	follows   bool // what is sent now follows from a decision whose evidence has been told
	s         State
	dirty     bool
	effects   []Effect
}

// record gives the durable half for writing. What it points to is replaced,
// never changed in place: the input of Step shares it.
func (t *turn) record() *Record {
	if !t.dirty {
		t.dirty = true
		t.s.Items = slices.Clone(t.s.Items)
	}
	return &t.s.Record
}

func (t *turn) do(e Effect) { t.effects = append(t.effects, e) }

func (t *turn) tell(by Actor, mark Mark, text string) {
	t.do(Tell{By: by, Mark: mark, Text: text})
}

// put writes one entry of a map of the view without changing the input's map.
func put[K comparable, V any](m map[K]V, key K, value V) map[K]V {
	m = maps.Clone(m)
	if m == nil {
		m = map[K]V{}
	}
	m[key] = value
	return m
}

// Live tells whether the workload is fresh enough to decide anything.
func Live(plan Plan, s State, now time.Time) bool {
	link, known := s.View.Links[Kubernetes]
	return (!known || link.OK) && !s.View.Workload.At.IsZero() && now.Sub(s.View.Workload.At) <= plan.Stale.Workload
}

// settle draws the conclusions that follow from the state as it is, whatever
// the event was. The order matters: first what became of the change in flight,
// then how far the rollout is, then the checklist, then what to do about it.
func (t *turn) settle() {
	if t.backwards {
		return
	}
	if Live(t.plan, t.s, t.now) {
		t.reconcile()
		t.others()
		t.converge()
		t.steer()
	}
	t.windows()
	t.missing()
	t.check()
	t.forget()
	t.answer()
	t.finish()
	t.probe()
	t.find()
}
