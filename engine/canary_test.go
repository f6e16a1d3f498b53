package engine

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"datahub.io/slipway/release"
)

// split is the fake cluster with a canary beside it, which does what it is told.
type split struct {
	*cluster
	mu     sync.Mutex
	canary release.Workload
	weight int
	asked  []release.OpKind
}

func (s *split) Watch(ctx context.Context, emit func(release.Event)) {
	for ctx.Err() == nil {
		stable, now := s.look, time.Now()
		s.mu.Lock()
		canary, divided := s.canary, release.Split{At: now, Canary: s.weight, Rest: "rest"}
		s.mu.Unlock()
		stable.At, canary.At = now, now
		emit(release.Observed{Workload: stable})
		emit(release.ObservedCanary{Workload: canary})
		emit(release.ObservedSplit{Split: divided})
		time.Sleep(20 * time.Millisecond)
	}
}

func (s *split) Apply(_ context.Context, c release.Change) release.Outcome {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked = append(s.asked, c.Kind())
	switch do := c.Do.(type) {
	case release.ApplyCanary:
		s.pods(do.Replicas)
	case release.ScaleCanary:
		s.pods(do.Replicas)
	case release.SetWeight:
		s.weight = do.Weight
	}
	return release.Outcome{Kind: release.Accepted, Generation: 1}
}

// pods gives the canary that many.
func (s *split) pods(n int) {
	s.canary = release.Workload{
		Found: true, UID: "canary", Generation: 1, Observed: 1, Desired: n, Replicas: n, Updated: n, Ready: n, Available: n,
		Containers: []release.Container{{Name: "gateway", Image: "registry/gateway:v2.5.0"}}, Template: template("v2.5.0"),
	}
}

func (s *split) changes() []release.OpKind {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.asked)
}

// compared keeps what it was told to compare.
type compared struct {
	figures
	mu   sync.Mutex
	told []release.Comparing
}

func (c *compared) Compare(of release.Comparing) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.told = append(c.told, of)
}

// newCanaryRig is a rig whose canary of v2.5.0 has been deployed, and whose first
// weight is live.
func newCanaryRig(t *testing.T) (*rig, *split, *compared) {
	t.Helper()
	s, figures := &split{}, &compared{}
	r := newRig(t, func(o *Options) {
		s.cluster = o.Cluster.(*cluster)
		s.look.Pods = []release.Pod{{Name: "a", Revision: 2, State: release.PodServing}}
		o.Cluster, o.Metrics, o.Version = s, figures, "v2.5.0"
		o.Plan.Canary = &release.CanaryPlan{Deployment: "gateway-canary", Route: "virtualservice/gateway", Steps: []int{10, 100}, Bake: time.Hour, Pods: 1}
	})
	r.want(t, release.Deploy{})
	r.until(t, "live", func(f release.Frame) bool { return f.State.Canary != nil && f.State.Canary.Stage == release.Baking })
	return r, s, figures
}

// Prometheus is told what to compare before the weight is live, anew when it is, and
// to compare nothing once the canary goes back.
func TestComparesWhileItIsJudged(t *testing.T) {
	t.Parallel()
	r, _, figures := newCanaryRig(t)
	run := *r.frame.State.Canary
	r.want(t, release.Abort{})
	r.until(t, "going back", func(f release.Frame) bool { return f.State.Phase == release.RollingBack })
	figures.mu.Lock()
	defer figures.mu.Unlock()
	if len(figures.told) != 3 {
		t.Fatalf("told %+v", figures.told)
	}
	shifting, live, none := figures.told[0], figures.told[1], figures.told[2]
	if !shifting.On || shifting.Canary != "v2.5.0" || shifting.Stable != "v2.4.0" {
		t.Errorf("shifting: %+v", shifting)
	}
	if !live.On || !live.Since.Equal(run.Live) || live.Canary != "v2.5.0" || live.Stable != "v2.4.0" {
		t.Errorf("live since %s: %+v", run.Live, live)
	}
	if none != (release.Comparing{}) {
		t.Errorf("going back: %+v", none)
	}
}

