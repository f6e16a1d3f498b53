package engine

import (
	"context"
	"strings"
	"testing"
	"time"

	"datahub.io/slipway/release"
)

// deaf is a prober whose look for one item never comes back, whatever its context says.
type deaf struct{ asked chan string }

func (d deaf) Probe(_ context.Context, spec release.ItemSpec, _ release.State) release.Result {
	d.asked <- spec.ID
	if spec.ID == "hangs" {
		select {}
	}
	return release.Result{At: time.Now(), Verdict: release.Pass, Short: "200"}
}

// A probe that never comes back delays no other, is not sent again on top of itself, and
// is no data when its time is up.
func TestAProbeThatHangs(t *testing.T) {
	prober := deaf{make(chan string, 100)}
	item := func(id string) release.ItemSpec {
		return release.ItemSpec{ID: id, Type: release.ItemHTTP, Settings: release.HTTPCheck{URL: "http://x"}}
	}
	e := New(Options{Plan: release.Plan{Items: []release.ItemSpec{item("hangs"), item("answers")}}, Prober: prober})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	e.ctx = ctx
	next := func() release.Probed {
		t.Helper()
		for {
			select {
			case message := <-e.events:
				switch m := message.(type) {
				case release.Probed:
					return m
				default:
					e.handle(m)
				}
			case <-time.After(20 * time.Second):
				t.Fatal("no answer")
			}
		}
	}
	for _, id := range []string{"hangs", "answers"} {
		e.probe(release.Probe{Item: id, Of: "r"})
	}
	if got := next(); got.Item != "answers" || got.Of != "r" || got.Result.Verdict != release.Pass {
		t.Fatalf("%+v", got)
	}
	e.probe(release.Probe{Item: "hangs", Of: "r"})
	if got := next(); got.Item != "hangs" || got.Result.Verdict != release.NoData || !strings.Contains(got.Result.Detail, "has not come back") {
		t.Fatalf("%+v", got)
	}
	if got := next(); got.Item != "hangs" || got.Result.Verdict != release.NoData || !strings.Contains(got.Result.Detail, "no answer within 5s") {
		t.Fatalf("%+v", got)
	}
	if n := len(prober.asked); n != 2 {
		t.Errorf("%d looks", n)
	}
}
