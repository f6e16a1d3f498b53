package ui

import (
	"strings"
	"time"

	"datahub.io/slipway/release"
)

// The drawn situations, built from release types as the engine would.

func at(clock string) time.Time {
	t, err := time.Parse(time.DateTime, "2026-11-20 "+clock)
	if err != nil {
		panic(err)
	}
	return t
}

var (
	engA = release.Actor{Name: "eng-a", Local: "eng-a@console"}
	engB = release.Actor{Name: "eng-b", Local: "eng-b@console"}
)

const repository = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/datahub-gateway"

func testPlan() release.Plan {
	manual := func(id, title string, stage release.Stage) release.ItemSpec {
		return release.ItemSpec{ID: id, Title: title, Stage: stage, Type: release.ItemManual}
	}
	return release.Plan{
		Service: "datahub-gateway", Image: repository, Environment: "production", Cluster: "prod-eu",
		Namespace: "datahub-production", Deployment: "datahub-gateway", Container: "gateway", Protected: true,
		Items: []release.ItemSpec{
			manual("staging-verified", "Staging verified for 24+ hours", release.Pre),
			manual("load-tests-passed", "Load tests passed", release.Pre),
			manual("security-scan-clean", "Security scan clean", release.Pre),
			manual("change-request-approved", "Change request approved", release.Pre),
			manual("rollback-plan-documented", "Rollback plan documented", release.Pre),
			manual("database-backup-completed", "Database backup completed", release.During),
			manual("migrations-run", "Migrations run successfully", release.During),
			{ID: "rolling-update", Title: "Rolling update in progress", Stage: release.During, Type: release.ItemDeploy, Runbook: "https://runbooks.example/gateway-rollout"},
			{ID: "health-checks-passing", Title: "Health checks passing", Stage: release.During, Type: release.ItemHTTP, Settings: release.HTTPCheck{URL: "https://gateway.datahub.io/health"}},
			{ID: "error-rate-normal", Title: "Error rate normal", Stage: release.During, Type: release.ItemMetric, Settings: release.MetricCheck{Metric: release.ErrorRate}, For: 5 * time.Minute},
			{ID: "all-pods-healthy", Title: "All pods healthy", Stage: release.Post, Type: release.ItemPods},
			{ID: "metrics-normal", Title: "Metrics normal", Stage: release.Post, Type: release.ItemMetrics},
			{ID: "no-error-spikes", Title: "No error spikes", Stage: release.Post, Type: release.ItemSpikes, Settings: release.SpikesCheck{Metric: release.ErrorRate}, For: 30 * time.Minute},
			manual("customer-verification", "Customer verification", release.Post),
			manual("documentation-updated", "Documentation updated", release.Post),
		},
		Metrics: []release.MetricSpec{
			{Name: release.ErrorRate, Title: "Error Rate", Unit: release.Ratio, Rollback: true, Window: time.Minute, Bound: release.Bound{Kind: release.Threshold, Max: 0.001}},
			{Name: release.LatencyP95, Title: "Latency P95", Unit: release.Seconds, Rollback: true, Bound: release.Bound{Kind: release.Threshold, Max: 0.1}},
			{Name: release.RequestRate, Title: "Requests/sec", Unit: release.PerSecond, Bound: release.Bound{Kind: release.Range, Normal: 12000, Tolerance: 0.5}},
			{Name: release.Memory, Title: "Memory Usage", Unit: release.Bytes, Bound: release.Bound{Kind: release.Limit, FromDeployment: true, Warn: 0.9}},
			{Name: release.CPU, Title: "CPU Usage", Unit: release.Cores, Bound: release.Bound{Kind: release.Limit, FromDeployment: true, Warn: 0.9}},
		},
		Rollback: release.Rollback{OnDeadline: release.Auto, OnMetrics: release.Auto, After: 3},
		Stale:    release.Staleness{Workload: 15 * time.Second, Metric: 45 * time.Second},
	}
}

