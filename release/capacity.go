package release

import "fmt"

// podsForAll is how many pods stable needs to carry all traffic, by what carries it
// now: its own pods their share, the canary's theirs. It is never more than carried all
// of it before the canary began, or than one of the two has now: what a small canary
// or a weight set by hand makes of a share is no measure.
func podsForAll(plan Plan, s State) int {
	stable, canary := s.View.Workload.Desired, s.View.Canary.Available
	weight, before := canaryWeight(plan, s), 0
	if s.Canary != nil {
		before = s.Canary.Full
	}
	if weight <= 0 {
		return stable
	}
	byCanary := 0
	if canary > plan.Canary.Pods { // it has as many as the share needs, rounded up
		byCanary = (canary-1)*100/weight + 1
	}
	byStable := 0
	if weight < 100 {
		byStable = (stable*100 + 99 - weight) / (100 - weight)
	}
	most := max(before, stable, canary)
	if before == 0 {
		most = max(most, min(byCanary, stable+canary))
	}
	return min(max(byCanary, byStable, stable), most)
}

// enough is with how many of the pods needed stable may carry all traffic: a rolling
// update leaves no more of them out, and never more than a quarter.
func enough(w Workload, need int) int {
	out := need
	if w.Desired > 0 {
		out = w.MaxUnavail * need / w.Desired
	}
	return max(need-min(out, (need+3)/4), 1)
}

// carries is how many pods of what stable is to run are available.
func (w Workload) carries() int { return min(w.Available, w.Replaced()) }

// tooFew says why stable cannot carry all traffic, or "".
func tooFew(plan Plan, s State) string {
	w := s.View.Workload
	need := podsForAll(plan, s)
	switch {
	case w.Found && w.Observed >= w.Generation && w.carries() >= enough(w, need):
		return ""
	case s.Phase == RollingBack && w.Convergence() == Complete && (need-w.carries())*4 <= need:
		return "" // a little more load on pods that serve is better than a version that fails
	case need > w.Desired:
		return fmt.Sprintf("stable cannot carry all traffic: %d of %d available, %d needed", w.carries(), w.Desired, need)
	}
	return fmt.Sprintf("stable is not healthy: %d of %d available, %d needed", w.carries(), w.Desired, enough(w, need))
}

// stableHealth says why traffic does not go back to stable, or "". Where the canary
// serves nothing, any pod of stable is better than none.
func stableHealth(plan Plan, s State) string {
	w, returning := s.View.Workload, s.Canary != nil && s.Canary.Stage == Returning
	if w.Available > 0 && s.View.Canary.Available == 0 && (s.Phase == RollingBack || returning) {
		return ""
	}
	why := tooFew(plan, s)
	if why == "" && returning && s.Phase == Deploying && w.Convergence() != Complete {
		why = fmt.Sprintf("stable is not healthy: %d of %d available, all needed", w.Available, w.Desired)
	}
	if why == "" {
		return ""
	}
	return why + because(w.Failures())
}

// healthy tells whether stable may get all the traffic.
func (t *turn) healthy() bool { return stableHealth(t.plan, t.s) == "" }

// leastBack is how many percent go back to stable at once while it cannot carry all.
const leastBack = 10

// share is the percent of the traffic that the canary keeps while stable grows: as much
// as stable's available pods cannot carry. Nothing of it goes back to a stable that fails.
func share(plan Plan, s State) int {
	w, weight := s.View.Workload, canaryWeight(plan, s)
	if w.Failures() != "" || w.Observed < w.Generation || w.Convergence() == Exceeded {
		return weight
	}
	if keeps := 100 - w.carries()*100/max(podsForAll(plan, s), 1); keeps <= weight-leastBack {
		return keeps
	}
	return weight
}

// growsTo is how many pods stable is to be given before it gets all traffic. Where the
// canary serves nothing there is no time for that.
func growsTo(plan Plan, s State) (need int, grows bool) {
	need = podsForAll(plan, s)
	return need, need > s.View.Workload.Desired && s.View.Canary.Available > 0 && tooFew(plan, s) != ""
}

// grow gives stable the pods that all traffic needs, where it has been scaled down: an
// autoscaler takes the pods of an idle stable away. When somebody takes them away again
// and again, they are given back by what the traffic calls for.
func (t *turn) grow() bool {
	need, grows := growsTo(t.plan, t.s)
	if !grows || t.s.Canary.Grown >= mostGrown {
		return false
	}
	t.follow(ScaleStable{Scaling: Scaling{Replicas: need}})
	return t.s.Pending != nil
}

// mostGrown is how often stable is scaled up on one return.
const mostGrown = 3
