package kube

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"datahub.io/slipway/untrusted"
)

const (
	logTail  = 200
	logRetry = 2 * time.Second // between looks for a container that has started again
)

// Logs emits the last 200 lines of a pod's released container and then every
// new one until ctx ends, over restarts. Where another container keeps the pod from
// serving it is that one's log, and its name comes first. While the container has not started,
// or has crashed, it emits the lines of the one before. Lines are cleaned. It
// returns nil when ctx ended, and an error when the pod is gone or may not be
// read.
func (c *Client) Logs(ctx context.Context, pod string, emit func(line string)) error {
	var uid types.UID
	shown := logInstance{restart: -1}
	for first := true; ctx.Err() == nil; first = false {
		p, err := c.pod(ctx, pod)
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil:
			return fmt.Errorf("read pod %s: %w", pod, plainly(err))
		case !first && p.UID != uid:
			return fmt.Errorf("pod %s was deleted and created again", pod)
		}
		uid = p.UID
		container := speaking(p, released(&p.Spec, c.container))
		now, ok := instance(p, container)
		if ok && container != shown.container && (shown.container != "" || container != released(&p.Spec, c.container)) {
			emit(untrusted.Line("log of container "+container, lineBound))
		}
		if ok && now != shown {
			err = c.stream(ctx, pod, container, now.previous, emit)
			switch {
			case ctx.Err() != nil:
				return nil
			case err == nil:
				shown = now
			case apierrors.IsForbidden(err) || apierrors.IsNotFound(err):
				return fmt.Errorf("read the log of pod %s: %w", pod, plainly(c.name(err, "get", "pods/log")))
			case !apierrors.IsBadRequest(err): // the container has just moved on
				return fmt.Errorf("read the log of pod %s: %w", pod, plainly(err))
			}
		}
		select {
		case <-ctx.Done():
		case <-time.After(logRetry):
		}
	}
	return nil
}

// speaking is the container whose log tells why a pod does not serve: the released one,
// unless that has no trouble and another one, an init container or a sidecar, has.
func speaking(p *corev1.Pod, released string) string {
	trouble := func(s corev1.ContainerStatus) bool {
		_, failing := crash(p, s, true, time.Now())
		return failing && !s.Ready
	}
	other := released
	for _, s := range slices.Concat(p.Status.InitContainerStatuses, p.Status.ContainerStatuses) {
		switch {
		case !trouble(s):
		case s.Name == released:
			return released
		case other == released:
			other = s.Name
		}
	}
	return other
}

// logInstance is one run of a container.
type logInstance struct {
	container string
	restart   int32
	previous  bool
}

// instance is the run of a container whose log is worth reading now.
func instance(p *corev1.Pod, container string) (logInstance, bool) {
	for _, s := range slices.Concat(p.Status.ContainerStatuses, p.Status.InitContainerStatuses) {
		switch {
		case s.Name != container:
		case s.State.Running != nil, s.State.Terminated != nil:
			return logInstance{container: container, restart: s.RestartCount}, true
		case s.LastTerminationState.Terminated != nil:
			return logInstance{container: container, restart: s.RestartCount - 1, previous: true}, true
		}
	}
	return logInstance{}, false
}

func (c *Client) pod(ctx context.Context, name string) (*corev1.Pod, error) {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	p, err := c.kube.CoreV1().Pods(c.namespace).Get(ctx, name, metav1.GetOptions{})
	return p, c.name(err, "get", "pods")
}

func (c *Client) stream(ctx context.Context, pod, container string, previous bool, emit func(string)) error {
	tail := int64(logTail)
	body, err := c.kube.CoreV1().Pods(c.namespace).GetLogs(pod, &corev1.PodLogOptions{
		Container: container, Previous: previous, Follow: !previous, TailLines: &tail,
	}).Stream(ctx)
	if err != nil {
		return err
	}
	defer body.Close()
	r := bufio.NewReaderSize(body, 16<<10)
	for {
		line, cut, err := r.ReadLine()
		if len(line) > 0 || err == nil {
			emit(untrusted.Line(string(line), lineBound))
		}
		for cut && err == nil { // the rest of a line without end
			_, cut, err = r.ReadLine()
		}
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
	}
}
