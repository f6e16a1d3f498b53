package ui

import (
	"time"

	"datahub.io/slipway/release"
)

// The drawn situations of a canary.

const testRoute = "virtualservice/datahub-gateway"

func canaryPlan() release.Plan {
	p := testPlan()
	p.Traffic = release.Traffic{Least: 50, Window: 2 * time.Minute}
	p.Canary = &release.CanaryPlan{
		Deployment: "datahub-gateway-canary", Route: testRoute, Steps: []int{10, 25, 50, 100}, Bake: 5 * time.Minute, Pods: 1,
		Rules: []release.Rule{
			{Metric: release.ErrorRate, Above: 0.0005},
			{Metric: release.LatencyP95, Above: 0.2, Share: true, Trial: true},
			{Metric: release.Memory, Above: 0.25, Share: true},
			{Metric: release.CPU, Above: 0.25, Share: true},
		},
		Least: 500, Confidence: 0.98,
	}
	return p
}

func canaryPod(name, version string, state release.PodState, created time.Time) release.Pod {
	p := pod(name, version, 1, state, created)
	p.Name = "datahub-gateway-canary-6b8d5f9c77-" + name
	return p
}

func testPairs(at time.Time) map[release.MetricName]release.Pair {
	pair := func(name release.MetricName, stable, canary float64, lines [2]string, level6 float64, trial release.Trial) release.Pair {
		p := release.Pair{
			Metric: name, Trial: trial,
			Stable: release.Sample{Metric: name, At: at, Value: stable}, Canary: release.Sample{Metric: name, At: at, Value: canary},
		}
		p.Past.Stable, p.Past.Canary = series(lines[0], level6, at), series(lines[1], level6, at)
		return p
	}
	none := release.Trial{}
	return map[release.MetricName]release.Pair{
		release.ErrorRate:   pair(release.ErrorRate, 0.0002, 0.0002, [2]string{"▁▁▁▁▂▁▁▁▁▂▁▁▁▁▂▁", "╌╌╌▁▁▂▁▁▁▁▂▁▁▁▁▁"}, 0.001, none),
		release.LatencyP95:  pair(release.LatencyP95, 0.045, 0.047, [2]string{"▃▃▃▃▃▃▃▃▃▂▃▃▃▃▃▃", "╌╌╌▃▃▃▃▃▃▃▃▃▄▃▃▃"}, 0.1, release.Trial{N: 6, M: 6, P: 0.41, Canary: 0.047, Stable: 0.046}),
		release.RequestRate: pair(release.RequestRate, 9338, 3112, [2]string{"▄▄▄▄▄▄▄▄▄▃▃▃▃▃▃▃", "╌╌╌▁▁▁▁▁▁▂▂▂▂▂▂▂"}, 18000, none),
		release.Memory:      pair(release.Memory, 1.24*(1<<30), 1.27*(1<<30), [2]string{"▄▄▄▄▄▄▄▄▃▄▄▄▄▄▄▄", "╌╌╌▃▃▃▄▄▄▄▄▄▄▄▄▄"}, 0.9*2*(1<<30), none),
		release.CPU:         pair(release.CPU, 0.9, 0.92, [2]string{"▃▃▃▄▃▃▃▃▄▃▃▃▃▃▃▃", "╌╌╌▃▃▃▃▄▃▃▃▃▃▃▃▃"}, 0.9*2, none),
	}
}

