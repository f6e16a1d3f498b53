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
				if change.Kind() == release.OpApplyCanary {
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

// Where an unfinished release does not decide where an undo goes, a person is offered
// where it began as well, in the one question. What is sent is what was chosen.
func TestUndoOffersWhereTheReleaseBegan(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		types    string // "": nobody is asked
		revision int64  // of the change; 0 = none
		words    string
	}{
		"the previous one":   {types: "y", revision: 2},
		"the release's":      {types: "1", revision: 1},
		"neither":            {types: "", revision: 0, words: "not confirmed: nothing was undone"},
		"another revision":   {types: "3", revision: 0, words: "not confirmed: nothing was undone"},
		"nobody to be asked": {types: "-", revision: 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t)
			w := workload()
			w.Revisions = append(w.Revisions, release.Revision{Number: 1, Version: "va", Image: "registry/gateway:va", Template: release.Template{
				Hash: "va", Fields: []release.Field{{Path: "containers[app]", Key: "image", Value: "va"}},
			}})
			s.options.State.Record = release.Record{
				Format: release.RecordFormat, Seq: 1, ID: "r1", Phase: release.Verifying, By: release.Actor{Name: "eng-b"},
				From: release.Target{Version: "va", Template: "va"}, To: release.Target{Version: "v0", Image: "registry/gateway:v0", Template: "v0"},
				Rollout: release.Rollout{Goal: release.Target{Version: "v0", Template: "v0"}, UID: "1", Generation: 2},
			}
			s.options.Journal = s.journals
			s.cluster.identify()
			attended := c.types != "-"
			ended := s.undoing(attended)
			s.cluster.looks(w)
			if attended {
				at := s.shows("undo to v0, revision 2", 0)
				at = s.shows("the unfinished release va → v0 of eng-b does not decide: v1 was deployed since; revision 1 is its va", at)
				at = s.shows("Or where the unfinished release began:", at)
				at = s.shows("undo to va, revision 1", at)
				s.shows("Undo to revision 2: y; to revision 1: 1; not at all: N: ", at)
				s.types(c.types)
			}
			if c.revision == 0 {
				s.ends(ended, exitError, c.words)
			} else {
				s.ends(ended, exitError, "the test does not go on")
			}
			sent := s.cluster.sent()
			switch {
			case c.revision == 0 && len(sent) > 0, c.revision > 0 && (len(sent) != 1 || !undoes(sent[0], c.revision)):
				t.Errorf("sent %+v, want revision %d\n%s", sent, c.revision, s.output)
			}
			if n := strings.Count(s.output.String(), "N: "); attended && n != 1 {
				t.Errorf("asked %d times\n%s", n, s.output)
			}
		})
	}
}

func undoes(c release.Change, revision int64) bool {
	do, ok := c.Do.(release.UndoTo)
	return ok && do.Revision == revision
}
