package e2e

import (
	"context"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// disorder makes an environment untidy until the test ends.
func disorder(t testing.TB, name, environment string) {
	t.Helper()
	sandbox(t, "disorder", name, "--env", environment)
	t.Cleanup(func() { sandbox(t, "disorder", name, "--env", environment, "--undo") })
}

// An admission policy adds a digest to each image: the version is the same.
func TestDisorderDigestsCanary(t *testing.T) {
	needSandbox(t)
	t.Parallel()
	restore(t, "datahub-routes")
	resetCanary(t, "datahub-routes")
	pinned(t, newCanarySetup(t, "kubeconfig", "[50, 100]"), "routes")
}

// pinned releases a version, asks for it again and undoes it where digests are added.
func pinned(t *testing.T, s setup, environment string) {
	t.Helper()
	disorder(t, "pin-digests", environment)
	s.run(t, "deploy", "--env", environment, "--version", "v2.5.0").expect(t, 0, "released: v2.5.0")
	if image := get(t, "datahub-"+environment).Spec.Template.Spec.Containers[0].Image; !strings.HasPrefix(image, repository+":v2.5.0@sha256:") {
		t.Fatalf("the policy pinned nothing: %s", image)
	}
	s.run(t, "deploy", "--env", environment, "--version", "v2.5.0").expect(t, 0, "unchanged and healthy: v2.5.0")
	s.run(t, "undo", "--env", environment).expect(t, 0, "rolled back: v2.4.0")
	noneFailed(t, environment)
}

// What its node did to a pod counts against no version, and neither does one restart
// while it starts.
func TestDisorderPods(t *testing.T) {
	needSandbox(t)
	t.Parallel()
	const namespace = "datahub-routes"
	t.Run("evicted", func(t *testing.T) {
		resetCanary(t, namespace)
		ended := newCanarySetup(t, "kubeconfig", "[50, 100]").start(t, "deploy", "--env", "routes", "--version", "v2.5.0")
		weighs(t, namespace, 50)
		sandbox(t, "evict", canaryPod(t, namespace))
		(<-ended).expect(t, 0, "evicted", "released: v2.5.0")
	})
	t.Run("stumble", func(t *testing.T) {
		resetCanary(t, namespace)
		newCanarySetup(t, "kubeconfig", "[50, 100]").run(t, "deploy", "--env", "routes", "--version", "v2.5.0-stumble").
			expect(t, 0, "released: v2.5.0-stumble")
		pods, err := admin.CoreV1().Pods(namespace).List(context.Background(), metav1.ListOptions{LabelSelector: "track=stable"})
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range pods.Items {
			if p.DeletionTimestamp == nil && p.Status.ContainerStatuses[0].RestartCount == 0 {
				t.Errorf("%s never stumbled", p.Name)
			}
		}
		noneFailed(t, "routes")
	})
}

// Usage of a container without limits cannot be judged: that is said at once, before
// anything changes.
func TestDisorderNoLimits(t *testing.T) {
	needSandbox(t)
	t.Parallel()
	resetQuiet(t)
	s := newQuietSetup(t, "kubeconfig")
	disorder(t, "no-limits", "quiet")
	generation := get(t, quiet).Generation
	s.run(t, "check", "--env", "quiet").expect(t, 1, "limit")
	begin := time.Now()
	r := s.run(t, "deploy", "--env", "quiet", "--version", "v2.5.0")
	r.expect(t, 4, "limit")
	if took := time.Since(begin); took > 30*time.Second {
		t.Errorf("said only after %s\n%s", took, r.out)
	}
	if got := get(t, quiet).Generation; got != generation {
		t.Errorf("generation %d → %d, want no change\n%s", generation, got, r.out)
	}
}
