package kubelet

import (
	"crypto/sha256"
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"datahub.io/slipway/sandbox/behaviour"
)

// role is what a container is in its pod.
type role int

const (
	initial role = iota // an init container: runs once, before the next begins
	sidecar             // an init container that is always restarted: the next begins once it has started
	regular
)

// container is one container of a pod, with the behaviour of its own image tag.
type container struct {
	*view
	role   role
	spec   *corev1.Container
	status *corev1.ContainerStatus
	tag    behaviour.Behaviour
	// free tells that everything before it is done, so that it may start.
	free bool
}

// containers returns those of the pod that have a status, in the order of their starts.
func (v *view) containers() []container {
	var out []container
	free, p := true, v.pod
	for i := range p.Spec.InitContainers {
		c := container{view: v, role: initial, spec: &p.Spec.InitContainers[i], free: free}
		if c.spec.RestartPolicy != nil && *c.spec.RestartPolicy == corev1.ContainerRestartPolicyAlways {
			c.role = sidecar
		}
		if c.status = find(p.Status.InitContainerStatuses, c.spec.Name); c.status == nil {
			free = false
			continue
		}
		c.tag = behaviour.OfTag(behaviour.Tag(c.spec.Image))
		free = free && c.done()
		out = append(out, c)
	}
	for i := range p.Spec.Containers {
		c := container{view: v, role: regular, spec: &p.Spec.Containers[i], free: free}
		if c.status = find(p.Status.ContainerStatuses, c.spec.Name); c.status == nil {
			continue
		}
		c.tag = behaviour.OfTag(behaviour.Tag(c.spec.Image))
		out = append(out, c)
	}
	return out
}

func find(statuses []corev1.ContainerStatus, name string) *corev1.ContainerStatus {
	for i := range statuses {
		if statuses[i].Name == name {
			return &statuses[i]
		}
	}
	return nil
}

// done tells whether an init container lets the next one begin.
func (c container) done() bool {
	if c.role == sidecar {
		return c.status.Started != nil && *c.status.Started
	}
	return c.status.State.Terminated != nil && c.status.State.Terminated.ExitCode == 0
}

// turns returns what is to happen to the container.
func (c container) turns() []turn {
	switch s := c.status.State; {
	case s.Waiting != nil:
		return c.waits(s.Waiting.Reason)
	case s.Running != nil:
		return append(c.runs(), c.probed()...)
	case s.Terminated != nil:
		return c.ended(*s.Terminated)
	}
	return nil
}

// after is a number of milliseconds after the container was first seen in a state.
func (c container) after(state string, milliseconds float64) time.Time {
	key := fmt.Sprint(c.status.RestartCount, " ", state)
	return c.seen.since(c.pod.UID, c.spec.Name+"/"+strings.SplitN(state, " ", 2)[0], key, c.now).Add(c.delay(milliseconds))
}

// jitter is a number in [low, high) of this run of this container.
func (c container) jitter(low, high float64, of string) float64 {
	return c.between(low, high, c.spec.Name, c.status.RestartCount, of)
}

// waits is the way to the container's start: its image is pulled, or that fails and is put off, or its restart is.
func (c container) waits(reason string) []turn {
	wait := func(reason, message string) func(time.Time) {
		return func(now time.Time) {
			c.status.State = corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: reason, Message: message}}
			c.touch(now)
		}
	}
	const unknown = "failed to pull and unpack image %q: failed to resolve reference %[1]q: %[1]s: not found"
	refused := "rpc error: code = NotFound desc = " + fmt.Sprintf(unknown, c.spec.Image)
	switch {
	case reason == "CrashLoopBackOff":
		pause := float64(backOff(c.status.RestartCount).Milliseconds())
		return []turn{{c.after("waits "+reason, pause), c.restart}}
	case !c.free:
		return nil
	case reason == "ErrImagePull":
		message := fmt.Sprintf("Back-off pulling image %q: ErrImagePull: %s", c.spec.Image, refused)
		return []turn{{c.after("waits "+reason, c.jitter(3000, 5000, reason)), wait("ImagePullBackOff", message)}}
	case reason == "ImagePullBackOff":
		return []turn{{c.after("waits "+reason, 15000), wait("ErrImagePull", refused)}}
	case c.tag.Name == "missing":
		return []turn{{c.after("waits free", 800), wait("ErrImagePull", refused)}}
	}
	return []turn{{c.after("waits free", c.jitter(700, 1500, "pull")), func(now time.Time) {
		c.run(now)
		c.touch(now)
	}}}
}

