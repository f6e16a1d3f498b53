package release

import (
	"fmt"
	"time"
)

// ready says why a step may not be left for the next one: its bake is over, its pods are
// there, and every measure passes on what is seen now (invariant 11). All but a measure
// that fails is only waited for.
func ready(plan Plan, s State, now time.Time) Refusal {
	run := s.Canary
	switch run.Stage {
	case Baking:
	case Creating:
		return waits(RefusedNotYet, "the canary's pods are not available yet")
	case Shifting:
		return waits(RefusedNotYet, fmt.Sprintf("%d%% of the traffic is not seen on the canary yet", run.Weight))
	case Promoting:
		return waits(RefusedNotYet, "it is being promoted")
	default:
		return waits(RefusedNotYet, "the canary is being ended")
	}
	w, need := s.View.Canary, canaryPods(plan, s, run.Weight)
	switch left := plan.Canary.Bake - run.baked(now); {
	case left > 0 && now.Sub(run.Live) >= plan.Canary.Bake && failing(plan, s, now) != "":
		return refusal(RefusedGate, failing(plan, s, now))
	case left > 0 && run.Failed:
		return waits(RefusedNotYet, "a round failed: the bake begins anew with the next that passes")
	case left > 0:
		text := "not before its bake ends, in " + Left(left)
		if run.Passing.After(run.Live) {
			text += "; it began anew after a failing round"
		}
		bakes := waits(RefusedNotYet, text)
		bakes.Until = now.Add(left)
		return bakes
	case unseenCanary(plan, s, now) != "":
		return unseen(unseenCanary(plan, s, now))
	case plan.Canary.Route != "" && canaryWeight(plan, s) != run.Weight:
		return waits(RefusedNotYet, fmt.Sprintf("the weight is %d%%, not %d%%", canaryWeight(plan, s), run.Weight))
	case w.Convergence() != Complete || w.Available < need:
		return waits(RefusedNotYet, fmt.Sprintf("%d of %d canary pods are available", w.Available, max(w.Desired, need)))
	}
	if why := verdict(plan, s, now); !why.None() {
		return why
	}
	return wholeService(plan, s)
}

// baked is how long the weight has been live without a failing round.
func (run *CanaryRun) baked(now time.Time) time.Duration {
	switch {
	case run.Failed, run.Live.IsZero():
		return 0
	case run.Passing.After(run.Live):
		return max(now.Sub(run.Passing), 0)
	}
	return max(now.Sub(run.Live), 0)
}

// verdict says why the judgement of a step is not a pass.
func verdict(plan Plan, s State, now time.Time) Refusal {
	rows := Comparisons(plan, s, now)
	if fails := failing(plan, s, now); fails != "" {
		return refusal(RefusedGate, fails)
	}
	for _, row := range rows {
		if row.Verdict == NoData {
			return unseen(fmt.Sprintf("%s is not known: %s", row.Title, row.Why))
		}
	}
	for _, row := range rows {
		if row.Trying != "" {
			return waits(RefusedNotYet, fmt.Sprintf("%s: the statistical judge has %s", row.Title, row.Trying))
		}
	}
	if s.View.Elsewhere && s.Judging == nil {
		return unseen("how many rounds passed at this weight is not known here")
	}
	if n, least := s.View.Judged.inARow(), max(plan.Rollback.After, 1); n < least {
		return waits(RefusedNotYet, fmt.Sprintf("%d of %d rounds in a row have passed since it was seen", n, least))
	}
	return Refusal{}
}

// failing says which measure of the canary fails, or "".
func failing(plan Plan, s State, now time.Time) string {
	for _, row := range Comparisons(plan, s, now) {
		if row.Verdict == Fail {
			return fmt.Sprintf("%s fails: %s", row.Title, row.Why)
		}
	}
	return ""
}

// wholeService says that a figure of the whole service fails. It may pass again.
func wholeService(plan Plan, s State) Refusal {
	if used, spec := Budget(plan, s.View); used > 0 {
		return waits(RefusedGate, fmt.Sprintf("%s of the whole service is out of bounds", spec.Title))
	}
	return Refusal{}
}
