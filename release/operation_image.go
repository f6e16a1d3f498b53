package release

import "fmt"

// SetImage gives containers of the Deployment an image.
type SetImage struct {
	Guard
	Container string   `json:"container,omitempty"`
	Also      []string `json:"also,omitempty"`    // containers and init containers that get it too
	Version   string   `json:"version,omitempty"` // the version that it leads to
	Image     string   `json:"image,omitempty"`
	Unpause   bool     `json:"unpause,omitempty"` // resume in the same patch
}

// Kind is OpSetImage.
func (SetImage) Kind() OpKind { return OpSetImage }

// Subject is stable.
func (SetImage) Subject() Subject { return OnStable }

// Describe names the versions.
func (o SetImage) Describe() string {
	if o.From != "" && o.From != o.Version {
		return fmt.Sprintf("set image %s %s → %s", o.Container, o.From, o.Version)
	}
	return fmt.Sprintf("set image %s %s", o.Container, o.Version)
}

// Look looks for the image.
func (o SetImage) Look(v View, cause string) Look {
	w := v.Workload
	done := w.UID == o.UID && w.got(o.containers(), o.Image, cause) && (!o.Unpause || !w.Paused)
	return o.look(w, o.Container, done, o.holds(w))
}

func (o SetImage) containers() []string { return append([]string{o.Container}, o.Also...) }

func (o SetImage) decided(plan Plan, v View) Operation {
	o.Guard = guardOf(plan.Deployment, plan.Container, v.Workload)
	return o
}
