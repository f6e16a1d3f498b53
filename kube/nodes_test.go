package kube

import (
	"fmt"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"datahub.io/slipway/release"
)

// What a node does to a pod is no failure of what the pod runs; what the pod does to
// itself is.
func TestPodsEndedByTheirNode(t *testing.T) {
	disrupted := func(reason string) []corev1.PodCondition {
		return []corev1.PodCondition{{Type: corev1.DisruptionTarget, Status: corev1.ConditionTrue, Reason: reason, Message: "moved on"}}
	}
	for _, test := range []struct {
		reason, message string
		conditions      []corev1.PodCondition
		says            string // the cause of a replaced pod; empty: the version's own failure
	}{
		{reason: "Evicted", message: "The node was low on resource: ephemeral-storage.", says: "1 pod evicted from node-3, replaced: The node was low"},
		{reason: "NodeShutdown", says: "1 pod NodeShutdown on node-3, replaced"},
		{reason: "Terminated", message: "Pod was terminated in response to imminent node shutdown.", says: "1 pod Terminated on node-3, replaced"},
		{reason: "Preempting", says: "1 pod Preempting on node-3, replaced"},
		{reason: "NodeLost", says: "1 pod NodeLost on node-3, replaced"},
		{reason: "NodeAffinity", says: "1 pod NodeAffinity on node-3, replaced"},
		{reason: "OutOfcpu", says: "1 pod OutOfcpu on node-3, replaced"},
		{reason: "OutOfpods", says: "1 pod OutOfpods on node-3, replaced"},
		{reason: "OutOfnvidia.com/gpu", says: "1 pod OutOfnvidia.com/gpu on node-3, replaced"},
		{reason: "UnexpectedAdmissionError", says: "1 pod UnexpectedAdmissionError on node-3, replaced"},
		{conditions: disrupted("DeletionByTaintManager"), says: "1 pod DeletionByTaintManager on node-3, replaced: moved on"},
		{reason: "Evicted", conditions: disrupted("TerminationByKubelet"), says: "1 pod evicted from node-3, replaced"},
		{reason: "Evicted", message: "Pod ephemeral local storage usage exceeds the total limit of containers 1Gi."},
		{reason: "Evicted", message: "Container gateway exceeded its local ephemeral storage limit \"1Gi\"."},
		{reason: "Evicted", message: "Usage of EmptyDir volume \"tmp\" exceeds the limit \"1Gi\"."},
		{reason: "DeadlineExceeded"},
		{},
	} {
		name := test.reason + "/" + test.message
		w := endedPod(corev1.PodStatus{Phase: corev1.PodFailed, Reason: test.reason, Message: test.message, Conditions: test.conditions}, 1)
		if test.says == "" {
			if w.Failures() == "" || w.Pods[0].State != release.PodFailing {
				t.Errorf("%s: what the pod did to itself is not told: %+v", name, w.Causes)
			}
			continue
		}
		if w.Failures() != "" || w.StallingOf("v2.5.0", w.At) != "" || len(w.Causes) != 1 {
			t.Fatalf("%s: counts against the version: %+v", name, w.Causes)
		}
		if got := w.Causes[0].String(); !strings.HasPrefix(got, test.says) || !w.Causes[0].Over {
			t.Errorf("%s: told as %q, want %q", name, got, test.says)
		}
		missing := endedPod(corev1.PodStatus{Phase: corev1.PodFailed, Reason: test.reason, Message: test.message, Conditions: test.conditions}, 2)
		if missing.Failures() != "" || missing.StallingOf("v2.5.0", missing.At) == "" {
			t.Errorf("%s: a pod that is not replaced yet is missing, and nothing more: %+v", name, missing.Causes)
		}
	}
}

// endedPod is a Deployment of so many replicas with one pod that serves and one that
// ended a minute ago.
func endedPod(status corev1.PodStatus, replicas int32) release.Workload {
	ready := corev1.PodStatus{Phase: corev1.PodRunning, Conditions: []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue}}}
	return podsOf([]corev1.PodStatus{status, ready}, replicas, 0, time.Date(2026, 11, 23, 6, 40, 40, 0, time.UTC))
}

// podOf is a Deployment with one pod that is ready.
func podOf(p *corev1.Pod, skew time.Duration, now time.Time) release.Workload {
	p.Status.Conditions = append(p.Status.Conditions, corev1.PodCondition{Type: corev1.PodReady, Status: corev1.ConditionTrue})
	return podsOf([]corev1.PodStatus{p.Status}, 1, skew, now)
}

// podsOf is a Deployment with pods that were created a minute ago.
func podsOf(statuses []corev1.PodStatus, replicas int32, skew time.Duration, now time.Time) release.Workload {
	born := metav1.NewTime(now.Add(-time.Minute - skew))
	spec := corev1.PodSpec{NodeName: "node-3.eu-west-1.compute.internal", Containers: []corev1.Container{{Name: "gateway", Image: "datahub-gateway:v2.5.0"}}}
	yes := true
	d := &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Name: "datahub-gateway", UID: "d"}}
	d.Spec.Replicas, d.Spec.Template.Spec = &replicas, spec
	rs := &appsv1.ReplicaSet{ObjectMeta: metav1.ObjectMeta{
		Name: "datahub-gateway-1", UID: "rs", Annotations: map[string]string{revisionAnnotation: "1"},
		OwnerReferences: []metav1.OwnerReference{{UID: "d", Controller: &yes}},
	}}
	rs.Spec.Replicas, rs.Spec.Template.Spec = &replicas, spec
	pod := func(name string, status corev1.PodStatus) *corev1.Pod {
		return &corev1.Pod{ObjectMeta: metav1.ObjectMeta{
			Name: name, CreationTimestamp: born, OwnerReferences: []metav1.OwnerReference{{Kind: "ReplicaSet", UID: "rs", Controller: &yes}},
		}, Spec: spec, Status: status}
	}
	var pods []*corev1.Pod
	for i, status := range statuses {
		pods = append(pods, pod(fmt.Sprintf("datahub-gateway-1-%05d", i), status))
	}
	return buildWorkload(objects{
		Name: "datahub-gateway", Container: "gateway", Deployment: d, ReplicaSets: []*appsv1.ReplicaSet{rs}, Pods: pods, Skew: skew,
	}, now)
}
