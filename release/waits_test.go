package release_test

import (
	"testing"
	"time"

	"datahub.io/slipway/release"
)

// What is waited for is named, with what was last seen of it.
func TestWaits(t *testing.T) {
	plan := figuresPlan()
	item := func(id string, status release.Status, evidence string) release.Item {
		return release.Item{ID: id, Status: status, Evidence: evidence, At: noon.Add(-time.Minute)}
	}
	record := func(phase release.Phase) release.Record {
		return release.Record{
			Phase: phase, To: release.Target{Version: "v2.4.0", Template: "hash-v2.4.0"}, Rollout: release.Rollout{Goal: release.Target{Version: "v2.4.0"}},
			Items: []release.Item{
				item("approved", release.Passed, ""), item("rolling", release.Passed, ""), item("health", release.Failed, "GET http://gateway/health: 503"),
				item("errors", release.Running, ""), item("pods", release.Waived, ""), item("customer", release.Waiting, ""), item("normal", release.Unknown, "at first something else"),
			},
		}
	}
	verifying := release.State{Record: record(release.Verifying), View: goodFigures()}
	verifying.View.Samples[release.CPU] = release.Sample{Metric: release.CPU, Err: "query timed out", Lack: release.Unanswered}
	verifying.View.Checks = map[string]release.Holding{"errors": {For: 4 * time.Second}}

	rolling := release.State{Record: record(release.Deploying), View: goodFigures()}
	rolling.View.Workload.Updated, rolling.View.Workload.Available, rolling.View.Workload.Desired, rolling.View.Workload.Replicas = 1, 1, 3, 3
	rolling.View.Workload.Pods[0].Revision = 1
	rolling.View.Workload.Causes = []release.Cause{{Reason: "CrashLoopBackOff", Pods: []string{"a"}, Version: "v2.4.0", First: noon, Newest: noon}}

	planned := release.State{Record: record(release.Planned), View: goodFigures()}
	planned.Items[0].Status = release.Waiting
	held := release.State{Record: record(release.Deploying), View: goodFigures()}
	held.Held = &release.Hold{Kind: release.HeldByHand, Reason: "held by eng-a"}

	for want, s := range map[string]release.State{
		"Health checks passing (GET http://gateway/health: 503), Error rate normal (0:04 of 0:10), Customer verification (by hand), Metrics normal (CPU Usage: query timed out)": verifying,
		"2 of 3 pods on v2.4.0: 1 pod CrashLoopBackOff": rolling,
		"not before 1 item: Change request approved":    planned,
		"a person: held by eng-a":                       held,
		"":                                              {Record: record(release.Released), View: goodFigures()},
	} {
		if got := release.Waits(plan, s, noon); got != want {
			t.Errorf("%s: %q, want %q", s.Phase, got, want)
		}
	}
}

// A canary of which a measure can never be judged is no bake that is waited for.
func TestStuck(t *testing.T) {
	plan := figuresPlan()
	plan.Canary = &release.CanaryPlan{Deployment: "gateway-canary", Route: route, Steps: []int{10, 100}, Bake: time.Minute, Pods: 1, Least: 10}
	good := func() release.State {
		s := release.State{
			Record: release.Record{Phase: release.Deploying, Canary: &release.CanaryRun{Stage: release.Baking, Weight: 10, Live: noon.Add(-time.Minute)}},
			View:   goodFigures(),
		}
		s.View.Canary = s.View.Workload
		s.View.Judged.Pairs = map[release.MetricName]release.Pair{}
		for name, sample := range s.View.Samples {
			s.View.Judged.Pairs[name] = release.Pair{Metric: name, Canary: sample, Stable: sample}
		}
		return s
	}
	dark := func(s release.State, name release.MetricName, ago time.Duration) release.State {
		s.View.Judged.Dark = map[release.MetricName]time.Time{name: noon.Add(-ago)}
		return s
	}
	pair := func(s release.State, name release.MetricName, canary, stable release.Sample) release.State {
		s.View.Judged.Pairs[name] = release.Pair{Metric: name, Canary: canary, Stable: stable}
		return s
	}
	unlimited := good()
	unlimited.View.Canary.Containers = []release.Container{{Name: "gateway", Memory: 1 << 30}}
	fresh, none := release.Sample{At: noon, Value: 0.01}, release.Sample{Err: "nothing is scraped now", Lack: release.NoSeries}
	timedOut := release.Sample{Err: "query timed out", Lack: release.Unanswered}
	negative := release.Sample{At: noon, Value: -1}
	for name, c := range map[string]struct {
		s    release.State
		want string
	}{
		"nothing missing":    {good(), ""},
		"no limit":           {dark(unlimited, release.CPU, 0), "CPU Usage of the canary cannot be judged: the canary's container gateway has no cpu limit; give the container a cpu limit, or set metrics.cpu.limit"},
		"no series":          {dark(pair(good(), release.LatencyP95, none, fresh), release.LatencyP95, 10*time.Second), "Latency P95 of the canary cannot be judged: canary: nothing is scraped now; see that its metrics are scraped, or set metrics.latencyP95.query"},
		"none of stable":     {dark(pair(good(), release.LatencyP95, fresh, none), release.LatencyP95, 10*time.Second), "Latency P95 of the canary cannot be judged: stable: nothing is scraped now; see that its metrics are scraped, or set metrics.latencyP95.query"},
		"none for a moment":  {dark(pair(good(), release.LatencyP95, none, fresh), release.LatencyP95, 9*time.Second), ""},
		"no answer":          {dark(pair(good(), release.LatencyP95, timedOut, fresh), release.LatencyP95, time.Hour), ""},
		"a value of no kind": {dark(pair(good(), release.ErrorRate, negative, fresh), release.ErrorRate, 10*time.Second), "Error Rate of the canary cannot be judged: canary: the query answered -100%: not a share from 0 to 1; set metrics.errorRate.query to one that gives a share from 0 to 1"},
	} {
		if got := release.Stuck(plan, c.s, noon); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

// The headline sends a person to what no look settles.
func TestHeadlineNamesWhatAPersonSettles(t *testing.T) {
	plan := figuresPlan()
	plan.Items = []release.ItemSpec{{ID: "normal", Title: "Metrics normal", Stage: release.Post, Type: release.ItemMetrics}}
	s := release.State{
		Record: release.Record{Phase: release.Verifying, To: release.Target{Version: "v2.4.0", Template: "hash-v2.4.0"}, Items: []release.Item{{ID: "normal", Status: release.Unknown, At: noon}}},
		View:   goodFigures(),
	}
	s.View.Samples[release.CPU] = release.Sample{Metric: release.CPU, Err: "query timed out", Lack: release.Unanswered}
	if h := release.HeadlineOf(plan, s, noon); h.Rest != "Waits for Metrics normal." {
		t.Errorf("an answer may come: %q", h.Rest)
	}
	s.View.Workload.Containers[0].CPU = 0
	s.View.Samples[release.CPU] = release.Sample{Metric: release.CPU, At: noon, Value: 1}
	if h := release.HeadlineOf(plan, s, noon); h.Rest != "Waits for a person: Metrics normal (w waives it)." || h.Mark != release.MarkAttention {
		t.Errorf("no limit: %s %q", h.Mark, h.Rest)
	}
}
