package release_test

import (
	"testing"
	"time"

	"datahub.io/slipway/release"
)

// An undo by weights ends with the earlier version on stable and no canary, whatever
// comes in between at any moment of it: a crash, an impatient key, pods that are late
// or gone, an object that cannot be read, changes that are refused or unanswered.
func TestUndoByWeightsAnywhere(t *testing.T) {
	t.Parallel()
	stages := map[release.CanaryStage]int{}
	for name, trouble := range map[string]func(m *canaryMachine){
		"nothing": func(*canaryMachine) {},
		"key":     func(m *canaryMachine) { m.step(t, m.asked(release.Undo{})) },
		"late": func(m *canaryMachine) {
			for range 20 {
				m.story.canary.Available = 0
				m.looking(t)
			}
		},
		"no pods":  func(m *canaryMachine) { m.story.canary.Available = 0; m.looking(t) },
		"no route": func(m *canaryMachine) { m.story.split.Err = "missing"; m.looking(t) },
		"gone":     func(m *canaryMachine) { m.story.canary = release.Workload{}; m.looking(t) },
		"weight":   func(m *canaryMachine) { m.story.split.Canary = 40; m.looking(t) },
		"refused":  func(m *canaryMachine) { m.answered(t, release.Denied, false) },
		"lost":     func(m *canaryMachine) { m.answered(t, release.Lost, false); m.waiting(t) },
		"landed":   func(m *canaryMachine) { m.answered(t, release.Lost, true); m.waiting(t) },
		"crash":    func(m *canaryMachine) { m.crashed(t) },
		"crash, not sent": func(m *canaryMachine) {
			m.inFlight = nil
			m.crashed(t)
			m.waiting(t)
		},
	} {
		for at := range 15 {
			m := undoing(t, stages)
			m.known = name != "nothing" // whose runs check the way until then
			for i := 0; i < 90 && (i <= at || m.state.Phase != release.RolledBack); i++ {
				if m.known = m.known && i < at; i == at && !m.removing() {
					trouble(m)
				}
				m.smoothly(t)
				switch {
				case m.state.Held != nil && m.state.Held.Kind == release.HeldOnReturn:
					m.step(t, m.asked(release.Continue{}))
				case m.state.Phase == release.Idle && m.state.Pending == nil:
					m.step(t, m.asked(release.Undo{})) // the first change was not made: it is offered again
				}
			}
			left := m.story.canary.Found && m.story.canary.Desired > 0
			if m.state.Phase != release.RolledBack || m.story.split.Canary != 0 || m.story.cluster.Version("gateway") != "v2.4.0" || left && name != "gone" {
				t.Fatalf("%s at %d: %s, %+v, held %+v, %d%% on a canary of %d pods, stable %s", name, at, m.state.Phase, m.state.Canary, m.state.Held,
					m.story.split.Canary, m.story.canary.Desired, m.story.cluster.Version("gateway"))
			}
		}
	}
	for _, stage := range []release.CanaryStage{release.Creating, release.Shifting, release.Restoring, release.Returning, release.Removing, release.Gone} {
		if stages[stage] == 0 {
			t.Errorf("no run has come to %q", stage)
		}
	}
}

// What someone else deploys to stable meanwhile is not overwritten, at no moment.
func TestUndoByWeightsIsOvertaken(t *testing.T) {
	t.Parallel()
	for at := range 40 {
		m := undoing(t, nil)
		m.goes(t, at)
		if m.state.Phase == release.RolledBack {
			return
		}
		guarded := m.inFlight != nil && m.inFlight.Kind() == release.OpUndoTo // the patch tests what it was made from
		m.stable("v2.9.9", 6)
		if guarded {
			m.answered(t, release.Moved, false)
		}
		for range 40 {
			m.looking(t)
			m.smoothly(t)
		}
		if got := m.story.cluster.Version("gateway"); got != "v2.9.9" || m.state.Held == nil && m.state.Phase != release.RolledBack {
			t.Fatalf("at %d: stable runs %s, %s, held %+v, %+v", at, got, m.state.Phase, m.state.Held, m.state.Canary)
		}
	}
	t.Fatal("it never came to its end")
}

