package release_test

import (
	"fmt"
	"path/filepath"
	"slices"
	"sort"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"

	"datahub.io/slipway/release"
)

// A story is a script of what happens to one release, with the machine's whole
// reaction under each step. Commands:
//
//	new [protected] [onDeadline=auto|ask|off] [onMetrics=…] [unattended] [soaks]
//	cluster version=v2.4.0 revision=14 [pods=6] [available=6] [updated=6] [paused] [unobserved]
//	        [reason=ProgressDeadlineExceeded] [failing=CrashLoopBackOff] [generation=+1] [cause="…"] [since=5m] [absent]
//	cluster … touched=restart  the pod template with another annotation, the image as it was; touched=none takes it back
//	at creating|shifting|baking|promoting|returning|removing|verifying [WEIGHT]  a canary goes there with nothing in the way
//	canary version=v2.5.0 [pods=1] [available=1] [failing=CrashLoopBackOff] [restarts=2] [reason=…] [absent] [anew]
//	split weight=10 [rest=other] [by=kubectl-edit] [err=…]
//	pairs [errorRate=0.02%/0.02%] [latencyP95=45ms/44ms] [rps=300] [trial=0.01]
//	metric errorRate=0.02% [age=3s] | metric errorRate=error
//	probe ITEM pass|fail|nodata [text]
//	do begin|tick|waive|deploy|pause|resume|undo|hold|continue|abandon [key=value] [stale]
//	done accepted|skipped|moved|refused|lost [id=…] [stored=v2.5.0@sha256:…] [text]
//	wait DURATION
//	link down|up
//	crash | anew
//	show [choices|headline|checklist|record]
func TestStories(t *testing.T) {
	paths, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no stories: %v", err)
	}
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txt"), func(t *testing.T) {
			t.Parallel()
			w := newWorld()
			datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
				return w.run(t, d)
			})
		})
	}
}

// world is a release with the cluster around it, as a story tells it.
type world struct {
	plan     release.Plan
	state    release.State
	now      time.Time
	cluster  release.Workload
	revision map[string]int64     // version → revision number
	first    map[string]time.Time // cause → when it was first told of
	serves   map[string]int       // of an earlier version: its available pods
	intents  int
	change   string // the change in flight
	canary   release.Workload
	split    release.Split
	pairs    []release.Pair  // sent with every second of a wait, when not nil
	rate     *release.Sample // requestRate as the story last gave it, or nil
}

func newWorld() *world {
	w := &world{now: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC), plan: testPlan(), revision: map[string]int64{}, first: map[string]time.Time{}, serves: map[string]int{}}
	return w
}

func testPlan() release.Plan {
	return release.Plan{
		Service: "datahub-gateway", Image: "registry/datahub-gateway", Environment: "production",
		Cluster: "prod-eu", Namespace: "datahub-production", Deployment: "datahub-gateway", Container: "gateway",
		Items: []release.ItemSpec{
			{ID: "approved", Title: "Change request approved", Stage: release.Pre, Type: release.ItemManual},
			{ID: "rolling", Title: "Rolling update in progress", Stage: release.During, Type: release.ItemDeploy},
			{ID: "health", Title: "Health checks passing", Stage: release.During, Type: release.ItemHTTP, Settings: release.HTTPCheck{URL: "http://gateway/health"}, For: 4 * time.Second},
			{ID: "errors", Title: "Error rate normal", Stage: release.During, Type: release.ItemMetric, Settings: release.MetricCheck{Metric: release.ErrorRate}, For: 10 * time.Second},
			{ID: "pods", Title: "All pods healthy", Stage: release.Post, Type: release.ItemPods},
			{ID: "customer", Title: "Customer verification", Stage: release.Post, Type: release.ItemManual},
		},
		Metrics: []release.MetricSpec{
			{Name: release.ErrorRate, Title: "Error Rate", Unit: release.Ratio, Bound: release.Bound{Kind: release.Threshold, Max: 0.001}, Rollback: true},
		},
		Rollback: release.Rollback{OnDeadline: release.Auto, OnMetrics: release.Ask, After: 3},
		Stale:    release.Staleness{Workload: 10 * time.Second, Metric: 30 * time.Second},
	}
}

