package e2e

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
)

const staging = "datahub-staging"

func TestDisorder(t *testing.T) {
	s := up(t, "--speed", "10", "--deadline", "30s")
	t.Run("containers", func(t *testing.T) { s.on(t).severalContainers(t) })
	t.Run("policies", func(t *testing.T) { s.on(t).policies(t) })
	t.Run("quota", func(t *testing.T) { s.on(t).quota(t) })
	t.Run("settings", func(t *testing.T) { s.on(t).settings(t) })
	t.Run("gates", func(t *testing.T) { s.on(t).gates(t) })
	t.Run("pods", func(t *testing.T) { s.on(t).endedPods(t) })
	t.Run("node", func(t *testing.T) { s.on(t).shutdown(t) })
	t.Run("autoscaler", func(t *testing.T) { s.on(t).autoscaler(t) })
}

func (s *sandbox) disorder(name, environment string, flags ...string) {
	s.t.Helper()
	s.run(append([]string{"disorder", name, "--env", environment}, flags...)...)
}

func (s *sandbox) stagingDeployment(client kubernetes.Interface) *appsv1.Deployment {
	s.t.Helper()
	d, err := client.AppsV1().Deployments(staging).Get(context.Background(), deployment, metav1.GetOptions{})
	if err != nil {
		s.t.Fatal(err)
	}
	return d
}

// images sets the images of containers of staging's Deployment.
func (s *sandbox) images(client kubernetes.Interface, patch string) *appsv1.Deployment {
	s.t.Helper()
	d, err := client.AppsV1().Deployments(staging).Patch(context.Background(), deployment, types.StrategicMergePatchType,
		[]byte(`{"spec":{"template":{"spec":`+patch+`}}}`), metav1.PatchOptions{})
	if err != nil {
		s.t.Fatal(err)
	}
	return d
}

// stagingPods returns staging's pods that are not being deleted.
func (s *sandbox) stagingPods(client kubernetes.Interface) []corev1.Pod {
	all, err := client.CoreV1().Pods(staging).List(context.Background(), metav1.ListOptions{})
	if err != nil {
		return nil
	}
	return slices.DeleteFunc(all.Items, func(p corev1.Pod) bool { return p.DeletionTimestamp != nil })
}

// one waits for a pod of staging that is as described.
func (s *sandbox) one(client kubernetes.Interface, what string, is func(corev1.Pod) bool) corev1.Pod {
	s.t.Helper()
	var found corev1.Pod
	s.eventually(what, func() error {
		pods := s.stagingPods(client)
		i := slices.IndexFunc(pods, is)
		if i < 0 {
			return fmt.Errorf("none of %d pods", len(pods))
		}
		found = pods[i]
		return nil
	})
	return found
}

func statusOf(p corev1.Pod, container string) corev1.ContainerStatus {
	for _, c := range slices.Concat(p.Status.InitContainerStatuses, p.Status.ContainerStatuses) {
		if c.Name == container {
			return c
		}
	}
	return corev1.ContainerStatus{}
}

func waits(c corev1.ContainerStatus, reason string) bool {
	return c.State.Waiting != nil && c.State.Waiting.Reason == reason
}

// severalContainers checks that each container follows its own tag, and has a log of its own.
func (s *sandbox) severalContainers(t *testing.T) {
	client := s.as("admin.kubeconfig")
	for _, name := range []string{"sidecars", "init", "worker"} {
		s.disorder(name, "staging")
	}
	good := s.one(client, "a pod with all containers ready", func(p corev1.Pod) bool {
		return statusOf(p, "gateway").Ready && statusOf(p, "proxy").Ready && statusOf(p, "worker").Ready && statusOf(p, "log-shipper").Ready
	})
	if end := statusOf(good, "migrate").State.Terminated; end == nil || end.Reason != "Completed" {
		t.Errorf("migrate: %+v", statusOf(good, "migrate"))
	}
	logs := map[string]string{}
	for _, c := range []string{"gateway", "worker", "migrate", "proxy", "log-shipper"} {
		data, err := client.CoreV1().Pods(staging).GetLogs(good.Name, &corev1.PodLogOptions{Container: c}).DoRaw(context.Background())
		if err != nil || len(data) == 0 {
			t.Errorf("log of %s: %q, %v", c, data, err)
		}
		logs[c] = string(data)
	}
	if !strings.Contains(logs["gateway"], "gateway v2.4.0 starting") || !strings.Contains(logs["proxy"], "proxyv2 1.31.1 starting") || logs["gateway"] == logs["worker"] {
		t.Errorf("logs %q", logs)
	}
	s.images(client, `{"containers":[{"name":"proxy","image":"docker.io/istio/proxyv2:1.31.2-crash"}]}`)
	s.one(client, "a crashing proxy beside a good gateway", func(p corev1.Pod) bool {
		return waits(statusOf(p, "proxy"), "CrashLoopBackOff") && statusOf(p, "gateway").Ready && statusOf(p, "gateway").RestartCount == 0
	})
	s.images(client, `{"containers":[{"name":"proxy","image":"docker.io/istio/proxyv2:1.31.1"}],"initContainers":[{"name":"migrate","image":"`+image+`:v2.5.0-crash"}]}`)
	s.one(client, "a crashing init container, and a gateway that waits for it", func(p corev1.Pod) bool {
		return waits(statusOf(p, "migrate"), "CrashLoopBackOff") && waits(statusOf(p, "gateway"), "PodInitializing")
	})
	s.images(client, `{"containers":[{"name":"gateway","image":"`+image+`:v2.5.0-stumble"}],"initContainers":[{"name":"migrate","image":"`+image+`:v2.5.0"}]}`)
	s.one(client, "a gateway that stumbled once", func(p corev1.Pod) bool {
		c := statusOf(p, "gateway")
		return c.Ready && c.RestartCount == 1 && c.LastTerminationState.Terminated.ExitCode == 1
	})
	s.images(client, `{"containers":[{"name":"gateway","image":"`+image+`:v2.4.0"}]}`)
	for _, name := range []string{"sidecars", "init", "worker"} {
		s.disorder(name, "staging", "--undo")
	}
	if spec := s.stagingDeployment(client).Spec.Template.Spec; len(spec.Containers) != 1 || len(spec.InitContainers) != 0 {
		t.Errorf("left behind: %+v", spec)
	}
}

