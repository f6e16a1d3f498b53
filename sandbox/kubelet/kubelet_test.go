package kubelet

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func texts(lines []Line) string {
	var out []string
	for _, l := range lines {
		out = append(out, l.Text)
	}
	return strings.Join(out, "\n")
}

func TestLogIsTheSameHoweverItIsRead(t *testing.T) {
	run := Run{Pod: "a", Image: "datahub-gateway:v2.4.0", Started: noon, Speed: 1}
	whole := run.Between(noon, noon.Add(time.Minute))
	var pieces []Line
	for at := noon; at.Before(noon.Add(time.Minute)); at = at.Add(700 * time.Millisecond) {
		pieces = append(pieces, run.Between(at, at.Add(700*time.Millisecond))...)
	}
	pieces = slices.DeleteFunc(pieces, func(l Line) bool { return !l.At.Before(noon.Add(time.Minute)) })
	if !slices.Equal(whole, pieces) {
		t.Errorf("in pieces\n%s\nas a whole\n%s", texts(pieces), texts(whole))
	}
	if !strings.Contains(whole[0].Text, "gateway v2.4.0 starting") {
		t.Errorf("first line: %s", whole[0].Text)
	}
	if !slices.IsSortedFunc(whole, func(a, b Line) int { return a.At.Compare(b.At) }) {
		t.Error("lines are out of order")
	}
}

func TestWhatVersionsSay(t *testing.T) {
	for tag, want := range map[string]string{
		"v2.5.0-hang": "ERROR request failed",
		"v2.5.0-slow": "WARN  slow request", "v2.5.0-errors": "ERROR request failed", "v2.5.0-late": "ERROR request failed",
		"v2.5.0-leak": "WARN  heap growing", "v2.5.0-unready": "WARN  not ready",
	} {
		run := Run{Pod: "a", Image: "datahub-gateway:" + tag, Started: noon, Speed: 1}
		if log := texts(run.Between(noon, noon.Add(5*time.Minute))); !strings.Contains(log, want) {
			t.Errorf("%s never says %q", tag, want)
		}
	}
	good := texts(Run{Pod: "a", Image: "datahub-gateway:v2.5.0", Started: noon, Speed: 1}.Between(noon, noon.Add(5*time.Minute)))
	if strings.Contains(good, "WARN") || strings.Contains(good, "ERROR") {
		t.Errorf("a good version complains:\n%s", good)
	}
}

func TestCrashEndsInItsPanic(t *testing.T) {
	// The API keeps whole seconds: an end may equal its start, and be asked for within that second.
	for ended, asked := range map[time.Time]time.Time{noon: noon.Add(150 * time.Millisecond), noon.Add(2 * time.Second): noon.Add(2 * time.Second)} {
		run := Run{Pod: "a", Image: "datahub-gateway:v2.5.0-crash", Started: noon, Ended: ended, Speed: 1}
		log := texts(run.Between(noon, asked)) + "\n"
		if !strings.HasSuffix(log, CrashLines) {
			t.Errorf("ended at %s: the log is %q", ended, log)
		}
	}
}

func TestStumbleFailsOnce(t *testing.T) {
	first := Run{Pod: "a", Image: "datahub-gateway:v2.5.0-stumble", Started: noon, Ended: noon.Add(2 * time.Second), Speed: 1}
	if log := texts(first.Between(noon, noon.Add(time.Minute))) + "\n"; !strings.HasSuffix(log, CrashLines) {
		t.Errorf("the first run says %q", log)
	}
	second := Run{Pod: "a", Image: "datahub-gateway:v2.5.0-stumble", Started: noon, Speed: 1, Restarts: 1}
	if log := texts(second.Between(noon, noon.Add(time.Minute))); !strings.Contains(log, "listening addr=:3001") || strings.Contains(log, "panic") {
		t.Errorf("the second run says %q", log)
	}
}

func TestContainersOfOneImageHaveLogsOfTheirOwn(t *testing.T) {
	of := func(container string) string {
		return texts(Run{Pod: "a", Container: container, Image: "datahub-gateway:v2.5.0", Started: noon, Speed: 1}.Between(noon, noon.Add(time.Minute)))
	}
	if of("gateway") == of("worker") {
		t.Error("gateway and worker say the same")
	}
	once := Run{Pod: "a", Container: "migrate", Image: "datahub-gateway:v2.5.0", Started: noon, Ended: noon.Add(time.Second), Speed: 1, Once: true}
	if log := texts(once.Between(noon, noon.Add(time.Minute))); strings.Contains(log, "listening") || !strings.HasSuffix(log, "datahub-gateway ends") {
		t.Errorf("an init container says %q", log)
	}
}

