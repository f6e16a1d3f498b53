package kubelet

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
)

// Handler answers GET /containerLogs/{namespace}/{pod}/{container}, the kubelet's endpoint behind `kubectl logs`, with its parameters follow,
// previous, timestamps, tailLines, sinceSeconds, sinceTime and limitBytes; and GET /healthz.
func Handler(pods kubernetes.Interface, speed float64) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "ok") })
	mux.HandleFunc("GET /containerLogs/{namespace}/{pod}/{container}", func(w http.ResponseWriter, r *http.Request) {
		pod, err := pods.CoreV1().Pods(r.PathValue("namespace")).Get(r.Context(), r.PathValue("pod"), metav1.GetOptions{})
		if err != nil {
			http.Error(w, err.Error(), statusOf(err))
			return
		}
		run, err := runOf(pod, r.PathValue("container"), r.FormValue("previous") == "true", speed)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		out := &limited{w: w, left: -1, stamps: r.FormValue("timestamps") == "true"}
		if n, err := strconv.ParseInt(r.FormValue("limitBytes"), 10, 64); err == nil {
			out.left = n
		}
		w.Header().Set("Content-Type", "text/plain")
		now := time.Now()
		if err := out.lines(selected(run, now, r.Form)); err != nil || r.FormValue("follow") != "true" {
			return
		}
		follow(r.Context(), http.NewResponseController(w), out, now, func() (Run, bool) {
			pod, err := pods.CoreV1().Pods(pod.Namespace).Get(r.Context(), pod.Name, metav1.GetOptions{})
			if err != nil {
				return run, !apierrors.IsNotFound(err)
			}
			return ended(run, pod, r.PathValue("container")), true
		})
	})
	return mux
}

func statusOf(err error) int {
	if apierrors.IsNotFound(err) {
		return http.StatusNotFound
	}
	return http.StatusServiceUnavailable
}

// runOf finds the run of a container whose log is asked for, or says in the kubelet's words why there is none.
func runOf(pod *corev1.Pod, container string, previous bool, speed float64) (Run, error) {
	for _, c := range containerStatuses(pod) {
		if c.Name != container {
			continue
		}
		run := Run{Pod: pod.Name, Container: c.Name, Image: c.Image, Speed: speed, Restarts: int(c.RestartCount), Once: once(pod, c.Name)}
		state := c.State
		if state.Waiting != nil || previous {
			if previous || c.LastTerminationState.Terminated != nil {
				state = c.LastTerminationState
				if c.State.Waiting == nil {
					run.Restarts--
				}
			}
		}
		switch {
		case state.Running != nil:
			run.Started = state.Running.StartedAt.Time
		case state.Terminated != nil:
			run.Started, run.Ended = state.Terminated.StartedAt.Time, state.Terminated.FinishedAt.Time
		case previous:
			return Run{}, fmt.Errorf("previous terminated container %q in pod %q not found", container, pod.Name)
		default:
			reason := "unknown"
			if c.State.Waiting != nil {
				reason = c.State.Waiting.Reason
			}
			if reason == "ErrImagePull" || reason == "ImagePullBackOff" {
				return Run{}, fmt.Errorf("container %q in pod %q is waiting to start: trying and failing to pull image", container, pod.Name)
			}
			return Run{}, fmt.Errorf("container %q in pod %q is waiting to start: %s", container, pod.Name, reason)
		}
		return run, nil
	}
	return Run{}, fmt.Errorf("container %q in pod %q is not available", container, pod.Name)
}

// once tells whether a container is one of the pod's init containers that run once, before the others.
func once(pod *corev1.Pod, container string) bool {
	return slices.ContainsFunc(pod.Spec.InitContainers, func(c corev1.Container) bool {
		return c.Name == container && (c.RestartPolicy == nil || *c.RestartPolicy != corev1.ContainerRestartPolicyAlways)
	})
}

// selected returns the lines up to now that the parameters tailLines, sinceSeconds and sinceTime choose.
func selected(run Run, now time.Time, form url.Values) []Line {
	from := run.Started
	if n, err := strconv.Atoi(form.Get("sinceSeconds")); err == nil {
		from = now.Add(-time.Duration(n) * time.Second)
	}
	if t, err := time.Parse(time.RFC3339, form.Get("sinceTime")); err == nil {
		from = t
	}
	tail, err := strconv.Atoi(form.Get("tailLines"))
	if err != nil || tail < 0 {
		return run.Between(from, now)
	}
	lines := run.Between(later(from, now.Add(-time.Duration(tail+8)*every), run), now) // older lines cannot be among the last ones
	return lines[max(0, len(lines)-tail):]
}

// follow sends lines as they come, until the client leaves or the container has ended.
func follow(ctx context.Context, flush *http.ResponseController, out *limited, now time.Time, refresh func() (Run, bool)) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		flush.Flush()
		select {
		case <-ctx.Done():
			return
		case next := <-tick.C:
			current, exists := refresh()
			from := now
			if last := current.end().Add(-time.Millisecond); !current.Ended.IsZero() && last.Before(from) {
				from = last // its last words carry the time of its end, which the API cuts to whole seconds
			}
			if err := out.lines(current.Between(from, next)); err != nil || !exists || !current.Ended.IsZero() {
				return
			}
			now = next
		}
	}
}

// ended returns the run with the time of its end, if the container has ended or restarted since.
func ended(run Run, pod *corev1.Pod, container string) Run {
	for _, c := range containerStatuses(pod) {
		if c.Name != container {
			continue
		}
		for _, t := range []*corev1.ContainerStateTerminated{c.State.Terminated, c.LastTerminationState.Terminated} {
			if t != nil && t.StartedAt.Time.Equal(run.Started) {
				run.Ended = t.FinishedAt.Time
			}
		}
	}
	return run
}

// later returns the later of two times for a container that still runs, and the first otherwise: its last lines are as old as its end.
func later(a, b time.Time, run Run) time.Time {
	if run.Ended.IsZero() && b.After(a) {
		return b
	}
	return a
}

// limited writes up to a number of bytes; negative is no limit.
type limited struct {
	w      io.Writer
	left   int64
	stamps bool // put the time before each line
}

var errLimit = errors.New("limit of bytes reached")

func (l *limited) lines(lines []Line) error {
	for _, line := range lines {
		text := line.Text + "\n"
		if l.stamps {
			text = line.At.UTC().Format(time.RFC3339Nano) + " " + text
		}
		if l.left >= 0 && int64(len(text)) > l.left {
			io.WriteString(l.w, text[:l.left])
			return errLimit
		}
		if _, err := io.WriteString(l.w, text); err != nil {
			return err
		}
		if l.left >= 0 {
			l.left -= int64(len(text))
		}
	}
	return nil
}
