package release

import (
	"fmt"
	"time"
)

// Limits of what a restart says about a version.
const (
	steadyAfter     = 5 * time.Minute // without a restart a pod counts as steady: one that leaks serves between two kills
	startUp         = 2 * time.Minute // after its creation: a container that waits for its proxy or its database exits once or twice
	startUpRestarts = 2               // that are part of a start
)

// Restarted is what is known of the restarts of a pod's released containers. Those
// that its node caused are left out of Last.
type Restarted struct {
	Count int
	Last  time.Time // when the newest ended what ran before; zero = never
}

// restartsOf is what the restarts of a Deployment's pods come to.
type restartsOf struct {
	pods   int           // of the current template
	counts int           // of them, whose restart counts
	early  int           // of them, that restarted while they started, and no more
	ago    time.Duration // since the newest restart that counts
}

// restarted judges the restarts of the pods of the current template. A restart counts
// for as long as a pod needs to be called steady, but for the few of a pod that starts.
// Live is since when the pods' share of the traffic is judged, zero for none: what
// restarts under that traffic does not merely start.
func (w Workload) restarted(live, now time.Time) (r restartsOf) {
	current, _ := w.Current()
	r.ago = steadyAfter
	for _, p := range w.Pods {
		if p.Revision != current.Number || p.State.Leaves() {
			continue
		}
		r.pods++
		since := now.Sub(p.Own.Last)
		served := !live.IsZero() && p.Created.Before(live) && p.Own.Last.After(live)
		starts := p.Own.Count <= startUpRestarts && p.Own.Last.Sub(p.Created) < startUp && !served
		switch {
		case p.Own.Last.IsZero() || since >= steadyAfter:
		case starts:
			r.early++
		default:
			r.counts++
			r.ago = min(r.ago, since)
		}
	}
	return r
}

// String says which restarts count, or, where none does, which there were.
func (r restartsOf) String() string {
	switch {
	case r.counts > 0:
		return fmt.Sprintf("%s restarted, %s ago", Count(r.counts, "pod"), Age(r.ago))
	case r.early > 0:
		return fmt.Sprintf("%s restarted while starting", Count(r.early, "pod"))
	}
	return "none"
}

// worseThan tells whether more of these pods restarted, as a share, than of others.
// Where there are no others nothing excuses a restart.
func (r restartsOf) worseThan(other restartsOf) bool {
	if other.pods == 0 {
		return r.counts > 0
	}
	return r.counts*other.pods > other.counts*r.pods
}

// compareRestarts judges the canary's pods: none may fail, and none may have restarted
// under its traffic unless as many of stable's did.
func compareRestarts(plan Plan, s State, now time.Time) Comparison {
	w, live := s.View.Canary, zeroTime
	if s.Canary != nil {
		live = s.Canary.Live
	}
	canary, stable := w.restarted(live, now), s.View.Workload.restarted(live, now)
	c := Comparison{
		Metric: Restarts, Title: "Restarts", Stable: fmt.Sprint(s.View.Workload.ownRestarts()), Canary: fmt.Sprint(w.ownRestarts()),
		Rule: "0, none failing", At: w.At,
	}
	failures := w.Failures()
	switch {
	case w.At.IsZero():
		c.Verdict, c.Word, c.Why = NoData, "no data", "its pods were not seen yet"
	case now.Sub(w.At) > plan.Stale.Workload:
		c.Verdict, c.Word, c.Why = NoData, "no data", "its pods were last seen "+Age(now.Sub(w.At))+" ago"
	case failures != "":
		c.Verdict, c.Word, c.Why, c.Counts = Fail, "FAIL", failures, true
	case canary.counts > 0:
		c.Verdict, c.Word, c.Why, c.Counts = Fail, "FAIL", canary.String(), true
		if s.stableServes() && !canary.worseThan(stable) {
			c.Counts, c.Why = false, c.Why+"; stable too: not the canary's"
		}
	default:
		c.Verdict, c.Word, c.Why = Pass, "pass", canary.String()
	}
	return c
}

// ownRestarts counts the restarts of the released containers of the pods that exist.
func (w Workload) ownRestarts() (n int) {
	for _, p := range w.Pods {
		n += p.Own.Count
	}
	return n
}