func TestOtherImagesOnlyStartAndEnd(t *testing.T) {
	run := Run{Pod: "a", Image: "registry/datahub-migrate:v2.5.0", Started: noon, Ended: noon.Add(time.Minute), Speed: 1}
	lines := run.Between(noon, noon.Add(time.Hour))
	if log := texts(lines); len(lines) != 2 || !strings.Contains(log, "datahub-migrate v2.5.0 starting") || !strings.HasSuffix(log, "datahub-migrate ends") {
		t.Errorf("log:\n%s", log)
	}
}

func TestSelection(t *testing.T) {
	run := Run{Pod: "a", Image: "datahub-gateway:v2.4.0", Started: noon, Speed: 1}
	now := noon.Add(time.Hour)
	whole := run.Between(noon, now)
	for form, want := range map[string][]Line{
		"":                               whole,
		"tailLines=5":                    whole[len(whole)-5:],
		"tailLines=0":                    {},
		"tailLines=100000":               whole,
		"sinceSeconds=60":                run.Between(now.Add(-time.Minute), now),
		"sinceTime=2026-11-23T12:59:30Z": run.Between(now.Add(-30*time.Second), now),
	} {
		values, _ := url.ParseQuery(form)
		if got := selected(run, now, values); !slices.Equal(got, want) {
			t.Errorf("%q: %d lines, want %d", form, len(got), len(want))
		}
	}
}

func TestLimitOfBytes(t *testing.T) {
	var b strings.Builder
	out := &limited{w: &b, left: 8}
	if err := out.lines([]Line{{noon, "12345"}, {noon, "6789"}}); !errors.Is(err, errLimit) || b.String() != "12345\n67" {
		t.Errorf("wrote %q, %v", b.String(), err)
	}
}

func pod(status corev1.ContainerStatus) *corev1.Pod {
	status.Name, status.Image = "gateway", "gateway:v1"
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: "a", Namespace: "ns", UID: "u"},
		Status:     corev1.PodStatus{ContainerStatuses: []corev1.ContainerStatus{status}},
	}
}

func waiting(reason, message string) corev1.ContainerState {
	return corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: reason, Message: message}}
}

var (
	runningState = corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: metav1.NewTime(noon)}}
	exitedState  = corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{ExitCode: 1, StartedAt: metav1.NewTime(noon)}}
)

type recorded []string

func (r *recorded) Eventf(_ *corev1.Pod, kind, reason, format string, args ...any) {
	*r = append(*r, kind+" "+reason+" "+fmt.Sprintf(format, args...))
}

