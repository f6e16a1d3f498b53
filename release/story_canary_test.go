package release_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"

	"datahub.io/slipway/release"
)

const route = "virtualservice/datahub-gateway"

// setupCanary makes the plan that of a canary release.
func (w *world) setupCanary(t *testing.T, d *datadriven.TestData) {
	w.plan.Deployment = "gateway-stable"
	w.plan.Traffic = release.Traffic{Least: 10, Window: 10 * time.Second}
	w.plan.Metrics = append(w.plan.Metrics,
		release.MetricSpec{Name: release.LatencyP95, Title: "Latency P95", Unit: release.Seconds, Bound: release.Bound{Kind: release.Threshold, Max: 0.1}, Rollback: true},
		release.MetricSpec{Name: release.RequestRate, Title: "Requests/sec", Unit: release.PerSecond, Bound: release.Bound{Kind: release.Range, Normal: 1200, Tolerance: 0.5}},
	)
	c := &release.CanaryPlan{
		Deployment: "gateway-canary", Route: route, Steps: []int{10, 25, 50, 100}, Bake: 20 * time.Second, Pods: 1, Least: 500, Confidence: 0.98,
		Rules: []release.Rule{
			{Metric: release.ErrorRate, Above: 0.0005, Trial: true},
			{Metric: release.LatencyP95, Above: 0.2, Share: true, Trial: true},
		},
	}
	w.plan.Canary = c
	for _, arg := range d.CmdArgs {
		switch arg.Key {
		case "auto":
			c.Auto = true
		case "aside":
			c.Aside = true
		case "weights":
			c.UndoByWeights = true
		case "route":
			c.Route = "" // by pods
		case "bake":
			bake, err := time.ParseDuration(arg.Vals[0])
			if err != nil {
				t.Fatal(err)
			}
			c.Bake = bake
		case "steps":
			c.Steps = nil
			for _, v := range arg.Vals {
				n, err := strconv.Atoi(v)
				if err != nil {
					t.Fatal(err)
				}
				c.Steps = append(c.Steps, n)
			}
		}
	}
}

func (w *world) shapeCanary(t *testing.T, d *datadriven.TestData) {
	c := &w.canary
	if !d.HasArg("absent") && c.UID == "" {
		c.UID, c.Deadline = "uid-canary", time.Minute
	}
	c.Found, c.Name, c.Causes, c.Pods = true, "gateway-canary", nil, nil
	c.Progressing.Status, c.Progressing.Reason, c.Progressing.Updated = "True", "ReplicaSetUpdated", w.now
	for _, arg := range d.CmdArgs {
		n := func() int { v, _ := strconv.Atoi(arg.Vals[0]); return v }
		switch arg.Key {
		case "version":
			c.Containers = []release.Container{{Name: "gateway", Image: imageNamed(arg.Vals[0])}}
			c.Template = template(arg.Vals[0])
			c.Generation++
			c.Observed = c.Generation
		case "pods":
			c.Desired = n()
			c.Updated, c.Replicas = n(), n()
		case "available":
			c.Available, c.Ready = n(), n()
		case "failing":
			c.Causes = []release.Cause{{Reason: arg.Vals[0], Pods: []string{"gateway-canary-5d8f-m2v8x"}, Version: c.Version("gateway"), Text: "KEY_ROTATION_SECRET not set", First: w.now}}
		case "over":
			for i := range c.Causes {
				c.Causes[i].Soft, c.Causes[i].Over = true, true
			}
		case "node": // did it
			for i := range c.Causes {
				c.Causes[i].Soft, c.Causes[i].Node = true, true
			}
		case "restarts":
			c.Pods = []release.Pod{{Name: "gateway-canary-5d8f-m2v8x", Created: w.now.Add(-time.Hour), State: release.PodServing}}
			if n() > 0 {
				c.Pods[0].Restarts, c.Pods[0].Last, c.Pods[0].Own = n(), w.now, release.Restarted{Count: n(), Last: w.now}
			}
		case "born": // so long before its restart
			age, err := time.ParseDuration(arg.Vals[0])
			if err != nil {
				t.Fatal(err)
			}
			c.Pods[0].Created = c.Pods[0].Last.Add(-age)
		case "sidecar": // what restarted
			c.Pods[0].Own = release.Restarted{}
		case "reason":
			c.Progressing.Reason = arg.Vals[0]
		case "cause":
			c.ChangeCause = strings.Join(arg.Vals, ", ")
		case "absent":
			*c = release.Workload{}
		case "anew":
			c.UID += "x"
		default:
			t.Fatalf("canary: unknown %q", arg.Key)
		}
	}
}

