package release_test

import (
	"strings"
	"testing"
	"time"

	"datahub.io/slipway/release"
)

func tells(effects []release.Effect) string {
	var all []string
	for _, e := range effects {
		if t, ok := e.(release.Tell); ok {
			all = append(all, t.Text)
		}
	}
	return strings.Join(all, "\n")
}

// A question waits for as long as the plan says after the terminal hung up; then it is
// answered. Missing figures are never answered so, and whoever attaches ends it.
func TestHungUp(t *testing.T) {
	for name, c := range map[string]struct {
		do      release.Hangup
		trouble release.Trouble
		stands  bool
	}{
		"guard":             {do: release.HangupGuard, trouble: release.Figures},
		"guard, missed":     {do: release.HangupGuard, trouble: release.Deadline},
		"guard, no figures": {do: release.HangupGuard, trouble: release.Blindness, stands: true},
		"continue":          {do: release.HangupContinue, trouble: release.Figures, stands: true},
	} {
		plan := testPlan()
		plan.Hangup = release.Hangups{Do: c.do, After: 2 * time.Minute}
		s := release.State{Record: release.Record{
			ID: "r", Seq: 1, Phase: release.Deploying, To: release.Target{Version: "v2.5.0"},
			Asking: &release.Question{Trouble: c.trouble, Reason: "it fails", At: noon}, Told: []release.Trouble{c.trouble},
		}}
		if !release.OutlivesTerminal(plan, s) {
			t.Fatalf("%s: it does not go on", name)
		}
		s, effects := release.Step(plan, s, noon, release.HungUp{})
		if !s.Alone.Equal(noon) || s.Seq != 2 || !strings.Contains(tells(effects), "the terminal hung up") {
			t.Errorf("%s: %+v, %s", name, s.Alone, tells(effects))
		}
		s, _ = release.Step(plan, s, noon.Add(2*time.Minute-time.Second), release.Ticked{})
		if s.Asking == nil || s.View.Mode.Alone {
			t.Errorf("%s: a person still has a second", name)
		}
		s, _ = release.Step(plan, s, noon.Add(2*time.Minute), release.Ticked{})
		if (s.Asking != nil) != c.stands || s.View.Mode.Alone != (c.do == release.HangupGuard) {
			t.Errorf("%s: asking %+v, alone %t", name, s.Asking, s.View.Mode.Alone)
		}
		back, effects := release.Step(plan, release.State{Record: s.Record}, noon.Add(5*time.Minute), release.Returned{By: release.Actor{Name: "eng-b"}, Handed: true})
		if !back.Alone.IsZero() || back.Held != nil || !back.View.WentOn.Equal(noon) || !strings.Contains(tells(effects), "without a terminal for 5:00") {
			t.Errorf("%s: handed over: %+v, held %v, %s", name, back.Alone, back.Held, tells(effects))
		}
		left, _ := release.Step(plan, release.State{Record: s.Record}, noon.Add(5*time.Minute), release.Returned{By: release.Actor{Name: "eng-b"}})
		if left.Held == nil || !left.Alone.IsZero() {
			t.Errorf("%s: nobody handed it over, and it is not held", name)
		}
	}
}

// What is over, planned, or driven elsewhere does not go on without a terminal.
func TestNothingGoesOn(t *testing.T) {
	plan := testPlan()
	plan.Hangup.Do = release.HangupGuard
	for phase, want := range map[release.Phase]bool{
		release.Idle: false, release.Planned: false, release.Deploying: true, release.Verifying: true, release.RollingBack: true,
		release.Released: false, release.RolledBack: false, release.Abandoned: false,
	} {
		s := release.State{Record: release.Record{ID: "r", Phase: phase}}
		if release.OutlivesTerminal(plan, s) != want {
			t.Errorf("%q: %t", phase, !want)
		}
		s.View.Driver = &release.Driver{Name: "eng-b"}
		if release.OutlivesTerminal(plan, s) {
			t.Errorf("%q, driven elsewhere: it goes on", phase)
		}
		stop := plan
		stop.Hangup.Do = release.HangupStop
		if release.OutlivesTerminal(stop, release.State{Record: s.Record}) {
			t.Errorf("%q: it goes on although the plan stops it", phase)
		}
	}
}
