package release_test

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"datahub.io/slipway/release"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// figuresPlan is a plan with the five figures of the dashboard.
func figuresPlan() release.Plan {
	plan := testPlan()
	limit := release.Bound{Kind: release.Limit, FromDeployment: true, Warn: 0.9}
	plan.Traffic = release.Traffic{Least: 10, Window: time.Minute}
	plan.Metrics = append(plan.Metrics,
		release.MetricSpec{Name: release.LatencyP95, Title: "Latency P95", Unit: release.Seconds, Bound: release.Bound{Kind: release.Threshold, Max: 0.1}, Rollback: true},
		release.MetricSpec{Name: release.RequestRate, Title: "Requests/sec", Unit: release.PerSecond, Bound: release.Bound{Kind: release.Range, Normal: 100, Tolerance: 1}},
		release.MetricSpec{Name: release.Memory, Title: "Memory Usage", Unit: release.Bytes, Bound: limit},
		release.MetricSpec{Name: release.CPU, Title: "CPU Usage", Unit: release.Cores, Bound: limit},
	)
	plan.Items = append(plan.Items, release.ItemSpec{ID: "normal", Title: "Metrics normal", Stage: release.Post, Type: release.ItemMetrics})
	return plan
}

// goodFigures is a view in which every figure passes, of a Deployment that has served for
// an hour.
func goodFigures() release.View {
	w := release.Workload{
		At: noon, Found: true, UID: "uid", Desired: 1, Replicas: 1, Updated: 1, Ready: 1, Available: 1,
		Containers: []release.Container{{Name: "gateway", Image: "registry/datahub-gateway:v2.4.0", CPU: 2, Memory: 1 << 30}},
		Template:   template("v2.4.0"),
		Revisions:  []release.Revision{{Number: 1, Version: "v2.4.0", Image: "registry/datahub-gateway:v2.4.0", Current: true, Desired: 1, Ready: 1, Template: template("v2.4.0")}},
		Pods:       []release.Pod{{Name: "a", State: release.PodServing, ReadyAt: noon.Add(-time.Hour), Ready: 1, Total: 1}},
	}
	samples := map[release.MetricName]release.Sample{}
	for name, value := range map[release.MetricName]float64{release.ErrorRate: 0, release.LatencyP95: 0.05, release.RequestRate: 100, release.Memory: 1 << 20, release.CPU: 1} {
		samples[name] = release.Sample{Metric: name, At: noon.Add(-time.Second), Value: value}
	}
	return release.View{
		Clock: noon, Workload: w, Samples: samples,
		Links: map[release.Source]release.Link{release.Kubernetes: {OK: true, Last: noon}},
	}
}

func judged(plan release.Plan, view release.View, name release.MetricName) release.Judgement {
	for _, spec := range plan.Metrics {
		if spec.Name == name {
			return release.Judge(plan, view, spec, noon)
		}
	}
	panic(name)
}

// A value that no figure can have is no data, in whichever direction it lies.
func TestImplausible(t *testing.T) {
	for _, c := range []struct {
		metric  release.MetricName
		value   float64
		verdict release.Verdict
		lack    release.Lack
		why     string
	}{
		{release.ErrorRate, 0, release.Pass, "", ""},
		{release.ErrorRate, 1, release.Fail, "", "100% over 0.1%"},
		{release.ErrorRate, 1 + 1e-9, release.Fail, "", "100% over 0.1%"},
		{release.ErrorRate, 1.02, release.NoData, release.Impossible, "the query answered 102%: not a share from 0 to 1"},
		{release.ErrorRate, 16029850080.91, release.NoData, release.Impossible, "the query answered 1602985008091%: not a share from 0 to 1"},
		{release.ErrorRate, -0.03, release.NoData, release.Impossible, "the query answered -3%: not a share from 0 to 1"},
		{release.LatencyP95, -0.02, release.NoData, release.Impossible, "the query answered -20ms: not seconds"},
		{release.LatencyP95, math.Inf(1), release.NoData, release.NotNumber, "the query gives infinity"},
		{release.RequestRate, -5, release.NoData, release.Impossible, "the query answered -5: not requests a second"},
		{release.Memory, -1, release.NoData, release.Impossible, "the query answered -1: not bytes"},
		{release.CPU, math.NaN(), release.NoData, release.NotNumber, "the query gives NaN: nothing to divide by, or no traffic"},
	} {
		plan, view := figuresPlan(), goodFigures()
		view.Samples[c.metric] = release.Sample{Metric: c.metric, At: noon, Value: c.value}
		j := judged(plan, view, c.metric)
		if j.Verdict != c.verdict || j.Lack != c.lack || j.Why != c.why || j.Lasting != (c.lack == release.Impossible) {
			t.Errorf("%s %v: %s, %s, lasting %v: %s", c.metric, c.value, j.Verdict, j.Lack, j.Lasting, j.Why)
		}
	}
}

