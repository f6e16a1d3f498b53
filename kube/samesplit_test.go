package kube

import (
	"fmt"
	"strings"
	"testing"
	"time"

	jsonpatch "gopkg.in/evanphx/json-patch.v4"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// The tests for a copied command hold of the object as it was read, and of no other one:
// not where the destinations have changed places, nor where somebody has set the weights.
func TestCopiedWeightsAreGuarded(t *testing.T) {
	for name, c := range map[string]struct {
		traffic Traffic
		object  func(stable, canary string, weight int) *unstructured.Unstructured
	}{
		"virtualservice": {byHost, func(stable, canary string, weight int) *unstructured.Unstructured {
			return virtualServiceOf(t, fmt.Sprintf(`http: [{route: [{destination: {host: %s}, weight: %d}, {destination: {host: %s}, weight: %d}]}]`, stable, 100-weight, canary, weight))
		}},
		"subset": {bySubset, func(stable, canary string, weight int) *unstructured.Unstructured {
			s, c := strings.TrimSuffix(stable, "-svc"), strings.TrimSuffix(canary, "-svc")
			return virtualServiceOf(t, fmt.Sprintf(`http: [{route: [{destination: {host: istio-rollout, subset: %s}, weight: %d}, {destination: {host: istio-rollout, subset: %s}, weight: %d}]}]`, s, 100-weight, c, weight))
		}},
		"httproute": {byBackend, func(stable, canary string, weight int) *unstructured.Unstructured {
			return httpRouteOf(t, fmt.Sprintf(`rules: [{backendRefs: [{name: %s, port: 80, weight: %d}, {name: %s, port: 80, weight: %d}]}]`, stable, 100-weight, canary, weight))
		}},
	} {
		t.Run(name, func(t *testing.T) {
			client := &Client{namespace: "shop", canary: &Canary{Traffic: c.traffic}}
			read := c.object("stable-svc", "canary-svc", 10)
			split, ok := client.splitOf(time.Now(), read, nil)
			if !ok || split.Err != "" || split.Canary != 10 || len(split.Same) < 4 {
				t.Fatalf("%+v", split)
			}
			var ops []string
			for _, test := range split.Same {
				ops = append(ops, fmt.Sprintf(`{"op":"test","path":%q,"value":%s}`, test.Path, test.Value))
			}
			ops = append(ops, fmt.Sprintf(`{"op":"add","path":%q,"value":100}`, split.StablePath), fmt.Sprintf(`{"op":"add","path":%q,"value":0}`, split.CanaryPath))
			patch, err := jsonpatch.DecodePatch([]byte("[" + strings.Join(ops, ",") + "]"))
			if err != nil {
				t.Fatal(err)
			}
			for other, obj := range map[string]*unstructured.Unstructured{
				"": read, "other weights": c.object("stable-svc", "canary-svc", 50), "other places": c.object("canary-svc", "stable-svc", 90),
			} {
				raw, err := obj.MarshalJSON()
				if err != nil {
					t.Fatal(err)
				}
				after, err := patch.Apply(raw)
				if (err == nil) != (other == "") {
					t.Errorf("%s: %v", other, err)
				}
				if other == "" && strings.Count(string(after), `"weight":100`) != 1 {
					t.Errorf("%s", after)
				}
			}
		})
	}
}
