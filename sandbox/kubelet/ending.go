package kubelet

import (
	"encoding/json"
	"time"

	corev1 "k8s.io/api/core/v1"
)

// Ending is how a node ends a pod that is not deleted: it fails, and whoever made it makes another.
type Ending struct {
	// Reason is the pod's, and the value of EndAnnotation.
	Reason string
	// Message is the pod's.
	Message string
	// Disrupts tells that the pod gets the condition DisruptionTarget: it ran, and the kubelet ended it.
	Disrupts bool
}

// Endings are those that there are, with the kubelet's words.
var Endings = []Ending{
	{"Evicted", "The node was low on resource: ephemeral-storage. Threshold quantity: 8558Mi, available: 7911Mi. ", true},
	{"Terminated", "Pod was terminated in response to imminent node shutdown.", true},
	{"Preempting", "Preempted in order to admit critical pod", true},
	{"NodeShutdown", "Pod was rejected as the node is shutting down.", false},
	{"OutOfcpu", "Pod was rejected: Node didn't have enough resource: cpu, requested: 500, used: 15800, capacity: 16000", false},
	{"NodeAffinity", "Pod was rejected: Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector", false},
}

// EndingFor returns the ending with a reason.
func EndingFor(reason string) (Ending, bool) {
	for _, e := range Endings {
		if e.Reason == reason {
			return e, true
		}
	}
	return Ending{}, false
}

func endingOf(p *corev1.Pod) (Ending, bool) { return EndingFor(p.Annotations[EndAnnotation]) }

// shutdown is how a node that shuts down ends a pod.
func shutdown(p *corev1.Pod) Ending {
	reason := "Terminated"
	if p.Status.PodIP == "" {
		reason = "NodeShutdown"
	}
	e, _ := EndingFor(reason)
	return e
}

// end ends the pod.
func (v *view) end(e Ending, now time.Time) {
	v.stop(now, 137)
	s := &v.pod.Status
	s.Phase, s.Reason, s.Message = corev1.PodFailed, e.Reason, e.Message
	if e.Disrupts {
		v.condition(corev1.DisruptionTarget, corev1.ConditionTrue, corev1.PodReasonTerminationByKubelet, e.Message, now)
	}
	v.conditions(now)
	v.changed = true
}

// Kill ends one run of a container: the value of KillAnnotation, as JSON.
type Kill struct {
	Container string `json:"container"`
	// Restarts is the container's restart count: no other run is meant.
	Restarts int32 `json:"restarts"`
	// Cause says how the run ends.
	Cause Cause `json:"cause"`
}

// Cause is how a run ends.
type Cause string

// The causes that there are.
const (
	Exit     Cause = "exit"     // with 1, on its own account
	OOM      Cause = "oom"      // killed at its memory limit
	Liveness Cause = "liveness" // killed because its liveness probe failed
)

// killed returns the kill that the pod's annotation has for this run.
func (c container) killed() (Kill, bool) {
	var k Kill
	if err := json.Unmarshal([]byte(c.pod.Annotations[KillAnnotation]), &k); err != nil {
		return Kill{}, false
	}
	return k, k.Container == c.spec.Name && k.Restarts == c.status.RestartCount
}

func (c container) kill(k Kill, now time.Time) {
	switch k.Cause {
	case Liveness:
		c.killedByLiveness(now)
		return
	case OOM:
		c.exit(now, corev1.ContainerStateTerminated{ExitCode: 137, Reason: "OOMKilled"})
	default:
		c.exit(now, corev1.ContainerStateTerminated{ExitCode: 1, Reason: "Error"})
	}
	c.touch(now)
}
