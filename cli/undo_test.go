package cli

import (
	"strings"
	"testing"
	"time"

	"datahub.io/slipway/release"
)

// An undo that finds the way back being gone already ends when that is complete,
// and not before, and says so when it cannot come to an end by itself.
func TestUndoIsUnderWay(t *testing.T) {
	held := func(kind release.HoldKind) *release.Hold {
		return &release.Hold{Kind: kind, Reason: "wanted v1, now it runs v9"}
	}
	for name, c := range map[string]struct {
		phase    release.Phase
		held     *release.Hold
		rolling  bool // the Deployment is not complete
		overdue  bool
		noWait   bool
		done     bool
		code     int
		headline string
	}{
		"under way":                         {phase: release.RollingBack, rolling: true},
		"complete at something else so far": {phase: release.RollingBack},
		"not waited for":                    {phase: release.RollingBack, rolling: true, noWait: true, done: true},
		"someone else changed it":           {phase: release.RollingBack, held: held(release.HeldByOthers), done: true, code: exitUnfinished, headline: "HELD  wanted v1, now it runs v9"},
		"held by hand":                      {phase: release.RollingBack, held: held(release.HeldByHand), done: true, code: exitUnfinished, headline: "HELD"},
		"left by a process that ended":      {phase: release.RollingBack, held: held(release.HeldOnReturn), rolling: true},
		"stuck":                             {phase: release.RollingBack, rolling: true, overdue: true, done: true, code: exitUnfinished, headline: "THE WAY BACK IS STUCK"},
		"back":                              {phase: release.RolledBack, done: true},
		"back, and scaling":                 {phase: release.RolledBack, rolling: true},
	} {
		t.Run(name, func(t *testing.T) {
			w := workload()
			if c.rolling {
				w.Available = 1
			}
			s := release.State{
				Record: release.Record{Phase: c.phase, Held: c.held, Rollout: release.Rollout{UID: "1", Goal: release.Target{Version: "v1", Template: "v1"}}},
				View:   release.View{Workload: w},
			}
			if c.overdue {
				s.View.Workload.Progressing = release.Condition{Reason: "ProgressDeadlineExceeded", Updated: w.At}
			}
			plan := release.Plan{Service: "gateway", Deployment: "gateway", Container: "app", Stale: release.Staleness{Workload: 1 << 40}}
			f := release.Frame{Now: w.At, Plan: plan, State: s, Choices: release.Allowed(plan, s, w.At)}
			out := &transcript{}
			u := &undoing{flags: undoFlags{noWait: c.noWait}}
			done, err := u.next(&driver{out: out, frame: f}, f)
			if done != c.done || code(err) != c.code || (c.headline != "" && !strings.Contains(err.Error(), c.headline)) {
				t.Errorf("done %v, %d, %v; want %v, %d, %q", done, code(err), err, c.done, c.code, c.headline)
			}
		})
	}
}

// An undo by weights whose first change is refused goes on as a rolling one, and ends
// as that does.
func TestUndoByWeightsGoesOnRolling(t *testing.T) {
	refused := release.Outcome{Kind: release.Denied, Text: "deployments is forbidden"}
	for name, c := range map[string]struct {
		rolling release.Outcome // of the second change
		after   func(w *release.Workload)
		code    int
		words   string
	}{
		"refused as well": {rolling: refused, code: exitError, words: "undo refused: deployments is forbidden"},
		"stuck": {
			rolling: release.Outcome{Kind: release.Accepted, Generation: 4}, code: exitUnfinished, words: "THE WAY BACK IS STUCK",
			after: func(w *release.Workload) {
				w.Updated, w.Available = 1, 1
				w.Progressing = release.Condition{Reason: "ProgressDeadlineExceeded", Updated: time.Now()}
			},
		},
		"back": {rolling: release.Outcome{Kind: release.Accepted, Generation: 4}, after: func(*release.Workload) {}},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t)
			s.options.Plan.Canary = &release.CanaryPlan{Deployment: "gateway-canary", Route: "virtualservice/gateway", Steps: []int{50, 100}, Pods: 1, UndoByWeights: true}
			s.cluster.apply = func(change release.Change) release.Outcome {
				if change.Kind == release.ApplyCanary {
					return refused
				}
				if c.after != nil {
					w := workload()
					w.Generation, w.Observed, w.Template = 4, 4, w.Revisions[1].Template
					w.Containers[0].Image = "registry/gateway:v0"
					w.Revisions[0].Current, w.Revisions[1].Current = false, true
					c.after(&w)
					go s.cluster.looks(w) // the answer comes first, or not
				}
				return c.rolling
			}
			r := &undoing{flags: undoFlags{yes: true}}
			ended := make(chan error, 1)
			go func() { ended <- drive(s.cmd, s.options, time.Minute, r.next) }()
			<-s.cluster.watched
			s.cluster.identify()
			s.cluster.emit(release.ObservedCanary{Workload: release.Workload{At: time.Now()}})
			s.cluster.emit(release.ObservedSplit{Split: release.Split{At: time.Now(), Rest: "rest"}})
			s.cluster.looks(workload())
			if err := <-ended; code(err) != c.code || c.words != "" && !strings.Contains(err.Error(), c.words) {
				t.Errorf("exit code %d, %v, want %d, %q\n%s", code(err), err, c.code, c.words, s.output)
			}
		})
	}
}