// Of a version whose pods do not come up again nobody says that it is back.
func TestUndoByWeightsIsNotBackBeforeItServes(t *testing.T) {
	t.Parallel()
	for at := 0; ; at++ {
		m := undoing(t, nil)
		m.goes(t, at)
		if m.removing() {
			return
		}
		for range 120 {
			m.story.canary.Available, m.story.canary.Deadline = 0, time.Minute
			if c := m.inFlight; c != nil {
				m.answered(t, release.Accepted, true)
			}
			if m.story.cluster.Version("gateway") == "v2.4.0" {
				m.stable("v2.4.0", 0)
			}
			m.looking(t)
		}
		if m.story.cluster.Version("gateway") != "v2.4.0" || m.state.Phase == release.RolledBack {
			t.Fatalf("at %d: %s, stable runs %s with %d pods: %+v", at, m.state.Phase, m.story.cluster.Version("gateway"), m.story.cluster.Available, m.state.Canary)
		}
	}
}

// undoing is a machine on which v2.5.0 serves, and is just being undone by weights.
func undoing(t *testing.T, stages map[release.CanaryStage]int) *canaryMachine {
	m := newCanaryMachine(true, release.Rollback{OnDeadline: release.Ask, OnMetrics: release.Ask, After: 2})
	m.plan.Canary.UndoByWeights, m.once = true, true
	m.looking(t)
	m.stable("v2.5.0", 6)
	m.looking(t)
	m.reached = stages
	m.step(t, m.asked(release.Undo{}))
	if m.inFlight == nil || !isApply(*m.inFlight, template("v2.4.0").Hash) {
		t.Fatalf("an undo by weights began with %+v", m.inFlight)
	}
	return m
}

// removing tells whether the pods beside stable are going already, or gone.
func (m *canaryMachine) removing() bool {
	run := m.state.Canary
	return m.state.Phase == release.RolledBack || run != nil && run.Way.Undoes() && run.Stage == release.Removing
}

// answered ends the change in flight, if there is one.
func (m *canaryMachine) answered(t *testing.T, kind release.OutcomeKind, landed bool) {
	c := m.inFlight
	if c == nil {
		return
	}
	if landed {
		m.land(*c)
	}
	m.inFlight = nil
	m.step(t, release.Done{Outcome: release.Outcome{ID: c.ID, Kind: kind, Generation: m.story.cluster.Generation}})
}

// waiting looks until what was asked for counts as not done.
func (m *canaryMachine) waiting(t *testing.T) {
	for range 20 {
		m.well()
		m.looking(t)
	}
}

// crashed is killed, and looks again.
func (m *canaryMachine) crashed(t *testing.T) {
	m.state.View = startsAgain(m.state.View)
	m.now = m.now.Add(time.Second)
	m.step(t, release.Returned{By: eng})
	m.looking(t)
}

// That what is being left makes no progress is no trouble of the way back from it.
func TestUndoByWeightsOfAStuckRollout(t *testing.T) {
	m := undoing(t, nil)
	for range 60 {
		m.smoothly(t)
		m.now = m.now.Add(time.Second)
		look := m.story.look()
		look.At = m.now
		if look.Version("gateway") == "v2.5.0" {
			look.Updated, look.Progressing = 2, release.Condition{Status: "False", Reason: "ProgressDeadlineExceeded", Updated: m.now}
		}
		m.step(t, release.Observed{Workload: look})
		if m.state.Overdue() {
			t.Fatalf("overdue in %s", m.state.Canary.Stage)
		}
	}
	if m.state.Phase != release.RolledBack {
		t.Fatalf("%s: %+v, held %+v", m.state.Phase, m.state.Canary, m.state.Held)
	}
}

// isApply tells whether a change applies the canary with a pod template.
func isApply(c release.Change, template string) bool {
	op, ok := c.Do.(release.ApplyCanary)
	return ok && op.Template == template
}