// policies checks that images are rewritten as they are written, and no longer once a policy is off.
func (s *sandbox) policies(t *testing.T) {
	client := s.as("admin.kubeconfig")
	gateway := func(d *appsv1.Deployment) string { return d.Spec.Template.Spec.Containers[0].Image }
	for name, want := range map[string]string{
		"pin-digests":     image + ":v2.5.0@sha256:0123456789abcdef",
		"mirror-registry": "mirror.datahub.internal/datahub-gateway:v2.5.0",
	} {
		s.disorder(name, "staging")
		if got := gateway(s.images(client, `{"containers":[{"name":"gateway","image":"`+image+`:v2.5.0"}]}`)); !strings.HasPrefix(got, want) {
			t.Errorf("%s: the image is %s, want %s…", name, got, want)
		}
		s.disorder(name, "staging", "--undo")
		if got := gateway(s.images(client, `{"containers":[{"name":"gateway","image":"`+image+`:v2.4.0"}]}`)); got != image+":v2.4.0" {
			t.Errorf("%s is off: the image is %s", name, got)
		}
	}
}

// quota checks that there is not one pod more.
func (s *sandbox) quota(t *testing.T) {
	client := s.as("admin.kubeconfig")
	s.disorder("quota", "staging")
	if _, err := client.AppsV1().Deployments(staging).Patch(context.Background(), deployment, types.MergePatchType, []byte(`{"spec":{"replicas":7}}`), metav1.PatchOptions{}); err != nil {
		t.Fatal(err)
	}
	s.eventually("a pod that the quota refuses", func() error {
		for _, c := range s.stagingDeployment(client).Status.Conditions {
			if c.Type == appsv1.DeploymentReplicaFailure && strings.Contains(c.Message, "exceeded quota") {
				return nil
			}
		}
		return fmt.Errorf("no ReplicaFailure")
	})
	if _, err := client.AppsV1().Deployments(staging).Patch(context.Background(), deployment, types.MergePatchType, []byte(`{"spec":{"replicas":6}}`), metav1.PatchOptions{}); err != nil {
		t.Fatal(err)
	}
	s.disorder("quota", "staging", "--undo")
}

// settings checks the disorders of which the API server and the controllers make the most.
func (s *sandbox) settings(t *testing.T) {
	client := s.as("admin.kubeconfig")
	for _, name := range []string{"no-history", "recreate", "no-limits"} {
		s.disorder(name, "staging")
	}
	d := s.stagingDeployment(client)
	if *d.Spec.RevisionHistoryLimit != 0 || d.Spec.Strategy.Type != appsv1.RecreateDeploymentStrategyType || len(d.Spec.Template.Spec.Containers[0].Resources.Limits) != 0 {
		t.Errorf("spec %+v", d.Spec)
	}
	s.eventually("no revision but the one that runs", func() error {
		sets, err := client.AppsV1().ReplicaSets(staging).List(context.Background(), metav1.ListOptions{})
		if err == nil && len(sets.Items) != 1 {
			return fmt.Errorf("%d ReplicaSets", len(sets.Items))
		}
		return err
	})
	s.disorder("limit-range", "staging")
	s.images(client, `{"containers":[{"name":"gateway","image":"`+image+`:v2.4.1"}]}`)
	s.one(client, "a pod with a limit that its template lacks", func(p corev1.Pod) bool {
		return strings.HasSuffix(p.Spec.Containers[0].Image, ":v2.4.1") && p.Spec.Containers[0].Resources.Limits.Cpu().String() == "2"
	})
	for _, name := range []string{"limit-range", "no-history", "recreate", "no-limits"} {
		s.disorder(name, "staging", "--undo")
	}
}

