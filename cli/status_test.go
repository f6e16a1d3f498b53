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
func (s *session) reported(t *testing.T) (report, string) {
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
