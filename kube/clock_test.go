package kube

import (
	"net/http"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// A clock that is minutes off is noticed, kept while it holds, and forgotten once it
// is right again; what a second's resolution makes of equal clocks is nothing.
func TestClockSkew(t *testing.T) {
	c := &clock{}
	ours := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	for _, step := range []struct {
		server time.Duration // of the server's clock, from ours
		want   time.Duration
	}{
		{0, 0},
		{900 * time.Millisecond, 0},
		{-5 * time.Minute, 5*time.Minute - time.Second/2},
		{-5*time.Minute - time.Second, 5*time.Minute - time.Second/2},
		{5 * time.Minute, -5*time.Minute - time.Second/2},
		{0, 0},
	} {
		c.learn(ours, ours, ours.Add(step.server).Format(http.TimeFormat))
		if got := c.Skew(); got != step.want {
			t.Errorf("a server at %v: %v to add, want %v", step.server, got, step.want)
		}
	}
	c.learn(ours, ours, "no date")
	if c.Skew() != 0 {
		t.Errorf("an answer without a date tells the time: %v", c.Skew())
	}
}

// Restarts and crashes have this machine's time, whatever the cluster's clock says.
func TestTimesAreOurs(t *testing.T) {
	const skew = 5 * time.Minute
	ours := time.Date(2026, 11, 23, 6, 40, 40, 0, time.UTC)
	ended := metav1.NewTime(ours.Add(-skew - 20*time.Second)) // 20 s ago by the cluster's clock
	p := &corev1.Pod{Status: corev1.PodStatus{Phase: corev1.PodRunning, ContainerStatuses: []corev1.ContainerStatus{{
		Name: "gateway", Ready: true, RestartCount: 1, State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: ended}},
		LastTerminationState: corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{ExitCode: 1, Reason: "Error", FinishedAt: ended}},
	}}}}
	w := podOf(p, skew, ours)
	if got := ours.Sub(w.Pods[0].Own.Last); got != 20*time.Second {
		t.Errorf("the restart was %v ago, want 20s", got)
	}
	if got := ours.Sub(w.Causes[0].First); got != 20*time.Second {
		t.Errorf("the crash was %v ago, want 20s", got)
	}
}

// What counts as a restart of the version is its own container's, and not its node's.
func TestOwnRestarts(t *testing.T) {
	now := time.Date(2026, 11, 23, 6, 40, 40, 0, time.UTC)
	restarted := func(name, reason string, count int32) corev1.ContainerStatus {
		return corev1.ContainerStatus{
			Name: name, Ready: true, RestartCount: count, State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: metav1.NewTime(now)}},
			LastTerminationState: corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{ExitCode: 1, Reason: reason, FinishedAt: metav1.NewTime(now.Add(-time.Second))}},
		}
	}
	for _, test := range []struct {
		name     string
		statuses []corev1.ContainerStatus
		all, own int
		counts   bool
	}{
		{"its own", []corev1.ContainerStatus{restarted("gateway", "Error", 2)}, 2, 2, true},
		{"a sidecar's", []corev1.ContainerStatus{{Name: "gateway", Ready: true}, restarted("agent", "Error", 3)}, 3, 0, false},
		{"both", []corev1.ContainerStatus{restarted("gateway", "OOMKilled", 1), restarted("agent", "Error", 3)}, 4, 1, true},
		{"the node came back", []corev1.ContainerStatus{restarted("gateway", "Unknown", 1)}, 1, 1, false},
		{"the node lost it", []corev1.ContainerStatus{restarted("gateway", "ContainerStatusUnknown", 1)}, 1, 1, false},
	} {
		pod := podOf(&corev1.Pod{Status: corev1.PodStatus{Phase: corev1.PodRunning, ContainerStatuses: test.statuses}}, 0, now).Pods[0]
		if pod.Restarts != test.all || pod.Own.Count != test.own || pod.Own.Last.IsZero() == test.counts {
			t.Errorf("%s: %d restarts, %d of its own, the last %v", test.name, pod.Restarts, pod.Own.Count, pod.Own.Last)
		}
	}
}