// gates checks that pods wait for their readiness gates, and that a long grace period keeps them.
func (s *sandbox) gates(t *testing.T) {
	client := s.as("admin.kubeconfig")
	s.disorder("readiness-gate", "staging")
	s.disorder("long-grace", "staging")
	s.disorder("stuck-gate", "staging")
	s.one(client, "a pod that waits for its gate", func(p corev1.Pod) bool {
		return slices.ContainsFunc(p.Status.Conditions, func(c corev1.PodCondition) bool {
			return c.Type == corev1.PodReady && c.Reason == "ReadinessGatesNotReady"
		})
	})
	for _, name := range []string{"stuck-gate", "long-grace"} {
		s.disorder(name, "staging", "--undo")
	}
}

// endedPods checks that a pod is evicted and replaced, and that a container is restarted once.
func (s *sandbox) endedPods(t *testing.T) {
	client := s.as("admin.kubeconfig")
	pods := s.stagingPods(client)
	s.run("evict", "pod/"+pods[0].Name, "--env", "staging")
	evicted := s.one(client, "the evicted pod", func(p corev1.Pod) bool { return p.Name == pods[0].Name })
	if evicted.Status.Phase != corev1.PodFailed || evicted.Status.Reason != "Evicted" {
		t.Errorf("evicted: %+v", evicted.Status)
	}
	s.eventually("another pod in its place", func() error {
		if st := s.stagingDeployment(client).Status; st.AvailableReplicas != 6 {
			return fmt.Errorf("%d available", st.AvailableReplicas)
		}
		return nil
	})
	s.run("restart", pods[1].Name, "--cause", "liveness")
	restarted := s.one(client, "the restarted pod", func(p corev1.Pod) bool { return p.Name == pods[1].Name && statusOf(p, "gateway").Ready })
	if c := statusOf(restarted, "gateway"); c.RestartCount != 1 || c.LastTerminationState.Terminated.ExitCode != 137 {
		t.Errorf("restarted: %+v", c)
	}
	s.eventually("the event of a liveness kill", func() error {
		events, err := client.CoreV1().Events(staging).List(context.Background(), metav1.ListOptions{FieldSelector: "reason=Killing,involvedObject.name=" + pods[1].Name})
		if err == nil && !slices.ContainsFunc(events.Items, func(e corev1.Event) bool { return strings.Contains(e.Message, "failed liveness probe") }) {
			return fmt.Errorf("%d events", len(events.Items))
		}
		return err
	})
	out, err := exec.Command(os.Getenv("SANDBOX_BIN"), "evict", "nobody", "--dir", s.dir).CombinedOutput()
	if err == nil || !strings.Contains(string(out), `pod "nobody" is not in`) {
		t.Errorf("a pod that is not there: %v, %s", err, out)
	}
}

// shutdown shuts a node down and starts it again.
func (s *sandbox) shutdown(t *testing.T) {
	client := s.as("admin.kubeconfig")
	node := s.one(client, "a running pod", func(p corev1.Pod) bool { return p.Status.Phase == corev1.PodRunning }).Spec.NodeName
	name, _, _ := strings.Cut(node, ".")
	s.run("node", "shutdown", name)
	s.eventually("all pods elsewhere", func() error {
		pods := slices.DeleteFunc(s.stagingPods(client), func(p corev1.Pod) bool { return !statusOf(p, "gateway").Ready })
		if here := slices.ContainsFunc(pods, func(p corev1.Pod) bool { return p.Spec.NodeName == node }); here || len(pods) != 6 {
			return fmt.Errorf("%d pods, on the node: %v", len(pods), here)
		}
		return nil
	})
	s.run("node", "start", name)
	got, err := client.CoreV1().Nodes().Get(context.Background(), node, metav1.GetOptions{})
	if err != nil || !slices.ContainsFunc(got.Status.Conditions, func(c corev1.NodeCondition) bool {
		return c.Type == corev1.NodeReady && c.Status == corev1.ConditionTrue
	}) {
		t.Errorf("the node: %+v, %v", got.Status.Conditions, err)
	}
}

// autoscaler checks that an idle stable shrinks: all of its traffic goes to a canary without pods.
func (s *sandbox) autoscaler(t *testing.T) {
	client := s.as("admin.kubeconfig")
	s.disorder("hpa", "canary")
	if err := s.shift("admin.kubeconfig", splits[0], 0, 100); err != nil {
		t.Fatal(err)
	}
	s.eventually("an idle stable of one pod", func() error {
		d, err := client.AppsV1().Deployments("datahub-canary").Get(context.Background(), "datahub-gateway-stable", metav1.GetOptions{})
		if err == nil && *d.Spec.Replicas > 2 {
			return fmt.Errorf("%d pods", *d.Spec.Replicas)
		}
		return err
	})
	if err := s.shift("admin.kubeconfig", splits[0], 100, 0); err != nil {
		t.Fatal(err)
	}
	s.eventually("a busy stable that grows again", func() error {
		d, err := client.AppsV1().Deployments("datahub-canary").Get(context.Background(), "datahub-gateway-stable", metav1.GetOptions{})
		if err == nil && *d.Spec.Replicas < 5 {
			return fmt.Errorf("%d pods", *d.Spec.Replicas)
		}
		return err
	})
	s.disorder("hpa", "canary", "--undo")
}