// frameCanary is 02-overview-canary: 25%, as good as stable.
func frameCanary() release.Frame {
	f := frameRolling()
	f.Plan = canaryPlan()
	f.Now = at("13:05:48").Add(200 * time.Millisecond)
	seen, sampled := at("13:05:48"), at("13:05:44")
	settle(&f.State.View.Workload, "v2.4.0", 14)
	w := &f.State.View.Workload
	w.At, w.ResourceVersion = seen, "90701"
	w.Revisions[0].Current = true
	w.Events = nil
	canary := release.Workload{
		At: seen, Found: true, Name: "datahub-gateway-canary", Namespace: w.Namespace, UID: "u-2", Generation: 4, Observed: 4,
		Desired: 2, Replicas: 2, Updated: 2, Ready: 2, Available: 2, MaxSurge: 1,
		Progressing: release.Condition{Status: "True", Reason: "NewReplicaSetAvailable", Updated: at("13:02:20")},
		Containers:  []release.Container{{Name: "gateway", Image: repository + ":v2.5.0", CPU: 2, Memory: 2 * (1 << 30), Readiness: "GET :3001/health/ready"}},
		Template:    template("v2.5.0", `"on"`),
		Pods: []release.Pod{
			canaryPod("9xk4d", "v2.5.0", release.PodServing, at("13:02:02")),
			canaryPod("7plqz", "v2.5.0", release.PodServing, at("12:56:17")),
		},
	}
	set := revision(1, "v2.5.0", "canary-6b8d5f9c77", at("12:56:16"), 2, 2)
	set.Current = true
	canary.Revisions = []release.Revision{set}
	f.State.View.Canary = canary
	f.State.View.Split = release.Split{
		At: seen, Canary: 25, Rest: "r", Writer: "slipway",
		StablePath: "/spec/http/1/route/0/weight", CanaryPath: "/spec/http/1/route/1/weight",
		Notes: []string{"1 route above takes what it matches: /health"},
	}
	f.State.View.Judged.Pairs = testPairs(sampled)
	f.State.View.Judged.Tally = release.Tally{Pass: 32}
	f.State.View.Samples = testSamples(sampled, sampled)
	f.Series = testSeries(f.Now)
	f.State.View.Links = map[release.Source]release.Link{
		release.Kubernetes: {OK: true, Since: at("12:18:00"), Last: seen},
		release.Prometheus: {OK: true, Since: at("12:18:00"), Last: sampled},
	}
	f.State.View.Checks = map[string]release.Holding{"error-rate-normal": {For: 185 * time.Second, Last: seen}}
	f.State.From = release.Target{Version: "v2.4.0", Image: repository + ":v2.4.0", Revision: 14, Template: w.Template.Hash}
	f.State.To = release.Target{Version: "v2.5.0", Image: repository + ":v2.5.0", Template: canary.Template.Hash}
	f.State.Rollout = release.Rollout{Goal: f.State.To, UID: w.UID, Began: at("12:56:16"), Generation: w.Generation}
	f.State.Items[7].At, f.State.Items[9].At = at("12:56:17"), at("12:56:20")
	f.State.Canary = &release.CanaryRun{
		Stage: release.Baking, Since: at("13:02:36"), Step: 1, Weight: 25, Live: at("13:02:36"), By: engA, UID: "u-2", Template: canary.Template.Hash, Rest: "r",
	}
	f.Activity = []release.Line{
		{Seq: 1, At: at("12:55:10"), By: engA, Mark: release.MarkPass, Text: "Migrations run successfully: ticked"},
		{Seq: 2, At: at("12:56:16"), By: engA, Mark: release.MarkPass, Text: "apply deployment/datahub-gateway-canary v2.5.0, 1 pod ✓ accepted"},
		{Seq: 3, At: at("12:56:58"), By: release.Itself, Mark: release.MarkPass, Text: "canary 1/1 available after 0:41"},
		{Seq: 4, At: at("12:57:20"), By: engA, Mark: release.MarkPass, Text: "weight 0 → 10 on virtualservice/datahub-gateway ✓ accepted"},
		{Seq: 5, At: at("13:02:31"), By: engA, Text: "advance canary 10% → 25%"},
		{Seq: 6, At: at("13:02:36"), By: engA, Mark: release.MarkPass, Text: "weight 10 → 25 on virtualservice/datahub-gateway ✓ accepted"},
	}
	return refresh(f)
}

// frameCanaryBaked has baked: a advances.
func frameCanaryBaked() release.Frame {
	f := frameCanary()
	f.State.Canary.Live = f.Now.Add(-6 * time.Minute)
	return refresh(f)
}

