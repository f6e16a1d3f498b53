package kube

import (
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
)

// A change-cause of slipway's is credited to the pods that it is of, pinned by
// admission or not, and to none that Kubernetes copied it to.
func TestCauseIsOfItsTemplate(t *testing.T) {
	pods := func(image string, more ...func(*corev1.PodSpec)) *corev1.PodTemplateSpec {
		p := template()
		p.Spec.Containers = []corev1.Container{{Name: "gateway", Image: image}, {Name: "proxy", Image: "envoy:v1"}}
		for _, change := range more {
			change(&p.Spec)
		}
		return p
	}
	const cause = "set image gateway v2.5.0 by eng-a, slipway"
	d := &appsv1.Deployment{}
	annotations := setCause(d, cause, pods("x/gw:v2.5.0"), "gateway")[0].Value.(map[string]string)
	for name, c := range map[string]struct {
		pods        *corev1.PodTemplateSpec
		annotations map[string]string
		want        string
	}{
		"its own":             {pods("x/gw:v2.5.0"), annotations, cause},
		"with a digest":       {pods("x/gw:v2.5.0@sha256:0123"), annotations, cause},
		"digest for the tag":  {pods("mirror.corp/x/gw@sha256:0123"), annotations, cause},
		"another version":     {pods("x/gw:v2.6.0"), annotations, ""},
		"another variable":    {pods("x/gw:v2.5.0", func(s *corev1.PodSpec) { s.Containers[0].Env = []corev1.EnvVar{{Name: "A", Value: "b"}} }), annotations, ""},
		"another sidecar":     {pods("x/gw:v2.5.0", func(s *corev1.PodSpec) { s.Containers[1].Image = "envoy:v2" }), annotations, ""},
		"somebody else's own": {pods("x/gw:v2.6.0"), map[string]string{changeCauseAnnotation: "hotfix", changeAnnotation: annotations[changeAnnotation]}, "hotfix"},
		"from before":         {pods("x/gw:v2.6.0"), map[string]string{changeCauseAnnotation: cause}, cause},
		"damaged":             {pods("x/gw:v2.6.0"), map[string]string{changeCauseAnnotation: cause, changeAnnotation: "x"}, cause},
		"none":                {pods("x/gw:v2.6.0"), nil, ""},
	} {
		if got := causeOf(c.annotations, c.pods, "gateway"); got != c.want {
			t.Errorf("%s: %q", name, got)
		}
	}
}
