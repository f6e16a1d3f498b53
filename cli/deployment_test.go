package cli

import (
	"bufio"
	"fmt"
	"strings"
	"testing"
	"time"

	"datahub.io/slipway/release"
)

// deploying is a release of v2 in that phase, over what runs v2 by then.
func deploying(phase release.Phase) release.State {
	w := workload()
	w.Containers[0].Image, w.Template.Hash = "registry/gateway:v2", "v2"
	goal := release.Target{Version: "v2", Image: "registry/gateway:v2", Template: "v2"}
	s := release.State{Record: release.Record{
		ID: "a", Seq: 3, Phase: phase, From: release.Target{Version: "v1", Image: "registry/gateway:v1", Template: "v1"}, To: goal,
		Items:   []release.Item{{ID: "rolling", Status: release.Running}, {ID: "customer", Status: release.Waiting}},
		Rollout: release.Rollout{Goal: goal, UID: w.UID, Generation: w.Generation, Began: w.At},
	}}
	s.View.Workload = w
	s.View.Links = map[release.Source]release.Link{release.Kubernetes: {OK: true, Last: w.At}}
	return s
}

// framed is what a command sees of a state.
func framed(plan release.Plan, s release.State, now time.Time) release.Frame {
	return release.Frame{Now: now, Plan: plan, State: s, Choices: release.Allowed(plan, s, now)}
}

func TestDeploymentGoesOnOrEnds(t *testing.T) {
	for name, c := range map[string]struct {
		phase   release.Phase
		state   func(*release.State)
		plan    func(*release.Plan)
		flags   deployFlags
		done    bool
		code    int
		words   string // of the error
		printed string
	}{
		"another version is unfinished": {
			phase: release.Deploying, state: func(s *release.State) { s.To.Version = "v3" },
			done: true, code: exitUnfinished, words: "the release of v3 is unfinished (deploying)",
		},
		"another version is unfinished, --abandon": {
			phase: release.Deploying, state: func(s *release.State) { s.To.Version = "v3" }, flags: deployFlags{abandon: true},
		},
		"another version is over": {phase: release.Abandoned, state: func(s *release.State) { s.To.Version = "v3" }},
		"held by hand": {
			phase: release.Deploying, state: func(s *release.State) { s.Held = &release.Hold{Kind: release.HeldByHand, Reason: "by hand"} },
			done: true, code: exitUnfinished, words: "held: by hand",
		},
		"held by what others did": {
			phase: release.Verifying, state: func(s *release.State) { s.Held = &release.Hold{Kind: release.HeldByOthers, Reason: "it runs v9"} },
			done: true, code: exitUnfinished, words: "held: it runs v9",
		},
		"left by a process that ended": {
			phase: release.Deploying, state: func(s *release.State) { s.Held = &release.Hold{Kind: release.HeldOnReturn, Reason: "left"} },
		},
		"it rolls":     {phase: release.Deploying},
		"it is back":   {phase: release.RolledBack, state: func(s *release.State) { s.Auto = "errors" }, done: true, code: exitRolledBack, words: "errors"},
		"it goes back": {phase: release.RollingBack},
		"what is open is only settled by hand": {
			phase: release.Verifying, state: func(s *release.State) { s.Items[0].Status = release.Passed },
			done: true, code: exitGate, words: "open by hand: customer",
		},
		"what is open is still looked at": {
			phase: release.Verifying, state: func(s *release.State) {
				s.Items[0].Status, s.Items[1].Status = release.Passed, release.Passed
				s.Items = append(s.Items, release.Item{ID: "health", Status: release.Running})
			},
			plan: func(p *release.Plan) {
				p.Items = append(p.Items, release.ItemSpec{ID: "health", Title: "Health", Stage: release.Post, Type: release.ItemHTTP, Settings: release.HTTPCheck{URL: "http://there"}})
			},
		},
		"a gate is open": {
			phase: release.Planned, plan: func(p *release.Plan) {
				p.Items = append([]release.ItemSpec{{ID: "approved", Title: "Approved", Stage: release.Pre, Type: release.ItemManual}}, p.Items...)
			},
			state: func(s *release.State) {
				s.Items = append([]release.Item{{ID: "approved", Status: release.Waiting}}, s.Items...)
				s.View.Workload = workload()
			},
			done: true, code: exitGate, words: "not before",
		},
		"a gate is open, and the API server does not answer": {
			phase: release.Planned, plan: func(p *release.Plan) {
				p.Items = append([]release.ItemSpec{{ID: "approved", Title: "Approved", Stage: release.Pre, Type: release.ItemManual}}, p.Items...)
			},
			state: func(s *release.State) {
				s.Items = append([]release.Item{{ID: "approved", Status: release.Waiting}}, s.Items...)
				s.View.Workload = workload()
				s.View.Links[release.Kubernetes] = release.Link{Err: "i/o timeout", Last: s.View.Workload.At}
			},
			done: true, code: exitGate, words: "not before",
		},
		"the API server does not answer": {
			phase: release.Planned, state: func(s *release.State) {
				s.View.Workload = workload()
				s.View.Links[release.Kubernetes] = release.Link{Err: "i/o timeout", Last: s.View.Workload.At}
			},
			printed: "waits: ",
		},
	} {
		t.Run(name, func(t *testing.T) {
			plan := newStage(t).options.Plan
			plan.Items = append(plan.Items, release.ItemSpec{ID: "customer", Title: "Customer", Stage: release.Post, Type: release.ItemManual})
			if c.plan != nil {
				c.plan(&plan)
			}
			s := deploying(c.phase)
			if c.state != nil {
				c.state(&s)
			}
			f := framed(plan, s, s.View.Workload.At)
			out := &transcript{}
			d := &driver{out: out, frame: f, began: time.Now()} // nothing is sent before it is known who asks
			c.flags.version = "v2"
			done, err := (&deployment{flags: c.flags}).next(d, f)
			if done != c.done || code(err) != c.code || (err != nil && !strings.Contains(err.Error(), c.words)) {
				t.Errorf("done %v, %d, %v; want %v, %d, %q", done, code(err), err, c.done, c.code, c.words)
			}
			if !strings.HasPrefix(out.String(), c.printed) || (c.printed == "") != (out.String() == "") {
				t.Errorf("printed %q, want %q", out, c.printed)
			}
		})
	}
}

