package kube

import (
	"context"
	"maps"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/intstr"

	"datahub.io/slipway/release"
	"datahub.io/slipway/untrusted"
)

const (
	managedByLabel = "app.kubernetes.io/managed-by"
	managedBy      = "slipway"
	// trackLabel tells the canary's pods from stable's where no Service does.
	trackLabel = "slipway.datahub.io/track"
	trackValue = "canary"
)

// owners are the beginnings of the labels and annotations by which a Deployment
// belongs to somebody: whoever owns stable must not take the canary for its own,
// and Argo CD prunes what has its label and is not in git. What the controller and
// kubectl note of one Deployment is not true of another either.
var owners = []string{
	"argocd.argoproj.io/", "app.kubernetes.io/instance", // Argo CD, by label
	"kustomize.toolkit.fluxcd.io/", "helm.toolkit.fluxcd.io/", "meta.helm.sh/",
	managedByLabel, corev1.LastAppliedConfigAnnotation, revisionAnnotation, changeCauseAnnotation, changeAnnotation,
	"deployment.kubernetes.io/",
}

// blueprint is the canary's Deployment without image, replicas and cause: the
// manifest's, or derived from stable.
func (c *Client) blueprint(ctx context.Context, stable *appsv1.Deployment) (*appsv1.Deployment, error) {
	if m := c.manifest; m != nil {
		d := &appsv1.Deployment{
			ObjectMeta: metav1.ObjectMeta{Name: m.Name, Namespace: c.namespace, Labels: maps.Clone(m.Labels), Annotations: maps.Clone(m.Annotations)},
			Spec:       *m.Spec.DeepCopy(),
		}
		if stable != nil && selects(d.Spec.Selector, stable.Spec.Template.Labels) {
			return nil, found("the canary would select stable's pods: selector %s of its manifest takes those of deployment %s too; the canary's need a label of their own",
				metav1.FormatLabelSelector(d.Spec.Selector), stable.Name)
		}
		return d, nil
	}
	if stable == nil {
		return nil, found("deployment %s does not exist: the canary is derived from it; create it, or name a manifest in canary.manifest", c.deployment)
	}
	own, err := c.ownLabels(ctx)
	if err != nil {
		return nil, err
	}
	return derive(stable, c.canary.Deployment, own, c.canary.Traffic.Kind != "")
}

// derive makes the canary's Deployment of stable's: the same pods, told apart by
// their own labels. Where a Service or a subset sends traffic (routed), stable's
// selector must not select them.
func derive(stable *appsv1.Deployment, name string, own map[string]string, routed bool) (*appsv1.Deployment, error) {
	d := &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{
			Name: name, Namespace: stable.Namespace,
			Labels: withoutOwners(stable.Labels), Annotations: withoutOwners(stable.Annotations),
		},
		Spec: *stable.Spec.DeepCopy(),
	}
	d.Labels = overlaid(d.Labels, own)
	d.Spec.Template = *withoutHash(&stable.Spec.Template)
	d.Spec.Template.Labels = overlaid(d.Spec.Template.Labels, own)
	var selected map[string]string
	if stable.Spec.Selector != nil {
		selected = stable.Spec.Selector.MatchLabels
	}
	d.Spec.Selector = &metav1.LabelSelector{MatchLabels: overlaid(selected, own)}
	d.Spec.Paused = false
	// Stable may do without one of its many pods; the canary's one pod may be all it has.
	if r := d.Spec.Strategy.RollingUpdate; r != nil {
		none, one := intstr.FromInt32(0), intstr.FromInt32(1)
		if r.MaxUnavailable = &none; r.MaxSurge != nil && (*r.MaxSurge == none || r.MaxSurge.StrVal == "0%") {
			r.MaxSurge = &one
		}
	}
	if selects(d.Spec.Selector, stable.Spec.Template.Labels) {
		return nil, found("the canary would select stable's pods: %s is on the pods of deployment %s too; the canary's need a label of their own",
			labels.Set(own), stable.Name)
	}
	if routed && selects(stable.Spec.Selector, d.Spec.Template.Labels) {
		return nil, found("the canary would be selected by stable: deployment %s selects %s; it needs a label there that the canary's pods do not have",
			stable.Name, metav1.FormatLabelSelector(stable.Spec.Selector))
	}
	return d, nil
}

// dress gives a blueprint the image, the replicas and the cause of the change; ok is
// false where it has no such container.
func dress(d *appsv1.Deployment, do release.ApplyCanary, container, cause string) (ok bool) {
	replicas := int32(max(0, min(do.Replicas, 1<<30)))
	d.Spec.Replicas, d.Spec.Paused = &replicas, false
	if cause != "" {
		d.Annotations = overlaid(d.Annotations, map[string]string{changeCauseAnnotation: cause})
	}
	if d.Labels[managedByLabel] == "" {
		d.Labels = overlaid(d.Labels, map[string]string{managedByLabel: managedBy})
	}
	for _, name := range append([]string{container}, do.Also...) {
		if !put(&d.Spec.Template.Spec, name, do.Image) {
			return false
		}
	}
	return true
}

// put gives one container or init container an image; ok is false where there is none of
// that name.
func put(spec *corev1.PodSpec, name, image string) (ok bool) {
	for _, list := range [][]corev1.Container{spec.Containers, spec.InitContainers} {
		for i := range list {
			if list[i].Name == name {
				list[i].Image, ok = image, true
			}
		}
	}
	return ok
}

// ownLabels are the labels that tell the canary's pods from stable's: those that
// its Service or its subset asks for.
func (c *Client) ownLabels(ctx context.Context) (map[string]string, error) {
	t := c.canary.Traffic
	switch {
	case t.Kind == "":
		return map[string]string{trackLabel: trackValue}, nil
	case t.bySubset():
		s, err := c.subsets(ctx)
		if err != nil {
			return nil, err
		}
		return s.canary, nil
	}
	name, ok := serviceOf(t.Canary, c.namespace)
	if !ok {
		return nil, found("host %s is not a Service of namespace %s, so the canary's labels are not known: name a manifest in canary.manifest", t.Canary, c.namespace)
	}
	selector, err := c.selectorOf(ctx, name)
	if err != nil {
		return nil, err
	}
	if len(selector) == 0 {
		return nil, found("service/%s has no selector, so the canary's labels are not known: give it one, or name a manifest in canary.manifest", name)
	}
	return selector, nil
}

func withoutOwners(m map[string]string) map[string]string {
	out := map[string]string{}
	for key, value := range m {
		owned := false
		for _, o := range owners {
			owned = owned || strings.HasPrefix(key, o)
		}
		if !owned {
			out[key] = value
		}
	}
	return out
}

// overlaid is a copy of base with the values of over.
func overlaid(base, over map[string]string) map[string]string {
	out := make(map[string]string, len(base)+len(over))
	maps.Copy(out, base)
	maps.Copy(out, over)
	return out
}

// selects tells whether a selector of a Deployment selects pods with these labels.
// One that cannot be read, or is empty, selects none.
func selects(selector *metav1.LabelSelector, pod map[string]string) bool {
	s, err := metav1.LabelSelectorAsSelector(selector)
	return err == nil && !s.Empty() && s.Matches(labels.Set(pod))
}

// shown writes labels as kubectl does.
func shown(m map[string]string) string { return untrusted.Line(labels.Set(m).String(), textBound) }
