package release

import (
	"fmt"
	"slices"
	"strings"
)

// foreignImage says that the released container runs an image of another repository than
// the one that is released, and which containers run that one; or "". A deploy would put
// the service's image where it does not belong.
func foreignImage(plan Plan, w Workload) string {
	for _, name := range plan.released() {
		image := w.Image(name)
		if image == "" || SameRepository(plan.Image, ParseImage(image).Repository) {
			continue
		}
		text := fmt.Sprintf("container %s runs %s, not %s", name, ParseImage(image).Repository, plan.Image)
		var own []string
		for _, c := range w.everyContainer() {
			if SameRepository(plan.Image, ParseImage(c.Image).Repository) {
				own = append(own, c.Name)
			}
		}
		if len(own) > 0 {
			text += "; it is in " + strings.Join(own, ", ")
		}
		return text
	}
	return ""
}

// mirrored says that the released container runs the image of a mirror, whose place the
// configured repository takes; or "".
func mirrored(plan Plan, w Workload) string {
	runs := ParseImage(w.Image(plan.Container)).Repository
	if runs == "" || fullName(runs) == fullName(plan.Image) || !SameRepository(plan.Image, runs) {
		return ""
	}
	return fmt.Sprintf("container %s runs %s, a mirror's name; it gets %s", plan.Container, runs, plan.Image)
}

// LeftBehind says which other containers run the released image and stay at their version,
// or "".
func LeftBehind(plan Plan, w Workload) string {
	var left []string
	for _, c := range w.everyContainer() {
		ref := ParseImage(c.Image)
		if slices.Contains(plan.released(), c.Name) || !SameRepository(plan.Image, ref.Repository) {
			continue
		}
		left = append(left, fmt.Sprintf("%s %s (%s)", c.kind(), c.Name, Version(c.Image)))
	}
	switch len(left) {
	case 0:
		return ""
	case 1:
		return left[0] + " uses the same repository and stays as it is; deployment.containers sets it too"
	}
	return strings.Join(left, ", ") + " use the same repository and stay as they are; deployment.containers sets them too"
}

// together says which containers get the version beside the released one, or "".
func together(plan Plan, w Workload) string {
	var set []string
	for _, c := range w.everyContainer() {
		if c.Name != plan.Container && slices.Contains(plan.Containers, c.Name) {
			set = append(set, c.kind()+" "+c.Name)
		}
	}
	return strings.Join(set, ", ")
}

// released names the containers that get the version, the one that is judged first.
func (p Plan) released() []string {
	names := []string{p.Container}
	for _, name := range p.Containers {
		if name != p.Container {
			names = append(names, name)
		}
	}
	return names
}

// also names the containers that get the version beside the released one.
func (p Plan) also() []string { return p.released()[1:] }

func (w Workload) everyContainer() []Container { return slices.Concat(w.Init, w.Containers) }

func (c Container) kind() string {
	switch {
	case c.Sidecar:
		return "sidecar"
	case c.Init:
		return "init container"
	}
	return "container"
}

// CheckContainers says what is wrong with the containers that are configured, and what is
// worth knowing, or "".
func CheckContainers(plan Plan, w Workload) (wrong, note string) {
	if wrong = missingContainer(plan, w); wrong == "" {
		wrong = foreignImage(plan, w)
	}
	return wrong, LeftBehind(plan, w)
}

// missingContainer names a configured container that is not there, or "".
func missingContainer(plan Plan, w Workload) string {
	for _, name := range plan.released() {
		if w.Found && w.Image(name) == "" {
			return fmt.Sprintf("deployment/%s has no container %q; it has %s", plan.Deployment, name, containerList(w))
		}
	}
	return ""
}

// containerFacts is what a deploy does to the containers of a pod, for its confirmation.
func containerFacts(plan Plan, w Workload) []Fact {
	var facts []Fact
	add := func(mark Mark, text string) {
		if text != "" {
			facts = append(facts, Fact{"container", mark, text})
		}
	}
	if why := foreignImage(plan, w); why != "" {
		add(MarkFail, why+": it gets that image all the same")
	}
	add(MarkNone, mirrored(plan, w))
	if set := together(plan, w); set != "" {
		add(MarkPass, "the version goes to "+set+" as well")
	}
	add(MarkAttention, LeftBehind(plan, w))
	return facts
}
