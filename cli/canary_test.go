package cli

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"datahub.io/slipway/release"
)

// canaryPlan is the stage's plan with canary releases over 10% and 100%.
func canaryPlan(plan release.Plan) release.Plan {
	plan.Canary = &release.CanaryPlan{
		Deployment: "gateway-canary", Route: "virtualservice/gateway", Steps: []int{10, 100}, Bake: time.Second, Pods: 1,
	}
	plan.Metrics = []release.MetricSpec{{
		Name: release.ErrorRate, Title: "Error Rate", Unit: release.Ratio, Bound: release.Bound{Kind: release.Threshold, Max: 0.01},
	}}
	plan.Rollback = release.Rollback{OnDeadline: release.Ask, OnMetrics: release.Ask, After: 1}
	return plan
}

// canaryWorkload is the canary's Deployment with v2 on so many pods.
func canaryWorkload(pods int) release.Workload {
	w := workload()
	w.Name, w.UID, w.Revisions, w.Template = "gateway-canary", "c", nil, release.Template{Hash: "v2"}
	w.Containers = []release.Container{{Name: "app", Image: "registry/gateway:v2"}}
	w.Desired, w.Replicas, w.Updated, w.Ready, w.Available = pods, pods, pods, pods, pods
	return w
}

// baking is a canary of v2 whose weight has been live for long, and passes.
func baking(step int) release.State {
	w, weight := workload(), []int{10, 100}[step]
	figure := release.Sample{Metric: release.ErrorRate, At: w.At, Value: 0.001}
	return release.State{
		Record: release.Record{
			ID: "r", Phase: release.Deploying, By: release.Actor{Name: "eng-a"},
			From: release.Target{Version: "v1", Template: "v1"}, To: release.Target{Version: "v2", Image: "registry/gateway:v2"},
			Rollout: release.Rollout{UID: "1", Goal: release.Target{Version: "v1", Template: "v1"}},
			Canary: &release.CanaryRun{
				Stage: release.Baking, Since: w.At.Add(-time.Minute), Live: w.At.Add(-time.Minute),
				Step: step, Weight: weight, UID: "c", Template: "v2", Rest: "rest",
			},
		},
		View: release.View{
			Workload: w, Canary: canaryWorkload(2), Split: release.Split{At: w.At, Canary: weight, Rest: "rest"},
			Judged: release.Judged{
				Pairs: map[release.MetricName]release.Pair{release.ErrorRate: {Metric: release.ErrorRate, Canary: figure, Stable: figure}},
				Tally: release.Tally{Pass: 3},
			},
			Links: map[release.Source]release.Link{release.Kubernetes: {OK: true}},
		},
	}
}

// leads is the command of that name.
func leads(t *testing.T, use string) canaryStep {
	t.Helper()
	for _, step := range canarySteps {
		if step.use == use {
			return step
		}
	}
	t.Fatalf("no command canary %s", use)
	return canaryStep{}
}

