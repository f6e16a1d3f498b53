package release_test

import (
	"testing"
	"time"

	"datahub.io/slipway/release"
)

// A figure that was scraped once fails once, in however many rounds it stands.
func TestSampleCountsOnce(t *testing.T) {
	plan := figuresPlan()
	plan.Canary = &release.CanaryPlan{Deployment: "gateway-canary", Route: route, Steps: []int{10, 100}, Bake: time.Minute, Pods: 1, Least: 10}
	for name, c := range map[string]struct {
		every time.Duration // between two scrapes of the memory
		used  int
	}{
		"scraped every round":       {5 * time.Second, 3},
		"scraped every third round": {15 * time.Second, 2},
		"scraped once":              {time.Hour, 1},
	} {
		began := noon.Add(-time.Minute)
		s := release.State{
			Record: release.Record{Phase: release.Deploying, From: release.Target{Version: "v2.4.0"}, To: release.Target{Version: "v2.5.0"}, Held: &release.Hold{Kind: release.HeldByHand}, Canary: &release.CanaryRun{Stage: release.Baking, Weight: 10, Live: began, Template: "hash-v2.4.0"}},
			View:   goodFigures(),
		}
		s.View.Canary = s.View.Workload
		s.View.Split = release.Split{At: noon, Canary: 10}
		for i := range 4 {
			now := noon.Add(time.Duration(i) * 5 * time.Second)
			var pairs []release.Pair
			for _, spec := range plan.Metrics {
				sample := s.View.Samples[spec.Name]
				sample.At = now
				pair := release.Pair{Metric: spec.Name, Canary: sample, Stable: sample}
				if spec.Name == release.Memory {
					pair.Canary.Value, pair.Canary.At = 1<<30, noon.Add(now.Sub(noon).Truncate(c.every))
				}
				pairs = append(pairs, pair)
			}
			s, _ = release.Step(plan, s, now, release.Compared{Of: release.Compares(plan, s.Record), Pairs: pairs})
		}
		if used, metric := release.CanaryBudget(plan, s); used != c.used || metric != release.Memory {
			t.Errorf("%s: %d used by %s, want %d", name, used, metric, c.used)
		}
	}
}
