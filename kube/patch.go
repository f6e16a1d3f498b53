package kube

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"datahub.io/slipway/release"
	"datahub.io/slipway/untrusted"
)

// op is one operation of a JSON patch (RFC 6902).
type op struct {
	Op    string `json:"op"`
	Path  string `json:"path"`
	Value any    `json:"value,omitzero"`
}

// guardedPatch is a patch that holds only of that version.
func guardedPatch(version string, ops []op) ([]byte, release.Outcome) {
	patch, err := json.Marshal(slices.Concat([]op{{Op: "test", Path: "/metadata/resourceVersion", Value: version}}, ops))
	if err != nil {
		return nil, denied("make the patch: %s", err)
	}
	return patch, release.Outcome{}
}

// setImage sets the image of the released container, and of those that are released with
// it, in one patch. All other containers are left alone.
func setImage(d *appsv1.Deployment, do release.SetImage, cause string) ([]op, release.Outcome) {
	if do.Image == "" {
		return nil, denied("no image is named for container %q", do.Container)
	}
	names := append([]string{do.Container}, do.Also...)
	var ops []op
	for _, name := range names {
		at, image, ok := containerAt(&d.Spec.Template.Spec, name)
		switch {
		case !ok:
			return nil, denied("deployment %s has no container %q; it has %s", d.Name, name, strings.Join(containerNames(d), ", "))
		case image != do.Image:
			ops = append(ops, op{Op: "test", Path: at + "/name", Value: name}, op{Op: "replace", Path: at + "/image", Value: do.Image})
		}
	}
	switch {
	case len(ops) == 0 && len(names) == 1:
		return nil, skipped("image unchanged: container %s already has %s", do.Container, do.Image)
	case len(ops) == 0:
		return nil, skipped("image unchanged: containers %s already have %s", strings.Join(names, ", "), do.Image)
	}
	if do.Unpause && d.Spec.Paused {
		ops = append(ops, pausing(false)...)
	}
	after := d.Spec.Template.DeepCopy()
	for _, name := range names {
		put(&after.Spec, name, do.Image)
	}
	return append(ops, setCause(d, cause, after, do.Container)...), release.Outcome{}
}

// containerAt finds a container or an init container: their names differ.
func containerAt(spec *corev1.PodSpec, name string) (path, image string, ok bool) {
	for kind, list := range map[string][]corev1.Container{"containers": spec.Containers, "initContainers": spec.InitContainers} {
		if i := slices.IndexFunc(list, func(c corev1.Container) bool { return c.Name == name }); i >= 0 {
			return fmt.Sprintf("/spec/template/spec/%s/%d", kind, i), list[i].Image, true
		}
	}
	return "", "", false
}

// setPaused pauses or resumes, in kubectl's words where there is nothing to do.
func setPaused(d *appsv1.Deployment, pause bool, cause string) ([]op, release.Outcome) {
	switch {
	case pause && d.Spec.Paused:
		return nil, skipped("deployment %q is already paused", d.Name)
	case !pause && !d.Spec.Paused:
		return nil, skipped("deployment %q is not paused", d.Name)
	}
	return append(pausing(pause), setCause(d, cause, &d.Spec.Template, "")...), release.Outcome{}
}

func pausing(pause bool) []op {
	return []op{{Op: "add", Path: "/spec/paused", Value: pause}} // add also replaces
}

func containerNames(d *appsv1.Deployment) []string {
	var names []string
	for _, c := range slices.Concat(d.Spec.Template.Spec.Containers, d.Spec.Template.Spec.InitContainers) {
		names = append(names, untrusted.Line(c.Name, nameBound))
	}
	return names
}
