package release_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"datahub.io/slipway/release"
)

// tasked is a planned release with a task in flight for its first item.
func tasked(t *testing.T) *world {
	t.Helper()
	w := newWorld()
	w.revision["v2.3.0"] = 1
	items := w.plan.Items
	beside(w, gateway24)
	w.plan.Items = items
	w.cluster.Generation, w.cluster.Observed, w.cluster.Updated, w.cluster.Replicas, w.cluster.Available = 1, 1, 6, 6, 6
	w.revisions(true)
	w.took(release.Observed{Workload: w.look()})
	w.wish(release.Begin{Version: "v2.5.0"})
	w.state, _ = release.StartTask(w.plan, w.state, w.now, w.plan.Items[0].ID, release.Change{ID: "t-1", By: eng, Do: release.Pretend{Name: "a backup"}})
	w.now = w.now.Add(time.Second)
	if w.state.Task == nil || w.state.Items[0].Status != release.Running {
		t.Fatalf("%+v", w.state.Record)
	}
	return w
}

// took steps once, and gives the effects.
func (w *world) took(event release.Event) []release.Effect {
	next, effects := release.Step(w.plan, w.state, w.now, event)
	w.state, w.now = next, w.now.Add(time.Second)
	return effects
}

func ended(kind release.OutcomeKind, text string) release.Done {
	return release.Done{Outcome: release.Outcome{ID: "t-1", Kind: kind, Text: text, Facts: release.Facts{release.FactLink: "file:///b"}}}
}

// What comes of a task is what comes of its item.
func TestTaskSettlesItsItem(t *testing.T) {
	for kind, want := range map[release.OutcomeKind]release.Status{
		release.Accepted: release.Passed, release.Skipped: release.Passed, release.Errored: release.Failed,
		release.Denied: release.Failed, release.Moved: release.Failed, release.Cancelled: release.Failed,
	} {
		w := tasked(t)
		w.took(ended(kind, "12 MiB"))
		item := w.state.Items[0]
		if w.state.Task != nil || item.Status != want || item.Evidence != "12 MiB" || item.Fact(release.FactLink) == "" && want == release.Passed {
			t.Errorf("%s: %+v, %+v", kind, w.state.Task, item)
		}
		before := w.state.Seq
		w.took(ended(release.Denied, "late"))
		if w.state.Seq != before || w.state.Items[0].Evidence != "12 MiB" {
			t.Errorf("%s: a late outcome changed %+v", kind, w.state.Items[0])
		}
	}
}

// Progress decides nothing, is not recorded, and its output is bounded.
func TestTaskTellsOfItsProgress(t *testing.T) {
	w := tasked(t)
	seq := w.state.Seq
	for i := range 300 {
		w.took(release.Progressed{Progress: release.Progress{ID: "t-1", Text: "dumping", Done: int64(i), Total: 300, Lines: []string{"a", "b"}}})
	}
	w.took(release.Progressed{Progress: release.Progress{ID: "another", Text: "lies"}})
	p := w.state.View.Progress
	if w.state.Seq != seq || p.Text != "dumping" || p.Done != 299 || len(p.Lines) != 200 || p.At.IsZero() {
		t.Errorf("seq %d after %d: %s %d, %d lines", w.state.Seq, seq, p.Text, p.Done, len(p.Lines))
	}
}

// No undo, abort, hold or pause waits for a task, and none of them ends it.
func TestTaskStandsAgainstNoUndo(t *testing.T) {
	w := tasked(t)
	free := tasked(t)
	free.took(ended(release.Accepted, ""))
	for _, kind := range []release.IntentKind{release.DoUndo, release.DoAbort, release.DoHold, release.DoPause, release.DoAbandon} {
		if refused(w, kind) != refused(free, kind) {
			t.Errorf("%s: %q with a task, %q without", kind, refused(w, kind), refused(free, kind))
		}
	}
	change, told := w.wish(release.Undo{Revision: 1})
	if change.Kind() != release.OpUndoTo {
		t.Fatalf("an undo is not sent: %s", told)
	}
	if task := w.state.InFlight(); task == nil || w.state.Pending == nil || w.state.Resumes == nil {
		t.Fatalf("%+v", w.state.Record)
	}
	// It ends beside the undo, and the planned release has what came of it.
	w.took(ended(release.Accepted, "12 MiB"))
	if item := w.state.Resumes.Items[0]; w.state.InFlight() != nil || item.Status != release.Passed {
		t.Errorf("%+v", item)
	}
}

func refused(w *world, kind release.IntentKind) string {
	for _, c := range release.Allowed(w.plan, w.state, w.now) {
		if c.Kind == kind {
			return c.Refusal().Text
		}
	}
	return "not listed"
}

