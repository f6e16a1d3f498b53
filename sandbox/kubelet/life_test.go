package kubelet

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

const repository = "registry/datahub-gateway:"

// body is a pod that lives on a clock of its own.
type body struct {
	*testing.T
	life    Life
	pod     *corev1.Pod
	node    Node
	seen    Memory
	now     time.Time
	story   []string // how the pod was, each time that this changed
	events  []string
	deleted bool
}

func born(t *testing.T, containers ...corev1.Container) *body {
	return &body{
		T: t, life: Life{1}, now: noon,
		node: Node{IP: "127.0.0.1", PodIP: func(types.UID) string { return "10.244.0.1" }},
		pod: &corev1.Pod{
			ObjectMeta: metav1.ObjectMeta{Name: "a", Namespace: "ns", UID: "u"},
			Spec:       corev1.PodSpec{Containers: containers, RestartPolicy: corev1.RestartPolicyAlways},
		},
	}
}

func plain(name, tag string) corev1.Container {
	return corev1.Container{Name: name, Image: repository + tag}
}

// probed is a container with probes as the deployment process has them.
func probed(name, tag string) corev1.Container {
	c := plain(name, tag)
	c.ReadinessProbe = &corev1.Probe{InitialDelaySeconds: 10, PeriodSeconds: 5}
	c.LivenessProbe = &corev1.Probe{InitialDelaySeconds: 30, PeriodSeconds: 10}
	return c
}

// native is a native sidecar.
func native(c corev1.Container) corev1.Container {
	always := corev1.ContainerRestartPolicyAlways
	c.RestartPolicy = &always
	return c
}

// lives lets time pass, from one thing that happens to the next.
func (b *body) lives(span time.Duration) *body {
	end := b.now.Add(span)
	for range 10000 {
		out := b.life.Advance(b.pod, b.node, &b.seen, b.now)
		b.pod.Status = out.Status
		for _, e := range out.Events {
			b.events = append(b.events, e.Reason+" "+e.Message)
		}
		if s := b.state(); len(b.story) == 0 || b.story[len(b.story)-1] != s {
			b.story = append(b.story, s)
		}
		if out.Delete {
			b.deleted = true
			return b
		}
		if out.Next.IsZero() || out.Next.After(end) {
			b.now = end
			return b
		}
		if !out.Next.After(b.now) {
			b.Fatalf("time stands still at %s: %s", b.now, b.state())
		}
		b.now = out.Next
	}
	b.Fatal("too much happens")
	return b
}

// state is the pod as kubectl would tell it, in one line.
func (b *body) state() string {
	var out []string
	for _, c := range containerStatuses(b.pod) {
		what := "?"
		switch s := c.State; {
		case s.Waiting != nil:
			what = s.Waiting.Reason
		case s.Running != nil && c.Ready:
			what = "ready"
		case s.Running != nil && c.Started != nil && *c.Started:
			what = "runs"
		case s.Running != nil:
			what = "starts"
		case s.Terminated != nil:
			what = s.Terminated.Reason
		}
		if c.RestartCount > 0 {
			what += fmt.Sprintf("(%d)", c.RestartCount)
		}
		out = append(out, c.Name+" "+what)
	}
	phase := string(b.pod.Status.Phase)
	if ready(b.pod) {
		phase = "Ready"
	}
	return phase + ": " + strings.Join(out, ", ")
}

// tells checks that the pod was in these states, in this order. Others may lie between them.
func (b *body) tells(want ...string) *body {
	b.Helper()
	rest := b.story
	for _, w := range want {
		i := slices.Index(rest, w)
		if i < 0 {
			b.Errorf("the pod was never, or not in this order, %q; it was\n  %s", w, strings.Join(b.story, "\n  "))
			return b
		}
		rest = rest[i+1:]
	}
	return b
}

func TestGoodPodBecomesReady(t *testing.T) {
	b := born(t, probed("gateway", "v2.5.0")).lives(time.Hour)
	if want := []string{": ", "Pending: gateway ContainerCreating", "Running: gateway runs", "Ready: gateway ready"}; !slices.Equal(b.story, want) {
		t.Errorf("it was %q, want %q", b.story, want)
	}
	c := b.pod.Status.ContainerStatuses[0]
	if took := b.pod.Status.Conditions[slices.IndexFunc(b.pod.Status.Conditions, func(c corev1.PodCondition) bool { return c.Type == corev1.PodReady })].
		LastTransitionTime.Sub(c.State.Running.StartedAt.Time); took < 9*time.Second || took > 16*time.Second {
		t.Errorf("ready %s after its start, want one of 10 to 15 s", took)
	}
	if b.pod.Status.PodIP == "" || b.pod.Status.HostIP != "127.0.0.1" || !strings.HasPrefix(c.ImageID, "registry/datahub-gateway@sha256:") {
		t.Errorf("status %+v", b.pod.Status)
	}
}

