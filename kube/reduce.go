package kube

import (
	"cmp"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// keepDeployment keeps all of the one Deployment: its field managers are told.
func keepDeployment(d *appsv1.Deployment) (*appsv1.Deployment, bool) { return d, true }

// keepReplicaSet keeps the ReplicaSets that uid controls, whole but for their
// field managers: undo puts their template back.
func keepReplicaSet(uid types.UID) func(*appsv1.ReplicaSet) (*appsv1.ReplicaSet, bool) {
	return func(rs *appsv1.ReplicaSet) (*appsv1.ReplicaSet, bool) {
		owner := metav1.GetControllerOf(rs)
		if owner == nil || owner.UID != uid {
			return nil, false
		}
		rs.ManagedFields = nil
		return rs, true
	}
}

// keepPod keeps what judging a pod needs: a few hundred bytes of several KiB.
func keepPod(p *corev1.Pod) (*corev1.Pod, bool) {
	owner := metav1.GetControllerOf(p)
	if owner == nil || owner.Kind != "ReplicaSet" {
		return nil, false
	}
	small := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Name: p.Name, Namespace: p.Namespace, UID: p.UID, ResourceVersion: p.ResourceVersion,
			CreationTimestamp: p.CreationTimestamp, DeletionTimestamp: p.DeletionTimestamp,
			OwnerReferences: []metav1.OwnerReference{*owner},
		},
		Spec: corev1.PodSpec{NodeName: p.Spec.NodeName},
		Status: corev1.PodStatus{
			Phase: p.Status.Phase, Reason: p.Status.Reason, Message: p.Status.Message,
			Conditions: p.Status.Conditions, ContainerStatuses: p.Status.ContainerStatuses,
			InitContainerStatuses: p.Status.InitContainerStatuses,
		},
	}
	if p.Spec.Resources != nil {
		small.Spec.Resources = &corev1.ResourceRequirements{Limits: p.Spec.Resources.Limits}
	}
	small.Spec.Containers = keepContainers(p.Spec.Containers)
	small.Spec.InitContainers = keepContainers(p.Spec.InitContainers)
	return small, true
}

func keepContainers(all []corev1.Container) []corev1.Container {
	var out []corev1.Container
	for _, c := range all {
		out = append(out, corev1.Container{
			Name: c.Name, Image: c.Image, Ports: c.Ports, ReadinessProbe: c.ReadinessProbe, RestartPolicy: c.RestartPolicy,
			Resources: corev1.ResourceRequirements{Limits: c.Resources.Limits},
		})
	}
	return out
}

// eventsKept bounds the events in memory; a rollout of many pods has more than
// anyone reads.
const eventsKept = 500

// sieveLength is how much of a Deployment's name an object's name must begin
// with. Generated names cut a longer one off.
const sieveLength = 40

// keepEvent keeps the events of objects that may be the Deployment's own,
// judged by the name alone. It is a sieve that bounds memory, not a test of
// ownership: that is made by UID when the workload is built.
func keepEvent(deployment string) func(*corev1.Event) (*corev1.Event, bool) {
	prefix := deployment[:min(len(deployment), sieveLength)]
	return func(e *corev1.Event) (*corev1.Event, bool) {
		switch e.InvolvedObject.Kind {
		case "Pod", "ReplicaSet", "Deployment":
		default:
			return nil, false
		}
		if !strings.HasPrefix(e.InvolvedObject.Name, prefix) {
			return nil, false
		}
		return &corev1.Event{
			ObjectMeta: metav1.ObjectMeta{Name: e.Name, Namespace: e.Namespace, UID: e.UID, CreationTimestamp: e.CreationTimestamp},
			InvolvedObject: corev1.ObjectReference{
				Kind: e.InvolvedObject.Kind, Name: e.InvolvedObject.Name, UID: e.InvolvedObject.UID,
			},
			Reason: e.Reason, Message: e.Message, Count: e.Count, Series: e.Series, Type: e.Type,
			FirstTimestamp: e.FirstTimestamp, LastTimestamp: e.LastTimestamp, EventTime: e.EventTime,
		}, true
	}
}

// trimEvents forgets the oldest events once there are twice as many as are kept.
func trimEvents(items map[types.UID]*corev1.Event) {
	if len(items) <= 2*eventsKept {
		return
	}
	all := make([]*corev1.Event, 0, len(items))
	for _, e := range items {
		all = append(all, e)
	}
	slices.SortFunc(all, func(a, b *corev1.Event) int {
		return cmp.Or(eventTime(b).Compare(eventTime(a)), cmp.Compare(a.UID, b.UID))
	})
	for _, e := range all[eventsKept:] {
		delete(items, e.UID)
	}
}
