package kube

import (
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"datahub.io/slipway/release"
)

// withSidecar gives every pod and template of the objects a native sidecar.
func withSidecar(o objects, image string) {
	always := corev1.ContainerRestartPolicyAlways
	add := func(spec *corev1.PodSpec) {
		spec.InitContainers = append(spec.InitContainers, corev1.Container{
			Name: "proxy", Image: image, RestartPolicy: &always,
			Resources: corev1.ResourceRequirements{Limits: corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("250m"), corev1.ResourceMemory: resource.MustParse("64Mi")}},
		})
	}
	add(&o.Deployment.Spec.Template.Spec)
	for _, rs := range o.ReplicaSets {
		add(&rs.Spec.Template.Spec)
	}
	for _, p := range o.Pods {
		add(&p.Spec)
		p.Status.InitContainerStatuses = append(p.Status.InitContainerStatuses, corev1.ContainerStatus{
			Name: "proxy", Ready: true, State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{}},
		})
	}
}

// kept are the objects as the watches keep them.
func kept(t *testing.T, o objects) objects {
	t.Helper()
	for i, p := range o.Pods {
		small, ok := keepPod(p)
		if !ok {
			t.Fatalf("pod %s is not kept", p.Name)
		}
		o.Pods[i] = small
	}
	return o
}

// crashing has the sidecar of a pod end a moment ago; its released container is well.
func crashing(p *corev1.Pod, now time.Time) {
	end := &corev1.ContainerStateTerminated{ExitCode: 137, Reason: "Error", FinishedAt: metav1.NewTime(now.Add(-5 * time.Second))}
	s := &p.Status.InitContainerStatuses[len(p.Status.InitContainerStatuses)-1]
	s.Ready, s.RestartCount = false, 3
	s.State = corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "CrashLoopBackOff"}}
	s.LastTerminationState = corev1.ContainerState{Terminated: end}
	p.Status.Conditions = []corev1.PodCondition{
		{Type: corev1.PodInitialized, Status: corev1.ConditionTrue},
		{Type: corev1.PodReady, Status: corev1.ConditionFalse, LastTransitionTime: end.FinishedAt},
	}
}

var sidecarNow = time.Date(2026, 11, 23, 6, 40, 40, 0, time.UTC)

func sidecarObjects(t *testing.T, image string) objects {
	t.Helper()
	o := load(t, "gateway")
	o.Namespace, o.Name, o.Container = "datahub-production", "datahub-gateway", "gateway"
	withSidecar(o, image)
	return o
}

// A sidecar that crashes is the cause, by its name and with its own last line.
func TestCrashingSidecarIsNamed(t *testing.T) {
	o := sidecarObjects(t, "envoy:v1")
	crashing(o.Pods[0], sidecarNow)
	o = kept(t, o)
	refs := crashes(judgePods(o, ownedReplicaSets(o.Deployment, o.ReplicaSets), "gateway", sidecarNow))
	if len(refs) != 1 || refs[0].Container != "proxy" {
		t.Fatalf("last words of %v", refs)
	}
	o.LastLines = map[crashed]string{refs[0].crashed: "no route to the control plane"}
	w := buildWorkload(o, sidecarNow)
	if len(w.Causes) != 1 || w.Causes[0].Reason != "CrashLoopBackOff of proxy, exit 137" || w.Causes[0].Text != "no route to the control plane" {
		t.Errorf("%+v", w.Causes)
	}
	p := w.Pods[0]
	if p.State != release.PodFailing || p.Reason != "CrashLoopBackOff of proxy" || p.Ready != 1 || p.Total != 2 || p.Restarts != 3 {
		t.Errorf("%+v", p)
	}
	if !p.Own.Last.IsZero() {
		t.Errorf("the sidecar's restarts are taken for the version's: %+v", p.Own)
	}

	// Once it is back, its restart is told of it too.
	s := &o.Pods[0].Status.InitContainerStatuses[0]
	s.Ready, s.State = true, corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: metav1.NewTime(sidecarNow)}}
	o.Pods[0].Status.Conditions[1].Status = corev1.ConditionTrue
	w = buildWorkload(o, sidecarNow)
	if len(w.Causes) != 1 || w.Causes[0].Reason != "proxy restarted after Error, exit 137" || !w.Causes[0].Over {
		t.Errorf("%+v", w.Causes)
	}
}

// The log that is followed is that of the container that fails.
func TestLogOfTheContainerThatFails(t *testing.T) {
	o := sidecarObjects(t, "envoy:v1")
	p := o.Pods[0]
	if got := speaking(p, "gateway"); got != "gateway" {
		t.Errorf("nothing fails: %s", got)
	}
	crashing(p, sidecarNow)
	if got := speaking(p, "gateway"); got != "proxy" {
		t.Errorf("the sidecar fails: %s", got)
	}
	for i := range p.Status.ContainerStatuses {
		s := &p.Status.ContainerStatuses[i]
		s.Ready, s.State = false, corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "CrashLoopBackOff"}}
		s.LastTerminationState = corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{ExitCode: 1}}
	}
	if got := speaking(p, "gateway"); got != "gateway" {
		t.Errorf("both fail: %s", got)
	}
}

// A native sidecar can be the released container: its image, limits and restarts count.
func TestNativeSidecarIsReleased(t *testing.T) {
	o := sidecarObjects(t, "registry/proxy:v7")
	o.Container = "proxy"
	crashing(o.Pods[0], sidecarNow)
	w := buildWorkload(kept(t, o), sidecarNow)
	if v := w.Version("proxy"); v != "v7" {
		t.Errorf("runs %q", v)
	}
	if current, _ := w.Current(); current.Version != "v7" {
		t.Errorf("revision %+v", current)
	}
	i := len(w.Init) - 1
	if w.Init[i].CPU != 0.25 || w.Init[i].Memory != 64<<20 {
		t.Errorf("limits %+v", w.Init[i])
	}
	if w.Pods[0].Own.Count != 3 || w.Pods[0].Version != "v7" || w.Causes[0].Reason != "CrashLoopBackOff, exit 137" {
		t.Errorf("%+v %+v", w.Pods[0], w.Causes)
	}
	if now, ok := instance(o.Pods[0], "proxy"); !ok || !now.previous || now.restart != 2 {
		t.Errorf("log of %+v %v", now, ok)
	}
}
