package release_test

import (
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"

	"datahub.io/slipway/release"
)

var another = &release.Driver{Name: "eng-a", Version: "v2.5.0", Local: true}

// onlooker is another console on the release of w.
func onlooker(w *world) *world {
	o := *w
	o.state = release.State{View: release.View{Driver: another}}
	return &o
}

func (w *world) sees(event release.Event) []release.Effect {
	next, effects := release.Step(w.plan, w.state, w.now, event)
	w.state = next
	return effects
}

// baking is a canary that bakes at 10%, with its driver's record.
func baking(t *testing.T) *world {
	t.Helper()
	w := newWorld()
	w.setup(t, &datadriven.TestData{Cmd: "new", CmdArgs: []datadriven.CmdArg{{Key: "canary"}}})
	w.arrive(t, &datadriven.TestData{Cmd: "at", CmdArgs: []datadriven.CmdArg{{Key: "baking"}}})
	if w.state.Canary == nil || w.state.Canary.Stage != release.Baking {
		t.Fatalf("not baking: %+v", w.state.Canary)
	}
	return w
}

// A console that looks on shows the driver's checklist and canary as they are recorded,
// whatever it sees itself, and decides nothing.
func TestAnOnlookerShowsTheDriversRecord(t *testing.T) {
	w := baking(t)
	o := onlooker(w)
	for _, event := range []release.Event{release.Observed{Workload: w.look()}, release.ObservedCanary{Workload: w.lookCanary()}, release.ObservedSplit{Split: w.lookSplit()}} {
		o.sees(event)
	}
	o.sees(release.Recorded{Record: w.state.Record, Elsewhere: true})
	for i := range 120 {
		o.now = o.now.Add(time.Second)
		w.cluster.At, w.canary.At, w.split.At = o.now, o.now, o.now
		for _, event := range []release.Event{
			release.Observed{Workload: w.cluster}, release.ObservedCanary{Workload: w.canary}, release.ObservedSplit{Split: w.split},
			release.Sampled{Samples: []release.Sample{{Metric: release.ErrorRate, At: o.now, Value: 0.5}}}, release.Ticked{},
		} {
			for _, effect := range o.sees(event) {
				if change, ok := effect.(release.Change); ok {
					t.Fatalf("after %ds it sends %+v", i, change)
				}
			}
			if o.state.Seq != w.state.Seq || o.state.ID != w.state.ID || !o.state.View.Elsewhere {
				t.Fatalf("after %ds its record is %d of %q, the driver's %d", i, o.state.Seq, o.state.ID, w.state.Seq)
			}
		}
	}
	if o.state.Canary.Stage != release.Baking || len(o.state.Items) != len(w.state.Items) || o.state.Items[0].Status != release.Passed {
		t.Errorf("it shows %+v, %+v", o.state.Canary, o.state.Items)
	}
	if h := release.HeadlineOf(o.plan, o.state, o.now); strings.Contains(h.Strong, "no release") {
		t.Errorf("headline: %+v", h)
	}
}

// Its keys are those of a console without a release: all refused but the way back, which
// is a record of its own and leaves the driver's alone.
func TestAnOnlookerMayOnlyGoBack(t *testing.T) {
	w := baking(t)
	o := onlooker(w)
	for _, event := range []release.Event{release.Observed{Workload: w.look()}, release.ObservedCanary{Workload: w.lookCanary()}, release.ObservedSplit{Split: w.lookSplit()}} {
		o.sees(event)
	}
	bare := o.state
	o.sees(release.Recorded{Record: w.state.Record, Elsewhere: true})
	back := 0
	for _, c := range release.Allowed(o.plan, o.state, o.now) {
		switch {
		case c.Kind == release.DoUndo, c.Kind == release.DoAbort:
			if c.OK() {
				back++
			}
		case c.OK():
			t.Errorf("%s %s is allowed", c.Kind, c.Item)
		}
		if c.OK() != allowedOf(release.Allowed(o.plan, bare, o.now), c) {
			t.Errorf("%s %s: another answer than without the record", c.Kind, c.Item)
		}
	}
	if back == 0 {
		t.Fatal("no way back is allowed")
	}
	o.sees(release.Intended{Intent: release.HoldOn{}, By: eng, ID: "x"})
	if o.state.ID != w.state.ID || o.state.Seq != w.state.Seq || o.state.Held != nil {
		t.Errorf("a hold was taken: %+v", o.state.Record)
	}
	for _, c := range release.Allowed(o.plan, o.state, o.now) {
		if c.Kind == release.DoAbort && c.OK() {
			o.sees(release.Intended{Intent: c.Intent, Seen: c.Seen, By: release.Actor{Name: "eng-b"}, ID: "own"})
			break
		}
	}
	if o.state.ID != "own" || o.state.Phase != release.RollingBack || o.state.View.Elsewhere {
		t.Fatalf("its own abort: %q %s, elsewhere %v", o.state.ID, o.state.Phase, o.state.View.Elsewhere)
	}
	driver := w.state.Record
	driver.Seq++
	o.sees(release.Recorded{Record: driver, Elsewhere: true})
	if o.state.ID != "own" {
		t.Error("the driver's record was put over its own")
	}
}

func allowedOf(choices []release.Choice, of release.Choice) bool {
	for _, c := range choices {
		if c.Kind == of.Kind && c.Item == of.Item && c.Seen == of.Seen {
			return c.OK()
		}
	}
	return false
}

// A record that changed under its own console is taken over; one of a release that it
// has let go of is not.
func TestAChangedRecordIsTakenOver(t *testing.T) {
	w := baking(t)
	newer := w.state.Record
	newer.Seq, newer.Held = newer.Seq+7, &release.Hold{Kind: release.HeldByHand, Reason: "eng-b held it"}
	if effects := w.sees(release.Recorded{Record: newer}); len(effects) != 0 || w.state.Seq != newer.Seq || w.state.Held == nil || w.state.View.Elsewhere {
		t.Errorf("%d of %+v, effects %v", w.state.Seq, w.state.Held, effects)
	}
	w.sees(release.Intended{Intent: release.Continue{}, By: eng, Seen: release.Seen{Held: w.state.Held.At}, ID: "y"})
	if w.state.Held != nil || w.state.Seq != newer.Seq+1 {
		t.Errorf("then continue: %d, %+v", w.state.Seq, w.state.Held)
	}
	other := newer
	other.ID, other.Seq = "another", 90
	if w.sees(release.Recorded{Record: other}); w.state.ID == "another" {
		t.Error("a record of another release was taken over")
	}
}
