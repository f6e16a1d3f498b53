package release_test

import (
	"testing"
	"time"

	"datahub.io/slipway/release"
)

// Stable's restarts excuse the canary's only where stable has pods that restarted.
func TestRestartsWithoutStablePods(t *testing.T) {
	plan := figuresPlan()
	plan.Canary = &release.CanaryPlan{Deployment: "gateway-canary", Route: route, Steps: []int{10, 100}, Bake: time.Minute, Pods: 1, Least: 10}
	restarted := release.Pod{Revision: 4, State: release.PodServing, Created: noon.Add(-time.Hour), Own: release.Restarted{Count: 1, Last: noon.Add(-10 * time.Second)}}
	for name, c := range map[string]struct {
		stable []release.Pod
		counts bool
	}{
		"stable has no pods":     {nil, true},
		"stable's pods are well": {[]release.Pod{{Revision: 4, State: release.PodServing, Created: noon.Add(-time.Hour)}}, true},
		"stable's restart too":   {[]release.Pod{restarted}, false},
	} {
		s := release.State{
			Record: release.Record{Phase: release.Deploying, Canary: &release.CanaryRun{Stage: release.Baking, Weight: 10, Live: noon.Add(-time.Minute)}},
			View:   goodFigures(),
		}
		s.View.Workload.Revisions = []release.Revision{{Number: 4, Current: true}}
		s.View.Workload.Pods = c.stable
		s.View.Canary = s.View.Workload
		s.View.Canary.Pods = []release.Pod{restarted}
		var found bool
		for _, row := range release.Comparisons(plan, s, noon) {
			if row.Metric == release.Restarts {
				found = true
				if row.Verdict != release.Fail || row.Counts != c.counts {
					t.Errorf("%s: %+v", name, row)
				}
			}
		}
		if !found {
			t.Errorf("%s: restarts are not judged", name)
		}
	}
}
