package disorder

import (
	"context"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/fake"

	"datahub.io/slipway/sandbox/kubelet"
	"datahub.io/slipway/sandbox/stages"
)

// lively is a cluster of two nodes and two pods, which the sandbox's kubelet lets live.
func lively(t *testing.T) *Cluster {
	t.Helper()
	node := func(name string) *corev1.Node {
		return &corev1.Node{
			ObjectMeta: metav1.ObjectMeta{Name: name},
			Status:     corev1.NodeStatus{Conditions: []corev1.NodeCondition{{Type: corev1.NodeReady, Status: corev1.ConditionFalse}}},
		}
	}
	pod := func(namespace, name, node string) *corev1.Pod {
		return &corev1.Pod{
			ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name},
			Spec: corev1.PodSpec{
				NodeName: node, RestartPolicy: corev1.RestartPolicyAlways,
				Containers: []corev1.Container{{Name: "proxy", Image: "proxy:v1"}, {Name: "gateway", Image: "gateway:v2.4.0"}},
			},
		}
	}
	a, b := pod("datahub-staging", "a", "one.internal"), pod("datahub-canary", "b", "two.internal")
	a.UID, b.UID = "u-a", "u-b"
	c := &Cluster{typed: fake.NewClientset(node("one.internal"), node("two.internal"), a, b), every: time.Millisecond}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { kubelet.Live(ctx, c.typed, 100); close(ended) }()
	t.Cleanup(func() { cancel(); <-ended })
	for _, p := range []*corev1.Pod{a, b} {
		c.waits(t, p, func(p *corev1.Pod) bool {
			return len(p.Status.Conditions) > 0 && p.Status.ContainerStatuses[0].Ready && p.Status.ContainerStatuses[1].Ready
		})
	}
	return c
}

// waits waits until a pod is as it should be, and returns it.
func (c *Cluster) waits(t *testing.T, p *corev1.Pod, is func(*corev1.Pod) bool) *corev1.Pod {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(time.Millisecond) {
		now, err := c.typed.CoreV1().Pods(p.Namespace).Get(t.Context(), p.Name, metav1.GetOptions{})
		if err == nil && is(now) {
			return now
		}
		if time.Now().After(end) {
			t.Fatalf("pod %s: %v, %+v", p.Name, err, now)
		}
	}
}

func TestEvict(t *testing.T) {
	c := lively(t)
	for _, wrong := range []struct{ environment, pod, reason, want string }{
		{"", "a", "Boredom", "Evicted, Terminated"},
		{"", "nobody", "Evicted", `pod "nobody" is not in datahub-staging, datahub-production`},
		{"canary", "a", "Evicted", `pod "a" is not in datahub-canary`},
		{"moon", "a", "Evicted", "no such environment"},
	} {
		if _, err := c.Evict(t.Context(), wrong.environment, wrong.pod, wrong.reason); err == nil || !strings.Contains(err.Error(), wrong.want) {
			t.Errorf("%+v: error %v", wrong, err)
		}
	}
	pod, err := c.Evict(t.Context(), "", "pod/b", "Evicted")
	if err != nil || pod.Namespace != "datahub-canary" {
		t.Fatalf("%v, %v", pod, err)
	}
	if now := c.waits(t, pod, func(*corev1.Pod) bool { return true }); now.Status.Reason != "Evicted" || now.Status.Message == "" {
		t.Errorf("status %+v", now.Status)
	}
	if _, err := c.Evict(t.Context(), "canary", "b", "Evicted"); err == nil || !strings.Contains(err.Error(), "has ended already") {
		t.Errorf("evicted twice: %v", err)
	}
}

func TestRestart(t *testing.T) {
	c := lively(t)
	for _, wrong := range []struct{ container, cause, want string }{
		{"", "boredom", "exit, oom or liveness"}, {"nobody", "exit", "it has proxy, gateway"},
	} {
		if _, err := c.Restart(t.Context(), "staging", "a", wrong.container, kubelet.Cause(wrong.cause)); err == nil || !strings.Contains(err.Error(), wrong.want) {
			t.Errorf("%+v: error %v", wrong, err)
		}
	}
	pod, err := c.Restart(t.Context(), "staging", "a", "", kubelet.OOM)
	if err != nil {
		t.Fatal(err)
	}
	now := c.waits(t, pod, func(*corev1.Pod) bool { return true })
	proxy, gateway := now.Status.ContainerStatuses[0], now.Status.ContainerStatuses[1]
	if gateway.RestartCount != 1 || gateway.LastTerminationState.Terminated.Reason != "OOMKilled" || proxy.RestartCount != 0 {
		t.Errorf("gateway %+v, proxy %+v", gateway, proxy)
	}
	if _, err := c.Restart(t.Context(), "staging", "a", "proxy", kubelet.Exit); err != nil {
		t.Fatal(err)
	}
	if now := c.waits(t, pod, func(*corev1.Pod) bool { return true }); now.Status.ContainerStatuses[0].RestartCount != 1 || now.Status.ContainerStatuses[1].RestartCount != 1 {
		t.Errorf("%+v", now.Status.ContainerStatuses)
	}
}

func TestShutdown(t *testing.T) {
	c := lively(t)
	if _, _, err := c.Shutdown(t.Context(), "three"); err == nil || !strings.Contains(err.Error(), "one.internal, two.internal") {
		t.Errorf("error: %v", err)
	}
	node, pods, err := c.Shutdown(t.Context(), "one")
	if err != nil || node.Name != "one.internal" || pods != 1 {
		t.Fatalf("%v, %d, %v", node, pods, err)
	}
	there := func(namespace, name string) *corev1.Pod {
		return c.waits(t, &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}}, func(*corev1.Pod) bool { return true })
	}
	if a, b := there("datahub-staging", "a"), there("datahub-canary", "b"); a.Status.Reason != "Terminated" || b.Status.Phase != corev1.PodRunning {
		t.Errorf("a %+v\nb %+v", a.Status, b.Status)
	}
	limited, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond) // no kwok is here to make the node ready
	defer cancel()
	if _, err := c.StartNode(limited, "one.internal"); err == nil || !strings.Contains(err.Error(), "is not ready; is kwok stopped?") {
		t.Errorf("error: %v", err)
	}
	if now, err := c.node(t.Context(), "one"); err != nil || now.Annotations[stages.ShutdownAnnotation] != "" {
		t.Errorf("the node is still marked: %v, %v", now.Annotations, err)
	}
}
