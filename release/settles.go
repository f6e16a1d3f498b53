package release

import (
	"slices"
	"time"
)

// afterSpike is how long after a spike it is still expected that the figures go
// on to use the failure budget up.
const afterSpike = 30 * time.Second

// Settling is how an open item of a release that verifies can still be settled.
type Settling string

// The ways in which an open item is settled.
const (
	ByItself Settling = "by itself" // by the next look, or the failure budget answers first
	ByHand   Settling = "by hand"   // by a person's tick or waiver
	ByWaiver Settling = "by waiver" // it has failed for good, or cannot be judged: by a person's waiver, or an undo
)

// OpenItem is an item that is neither passed nor waived.
type OpenItem struct {
	Spec ItemSpec
	Item
	Settles Settling
}

// Open lists the open items in the plan's order, and how each can still be
// settled while the release verifies.
func Open(plan Plan, s State, now time.Time) []OpenItem {
	var open []OpenItem
	for i, spec := range plan.Items {
		if i < len(s.Items) && !s.Items[i].Settled() {
			open = append(open, OpenItem{spec, s.Items[i], settles(plan, s, spec, s.Items[i], now)})
		}
	}
	return open
}

func settles(plan Plan, s State, spec ItemSpec, item Item, now time.Time) Settling {
	switch {
	case spec.Type == ItemManual:
		return ByHand
	case item.Status == Unknown && (slices.Contains(s.Told, Blindness) || now.Sub(item.At) >= blindAfter || inVain(plan, s, spec, item, now)):
		return ByWaiver // nothing is coming that it could be judged by
	case spec.Type == ItemPods && s.View.Workload.Found && s.View.Workload.Desired == 0:
		return ByWaiver
	case item.Status == Failed && s.View.Probes[spec.ID].Result.Lasting && now.Sub(item.At) >= lookGap:
		return ByWaiver
	case spec.Type == ItemSpikes && item.Status == Failed:
		// A later recovery does not heal a spike; more of it may still undo.
		if failing, _ := Budget(plan, s.View); failing == 0 && now.Sub(item.At) > afterSpike {
			return ByWaiver
		}
	}
	return ByItself
}

// inVain tells whether an item waits for a figure that no wait brings.
func inVain(plan Plan, s State, spec ItemSpec, item Item, now time.Time) bool {
	for _, u := range Unjudged(plan, s, now) {
		if spec.needs(u.Spec.Name) && now.Sub(item.At) >= u.Lack.steady() {
			return true
		}
	}
	return false
}
