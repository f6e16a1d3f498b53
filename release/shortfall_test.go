package release

import (
	"testing"
	"time"
)

// A canary that is taken back does not keep its share of the traffic for a pod that
// stable lacks: a quarter more load on pods that all serve is better than a version
// that fails. Far too few pods get only what they carry.
func TestShortfallOnTheWayBack(t *testing.T) {
	plan := Plan{Canary: &CanaryPlan{Route: "virtualservice/gateway", Steps: []int{10, 100}, Pods: 1}}
	state := func(phase Phase, pods int) State {
		w := Workload{
			Found: true, Desired: pods, Replicas: pods, Updated: pods, Ready: pods, Available: pods,
			Pods: make([]Pod, pods), Revisions: []Revision{{Number: 1, Current: true, Desired: pods, Ready: pods}},
		}
		for i := range w.Pods {
			w.Pods[i] = Pod{Revision: 1, State: PodServing}
		}
		s := State{Record: Record{Phase: phase, Canary: &CanaryRun{Stage: Returning, Full: 10}}}
		s.View.Workload = w
		s.View.Canary = Workload{Found: true, Desired: 1, Replicas: 1, Updated: 1, Available: 1}
		s.View.Split = Split{At: time.Unix(1, 0), Canary: 10}
		return s
	}
	for _, c := range []struct {
		phase  Phase
		pods   int
		grows  bool
		serves bool
	}{
		{RollingBack, 10, false, true},
		{RollingBack, 9, false, true},
		{RollingBack, 8, false, true},
		{RollingBack, 7, false, true}, // they carry nine tenths of it now
		{RollingBack, 1, true, false},
		{Deploying, 9, true, false}, // the return of a promotion has the time
	} {
		s := state(c.phase, c.pods)
		why := stableHealth(plan, s)
		if (why == "") != c.serves {
			t.Errorf("%s with %d of 10 pods: %q, may serve %v", c.phase, c.pods, why, c.serves)
		}
		if _, grows := growsTo(plan, s); grows != c.grows {
			t.Errorf("%s with %d of 10 pods: scaled up %v, want %v", c.phase, c.pods, grows, c.grows)
		}
	}
	failing := state(RollingBack, 9)
	failing.View.Workload.Available = 7
	if stableHealth(plan, failing) == "" {
		t.Error("pods that do not serve count as if they did")
	}
}
