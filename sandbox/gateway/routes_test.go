package gateway

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/dynamic"
	fakedynamic "k8s.io/client-go/dynamic/fake"
	"k8s.io/client-go/kubernetes/fake"

	"datahub.io/slipway/sandbox/traffic"
)

const virtualService = `
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: datahub-gateway, namespace: datahub-canary}
spec:
  hosts: [gateway.datahub.io]
  http:
  - match: [{headers: {x-datahub-preview: {exact: canary}}}]
    route: [{destination: {host: datahub-gateway-stable}}]
  - route:
    - {destination: {host: datahub-gateway-stable}, weight: 90}
    - {destination: {host: datahub-gateway-canary.datahub-canary.svc.cluster.local}, weight: 10}
`

const otherHost = `
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: a, namespace: datahub-canary}
spec: {hosts: [other.datahub.io], http: [{route: [{destination: {host: datahub-gateway}}]}]}
`

const httpRoute = `
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: datahub-gateway, namespace: datahub-routes}
spec: {rules: [{backendRefs: [{name: datahub-gateway-stable, weight: 3}, {name: datahub-gateway-canary}]}]}
`

// watched is a cluster with these objects besides the Services of both tracks.
func watched(t *testing.T, objects ...string) (*cluster, dynamic.Interface) {
	t.Helper()
	var services, routes []runtime.Object
	for _, e := range Environments {
		for _, track := range []string{"stable", "canary"} {
			services = append(services, &corev1.Service{
				ObjectMeta: metav1.ObjectMeta{Namespace: e.Namespace, Name: App + "-" + track},
				Spec:       corev1.ServiceSpec{Selector: map[string]string{"app": App, "track": track}},
			})
		}
	}
	for _, text := range objects {
		var o unstructured.Unstructured
		if err := yaml.Unmarshal([]byte(text), &o.Object); err != nil {
			t.Fatal(err)
		}
		routes = append(routes, &o)
	}
	untyped := fakedynamic.NewSimpleDynamicClientWithCustomListKinds(runtime.NewScheme(), map[schema.GroupVersionResource]string{
		VirtualServices: "VirtualServiceList", DestinationRules: "DestinationRuleList", HTTPRoutes: "HTTPRouteList",
	}, routes...)
	return watch(t.Context(), fake.NewClientset(services...), untyped), untyped
}

// split is that of an environment, by the names of backends.
func (o observation) split(name string) string {
	for _, e := range Environments {
		if e.Name == name {
			backends, routed := o.splits[e.Service]
			return fmt.Sprint(shares(backends), " ", routed)
		}
	}
	return "no environment " + name
}

func shares(backends []traffic.Backend) map[string]string {
	out := map[string]string{}
	for _, b := range backends {
		out[b.Name] = fmt.Sprintf("%.3f of %d labels", b.Share, len(b.Selector))
	}
	return out
}

