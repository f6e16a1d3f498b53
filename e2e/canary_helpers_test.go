package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
)

const (
	splitName  = "datahub-gateway"
	canaryName = "datahub-gateway-canary"
)

// divided are the objects that divide the traffic, by namespace.
var divided = map[string]schema.GroupVersionResource{
	"datahub-canary": {Group: "networking.istio.io", Version: "v1", Resource: "virtualservices"},
	"datahub-routes": {Group: "gateway.networking.k8s.io", Version: "v1", Resource: "httproutes"},
}

// newCanarySetup writes a configuration with bakes of one window. steps is as in the file;
// without a judge the plain rules decide.
func newCanarySetup(t testing.TB, user, steps string) setup {
	t.Helper()
	at := endpoints(t)
	s := setup{config: filepath.Join(t.TempDir(), "slipway.yaml"), state: t.TempDir()}
	environment := func(name, health, traffic string) string {
		return fmt.Sprintf(`
  - name: %s
    context: %s
    namespace: datahub-%s
    strategy: canary
    health: %s
    metrics: {requestRate: {normal: 1200}}
    canary:
      stable: datahub-gateway-stable
      canary: datahub-gateway-canary
      traffic: %s
      steps: %s
      bake: 10s
      minRequests: 200
      judge: {confidence: off}`, name, name, name, health, traffic, steps)
	}
	text := fmt.Sprintf(`
service: datahub-gateway
image: %s
kubeconfig: %s
stateDir: %s
prometheus: %s
deployment: {name: datahub-gateway, container: gateway}
environments:%s%s
rollback: {onDeadline: auto, onMetrics: auto, after: 3}
metrics:
  every: 1s
  window: 10s
  requestRate: {tolerance: 60%%}
  memory: {limit: fromDeployment, warn: 75%%}
checklist:
  - {id: rolling-update-in-progress}
  - {id: health-checks-passing, for: 2s}
  - {id: error-rate-normal, for: 3s}
  - {id: all-pods-healthy, for: 2s}
`, repository, filepath.Join(dir, user), s.state, at["prometheus"],
		environment("canary", at["health-canary"], "{istio: {virtualService: datahub-gateway, route: primary}}"),
		environment("routes", at["health-routes"], "{gatewayAPI: {httpRoute: datahub-gateway, rule: primary}}"))
	if err := os.WriteFile(s.config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return s
}

// begin opens a console that begins a canary of v2.5.0, and waits for its first weight.
func (s setup) begin(t testing.TB, environment string, percent int) *screen {
	t.Helper()
	c := s.open(t, 120, 40, "--env", environment, "--version", "v2.5.0")
	c.see("Ready to deploy", "eng-a")
	c.press("d")
	c.see("as a canary")
	c.confirm("y")
	c.told(fmt.Sprintf("%d%% of the traffic is on the canary", percent))
	return c
}

var (
	specsOnce sync.Once
	specs     = map[string]any{} // of the objects in divided, as the sandbox made them
)

// resetCanary gives a namespace back as the sandbox made it: no canary, all traffic
// on a stable v2.4.0, by other means than slipway's.
func resetCanary(t testing.TB, namespace string) {
	t.Helper()
	claim(t, namespace)
	specsOnce.Do(func() {
		for namespace := range divided {
			o := splitObject(t, namespace)
			for i, to := range split(t, o) {
				to.(map[string]any)["weight"] = []int64{100, 0}[i]
			}
			specs[namespace] = o.Object["spec"]
		}
	})
	eventually(t, "the traffic on stable", func() (bool, string) {
		o := splitObject(t, namespace)
		o.Object["spec"] = specs[namespace]
		_, err := bare.Resource(divided[namespace]).Namespace(namespace).Update(context.Background(), o, metav1.UpdateOptions{})
		return err == nil, fmt.Sprint(err)
	})
	reset(t, namespace)
	eventually(t, "no canary", func() (bool, string) {
		err := admin.AppsV1().Deployments(namespace).Delete(context.Background(), canaryName, metav1.DeleteOptions{})
		return apierrors.IsNotFound(err), fmt.Sprint(err)
	})
	eventually(t, "no canary pods", func() (bool, string) {
		pods, err := admin.CoreV1().Pods(namespace).List(context.Background(), metav1.ListOptions{LabelSelector: "track=canary"})
		return err == nil && len(pods.Items) == 0, fmt.Sprint(err)
	})
	forgetRequests(t, strings.TrimPrefix(namespace, "datahub-"))
}

func splitObject(t testing.TB, namespace string) *unstructured.Unstructured {
	t.Helper()
	o, err := bare.Resource(divided[namespace]).Namespace(namespace).Get(context.Background(), splitName, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// weights are those of stable and canary.
func weights(t testing.TB, namespace string) (stable, canary int64) {
	t.Helper()
	to := split(t, splitObject(t, namespace))
	stable, _, _ = unstructured.NestedInt64(to[0].(map[string]any), "weight")
	canary, _, _ = unstructured.NestedInt64(to[1].(map[string]any), "weight")
	return stable, canary
}

// split gives the two destinations between which the traffic is divided, stable
// first. They are the object's own, not copies.
func split(t testing.TB, o *unstructured.Unstructured) []any {
	t.Helper()
	spec := o.Object["spec"].(map[string]any)
	for _, routes := range []any{spec["http"], spec["rules"]} {
		routes, _ := routes.([]any)
		for _, r := range routes {
			for _, key := range []string{"route", "backendRefs"} {
				if to, _ := r.(map[string]any)[key].([]any); len(to) == 2 {
					return to
				}
			}
		}
	}
	t.Fatalf("no split in %s", o.GetNamespace())
	return nil
}

// weighs waits until the canary has a weight.
func weighs(t testing.TB, namespace string, want int64) {
	t.Helper()
	eventually(t, fmt.Sprintf("%d%% on the canary", want), func() (bool, string) {
		stable, canary := weights(t, namespace)
		return canary == want && stable == 100-want, fmt.Sprintf("%d/%d", stable, canary)
	})
}

// weighs is weighs under the eyes of a console, which says why if it never does.
func (c *screen) weighs(namespace string, want int64) {
	c.t.Helper()
	eventually(c.t, fmt.Sprintf("%d%% on the canary", want), func() (bool, string) {
		stable, canary := weights(c.t, namespace)
		return canary == want && stable == 100-want, fmt.Sprintf("%d/%d\n%s", stable, canary, c.text())
	})
}

// weigh sets the weights as a person with kubectl would.
func weigh(t testing.TB, namespace, path string, stable, canary int) {
	t.Helper()
	patchSplit(t, namespace, fmt.Sprintf(`[{"op":"replace","path":"%s/0/weight","value":%d},{"op":"replace","path":"%s/1/weight","value":%d}]`, path, stable, path, canary))
}

// patchSplit changes the object that divides the traffic, as a person with kubectl
// would.
func patchSplit(t testing.TB, namespace, patch string) {
	t.Helper()
	_, err := bare.Resource(divided[namespace]).Namespace(namespace).Patch(context.Background(), splitName, types.JSONPatchType, []byte(patch), metav1.PatchOptions{FieldManager: "kubectl-edit"})
	if err != nil {
		t.Fatal(err)
	}
}

// canaryPods is how many pods the canary is to have; -1: it does not exist.
func canaryPods(t testing.TB, namespace string) int32 {
	t.Helper()
	d, err := admin.AppsV1().Deployments(namespace).Get(context.Background(), canaryName, metav1.GetOptions{})
	switch {
	case apierrors.IsNotFound(err):
		return -1
	case err != nil:
		t.Fatal(err)
	}
	return *d.Spec.Replicas
}

// scaleCanary gives the canary pods, as a person with kubectl would.
func scaleCanary(t testing.TB, namespace string, pods int) {
	t.Helper()
	patch := fmt.Sprintf(`{"spec":{"replicas":%d}}`, pods)
	_, err := admin.AppsV1().Deployments(namespace).Patch(context.Background(), canaryName, types.StrategicMergePatchType, []byte(patch), metav1.PatchOptions{})
	if err != nil {
		t.Fatal(err)
	}
}

type requests struct{ Total, Failed int64 }

var (
	forgottenMu sync.Mutex
	forgotten   = map[string]requests{} // of an environment, counted before
)

// forgetRequests begins the count of an environment anew.
func forgetRequests(t testing.TB, environment string) {
	t.Helper()
	now := counted(t, environment)
	forgottenMu.Lock()
	defer forgottenMu.Unlock()
	forgotten[environment] = now
}

// requestsOf counts the requests of an environment since they were forgotten.
func requestsOf(t testing.TB, environment string) requests {
	t.Helper()
	now := counted(t, environment)
	forgottenMu.Lock()
	defer forgottenMu.Unlock()
	before := forgotten[environment]
	return requests{now.Total - before.Total, now.Failed - before.Failed}
}

// noneFailed fails the test where a request did since they were forgotten.
func noneFailed(t testing.TB, environment string) {
	t.Helper()
	if got := requestsOf(t, environment); got.Failed != 0 {
		t.Errorf("%d of %d requests failed", got.Failed, got.Total)
	}
}

func counted(t testing.TB, environment string) requests {
	t.Helper()
	out, err := exec.Command("../bin/sandbox", "requests", "--dir", dir, "-o", "json").CombinedOutput()
	if err != nil {
		t.Fatalf("sandbox requests: %v\n%s", err, out)
	}
	all := map[string]requests{}
	if err := json.Unmarshal(out, &all); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return all[environment]
}
