package cli

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"datahub.io/slipway/release"
)

// The headline is about now. What was over long ago is the last release, not the
// state of things, and a pause after it is no release.
func TestStatusIsAboutNow(t *testing.T) {
	s, _ := newSession(t)
	month := time.Now().Add(-30 * 24 * time.Hour)
	s.past(t, month, release.Record{
		ID: "undone", Phase: release.RolledBack, Ended: month,
		From: release.Target{Version: "v2.5.0"}, To: release.Target{Version: "v2.6.0"},
	})
	s.past(t, month.Add(time.Hour), release.Record{ID: "paused", Phase: release.Idle})

	r, text := s.reported(t)
	if r.Headline != "v1 serves on 2 of 2 pods. No release under way." || r.State != release.MarkPass {
		t.Errorf("%s: %q", r.State, r.Headline)
	}
	if r.Release == nil || r.Release.ID != "undone" {
		t.Errorf("release %+v", r.Release)
	}
	if !strings.HasSuffix(text, "\nrelease v2.5.0 → v2.6.0: rolled back, 30d ago\n") {
		t.Errorf("the text ends otherwise:\n%s", text)
	}

	// One that is unfinished is the state of things.
	record := left()
	record.Phase = release.Planned
	s.past(t, time.Now(), record)
	if r, _ := s.reported(t); !strings.HasPrefix(r.Headline, "Ready to deploy") || r.Release.ID != "r1" {
		t.Errorf("%q, release %+v", r.Headline, r.Release)
	}
}

// reported is what status says when v1 serves.
func (s *session) reported(t *testing.T) (statusReport, string) {
	t.Helper()
	state := release.State{Record: s.unfinished(), View: release.View{Workload: workload()}}
	plan := s.plan
	plan.Items, plan.Metrics = nil, nil
	r := newReport(plan, state, s.last(), time.Now())
	var out bytes.Buffer
	cmd := &cobra.Command{}
	cmd.SetOut(&out)
	if err := r.print(cmd); err != nil {
		t.Fatal(err)
	}
	return r, out.String()
}

// Where there is no figure, or it fails, the text says why, as the JSON does.
func TestStatusSaysWhy(t *testing.T) {
	s, _ := newSession(t)
	now := time.Now()
	plan := s.plan
	plan.Metrics = []release.MetricSpec{
		{Name: release.ErrorRate, Title: "Error Rate", Unit: release.Ratio, Bound: release.Bound{Kind: release.Threshold, Max: 0.001}},
		{Name: release.CPU, Title: "CPU Usage", Unit: release.Cores, Bound: release.Bound{Kind: release.Limit, FromDeployment: true, Warn: 0.9}},
	}
	state := release.State{View: release.View{Workload: workload(), Samples: map[release.MetricName]release.Sample{
		release.ErrorRate: {At: now, Value: 0.02}, release.CPU: {At: now, Value: 1},
	}}}
	var out bytes.Buffer
	cmd := &cobra.Command{}
	cmd.SetOut(&out)
	if err := newReport(plan, state, nil, now).print(cmd); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"fail 0.0s     2% over 0.1%\n", "no data 0.0s  container app has no cpu limit\n"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is not in\n%s", want, out.String())
		}
	}
}

// A command that gives up names what it waited for.
func TestTimeoutNamesTheItem(t *testing.T) {
	s := newStage(t)
	plan := s.options.Plan
	plan.Items = append(plan.Items, release.ItemSpec{ID: "normal", Title: "Metrics normal", Stage: release.Post, Type: release.ItemMetrics})
	w := workload()
	d := &driver{began: time.Now().Add(-2 * time.Hour), timeout: time.Hour, out: s.output}
	d.frame = release.Frame{Now: w.At, Plan: plan, State: release.State{
		Record: release.Record{Phase: release.Verifying, To: release.Target{Version: "v1", Template: w.Template.Hash}, Items: []release.Item{
			{ID: "rolling", Status: release.Passed}, {ID: "normal", Status: release.Unknown, Evidence: "CPU Usage: query timed out"},
		}},
		View: release.View{Workload: w, Links: map[release.Source]release.Link{release.Kubernetes: {OK: true, Last: w.At}}},
	}}
	done, err := d.look(nil)
	if want := "nothing failing. It waits for Metrics normal (no metrics configured)."; !done || err == nil || !strings.HasPrefix(err.Error(), "not finished after 1h0m0s: ") || !strings.HasSuffix(err.Error(), want) {
		t.Errorf("%v, want it to end with %q", err, want)
	}
}