func TestSpeedDividesDelays(t *testing.T) {
	slow, fast := born(t, probed("gateway", "v2.5.0")), born(t, probed("gateway", "v2.5.0"))
	fast.life.Speed = 10
	if fast.lives(2 * time.Second); fast.state() != "Ready: gateway ready" {
		t.Errorf("at speed 10: %s", fast.state())
	}
	if slow.lives(9 * time.Second); slow.state() != "Running: gateway runs" {
		t.Errorf("at speed 1: %s", slow.state())
	}
}

func TestEachContainerBehavesAsItsOwnTag(t *testing.T) {
	born(t, probed("gateway", "v2.5.0"), probed("worker", "v2.5.0-crash")).lives(time.Minute).tells(
		"Pending: gateway ContainerCreating, worker ContainerCreating",
		"Running: gateway ready, worker CrashLoopBackOff(1)",
		"Running: gateway ready, worker CrashLoopBackOff(2)",
	)
	born(t, probed("gateway", "v2.5.0-unready"), plain("proxy", "1.31")).lives(time.Minute).tells("Running: gateway runs, proxy ready")
	born(t, probed("gateway", "v2.5.0"), plain("proxy", "1.31-missing")).lives(time.Minute).tells(
		"Pending: gateway ready, proxy ErrImagePull", "Pending: gateway ready, proxy ImagePullBackOff", "Pending: gateway ready, proxy ErrImagePull",
	)
	b := born(t, probed("gateway", "v2.5.0"), probed("worker", "v2.5.0-leak")).lives(4 * time.Minute)
	b.tells("Ready: gateway ready, worker ready", "Running: gateway ready, worker OOMKilled", "Ready: gateway ready, worker ready(1)")
	if c := b.pod.Status.ContainerStatuses[0]; c.RestartCount != 0 {
		t.Errorf("the other container restarted too: %+v", c)
	}
}

func TestInitContainersComeFirst(t *testing.T) {
	b := born(t, probed("gateway", "v2.5.0"))
	b.pod.Spec.InitContainers = []corev1.Container{plain("migrate", "v2.5.0"), native(plain("shipper", "v1")), plain("warm", "v1")}
	b.lives(time.Minute).tells(
		"Pending: migrate PodInitializing, shipper PodInitializing, warm PodInitializing, gateway PodInitializing",
		"Pending: migrate runs, shipper PodInitializing, warm PodInitializing, gateway PodInitializing",
		"Pending: migrate Completed, shipper PodInitializing, warm PodInitializing, gateway PodInitializing",
		"Pending: migrate Completed, shipper ready, warm PodInitializing, gateway PodInitializing",
		"Pending: migrate Completed, shipper ready, warm Completed, gateway PodInitializing",
		"Running: migrate Completed, shipper ready, warm Completed, gateway runs",
		"Ready: migrate Completed, shipper ready, warm Completed, gateway ready",
	)
	if c := b.pod.Status.InitContainerStatuses[0]; !c.Ready || c.State.Terminated.ExitCode != 0 {
		t.Errorf("a completed init container is %+v", c)
	}
	crash := born(t, probed("gateway", "v2.5.0"))
	crash.pod.Spec.InitContainers = []corev1.Container{plain("migrate", "v2.5.0-crash")}
	crash.lives(time.Minute).tells("Pending: migrate Error, gateway PodInitializing", "Pending: migrate CrashLoopBackOff(1), gateway PodInitializing")
	missing := born(t, probed("gateway", "v2.5.0"))
	missing.pod.Spec.InitContainers = []corev1.Container{plain("migrate", "v2.5.0-missing")}
	missing.lives(time.Minute).tells("Pending: migrate ImagePullBackOff, gateway PodInitializing")
	stumble := born(t, probed("gateway", "v2.5.0"))
	stumble.pod.Spec.InitContainers = []corev1.Container{plain("migrate", "v2.5.0-stumble")}
	stumble.lives(time.Minute).tells("Pending: migrate Error, gateway PodInitializing", "Ready: migrate Completed(1), gateway ready")
	for _, b := range []*body{crash, missing} {
		if slices.ContainsFunc(b.story, func(s string) bool { return strings.Contains(s, "gateway runs") }) {
			t.Errorf("the gateway started before its init container had completed: %q", b.story)
		}
	}
}

