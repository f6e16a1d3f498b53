package release

import (
	"cmp"
	"fmt"
	"time"
)

// ready says why a step may not be left for the next one, or "": its bake is over,
// its pods are there, and every measure passes on what is seen now (invariant 11).
func ready(plan Plan, s State, now time.Time) string {
	run := s.Canary
	switch run.Stage {
	case Baking:
	case Creating:
		return "the canary's pods are not available yet"
	case Shifting:
		return fmt.Sprintf("%d%% of the traffic is not seen on the canary yet", run.Weight)
	case Promoting:
		return "it is being promoted"
	default:
		return "the canary is being ended"
	}
	w, need := s.View.Canary, canaryPods(plan, s, run.Weight)
	switch left := plan.Canary.Bake - run.baked(now); {
	case left > 0 && now.Sub(run.Live) >= plan.Canary.Bake && failing(plan, s, now) != "":
		return failing(plan, s, now)
	case left > 0 && run.Failed:
		return "a round failed: the bake begins anew with the next that passes"
	case left > 0 && run.Passing.After(run.Live):
		return "not before its bake ends, in " + Left(left) + "; it began anew after a failing round"
	case left > 0:
		return "not before its bake ends, in " + Left(left)
	case unseenCanary(plan, s, now) != "":
		return unseenCanary(plan, s, now)
	case plan.Canary.Route != "" && canaryWeight(plan, s) != run.Weight:
		return fmt.Sprintf("the weight is %d%%, not %d%%", canaryWeight(plan, s), run.Weight)
	case w.Convergence() != Complete || w.Available < need:
		return fmt.Sprintf("%d of %d canary pods are available", w.Available, max(w.Desired, need))
	}
	return cmp.Or(verdict(plan, s, now), wholeService(plan, s))
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

// verdict says why the judgement of a step is not a pass, or "".
func verdict(plan Plan, s State, now time.Time) string {
	rows := Comparisons(plan, s, now)
	if fails := failing(plan, s, now); fails != "" {
		return fails
	}
	for _, row := range rows {
		if row.Verdict == NoData {
			return fmt.Sprintf("%s is not known: %s", row.Title, row.Why)
		}
	}
	for _, row := range rows {
		if row.Trying != "" {
			return fmt.Sprintf("%s: the statistical judge has %s", row.Title, row.Trying)
		}
	}
	if s.View.Elsewhere {
		return "how many rounds passed at this weight is not known here"
	}
	if n, least := s.View.Judged.inARow(), max(plan.Rollback.After, 1); n < least {
		return fmt.Sprintf("%d of %d rounds in a row have passed since it was seen", n, least)
	}
	return ""
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

// wholeService says that a figure of the whole service fails, or "".
func wholeService(plan Plan, s State) string {
	if used, spec := Budget(plan, s.View); used > 0 {
		return fmt.Sprintf("%s of the whole service is out of bounds", spec.Title)
	}
	return ""
}
