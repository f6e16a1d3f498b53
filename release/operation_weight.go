package release

import (
	"fmt"
	"time"
)

// SetWeight changes the two weights of what splits the traffic, and nothing else of it.
type SetWeight struct {
	Object     string `json:"object,omitempty"`     // "virtualservice/datahub-gateway"
	Weight     int    `json:"weight,omitempty"`     // percent that the canary gets
	WeightFrom int    `json:"weightFrom,omitempty"` // a precondition
	Rest       string `json:"rest,omitempty"`       // Split.Rest, a precondition
}

// Kind is OpSetWeight.
func (SetWeight) Kind() OpKind { return OpSetWeight }

// Subject is the traffic.
func (SetWeight) Subject() Subject { return OnTraffic }

// Deadline is that of one request.
func (SetWeight) Deadline() time.Duration { return patchDeadline }

// Describe names the weights.
func (o SetWeight) Describe() string {
	return fmt.Sprintf("weight %d → %d on %s", o.WeightFrom, o.Weight, o.Object)
}

// Look reads the canary's weight.
func (o SetWeight) Look(v View, _ string) Look {
	l := Look{At: v.seenAt(OnTraffic)}
	switch v.Split.Canary {
	case o.Weight:
		l.Is = Stands
	case o.WeightFrom:
		l.Is = Undone
	default:
		l.Is, l.Text = Differs, fmt.Sprintf("%s gives the canary %d%%", o.Object, v.Split.Canary)
	}
	return l
}

func (o SetWeight) decided(plan Plan, v View) Operation {
	o.Object, o.WeightFrom, o.Rest = plan.Canary.Route, v.Split.Canary, v.Split.Rest
	return o
}