func (w *world) lookCanary() release.Workload {
	look := w.canary
	look.At = w.now
	return look
}

func (w *world) shapeSplit(t *testing.T, d *datadriven.TestData) {
	w.split.Err, w.split.Silent, w.split.Blocked, w.split.Rest, w.split.Routes = "", false, nil, "rest", nil
	w.split.StablePath, w.split.CanaryPath = "/spec/http/0/route/0/weight", "/spec/http/0/route/1/weight"
	w.split.Same = []release.PatchTest{{Path: "/spec/http/0/route/0/destination/host", Value: `"stable"`}, {Path: "/spec/http/0/route/1/destination/host", Value: `"canary"`}}
	w.split.Writer = "slipway"
	for _, arg := range d.CmdArgs {
		value := strings.Join(arg.Vals, ", ")
		switch arg.Key {
		case "weight":
			w.split.Canary, _ = strconv.Atoi(value)
		case "rest":
			w.split.Rest = value
		case "by":
			w.split.Writer = value
		case "err":
			w.split.Err = value
		case "silent": // no answer since the last look
			w.split.Silent, w.split.Err = true, "unavailable"
		case "routes":
			w.split.Routes = arg.Vals
		case "blocked":
			w.split.Blocked = []string{value}
		default:
			t.Fatalf("split: unknown %q", arg.Key)
		}
	}
}

func (w *world) lookSplit() release.Split {
	if !w.split.Silent {
		w.split.At = w.now
	}
	return w.split
}

// setPairs says what is compared from now on.
func (w *world) setPairs(t *testing.T, d *datadriven.TestData) {
	number := func(s string) float64 {
		if s == "none" {
			return -1
		}
		factor := 1.0
		for unit, f := range map[string]float64{"%": 0.01, "ms": 0.001} {
			if cut, ok := strings.CutSuffix(s, unit); ok {
				s, factor = cut, f
			}
		}
		v, err := strconv.ParseFloat(s, 64)
		if err != nil {
			t.Fatal(err)
		}
		return v * factor
	}
	trial := release.Trial{N: 5, M: 5, P: 0.4}
	figures := map[release.MetricName]string{release.ErrorRate: "0.02%/0.02%", release.LatencyP95: "45ms/44ms", release.RequestRate: "300/900"}
	for _, arg := range d.CmdArgs {
		switch arg.Key {
		case "trial":
			trial.P = number(arg.Vals[0])
		case "untried":
			trial = release.Trial{N: 2, M: 2, P: 0.4}
		case "off":
			w.pairs = nil
			return
		default:
			figures[release.MetricName(arg.Key)] = arg.Vals[0]
		}
	}
	w.pairs = nil
	for _, name := range []release.MetricName{release.ErrorRate, release.LatencyP95, release.RequestRate} {
		canary, stable, _ := strings.Cut(figures[name], "/")
		p := release.Pair{Metric: name, Trial: trial}
		p.Canary, p.Stable = sampleOf(name, number(canary)), sampleOf(name, number(stable))
		p.Trial.Canary, p.Trial.Stable = p.Canary.Value, p.Stable.Value
		w.pairs = append(w.pairs, p)
	}
}

func sampleOf(name release.MetricName, value float64) release.Sample {
	if value < 0 {
		return release.Sample{Metric: name, Err: "the query gives no series"}
	}
	return release.Sample{Metric: name, Value: value}
}