func TestCanaryStepAsks(t *testing.T) {
	other := &release.Driver{Name: "eng-b", Version: "v2", Host: "elsewhere"}
	process := other.String()
	for name, c := range map[string]struct {
		use     string
		step    int
		plan    func(*release.Plan)
		state   func(*release.State)
		yes     bool
		done    bool
		code    int
		words   string // of the error
		printed string
	}{
		"driven by another process": {
			use: "advance", done: true, code: exitUnfinished, words: process,
			state: func(s *release.State) { s.Record, s.View.Driver = release.Record{}, other },
		},
		"promotion driven by another process": {
			use: "promote", done: true, code: exitUnfinished, words: process,
			state: func(s *release.State) { s.Record, s.View.Driver = release.Record{}, other },
		},
		"abort of what another process drives": {
			use: "abort", state: func(s *release.State) { s.Record, s.View.Driver = release.Record{}, other },
		},
		"a failing measure": {
			use: "advance", done: true, code: exitGate, words: "Error Rate fails: 5% over 1%",
			state: func(s *release.State) {
				pair := s.View.Judged.Pairs[release.ErrorRate]
				pair.Canary.Value = 0.05
				s.View.Judged.Pairs[release.ErrorRate] = pair
			},
		},
		"a figure that is not known": {
			use: "advance", printed: "waits: Error Rate is not known",
			state: func(s *release.State) { s.View.Judged.Pairs = nil },
		},
		"before its bake ends": {
			use: "advance", printed: "waits: not before its bake ends",
			state: func(s *release.State) { s.Canary.Live = s.View.Workload.At },
		},
		"promote before the last weight": {use: "promote", done: true, code: exitError, words: "not before 100%: the canary has 10%"},
		"promote before the last weight, baking": {
			use: "promote", done: true, code: exitError, words: "not before 100%: the canary has 10%",
			state: func(s *release.State) { s.Canary.Live = s.View.Workload.At },
		},
		"a protected environment, promote": {
			use: "promote", step: 1, done: true, code: exitUsage, words: "production is protected: without a terminal to type its name in, promote needs --yes",
			plan: func(p *release.Plan) { p.Protected, p.Environment = true, "production" },
		},
		"a protected environment, advance from the last weight": {
			use: "advance", step: 1, done: true, code: exitUsage, words: "advance needs --yes",
			plan: func(p *release.Plan) { p.Protected, p.Environment = true, "production" },
		},
		"a protected environment, advance to the next weight": {
			use: "advance", plan: func(p *release.Plan) { p.Protected = true },
		},
		"a protected environment, --yes": {
			use: "promote", step: 1, yes: true, plan: func(p *release.Plan) { p.Protected = true },
		},
		"no canary": {
			use: "advance", done: true, code: exitError, words: "no canary is under way",
			state: func(s *release.State) {
				s.Record, s.View.Canary, s.View.Split.Canary = release.Record{}, release.Workload{At: s.View.Canary.At}, 0
			},
		},
		"abort, no canary": {
			use: "abort", done: true, code: exitError, words: "no canary is under way",
			state: func(s *release.State) {
				s.Record, s.View.Canary, s.View.Split.Canary = release.Record{}, release.Workload{At: s.View.Canary.At}, 0
			},
		},
		"held by hand": {
			use: "advance", done: true, code: exitUnfinished, words: "held: by hand",
			state: func(s *release.State) { s.Held = &release.Hold{Kind: release.HeldByHand, Reason: "by hand"} },
		},
		"abort, held by hand": {
			use: "abort", state: func(s *release.State) { s.Held = &release.Hold{Kind: release.HeldByHand, Reason: "by hand"} },
		},
		"left by a process that ended": {
			use: "advance", state: func(s *release.State) { s.Held = &release.Hold{Kind: release.HeldOnReturn} },
		},
		"it has failed meanwhile": {
			use: "advance", state: func(s *release.State) { s.Phase, s.Canary.Stage = release.RollingBack, release.Returning },
		},
		"it has failed, and is back": {
			use: "advance", done: true, code: exitRolledBack, words: "rolled back to v1: errors",
			state: func(s *release.State) { s.Phase, s.Canary.Stage, s.Auto = release.RolledBack, release.Gone, "errors" },
		},
	} {
		t.Run(name, func(t *testing.T) {
			plan, s := canaryPlan(newStage(t).options.Plan), baking(c.step)
			if c.plan != nil {
				c.plan(&plan)
			}
			if c.state != nil {
				c.state(&s)
			}
			now := s.View.Workload.At
			f := release.Frame{Now: now, Plan: plan, State: s, Choices: release.Allowed(plan, s, now)}
			out := &transcript{}
			d := &driver{out: out, frame: f, began: time.Now()} // nothing is sent before it is known who asks
			done, err := (&leading{step: leads(t, c.use), yes: c.yes}).next(d, f)
			if done != c.done || code(err) != c.code || (err != nil && !strings.Contains(err.Error(), c.words)) {
				t.Errorf("done %v, %d, %v; want %v, %d, %q", done, code(err), err, c.done, c.code, c.words)
			}
			if !strings.HasPrefix(out.String(), c.printed) || (c.printed == "") != (out.String() == "") {
				t.Errorf("printed %q, want %q", out, c.printed)
			}
		})
	}
}