// A person's abort goes on although it cannot be written down, with all that follows
// from it, and says so; it is written when that is possible again.
func TestAbortGoesOnUnrecorded(t *testing.T) {
	t.Parallel()
	r, s, _ := newCanaryRig(t)
	r.book.fail(errors.New("no space left on device"))
	r.want(t, release.Abort{})
	r.takenBack(t, s, "abort")
}

// So does the rest of a way back that is in the record.
func TestWayBackGoesOnUnrecorded(t *testing.T) {
	t.Parallel()
	r, s, _ := newCanaryRig(t)
	r.want(t, release.Abort{})
	r.until(t, "no traffic", func(f release.Frame) bool {
		return f.State.Phase == release.RollingBack && f.State.View.Split.Canary == 0 && f.State.Pending == nil
	})
	if last := r.book.last().Record; last.Phase != release.RollingBack {
		t.Fatalf("the journal ends in %s", last.Phase)
	}
	r.book.fail(errors.New("no space left on device"))
	r.takenBack(t, s, "way back of the canary")
}

// takenBack waits for the end of a canary that goes back on a full disk.
func (r *rig) takenBack(t *testing.T, s *split, what string) {
	t.Helper()
	r.until(t, "back", func(f release.Frame) bool { return f.State.Phase == release.RolledBack })
	want := []release.OpKind{release.OpApplyCanary, release.OpSetWeight, release.OpSetWeight, release.OpScaleCanary}
	if got := s.changes(); !slices.Equal(got, want) {
		t.Errorf("changes %v, want %v", got, want)
	}
	told := 0
	for _, line := range r.frame.Activity {
		if strings.HasPrefix(line.Text, "NOT RECORDED: continuing with the "+what+" anyway: no space left on device") {
			told++
		}
	}
	if told != 1 {
		t.Errorf("it is said %d times", told)
	}
	r.book.fail(nil)
	r.until(t, "written", func(release.Frame) bool { return r.book.last().Record.Phase == release.RolledBack })
}

// A canary's looks are shown at once when they show something new; what only ages is
// shown with the next tick.
func TestCanaryIsShownAtOnce(t *testing.T) {
	now := time.Now()
	at := func(seconds int) time.Time { return now.Add(time.Duration(seconds) * time.Second) }
	o := Options{
		Plan:  release.Plan{Deployment: "gateway", Container: "gateway", Canary: &release.CanaryPlan{Deployment: "gateway-canary", Route: "virtualservice/gateway", Steps: []int{10, 100}}},
		Clock: func() time.Time { return now },
	}
	e := New(o)
	for _, c := range []struct {
		what  string
		event release.Event
		shows bool
	}{
		{"the canary's first look", release.ObservedCanary{Workload: release.Workload{At: at(0), Found: true, ResourceVersion: "1"}}, true},
		{"the same later", release.ObservedCanary{Workload: release.Workload{At: at(1), Found: true, ResourceVersion: "1"}}, false},
		{"a change of it", release.ObservedCanary{Workload: release.Workload{At: at(2), Found: true, ResourceVersion: "2"}}, true},
		{"the split's first look", release.ObservedSplit{Split: release.Split{At: at(0)}}, true},
		{"the same later", release.ObservedSplit{Split: release.Split{At: at(1)}}, false},
		{"a weight", release.ObservedSplit{Split: release.Split{At: at(2), Canary: 10}}, true},
		{"an older look", release.ObservedSplit{Split: release.Split{At: at(1), Canary: 5}}, false},
		{"what stands in the way", release.ObservedSplit{Split: release.Split{At: at(3), Canary: 10, Blocked: []string{"no service"}}}, true},
		{"a split that cannot be read", release.ObservedSplit{Split: release.Split{At: at(4), Err: "gone"}}, true},
	} {
		if shows := e.handle(c.event); shows != c.shows {
			t.Errorf("%s: shown at once %v, want %v", c.what, shows, c.shows)
		}
	}
	if got := e.state.View; got.Canary.ResourceVersion != "2" || got.Split.Err != "gone" {
		t.Errorf("kept %+v %+v", got.Canary, got.Split)
	}
}