func TestNativeSidecarIsRestartedAndCountsForReadiness(t *testing.T) {
	b := born(t, probed("gateway", "v2.5.0"))
	b.pod.Spec.InitContainers = []corev1.Container{native(probed("proxy", "v1-leak"))}
	b.lives(5*time.Minute).tells(
		"Ready: proxy ready, gateway ready",
		"Running: proxy OOMKilled, gateway ready",
		"Running: proxy runs(1), gateway ready",
		"Ready: proxy ready(1), gateway ready",
	)
	late := born(t, plain("gateway", "v2.5.0"))
	proxy := native(plain("proxy", "v1"))
	proxy.StartupProbe = &corev1.Probe{InitialDelaySeconds: 20, PeriodSeconds: 1}
	late.pod.Spec.InitContainers = []corev1.Container{proxy}
	late.lives(time.Minute).tells("Pending: proxy starts, gateway PodInitializing", "Pending: proxy ready, gateway PodInitializing", "Ready: proxy ready, gateway ready")
}

func TestStumbleRestartsOnce(t *testing.T) {
	b := born(t, probed("gateway", "v2.5.0-stumble")).lives(time.Hour)
	b.tells("Running: gateway runs", "Running: gateway Error", "Running: gateway runs(1)", "Ready: gateway ready(1)")
	if b.state() != "Ready: gateway ready(1)" {
		t.Errorf("an hour later it is %q", b.state())
	}
}

func TestHangIsKilledByItsLivenessProbe(t *testing.T) {
	b := born(t, probed("gateway", "v2.5.0-hang")).lives(3 * time.Minute)
	b.tells("Ready: gateway ready", "Running: gateway runs", "Running: gateway Error", "Running: gateway runs(1)", "Ready: gateway ready(1)")
	if log := strings.Join(b.events, "\n"); !strings.Contains(log, "Unhealthy Liveness probe failed") ||
		!strings.Contains(log, "Killing Container gateway failed liveness probe, will be restarted") {
		t.Errorf("events:\n%s", log)
	}
	unprobed := born(t, plain("gateway", "v2.5.0-hang")).lives(time.Hour)
	if unprobed.state() != "Ready: gateway ready" {
		t.Errorf("without probes nobody sees it hang: %s", unprobed.state())
	}
}

func TestUnreadyComplainsEachTimeThatItIsAsked(t *testing.T) {
	b := born(t, probed("gateway", "v2.5.0-unready")).lives(time.Minute)
	if n := len(b.events); n < 9 || n > 12 || b.events[0] != "Unhealthy Readiness probe failed: HTTP probe failed with statuscode: 503" {
		t.Errorf("%d events in a minute, first %q", n, b.events)
	}
	fast := born(t, probed("gateway", "v2.5.0-unready"))
	fast.life.Speed = 100
	if n := len(fast.lives(10 * time.Second).events); n > 10 {
		t.Errorf("%d events in 10 s: the API tells no two of one second apart", n)
	}
}

func TestBackOffGrowsAndIsForgotten(t *testing.T) {
	crash := born(t, probed("gateway", "v2.5.0-crash")).lives(20 * time.Minute)
	var waits []string
	for _, s := range crash.story {
		if strings.Contains(s, "CrashLoopBackOff") {
			waits = append(waits, s)
		}
	}
	if len(waits) != 8 { // 10, 20, 40, 80, 160 s, and every 5 minutes from then on
		t.Errorf("in 20 minutes it backed off %d times: %q", len(waits), waits)
	}
	b := born(t, probed("gateway", "v2.5.0")).lives(time.Minute)
	for n := range 3 { // killed every 20 minutes, it is restarted at once
		b.lives(20*time.Minute).kill("gateway", Exit)
		b.lives(5 * time.Second).tells(fmt.Sprintf("Running: gateway runs(%d)", n+1))
	}
}

// kill asks for the end of the run of a container.
func (b *body) kill(container string, cause Cause) {
	value, err := json.Marshal(Kill{container, status(b.pod, container).RestartCount, cause})
	if err != nil {
		b.Fatal(err)
	}
	b.pod.Annotations = map[string]string{KillAnnotation: string(value)}
}

