package release_test

import (
	"strings"
	"testing"
	"time"

	"datahub.io/slipway/release"
)

// What a decision rests on is said once, with the decision, and not again with each
// change that follows from it and what became of that.
func TestEvidenceIsToldOnce(t *testing.T) {
	for name, errors := range map[string]float64{"released": 0.0002, "taken back": 0.05} {
		t.Run(name, func(t *testing.T) {
			m := newCanaryMachine(true, release.Rollback{OnDeadline: release.Auto, OnMetrics: release.Auto, After: 2})
			m.once, m.evidence = true, map[string]string{}
			for range 120 {
				if run := m.state.Canary; run != nil && run.Stage == release.Baking && errors > 0.001 {
					m.now = m.now.Add(time.Second)
					m.figures(errors)
					m.looking(t)
					continue
				}
				m.smoothly(t)
			}
			if phase := m.state.Phase; phase != release.Verifying && phase != release.Released && phase != release.RolledBack {
				t.Fatalf("it ends %s", phase)
			}
			if len(m.evidence) == 0 {
				t.Fatal("nothing was decided")
			}
			for why, kind := range m.evidence {
				n := 0
				for _, text := range m.told {
					n += strings.Count(text, why)
				}
				// What a stage follows from may stand in what was said before in its own words.
				if n > 1 || n == 0 && !strings.HasPrefix(why, "stable serves ") {
					t.Errorf("%q, of %s, was said %d times:\n%s", why, kind, n, strings.Join(m.told, "\n"))
				}
			}
			said := map[string]bool{}
			for _, text := range m.told {
				if said[text] {
					t.Errorf("said twice: %q", text)
				}
				said[text] = true
			}
		})
	}
}
