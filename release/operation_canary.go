package release

import (
	"fmt"
	"slices"
	"strings"
)

// ApplyCanary makes the canary's Deployment of stable's, or gives the one that is there
// an image and a number of pods.
type ApplyCanary struct {
	Guard
	Container    string   `json:"container,omitempty"`
	Also         []string `json:"also,omitempty"`    // containers and init containers that get the image too
	Version      string   `json:"version,omitempty"` // the version that it is to serve
	Image        string   `json:"image,omitempty"`
	Revision     int64    `json:"revision,omitempty"` // stable's revision whose pods it gets, 0 = the current ones'
	Template     string   `json:"template,omitempty"` // Template.Hash of that revision, a precondition
	Replicas     int      `json:"replicas,omitempty"`
	ReplicasFrom int      `json:"replicasFrom,omitempty"`
}

// DeleteCanary deletes the canary's Deployment.
type DeleteCanary struct {
	Guard
	ReplicasFrom int `json:"replicasFrom,omitempty"`
	// Routes are the other routes to the canary that it was decided with: one that came
	// since refuses to take the canary's pods away.
	Routes []string `json:"routes,omitempty"`
}

// Kind is OpApplyCanary.
func (ApplyCanary) Kind() OpKind { return OpApplyCanary }

// Kind is OpDeleteCanary.
func (DeleteCanary) Kind() OpKind { return OpDeleteCanary }

// Subject is the canary.
func (ApplyCanary) Subject() Subject { return OnCanary }

// Subject is the canary.
func (DeleteCanary) Subject() Subject { return OnCanary }

// Describe names the version and the pods.
func (o ApplyCanary) Describe() string {
	return fmt.Sprintf("apply canary %s: %s on %s", strings.TrimPrefix(o.Object, "deployment/"), o.Version, Count(o.Replicas, "pod"))
}

// Describe names the Deployment.
func (o DeleteCanary) Describe() string { return "delete " + o.Object }

// Look looks for the image and the pods.
func (o ApplyCanary) Look(v View, cause string) Look {
	w := v.Canary
	done := w.Found && w.got(append([]string{o.Container}, o.Also...), o.Image, cause) && w.Desired == o.Replicas && (o.UID == "" || w.UID == o.UID)
	undone := o.holds(w)
	if o.UID == "" {
		undone = !w.Found
	}
	l := o.look(w, o.Container, done, undone)
	if l.Is == Differs && o.UID == "" {
		l.Text = fmt.Sprintf("%s exists, it runs %s", o.Object, w.Version(o.Container))
	}
	return l
}

// Look looks for the Deployment.
func (o DeleteCanary) Look(v View, _ string) Look {
	w := v.Canary
	return o.look(w, "", !w.Found || w.UID != o.UID, o.holds(w))
}

func (o ApplyCanary) decided(plan Plan, v View) Operation {
	o.Guard = guardOf(plan.Canary.Deployment, plan.Container, v.Canary)
	if v.Canary.Found {
		o.ReplicasFrom = v.Canary.Desired
	}
	return o
}

func (o DeleteCanary) decided(plan Plan, v View) Operation {
	o.Guard, o.Routes = guardOf(plan.Canary.Deployment, plan.Container, v.Canary), slices.Clone(v.Split.Routes)
	if v.Canary.Found {
		o.ReplicasFrom = v.Canary.Desired
	}
	return o
}