// Without a usable rate of requests nobody knows what a share of them means.
func TestRateDecides(t *testing.T) {
	for why, rate := range map[string]release.Sample{
		"its requests are not known: no sample yet":                                  {},
		"its requests are not known: query timed out":                                {Err: "query timed out", Lack: release.Unanswered},
		"its requests are not known: stale 31s":                                      {At: noon.Add(-31 * time.Second), Value: 100},
		"its requests are not known: 0:20 ahead of this machine's clock":             {At: noon.Add(20 * time.Second), Value: 100},
		"its requests are not known: the query answered -100: not requests a second": {At: noon, Value: -100},
		"low traffic: 6 requests in 1:00, 10 decide":                                 {At: noon, Value: 0.1},
	} {
		plan, view := figuresPlan(), goodFigures()
		view.Samples[release.ErrorRate] = release.Sample{Metric: release.ErrorRate, At: noon, Value: 1} // of one request
		view.Samples[release.RequestRate] = rate
		for _, name := range []release.MetricName{release.ErrorRate, release.LatencyP95} {
			if j := judged(plan, view, name); j.Verdict != release.NoData || j.Why != why {
				t.Errorf("%s: %s: %s, want %s", name, j.Verdict, j.Why, why)
			}
		}
		if j := judged(plan, view, release.CPU); j.Verdict != release.Pass {
			t.Errorf("%s: cpu %s: %s", why, j.Verdict, j.Why)
		}
	}
}

// Nothing is counted as a failure while the requests are not known, whatever comes first
// in a round.
func TestBudgetNeedsRate(t *testing.T) {
	for name, broken := range map[string]bool{"rate known": false, "rate not known": true} {
		plan := figuresPlan()
		s := release.State{Record: release.Record{Phase: release.Verifying, Rollout: release.Rollout{Began: noon.Add(-time.Minute)}}, View: goodFigures()}
		s.View.Samples = nil
		for i := range 5 {
			now := noon.Add(time.Duration(i) * 5 * time.Second)
			rate := release.Sample{Metric: release.RequestRate, At: now, Value: 100}
			if broken {
				rate = release.Sample{Metric: release.RequestRate, Err: "query timed out"}
			}
			s, _ = release.Step(plan, s, now, release.Sampled{Samples: []release.Sample{{Metric: release.ErrorRate, At: now, Value: 1}, rate}})
		}
		if used, _ := release.Budget(plan, s.View); (used == 0) != broken || !broken && used != 3 {
			t.Errorf("%s: %d used", name, used)
		}
	}
}

// lacking takes one thing from good figures.
var lacking = map[string]struct {
	take    func(*release.View)
	lasting bool
	text    string // of the metric that cannot be judged
}{
	"nothing": {func(*release.View) {}, false, ""},
	"a limit": {
		func(v *release.View) { v.Workload.Containers[0].CPU = 0 }, true,
		"CPU Usage cannot be judged: container gateway has no cpu limit; give the container a cpu limit, or set metrics.cpu.limit",
	},
	"a series": {func(v *release.View) {
		v.Samples[release.CPU] = release.Sample{Metric: release.CPU, Err: "nothing is scraped now: no current sample of cpu", Lack: release.NoSeries}
	}, true, "CPU Usage cannot be judged: nothing is scraped now: no current sample of cpu; see that its metrics are scraped, or set metrics.cpu.query"},
	"a series of pods that are new": {func(v *release.View) {
		v.Samples[release.CPU] = release.Sample{Metric: release.CPU, Err: "nothing is scraped now", Lack: release.NoSeries}
		v.Workload.Pods[0].ReadyAt = noon.Add(-20 * time.Second)
	}, false, ""},
	"a series of pods that do not serve": {func(v *release.View) {
		v.Samples[release.CPU] = release.Sample{Metric: release.CPU, Err: "nothing is scraped now", Lack: release.NoSeries}
		v.Workload.Available = 0
	}, false, ""},
	"a query": {func(v *release.View) {
		v.Samples[release.CPU] = release.Sample{Metric: release.CPU, Err: "parse error", Lack: release.BadQuery}
	}, true, "CPU Usage cannot be judged: parse error; set metrics.cpu.query"},
	"a meaning": {
		func(v *release.View) {
			v.Samples[release.CPU] = release.Sample{Metric: release.CPU, At: noon, Value: -1}
		}, true,
		"CPU Usage cannot be judged: the query answered -1 cores: not cores; set metrics.cpu.query to one that gives cores",
	},
	"an answer": {func(v *release.View) {
		v.Samples[release.CPU] = release.Sample{Metric: release.CPU, Err: "query timed out", Lack: release.Unanswered}
	}, false, ""},
	"two of them": {func(v *release.View) {
		v.Workload.Containers[0].CPU, v.Workload.Containers[0].Memory = 0, 0
	}, true, "Memory Usage cannot be judged: container gateway has no memory limit; give the container a memory limit, or set metrics.memory.limit; " +
		"CPU Usage cannot be judged: container gateway has no cpu limit; give the container a cpu limit, or set metrics.cpu.limit"},
	"traffic": {func(v *release.View) {
		v.Samples[release.RequestRate] = release.Sample{Metric: release.RequestRate, At: noon}
	}, false, ""},
}