func template(version, rotation string) release.Template {
	image := release.Field{Path: "spec.containers[gateway]", Key: "image", Value: repository + ":" + version}
	t := release.Template{Hash: version, Fields: []release.Field{image}}
	if rotation != "" {
		t.Fields = append(t.Fields, release.Field{Path: "spec.containers[gateway].env", Key: "KEY_ROTATION", Value: rotation})
	}
	return t
}

func revision(n int64, version, set string, created time.Time, desired, ready int) release.Revision {
	return release.Revision{
		Number: n, ReplicaSet: "datahub-gateway-" + set, UID: set, Created: created,
		Cause: "release " + version, Image: repository + ":" + version, Version: version,
		Desired: desired, Ready: ready, Template: template(version, ""),
	}
}

func pod(name, version string, n int64, state release.PodState, created time.Time) release.Pod {
	p := release.Pod{
		Name: "datahub-gateway-5d8f7c9b64-" + name, Version: version, Revision: n, State: state,
		Reason: "Ready", Ready: 1, Total: 1, Created: created, ReadyAt: created.Add(22 * time.Second),
		Node: "ip-10-2-7", CPU: 0.9, Memory: 1.25 * (1 << 30), Measured: true,
	}
	if state != release.PodServing && state != release.PodDraining {
		p.Reason, p.Ready, p.ReadyAt, p.Measured = "Running, not ready", 0, time.Time{}, false
	}
	return p
}

// series is a sparkline turned into the points that it shows.
func series(drawn string, level6 float64, now time.Time) []release.Point {
	levels := []rune("▁▂▃▄▅▆▇█")
	cells := []rune(drawn)
	step := sparkSpan / time.Duration(len(cells))
	var points []release.Point
	for i, c := range cells {
		level := strings.IndexRune(string(levels), c) / len("▁")
		if c == '╌' || level < 0 {
			continue
		}
		moment := now.Add(-sparkSpan + time.Duration(i)*step + step/2)
		points = append(points, release.Point{At: moment, Value: level6 * (float64(level) + 1) / boundLevel})
	}
	return points
}

func testSeries(now time.Time) map[release.MetricName][]release.Point {
	return map[release.MetricName][]release.Point{
		release.ErrorRate:   series("▁▁▁▁▁▂▁▁▁▁▁▂▁▁▁▂▁▁▁▂▁▁▁▁▁▂▂▁▁▁▁▁▁", 0.001, now),
		release.LatencyP95:  series("▃▃▃▃▃▃▃▃▃▃▂▃▃▃▃▃▃▃▃▃▃▃▃▃▃▃▃▃▃▃▃▃▂", 0.1, now),
		release.RequestRate: series("▄▄▄▄▄▄▅▄▅▅▄▄▄▄▄▄▄▄▄▃▃▄▄▄▅▅▄▄▄▄▄▄▄", 18000, now),
		release.Memory:      series("▄▄▄▄▄▄▄▄▄▄▃▄▄▃▃▃▄▄▃▄▃▄▄▄▄▄▄▄▄▄▃▄▃", 0.9*2*(1<<30), now),
		release.CPU:         series("▃▃▃▃▃▄▄▃▃▄▃▃▃▂▃▄▄▃▄▃▃▃▄▃▃▃▂▃▃▄▃▄▄", 0.9*2, now),
	}
}

func testSamples(fast, slow time.Time) map[release.MetricName]release.Sample {
	return map[release.MetricName]release.Sample{
		release.ErrorRate:   {Metric: release.ErrorRate, At: fast, Value: 0.0002},
		release.LatencyP95:  {Metric: release.LatencyP95, At: fast, Value: 0.045},
		release.RequestRate: {Metric: release.RequestRate, At: fast, Value: 12450},
		release.Memory:      {Metric: release.Memory, At: slow, Value: 0.62 * 2 * (1 << 30)},
		release.CPU:         {Metric: release.CPU, At: slow, Value: 0.9},
	}
}