var eng = release.Actor{Name: "eng-a"}

func (w *world) run(t *testing.T, d *datadriven.TestData) string {
	t.Helper()
	switch d.Cmd {
	case "new":
		*w = *newWorld()
		w.setup(t, d)
		return "ok\n"
	case "cluster":
		w.shape(t, d)
		return w.step(release.Observed{Workload: w.look()})
	case "clock": // set back
		back, err := time.ParseDuration(d.CmdArgs[0].Key)
		if err != nil {
			t.Fatal(err)
		}
		w.now = w.now.Add(-back)
		return "ok\n"
	case "canary":
		w.shapeCanary(t, d)
		return w.step(release.ObservedCanary{Workload: w.lookCanary()})
	case "lost": // the canary's Deployment cannot be looked at
		return w.step(release.LostCanary{Err: d.CmdArgs[0].Key})
	case "split":
		w.shapeSplit(t, d)
		return w.step(release.ObservedSplit{Split: w.lookSplit()})
	case "pairs":
		w.setPairs(t, d)
		return w.step(release.Compared{Of: release.Compares(w.plan, w.state.Record), Pairs: w.lookPairs()})
	case "at":
		return w.arrive(t, d)
	case "again":
		return w.step(release.Observed{Workload: w.look()})
	case "metric":
		return w.step(release.Sampled{Samples: w.samples(t, d)})
	case "probe":
		verdict := map[string]release.Verdict{"pass": release.Pass, "fail": release.Fail, "nodata": release.NoData}[d.CmdArgs[1].Key]
		text := strings.TrimSpace(d.Input)
		result := release.Result{At: w.now, Verdict: verdict, Short: text, Detail: text}
		of := w.state.ID
		for _, arg := range d.CmdArgs[2:] {
			switch arg.Key {
			case "lasting":
				result.Lasting = true
			case "of":
				of = arg.Vals[0]
			default: // a fact
				if result.Facts == nil {
					result.Facts = release.Facts{}
				}
				result.Facts[release.FactName(arg.Key)] = arg.Vals[0]
			}
		}
		return w.step(release.Probed{Item: d.CmdArgs[0].Key, Of: of, Result: result})
	case "do":
		return w.do(t, d)
	case "done":
		return w.done(t, d)
	case "found": // what was seen of the task whose answer is not known
		text := strings.TrimSpace(d.Input)
		return w.step(release.Found{ID: w.change, Look: release.Look{At: w.now, Is: release.Standing(d.CmdArgs[0].Key), Text: text}})
	case "wait":
		return w.wait(t, d.CmdArgs[0].Key, d.HasArg("looking"))
	case "link":
		up := d.CmdArgs[0].Key == "up"
		link := release.Link{OK: up, Since: w.now, Last: w.cluster.At}
		if !up {
			link.Err = "connection refused"
		}
		return w.step(release.Linked{Source: release.Kubernetes, Link: link})
	case "crash":
		w.state.View = startsAgain(w.state.View)
		if d.HasArg("rolling") { // by the configuration that it comes back with
			w.plan.Canary.Aside = true
		}
		return w.step(release.Returned{By: eng})
	case "anew": // another process, that knows of the last release by its record
		view := startsAgain(w.state.View)
		view.Before = w.plan.BeforeIt(w.state.Record)
		w.state = release.State{View: view}
		return w.step(release.Returned{By: eng})
	case "show":
		return w.show(d.CmdArgs[0].Key)
	}
	t.Fatalf("unknown command %q", d.Cmd)
	return ""
}

