package release_test

import (
	"testing"

	"datahub.io/slipway/release"
)

// As long as nobody knows whether a canary is there, the way back waits for the look
// at it: it could be of the wrong Deployment.
func TestWayBackWaitsForTheCanary(t *testing.T) {
	m := newCanaryMachine(false, release.Rollback{OnDeadline: release.Ask, OnMetrics: release.Ask, After: 2})
	ways := func() (undo, abort release.Choice) {
		for _, c := range release.Allowed(m.plan, m.state, m.now) {
			switch c.Kind {
			case release.DoUndo:
				if undo.Kind == "" {
					undo = c
				}
			case release.DoAbort:
				abort = c
			}
		}
		return undo, abort
	}
	looks := m.looks()
	for i, why := range []string{"deployment/gateway-canary was not looked for yet", route + " was not read yet"} {
		m.step(t, looks[i])
		if undo, abort := ways(); undo.OK() || !undo.Refusal().Wait || undo.Why() != why || abort.OK() || !abort.Refusal().Wait || abort.Why() != why {
			t.Errorf("after %T: undo %q, abort %q; want both to wait: %s", looks[i], undo.Why(), abort.Why(), why)
		}
	}
	m.step(t, looks[2])
	if undo, abort := ways(); undo.Refusal().Wait || abort.Refusal().Wait || abort.Why() != "no canary is under way" {
		t.Errorf("all is seen: undo %q, abort %q", undo.Why(), abort.Why())
	}
}

// A bake that ends brings no promotion before the last weight: it is refused at once,
// not waited for.
func TestPromoteBeforeTheLastWeight(t *testing.T) {
	m := newCanaryMachine(false, release.Rollback{OnDeadline: release.Ask, OnMetrics: release.Ask, After: 2})
	for m.state.Canary == nil || m.state.Canary.Stage != release.Baking {
		m.smoothly(t)
	}
	for _, c := range release.Allowed(m.plan, m.state, m.now) {
		if c.Kind == release.DoPromote && (c.OK() || c.Refusal().Wait || c.Why() != "not before 100%: the canary has 10%") {
			t.Errorf("%+v", c)
		}
	}
}