func testItems(plan release.Plan, passed int, now time.Time) []release.Item {
	items := make([]release.Item, len(plan.Items))
	for i, spec := range plan.Items {
		items[i] = release.Item{ID: spec.ID, Status: release.Waiting}
		if i < passed {
			items[i].Status, items[i].By, items[i].At = release.Passed, engA, now.Add(-time.Duration(20-i)*time.Minute)
			if i == 3 {
				items[i].By, items[i].Note = engB, "CR-2201"
			}
		}
	}
	return items
}

// frameRolling is 01-overview-rolling: two of six replaced.
func frameRolling() release.Frame {
	now := at("12:43:12").Add(200 * time.Millisecond)
	plan := testPlan()
	changed := at("12:41:07")
	current := revision(15, "v2.5.0", "5d8f7c9b64", at("12:41:08"), 5, 2)
	current.Current, current.Template = true, template("v2.5.0", `"on"`)
	old := now.Add(-9*24*time.Hour - 4*time.Hour)
	w := release.Workload{
		At: at("12:43:12"), Found: true, Name: "datahub-gateway", Namespace: "datahub-production", UID: "u-1",
		ResourceVersion: "90412", Generation: 43, Observed: 43,
		Desired: 6, Replicas: 8, Updated: 5, Ready: 5, Available: 5, MaxSurge: 2, MaxUnavail: 1, History: 5, Deadline: 5 * time.Minute,
		Progressing: release.Condition{Status: "True", Reason: "ReplicaSetUpdated", Updated: at("12:42:51")},
		Containers:  []release.Container{{Name: "gateway", Image: repository + ":v2.5.0", CPU: 2, Memory: 2 * (1 << 30), Readiness: "GET :3001/health/ready"}},
		Template:    current.Template,
		Revisions:   []release.Revision{current, revision(14, "v2.4.0", "7c9f6b4d58", old, 3, 3), revision(13, "v2.3.2", "66bd8f7c9d", now.Add(-23*24*time.Hour), 0, 0)},
		Pods: []release.Pod{
			pod("m2v8x", "v2.5.0", 15, release.PodStarting, at("12:42:51")), pod("q7hzn", "v2.5.0", 15, release.PodStarting, at("12:42:51")),
			pod("tb4lk", "v2.5.0", 15, release.PodStarting, at("12:42:51")),
			pod("6d9fq", "v2.5.0", 15, release.PodServing, at("12:42:27")), pod("tt7wn", "v2.5.0", 15, release.PodServing, at("12:42:27")),
			pod("c5xrt", "v2.4.0", 14, release.PodServing, old), pod("hk2mz", "v2.4.0", 14, release.PodServing, old),
			pod("zz81p", "v2.4.0", 14, release.PodServing, old), pod("x8k2p", "v2.4.0", 14, release.PodDraining, old),
		},
		UsageAt: at("12:43:01"),
		Events: []release.Note{
			{At: at("12:42:51"), Reason: "ScalingReplicaSet", Object: "datahub-gateway", Text: "Scaled up replica set datahub-gateway-5d8f7c9b64 from 3 to 5", Count: 1},
			{At: at("12:41:08"), Reason: "ScalingReplicaSet", Object: "datahub-gateway", Text: "Scaled up replica set datahub-gateway-5d8f7c9b64 from 0 to 3", Count: 1},
		},
	}
	items := testItems(plan, 7, now)
	items[7].Status, items[7].At, items[7].By = release.Running, at("12:41:08"), release.Itself
	items[9].Status, items[9].At, items[9].By = release.Running, at("12:41:12"), release.Itself
	state := release.State{
		Record: release.Record{
			Format: release.RecordFormat, Seq: 31, ID: "r-1", Service: plan.Service, Environment: plan.Environment,
			Cluster: plan.Cluster, Namespace: plan.Namespace, Deployment: plan.Deployment,
			Phase: release.Deploying, Began: at("12:18:31"), By: engA,
			From:    release.Target{Version: "v2.4.0", Image: repository + ":v2.4.0", Revision: 14, Template: "v2.4.0"},
			To:      release.Target{Version: "v2.5.0", Image: repository + ":v2.5.0", Revision: 15, Template: "v2.5.0"},
			Items:   items,
			Rollout: release.Rollout{Goal: release.Target{Version: "v2.5.0", Image: repository + ":v2.5.0", Revision: 15, Template: "v2.5.0"}, Began: changed, Generation: 43, Condition: at("12:20:00")},
		},
		View: release.View{
			Workload: w,
			Samples:  testSamples(at("12:43:09"), at("12:43:01")),
			Links: map[release.Source]release.Link{
				release.Kubernetes: {OK: true, Since: at("12:18:00"), Last: at("12:43:12")},
				release.Prometheus: {OK: true, Since: at("12:18:00"), Last: at("12:43:09")},
			},
			Checks: map[string]release.Holding{"error-rate-normal": {For: 125 * time.Second, Last: at("12:43:12")}},
		},
	}
	f := release.Frame{
		Now: now, Plan: plan, State: state, Series: testSeries(now), User: engA,
		Activity: []release.Line{
			{Seq: 1, At: at("12:40:31"), By: engB, Mark: release.MarkPass, Text: "Change request approved: ticked, \"CR-2201\""},
			{Seq: 2, At: at("12:40:40"), By: engA, Mark: release.MarkPass, Text: "Migrations run successfully: ticked"},
			{Seq: 3, At: changed, By: engA, Mark: release.MarkPass, Text: "set image gateway v2.4.0 → v2.5.0 ✓ accepted"},
			{Seq: 4, At: at("12:41:08"), By: release.Itself, Text: "revision 15 created, deadline 5:00 from last progress"},
			{Seq: 5, At: at("12:42:48"), By: release.Itself, Text: "pod -tt7wn ready after 0:21"},
			{Seq: 6, At: at("12:42:51"), By: release.Itself, Text: "pod -6d9fq ready after 0:24"},
			{Seq: 7, At: at("12:43:09"), By: release.Itself, Text: "2 of 6 replaced; old pod -x8k2p draining"},
		},
	}
	return refresh(f)
}

