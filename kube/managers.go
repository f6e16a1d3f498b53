package kube

import (
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"datahub.io/slipway/untrusted"
)

// marks are the labels and annotations that controllers leave on what they
// own, in the order in which they are reported. Sources: Argo CD "resource
// tracking", Flux kustomize- and helm-controller, kubectl apply.
var marks = []struct{ who, kind, key string }{
	{"Argo CD", "annotation", "argocd.argoproj.io/tracking-id"},
	{"Argo CD", "label", "argocd.argoproj.io/instance"},
	{"Flux", "label", "kustomize.toolkit.fluxcd.io/name"},
	{"Flux", "label", "helm.toolkit.fluxcd.io/name"},
	{"kubectl apply", "annotation", corev1.LastAppliedConfigAnnotation},
}

// writers are those that write back what they were told, by the name
// under which they write.
var writers = map[string]string{
	"argocd-controller":             "Argo CD",
	"argocd-application-controller": "Argo CD",
	"kustomize-controller":          "Flux",
	"helm-controller":               "Flux",
}

// managers says who else would fight a change of the Deployment, and by what
// that is known: "Argo CD (label argocd.argoproj.io/instance)". One line for
// each of them.
func managers(d *appsv1.Deployment) []string {
	var out []string
	known := map[string]bool{}
	add := func(who, by string) {
		if !known[who] {
			known[who] = true
			out = append(out, untrusted.Line(who+" ("+by+")", textBound))
		}
	}
	for _, m := range marks {
		at := d.Labels
		if m.kind == "annotation" {
			at = d.Annotations
		}
		if _, ok := at[m.key]; !ok {
			continue
		}
		by := m.kind + " " + m.key
		if m.key == corev1.LastAppliedConfigAnnotation {
			by = "last-applied-configuration"
		}
		add(m.who, by)
	}
	for _, f := range d.ManagedFields {
		if who, ok := writers[f.Manager]; ok {
			add(who, "field manager "+f.Manager)
		}
		// The autoscaler itself may not be ours to read, but what it wrote is.
		if f.Manager == "kube-controller-manager" && f.Subresource == "scale" {
			add("HorizontalPodAutoscaler", "the controller manager writes spec.replicas")
		}
	}
	return slices.Clip(out)
}
