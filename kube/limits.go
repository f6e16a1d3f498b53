package kube

import (
	corev1 "k8s.io/api/core/v1"

	"datahub.io/slipway/release"
)

// limited gives the containers the limits that they run with. They are those of the pods,
// which a LimitRange, an autoscaler or another policy may have given them; those of the
// template while no pod tells. Of several pods the lowest counts, of the newest revision
// where it has pods.
func limited(cs []release.Container, template *corev1.PodSpec, pods []judged, revision int64) {
	for i := range cs {
		c := &cs[i]
		c.CPU, c.Memory = limitOf(template, c.Name, corev1.ResourceCPU), limitOf(template, c.Name, corev1.ResourceMemory)
		for name, into := range map[corev1.ResourceName]*float64{corev1.ResourceCPU: &c.CPU, corev1.ResourceMemory: &c.Memory} {
			current, any := lowest(pods, func(j judged) bool { return j.revision == revision }, c.Name, name)
			if !any {
				current, _ = lowest(pods, func(judged) bool { return true }, c.Name, name)
			}
			if current > 0 {
				*into = current
			}
		}
	}
}

// lowest is the lowest limit of a container in the pods that count, 0 where one of them has
// none, and whether there was a pod.
func lowest(pods []judged, counts func(judged) bool, container string, name corev1.ResourceName) (limit float64, any bool) {
	for _, j := range pods {
		if !counts(j) || ended(j.pod) || j.pod.DeletionTimestamp != nil {
			continue
		}
		if one := limitOf(&j.pod.Spec, container, name); !any || one < limit {
			limit = one
		}
		any = true
	}
	return limit, any
}

// limitOf is a container's limit: its own, or that of the whole pod, which it shares.
func limitOf(spec *corev1.PodSpec, container string, name corev1.ResourceName) float64 {
	for _, c := range lasting(spec) {
		if q, ok := c.Resources.Limits[name]; ok && c.Name == container {
			return q.AsApproximateFloat64()
		}
	}
	if spec.Resources != nil {
		if q, ok := spec.Resources.Limits[name]; ok {
			return q.AsApproximateFloat64()
		}
	}
	return 0
}