// What waiting cannot mend is said before anything changes: refused where nobody could
// waive it, or where it would hold a canary for good, and a fact of the dialog otherwise.
func TestHopeless(t *testing.T) {
	for name, c := range lacking {
		for _, mode := range []string{"attended", "unattended", "waived", "canary"} {
			plan := figuresPlan()
			s := release.State{View: goodFigures()}
			s.View.Mode.Unattended = mode == "unattended" || mode == "waived"
			c.take(&s.View)
			if mode == "canary" {
				plan.Canary = &release.CanaryPlan{Deployment: "gateway-canary", Steps: []int{50}, Pods: 1}
				s.View.Canary = release.Workload{At: noon}
			}
			s, _ = release.Step(plan, s, noon, release.Intended{Intent: release.Begin{Version: "v2.5.0"}, By: eng, ID: "id"})
			s, _ = release.Step(plan, s, noon, release.Intended{Intent: release.Tick{Item: "approved"}, By: eng})
			if mode == "waived" {
				s, _ = release.Step(plan, s, noon, release.Intended{Intent: release.Waive{Item: "normal", Reason: "no limits here"}, By: eng})
			}
			deploy := choiceOf(t, plan, s, release.DoDeploy)
			want := ""
			switch {
			case !c.lasting:
			case mode == "unattended":
				want = c.text + "; or waive Metrics normal (--waive normal=REASON)"
			case mode == "canary":
				want = c.text + "; no step of a canary passes without that"
			}
			if deploy.OK() != (want == "") || deploy.Why() != want || deploy.Refused(release.RefusedLack) != (want != "") || deploy.Refusal().Wait {
				t.Errorf("without %s, %s: %+v", name, mode, deploy.Refusals)
			}
			said := fmt.Sprint(deploy.Preview.Facts)
			if c.lasting && name != "two of them" && !strings.Contains(said, c.text) || !c.lasting && strings.Contains(said, "cannot be judged") {
				t.Errorf("without %s, %s: %s", name, mode, said)
			}
		}
	}
}

// Where nobody watches, a deploy waits for the first figures: they may say that it would
// wait in vain. Prometheus that does not answer is no reason to.
func TestFirstFigures(t *testing.T) {
	plan := figuresPlan()
	s := release.State{View: goodFigures()}
	s.View.Mode.Unattended = true
	s.View.Samples = nil
	s, _ = release.Step(plan, s, noon, release.Intended{Intent: release.Begin{Version: "v2.5.0"}, By: eng, ID: "id"})
	if c := choiceOf(t, plan, s, release.DoDeploy); !c.Refused(release.RefusedGate) || c.Refusal().Wait {
		t.Errorf("before what comes first is done: %+v", c)
	}
	s, _ = release.Step(plan, s, noon, release.Intended{Intent: release.Tick{Item: "approved"}, By: eng})
	if c := choiceOf(t, plan, s, release.DoDeploy); !c.Refused(release.RefusedUnseen) || !c.Refusal().Wait {
		t.Errorf("before the first: %+v", c)
	}
	down, _ := release.Step(plan, s, noon, release.Linked{Source: release.Prometheus, Link: release.Link{Err: "connection refused"}})
	if c := choiceOf(t, plan, down, release.DoDeploy); !c.OK() {
		t.Errorf("without Prometheus: %s", c.Why())
	}
	s.View.Samples = goodFigures().Samples
	if c := choiceOf(t, plan, s, release.DoDeploy); !c.OK() {
		t.Errorf("after it: %s", c.Why())
	}
}

