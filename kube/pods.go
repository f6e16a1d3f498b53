package kube

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"datahub.io/slipway/release"
	"datahub.io/slipway/untrusted"
)

// recently is how long a crash explains that a container is not ready, and how
// long a pod that ended and was replaced is still shown. It is the time after
// which the kubelet forgets a container's crashes.
const recently = 10 * time.Minute

// judged is a pod with what it does for the service, and why it does not.
type judged struct {
	pod      *corev1.Pod
	revision int64
	version  string
	state    release.PodState
	reason   string
	message  string
	faults   []fault // why it fails, may fail, or failed a moment ago
	restarts int
	last     time.Time // of the last restart
	own      release.Restarted
}

// judgePods judges the pods that the owned ReplicaSets control, worst first,
// then newest.
func judgePods(o objects, owned []*appsv1.ReplicaSet, container string, now time.Time) []judged {
	sets := make(map[types.UID]*appsv1.ReplicaSet, len(owned))
	for _, rs := range owned {
		sets[rs.UID] = rs
	}
	alive := map[types.UID]int32{} // pods that the ReplicaSet counts
	for _, p := range o.Pods {
		if owner := metav1.GetControllerOf(p); owner != nil && !ended(p) && p.DeletionTimestamp == nil {
			alive[owner.UID]++
		}
	}
	unhealthy := probeFailures(o.Events)
	var out []judged
	for _, p := range o.Pods {
		owner := metav1.GetControllerOf(p)
		if owner == nil {
			continue
		}
		rs := sets[owner.UID]
		if rs == nil {
			continue
		}
		others := replaced(rs, alive[rs.UID])
		if ended(p) && others && now.Sub(endedAt(p)) > recently {
			continue
		}
		j := judge(p, container, unhealthy[p.UID], others, now)
		j.own = ownRestarts(p, container)
		j.revision, j.version = revisionOf(rs), imageVersion(imageOf(&p.Spec, container))
		out = append(out, j)
	}
	slices.SortFunc(out, func(a, b judged) int {
		return cmp.Or(cmp.Compare(badness[b.state], badness[a.state]),
			b.pod.CreationTimestamp.Compare(a.pod.CreationTimestamp.Time), cmp.Compare(a.pod.Name, b.pod.Name))
	})
	return out
}

var badness = map[release.PodState]int{
	release.PodServing: 0, release.PodReplaced: 1, release.PodDraining: 2, release.PodStarting: 3, release.PodPending: 4, release.PodFailing: 5,
}

// ended tells a pod that will never run again. Its ReplicaSet no longer counts
// it and starts another.
func ended(p *corev1.Pod) bool {
	return p.DeletionTimestamp == nil && (p.Status.Phase == corev1.PodFailed || p.Status.Phase == corev1.PodSucceeded)
}

func replaced(rs *appsv1.ReplicaSet, alive int32) bool {
	return rs.Spec.Replicas == nil || alive >= *rs.Spec.Replicas
}

func endedAt(p *corev1.Pod) time.Time {
	at := p.CreationTimestamp.Time
	for _, s := range p.Status.ContainerStatuses {
		if t := s.State.Terminated; t != nil && t.FinishedAt.After(at) {
			at = t.FinishedAt.Time
		}
	}
	if c := podCondition(p, corev1.PodReady); c != nil && c.LastTransitionTime.After(at) {
		at = c.LastTransitionTime.Time
	}
	return at
}

