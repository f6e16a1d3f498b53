package ui

import (
	"strings"
	"testing"

	"datahub.io/slipway/release"
)

// The condition of the rollout before can stay for a moment: the dashboard says
// what the headline says.
func TestPodStatusDoesNotJudgeByItself(t *testing.T) {
	f := frameRolling()
	w := &f.State.View.Workload
	w.Progressing = release.Condition{Status: "False", Reason: "ProgressDeadlineExceeded", Updated: at("12:19:00")}
	verdict := func() string {
		return podVerdict(newScene(refresh(f), darkTheme.glyphs), darkTheme).plain()
	}
	if got := verdict(); !strings.Contains(got, "rolling") {
		t.Errorf("of an earlier rollout's deadline it says %q", got)
	}
	f.State.Rollout.UID = w.UID
	w.Progressing.Updated = at("12:43:00")
	if got := verdict(); !strings.Contains(got, "STALLED") {
		t.Errorf("of this rollout's deadline it says %q", got)
	}
}

// A pod can be ready and not yet available (minReadySeconds).
func TestReadyIsReady(t *testing.T) {
	f := frameRolling()
	f.State.View.Workload.Ready, f.State.View.Workload.Available = 5, 3
	plain40(t, refresh(f)).sees("Ready: 5/6")
	play(t, refresh(f), darkTheme, 80, 24).sees("Ready: 5/6")
}
