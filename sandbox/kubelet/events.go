package kubelet

import (
	"fmt"
	"hash/fnv"
	"slices"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/tools/record"
)

// Recorder is the part of record.EventRecorder that is used here.
type Recorder interface {
	Eventf(pod *corev1.Pod, kind, reason, format string, args ...any)
}

// recorders keeps one recorder for each node, so that an event says which kubelet it came from.
type recorders struct {
	broadcaster record.EventBroadcaster
	mu          sync.Mutex
	of          map[string]record.EventRecorder
}

func (r *recorders) Eventf(pod *corev1.Pod, kind, reason, format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	node := pod.Spec.NodeName
	if r.of[node] == nil {
		r.of[node] = r.broadcaster.NewRecorder(scheme.Scheme, corev1.EventSource{Component: "kubelet", Host: node})
	}
	r.of[node].Eventf(pod, kind, reason, format, args...)
}

// Events records what the kubelet says of the change of one pod between two observations.
func Events(before, after *corev1.Pod, to Recorder) {
	if before.DeletionTimestamp == nil && after.DeletionTimestamp != nil {
		for _, c := range containerStatuses(after) {
			if c.State.Running != nil {
				to.Eventf(after, corev1.EventTypeNormal, "Killing", "Stopping container %s", c.Name)
			}
		}
	}
	if ended := after.Status; ended.Reason == "Evicted" && ended.Phase == corev1.PodFailed && before.Status.Phase != corev1.PodFailed {
		to.Eventf(after, corev1.EventTypeWarning, "Evicted", "%s", ended.Message)
	}
	for _, c := range containerStatuses(after) {
		was := status(before, c.Name)
		switch {
		case c.State.Waiting != nil:
			if was.State.Waiting == nil || was.State.Waiting.Reason != c.State.Waiting.Reason {
				waits(after, c, to)
			}
		case c.State.Running != nil && was.State.Running == nil && was.State.Waiting != nil || c.RestartCount > was.RestartCount:
			runs(after, c, to)
		}
	}
}

func waits(pod *corev1.Pod, c corev1.ContainerStatus, to Recorder) {
	const normal, warning = corev1.EventTypeNormal, corev1.EventTypeWarning
	switch c.State.Waiting.Reason {
	case "ContainerCreating":
		to.Eventf(pod, normal, "Pulling", "Pulling image %q", c.Image)
	case "ErrImagePull":
		if c.State.Waiting.Message != "" {
			to.Eventf(pod, warning, "Failed", "Failed to pull image %q: %s", c.Image, c.State.Waiting.Message)
		}
		to.Eventf(pod, warning, "Failed", "Error: ErrImagePull")
	case "ImagePullBackOff":
		to.Eventf(pod, normal, "BackOff", "Back-off pulling image %q", c.Image)
		to.Eventf(pod, warning, "Failed", "Error: ImagePullBackOff")
	case "CrashLoopBackOff":
		to.Eventf(pod, warning, "BackOff", "Back-off restarting failed container %s in pod %s_%s(%s)", c.Name, pod.Name, pod.Namespace, pod.UID)
	}
}

func runs(pod *corev1.Pod, c corev1.ContainerStatus, to Recorder) {
	pulled := fmt.Sprintf("Container image %q already present on machine", c.Image)
	if c.RestartCount == 0 {
		h := fnv.New32a()
		h.Write([]byte(pod.UID))
		took := time.Duration(700+h.Sum32()%800) * time.Millisecond // the API keeps whole seconds, the kubelet says milliseconds
		pulled = fmt.Sprintf("Successfully pulled image %q in %s (%s including waiting). Image size: 61865984 bytes.", c.Image, took, took)
	}
	to.Eventf(pod, corev1.EventTypeNormal, "Pulled", "%s", pulled)
	to.Eventf(pod, corev1.EventTypeNormal, "Created", "Container created")
	to.Eventf(pod, corev1.EventTypeNormal, "Started", "Container started")
}

func status(pod *corev1.Pod, container string) corev1.ContainerStatus {
	for _, c := range containerStatuses(pod) {
		if c.Name == container {
			return c
		}
	}
	return corev1.ContainerStatus{}
}

// containerStatuses are those of init containers, native sidecars among them, and of the others. No two have the same name.
func containerStatuses(pod *corev1.Pod) []corev1.ContainerStatus {
	return slices.Concat(pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses)
}
