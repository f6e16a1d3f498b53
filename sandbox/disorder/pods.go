package disorder

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"datahub.io/slipway/sandbox/gateway"
	"datahub.io/slipway/sandbox/kubelet"
)

// pod finds a pod by its name, which may be as "kubectl get -o name" prints it, in one environment or, where none is named, in all.
func (c *Cluster) pod(ctx context.Context, environment, name string) (*corev1.Pod, error) {
	name = strings.TrimPrefix(name, "pod/")
	environments := gateway.Environments
	if environment != "" {
		e, err := Environment(environment)
		if err != nil {
			return nil, err
		}
		environments = []gateway.Environment{e}
	}
	for _, e := range environments {
		pod, err := c.typed.CoreV1().Pods(e.Namespace).Get(ctx, name, metav1.GetOptions{})
		if err == nil || !apierrors.IsNotFound(err) {
			return pod, err
		}
	}
	var where []string
	for _, e := range environments {
		where = append(where, e.Namespace)
	}
	return nil, fmt.Errorf("pod %q is not in %s; list them with: kubectl get pods", name, strings.Join(where, ", "))
}

// annotate asks the kubelet of a pod for something.
func (c *Cluster) annotate(ctx context.Context, pod *corev1.Pod, name, value string) error {
	patch, err := json.Marshal(map[string]any{"metadata": map[string]any{"uid": pod.UID, "annotations": map[string]string{name: value}}})
	if err != nil {
		return err
	}
	_, err = c.typed.CoreV1().Pods(pod.Namespace).Patch(ctx, pod.Name, types.MergePatchType, patch, metav1.PatchOptions{FieldManager: manager})
	return err
}

// Evict takes a pod off its node as a kubelet does for a reason, and returns when it has failed.
func (c *Cluster) Evict(ctx context.Context, environment, name, reason string) (*corev1.Pod, error) {
	if _, ok := kubelet.EndingFor(reason); !ok {
		var reasons []string
		for _, e := range kubelet.Endings {
			reasons = append(reasons, e.Reason)
		}
		return nil, fmt.Errorf("--reason %s: a kubelet ends no pod for that; it does for %s", reason, strings.Join(reasons, ", "))
	}
	pod, err := c.pod(ctx, environment, name)
	if err != nil {
		return nil, err
	}
	if pod.Status.Phase == corev1.PodFailed || pod.Status.Phase == corev1.PodSucceeded {
		return nil, fmt.Errorf("pod %s has ended already: %s %s", pod.Name, pod.Status.Phase, pod.Status.Reason)
	}
	if err := c.annotate(ctx, pod, kubelet.EndAnnotation, reason); err != nil {
		return nil, err
	}
	return pod, c.until(ctx, func() error {
		now, err := c.typed.CoreV1().Pods(pod.Namespace).Get(ctx, pod.Name, metav1.GetOptions{})
		if apierrors.IsNotFound(err) {
			return nil
		}
		if err == nil && now.Status.Phase != corev1.PodFailed {
			return fmt.Errorf("pod %s has not been evicted: it is %s", pod.Name, now.Status.Phase)
		}
		return err
	})
}

// Restart ends the run of one container of a pod, for a cause, and returns when it runs again. The container is the gateway's where none is named.
func (c *Cluster) Restart(ctx context.Context, environment, name, container string, cause kubelet.Cause) (*corev1.Pod, error) {
	if all := []kubelet.Cause{kubelet.Exit, kubelet.OOM, kubelet.Liveness}; !slices.Contains(all, cause) {
		return nil, fmt.Errorf("--cause %s: exit, oom or liveness is needed", cause)
	}
	pod, err := c.pod(ctx, environment, name)
	if err != nil {
		return nil, err
	}
	before, err := statusOf(pod, container)
	if err != nil {
		return nil, err
	}
	if before.State.Running == nil {
		return nil, fmt.Errorf("container %s of pod %s does not run", before.Name, pod.Name)
	}
	value, err := json.Marshal(kubelet.Kill{Container: before.Name, Restarts: before.RestartCount, Cause: cause})
	if err != nil {
		return nil, err
	}
	if err := c.annotate(ctx, pod, kubelet.KillAnnotation, string(value)); err != nil {
		return nil, err
	}
	return pod, c.until(ctx, func() error {
		now, err := c.typed.CoreV1().Pods(pod.Namespace).Get(ctx, pod.Name, metav1.GetOptions{})
		if err != nil {
			return err
		}
		s, err := statusOf(now, before.Name)
		if err == nil && s.RestartCount == before.RestartCount {
			return fmt.Errorf("container %s of pod %s has not been restarted", before.Name, pod.Name)
		}
		return err
	})
}

// statusOf returns the status of a container that can be restarted, the gateway's where none is named.
func statusOf(pod *corev1.Pod, container string) (corev1.ContainerStatus, error) {
	if container == "" {
		container = pod.Spec.Containers[max(0, slices.IndexFunc(pod.Spec.Containers, func(c corev1.Container) bool { return c.Name == "gateway" }))].Name
	}
	var names []string
	for _, s := range slices.Concat(pod.Status.ContainerStatuses, pod.Status.InitContainerStatuses) {
		if s.Name == container {
			return s, nil
		}
		names = append(names, s.Name)
	}
	return corev1.ContainerStatus{}, fmt.Errorf("pod %s has no container %q; it has %s", pod.Name, container, strings.Join(names, ", "))
}