// frameCanaryLast has baked at the last weight: a promotes.
func frameCanaryLast() release.Frame {
	f := frameCanaryBaked()
	f.State.Canary.Step, f.State.Canary.Weight = 3, 100
	f.State.View.Split.Canary = 100
	scale(&f.State.View.Canary, 6)
	for _, p := range f.State.View.Judged.Pairs {
		if p.Metric == release.RequestRate {
			p.Canary.Value, p.Stable.Value = 12450, 0
			f.State.View.Judged.Pairs[p.Metric] = p
		}
	}
	return refresh(f)
}

// scale gives a canary n serving pods.
func scale(w *release.Workload, n int) {
	w.Desired, w.Replicas, w.Updated, w.Ready, w.Available = n, n, n, n, n
	w.Revisions[0].Desired, w.Revisions[0].Ready = n, n
	names := []string{"9xk4d", "7plqz", "c4m2t", "gg5zx", "hr8wk", "ml3nb"}
	w.Pods = nil
	for _, name := range names[:n] {
		w.Pods = append(w.Pods, canaryPod(name, "v2.5.0", release.PodServing, at("12:57:00")))
	}
}

// frameCanaryFailing is 03: pods crash, the error rate of the canary is far over its
// bound, and the next sample takes it back.
func frameCanaryFailing() release.Frame {
	f := frameCanary()
	f.Now = at("13:06:30").Add(200 * time.Millisecond)
	seen, sampled := at("13:06:30"), at("13:06:25")
	f.State.View.Workload.At, f.State.View.Split.At = seen, seen
	w := &f.State.View.Canary
	w.At = seen
	scale(w, 4)
	w.Ready, w.Available = 1, 1
	for i := range 3 {
		p := &w.Pods[i+1]
		p.State, p.Reason, p.Ready, p.Restarts, p.Last, p.Measured = release.PodFailing, "CrashLoopBackOff", 0, 4-i/2, at("13:06:11"), false
		p.Own = release.Restarted{Count: p.Restarts, Last: p.Last}
		p.Message = "back-off 40s restarting failed container"
	}
	w.Pods = []release.Pod{w.Pods[1], w.Pods[2], w.Pods[3], w.Pods[0]}
	w.Causes = []release.Cause{{
		Reason: "CrashLoopBackOff, exit 1", Text: "KEY_ROTATION_SECRET not set", Version: "v2.5.0",
		Pods: []string{w.Pods[0].Name, w.Pods[1].Name, w.Pods[2].Name}, First: at("13:05:59"), Newest: at("13:06:11"),
	}}
	f.State.View.Judged.Pairs = testPairs(sampled)
	errors, latency := f.State.View.Judged.Pairs[release.ErrorRate], f.State.View.Judged.Pairs[release.LatencyP95]
	errors.Canary.Value, latency.Canary.Value = 0.0241, 0.051
	errors.Past.Canary = series("╌╌╌▁▁▂▁▁▁▁▂▁▁▂██", 0.001, sampled)
	f.State.View.Judged.Pairs[release.ErrorRate], f.State.View.Judged.Pairs[release.LatencyP95] = errors, latency
	losing := release.Run{Count: 2, Newest: sampled, Samples: []release.Sample{{At: at("13:06:10"), Value: 0.0192}, {At: sampled, Value: 0.0241}}}
	f.State.View.Judged.Losing = map[release.MetricName]release.Run{release.ErrorRate: losing}
	f.State.View.Judged.Tally.Fail = 2
	f.State.View.Samples = testSamples(sampled, sampled)
	f.State.View.Samples[release.ErrorRate] = release.Sample{Metric: release.ErrorRate, At: sampled, Value: 0.0062}
	f.State.View.Failing = map[release.MetricName]release.Run{release.ErrorRate: {
		Count: 2, Newest: sampled, Samples: []release.Sample{{At: at("13:06:10"), Value: 0.0049}, {At: sampled, Value: 0.0062}},
	}}
	f.Series = testSeries(f.Now)
	f.Series[release.ErrorRate] = series("▁▁▁▁▁▂▁▁▁▁▁▂▁▁▁▂▁▁▁▂▁▁▁▁▁▂▁▁▁▂███", 0.001, f.Now)
	f.State.View.Links[release.Kubernetes] = release.Link{OK: true, Since: at("12:18:00"), Last: seen}
	f.State.View.Links[release.Prometheus] = release.Link{OK: true, Since: at("12:18:00"), Last: sampled}
	f.State.Items[9].Status, f.State.Items[9].Evidence, f.State.Items[9].At = release.Failed, "0.62%", at("13:06:12")
	f.Activity = append(f.Activity, release.Line{Seq: 7, At: at("13:06:11"), By: release.Itself, Mark: release.MarkFail, Text: "canary: 3 pods CrashLoopBackOff, exit 1: KEY_ROTATION_SECRET not set"})
	return refresh(f)
}

