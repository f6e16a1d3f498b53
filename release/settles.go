package release

import (
	"fmt"
	"slices"
	"time"
)

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
	Vain    bool // waiting cannot mend it; otherwise it only took too long
}

// WhyWaiver says why only a waiver settles it.
func (o OpenItem) WhyWaiver(now time.Time) string {
	switch {
	case o.Vain:
		return o.Evidence + "; waiting does not mend that"
	case o.Status == Unknown:
		return fmt.Sprintf("no data for %s (%s)", Span(now.Sub(o.At)), o.Evidence)
	}
	return o.Evidence
}

// Open lists the open items in the plan's order, and how each can still be settled.
func Open(plan Plan, s State, now time.Time) []OpenItem {
	var open []OpenItem
	for i, spec := range plan.Items {
		if i < len(s.Items) && !s.Items[i].holds(plan, s, spec, now) {
			open = append(open, OpenItem{
				Spec: spec, Item: s.Items[i], Settles: settles(plan, s, spec, s.Items[i], now),
				Vain: s.Items[i].Status != Unknown || inVain(plan, s, spec, s.Items[i], now),
			})
		}
	}
	return open
}

func settles(plan Plan, s State, spec ItemSpec, item Item, now time.Time) Settling {
	switch {
	case spec.Class() == Manual:
		return ByHand
	case kinds[spec.Type].people && !s.View.Probes[spec.ID].Result.At.IsZero():
		return ByHand
	case kinds[spec.Type].do != nil:
		return settlesAction(plan, s, spec, item)
	case item.Status == Unknown && (slices.Contains(s.Told, Blindness) || now.Sub(item.At) >= blindAfter || inVain(plan, s, spec, item, now)):
		return ByWaiver // nothing is coming that it could be judged by
	case kinds[spec.Type].lost != nil && kinds[spec.Type].lost(plan, s, item, now):
		return ByWaiver
	case item.Status == Failed && s.View.Probes[spec.ID].Result.Lasting && now.Sub(item.At) >= lookGap:
		return ByWaiver
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
