package kube

import (
	"fmt"
	"strings"
	"testing"
	"time"

	jsonpatch "gopkg.in/evanphx/json-patch.v4"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
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

// Traffic that goes to the canary before a release keeps that release from beginning, and
// the check says so too; a canary with pods may be that of a release under way.
func TestCheckOfTrafficThatIsTaken(t *testing.T) {
	route := func(weight int) *unstructured.Unstructured {
		return virtualServiceOf(t, fmt.Sprintf(`http: [{route: [{destination: {host: stable-svc}, weight: %d}, {destination: {host: canary-svc}, weight: %d}]}]`, 100-weight, weight))
	}
	shares := func(stable, canary int) *unstructured.Unstructured {
		return virtualServiceOf(t, fmt.Sprintf(`http: [{route: [{destination: {host: stable-svc}, weight: %d}, {destination: {host: canary-svc}, weight: %d}]}]`, stable, canary))
	}
	for name, c := range map[string]struct {
		objects      []runtime.Object
		ok, optional bool
		found        string
	}{
		"nothing":            {[]runtime.Object{stableDeployment(), route(0)}, true, false, "stable/canary 100/0"},
		"no canary":          {[]runtime.Object{stableDeployment(), route(10)}, false, false, "stable/canary 90/10: 10% of the traffic goes to deployment canary, which has no pods"},
		"shares of 120":      {[]runtime.Object{stableDeployment(), shares(100, 20)}, false, false, "17% of the traffic goes to deployment canary, which has no pods"},
		"a canary under way": {[]runtime.Object{stableDeployment(), canaryDeployment(), route(10)}, false, true, "deployment canary has 10% of the traffic"},
	} {
		t.Run(name, func(t *testing.T) {
			row := pretended(t, istioCanary, c.objects).client.checkTraffic(t.Context())
			if row.OK != c.ok || row.Optional != c.optional || !strings.Contains(row.Found, c.found) || row.OK != (row.Next == "") {
				t.Errorf("%+v", row)
			}
		})
	}
}