// runs is the way to the end of a run, for one that ends.
func (c container) runs() []turn {
	started := c.status.State.Running.StartedAt.Time
	ends := func(at time.Time, end corev1.ContainerStateTerminated) turn {
		return turn{at, func(now time.Time) {
			c.exit(now, end)
			c.touch(now)
		}}
	}
	failure := corev1.ContainerStateTerminated{ExitCode: 1, Reason: "Error", Message: CrashLines}
	var turns []turn
	if k, ok := c.killed(); ok {
		turns = append(turns, turn{c.now, func(now time.Time) { c.kill(k, now) }})
	}
	switch {
	case c.tag.Name == "crash", c.tag.Stumbles && c.status.RestartCount == 0:
		turns = append(turns, ends(c.after("runs", c.jitter(1500, 2500, "crash")), failure))
	case c.role == initial && !c.tag.NeverReady:
		turns = append(turns, ends(c.after("runs", c.jitter(1200, 2000, "complete")), corev1.ContainerStateTerminated{Reason: "Completed"}))
	case c.role == initial:
		// One that is never ready waits for what never comes.
	case c.tag.Exhausts > 0 && c.status.Ready:
		turns = append(turns, ends(started.Add(c.delay(float64(c.tag.Exhausts.Milliseconds()))), corev1.ContainerStateTerminated{ExitCode: 137, Reason: "OOMKilled"}))
	case c.role == regular && c.pod.Spec.RestartPolicy != corev1.RestartPolicyAlways && c.status.Ready:
		turns = append(turns, ends(c.after("works", c.jitter(3000, 5000, "work")), corev1.ContainerStateTerminated{Reason: "Completed"}))
	case c.role == sidecar && c.regularsOver():
		turns = append(turns, ends(c.now, corev1.ContainerStateTerminated{ExitCode: 143, Reason: "Error"}))
	}
	return turns
}

// regularsOver tells whether the pod's regular containers have all ended and none is started again: its sidecars then end too.
func (c container) regularsOver() bool {
	if c.pod.Spec.RestartPolicy == corev1.RestartPolicyAlways {
		return false
	}
	for _, other := range c.containers() {
		if end := other.status.State.Terminated; other.role == regular && (end == nil || other.again(*end)) {
			return false
		}
	}
	return true
}

// again tells whether a container that ended is started again.
func (c container) again(end corev1.ContainerStateTerminated) bool {
	switch {
	case c.role == sidecar:
		return !c.regularsOver()
	case c.role == initial && end.ExitCode == 0:
		return false
	case c.pod.Spec.RestartPolicy == corev1.RestartPolicyAlways:
		return true
	}
	return c.pod.Spec.RestartPolicy == corev1.RestartPolicyOnFailure && end.ExitCode != 0
}

// forgiven is how long a container has to run for its earlier ends to be forgotten, as the kubelet has it.
const forgiven = 10 * time.Minute

// ended is what follows the end of a run: a restart, at once or later, or nothing.
func (c container) ended(end corev1.ContainerStateTerminated) []turn {
	if !c.again(end) {
		return nil
	}
	due := c.after("ended", 700)
	if c.status.RestartCount == 0 || end.FinishedAt.Sub(end.StartedAt.Time) >= c.delay(float64(forgiven.Milliseconds())) {
		return []turn{{due, c.restart}}
	}
	return []turn{{due, func(now time.Time) {
		c.status.LastTerminationState = c.status.State
		c.status.State = corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{
			Reason: "CrashLoopBackOff",
			Message: fmt.Sprintf("back-off %s restarting failed container=%s pod=%s_%s(%s)",
				backOff(c.status.RestartCount), c.spec.Name, c.pod.Name, c.pod.Namespace, c.pod.UID),
		}}
		c.touch(now)
	}}}
}

// restart runs the container once more; what ended becomes its last state.
func (c container) restart(now time.Time) {
	if c.status.State.Terminated != nil {
		c.status.LastTerminationState = c.status.State
	}
	c.status.RestartCount++
	c.run(now)
	c.touch(now)
}

// run begins a run.
func (c container) run(now time.Time) {
	repository, digest := c.spec.Image, fmt.Sprintf("sha256:%x", sha256.Sum256([]byte(c.spec.Image)))
	if name, pinned, ok := strings.Cut(c.spec.Image, "@"); ok {
		repository, digest = name, pinned
	}
	if slash := strings.LastIndexByte(repository, '/'); strings.LastIndexByte(repository, ':') > slash {
		repository = repository[:strings.LastIndexByte(repository, ':')]
	}
	c.status.Image, c.status.ImageID = c.spec.Image, repository+"@"+digest
	c.status.ContainerID = fmt.Sprintf("containerd://%x", sha256.Sum256(fmt.Append(nil, c.pod.UID, c.spec.Name, c.status.RestartCount)))
	c.status.State = corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: *at(now)}}
	c.status.Ready = false
	c.start(c.spec.StartupProbe == nil)
}

// exit ends a run.
func (c container) exit(now time.Time, end corev1.ContainerStateTerminated) {
	end.StartedAt, end.FinishedAt, end.ContainerID = c.status.State.Running.StartedAt, *at(now), c.status.ContainerID
	c.status.State = corev1.ContainerState{Terminated: &end}
	c.status.Ready = c.role == initial && end.ExitCode == 0
	c.start(false)
}

func (c container) start(started bool) { c.status.Started = &started }
