package release

import (
	"cmp"
	"fmt"
	"math"
	"time"
)

// straying tells whether a canary has pods or traffic although no release here is
// about it.
func straying(plan Plan, s State) bool {
	return plan.Canary != nil && (s.Phase.Over() || s.Phase == Planned) && leftover(plan, s) != ""
}

// leftover says what of a canary is there, or "".
func leftover(plan Plan, s State) string {
	w, weight := s.View.Canary, canaryWeight(plan, s)
	share := fmt.Sprintf("%d%%", weight)
	if s.View.Split.Err != "" && plan.Canary.Route != "" && !s.View.Split.Silent {
		share = "an unknown share"
	}
	switch {
	case w.Found && w.Desired > 0:
		text := fmt.Sprintf("%s has %s of the traffic on %s, deployment/%s", cmp.Or(w.Version(plan.Container), "?"), share, Count(w.Desired, "pod"), plan.Canary.Deployment)
		if routes := leading(plan, s); len(routes) > 0 {
			text += "; " + leadingWords(routes)
		}
		return text
	case plan.Canary.Route != "" && weight > 0:
		return fmt.Sprintf("%s sends %d%% of the traffic to the canary, which has no pods", plan.Canary.Route, weight)
	}
	return ""
}

// canaryWeight is the percent of the traffic that the canary gets, as observed.
// Without an object that divides it, the pods do.
func canaryWeight(plan Plan, s State) int {
	if plan.Canary.Route != "" {
		return s.View.Split.Canary
	}
	w := s.View.Canary
	if run := s.Canary; run != nil && run.Weight > 0 && w.Desired == canaryPods(plan, s, run.Weight) && w.Available == w.Desired {
		return run.Weight
	}
	if total := w.Available + s.View.Workload.Available; w.Found && total > 0 {
		return int(math.Round(100 * float64(w.Available) / float64(total)))
	}
	return 0
}

// canaryPods is how many pods the canary needs for a weight. Where an object
// divides the traffic, a pod of the canary carries as much as one of stable's; where
// pods divide it, they are what makes the share, to the nearest pod.
func canaryPods(plan Plan, s State, weight int) int {
	stable := s.View.Workload.Desired
	if plan.Canary.Route != "" {
		return max(plan.Canary.Pods, (weight*stable+99)/100, 1)
	}
	share := math.Round(float64(weight*stable) / float64(max(100-weight, 1)))
	return max(min(int(share), stable), plan.Canary.Pods, 1)
}

// seesCanary tells whether the canary and the split are fresh enough to decide
// anything.
func seesCanary(plan Plan, s State, now time.Time) bool { return unseenCanary(plan, s, now) == "" }

// unseenCanary says why the canary or the split is not known, or "".
func unseenCanary(plan Plan, s State, now time.Time) string {
	w, split := s.View.Canary, s.View.Split
	switch {
	case unlooked(plan, s) != "":
		return unlooked(plan, s)
	case now.Sub(w.At) > plan.Stale.Workload:
		return fmt.Sprintf("deployment/%s was last seen %s ago", plan.Canary.Deployment, Age(now.Sub(w.At)))
	case plan.Canary.Route == "":
		return ""
	case split.At.IsZero():
		return split.Err
	case now.Sub(split.At) > plan.Stale.Workload:
		return fmt.Sprintf("%s was last read %s ago", plan.Canary.Route, Age(now.Sub(split.At)))
	case split.Silent:
		return fmt.Sprintf("%s does not answer: %s", plan.Canary.Route, split.Err)
	}
	return ""
}

// unread says why the canary or the split is not known, or cannot be used, or "".
func unread(plan Plan, s State, now time.Time) string {
	if plan.Canary.Route != "" && s.View.Split.Err != "" && !s.View.Split.Silent {
		return s.View.Split.Err
	}
	return unseenCanary(plan, s, now)
}

// unlooked says that it is not known yet whether there is a canary, or "". Until
// then an undo could be of the wrong Deployment.
func unlooked(plan Plan, s State) string {
	switch split := s.View.Split; {
	case plan.Canary == nil:
	case s.View.Canary.At.IsZero() && s.View.CanaryErr != "" && plan.Canary.Aside:
		// Rolling releases do without it.
	case s.View.Canary.At.IsZero() && s.View.CanaryErr != "":
		return fmt.Sprintf("deployment/%s cannot be looked for: %s", plan.Canary.Deployment, s.View.CanaryErr)
	case s.View.Canary.At.IsZero():
		return fmt.Sprintf("deployment/%s was not looked for yet", plan.Canary.Deployment)
	case plan.Canary.Route != "" && split.At.IsZero() && split.Err == "":
		return plan.Canary.Route + " was not read yet"
	}
	return ""
}