// frameCanaryAsking asks whether to take it back.
func frameCanaryAsking() release.Frame {
	f := frameCanaryFailing()
	f.Plan.Rollback.OnMetrics = release.Ask
	f.State.Asking = &release.Question{Trouble: release.Figures, Reason: "Error Rate of the canary failed 3 rounds in a row: 2.41% over 0.1%", At: at("13:06:25")}
	return refresh(f)
}

// frameCanaryCreating waits for the first pods.
func frameCanaryCreating() release.Frame {
	f := frameCanary()
	w := &f.State.View.Canary
	scale(w, 1)
	w.Ready, w.Available, w.Updated = 0, 0, 1
	w.Progressing.Reason = "ReplicaSetUpdated"
	w.Pods[0] = canaryPod("9xk4d", "v2.5.0", release.PodStarting, at("13:05:30"))
	f.State.Canary = &release.CanaryRun{Stage: release.Creating, Since: at("13:05:28"), Weight: 10, By: engA}
	f.State.Rollout.Began = at("13:05:28")
	f.State.View.Split.Canary, f.State.View.Judged.Pairs, f.State.View.Judged.Tally = 0, nil, release.Tally{}
	return refresh(f)
}

// frameCanaryPromoting has stable replaced while the traffic is on the canary.
func frameCanaryPromoting() release.Frame {
	f := frameCanaryLast()
	w := &f.State.View.Workload
	current := revision(15, "v2.5.0", "5d8f7c9b64", at("13:04:10"), 5, 3)
	current.Current, current.Template = true, template("v2.5.0", `"on"`)
	w.Revisions[0].Current, w.Revisions[0].Desired, w.Revisions[0].Ready = false, 3, 3
	w.Revisions = append([]release.Revision{current}, w.Revisions...)
	w.Generation, w.Observed, w.Template = 44, 44, current.Template
	w.Containers[0].Image = repository + ":v2.5.0"
	w.Replicas, w.Updated, w.Ready, w.Available = 8, 5, 6, 6
	w.Progressing = release.Condition{Status: "True", Reason: "ReplicaSetUpdated", Updated: at("13:05:20")}
	old := at("12:00:00")
	w.Pods = []release.Pod{
		pod("q7hzn", "v2.5.0", 15, release.PodStarting, at("13:05:22")), pod("tb4lk", "v2.5.0", 15, release.PodStarting, at("13:05:22")),
		pod("m2v8x", "v2.5.0", 15, release.PodServing, at("13:04:12")), pod("6d9fq", "v2.5.0", 15, release.PodServing, at("13:04:12")), pod("tt7wn", "v2.5.0", 15, release.PodServing, at("13:04:12")),
		pod("c5xrt", "v2.4.0", 14, release.PodServing, old), pod("hk2mz", "v2.4.0", 14, release.PodServing, old), pod("zz81p", "v2.4.0", 14, release.PodServing, old),
	}
	f.State.To.Template = current.Template.Hash
	f.State.Rollout = release.Rollout{Goal: f.State.To, UID: w.UID, Began: at("13:04:08"), Generation: 44, Condition: at("12:42:51")}
	f.State.Canary.Stage, f.State.Canary.Since, f.State.Canary.Promoted = release.Promoting, at("13:04:08"), true
	return refresh(f)
}