// refresh computes the choices anew after a frame was changed.
func refresh(f release.Frame) release.Frame {
	f.Choices = release.Allowed(f.Plan, f.State, f.Now)
	return f
}

// frameDegraded is 09-degraded: the API server gone for 42 s, Prometheus stale.
func frameDegraded() release.Frame {
	f := frameRolling()
	f.Now = at("12:43:54").Add(200 * time.Millisecond)
	fast, slow := at("12:42:49"), at("12:42:41")
	f.State.View.Samples = testSamples(fast, slow)
	for name, points := range testSeries(at("12:43:54")) {
		for i, p := range points {
			if p.At.After(fast) {
				points = points[:i]
				break
			}
		}
		f.Series[name] = points
	}
	f.State.View.Links = map[release.Source]release.Link{
		release.Kubernetes: {Since: at("12:43:12"), Last: at("12:43:12"), Err: "dial tcp 10.2.0.1:443: i/o timeout", Tries: 9, Next: at("12:43:57")},
		release.Prometheus: {OK: true, Since: at("12:43:49"), Last: at("12:43:49")},
	}
	f.State.Items[9].Status, f.State.Items[9].Evidence, f.State.Items[9].At = release.Unknown, "stale 46s", at("12:43:35")
	f.Activity = append(f.Activity[:len(f.Activity):len(f.Activity)],
		release.Line{Seq: 8, At: at("12:43:13"), By: release.Itself, Mark: release.MarkUnknown, Text: "API server unreachable: watch closed, i/o timeout"},
		release.Line{Seq: 9, At: at("12:43:49"), By: release.Itself, Mark: release.MarkStale, Text: "Prometheus answers, newest sample 60s old: stale"},
		release.Line{Seq: 10, At: at("12:43:51"), By: release.Itself, Mark: release.MarkUnknown, Text: "try 9: i/o timeout, next in 0:06"},
	)
	return refresh(f)
}