func (w *world) setup(t *testing.T, d *datadriven.TestData) {
	for _, arg := range d.CmdArgs {
		switch arg.Key {
		case "protected":
			w.plan.Protected = true
		case "unattended":
			w.state.View.Mode.Unattended = true
		case "container":
			w.plan.Container = arg.Vals[0]
		case "replaces":
			w.state.View.Mode.Replaces = true
		case "onDeadline":
			w.plan.Rollback.OnDeadline = release.Answer(arg.Vals[0])
		case "onMetrics":
			w.plan.Rollback.OnMetrics = release.Answer(arg.Vals[0])
		case "apart":
			apart, err := time.ParseDuration(arg.Vals[0])
			if err != nil {
				t.Fatal(err)
			}
			w.plan.Metrics[0].Window = time.Duration(w.plan.Rollback.After-1) * apart
		case "canary":
			w.setupCanary(t, d)
		case "auto", "steps", "bake", "route", "weights", "aside":
		case "traffic":
			w.plan.Traffic = release.Traffic{Least: 10, Window: time.Minute}
			w.plan.Metrics = append(w.plan.Metrics, release.MetricSpec{Name: release.RequestRate, Title: "Requests/sec", Unit: release.PerSecond, Bound: release.Bound{Kind: release.Range, Normal: 1200, Tolerance: 0.5}})
		case "precheck": // before the deploy: another service answers
			w.plan.Items = append([]release.ItemSpec{{
				ID: "api", Title: "Partner API answers", Stage: release.Pre, Type: release.ItemHTTP, Settings: release.HTTPCheck{URL: "http://partner/health", AnyVersion: true},
			}}, w.plan.Items...)
		case "window": // opens in ten minutes for an hour; ten minutes later changes are frozen
			w.plan.Windows = release.Windows{
				Weekly: true, Words: "Mon 12:10–13:10 UTC", Finish: 5 * time.Minute,
				Open:    []release.Window{{From: w.now.Add(-time.Hour), To: w.now.Add(-30 * time.Minute)}, {From: w.now.Add(10 * time.Minute), To: w.now.Add(70 * time.Minute)}},
				Freezes: []release.Window{{From: w.now.Add(80 * time.Minute), To: w.now.Add(50 * time.Hour), Reason: "Invoicing run", By: "eng-c", Change: "CHG-2311"}},
			}
		case "action": // before the deploy a tag is made, after a person has approved
			w.plan.Items = slices.Insert(w.plan.Items, 1, release.ItemSpec{
				ID: "tag", Title: "Release tagged", Stage: release.Pre, Type: release.ItemCommand,
				Settings: release.CommandAction{Argv: []string{"git", "tag", "-a", "{version}", "-m", "Release {version}"}, Limit: time.Minute},
			})
		case "soaks": // half an hour, as a release does
			w.plan.Items = append(w.plan.Items, release.ItemSpec{
				ID: "spikes", Title: "No error spikes", Stage: release.Post, Type: release.ItemSpikes, Settings: release.SpikesCheck{Metric: release.ErrorRate}, For: 30 * time.Minute,
			})
		case "driven":
			w.state.View.Driver = &release.Driver{Name: "eng-b", Version: "v2.5.0", Host: "gateway-ci-7", Since: w.now.Add(-5 * time.Minute)}
		default:
			t.Fatalf("new: unknown %q", arg.Key)
		}
	}
}

// template makes the pod template of a version, or of one that was touched: "v2.4.0+restart".
func template(ran string) release.Template {
	version, by, touched := strings.Cut(ran, "+")
	t := release.Template{Hash: "hash-" + ran}
	if touched {
		t.Fields = append(t.Fields, release.Field{Path: "annotations", Key: "touched", Value: by})
	}
	t.Fields = append(t.Fields, release.Field{Path: "containers[gateway]", Key: "image", Value: imageNamed(version)})
	return t
}

// imageNamed is the image of a version; one of another repository is named whole.
func imageNamed(version string) string {
	if strings.Contains(version, "/") {
		return version
	}
	return "registry/datahub-gateway:" + version
}

// versionOf is the version of a revision, which has none without the released container.
func (w *world) versionOf(version string) string {
	if w.plan.Container != "gateway" {
		return ""
	}
	return release.Version(imageNamed(version))
}

// runs is what the Deployment runs, as imageNamed takes it.
func runs(w release.Workload) string {
	return strings.TrimPrefix(w.Image("gateway"), "registry/datahub-gateway:")
}