func (w *world) lookPairs() []release.Pair {
	look := make([]release.Pair, len(w.pairs))
	for i, p := range w.pairs {
		p.Canary.At, p.Stable.At = w.now, w.now
		look[i] = p
	}
	return look
}

// operation writes what a change does and what it is guarded by.
func operation(op release.Operation) string {
	text := ""
	with := func(format string, value any, is bool) {
		if is {
			text += fmt.Sprintf(format, value)
		}
	}
	switch op := op.(type) {
	case release.SetWeight:
		with(" canary=%d", op.Weight, true)
		with(" if canary=%d", op.WeightFrom, true)
		with(" rest=%s", op.Rest, true)
	case release.ApplyCanary:
		with(" image=%s", op.Image, op.Image != "")
		with(" revision=%d", op.Revision, op.Revision != 0)
		with(" replicas=%d", op.Replicas, true)
		with(" if uid=%q", op.UID, true)
		with(" template=%s", op.Template, op.Template != "")
	case release.ScaleCanary:
		text = fmt.Sprintf(" replicas=%d if replicas=%d uid=%q", op.Replicas, op.ReplicasFrom, op.UID)
	case release.ScaleStable:
		text = fmt.Sprintf(" replicas=%d if replicas=%d uid=%q", op.Replicas, op.ReplicasFrom, op.UID)
	case release.DeleteCanary:
		with(" if uid=%q", op.UID, true)
	case release.SetImage:
		with(" image=%s", op.Image, op.Image != "")
		with("%s", " unpause", op.Unpause)
		with(" if generation=%d", op.Generation, true)
	case release.UndoTo:
		with(" revision=%d", op.Revision, op.Revision != 0)
		with("%s", " unpause", op.Unpause)
		with(" if generation=%d", op.Generation, true)
	case release.PauseRollout:
		with(" if generation=%d", op.Generation, true)
	case release.ResumeRollout:
		with(" if generation=%d", op.Generation, true)
	}
	return text
}

func showCanary(w *world) string {
	v, ok := release.ViewCanary(w.plan, w.state, w.now)
	if !ok {
		return "none\n"
	}
	var b strings.Builder
	for _, s := range v.Steps {
		fmt.Fprintf(&b, "[%s %s %s] ", s.Mark, s.Label, s.Word)
	}
	fmt.Fprintf(&b, "\n%d%% %s %s; baked %s of %s; %s\n", v.Weight, v.Live, v.LiveWord, release.Span(v.Baked), release.Span(v.Bake), v.Waits)
	for _, r := range v.Rows {
		fmt.Fprintf(&b, "%-12s %-8s %-8s %-6s %-20s %-8s %s\n", r.Title, r.Stable, r.Canary, r.Difference, r.Rule, r.Word, r.Why)
	}
	fmt.Fprintf(&b, "judged %d pass, %d fail, %d no data; budget %d/%d %s %s\n", v.Tally.Pass, v.Tally.Fail, v.Tally.NoData, v.Used, v.After, v.UsedBy, v.UsedWords)
	return b.String()
}

// stablePods are stable's available pods, the updated ones first.
func stablePods(w *world) []release.Pod {
	current, previous := w.revision[w.ran()], int64(0)
	for _, n := range w.revision {
		if n != current {
			previous = max(previous, n)
		}
	}
	var pods []release.Pod
	for i := range w.cluster.Available {
		p := release.Pod{Name: fmt.Sprintf("gateway-stable-5d8f-%05d", i), Revision: current, State: release.PodServing}
		if i >= w.cluster.Updated {
			p.Revision = previous
		}
		pods = append(pods, p)
	}
	return pods
}

