package kube

import (
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"datahub.io/slipway/release"
)

// Usage is held against the limits that the pods run with, wherever they got them.
func TestLimits(t *testing.T) {
	spec := func(container, whole string) corev1.PodSpec {
		limits := func(cpu string) corev1.ResourceList {
			if cpu == "" {
				return nil
			}
			return corev1.ResourceList{corev1.ResourceCPU: resource.MustParse(cpu)}
		}
		s := corev1.PodSpec{Containers: []corev1.Container{
			{Name: "proxy", Resources: corev1.ResourceRequirements{Limits: limits("100m")}},
			{Name: "gateway", Resources: corev1.ResourceRequirements{Limits: limits(container)}},
		}}
		if whole != "" {
			s.Resources = &corev1.ResourceRequirements{Limits: limits(whole)}
		}
		return s
	}
	pod := func(revision int64, container, whole string) judged {
		p, _ := keepPod(&corev1.Pod{
			ObjectMeta: metav1.ObjectMeta{OwnerReferences: []metav1.OwnerReference{{Kind: "ReplicaSet", Controller: new(true)}}},
			Spec:       spec(container, whole),
		})
		return judged{pod: p, revision: revision}
	}
	going := pod(2, "500m", "")
	going.pod.DeletionTimestamp = &metav1.Time{Time: time.Unix(1, 0)}
	evicted := pod(2, "500m", "")
	evicted.pod.Status.Phase = corev1.PodFailed
	for name, c := range map[string]struct {
		template corev1.PodSpec
		pods     []judged
		want     float64
	}{
		"none anywhere":                  {spec("", ""), []judged{pod(2, "", "")}, 0},
		"of the template, without pods":  {spec("2", ""), nil, 2},
		"of the whole pod in it":         {spec("", "4"), nil, 4},
		"its own before the pod's":       {spec("2", "4"), nil, 2},
		"of a LimitRange":                {spec("", ""), []judged{pod(2, "500m", "")}, 0.5},
		"of the whole pod":               {spec("", ""), []judged{pod(2, "", "3")}, 3},
		"of an autoscaler":               {spec("2", ""), []judged{pod(2, "6", "")}, 6},
		"the lowest":                     {spec("", ""), []judged{pod(2, "3", ""), pod(2, "1", "")}, 1},
		"one pod without":                {spec("", ""), []judged{pod(2, "3", ""), pod(2, "", "")}, 0},
		"not of the revision before":     {spec("", ""), []judged{pod(2, "3", ""), pod(1, "1", "")}, 3},
		"of it, while it alone has pods": {spec("", ""), []judged{pod(1, "1", "")}, 1},
		"not of pods that are going":     {spec("", ""), []judged{going, evicted, pod(2, "3", "")}, 3},
	} {
		cs := []release.Container{{Name: "proxy"}, {Name: "gateway"}}
		limited(cs, &c.template, c.pods, 2)
		if cs[1].CPU != c.want || cs[1].Memory != 0 {
			t.Errorf("%s: cpu %v, memory %v, want %v", name, cs[1].CPU, cs[1].Memory, c.want)
		}
		if cs[0].CPU != 0.1 {
			t.Errorf("%s: the other container has %v", name, cs[0].CPU)
		}
	}
}
