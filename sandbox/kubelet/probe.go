package kubelet

import (
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
)

// probed is what the probes of a running container come to: first asked initialDelaySeconds after it started, then every periodSeconds, at a phase
// of its own.
func (c container) probed() []turn {
	if c.role == initial {
		return nil
	}
	s, set := c.status, func(change func()) func(time.Time) {
		return func(now time.Time) {
			change()
			c.touch(now)
		}
	}
	if s.Started == nil || !*s.Started {
		if c.tag.Name == "crash" {
			return nil
		}
		return []turn{{c.answered(c.spec.StartupProbe, "starts"), set(func() { c.start(true) })}}
	}
	if c.tag.Hangs {
		if turns, hangs := c.hangs(); hangs {
			return turns
		}
	}
	p := c.spec.ReadinessProbe
	switch {
	case s.Ready:
		c.after("readies not", 0) // should it become unready, its probe is asked anew
		return nil
	case p == nil:
		return []turn{{c.now, set(func() { s.Ready = true })}}
	case c.tag.Name == "unready":
		return []turn{c.complains("Readiness", p)}
	case c.tag.Name == "crash", c.tag.Stumbles && s.RestartCount == 0:
		return nil // it ends before it answers
	}
	return []turn{{c.answered(p, "readies"), set(func() { s.Ready = true })}}
}

// answered is when a probe is first answered.
func (c container) answered(p *corev1.Probe, state string) time.Time {
	initial, period := 1000*float64(p.InitialDelaySeconds), 1000*float64(period(p))
	return c.after(state, c.jitter(initial, initial+period, state))
}

// complains records that a probe fails, each time that it is asked.
func (c container) complains(probe string, p *corev1.Probe) turn {
	asked := fmt.Sprint(c.spec.Name, "/", c.status.RestartCount, " ", probe)
	due := c.after("fails", 1000*float64(p.InitialDelaySeconds))
	if last, ok := c.seen.last(c.pod.UID, asked); ok {
		due = last.Add(c.every(p))
	}
	return turn{due, func(now time.Time) {
		c.seen.note(c.pod.UID, asked, now)
		c.say(corev1.EventTypeWarning, "Unhealthy", "%s probe failed: HTTP probe failed with statuscode: 503", probe)
	}}
}

// hangs is the way of a container that answers nothing any more: it is not ready once its readiness probe has failed often enough, and is killed
// once its liveness probe has. The second result tells whether that has begun or is to come.
func (c container) hangs() ([]turn, bool) {
	onset := c.status.State.Running.StartedAt.Add(c.delay(float64(c.tag.Onset.Milliseconds())))
	var turns []turn
	if p := c.spec.ReadinessProbe; p != nil && c.status.Ready {
		turns = append(turns, turn{onset.Add(c.failed(p)), func(now time.Time) {
			c.status.Ready = false
			c.touch(now)
			c.say(corev1.EventTypeWarning, "Unhealthy", "Readiness probe failed: Get \"http://%s:3001%s\": context deadline exceeded", c.pod.Status.PodIP, path(p))
		}})
	}
	if p := c.spec.LivenessProbe; p != nil {
		turns = append(turns, turn{onset.Add(c.failed(p)), func(now time.Time) { c.killedByLiveness(now) }})
	}
	return turns, c.status.Ready || !c.now.Before(onset)
}

// killedByLiveness ends a run as the kubelet does whose liveness probe fails.
func (c container) killedByLiveness(now time.Time) {
	for range failures(c.spec.LivenessProbe) {
		c.say(corev1.EventTypeWarning, "Unhealthy", "Liveness probe failed: HTTP probe failed with statuscode: 503")
	}
	c.say(corev1.EventTypeNormal, "Killing", "Container %s failed liveness probe, will be restarted", c.spec.Name)
	c.exit(now, corev1.ContainerStateTerminated{ExitCode: 137, Reason: "Error"})
	c.touch(now)
}

// failed is how long a probe has to fail to count.
func (c container) failed(p *corev1.Probe) time.Duration {
	return c.delay(1000 * float64(failures(p)) * float64(period(p)))
}

// every is the time between two looks. It is more than a second at any speed, so that events of the same words are told apart.
func (c container) every(p *corev1.Probe) time.Duration {
	return max(c.delay(1000*float64(period(p))), 1100*time.Millisecond)
}

// Of a probe that names none these are the API's defaults.
func period(p *corev1.Probe) int32 { return or(p.PeriodSeconds, 10) }

func failures(p *corev1.Probe) int32 {
	if p == nil {
		return 1
	}
	return or(p.FailureThreshold, 3)
}

func or(n, otherwise int32) int32 {
	if n > 0 {
		return n
	}
	return otherwise
}

func path(p *corev1.Probe) string {
	if p.HTTPGet != nil {
		return p.HTTPGet.Path
	}
	return "/"
}