func (w *world) shape(t *testing.T, d *datadriven.TestData) {
	c := &w.cluster
	c.Found, c.Name = true, w.plan.Deployment
	if c.UID == "" {
		c.UID = "uid-1"
	}
	if c.Desired == 0 {
		c.Desired, c.MaxSurge, c.MaxUnavail, c.Deadline, c.History = 6, 2, 1, 5*time.Minute, 10
	}
	c.Paused, c.Causes, c.Writer = false, nil, ""
	unobserved, since := false, time.Duration(0)
	c.Progressing.Status, c.Progressing.Reason = "True", "ReplicaSetUpdated"
	for _, arg := range d.CmdArgs {
		n := func() int { v, _ := strconv.Atoi(arg.Vals[0]); return v }
		switch arg.Key {
		case "version":
			w.setVersion(arg.Vals[0])
		case "touched":
			w.touch(strings.TrimPrefix(arg.Vals[0], "none"))
		case "revision":
			w.revision[w.ran()] = int64(n())
		case "pods":
			c.Desired = n()
		case "available":
			c.Available, c.Ready = n(), n()
		case "updated":
			c.Updated = n()
		case "replicas":
			c.Replicas = n()
		case "all":
			c.Available, c.Ready, c.Updated, c.Replicas = n(), n(), n(), n()
		case "paused":
			c.Paused = true
		case "unobserved":
			unobserved = true
		case "absent":
			*c = release.Workload{}
		case "anew":
			c.UID += "x"
			c.Generation = 1
		case "reason":
			c.Progressing.Reason = arg.Vals[0]
		case "failing":
			c.Causes = []release.Cause{{Reason: arg.Vals[0], Pods: []string{"gateway-5d8f-m2v8x"}, Version: c.Version("gateway"), Text: "lookup redis-b: no such host", First: w.firstSeen(arg.Vals[0])}}
		case "soft", "over":
			for i := range c.Causes {
				c.Causes[i].Soft, c.Causes[i].Over = true, arg.Key == "over"
			}
		case "restarted":
			ago, err := time.ParseDuration(arg.Vals[0])
			if err != nil {
				t.Fatal(err)
			}
			c.Pods = []release.Pod{{Name: "gateway-5d8f-m2v8x", Version: c.Version("gateway"), Revision: w.revision[w.ran()], State: release.PodServing, Restarts: 1, Last: w.now.Add(-ago), Own: release.Restarted{Count: 1, Last: w.now.Add(-ago)}}}
		case "born": // so long before its restart
			age, err := time.ParseDuration(arg.Vals[0])
			if err != nil {
				t.Fatal(err)
			}
			c.Pods[0].Created = c.Pods[0].Last.Add(-age)
		case "since": // its condition stands
			d, err := time.ParseDuration(arg.Vals[0])
			if err != nil {
				t.Fatal(err)
			}
			since = d
		case "cause":
			c.ChangeCause = strings.Join(arg.Vals, ", ")
		case "history":
			c.History = n()
		case "writer":
			c.Writer = arg.Vals[0]
		case "serves": // pods of an earlier version that still do
			w.serves[arg.Vals[0]], _ = strconv.Atoi(arg.Vals[1])
		case "kept": // of the earlier revisions, by the limit
			for ran := range w.revision {
				if ran != w.ran() {
					delete(w.revision, ran)
				}
			}
		case "generation":
			c.Generation += int64(n())
		default:
			t.Fatalf("cluster: unknown %q", arg.Key)
		}
	}
	c.Progressing.Updated = w.now.Add(-since)
	if !unobserved {
		c.Observed = c.Generation
	}
	w.revisions(!unobserved)
}

// firstSeen is when a cause was first told of.
func (w *world) firstSeen(reason string) time.Time {
	if w.first[reason].IsZero() {
		w.first[reason] = w.now
	}
	return w.first[reason]
}

// ran is what stable's pod template is known by: its version, and what touched it.
func (w *world) ran() string { return strings.TrimPrefix(w.cluster.Template.Hash, "hash-") }

func (w *world) setVersion(version string) {
	if runs(w.cluster) != version {
		w.setTemplate(version)
	}
}

