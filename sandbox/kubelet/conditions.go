package kubelet

import (
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
)

// Conditions for readiness gates.
const (
	// TargetGate is set some seconds after the containers are ready, as a load balancer's controller does when its target is healthy.
	TargetGate = "sandbox.datahub.io/target-healthy"
	// StuckGate is never set: the target never becomes healthy.
	StuckGate = "sandbox.datahub.io/target-stuck"
)

// phase derives the pod's phase from its containers, in the order in which the kubelet does.
func (v *view) phase() {
	if over(v.pod) {
		return
	}
	var waiting, beside, failed, succeeded, all int
	for _, c := range v.containers() {
		s := c.status
		switch {
		case c.role != regular:
			if !c.done() {
				waiting++
			}
			if c.role == sidecar && s.State.Running != nil {
				beside++
			}
			continue
		case s.State.Waiting != nil && s.LastTerminationState.Terminated == nil:
			waiting++
		case s.State.Terminated != nil && !c.again(*s.State.Terminated) && s.State.Terminated.ExitCode == 0:
			succeeded++
		case s.State.Terminated != nil && !c.again(*s.State.Terminated):
			failed++
		}
		all++
	}
	phase := corev1.PodRunning
	switch {
	case v.initialFailed():
		phase = corev1.PodFailed
	case waiting > 0 && v.pod.Status.Phase != corev1.PodRunning:
		phase = corev1.PodPending
	case all == 0 || succeeded+failed < all || beside > 0:
	case failed > 0:
		phase = corev1.PodFailed
	default:
		phase = corev1.PodSucceeded
	}
	v.pod.Status.Phase = phase
}

// initialFailed tells whether an init container failed that is not started again.
func (v *view) initialFailed() bool {
	for _, c := range v.containers() {
		if end := c.status.State.Terminated; c.role == initial && end != nil && end.ExitCode != 0 && !c.again(*end) {
			return true
		}
	}
	return false
}

// conditions derives the pod's conditions from its containers and gates.
func (v *view) conditions(now time.Time) {
	var incomplete, unready []string
	for _, c := range v.containers() {
		if c.role != regular && !c.done() {
			incomplete = append(incomplete, c.spec.Name)
		}
		if c.role != initial && !c.status.Ready {
			unready = append(unready, c.spec.Name)
		}
	}
	if len(incomplete) > 0 && v.pod.Status.Phase != corev1.PodRunning {
		v.condition(corev1.PodInitialized, corev1.ConditionFalse, "ContainersNotInitialized", fmt.Sprintf("containers with incomplete status: %v", incomplete), now)
	} else {
		v.condition(corev1.PodInitialized, corev1.ConditionTrue, "", "", now)
	}
	status, reason, message := corev1.ConditionTrue, "", ""
	switch {
	case v.pod.Status.Phase == corev1.PodFailed:
		status, reason = corev1.ConditionFalse, "PodFailed"
	case v.pod.Status.Phase == corev1.PodSucceeded:
		status, reason = corev1.ConditionFalse, "PodCompleted"
	case len(unready) > 0:
		status, reason, message = corev1.ConditionFalse, "ContainersNotReady", fmt.Sprintf("containers with unready status: %v", unready)
	}
	v.condition(corev1.ContainersReady, status, reason, message, now)
	if closed := v.closed(); status == corev1.ConditionTrue && len(closed) > 0 {
		status, reason, message = corev1.ConditionFalse, "ReadinessGatesNotReady", strings.Join(closed, ", ")
	}
	v.condition(corev1.PodReady, status, reason, message, now)
}

// closed says of each readiness gate that is not open why it is not.
func (v *view) closed() []string {
	var out []string
	for _, g := range v.pod.Spec.ReadinessGates {
		switch c := v.conditionOf(g.ConditionType); {
		case c == nil:
			out = append(out, fmt.Sprintf("corresponding condition of pod readiness gate %q does not exist.", g.ConditionType))
		case c.Status != corev1.ConditionTrue:
			out = append(out, fmt.Sprintf("the status of pod readiness gate %q is not \"True\", but %v", g.ConditionType, c.Status))
		}
	}
	return out
}

// gates opens the readiness gates of a load balancer whose target has become healthy, and has the pod's readiness follow what others did to theirs.
func (v *view) gates() []turn {
	containers := v.conditionOf(corev1.ContainersReady)
	if len(v.pod.Spec.ReadinessGates) == 0 || containers == nil || containers.Status != corev1.ConditionTrue {
		v.seen.since(v.pod.UID, "gate", "shut", v.now)
		return nil
	}
	for _, g := range v.pod.Spec.ReadinessGates {
		if c := v.conditionOf(g.ConditionType); g.ConditionType == TargetGate && (c == nil || c.Status != corev1.ConditionTrue) {
			due := v.seen.since(v.pod.UID, "gate", "registered", v.now).Add(v.delay(8000))
			return []turn{{due, func(now time.Time) {
				v.condition(TargetGate, corev1.ConditionTrue, "", "", now)
				v.touch(now)
			}}}
		}
	}
	if open := len(v.closed()) == 0; open != ready(v.pod) {
		return []turn{{v.now, v.touch}}
	}
	return nil
}

func (v *view) conditionOf(kind corev1.PodConditionType) *corev1.PodCondition {
	for i := range v.pod.Status.Conditions {
		if v.pod.Status.Conditions[i].Type == kind {
			return &v.pod.Status.Conditions[i]
		}
	}
	return nil
}

// condition sets a condition. Its transition is a change of its status.
func (v *view) condition(kind corev1.PodConditionType, status corev1.ConditionStatus, reason, message string, now time.Time) {
	c := v.conditionOf(kind)
	if c == nil {
		v.pod.Status.Conditions = append(v.pod.Status.Conditions, corev1.PodCondition{Type: kind})
		c = &v.pod.Status.Conditions[len(v.pod.Status.Conditions)-1]
	}
	if c.Status != status {
		c.LastTransitionTime = *at(now)
	}
	c.Status, c.Reason, c.Message = status, reason, message
}