// An item that waits for such a figure is settled by a waiver: at once where it follows
// from the configuration, soon where a scrape could be late.
func TestSettlesInVain(t *testing.T) {
	for name, c := range lacking {
		for _, ago := range []time.Duration{0, 11 * time.Second} {
			plan := figuresPlan()
			plan.Items = []release.ItemSpec{{ID: "normal", Title: "Metrics normal", Stage: release.Post, Type: release.ItemMetrics}}
			s := release.State{Record: release.Record{Phase: release.Verifying, Items: []release.Item{{ID: "normal", Status: release.Unknown, At: noon.Add(-ago)}}}, View: goodFigures()}
			c.take(&s.View)
			want := release.ByItself
			if c.lasting && (ago > 0 || name == "a limit" || name == "two of them" || name == "a query") {
				want = release.ByWaiver
			}
			if got := release.Open(plan, s, noon); len(got) != 1 || got[0].Settles != want {
				t.Errorf("without %s for %s: %+v, want %s", name, ago, got, want)
			}
		}
	}
}

// A limit of the configuration is one.
func TestUnlimited(t *testing.T) {
	plan, w := figuresPlan(), goodFigures().Workload
	if got := release.Unlimited(plan, w); len(got) != 0 {
		t.Errorf("with limits: %v", got)
	}
	w.Containers[0].CPU, w.Containers[0].Memory = 0, 0
	if got := release.Unlimited(plan, w); len(got) != 2 || got[0].Spec.Name != release.Memory || len(got[0].Items) != 1 {
		t.Errorf("without: %v", got)
	}
	plan.Metrics[3].Bound = release.Bound{Kind: release.Limit, Max: 1 << 30, Warn: 0.9}
	if got := release.Unlimited(plan, w); len(got) != 1 || got[0].Spec.Name != release.CPU {
		t.Errorf("with one of the configuration: %v", got)
	}
}

func choiceOf(t *testing.T, plan release.Plan, s release.State, kind release.IntentKind) release.Choice {
	t.Helper()
	for _, c := range release.Allowed(plan, s, noon) {
		if c.Kind == kind {
			return c
		}
	}
	t.Fatalf("no %s", kind)
	return release.Choice{}
}

// Beside the process that leads the release, what fails is said as loudly, and how far the
// budget is used is not known.
func TestFailingFromElsewhere(t *testing.T) {
	plan := figuresPlan()
	s := release.State{Record: release.Record{Phase: release.Verifying, To: release.Target{Version: "v2.4.0", Template: "hash-v2.4.0"}}, View: goodFigures()}
	s.View.Samples[release.ErrorRate] = release.Sample{Metric: release.ErrorRate, At: noon, Value: 0.02}
	if h := release.HeadlineOf(plan, s, noon); strings.Contains(h.Short, "FAILING") {
		t.Errorf("where it is counted, before it counts: %s", h.Short)
	}
	s.View.Elsewhere = true
	if h := release.HeadlineOf(plan, s, noon); h.Short != "ERROR RATE FAILING  2% over 0.1% · budget not known here; 1 of 1 serve" || !h.Loud {
		t.Errorf("%s", h.Short)
	}
	s.Rollout.Excused = map[release.MetricName]float64{release.ErrorRate: 0.02}
	if h := release.HeadlineOf(plan, s, noon); strings.Contains(h.Short, "FAILING") {
		t.Errorf("as bad as before: %s", h.Short)
	}
}

// Pods that were never seen have no age.
func TestRestartsOfAnUnseenCanary(t *testing.T) {
	plan := figuresPlan()
	plan.Canary = &release.CanaryPlan{Deployment: "gateway-canary", Steps: []int{50}, Pods: 1}
	rows := release.Comparisons(plan, release.State{View: goodFigures()}, noon)
	if row := rows[len(rows)-1]; row.Metric != release.Restarts || row.Verdict != release.NoData || row.Why != "its pods were not seen yet" {
		t.Errorf("%+v", row)
	}
}