// arrive leads a release by canary to a stage with nothing in the way, and fails unless it
// comes there: a story begins where it becomes its own.
func (w *world) arrive(t *testing.T, d *datadriven.TestData) string {
	stage, weight := release.CanaryStage(d.CmdArgs[0].Key), 0
	if len(d.CmdArgs) > 1 {
		weight, _ = strconv.Atoi(d.CmdArgs[1].Key)
	}
	if !w.cluster.Found {
		w.cluster.Found, w.cluster.UID, w.cluster.Name = true, "uid-1", w.plan.Deployment
		w.cluster.Desired, w.cluster.MaxSurge, w.cluster.MaxUnavail, w.cluster.Deadline, w.cluster.History = 6, 2, 1, 5*time.Minute, 10
		w.revision["v2.4.0"] = 14
		w.setVersion("v2.4.0")
		w.split = release.Split{
			Rest: "rest", Writer: "slipway", StablePath: "/spec/http/0/route/0/weight", CanaryPath: "/spec/http/0/route/1/weight",
		}
	}
	if w.pairs == nil {
		w.setPairs(t, &datadriven.TestData{})
	}
	for range 1000 {
		run := w.state.Canary
		switch {
		case stage == "verifying" && w.state.Phase == release.Verifying,
			run != nil && run.Stage == stage && w.state.Pending == nil && (weight == 0 || run.Weight == weight):
			return "ok\n"
		}
		w.smoothly(t)
	}
	t.Fatalf("%s: it does not come to %s: %s %+v, held %+v", d.Pos, stage, w.state.Phase, w.state.Canary, w.state.Held)
	return ""
}

// smoothly lets everything become as it should be, and asks for the next step when it may
// be asked for.
func (w *world) smoothly(t *testing.T) {
	w.now = w.now.Add(time.Second)
	if p := w.state.Pending; p != nil {
		w.land(p.Change)
		w.reaction(release.Done{Outcome: release.Outcome{ID: p.Change.ID, Kind: release.Accepted, Generation: w.cluster.Generation}})
		return
	}
	c, canary := &w.cluster, &w.canary
	c.Observed, c.Updated, c.Replicas, c.Available, c.Ready = c.Generation, c.Desired, c.Desired, c.Desired, c.Desired
	c.Progressing = release.Condition{Status: "True", Reason: "NewReplicaSetAvailable", Updated: w.now}
	w.revisions(true)
	canary.Updated, canary.Replicas, canary.Available, canary.Ready = canary.Desired, canary.Desired, canary.Desired, canary.Desired
	for _, look := range []release.Event{
		release.Observed{Workload: w.look()}, release.ObservedCanary{Workload: w.lookCanary()}, release.ObservedSplit{Split: w.lookSplit()},
	} {
		w.reaction(look)
	}
	w.reaction(release.Compared{Of: release.Compares(w.plan, w.state.Record), Pairs: w.lookPairs()})
	for _, c := range release.Allowed(w.plan, w.state, w.now) {
		intent := c.Intent
		switch c.Kind {
		case release.DoBegin:
			intent = release.Begin{Version: "v2.5.0"}
		case release.DoTick, release.DoDeploy, release.DoAdvance:
		default:
			continue
		}
		if c.OK() && w.state.Pending == nil {
			w.intents++
			w.reaction(release.Intended{Intent: intent, By: eng, Seen: c.Seen, ID: fmt.Sprintf("id-%d", w.intents)})
			return
		}
	}
}

// land makes a change true.
func (w *world) land(c release.Change) {
	canary := &w.canary
	switch c := c.Do.(type) {
	case release.ApplyCanary:
		if canary.UID == "" {
			canary.UID, canary.Deadline, canary.Name = "uid-canary", time.Minute, "gateway-canary"
		}
		canary.Found, canary.Desired, canary.Updated, canary.Replicas, canary.Available = true, c.Replicas, c.Replicas, c.Replicas, 0
		canary.Generation++
		canary.Observed = canary.Generation
		canary.Containers = []release.Container{{Name: "gateway", Image: c.Image}}
		canary.Template = template(release.Version(c.Image))
	case release.ScaleCanary:
		canary.Desired = c.Replicas
	case release.SetWeight:
		w.split.Canary = c.Weight
	case release.DeleteCanary:
		*canary = release.Workload{}
	case release.SetImage:
		w.setTemplate(release.Version(c.Image))
	case release.UndoTo:
		if r, ok := w.cluster.Revision(c.Revision); ok {
			w.setTemplate(strings.TrimPrefix(r.Template.Hash, "hash-"))
		}
	}
}
