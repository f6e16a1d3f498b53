package release_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"datahub.io/slipway/release"
)

// With n values of each version the rarest outcome has the chance 1/C(2n, n).
func TestTrialLeast(t *testing.T) {
	for confidence, want := range map[float64]int{0.5: 4, 0.98: 4, 0.985: 4, 0.986: 5, 0.99: 5, 0.997: 6, 0.999: 7} {
		if got := release.TrialLeast(confidence); got != want {
			t.Errorf("%v: %d, want %d", confidence, got, want)
		}
	}
}

// The steps may be edited while a canary is left: its weight says where it stands, and
// stable gets the image only from the last step.
func TestStepsWereEdited(t *testing.T) {
	for _, c := range []struct {
		steps []int
		next  string // what a does at 50%
	}{
		{[]int{10, 50, 100}, "advance canary 50% → 100%"},
		{[]int{50, 100}, "advance canary 50% → 100%"},
		{[]int{10, 20, 30, 100}, "advance canary 50% → 100%"},
		{[]int{10, 75, 100}, "advance canary 50% → 75%"},
		{[]int{60, 100}, "advance canary 50% → 60%"},
	} {
		m := newCanaryMachine(true, release.Rollback{OnDeadline: release.Off, OnMetrics: release.Off, After: 2})
		m.plan.Canary.Steps = []int{10, 50, 100}
		for i := 0; i < 60 && (m.state.Canary == nil || m.state.Canary.Weight < 50 || m.state.Canary.Stage != release.Baking); i++ {
			m.smoothly(t)
		}
		m.plan.Canary.Steps, m.plan.Canary.Auto = c.steps, false
		m.state.View = startsAgain(m.state.View)
		m.step(t, release.Returned{By: eng})
		for range 12 {
			m.now = m.now.Add(time.Second)
			m.well()
			m.looking(t)
		}
		m.step(t, m.asked(release.Continue{}))
		m.step(t, m.asked(release.Advance{}))
		if run := m.state.Canary; run.Stage != release.Shifting || !strings.HasSuffix(c.next, fmt.Sprintf(" %d%%", run.Weight)) {
			t.Errorf("%v: %s to %d%%, want %s", c.steps, run.Stage, run.Weight, c.next)
		}
		if m.inFlight != nil && m.inFlight.Kind() == release.OpSetImage {
			t.Errorf("%v: promoted at 50%%", c.steps)
		}
	}
}