// touch changes stable's pod template and not its image: a restart, a variable.
func (w *world) touch(by string) {
	ran, _, _ := strings.Cut(w.ran(), "+")
	if by != "" {
		ran += "+" + by
	}
	w.setTemplate(ran)
}

// setTemplate gives stable a pod template: "v2.4.0", "v2.4.0+restart".
func (w *world) setTemplate(ran string) {
	c := &w.cluster
	version, _, _ := strings.Cut(ran, "+")
	c.Containers = []release.Container{{Name: "gateway", Image: imageNamed(version)}}
	if c.Template.Hash != template(ran).Hash {
		c.Generation++
	}
	c.Template = template(ran)
}

// revisions gives every template its ReplicaSet; the controller makes that of
// the current one only once it has observed the generation.
func (w *world) revisions(observed bool) {
	c := &w.cluster
	current := w.ran()
	if observed && current != "" {
		highest := int64(0)
		for _, n := range w.revision {
			highest = max(highest, n)
		}
		if n := w.revision[current]; n == 0 || n < highest {
			w.revision[current] = highest + 1
		}
	}
	c.Revisions = nil
	for ran, n := range w.revision {
		version, _, _ := strings.Cut(ran, "+")
		c.Revisions = append(c.Revisions, release.Revision{
			Number: n, Version: w.versionOf(version), Image: imageNamed(version),
			Template: template(ran), Current: ran == current, Available: w.serves[ran],
		})
	}
	sort.Slice(c.Revisions, func(i, j int) bool { return c.Revisions[i].Number > c.Revisions[j].Number })
}

func (w *world) look() release.Workload {
	look := w.cluster
	look.At = w.now
	if w.plan.Canary != nil {
		look.Pods = stablePods(w)
	}
	return look
}

func (w *world) samples(t *testing.T, d *datadriven.TestData) []release.Sample {
	sample := release.Sample{At: w.now}
	for _, arg := range d.CmdArgs {
		switch arg.Key {
		case "age":
			age, err := time.ParseDuration(arg.Vals[0])
			if err != nil {
				t.Fatal(err)
			}
			sample.At = w.now.Add(-age)
		default:
			sample.Metric = release.MetricName(arg.Key)
			number, percent := strings.CutSuffix(arg.Vals[0], "%")
			value, err := strconv.ParseFloat(number, 64)
			if err != nil {
				sample.Err = arg.Vals[0]
			}
			if sample.Value = value; percent {
				sample.Value /= 100
			}
		}
	}
	return w.withRate(sample)
}

// withRate is a round of samples: of the requests there are enough, unless the story says
// how many.
func (w *world) withRate(sample release.Sample) []release.Sample {
	samples := []release.Sample{sample}
	switch {
	case sample.Metric == release.RequestRate:
		w.rate = &sample
	case slices.ContainsFunc(w.plan.Metrics, func(m release.MetricSpec) bool { return m.Name == release.RequestRate }):
		rate := release.Sample{Metric: release.RequestRate, Value: 1200}
		if w.rate != nil {
			rate = *w.rate
		}
		if rate.Err == "" {
			rate.At = w.now
		}
		samples = append(samples, rate)
	}
	return samples
}