func TestKillEndsOneRunOfOneContainer(t *testing.T) {
	for cause, want := range map[Cause]corev1.ContainerStateTerminated{
		Exit: {ExitCode: 1, Reason: "Error"}, OOM: {ExitCode: 137, Reason: "OOMKilled"}, Liveness: {ExitCode: 137, Reason: "Error"},
	} {
		b := born(t, probed("gateway", "v2.5.0"), plain("proxy", "v1")).lives(time.Minute)
		b.kill("gateway", cause)
		b.lives(time.Hour)
		c, other := b.pod.Status.ContainerStatuses[0], b.pod.Status.ContainerStatuses[1]
		last := c.LastTerminationState.Terminated
		if b.state() != "Ready: gateway ready(1), proxy ready" || last == nil || last.ExitCode != want.ExitCode || last.Reason != want.Reason || other.RestartCount != 0 {
			t.Errorf("%s: %s, last state %+v", cause, b.state(), last)
		}
		if killed := slices.ContainsFunc(b.events, func(e string) bool { return strings.HasPrefix(e, "Killing") }); killed != (cause == Liveness) {
			t.Errorf("%s: events %q", cause, b.events)
		}
	}
}

func TestReadinessGates(t *testing.T) {
	gated := func(gate corev1.PodConditionType) *body {
		b := born(t, probed("gateway", "v2.5.0"))
		b.pod.Spec.ReadinessGates = []corev1.PodReadinessGate{{ConditionType: gate}}
		return b
	}
	gated(TargetGate).lives(time.Minute).tells("Running: gateway ready", "Ready: gateway ready")
	stuck := gated(StuckGate).lives(time.Hour)
	condition := stuck.pod.Status.Conditions[slices.IndexFunc(stuck.pod.Status.Conditions, func(c corev1.PodCondition) bool { return c.Type == corev1.PodReady })]
	if condition.Status != corev1.ConditionFalse || condition.Reason != "ReadinessGatesNotReady" || !strings.Contains(condition.Message, StuckGate) {
		t.Errorf("ready: %+v", condition)
	}
	// Somebody else's gate: the pod follows the condition that they set, and take back.
	others := gated("example.com/mine").lives(time.Minute)
	for _, c := range []struct {
		status corev1.ConditionStatus
		want   string
	}{{corev1.ConditionTrue, "Ready: gateway ready"}, {corev1.ConditionFalse, "Running: gateway ready"}} {
		others.pod.Status.Conditions = append(slices.DeleteFunc(others.pod.Status.Conditions, func(c corev1.PodCondition) bool { return c.Type == "example.com/mine" }),
			corev1.PodCondition{Type: "example.com/mine", Status: c.status})
		if others.lives(time.Second); others.state() != c.want {
			t.Errorf("gate %s: %s, want %s", c.status, others.state(), c.want)
		}
	}
}

func TestDeletedPodDrains(t *testing.T) {
	deleted := func(grace int64, sleep int64) time.Duration {
		b := born(t, probed("gateway", "v2.5.0"))
		if sleep > 0 {
			b.pod.Spec.Containers[0].Lifecycle = &corev1.Lifecycle{PreStop: &corev1.LifecycleHandler{Sleep: &corev1.SleepAction{Seconds: sleep}}}
		}
		b.lives(time.Minute)
		began := b.now
		b.pod.DeletionTimestamp, b.pod.DeletionGracePeriodSeconds = &metav1.Time{Time: b.now.Add(time.Duration(grace) * time.Second)}, &grace
		b.lives(time.Hour).tells("Ready: gateway ready", "Running: gateway runs")
		if !b.deleted {
			t.Errorf("grace %d: still there after an hour: %s", grace, b.state())
		}
		return b.now.Sub(began).Round(time.Second)
	}
	for _, c := range []struct {
		grace, sleep int64
		want         time.Duration
	}{{30, 0, 5 * time.Second}, {300, 60, 65 * time.Second}, {20, 60, 20 * time.Second}, {2, 0, 2 * time.Second}} {
		if got := deleted(c.grace, c.sleep); got != c.want {
			t.Errorf("grace %d, sleep %d: gone after %s, want %s", c.grace, c.sleep, got, c.want)
		}
	}
}

func TestEndings(t *testing.T) {
	for _, e := range Endings {
		b := born(t, probed("gateway", "v2.5.0"), plain("proxy", "v1")).lives(time.Minute)
		b.pod.Annotations = map[string]string{EndAnnotation: e.Reason}
		b.lives(time.Hour)
		s := b.pod.Status
		if s.Phase != corev1.PodFailed || s.Reason != e.Reason || s.Message != e.Message || ready(b.pod) || running(b.pod) || b.deleted {
			t.Errorf("%s: %s, %+v", e.Reason, b.state(), s)
		}
		disrupted := slices.ContainsFunc(s.Conditions, func(c corev1.PodCondition) bool {
			return c.Type == corev1.DisruptionTarget && c.Status == corev1.ConditionTrue
		})
		if disrupted != e.Disrupts {
			t.Errorf("%s: DisruptionTarget %v", e.Reason, disrupted)
		}
	}
}

