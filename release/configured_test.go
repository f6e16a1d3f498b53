package release_test

import (
	"strings"
	"testing"
	"time"

	"datahub.io/slipway/release"
)

// An entry keeps what a report needs and cannot find out later: the command of each
// change, and, in the first one, what was asked for.
func TestEntriesKeepWhatAReportNeeds(t *testing.T) {
	w := baking(t)
	before := w.state
	for _, c := range release.Allowed(w.plan, before, w.now) {
		if c.Kind != release.DoAbort || !c.OK() {
			continue
		}
		event := release.Intended{Intent: c.Intent, Seen: c.Seen, By: eng, ID: "x"}
		next, effects := release.Step(w.plan, before, w.now, event)
		e := release.EntryOf(w.plan, before, next, event, effects, nil, w.now)
		if len(e.Effects) != 1 || len(e.Commands) != 1 || !strings.HasPrefix(e.Commands[0], "kubectl --context ") || e.Configured != nil || e.By != eng {
			t.Errorf("%+v", e)
		}
		first := release.EntryOf(w.plan, release.State{}, release.State{Record: release.Record{ID: "new", Seq: 1}}, release.Ticked{}, nil, nil, w.now)
		if a := first.Configured; a == nil || len(a.Items) != len(w.plan.Items) || len(a.Metrics) != len(w.plan.Metrics) || a.Metrics[0].High == 0 || len(a.Steps) == 0 {
			t.Errorf("asked: %+v", a)
		}
		return
	}
	t.Fatal("no abort is allowed")
}

// Readings are kept from the planned release until some minutes after its end, of what
// is fresh, by the console that leads it.
func TestReadingsAreOfWhatIsFresh(t *testing.T) {
	w := baking(t)
	w.run(t, datadrivenOf(t, "metric errorRate=0.02%"))
	r, ok := release.ReadingOf(w.plan, w.state, w.now)
	if !ok || r.All[release.ErrorRate] == 0 || r.Canary[release.ErrorRate] == 0 || r.Stable[release.ErrorRate] == 0 || r.Weight == nil || *r.Weight != 10 || len(r.Pods) == 0 {
		t.Errorf("%+v, %v", r, ok)
	}
	later := w.now.Add(time.Hour)
	if r, ok := release.ReadingOf(w.plan, w.state, later); !ok || len(r.All)+len(r.Canary)+len(r.Stable) != 0 {
		t.Errorf("what is old was kept: %+v, %v", r, ok)
	}
	over := w.state
	over.Phase, over.Ended = release.Released, w.now
	if _, ok := release.ReadingOf(w.plan, over, w.now.Add(9*time.Minute)); !ok {
		t.Error("nothing is kept after the end")
	}
	if _, ok := release.ReadingOf(w.plan, over, w.now.Add(11*time.Minute)); ok {
		t.Error("it is kept for ever")
	}
	looking := w.state
	looking.View.Elsewhere = true
	if _, ok := release.ReadingOf(w.plan, looking, w.now); ok {
		t.Error("an onlooker keeps them as well")
	}
	if _, ok := release.ReadingOf(w.plan, release.State{}, w.now); ok {
		t.Error("they are kept of no release")
	}
}