// No other release begins before the task is over: its answer would be another's.
func TestTaskOutlivesItsRelease(t *testing.T) {
	w := tasked(t)
	w.wish(release.Abandon{})
	if w.state.Phase != release.Abandoned || w.state.Task == nil {
		t.Fatalf("%s, %+v", w.state.Phase, w.state.Task)
	}
	if why := refused(w, release.DoBegin); !strings.Contains(why, "pretend a backup") {
		t.Errorf("begin: %q", why)
	}
	w.took(ended(release.Accepted, ""))
	if why := refused(w, release.DoBegin); w.state.Task != nil || why != "" {
		t.Errorf("begin: %q", why)
	}
}

// A person cancels it, once; the record says who.
func TestTaskIsCancelled(t *testing.T) {
	w := tasked(t)
	seen := release.SeenBy(w.plan, w.state, w.now, release.Cancel{})
	effects := w.took(release.Intended{Intent: release.Cancel{}, By: eng, ID: "w", Seen: seen})
	stopped := slices.ContainsFunc(effects, func(e release.Effect) bool { s, ok := e.(release.Stop); return ok && s.Change.ID == "t-1" })
	if !stopped || w.state.Task.Cancelled != eng {
		t.Fatalf("%+v, %+v", effects, w.state.Task)
	}
	if why := refused(w, release.DoCancel); !strings.Contains(why, "eng-a") {
		t.Errorf("again: %q", why)
	}
	w.took(ended(release.Cancelled, "nothing is left"))
	if w.state.Task != nil || refused(w, release.DoCancel) != "not listed" {
		t.Errorf("%+v", w.state.Task)
	}
}

// After a crash it is looked for and never made again.
func TestTaskIsFoundAfterACrash(t *testing.T) {
	for is, want := range map[release.Standing]release.Status{
		release.Stands: release.Passed, release.Broke: release.Failed, release.Undone: release.Failed, release.Differs: release.Failed,
		release.Goes: release.Running,
	} {
		w := tasked(t)
		text, err := json.Marshal(w.state.Record)
		if err != nil {
			t.Fatal(err)
		}
		w.state = release.State{}
		if err := json.Unmarshal(text, &w.state.Record); err != nil {
			t.Fatal(err)
		}
		sought := 0
		for i := range 12 {
			event := release.Event(release.Ticked{})
			if i == 0 {
				event = release.Returned{By: eng}
			}
			for _, e := range w.took(event) {
				switch e := e.(type) {
				case release.Find:
					sought++
				case release.Change:
					t.Fatalf("%s: %s was sent again", is, e.Kind())
				}
			}
		}
		if sought != 3 || !w.state.Task.Unknown {
			t.Fatalf("%s: looked for %d times in 12 s, %+v", is, sought, w.state.Task)
		}
		w.now = w.now.Add(time.Minute)
		w.took(release.Found{ID: "t-1"}) // cannot be seen now
		if w.state.Task == nil {
			t.Fatalf("%s: unseen, and over", is)
		}
		w.took(release.Found{ID: "t-1", Look: release.Look{At: w.now, Is: is, Text: "found"}})
		if item := w.state.Items[0]; item.Status != want || (w.state.Task == nil) != (is != release.Goes) {
			t.Errorf("%s: %s, %+v", is, item.Status, w.state.Task)
		}
	}
}

// Beside a task the release goes as it goes, and the task stays what it is until it is
// answered: in the record of the release or of the one that comes back.
func TestInvariantsBesideATask(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := newMachine(t)
		m.prologue(t)
		for range rapid.IntRange(1, 80).Draw(t, "events") {
			before := m.state.InFlight()
			event := m.event(t)
			switch draw := rapid.IntRange(0, 9).Draw(t, "task"); {
			case before == nil && draw == 0 && m.state.ID != "" && !m.state.Phase.Over():
				m.state, _ = release.StartTask(m.plan, m.state, m.now, "customer", release.Change{ID: "t-1", By: eng, Do: release.Pretend{Name: "a backup"}})
				continue
			case before != nil && draw == 0:
				kinds := []release.OutcomeKind{release.Accepted, release.Errored, release.Lost, release.Cancelled}
				event = release.Done{Outcome: release.Outcome{ID: "t-1", Kind: rapid.SampledFrom(kinds).Draw(t, "outcome")}}
			case before != nil && draw == 1:
				event = release.Intended{Intent: release.Cancel{}, By: eng, ID: "cancel", Seen: release.SeenBy(m.plan, m.state, m.now, release.Cancel{})}
			case before != nil && draw == 2:
				is := rapid.SampledFrom([]release.Standing{release.Stands, release.Undone, release.Goes, release.Broke, release.Differs}).Draw(t, "is")
				event = release.Found{ID: "t-1", Look: release.Look{At: m.now, Is: is}}
			}
			m.step(t, event)
			after := m.state.InFlight()
			_, done := event.(release.Done)
			_, found := event.(release.Found)
			if before != nil && after == nil && !done && !found {
				t.Fatalf("the task was lost on %#v", event)
			}
		}
	})
}