// judge decides what one pod does, in the order in which one thing makes the
// next irrelevant: going away, over, not placed, initialising, crashed, ready.
// Replaced tells whether its ReplicaSet has all the pods that it wants without it. A
// container that fails is named, unless it is the released one.
func judge(p *corev1.Pod, container string, unhealthy *corev1.Event, replaced bool, now time.Time) judged {
	j := judged{pod: p}
	j.restarts, j.last = restarts(p)
	ready := podCondition(p, corev1.PodReady)
	isReady := ready != nil && ready.Status == corev1.ConditionTrue
	switch {
	case p.DeletionTimestamp != nil:
		return j.is(release.PodDraining, "Terminating", "")
	case p.Status.Phase == corev1.PodFailed && endedByNode(p):
		return judgeEnded(j, replaced)
	case p.Status.Phase == corev1.PodFailed:
		return judgeFailed(j)
	case p.Status.Phase == corev1.PodSucceeded:
		return j.is(release.PodFailing, "Completed", "every container ended; a Deployment's are meant to go on").blame("Completed", "", endedAt(p))
	case p.Spec.NodeName == "":
		return judgePending(j)
	}
	for _, s := range p.Status.InitContainerStatuses {
		if f, ok := crash(p, s, false, now); ok && !initialised(p) {
			f = f.of(s.Name, container)
			f.reason = "Init:" + f.reason
			return j.is(release.PodFailing, f.short("Init:"), f.text).with(f)
		}
	}
	for _, s := range lastingStatuses(p) {
		f, ok := crash(p, s, isReady, now)
		f = f.of(s.Name, container)
		switch {
		case ok && f.soft: // it came back
			j = j.with(f)
		case ok:
			return j.is(release.PodFailing, f.short(""), f.text).with(f)
		}
	}
	if isReady {
		return j.is(release.PodServing, "Ready", "")
	}
	if reason, waiting := starting(p); waiting {
		return j.is(release.PodStarting, reason, "")
	}
	j = j.is(release.PodStarting, "Running, not ready", "")
	if f, ok := probeFault(p, unhealthy); ok {
		j.message = f.text
		j = j.with(f)
	}
	return j
}

func (j judged) is(state release.PodState, reason, message string) judged {
	j.state, j.reason, j.message = state, untrusted.Line(reason, nameBound), untrusted.Line(message, textBound)
	return j
}

func (j judged) with(f fault) judged {
	j.faults = append(j.faults, f)
	return j
}

func (j judged) blame(reason, text string, at time.Time) judged {
	return j.with(fault{reason: untrusted.Line(reason, nameBound), text: cmp.Or(untrusted.Line(text, textBound), j.message), first: at, newest: at})
}

func judgeFailed(j judged) judged {
	reason := cmp.Or(j.pod.Status.Reason, "Failed")
	message := j.pod.Status.Message
	for _, s := range j.pod.Status.ContainerStatuses {
		if t := s.State.Terminated; t != nil && t.ExitCode != 0 && message == "" {
			message = fmt.Sprintf("%s, exit %d", t.Reason, t.ExitCode)
		}
	}
	return j.is(release.PodFailing, reason, message).blame(reason, message, endedAt(j.pod))
}

func judgePending(j judged) judged {
	c := podCondition(j.pod, corev1.PodScheduled)
	if c == nil || c.Status == corev1.ConditionTrue {
		return j.is(release.PodPending, "Pending", "")
	}
	j = j.is(release.PodPending, cmp.Or(c.Reason, "Pending"), c.Message)
	if c.Reason == corev1.PodReasonUnschedulable {
		j = j.with(fault{
			reason: "Unschedulable", text: j.message, soft: true,
			first: j.pod.CreationTimestamp.Time, newest: c.LastTransitionTime.Time,
		})
	}
	return j
}

// initialised tells whether the init containers have done their part.
func initialised(p *corev1.Pod) bool {
	c := podCondition(p, corev1.PodInitialized)
	return c != nil && c.Status == corev1.ConditionTrue
}

// starting says what a pod on its way to running waits for.
func starting(p *corev1.Pod) (string, bool) {
	if n := len(p.Status.InitContainerStatuses); n > 0 && !initialised(p) {
		done := 0
		for _, s := range p.Status.InitContainerStatuses {
			if t := s.State.Terminated; t != nil && t.ExitCode == 0 {
				done++
			}
		}
		return fmt.Sprintf("Init:%d/%d", done, n), true
	}
	if len(p.Status.ContainerStatuses) == 0 {
		return "ContainerCreating", true
	}
	for _, s := range lastingStatuses(p) {
		if w := s.State.Waiting; w != nil {
			return cmp.Or(w.Reason, "ContainerCreating"), true
		}
	}
	return "", false
}

