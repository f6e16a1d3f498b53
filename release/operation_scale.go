package release

import (
	"fmt"
	"slices"
)

// ScaleStable gives stable a number of pods.
type ScaleStable struct {
	Guard
	Scaling
}

// ScaleCanary gives the canary a number of pods.
type ScaleCanary struct {
	Guard
	Scaling
	// Routes are the other routes to the canary that it was decided with: one that came
	// since refuses to take the canary's last pods away.
	Routes []string `json:"routes,omitempty"`
}

// Kind is OpScaleStable.
func (ScaleStable) Kind() OpKind { return OpScaleStable }

// Kind is OpScaleCanary.
func (ScaleCanary) Kind() OpKind { return OpScaleCanary }

// Subject is stable.
func (ScaleStable) Subject() Subject { return OnStable }

// Subject is the canary.
func (ScaleCanary) Subject() Subject { return OnCanary }

// Describe names the numbers.
func (o ScaleStable) Describe() string { return o.Scaling.describe(o.Object) }

// Describe names the numbers.
func (o ScaleCanary) Describe() string { return o.Scaling.describe(o.Object) }

func (s Scaling) describe(object string) string {
	return fmt.Sprintf("scale %s %d → %d", object, s.ReplicasFrom, s.Replicas)
}

// Look counts the pods that are wanted.
func (o ScaleStable) Look(v View, _ string) Look { return o.Scaling.look(o.Guard, v.Workload) }

// Look counts the pods that are wanted.
func (o ScaleCanary) Look(v View, _ string) Look { return o.Scaling.look(o.Guard, v.Canary) }

func (o ScaleStable) decided(plan Plan, v View) Operation {
	o.Guard, o.ReplicasFrom = guardOf(plan.Deployment, plan.Container, v.Workload), v.Workload.Desired
	return o
}

func (o ScaleCanary) decided(plan Plan, v View) Operation {
	o.Guard = guardOf(plan.Canary.Deployment, plan.Container, v.Canary)
	if v.Canary.Found {
		o.ReplicasFrom = v.Canary.Desired
	}
	if o.Replicas == 0 {
		o.Routes = slices.Clone(v.Split.Routes)
	}
	return o
}