func TestNodeThatShutsDown(t *testing.T) {
	b := born(t, probed("gateway", "v2.5.0")).lives(time.Minute)
	b.node.Down = true
	if b.lives(time.Minute); b.pod.Status.Phase != corev1.PodFailed || b.pod.Status.Reason != "Terminated" {
		t.Errorf("a running pod: %+v", b.pod.Status)
	}
	late := born(t, probed("gateway", "v2.5.0"))
	late.node.Down = true
	if late.lives(time.Minute); late.pod.Status.Phase != corev1.PodFailed || late.pod.Status.Reason != "NodeShutdown" {
		t.Errorf("a pod that comes later: %+v", late.pod.Status)
	}
	b.node.Down = false
	if b.lives(time.Minute); b.pod.Status.Phase != corev1.PodFailed {
		t.Errorf("the node is back, and with it %s", b.state())
	}
}

func TestPodThatRunsToItsEnd(t *testing.T) {
	job := func(tag string, policy corev1.RestartPolicy) *body {
		b := born(t, plain("migrate", tag))
		b.pod.Spec.RestartPolicy = policy
		b.pod.Spec.InitContainers = []corev1.Container{native(plain("proxy", "v1"))}
		return b.lives(2 * time.Minute)
	}
	for _, c := range []struct {
		tag    string
		policy corev1.RestartPolicy
		want   string
	}{
		{"v2.5.0", corev1.RestartPolicyNever, "Succeeded: proxy Error, migrate Completed"},
		{"v2.5.0", corev1.RestartPolicyOnFailure, "Succeeded: proxy Error, migrate Completed"},
		{"v2.5.0-crash", corev1.RestartPolicyNever, "Failed: proxy Error, migrate Error"},
		{"v2.5.0-stumble", corev1.RestartPolicyOnFailure, "Succeeded: proxy Error, migrate Completed(1)"},
	} {
		if b := job(c.tag, c.policy); b.state() != c.want {
			t.Errorf("%s, %s: %s, want %s\n  %s", c.tag, c.policy, b.state(), c.want, strings.Join(b.story, "\n  "))
		}
	}
}

func TestSettledPodHasRunSinceThen(t *testing.T) {
	b := born(t, probed("gateway", "v2.5.0"), plain("proxy", "v1"))
	b.pod.Spec.InitContainers = []corev1.Container{plain("migrate", "v2.5.0")}
	since := noon.Add(-27 * time.Hour)
	b.pod.Annotations = map[string]string{SettledAnnotation: since.Format(time.RFC3339)}
	b.lives(0)
	if started := b.pod.Status.ContainerStatuses[0].State.Running; b.state() != "Ready: migrate Completed, gateway ready, proxy ready" || !started.StartedAt.Time.Equal(since) {
		t.Errorf("%s, since %v", b.state(), started)
	}
}

// What others write into a status by hand stays as it is as long as nothing is due.
func TestStatusWrittenByHandIsKept(t *testing.T) {
	b := born(t, probed("gateway", "v2.5.0")).lives(time.Minute)
	c := &b.pod.Status.ContainerStatuses[0]
	c.RestartCount = 1
	c.LastTerminationState = corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{ExitCode: 1, Reason: "Error"}}
	if b.lives(time.Hour); b.state() != "Ready: gateway ready(1)" {
		t.Errorf("it became %q", b.state())
	}
	b.pod.Status.Phase, b.pod.Status.Reason = corev1.PodFailed, "Evicted"
	before := b.pod.Status.DeepCopy()
	if b.lives(time.Hour); b.pod.Status.String() != before.String() {
		t.Errorf("an evicted pod went on: %s", b.state())
	}
}

func TestPinnedImageKeepsItsDigest(t *testing.T) {
	b := born(t, corev1.Container{Name: "gateway", Image: "registry:5000/gateway:v2.5.0-crash@sha256:00ff"}).lives(5 * time.Second)
	b.tells("Running: gateway Error")
	if id := b.pod.Status.ContainerStatuses[0].ImageID; id != "registry:5000/gateway@sha256:00ff" {
		t.Errorf("image ID %q", id)
	}
}