func TestEvents(t *testing.T) {
	status := func(state corev1.ContainerState, restarts int32) *corev1.Pod {
		return pod(corev1.ContainerStatus{State: state, RestartCount: restarts})
	}
	deleted, evicted := status(runningState, 0), status(exitedState, 0)
	deleted.DeletionTimestamp = &metav1.Time{Time: noon}
	evicted.Status.Phase, evicted.Status.Reason, evicted.Status.Message = corev1.PodFailed, "Evicted", "The node was low on resource: memory."
	initial := status(waiting("PodInitializing", ""), 0)
	initial.Status.InitContainerStatuses = []corev1.ContainerStatus{{Name: "migrate", Image: "migrate:v1", State: exitedState}}
	restarted := status(waiting("PodInitializing", ""), 0)
	restarted.Status.InitContainerStatuses = []corev1.ContainerStatus{{Name: "migrate", Image: "migrate:v1", State: runningState, RestartCount: 1}}
	for _, c := range []struct {
		name          string
		before, after *corev1.Pod
		want          []string // the beginning of each event
	}{
		{"scheduled", &corev1.Pod{}, status(waiting("ContainerCreating", ""), 0), []string{`Normal Pulling Pulling image "gateway:v1"`}},
		{"started", status(waiting("ContainerCreating", ""), 0), status(runningState, 0), []string{
			`Normal Pulled Successfully pulled image "gateway:v1" in `, "Normal Created Container created", "Normal Started Container started",
		}},
		{"restarted", status(exitedState, 0), status(runningState, 1), []string{
			`Normal Pulled Container image "gateway:v1" already present`, "Normal Created", "Normal Started",
		}},
		{"backs off", status(exitedState, 1), status(waiting("CrashLoopBackOff", "…"), 1), []string{
			"Warning BackOff Back-off restarting failed container gateway in pod a_ns(u)",
		}},
		{"pull fails", status(waiting("ContainerCreating", ""), 0), status(waiting("ErrImagePull", "not found"), 0), []string{
			`Warning Failed Failed to pull image "gateway:v1": not found`, "Warning Failed Error: ErrImagePull",
		}},
		{"pull backs off", status(waiting("ErrImagePull", ""), 0), status(waiting("ImagePullBackOff", ""), 0), []string{
			`Normal BackOff Back-off pulling image "gateway:v1"`, "Warning Failed Error: ImagePullBackOff",
		}},
		{"deleted", status(runningState, 0), deleted, []string{"Normal Killing Stopping container gateway"}},
		{"evicted", status(runningState, 0), evicted, []string{"Warning Evicted The node was low on resource: memory."}},
		{"evicted already", evicted, evicted, nil},
		{"init container restarted", initial, restarted, []string{
			`Normal Pulled Container image "migrate:v1" already present`, "Normal Created", "Normal Started",
		}},
		{"nothing new", status(runningState, 0), status(runningState, 0), nil},
		{"still waiting", status(waiting("CrashLoopBackOff", "a"), 1), status(waiting("CrashLoopBackOff", "b"), 1), nil},
	} {
		var got recorded
		Events(c.before, c.after, &got)
		if !slices.EqualFunc(got, c.want, strings.HasPrefix) {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func TestRunOf(t *testing.T) {
	last := corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{
		StartedAt: metav1.NewTime(noon), FinishedAt: metav1.NewTime(noon.Add(time.Second)),
	}}
	for _, c := range []struct {
		name     string
		status   corev1.ContainerStatus
		previous bool
		want     string
	}{
		{"running", corev1.ContainerStatus{State: runningState}, false, ""},
		{"waits after a crash", corev1.ContainerStatus{State: waiting("CrashLoopBackOff", ""), LastTerminationState: last}, false, ""},
		{"previous", corev1.ContainerStatus{State: runningState, LastTerminationState: last}, true, ""},
		{"no previous", corev1.ContainerStatus{State: runningState}, true, `previous terminated container "gateway" in pod "a" not found`},
		{"creating", corev1.ContainerStatus{State: waiting("ContainerCreating", "")}, false, `container "gateway" in pod "a" is waiting to start: ContainerCreating`},
		{"no image", corev1.ContainerStatus{State: waiting("ImagePullBackOff", "")}, false, `container "gateway" in pod "a" is waiting to start: trying and failing to pull image`},
	} {
		run, err := runOf(pod(c.status), "gateway", c.previous, 1)
		if got := fmt.Sprint(err); c.want != "" && got != c.want || c.want == "" && (err != nil || !run.Started.Equal(noon) || run.Image != "gateway:v1") {
			t.Errorf("%s: %+v, %s; want error %q", c.name, run, got, c.want)
		}
	}
	restarted := pod(corev1.ContainerStatus{RestartCount: 1, State: runningState, LastTerminationState: last})
	restarted.Spec.InitContainers = []corev1.Container{{Name: "migrate"}}
	restarted.Status.InitContainerStatuses = []corev1.ContainerStatus{{Name: "migrate", Image: "migrate:v1", State: last}}
	if run, err := runOf(restarted, "migrate", false, 1); err != nil || run.Image != "migrate:v1" || !run.Once {
		t.Errorf("init container: %+v, %v", run, err)
	}
	for previous, restarts := range map[bool]int{false: 1, true: 0} {
		if run, err := runOf(restarted, "gateway", previous, 1); err != nil || run.Restarts != restarts || run.Once {
			t.Errorf("previous %v: %+v, %v; want restarts %d", previous, run, err, restarts)
		}
	}
	if _, err := runOf(pod(corev1.ContainerStatus{}), "sidecar", false, 1); err == nil {
		t.Error("a container that is not there has a log")
	}
}