// An advance that waits ends with what somebody else has done: it does not lead the
// canary one step further, and not to promotion.
func TestAdvanceIsOvertaken(t *testing.T) {
	plan := canaryPlan(newStage(t).options.Plan)
	lead, out := &leading{step: leads(t, "advance")}, &transcript{}
	for i, done := range []bool{false, true} {
		s := baking(i)
		now := s.View.Workload.At
		f := release.Frame{Now: now, Plan: plan, State: s, Choices: release.Allowed(plan, s, now)}
		got, err := lead.next(&driver{out: out, frame: f, began: time.Now()}, f)
		if err != nil || got != done {
			t.Fatalf("at %d%%: done %v, %v", s.Canary.Weight, got, err)
		}
	}
	if !strings.HasSuffix(out.String(), "not advanced again: somebody else led the canary from 10% to 100%\n") {
		t.Errorf("%q", out)
	}
}

// What was asked for ends the command when it is seen, and not before.
func TestCanaryStepFollows(t *testing.T) {
	for name, c := range map[string]struct {
		use   string
		state func(*release.State)
		done  bool
		code  int
		words string
	}{
		"on its way":       {use: "advance", state: func(s *release.State) { s.Canary.Step, s.Canary.Stage = 1, release.Shifting }},
		"the next is live": {use: "advance", state: func(s *release.State) { s.Canary.Step = 1 }, done: true},
		"promoted":         {use: "promote", state: func(s *release.State) { s.Phase, s.Canary.Stage = release.Verifying, release.Gone }, done: true},
		"being promoted":   {use: "promote", state: func(s *release.State) { s.Canary.Stage = release.Promoting }},
		"the promotion was refused": {
			use: "promote", done: true, code: exitError, words: "set image app refused: no",
			state: func(s *release.State) {
				s.Last = &release.Outcome{ID: "w", Kind: release.Denied, What: "set image app", Text: "no"}
			},
		},
		"held": {
			use: "advance", done: true, code: exitUnfinished, words: "held: somebody else",
			state: func(s *release.State) { s.Held = &release.Hold{Kind: release.HeldByOthers, Reason: "somebody else"} },
		},
		"a question nobody answers": {
			use: "advance", done: true, code: exitUnfinished,
			state: func(s *release.State) { s.Asking = &release.Question{Trouble: release.Figures, Reason: "errors"} },
		},
		"taken back instead": {
			use: "advance", done: true, code: exitRolledBack, words: "rolled back to v1",
			state: func(s *release.State) { s.Phase, s.Canary.Stage = release.RolledBack, release.Gone },
		},
		"going back": {use: "abort", state: func(s *release.State) { s.Phase, s.Canary.Stage = release.RollingBack, release.Returning }},
		"back":       {use: "abort", state: func(s *release.State) { s.Phase, s.Canary.Stage = release.RolledBack, release.Gone }, done: true},
		"stuck on its way back": {
			use: "abort", done: true, code: exitUnfinished, words: "held: changed",
			state: func(s *release.State) {
				s.Phase, s.Canary.Stage = release.RollingBack, release.Returning
				s.Held = &release.Hold{Kind: release.HeldByFailure, Reason: "changed"}
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			plan, s := canaryPlan(newStage(t).options.Plan), baking(0)
			before := *s.Canary
			c.state(&s)
			now := s.View.Workload.At
			f := release.Frame{Now: now, Plan: plan, State: s, Choices: release.Allowed(plan, s, now)}
			l := &leading{step: leads(t, c.use), sent: &before}
			done, err := l.next(&driver{out: &transcript{}, frame: f, taken: "w"}, f)
			if done != c.done || code(err) != c.code || (err != nil && !strings.Contains(err.Error(), c.words)) {
				t.Errorf("done %v, %d, %v; want %v, %d, %q", done, code(err), err, c.done, c.code, c.words)
			}
		})
	}
}