// frameCanaryReturning is on its way back: traffic first.
func frameCanaryReturning() release.Frame {
	f := frameCanaryFailing()
	f.State.Phase = release.RollingBack
	f.State.Rollout = release.Rollout{Goal: f.State.From, UID: f.State.View.Workload.UID, Began: at("13:06:28"), Generation: 43}
	f.State.Auto = "Error Rate of the canary failed 3 rounds in a row"
	f.State.Canary.Stage, f.State.Canary.Since, f.State.Canary.Weight, f.State.Canary.Live = release.Returning, at("13:06:28"), 0, time.Time{}
	f.State.Canary.By, f.State.Canary.Why = release.Itself, "Error Rate of the canary failed 3 rounds in a row: 2.41% over 0.1%"
	f.State.View.Judged.Losing, f.State.View.Failing = nil, nil
	return refresh(f)
}

// frameCanaryAborted is the end of that.
func frameCanaryAborted() release.Frame {
	f := frameCanaryReturning()
	f.Now = at("13:07:10").Add(200 * time.Millisecond)
	seen := at("13:07:10")
	f.State.Phase, f.State.Ended = release.RolledBack, at("13:06:58")
	f.State.Rollout.Completed = at("13:06:58")
	f.State.Canary.Stage, f.State.Canary.Since, f.State.Canary.Live = release.Gone, at("13:06:58"), at("13:06:30")
	f.State.View.Workload.At, f.State.View.Canary.At, f.State.View.Split.At = seen, seen, seen
	w := &f.State.View.Canary
	scale(w, 0)
	w.Causes = nil
	f.State.View.Split.Canary = 0
	f.State.View.Samples = testSamples(at("13:07:05"), at("13:07:05"))
	f.State.View.Links[release.Kubernetes] = release.Link{OK: true, Since: at("12:18:00"), Last: seen}
	f.State.View.Links[release.Prometheus] = release.Link{OK: true, Since: at("12:18:00"), Last: at("13:07:05")}
	f.Series = testSeries(f.Now)
	return refresh(f)
}

// frameCanaryUnseen is a canary whose split has not been read for a while, and whose
// figures are old.
func frameCanaryUnseen() release.Frame {
	f := frameCanary()
	f.Now = at("13:06:54").Add(200 * time.Millisecond)
	f.State.View.Workload.At, f.State.View.Canary.At = at("13:06:54"), at("13:06:54")
	f.State.View.Links[release.Kubernetes] = release.Link{OK: true, Since: at("12:18:00"), Last: at("13:06:54")}
	return refresh(f)
}

// frameCanaryReady is a canary release whose gates are open.
func frameCanaryReady() release.Frame {
	f := frameCanary()
	f.State.Phase, f.State.Rollout, f.State.Canary = release.Planned, release.Rollout{}, nil
	f.State.Items = testItems(f.Plan, 7, f.Now)
	f.State.View.Canary = release.Workload{At: at("13:05:48"), Name: "datahub-gateway-canary"}
	f.State.View.Split.Canary, f.State.View.Judged.Pairs, f.State.View.Judged.Tally = 0, nil, release.Tally{}
	return refresh(f)
}

// frameCanaryReturned is an unfinished canary that was found at the start.
func frameCanaryReturned() release.Frame {
	f := frameCanary()
	f.State.Held = &release.Hold{Kind: release.HeldOnReturn, Reason: "weight 10 → 25 was accepted when slipway ended, canary baking, 25% asked for", By: release.Itself, At: at("13:05:40")}
	return refresh(f)
}

// frameCanaryHeld is held by hand.
func frameCanaryHeld() release.Frame {
	f := frameCanary()
	f.State.Held = &release.Hold{Kind: release.HeldByHand, Reason: "held by hand", By: engA, At: at("13:05:40")}
	return refresh(f)
}

// frameCanaryStray is a canary with traffic that no release here is about.
func frameCanaryStray() release.Frame {
	f := frameCanary()
	f.State.Record = release.Record{}
	f.State.View.Judged.Pairs, f.State.View.Judged.Tally, f.Activity = nil, release.Tally{}, nil
	return refresh(f)
}