// frameFailing is 05: two pods crash, the error rate is over its bound.
func frameFailing() release.Frame {
	f := frameRolling()
	f.Now = at("12:44:49").Add(200 * time.Millisecond)
	w := &f.State.View.Workload
	w.At = at("12:44:49")
	w.Progressing.Updated = at("12:42:51")
	for i := range 2 {
		p := &w.Pods[i]
		p.State, p.Reason, p.Restarts, p.Last = release.PodFailing, "CrashLoopBackOff", 4-i, at("12:44:37")
		p.Own = release.Restarted{Count: p.Restarts, Last: p.Last}
		p.Message = "back-off 40s restarting failed container"
	}
	w.Causes = []release.Cause{{
		Reason: "CrashLoopBackOff, exit 1", Text: "panic: dial redis: lookup redis-b: no such host",
		Pods: []string{w.Pods[0].Name, w.Pods[1].Name}, Version: "v2.5.0", First: at("12:43:09"), Newest: at("12:44:40"),
	}, {
		Reason: "readiness probe failing", Text: "GET :3001/health/ready → 503, 4 times",
		Pods: []string{w.Pods[2].Name}, Version: "v2.5.0", First: at("12:44:20"), Newest: at("12:44:31"), Soft: true,
	}}
	f.State.View.Samples = testSamples(at("12:44:46"), at("12:44:38"))
	f.State.View.Samples[release.ErrorRate] = release.Sample{Metric: release.ErrorRate, At: at("12:44:46"), Value: 0.0062}
	f.State.View.Failing = map[release.MetricName]release.Run{release.ErrorRate: {
		Count: 2, Newest: at("12:44:46"), Samples: []release.Sample{{At: at("12:44:16"), Value: 0.0058}, {At: at("12:44:46"), Value: 0.0062}},
	}}
	f.Series = testSeries(f.Now)
	f.Series[release.ErrorRate] = series("▁▁▁▁▁▂▁▁▁▁▁▂▁▁▁▂▁▁▁▂▁▁▁▁▁▂▁▁▁▂███", 0.001, f.Now)
	f.State.View.Links[release.Kubernetes] = release.Link{OK: true, Since: at("12:18:00"), Last: at("12:44:49")}
	f.State.View.Links[release.Prometheus] = release.Link{OK: true, Since: at("12:18:00"), Last: at("12:44:46")}
	f.State.Items[9].Status, f.State.Items[9].Evidence, f.State.Items[9].At = release.Failed, "0.62%", at("12:44:31")
	return refresh(f)
}

// framePlanned is a release that waits for its first items.
func framePlanned() release.Frame {
	f := frameRolling()
	f.State.Phase, f.State.Rollout = release.Planned, release.Rollout{}
	f.State.Items = testItems(f.Plan, 1, f.Now)
	f.State.Items[1].Status, f.State.Items[1].By = release.Waived, engA
	f.State.Items[1].At, f.State.Items[1].Reason = at("12:20:14"), "runner down, INC-881"
	w := &f.State.View.Workload
	settle(w, "v2.4.0", 14)
	f.State.View.Checks = nil
	f.Activity = f.Activity[:1]
	return refresh(f)
}

// frameReady is a release whose gates are open.
func frameReady() release.Frame {
	f := framePlanned()
	f.State.Items = testItems(f.Plan, 7, f.Now)
	return refresh(f)
}

// frameIdle is no release at all.
func frameIdle() release.Frame {
	f := framePlanned()
	f.State.Record = release.Record{}
	f.Activity = nil
	return refresh(f)
}