func (w *world) do(t *testing.T, d *datadriven.TestData) string {
	var intent release.Intent
	values := map[string]string{}
	for _, arg := range d.CmdArgs[1:] {
		values[arg.Key] = strings.Join(arg.Vals, " ")
	}
	switch kind := d.CmdArgs[0].Key; kind {
	case "begin":
		intent = release.Begin{Version: values["version"]}
	case "waivewindow":
		intent = release.WaiveWindow{Reason: values["reason"]}
	case "run":
		intent = release.RunAction{Item: values["item"]}
	case "cancel":
		intent = release.Cancel{}
	case "tick":
		intent = release.Tick{Item: values["item"], Note: values["note"]}
	case "waive":
		intent = release.Waive{Item: values["item"], Reason: values["reason"]}
	case "deploy":
		if w.state.View.Mode.Unattended && len(w.state.View.Samples) == 0 { // it waits for the first figures: of one that nothing here goes by
			w.state, _ = release.Step(w.plan, w.state, w.now, release.Sampled{Samples: []release.Sample{{Metric: release.Memory, At: w.now}}})
		}
		_, adopt := values["adopt"]
		intent = release.Deploy{Confirm: values["confirm"], Adopt: adopt}
	case "undo":
		n, _ := strconv.ParseInt(values["to"], 10, 64)
		intent = release.Undo{Revision: n}
	default:
		intent = map[string]release.Intent{
			"pause": release.Pause{}, "resume": release.Resume{}, "hold": release.HoldOn{},
			"continue": release.Continue{}, "abandon": release.Abandon{}, "abort": release.Abort{},
			"advance": release.Advance{Confirm: values["confirm"]}, "promote": release.Promote{Confirm: values["confirm"]},
		}[kind]
	}
	seen := release.SeenBy(w.plan, w.state, w.now, intent)
	if _, silent := values["silent"]; !silent { // it says what it rolls back, as a dialog does
		for _, c := range release.Allowed(w.plan, w.state, w.now) {
			switch wants := c.Intent.(type) {
			case release.Undo:
				if i, ok := intent.(release.Undo); ok && i.Revision == 0 && wants.Over {
					intent = wants
				}
			case release.Abort:
				if _, ok := intent.(release.Abort); ok {
					intent = wants
				}
			}
		}
	}
	if _, stale := values["stale"]; stale {
		seen.Before += "?"
	}
	if weight, ok := values["weight"]; ok {
		seen.Weight, _ = strconv.Atoi(weight)
	}
	if routes, ok := values["routes"]; ok {
		seen.Routes = routes
	}
	w.intents++
	return w.step(release.Intended{Intent: intent, By: eng, Seen: seen, ID: fmt.Sprintf("id-%d", w.intents)})
}

func (w *world) done(t *testing.T, d *datadriven.TestData) string {
	o := release.Outcome{ID: w.change, Kind: release.OutcomeKind(d.CmdArgs[0].Key), Text: strings.TrimSpace(d.Input), Generation: w.cluster.Generation + 1}
	for _, arg := range d.CmdArgs[1:] {
		switch arg.Key {
		case "id":
			o.ID = arg.Vals[0]
		case "stored":
			o.Stored = release.Stored{Image: imageNamed(arg.Vals[0]), Template: template(arg.Vals[0]).Hash}
		default:
			t.Fatalf("done: unknown %q", arg.Key)
		}
	}
	return w.step(release.Done{Outcome: o})
}

// wait lets time pass, a second at a time; looking means that the API server
// answers all the while.
func (w *world) wait(t *testing.T, length string, looking bool) string {
	d, err := time.ParseDuration(length)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	end := w.now.Add(d)
	for w.now.Before(end) {
		w.now = w.now.Add(time.Second)
		var event release.Event = release.Ticked{}
		if looking {
			event = release.Observed{Workload: w.look()}
		}
		out := w.reaction(event)
		if looking && w.plan.Canary != nil {
			out += w.reaction(release.ObservedCanary{Workload: w.lookCanary()})
			out += w.reaction(release.ObservedSplit{Split: w.lookSplit()})
			if w.pairs != nil {
				out += w.reaction(release.Compared{Of: release.Compares(w.plan, w.state.Record), Pairs: w.lookPairs()})
			}
		}
		for _, line := range strings.SplitAfter(out, "\n") {
			if line != "" && !strings.HasPrefix(line, "probe") {
				b.WriteString(line)
			}
		}
	}
	if b.Len() == 0 {
		return "nothing\n"
	}
	return b.String()
}

func (w *world) step(event release.Event) string {
	out := w.reaction(event)
	w.now = w.now.Add(100 * time.Millisecond)
	if out == "" {
		return "nothing\n"
	}
	return out
}

