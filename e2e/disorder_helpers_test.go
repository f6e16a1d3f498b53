package e2e

import (
	"context"
	"encoding/json"
	"os/exec"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// quiet is the namespace in which rolling releases are disturbed.
const quiet = "datahub-quiet"

// newQuietSetup writes the configuration of [newSetup] with the environment quiet in
// place of staging.
func newQuietSetup(t testing.TB, user string) setup {
	t.Helper()
	return newSetup(t, user).
		edit(t, "name: staging", "name: quiet").
		edit(t, "context: staging", "context: quiet").
		edit(t, "namespace: datahub-staging", "namespace: "+quiet).
		edit(t, "health: "+endpoints(t)["health-staging"], "health: "+endpoints(t)["health-quiet"])
}

// resetQuiet gives the quiet environment back as the sandbox made it, with enough
// requests for every figure.
func resetQuiet(t testing.TB) {
	t.Helper()
	restore(t, quiet)
	reset(t, quiet)
	sandbox(t, "load", "quiet", "600")
	t.Cleanup(func() { sandbox(t, "load", "quiet") })
	forgetRequests(t, "quiet")
}

// restore claims a namespace, and gives the Deployment its spec back at the end.
func restore(t testing.TB, namespace string) {
	t.Helper()
	claim(t, namespace)
	was := get(t, namespace).Spec
	t.Cleanup(func() {
		patch, err := json.Marshal([]map[string]any{
			{"op": "replace", "path": "/spec", "value": was},
		})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := admin.AppsV1().Deployments(namespace).Patch(context.Background(), deploymentIn(namespace), types.JSONPatchType, patch, metav1.PatchOptions{}); err != nil {
			t.Errorf("the spec given back: %v", err)
		}
	})
}

// sandbox runs one of the sandbox's commands.
func sandbox(t testing.TB, args ...string) {
	t.Helper()
	out, err := exec.Command("../bin/sandbox", append(args, "--dir", dir)...).CombinedOutput()
	if err != nil {
		t.Fatalf("sandbox %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

// start runs slipway beside the test, which takes its result from the channel.
func (s setup) start(t testing.TB, args ...string) <-chan result {
	ended := make(chan result, 1)
	go func() { ended <- s.run(t, args...) }()
	return ended
}

// sets waits until the Deployment is asked for a version.
func sets(t testing.TB, namespace, want string) {
	t.Helper()
	eventually(t, want+" set in "+namespace, func() (bool, string) {
		got := version(get(t, namespace))
		return got == want, got
	})
}

// canaryPod is the name of one pod of the canary that is ready.
func canaryPod(t testing.TB, namespace string) string {
	t.Helper()
	pods, err := admin.CoreV1().Pods(namespace).List(context.Background(), metav1.ListOptions{LabelSelector: "track=canary"})
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range pods.Items {
		for _, c := range p.Status.Conditions {
			if c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue {
				return p.Name
			}
		}
	}
	t.Fatalf("no canary pod of %d is ready", len(pods.Items))
	return ""
}
