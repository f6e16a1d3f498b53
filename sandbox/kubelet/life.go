package kubelet

import (
	"fmt"
	"hash/fnv"
	"math"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// Annotations of pods that the kubelet acts on.
const (
	// SettledAnnotation on a pod that is not yet scheduled makes it ready at once, with its containers started at the time that it gives.
	SettledAnnotation = "sandbox.datahub.io/running-since"
	// EndAnnotation takes a pod off its node, as an Ending says.
	EndAnnotation = "sandbox.datahub.io/end"
	// KillAnnotation ends one run of a container, as a Kill says.
	KillAnnotation = "sandbox.datahub.io/kill"
)

// Life is the life of pods. It is pure: what happens follows from the pod, the memory of when its states were first seen, and the time.
type Life struct {
	// Speed is how much faster than life delays are.
	Speed float64
}

// Node is what a pod's life depends on of its node.
type Node struct {
	// IP is the node's address, Down tells that it shuts down.
	IP   string
	Down bool
	// PodIP returns an address for a pod that has none yet.
	PodIP func(types.UID) string
}

// Outcome is what happens to a pod up to a time.
type Outcome struct {
	// Status is the pod's. It is written where Changed.
	Status  corev1.PodStatus
	Changed bool
	// Events are those that a change of status does not show.
	Events []Event
	// Delete tells that the pod is gone from its node, and its object is to follow.
	Delete bool
	// Next is when to look again; zero means when something changes.
	Next time.Time
}

// Event is what a kubelet records of a pod.
type Event struct{ Kind, Reason, Message string }

// turn is one thing that happens to a pod at a time.
type turn struct {
	at time.Time
	do func(now time.Time)
}

// Advance returns what happens to a pod until now. Turns follow each other: of a pod that was not looked at for long, all are made up for.
func (l Life) Advance(pod *corev1.Pod, node Node, seen *Memory, now time.Time) Outcome {
	v := &view{Life: l, pod: pod.DeepCopy(), node: node, seen: seen, now: now}
	var out Outcome
	for range 100 {
		turns := v.turns()
		if len(turns) == 0 {
			break
		}
		first := slices.MinFunc(turns, func(a, b turn) int { return a.at.Compare(b.at) })
		if first.at.After(now) {
			out.Next = first.at
			break
		}
		first.do(now)
		if v.deleted {
			break
		}
	}
	out.Status, out.Changed, out.Events, out.Delete = v.pod.Status, v.changed, v.events, v.deleted
	return out
}

// view is a pod while it is advanced.
type view struct {
	Life
	pod              *corev1.Pod
	node             Node
	seen             *Memory
	now              time.Time
	changed, deleted bool
	events           []Event
}

// turns returns what is to happen to the pod, in no order.
func (v *view) turns() []turn {
	p := v.pod
	switch {
	case p.DeletionTimestamp != nil:
		return v.leaving()
	case over(p):
		return nil
	case v.node.Down:
		return []turn{{v.after("down", 500), func(now time.Time) { v.end(shutdown(p), now) }}}
	case p.Status.PodIP == "":
		return v.arriving()
	}
	if e, ok := endingOf(p); ok {
		return []turn{{v.now, func(now time.Time) { v.end(e, now) }}}
	}
	turns := v.gates()
	for _, c := range v.containers() {
		turns = append(turns, c.turns()...)
	}
	return turns
}

// over tells that no container of a pod will run again.
func over(p *corev1.Pod) bool {
	return p.Status.Phase == corev1.PodFailed || p.Status.Phase == corev1.PodSucceeded
}

// arriving is the beginning: the pod's sandbox is set up, and its containers are waiting.
func (v *view) arriving() []turn {
	if since, err := time.Parse(time.RFC3339, v.pod.Annotations[SettledAnnotation]); err == nil {
		return []turn{{v.now, func(time.Time) { v.settle(since) }}}
	}
	return []turn{{v.after("scheduled", v.between(100, 400, "create")), func(now time.Time) {
		v.place(now)
		s := &v.pod.Status
		reason := "ContainerCreating"
		if len(v.pod.Spec.InitContainers) > 0 {
			reason = "PodInitializing"
		}
		for _, c := range v.pod.Spec.InitContainers {
			s.InitContainerStatuses = append(s.InitContainerStatuses, waitingFor(c, "PodInitializing"))
		}
		for _, c := range v.pod.Spec.Containers {
			s.ContainerStatuses = append(s.ContainerStatuses, waitingFor(c, reason))
		}
		v.touch(now)
	}}}
}

func waitingFor(c corev1.Container, reason string) corev1.ContainerStatus {
	off := false
	return corev1.ContainerStatus{
		Name: c.Name, Image: c.Image, Started: &off,
		State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: reason}},
	}
}

// place gives the pod its addresses.
func (v *view) place(now time.Time) {
	s, ip := &v.pod.Status, v.node.PodIP(v.pod.UID)
	s.Phase, s.StartTime = corev1.PodPending, at(now)
	s.HostIP, s.HostIPs = v.node.IP, []corev1.HostIP{{IP: v.node.IP}}
	s.PodIP, s.PodIPs = ip, []corev1.PodIP{{IP: ip}}
	s.InitContainerStatuses, s.ContainerStatuses = nil, nil
	v.condition(corev1.PodReadyToStartContainers, corev1.ConditionTrue, "", "", now)
}