func TestSplitsAreThoseOfTheCluster(t *testing.T) {
	c, untyped := watched(t, virtualService, otherHost, httpRoute)
	o := c.observe()
	for environment, want := range map[string]string{
		"staging": "map[] false",
		"canary":  "map[datahub-gateway-canary:0.098 of 2 labels datahub-gateway-stable:0.902 of 2 labels] true",
		"routes":  "map[datahub-gateway-canary:0.250 of 2 labels datahub-gateway-stable:0.750 of 2 labels] true",
	} {
		if got := o.split(environment); got != want {
			t.Errorf("%s: got %s, want %s", environment, got, want)
		}
	}
	if got, want := fmt.Sprint(shares(o.health["canary"])), "map[datahub-gateway-canary:0.100 of 2 labels datahub-gateway-stable:0.900 of 2 labels]"; got != want {
		t.Errorf("health checks: got %s, want %s", got, want)
	}
	patch := `{"spec":{"rules":[{"backendRefs":[{"name":"datahub-gateway-stable","weight":0},{"name":"datahub-gateway-canary"}]}]}}`
	_, err := untyped.Resource(HTTPRoutes).Namespace("datahub-routes").Patch(t.Context(), "datahub-gateway", types.MergePatchType, []byte(patch), metav1.PatchOptions{})
	if err != nil {
		t.Fatal(err)
	}
	c.until(t, "routes", "map[datahub-gateway-canary:1.000 of 2 labels datahub-gateway-stable:0.000 of 2 labels] true")
	if err := untyped.Resource(HTTPRoutes).Namespace("datahub-routes").Delete(t.Context(), "datahub-gateway", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	c.until(t, "routes", "map[:1.000 of 0 labels] true")
}

const testers = `
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: testers, namespace: datahub-canary}
spec:
  hosts: ["*"]
  http: [{match: [{headers: {x-datahub-tester: {exact: "on"}}}], route: [{destination: {host: datahub-gateway-canary}}]}]
`

const testersRoute = `
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: testers, namespace: datahub-routes}
spec:
  hostnames: [gateway.datahub.io]
  rules: [{matches: [{headers: [{name: x-datahub-tester, value: "on"}]}], backendRefs: [{name: datahub-gateway-canary}]}]
`

func TestASecondRouteCounts(t *testing.T) {
	c, _ := watched(t, virtualService, otherHost, testers, httpRoute, testersRoute)
	o := c.observe()
	for environment, want := range map[string]string{
		"canary": "map[datahub-gateway-canary:0.107 of 2 labels datahub-gateway-stable:0.893 of 2 labels] true",
		"routes": "map[datahub-gateway-canary:0.258 of 2 labels datahub-gateway-stable:0.743 of 2 labels] true",
	} {
		if got := o.split(environment); got != want {
			t.Errorf("%s: got %s, want %s", environment, got, want)
		}
	}
}

// until waits until an environment's split is as wanted.
func (c *cluster) until(t *testing.T, environment, want string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	for {
		got := c.observe().split(environment)
		if got == want {
			return
		}
		select {
		case <-c.changed:
		case <-ctx.Done():
			t.Fatalf("%s: got %s, want %s", environment, got, want)
		}
	}
}

// A request that failed in part has failed; a reset tells the counts for the last time.
func TestRequestsAndTheirReset(t *testing.T) {
	seen := settled().seen
	seen.splits[Environments[2].Service] = []traffic.Backend{
		{Name: Stable, Share: 0.9999, Selector: stable[0].Selector}, {Name: App + "-canary", Share: 0.0001},
	}
	g := newGateway(time.Now().Add(time.Hour), 1, seen) // ahead of the clock: handlers add nothing
	g.model.Advance(g.model.Now().Add(time.Second))
	ask := func(method, path string) map[string]Requests {
		w := httptest.NewRecorder()
		g.handler().ServeHTTP(w, httptest.NewRequest(method, path, nil))
		var counts map[string]Requests
		if err := json.NewDecoder(w.Body).Decode(&counts); err != nil {
			t.Fatalf("%s %s: %v", method, path, err)
		}
		return counts
	}
	for _, ask := range []func() map[string]Requests{
		func() map[string]Requests { return ask(http.MethodGet, "/requests") },
		func() map[string]Requests { return ask(http.MethodPost, "/requests/reset") },
	} {
		got := ask()
		if n := got["canary"]; n.Failed != 1 || n.Total < 1000 {
			t.Errorf("canary: %+v, want 1 failed", n)
		}
		if n := got["routes"]; n.Failed != 0 || n.Total < 1000 {
			t.Errorf("routes: %+v, want none failed", n)
		}
	}
	if n := ask(http.MethodGet, "/requests")["canary"]; n != (Requests{}) {
		t.Errorf("after the reset: %+v", n)
	}
}

func TestHealthFollowsTheSplit(t *testing.T) {
	g := settled()
	g.seen.health["routes"] = []traffic.Backend{{Name: Stable, Share: 0.5, Selector: stable[0].Selector}, {Name: App + "-canary", Share: 0.5}}
	answers := map[int]int{}
	for range 4 {
		w := httptest.NewRecorder()
		g.handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/routes/health", nil))
		answers[w.Code]++
		if w.Code == http.StatusOK && !strings.Contains(w.Body.String(), Stable) {
			t.Errorf("answered %s", w.Body)
		}
	}
	if answers[200] != 2 || answers[503] != 2 {
		t.Errorf("answers %v, want two of each", answers)
	}
}
