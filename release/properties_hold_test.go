package release_test

import (
	"slices"
	"strings"
	"time"

	"pgregory.net/rapid"

	"datahub.io/slipway/release"
)

// leavable: every hold can be left. What is held is continued, or the refusal names what
// leaves it, and that is allowed.
func leavable(t rapid.TB, plan release.Plan, s release.State, now time.Time) {
	if s.Held == nil || !release.Live(plan, s, now) || s.Pending != nil && !s.Pending.Unknown {
		return
	}
	choices := release.Allowed(plan, s, now)
	of := func(kind release.IntentKind) release.Choice {
		return choices[slices.IndexFunc(choices, func(c release.Choice) bool { return c.Kind == kind })]
	}
	c := of(release.DoContinue)
	if c.OK() || c.Refusal().Wait {
		return
	}
	if len(c.Refusal().Instead) == 0 {
		t.Fatalf("held in %s: %s: continue is refused, and nothing leaves it: %s", s.Phase, s.Held.Reason, c.Why())
	}
	for _, kind := range c.Refusal().Instead {
		key := map[release.IntentKind]string{release.DoUndo: "(u)", release.DoAbort: "(b)", release.DoAbandon: "(x)"}[kind]
		if !of(kind).OK() || !strings.Contains(c.Why(), key) {
			t.Fatalf("held in %s: %s: continue is refused with %q, and %s: %q", s.Phase, s.Held.Reason, c.Why(), kind, of(kind).Why())
		}
		leaves(t, plan, s, now, of(kind))
	}
}

// leaves: what a refusal names does not lead back to the same hold with the next look.
func leaves(t rapid.TB, plan release.Plan, s release.State, now time.Time, c release.Choice) {
	held := *s.Held
	s, _ = release.Step(plan, s, now, release.Intended{Intent: c.Intent, By: eng, Seen: c.Seen, ID: "leaves"})
	now = now.Add(time.Second)
	stable, canary, split := s.View.Workload, s.View.Canary, s.View.Split
	stable.At, canary.At, split.At = now, now, now
	s, _ = release.Step(plan, s, now, release.Observed{Workload: stable})
	if plan.Canary != nil {
		s, _ = release.Step(plan, s, now, release.ObservedCanary{Workload: canary})
		s, _ = release.Step(plan, s, now, release.ObservedSplit{Split: split})
	}
	if h := s.Held; h != nil && s.Pending == nil && h.Kind == held.Kind && h.Reason == held.Reason {
		t.Fatalf("%s leads back to the same hold: %s", c.Kind, h.Reason)
	}
}

// goesOn: a continue is not held again in the same step for what was shown.
func goesOn(t rapid.TB, before, next release.State, event release.Event) {
	e, wish := event.(release.Intended)
	if !wish || before.Held == nil || next.View.Taken != e.ID || before.View.Taken == e.ID {
		return
	}
	if kind := release.KindOf(e.Intent); kind != release.DoContinue && (kind != release.DoResume || !before.Underway()) {
		return
	}
	if h := next.Held; h != nil && (h.Kind == before.Held.Kind || h.Reason == before.Held.Reason) {
		t.Fatalf("continued in %s from %+v, and held again: %+v", before.Phase, *before.Held, *h)
	}
}
