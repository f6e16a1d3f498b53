package kube

import (
	"cmp"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"datahub.io/slipway/release"
	"datahub.io/slipway/untrusted"
)

// nodeReasons are the status.reason with which the kubelet and the control plane
// end or refuse a pod for the node's sake (pkg/kubelet/eviction, preemption,
// nodeshutdown, lifecycle). Refusals for want of a resource begin with "OutOf".
var nodeReasons = map[string]bool{
	"Evicted": true, "Preempting": true, "Preempted": true,
	"NodeShutdown": true, "Shutdown": true, "Terminated": true, "NodeLost": true,
	"NodeAffinity": true, "NodeName": true, "NodePorts": true, "NodeUnschedulable": true, "NodeResourcesFit": true, "TaintToleration": true,
	"UnexpectedAdmissionError": true, "TopologyAffinityError": true, "DeletionByTaintManager": true, "InvalidNodeInfo": true,
}

// endedByNode tells whether a pod that failed was ended by its node or by the
// control plane, and not by what it runs. A pod that is evicted for its own limit of
// ephemeral storage has itself to blame: the kubelet gives it no DisruptionTarget, and
// says which limit.
func endedByNode(p *corev1.Pod) bool {
	if c := podCondition(p, corev1.DisruptionTarget); c != nil && c.Status == corev1.ConditionTrue {
		return true
	}
	reason := p.Status.Reason
	if reason == "Evicted" && overOwnLimit(p.Status.Message) {
		return false
	}
	return nodeReasons[reason] || strings.HasPrefix(reason, "OutOf")
}

// overOwnLimit knows the kubelet's three messages for a pod that used more storage
// than it may (pkg/kubelet/eviction/eviction_manager.go).
func overOwnLimit(message string) bool {
	return strings.Contains(message, " exceeds the limit ") || strings.Contains(message, " exceeds the total limit of containers ") ||
		strings.Contains(message, " exceeded its local ephemeral storage limit ")
}

// judgeEnded says that a pod was ended by its node. Replaced, it counts against
// nobody; until then a pod is missing, which may heal.
func judgeEnded(j judged, replaced bool) judged {
	reason := cmp.Or(j.pod.Status.Reason, "DisruptionTarget")
	message := j.pod.Status.Message
	if c := podCondition(j.pod, corev1.DisruptionTarget); c != nil {
		reason, message = cmp.Or(j.pod.Status.Reason, c.Reason, reason), cmp.Or(message, c.Message)
	}
	j = j.is(release.PodPending, reason, message)
	f := fault{reason: endedWords(reason, j.pod.Spec.NodeName), text: j.message, soft: true, node: true, first: endedAt(j.pod), newest: endedAt(j.pod)}
	if replaced {
		j.state, f.over = release.PodReplaced, true
		f.reason += ", replaced"
	}
	return j.with(f)
}

// endedWords writes why and where: "evicted from node-3", "NodeShutdown on node-3".
func endedWords(reason, node string) string {
	text, at := reason, " on "
	if reason == "Evicted" {
		text, at = "evicted", " from "
	}
	if node != "" {
		host, _, _ := strings.Cut(node, ".")
		text = fmt.Sprint(text, at, host)
	}
	return untrusted.Line(text, nameBound)
}