// Nothing is asked or shown about a canary before its traffic has been read, or has had
// the time to be.
func TestAbortIsAskedOnWhatWasRead(t *testing.T) {
	plan := canaryPlan(newStage(t).options.Plan)
	for name, c := range map[string]struct {
		unread bool
		began  time.Duration // ago
		asks   bool
	}{
		"read":                      {asks: true},
		"not read yet":              {unread: true},
		"not read, for long enough": {unread: true, began: introduction, asks: true},
	} {
		s := baking(0)
		if c.unread {
			s.View.Split = release.Split{}
		}
		out := &transcript{}
		f := framed(plan, s, s.View.Workload.At)
		d := &driver{out: out, frame: f, began: time.Now().Add(-c.began), in: bufio.NewReader(strings.NewReader("")), typed: make(chan string, 1)}
		l := &leading{step: leads(t, "abort"), consent: consent{attended: true}}
		if done, err := l.next(d, f); done || err != nil {
			t.Errorf("%s: done %v, %v", name, done, err)
		}
		if asks := strings.Contains(out.String(), "Abort the canary"); asks != c.asks {
			t.Errorf("%s: asked %v: %q", name, asks, out)
		}
		if shown := strings.Contains(out.String(), "same as"); shown != (c.asks && !c.unread) {
			t.Errorf("%s: a command is shown %v: %q", name, shown, out)
		}
	}
}

// While the API server does not answer, one line says so, however long it takes; a
// second outage is another one.
func TestAWaitIsSaidOnce(t *testing.T) {
	plan := newStage(t).options.Plan
	out := &transcript{}
	r := &deployment{flags: deployFlags{version: "v2"}}
	d := &driver{out: out, began: time.Now()}
	began := time.Now()
	for second := range 60 {
		s := deploying(release.Planned)
		s.Items = s.Items[:1]
		s.View.Workload = workload()
		now := began.Add(time.Duration(second) * time.Second)
		if second < 20 || second >= 40 {
			s.View.Links[release.Kubernetes] = release.Link{Err: fmt.Sprintf("i/o timeout after %ds", second), Last: began}
		}
		s.View.Workload.At = began
		if second >= 20 && second < 40 {
			s.View.Workload.At = now
		}
		d.frame = framed(plan, s, now)
		if done, err := r.next(d, d.frame); done || err != nil {
			t.Fatalf("after %d s: %v, %v", second, done, err)
		}
	}
	if n := strings.Count(out.String(), "waits: "); n != 2 || out.lines() != 2 {
		t.Errorf("%d waits in\n%s", n, out)
	}
}