// frameReleased is the end of a good release.
func frameReleased() release.Frame {
	f := frameRolling()
	f.Now = at("13:15:00")
	f.State.Phase, f.State.Ended = release.Released, at("13:14:40")
	f.State.Rollout.Completed = at("12:44:31")
	f.State.Items = testItems(f.Plan, 15, f.Now)
	settle(&f.State.View.Workload, "v2.5.0", 15)
	f.State.View.Workload.At = f.Now
	f.State.View.Links[release.Kubernetes] = release.Link{OK: true, Last: f.Now, Since: at("12:18:00")}
	f.State.View.Links[release.Prometheus] = release.Link{OK: true, Last: f.Now, Since: at("12:18:00")}
	f.State.View.Samples = testSamples(f.Now.Add(-3*time.Second), f.Now.Add(-11*time.Second))
	f.Series = testSeries(f.Now)
	return refresh(f)
}

// frameReturning is the way back to v2.4.0, which is revision 16 now.
func frameReturning() release.Frame {
	f := frameRolling()
	w := &f.State.View.Workload
	goal := release.Target{Version: "v2.4.0", Image: repository + ":v2.4.0", Revision: 14, Template: "v2.4.0"}
	f.State.Phase = release.RollingBack
	f.State.Rollout = release.Rollout{Goal: goal, UID: w.UID, Began: at("12:43:10"), Generation: 44, Condition: at("12:42:51")}
	w.Generation, w.Observed = 44, 44
	w.ChangeCause = "undo to v2.4.0, revision 14, by eng-a, slipway"
	w.Containers[0].Image, w.Template = goal.Image, template("v2.4.0", "")
	left, back := w.Revisions[0], w.Revisions[1]
	left.Current, back.Current, back.Number, back.Cause = false, true, 16, w.ChangeCause
	w.Revisions = append([]release.Revision{back, left}, w.Revisions[2:]...)
	for i, p := range w.Pods {
		if p.Revision == 14 {
			w.Pods[i].Revision = 16
		}
	}
	f.Activity = append(f.Activity, release.Line{Seq: 8, At: at("12:43:10"), By: engA, Mark: release.MarkPass, Text: "undo to v2.4.0, revision 14 accepted"})
	return refresh(f)
}

// frameWatching is the same rollout as another console sees it.
func frameWatching() release.Frame {
	f := frameRolling()
	f.State.View.Driver = &release.Driver{Name: "eng-a", Version: "v2.5.0", Local: true, Since: at("12:40:00")}
	f.State.Record = release.Record{}
	f.User, f.Activity = engB, f.Activity[3:]
	return refresh(f)
}

// settle makes a workload complete at one of its revisions.
func settle(w *release.Workload, version string, number int64) {
	w.Replicas, w.Updated, w.Ready, w.Available = 6, 6, 6, 6
	w.Progressing = release.Condition{Status: "True", Reason: "NewReplicaSetAvailable", Updated: w.Progressing.Updated}
	w.Containers[0].Image = repository + ":" + version
	var kept []release.Revision
	for _, r := range w.Revisions {
		r.Current, r.Desired, r.Ready = r.Number == number, 0, 0
		if r.Current {
			r.Desired, r.Ready = 6, 6
			w.Template = r.Template
		}
		if r.Number <= number {
			kept = append(kept, r)
		}
	}
	w.Revisions = kept
	names := []string{"c5xrt", "hk2mz", "zz81p", "x8k2p", "tt7wn", "6d9fq"}
	w.Pods = nil
	for _, name := range names {
		w.Pods = append(w.Pods, pod(name, version, number, release.PodServing, at("12:00:00")))
	}
}

// frameFirst is the first frame: nothing has been seen yet.
func frameFirst() release.Frame {
	return refresh(release.Frame{Now: at("12:18:00"), Plan: testPlan(), User: engA})
}