// settle makes the pod ready, as one that has run since a time.
func (v *view) settle(since time.Time) {
	v.place(since)
	for _, c := range v.pod.Spec.InitContainers {
		v.pod.Status.InitContainerStatuses = append(v.pod.Status.InitContainerStatuses, waitingFor(c, "PodInitializing"))
	}
	for _, c := range v.pod.Spec.Containers {
		v.pod.Status.ContainerStatuses = append(v.pod.Status.ContainerStatuses, waitingFor(c, "ContainerCreating"))
	}
	for _, c := range v.containers() {
		c.run(since)
		if c.role == initial {
			c.exit(since, corev1.ContainerStateTerminated{Reason: "Completed"})
			continue
		}
		c.start(true)
		c.status.Ready = true
	}
	for _, g := range v.pod.Spec.ReadinessGates {
		v.condition(g.ConditionType, corev1.ConditionTrue, "", "", since)
	}
	v.touch(since)
}

// leaving is the end of a deleted pod: it drains, finishes what it was asked, and is gone. A grace period bounds that.
func (v *view) leaving() []turn {
	p := v.pod
	grace := int64(30)
	if p.DeletionGracePeriodSeconds != nil {
		grace = *p.DeletionGracePeriodSeconds
	}
	if grace == 0 {
		return nil // its object is there only for its finalizers
	}
	gone := func(time.Time) { v.deleted = true }
	if over(p) || !running(p) {
		if p.Spec.RestartPolicy != corev1.RestartPolicyAlways && !over(p) {
			return []turn{{v.now, func(now time.Time) { v.finish(now) }}}
		}
		return []turn{{v.after("stopped", 500), gone}}
	}
	if ready(p) {
		return []turn{{v.after("deleted", 300), func(now time.Time) {
			for _, c := range v.containers() {
				c.status.Ready = c.status.Ready && c.role == initial
			}
			v.touch(now)
		}}}
	}
	drain := int64(5)
	for _, c := range p.Spec.Containers {
		if h := c.Lifecycle; h != nil && h.PreStop != nil && h.PreStop.Sleep != nil {
			drain = max(drain, h.PreStop.Sleep.Seconds+5)
		}
	}
	leave := gone
	if p.Spec.RestartPolicy != corev1.RestartPolicyAlways {
		leave = v.finish
	}
	return []turn{{v.after("draining", 1000*float64(min(drain, grace))), leave}}
}

// finish ends the containers of a pod that was to end anyway: who counts its ends must see this one.
func (v *view) finish(now time.Time) {
	v.stop(now, 137)
	v.pod.Status.Phase = corev1.PodFailed
	v.conditions(now)
	v.changed = true
}

// stop ends every container.
func (v *view) stop(now time.Time, code int32) {
	for _, c := range v.containers() {
		switch {
		case c.status.State.Running != nil:
			c.exit(now, corev1.ContainerStateTerminated{ExitCode: code, Reason: "Error"})
		case c.status.State.Waiting != nil:
			c.status.State = corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{
				ExitCode: 137, Reason: "ContainerStatusUnknown", Message: "The container could not be located when the pod was terminated",
			}}
		}
		c.status.Ready = false
		c.start(false)
	}
}

// touch notes that the status changed, and derives from the containers what follows.
func (v *view) touch(now time.Time) {
	v.phase()
	v.conditions(now)
	v.changed = true
}

// say records an event that no change of status shows.
func (v *view) say(kind, reason, format string, args ...any) {
	v.events = append(v.events, Event{kind, reason, fmt.Sprintf(format, args...)})
}

// after is a number of milliseconds after the pod was first seen in a state.
func (v *view) after(state string, milliseconds float64) time.Time {
	return v.seen.since(v.pod.UID, "", state, v.now).Add(v.delay(milliseconds))
}

// delay is a number of milliseconds at the sandbox's speed.
func (l Life) delay(milliseconds float64) time.Duration {
	return time.Duration(milliseconds * float64(time.Millisecond) / l.Speed)
}

// between is a number in [low, high) of the pod's own, the same whenever it is asked for.
func (v *view) between(low, high float64, of ...any) float64 {
	h := fnv.New64a()
	fmt.Fprint(h, v.pod.UID, of)
	return low + (high-low)*float64(h.Sum64()>>11)/(1<<53)
}

func at(t time.Time) *metav1.Time { return &metav1.Time{Time: t.UTC().Truncate(time.Second)} }

func ready(p *corev1.Pod) bool {
	return slices.ContainsFunc(p.Status.Conditions, func(c corev1.PodCondition) bool {
		return c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue
	})
}

// running tells whether any container runs.
func running(p *corev1.Pod) bool {
	return slices.ContainsFunc(slices.Concat(p.Status.ContainerStatuses, p.Status.InitContainerStatuses), func(c corev1.ContainerStatus) bool {
		return c.State.Running != nil
	})
}

// backOff is how long a container waits that has been restarted a number of times.
func backOff(restarts int32) time.Duration {
	return time.Duration(min(10*math.Pow(2, float64(restarts-1)), 300)) * time.Second
}