// reaction steps once and writes what came of it.
func (w *world) reaction(event release.Event) string {
	before := w.state
	next, effects := release.Step(w.plan, w.state, w.now, event)
	w.state = next
	var b strings.Builder
	if before.Phase != next.Phase {
		fmt.Fprintf(&b, "phase: %s → %s\n", phase(before.Phase), phase(next.Phase))
	}
	for _, effect := range effects {
		switch e := effect.(type) {
		case release.Change:
			w.change = e.ID
			fmt.Fprintf(&b, "CHANGE %s %s%s by %s\n", e.ID, e.Kind(), operation(e.Do), e.By.Name)
		case release.Probe:
			fmt.Fprintf(&b, "probe %s\n", e.Item)
		case release.Tell:
			fmt.Fprintf(&b, "%s: %s\n", e.By.Name, e.Text)
		case release.Refused:
			fmt.Fprintf(&b, "REFUSED %s (%s): %s\n", e.Kind, e.Refusal.Kind, e.Refusal)
		}
	}
	return b.String()
}

func phase(p release.Phase) string {
	if p == release.Idle {
		return "idle"
	}
	return string(p)
}

func (w *world) show(what string) string {
	var b strings.Builder
	switch what {
	case "headline":
		h := release.HeadlineOf(w.plan, w.state, w.now)
		fmt.Fprintf(&b, "%s loud=%v\n%s\n%s\n%s\n", h.Mark, h.Loud, h.Strong, h.Rest, h.Short)
	case "checklist":
		for _, v := range release.Checklist(w.plan, w.state, w.now) {
			fmt.Fprintf(&b, "%-8s %-28s %s\n", v.Mark, v.Spec.Title, v.Edge)
		}
	case "canary":
		b.WriteString(showCanary(w))
	case "record": // what it is about, and how its items stand
		r := w.state.Record
		fmt.Fprintf(&b, "%s %s → %s phase=%s seq=%d\n", r.ID, r.From.Version, r.To.Version, phase(r.Phase), r.Seq)
		for _, item := range r.Items {
			if item.Settled() {
				fmt.Fprintf(&b, "  %s %s %s\n", item.ID, item.Status, strings.TrimSpace(item.By.Name+" "+item.Note+item.Reason))
			}
		}
		if r.Resumes != nil {
			fmt.Fprintf(&b, "  then %s %s → %s phase=%s seq=%d\n", r.Resumes.ID, r.Resumes.From.Version, r.Resumes.To.Version, r.Resumes.Phase, r.Resumes.Seq)
		}
	case "choices":
		for _, c := range release.Allowed(w.plan, w.state, w.now) {
			why := "✓ " + c.Preview.Whole()
			if !c.OK() {
				why = "✗ " + c.Why()
			}
			fmt.Fprintf(&b, "%-8s %-10s %s\n", c.Kind, c.Item, why)
		}
	case "commands":
		for _, c := range release.Allowed(w.plan, w.state, w.now) {
			if c.Kind != release.DoTick && c.Kind != release.DoWaive {
				fmt.Fprintf(&b, "%-8s %s\n", c.Kind, sameAs(c))
			}
		}
	case "undo", "deploy", "abort", "promote":
		for _, c := range release.Allowed(w.plan, w.state, w.now) {
			if string(c.Kind) != what {
				continue
			}
			p := c.Preview
			fmt.Fprintf(&b, "%s · ok=%v %s\n  %s\n  %s\n  %s\n  %s\n", p.Whole(), c.OK(), c.Why(), p.Change, p.How, p.Back, sameAs(c))
			for _, g := range p.Gates {
				fmt.Fprintf(&b, "  gate %s %s · %s\n", g.Mark, g.Title, g.How)
			}
			for _, f := range p.Facts {
				fmt.Fprintf(&b, "  %s %s %s\n", f.Label, f.Mark, f.Text)
			}
			for _, l := range p.Diff {
				fmt.Fprintf(&b, "  %c %s\n", l.Op, l.Text)
			}
		}
	}
	return b.String()
}

// sameAs is the equivalent commands of a choice, or why there are none.
func sameAs(c release.Choice) string {
	if same := c.Preview.SameAs; same.None() {
		return "no command: " + same.Why
	}
	return c.Preview.SameAs.String()
}
