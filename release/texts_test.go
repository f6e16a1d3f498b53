package release_test

import (
	"strings"
	"testing"
	"time"

	"datahub.io/slipway/release"
)

// A value that is over its bound does not read as equal to it.
func TestJustOverABound(t *testing.T) {
	plan := figuresPlan()
	plan.Metrics = []release.MetricSpec{{Name: release.ErrorRate, Title: "Error rate", Unit: release.Ratio, Bound: release.Bound{Kind: release.Threshold, Max: 0.001}}}
	for value, why := range map[float64]string{0.001001: "just over 0.1%", 0.02: "2% over 0.1%"} {
		view := goodFigures()
		sample := view.Samples[release.ErrorRate]
		sample.Value = value
		view.Samples[release.ErrorRate] = sample
		if j := release.Judge(plan, view, plan.Metrics[0], noon); j.Verdict != release.Fail || j.Why != why {
			t.Errorf("%v: %s %q, want %q", value, j.Verdict, j.Why, why)
		}
	}
}

// A cause that was there before the change is not the cause of the change.
func TestOldCauseIsNotQuoted(t *testing.T) {
	w := release.Workload{Writer: "kubectl-set", ChangeCause: "release 2.4 by eng-b", Revisions: []release.Revision{
		{Number: 2, Current: true, Cause: "release 2.4 by eng-b", Template: release.Template{Hash: "b"}},
		{Number: 1, Cause: "release 2.4 by eng-b", Template: release.Template{Hash: "a"}},
	}, Template: release.Template{Hash: "b"}}
	if got := release.CauseWords(w); got != " (kubectl-set)" {
		t.Errorf("inherited: %q", got)
	}
	w.ChangeCause = "hotfix by eng-c"
	if got := release.CauseWords(w); got != ` (kubectl-set: "hotfix by eng-c")` {
		t.Errorf("its own: %q", got)
	}
}

// Whoever had the earlier version run again is named, in the record and after it.
func TestReturnedBySomebodyElse(t *testing.T) {
	m := newCanaryMachine(false, release.Rollback{})
	s, plan := release.State{Record: release.Record{
		Format: release.RecordFormat, ID: "r", Phase: release.Deploying, Began: noon,
		From: release.Target{Version: "v1", Template: "a", Image: "r/x:v1"}, To: release.Target{Version: "v2", Template: "b", Image: "r/x:v2"},
		Rollout: release.Rollout{Goal: release.Target{Version: "v2", Template: "b"}, UID: "u", Generation: 2},
	}}, m.plan
	plan.Canary = nil
	w := release.Workload{
		At: noon.Add(time.Second), Found: true, UID: "u", Generation: 3, Observed: 3, Desired: 1, Replicas: 1, Updated: 1, Available: 1, Writer: "argocd-controller",
		Template: release.Template{Hash: "a"}, Containers: []release.Container{{Name: plan.Container, Image: "r/x:v1"}},
		Revisions: []release.Revision{{Number: 3, Version: "v1", Current: true, Template: release.Template{Hash: "a"}}},
	}
	s, _ = release.Step(plan, s, w.At, release.Observed{Workload: w})
	if _, why, ok := s.Undone(); s.Phase != release.RolledBack || !ok || !strings.HasSuffix(why, ": by someone else (argocd-controller)") {
		t.Errorf("%s: %q", s.Phase, why)
	}
	if h := release.HeadlineOf(plan, s, w.At); h.Rest != "By someone else (argocd-controller)." {
		t.Errorf("%+v", h)
	}
}

// Beside a canary that is held for it, stable is shown as what it runs now.
func TestCanaryTableNamesWhatStableRuns(t *testing.T) {
	m := newCanaryMachine(false, release.Rollback{OnDeadline: release.Ask, OnMetrics: release.Ask, After: 2})
	for i := 0; i < 60 && (m.state.Canary == nil || m.state.Canary.Stage != release.Baking); i++ {
		m.smoothly(t)
	}
	m.stable("v2.4.1", 6)
	m.looking(t)
	view, ok := release.ViewCanary(m.plan, m.state, m.now)
	if !ok || m.state.Held == nil || view.Stable != "v2.4.1" {
		t.Errorf("held %+v, stable %s", m.state.Held, view.Stable)
	}
}
