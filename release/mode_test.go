package release_test

import (
	"testing"
	"time"

	"datahub.io/slipway/release"
)

// Who leads a release elsewhere is told by person, place and time, never by a process.
func TestDriverWords(t *testing.T) {
	since := time.Date(2026, 11, 23, 12, 40, 0, 0, time.UTC)
	for want, d := range map[string]*release.Driver{
		"": nil,
		"the release of v2 by eng-b is driven on this machine since 12:40; you can still undo":         {Name: "eng-b", Version: "v2", Local: true, Host: "here", Since: since},
		"the release of v2 by eng-b is driven from gateway-ci-7 since 12:40; you can still undo":       {Name: "eng-b", Version: "v2", Host: "gateway-ci-7", Since: since},
		"the release of v2 by eng-b is driven elsewhere; you can still undo":                           {Name: "eng-b", Version: "v2"},
		"the release of v2 by eng-b was left unfinished: leave and start slipway again to continue it": {Name: "eng-b", Version: "v2", Left: true},
	} {
		if got := d.String(); got != want {
			t.Errorf("%+v: %q, want %q", d, got, want)
		}
	}
}

// A passive console decides nothing automatically, and takes a person's wish all the same.
func TestPassiveDecidesNothing(t *testing.T) {
	plan, s := figuresPlan(), release.State{View: goodFigures()}
	s.View.Mode.Passive = true
	s, _ = release.Step(plan, s, noon, release.Intended{Intent: release.Begin{Version: "v2.5.0"}, By: eng, ID: "id"})
	if s.Phase != release.Planned || !s.View.Mode.Passive {
		t.Fatalf("%s, mode %+v", s.Phase, s.View.Mode)
	}
}

// That a release was rolled back is kept in mind in the view, until it is released after all.
func TestUndoneIsRemembered(t *testing.T) {
	plan, w := figuresPlan(), goodFigures().Workload
	s := release.State{Record: release.Record{
		ID: "r", Phase: release.RollingBack, From: release.Target{Version: "v2.3.0", Template: w.Template.Hash}, To: release.Target{Version: "v2.4.0", Template: "bad"},
		Rollout: release.Rollout{Goal: release.Target{Version: "v2.3.0", Template: w.Template.Hash}, UID: w.UID},
	}, View: goodFigures()}
	s, _ = release.Step(plan, s, noon, release.Observed{Workload: w})
	if s.Phase != release.RolledBack || s.View.Undone["bad"] == "" {
		t.Errorf("%s, undone %v", s.Phase, s.View.Undone)
	}
}