func restarts(p *corev1.Pod) (n int, last time.Time) {
	for _, s := range lastingStatuses(p) {
		n += int(s.RestartCount)
		if s.RestartCount == 0 {
			continue
		}
		if r := s.State.Running; r != nil && r.StartedAt.After(last) {
			last = r.StartedAt.Time
		} else if t := s.LastTerminationState.Terminated; t != nil && t.FinishedAt.After(last) {
			last = t.FinishedAt.Time
		}
	}
	return n, last
}

// ownRestarts are those of the released container, and of those that run its image. When its node went away and came
// back, the runtime no longer knows how it ended: that is no restart of the version's.
func ownRestarts(p *corev1.Pod, container string) (r release.Restarted) {
	image := imageOf(&p.Spec, container)
	for _, s := range lastingStatuses(p) {
		if s.RestartCount == 0 || s.Name != container && imageOf(&p.Spec, s.Name) != image {
			continue
		}
		r.Count += int(s.RestartCount)
		last := time.Time{}
		end := cmp.Or(s.State.Terminated, s.LastTerminationState.Terminated)
		switch {
		case end != nil && !endsOfNode[end.Reason]:
			last = end.FinishedAt.Time
		case end == nil && s.State.Running != nil:
			last = s.State.Running.StartedAt.Time
		}
		if last.After(r.Last) {
			r.Last = last
		}
	}
	return r
}

// endsOfNode are the reasons of the kubelet and of containerd for a container that
// was there no more when the node came back.
var endsOfNode = map[string]bool{"Unknown": true, "ContainerStatusUnknown": true}

func podCondition(p *corev1.Pod, kind corev1.PodConditionType) *corev1.PodCondition {
	for i := range p.Status.Conditions {
		if p.Status.Conditions[i].Type == kind {
			return &p.Status.Conditions[i]
		}
	}
	return nil
}

// podRows are the judged pods as they are shown, in this machine's time. The figures
// of a pod that does not run are none, not its last ones.
func podRows(pods []judged, usage map[string]podUsage, skew time.Duration, now time.Time) (rows []release.Pod, usageAt time.Time) {
	rows = make([]release.Pod, 0, len(pods))
	for _, j := range pods {
		row := release.Pod{
			Name: untrusted.Line(j.pod.Name, nameBound), Revision: j.revision, Version: j.version,
			State: j.state, Reason: j.reason, Message: j.message,
			Total: len(lasting(&j.pod.Spec)), Restarts: j.restarts, Last: shifted(j.last, skew),
			Own:     release.Restarted{Count: j.own.Count, Last: shifted(j.own.Last, skew)},
			Created: shifted(j.pod.CreationTimestamp.Time, skew), Node: untrusted.Line(j.pod.Spec.NodeName, nameBound),
		}
		for _, s := range lastingStatuses(j.pod) {
			if s.Ready {
				row.Ready++
			}
		}
		if c := podCondition(j.pod, corev1.PodReady); c != nil && c.Status == corev1.ConditionTrue {
			row.ReadyAt = shifted(c.LastTransitionTime.Time, skew)
		}
		u, ok := usage[j.pod.Name]
		if ok && j.state != release.PodFailing && j.state != release.PodPending && now.Sub(u.At) < usageKept {
			row.CPU, row.Memory, row.Measured = u.CPU, u.Memory, true
			if usageAt.IsZero() || u.At.Before(usageAt) {
				usageAt = u.At
			}
		}
		rows = append(rows, row)
	}
	return rows, usageAt
}

// shifted is a time of the cluster's as one of ours; what never was stays so.
func shifted(t time.Time, skew time.Duration) time.Time {
	if t.IsZero() {
		return t
	}
	return t.Add(skew)
}