// traffic is a cluster with a canary that does what it is told at once.
type traffic struct {
	mu             sync.Mutex
	stable, canary release.Workload
	split          release.Split
	refuses        release.OpKind
}

// carries makes the stage's cluster that one, looked at again and again.
func (s *stage) carries(w *traffic) {
	s.options.Plan = canaryPlan(s.options.Plan)
	s.cluster.apply = w.apply
	s.cluster.identify()
	go func() {
		<-s.cluster.watched
		for s.cmd.Context().Err() == nil {
			w.mu.Lock()
			stable, canary, split := w.stable, w.canary, w.split
			w.mu.Unlock()
			now := time.Now()
			stable.At, canary.At, split.At = now, now, now
			for _, e := range []release.Event{release.Observed{Workload: stable}, release.ObservedCanary{Workload: canary}, release.ObservedSplit{Split: split}} {
				s.cluster.emit(e)
			}
			time.Sleep(50 * time.Millisecond)
		}
	}()
}

func (w *traffic) apply(c release.Change) release.Outcome {
	w.mu.Lock()
	defer w.mu.Unlock()
	if c.Kind() == w.refuses {
		return release.Outcome{Kind: release.Denied, Text: "the test does not go on"}
	}
	switch do := c.Do.(type) {
	case release.SetWeight:
		w.split.Canary = do.Weight
	case release.ScaleCanary:
		w.canary = canaryWorkload(do.Replicas)
	}
	return release.Outcome{Kind: release.Accepted}
}

// leftBehind is a canary with a tenth of the traffic that no record is about.
func leftBehind() *traffic {
	stable := workload()
	stable.Pods = []release.Pod{{Name: "a", Revision: 3, State: release.PodServing}, {Name: "b", Revision: 3, State: release.PodServing}}
	return &traffic{stable: stable, canary: canaryWorkload(1), split: release.Split{Canary: 10, Rest: "rest"}}
}

func (s *stage) leading(t *testing.T, use string, attended bool) <-chan error {
	t.Helper()
	l := &leading{step: leads(t, use), consent: consent{attended: attended}}
	ended := make(chan error, 1)
	go func() { ended <- drive(s.cmd, s.options, time.Minute, l.next) }()
	return ended
}

// A canary that no record here is about is taken back all the same, and the traffic
// first. Undo is the same as abort then.
func TestCanaryAbortWithoutRecord(t *testing.T) {
	t.Parallel()
	for name, run := range map[string]func(*stage, *testing.T) <-chan error{
		"canary abort": func(s *stage, t *testing.T) <-chan error { return s.leading(t, "abort", false) },
		"undo":         func(s *stage, _ *testing.T) <-chan error { return s.undoing(false) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t)
			s.carries(leftBehind())
			s.ends(run(s, t), exitOK, "")
			sent := s.cluster.sent()
			if len(sent) != 2 || !weighs(sent[0], 0) || !scales(sent[1], 0) {
				t.Errorf("sent %+v", sent)
			}
			if at := strings.Index(s.output.String(), "abort canary: 10% of the traffic back to stable"); at < 0 {
				t.Errorf("it is not said in\n%s", s.output)
			}
		})
	}
}

// At a terminal nothing is sent before the y.
func TestCanaryAbortAsks(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.carries(leftBehind())
	ended := s.leading(t, "abort", true)
	s.shows("Abort the canary of v2? y/N: ", 0)
	s.types("n")
	s.ends(ended, exitError, "not confirmed: nothing was changed")
	if n := len(s.cluster.sent()); n > 0 {
		t.Errorf("%d changes", n)
	}
}

