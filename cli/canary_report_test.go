package cli

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"datahub.io/slipway/release"
)

func (r canaryReport) text(t *testing.T) string {
	t.Helper()
	var out bytes.Buffer
	cmd := &cobra.Command{}
	cmd.SetOut(&out)
	if err := r.print(cmd); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestCanaryReport(t *testing.T) {
	plan, s := canaryPlan(newStage(t).options.Plan), baking(0)
	now := s.View.Workload.At
	s.Canary.Live = now
	s.View.Judged.Losing = map[release.MetricName]release.Run{release.ErrorRate: {Count: 1, Samples: []release.Sample{{At: now}}}}
	plan.Rollback.After = 3
	got := newCanaryReport(plan, s, now.Add(500*time.Millisecond)).text(t)
	for _, want := range []string{
		"stable   v1\ncanary   v2 on 2 of 2 pods, 10% of the traffic\n",
		"traffic  virtualservice/gateway\n",
		"stage    baking, baked 0:00 of 0:01\nbudget   1 of 3 used\nwaits    ",
		"METRIC      STABLE  CANARY  RULE             VERDICT  WHY\n",
		"Error Rate  0.1%    0.1%    ≤1%              pass     0.1%\n",
		"Restarts    0       0       0, none failing  pass     none\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is not in\n%s", want, got)
		}
	}
}

// Without an object the pods are the split, as of when they were seen.
func TestCanaryReportByPods(t *testing.T) {
	plan, s := canaryPlan(newStage(t).options.Plan), baking(0)
	now := s.View.Workload.At
	plan.Canary.Route, s.View.Split = "", release.Split{}
	r := newCanaryReport(plan, s, now)
	const want = "traffic  no object divides it: counts of pods are the split, to the nearest pod\n"
	if got := r.text(t); !strings.Contains(got, want) || !r.At.Equal(s.View.Canary.At) || r.Weight == nil || *r.Weight == 0 {
		t.Errorf("as of %s:\n%s", r.At, got)
	}
}

// What is not known is not 0, and what is over is not said.
func TestCanaryReportBetweenReleases(t *testing.T) {
	plan, s := canaryPlan(newStage(t).options.Plan), baking(1)
	now := s.View.Workload.At
	s.Record, s.View.Canary = release.Record{}, release.Workload{At: now}
	s.View.Split = release.Split{At: now, Err: "virtualservice/gateway does not exist"}
	r := newCanaryReport(plan, s, now)
	if got, want := r.text(t), "canary   none on 0 of 0 pods, its share of the traffic not known\ntraffic  virtualservice/gateway: virtualservice/gateway does not exist\n"; !strings.HasSuffix(got, want) {
		t.Errorf("%q is not the end of\n%s", want, got)
	}
	raw, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	var fields map[string]any
	if err := json.Unmarshal(raw, &fields); err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]any{"weight": nil, "underway": false, "stable": "v1", "object": "virtualservice/gateway", "problem": "virtualservice/gateway does not exist"} {
		if got, there := fields[key]; !there || got != want {
			t.Errorf("%s: %v, want %v", key, got, want)
		}
	}
	for _, key := range []string{"stage", "canary", "steps", "baked", "metrics", "budget", "waits"} {
		if value, there := fields[key]; there {
			t.Errorf("%s: %v, and no canary is under way", key, value)
		}
	}
}

// A process beside the one that leads the release counts no rounds, and does not say that
// none failed.
func TestCanaryReportFromElsewhere(t *testing.T) {
	plan, s := canaryPlan(newStage(t).options.Plan), baking(0)
	now := s.View.Workload.At
	s.Canary.Live = now.Add(-time.Hour)
	s.View.Elsewhere, plan.Rollback.After = true, 3
	r := newCanaryReport(plan, s, now)
	got := r.text(t)
	for _, want := range []string{
		"budget   not known here: whoever leads the release counts the rounds\nwaits    how many rounds passed at this weight is not known here\n",
		"Error Rate  0.1%    0.1%    ≤1%              pass     0.1%\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is not in\n%s", want, got)
		}
	}
	raw, err := json.Marshal(r)
	if err != nil || strings.Contains(string(raw), "budget") || strings.Contains(got, "of 3") {
		t.Errorf("%v %s\n%s", err, raw, got)
	}
}

// What cannot be seen is not waited for: why it cannot is said at once.
func TestGatherEndsWithoutACanary(t *testing.T) {
	plan := canaryPlan(newStage(t).options.Plan)
	events := make(chan release.Event, 3)
	events <- release.LostCanary{Err: "deployments is forbidden"}
	events <- release.ObservedSplit{Split: release.Split{Canary: 10}}
	events <- release.Linked{Source: release.Prometheus, Link: release.Link{Err: "connection refused"}}
	state := release.State{View: release.View{Links: map[release.Source]release.Link{}}}
	gather(t.Context(), plan, true, events, &state)
	if v := state.View; v.CanaryErr != "deployments is forbidden" || v.Split.Canary != 10 || v.Links[release.Prometheus].Err != "connection refused" {
		t.Errorf("%+v", v)
	}
}