// A canary that was left behind is taken over only when that is said.
func TestDeployAdopts(t *testing.T) {
	t.Parallel()
	for name, adopt := range map[string]bool{"not said": false, "--adopt": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t)
			w := leftBehind()
			w.refuses, w.split.Canary = release.OpApplyCanary, 0
			s.carries(w)
			r := &deployment{flags: deployFlags{version: "v2", adopt: adopt}, over: true}
			ended := make(chan error, 1)
			go func() { ended <- drive(s.cmd, s.options, time.Minute, r.next) }()
			if !adopt {
				s.ends(ended, exitUnfinished, "a canary was left from an earlier attempt: v2 has 0% of the traffic on 1 pod, deployment/gateway-canary")
				if n := len(s.cluster.sent()); n > 0 {
					t.Errorf("%d changes", n)
				}
				return
			}
			s.ends(ended, exitError, "apply canary refused: the test does not go on")
			if sent := s.cluster.sent(); len(sent) != 1 || !applies(sent[0], "c") {
				t.Errorf("sent %+v", sent)
			}
		})
	}
}

// A hold of the canary is no change of the cluster, and ends the command at once.
func TestPauseHoldsTheCanary(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.carries(leftBehind())
	s.options.Plan.Canary.Bake = time.Hour
	s.pickedUp(0)
	s.options.State.Held = nil
	one := &simple{intent: release.Resume{}}
	ended := make(chan error, 1)
	go func() { ended <- drive(s.cmd, s.options, time.Minute, one.next) }()
	s.ends(ended, exitOK, "")
	if n := len(s.cluster.sent()); n > 0 {
		t.Errorf("%d changes", n)
	}
}

// pickedUp makes the stage's record that of a canary which was left baking.
func (s *stage) pickedUp(step int) {
	state := baking(step)
	state.Format, state.Seq, state.Items = 1, 3, []release.Item{{ID: "rolling", Status: release.Running}}
	s.options.State.Record = state.Record
	s.options.Journal = s.journals
}

// comparing is Prometheus while both versions are the same.
type comparing struct {
	fakeMetrics
	mu sync.Mutex
	of release.Comparing
}

func (m *comparing) Compare(of release.Comparing) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.of = of
}

func (m *comparing) Watch(ctx context.Context, emit func(release.Event), _ func(map[release.MetricName][]release.Point)) {
	for ctx.Err() == nil {
		m.mu.Lock()
		of := m.of
		m.mu.Unlock()
		if figure := (release.Sample{Metric: release.ErrorRate, At: time.Now(), Value: 0.001}); of.On {
			emit(release.Compared{Of: of, Pairs: []release.Pair{{Metric: release.ErrorRate, Canary: figure, Stable: figure}}})
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// A canary that was left is led on from where it is, by what is seen now.
func TestCanaryAdvances(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	w := leftBehind()
	s.carries(w)
	s.options.Metrics = &comparing{}
	s.pickedUp(0)
	s.ends(s.leading(t, "advance", false), exitOK, "")
	sent := s.cluster.sent()
	if len(sent) != 2 || !scales(sent[0], 2) || !weighs(sent[1], 100) {
		t.Errorf("sent %+v", sent)
	}
	s.shows("advance canary 10% → 100%", 0)
}

// In a protected environment a promotion is confirmed by its name.
func TestCanaryPromoteAsks(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	w := leftBehind()
	w.canary, w.split.Canary, w.refuses = canaryWorkload(2), 100, release.OpSetImage
	s.carries(w)
	s.options.Metrics, s.options.Plan.Protected = &comparing{}, true
	s.pickedUp(1)
	ended := s.leading(t, "promote", true)
	s.shows("To go on, type the environment's name: ", 0)
	s.types("staging")
	s.ends(ended, exitError, "refused: the test does not go on")
	if sent := s.cluster.sent(); len(sent) != 1 || !sets(sent[0], "registry/gateway:v2") {
		t.Errorf("sent %+v", sent)
	}
}

func weighs(c release.Change, weight int) bool {
	do, ok := c.Do.(release.SetWeight)
	return ok && do.Weight == weight
}

func scales(c release.Change, pods int) bool {
	do, ok := c.Do.(release.ScaleCanary)
	return ok && do.Replicas == pods
}

func applies(c release.Change, uid string) bool {
	do, ok := c.Do.(release.ApplyCanary)
	return ok && do.UID == uid
}

func sets(c release.Change, image string) bool {
	do, ok := c.Do.(release.SetImage)
	return ok && do.Image == image
}
