package kube

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	jsonpatch "gopkg.in/evanphx/json-patch.v4"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/yaml"

	"datahub.io/slipway/release"
)

// object reads YAML as the API server's JSON is read.
func object(t testing.TB, text string) *unstructured.Unstructured {
	t.Helper()
	raw, err := yaml.ToJSON([]byte("---\n" + text))
	if err != nil {
		t.Fatal(err)
	}
	obj := &unstructured.Unstructured{}
	if err := obj.UnmarshalJSON(raw); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	return obj
}

func virtualServiceOf(t testing.TB, spec string) *unstructured.Unstructured {
	t.Helper()
	return object(t, `apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: gateway, namespace: shop, resourceVersion: "7"}
spec:
  `+strings.TrimSpace(spec))
}

func httpRouteOf(t testing.TB, spec string) *unstructured.Unstructured {
	t.Helper()
	return object(t, `apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: gateway, namespace: shop, resourceVersion: "7"}
spec:
  `+strings.TrimSpace(spec))
}

var (
	byHost    = Traffic{Kind: VirtualService, Name: "gateway", Stable: "stable-svc", Canary: "canary-svc"}
	bySubset  = Traffic{Kind: VirtualService, Name: "gateway", Stable: "istio-rollout", Canary: "istio-rollout", StableSubset: "stable", CanarySubset: "canary"}
	byBackend = Traffic{Kind: HTTPRoute, Name: "gateway", Stable: "stable-svc", Canary: "canary-svc"}
)

func named(t Traffic, route string) Traffic {
	t.Route = route
	return t
}

// Cases as Argo Rollouts' utils/istio and trafficrouting/istio tests and Flagger's
// router tests have them, and what Istio's reference says of each.
func TestDivideVirtualService(t *testing.T) {
	for _, test := range []struct {
		name    string
		traffic Traffic
		spec    string
		percent int
		notes   []string // in order, as parts
		err     string   // a part; empty: none
	}{
		{"single route", byHost, `{http: [{route: [{destination: {host: stable-svc}, weight: 100}, {destination: {host: canary-svc}, weight: 0}]}]}`, 0, nil, ""},
		{"named route", named(byHost, "primary"), `
  http:
  - {name: primary, route: [{destination: {host: stable-svc}, weight: 90}, {destination: {host: canary-svc}, weight: 10}]}
  - {name: secondary, match: [{uri: {prefix: /x}}], route: [{destination: {host: stable-svc}, weight: 100}, {destination: {host: canary-svc}, weight: 0}]}`, 10, nil, ""},
		{"canary first", byHost, `{http: [{route: [{destination: {host: canary-svc}, weight: 25}, {destination: {host: stable-svc}, weight: 75}]}]}`, 25, nil, ""},
		{"all on the canary", byHost, `{http: [{route: [{destination: {host: stable-svc}, weight: 0}, {destination: {host: canary-svc}, weight: 100}]}]}`, 100, nil, ""},
		{"missing weight is 0", byHost, `{http: [{route: [{destination: {host: stable-svc}, weight: 100}, {destination: {host: canary-svc}}]}]}`, 0, nil, ""},
		{"full names", byHost, `{http: [{route: [{destination: {host: stable-svc.shop.svc.cluster.local}, weight: 60}, {destination: {host: canary-svc.shop.svc}, weight: 40}]}]}`, 40, nil, ""},
		{"name with namespace", byHost, `{http: [{route: [{destination: {host: stable-svc.shop}, weight: 60}, {destination: {host: canary-svc}, weight: 40}]}]}`, 40, nil, ""},
		{
			"full names in the configuration",
			Traffic{Kind: VirtualService, Name: "gateway", Stable: "stable-svc.shop.svc.cluster.local", Canary: "canary-svc.shop.svc.cluster.local"},
			`{http: [{route: [{destination: {host: stable-svc}, weight: 60}, {destination: {host: canary-svc}, weight: 40}]}]}`, 40, nil, "",
		},
		{
			"of another namespace", byHost, `{http: [{route: [{destination: {host: stable-svc.other.svc.cluster.local}, weight: 60}, {destination: {host: canary-svc.other}, weight: 40}]}]}`, 0, nil,
			"has no http route that holds both stable-svc and canary-svc; #1 (without a name) sends to stable-svc.other.svc.cluster.local, canary-svc.other",
		},
		{"subsets", bySubset, `{http: [{route: [{destination: {host: istio-rollout, subset: stable}, weight: 95}, {destination: {host: istio-rollout, subset: canary}, weight: 5}]}]}`, 5, nil, ""},
		{
			"subsets of any host",
			Traffic{Kind: VirtualService, Name: "gateway", Stable: "a", Canary: "b", StableSubset: "stable", CanarySubset: "canary"},
			`{http: [{route: [{destination: {host: x, subset: stable}, weight: 95}, {destination: {host: x, subset: canary}, weight: 5}]}]}`, 5, nil, "",
		},
		{
			"subsets of another host", bySubset, `{http: [{route: [{destination: {host: other, subset: stable}, weight: 95}, {destination: {host: other, subset: canary}, weight: 5}]}]}`, 0, nil,
			"has no http route that holds both istio-rollout subset stable and istio-rollout subset canary",
		},
		{
			"subset that is not there", bySubset, `{http: [{route: [{destination: {host: istio-rollout, subset: stable}, weight: 100}]}]}`, 0, nil,
			"holds istio-rollout subset stable and not istio-rollout subset canary in http route #1 (without a name): add istio-rollout subset canary with weight 0 there",
		},
		{"no subsets at all", bySubset, `{http: [{route: [{destination: {host: istio-rollout}}]}]}`, 0, nil, "has no http route that holds both"},
		{
			"only one destination", byHost, `{http: [{name: primary, route: [{destination: {host: stable-svc}}]}]}`, 0, nil,
			"holds stable-svc and not canary-svc in http route primary: add canary-svc with weight 0 there",
		},
		{"only the canary", named(byHost, "primary"), `{http: [{name: primary, route: [{destination: {host: canary-svc}}]}]}`, 0, nil, "add stable-svc with weight 100 there"},
		{
			"third destination", byHost, `{http: [{route: [{destination: {host: stable-svc}, weight: 80}, {destination: {host: canary-svc}, weight: 10}, {destination: {host: old-svc}, weight: 10}]}]}`, 0, nil,
			"has 3 destinations in http route #1 (without a name) (stable-svc, canary-svc, old-svc)",
		},
		{"the same destination twice", byHost, `{http: [{route: [{destination: {host: stable-svc}, weight: 50}, {destination: {host: canary-svc}, weight: 10}, {destination: {host: canary-svc, port: {number: 1}}, weight: 40}]}]}`, 0, nil, "has 3 destinations"},
		{
			"ambiguous", byHost, `
  http:
  - {name: primary, match: [{uri: {prefix: /a}}], route: [{destination: {host: stable-svc}, weight: 100}, {destination: {host: canary-svc}}]}
  - {route: [{destination: {host: stable-svc}, weight: 100}, {destination: {host: canary-svc}}]}`, 0, nil,
			"has 2 http routes that hold both stable-svc and canary-svc (primary, #2 (without a name)): name one in canary.traffic.istio.route",
		},
		{
			"name that is not there", named(byHost, "third"), `{http: [{name: primary, match: [{port: 80}], route: [{destination: {host: a}}]}, {route: [{destination: {host: stable-svc}}]}]}`, 0, nil,
			"has no http route named third; it has primary, #2 (without a name)",
		},
		{
			"name that is there twice", named(byHost, "primary"), `{http: [{name: primary, match: [{port: 80}], route: [{destination: {host: a}}]}, {name: primary, route: [{destination: {host: a}}]}]}`, 0, nil,
			"has 2 http routes named primary",
		},
		{"named route without either", named(byHost, "primary"), `{http: [{name: primary, route: [{destination: {host: a}}]}]}`, 0, nil, "holds neither stable-svc nor canary-svc in http route primary, which sends to a"},
		{"tls only", byHost, `{tls: [{match: [{port: 443, sniHosts: [x]}], route: [{destination: {host: stable-svc}, weight: 100}, {destination: {host: canary-svc}}]}]}`, 0, nil, "has only tls or tcp routes"},
		{"tcp only", byHost, `{tcp: [{route: [{destination: {host: stable-svc}, weight: 100}, {destination: {host: canary-svc}}]}]}`, 0, nil, "slipway judges by http figures"},
		{"tcp beside http", byHost, `{tcp: [{route: [{destination: {host: x}}]}], http: [{route: [{destination: {host: stable-svc}, weight: 100}, {destination: {host: canary-svc}}]}]}`, 0, []string{"1 tls and tcp routes stay"}, ""},
		{"nothing", byHost, `{hosts: [x]}`, 0, nil, "has no http routes"},
		{"no specification", byHost, `null`, 0, nil, "has no http routes"},
		{"header match above", byHost, `
  http:
  - {name: internal, match: [{headers: {x-internal: {exact: "yes"}}}], route: [{destination: {host: canary-svc}}]}
  - {name: primary, route: [{destination: {host: stable-svc}, weight: 75}, {destination: {host: canary-svc}, weight: 25}]}`, 25, []string{"1 route above takes what it matches"}, ""},
		{"match of its own", byHost, `{http: [{name: p, match: [{uri: {prefix: /api}}], route: [{destination: {host: stable-svc}, weight: 75}, {destination: {host: canary-svc}, weight: 25}]}]}`, 25, []string{"http route p takes only what it matches"}, ""},
		{"prefix of everything", byHost, `{http: [{name: p, match: [{uri: {prefix: /}}], route: [{destination: {host: stable-svc}, weight: 75}, {destination: {host: canary-svc}, weight: 25}]}]}`, 25, nil, ""},
		{
			"never reached", byHost, `{http: [{name: all, route: [{destination: {host: x}}]}, {name: p, route: [{destination: {host: stable-svc}, weight: 75}, {destination: {host: canary-svc}, weight: 25}]}]}`, 0, nil,
			"never reaches http route p: route all above it takes everything",
		},
		{"mirror", byHost, `{http: [{name: p, mirror: {host: canary-svc}, mirrorPercentage: {value: 5}, route: [{destination: {host: stable-svc}, weight: 100}, {destination: {host: canary-svc}, weight: 0}]}]}`, 0, []string{"http route p mirrors traffic"}, ""},
		{"mirrors", byHost, `{http: [{name: p, mirrors: [{destination: {host: canary-svc}}], route: [{destination: {host: stable-svc}, weight: 100}, {destination: {host: canary-svc}, weight: 0}]}]}`, 0, []string{"mirrors traffic"}, ""},
		{"delegate", byHost, `{http: [{name: p, delegate: {name: inner, namespace: shop}}]}`, 0, nil, "p delegates to virtualservice shop/inner: name that one"},
		{"named delegate", named(byHost, "p"), `{http: [{name: p, delegate: {name: inner}}]}`, 0, nil, "cannot be split in http route p: it delegates to virtualservice inner"},
		{"redirect", byHost, `{http: [{name: p, redirect: {uri: /x}}]}`, 0, nil, "p redirects"},
		{"shares of 4", byHost, `{http: [{route: [{destination: {host: stable-svc}, weight: 3}, {destination: {host: canary-svc}, weight: 1}]}]}`, 25, []string{"weights 3 and 1 are shares of 4"}, ""},
		{"hardly anything is not nothing", byHost, `{http: [{route: [{destination: {host: stable-svc}, weight: 999}, {destination: {host: canary-svc}, weight: 1}]}]}`, 1, []string{"shares of 1000"}, ""},
		{"nearly all is not all", byHost, `{http: [{route: [{destination: {host: stable-svc}, weight: 1}, {destination: {host: canary-svc}, weight: 999}]}]}`, 99, []string{"shares of 1000"}, ""},
		{"both zero", byHost, `{http: [{route: [{destination: {host: stable-svc}}, {destination: {host: canary-svc}}]}]}`, 0, nil, "the weight 0"},
		{"weight that is none", byHost, `{http: [{route: [{destination: {host: stable-svc}, weight: "100"}, {destination: {host: canary-svc}}]}]}`, 0, nil, "that is no count"},
		{"weight below 0", byHost, `{http: [{route: [{destination: {host: stable-svc}, weight: -5}, {destination: {host: canary-svc}}]}]}`, 0, nil, "that is no count"},
		{"not a list", byHost, `{http: {route: 1}}`, 0, nil, "has no http routes"},
		{"not objects", byHost, `{http: [1, {route: [2, {destination: 3}]}]}`, 0, nil, "has no http route that holds both"},
		{"several hosts and gateways", byHost, `{hosts: [a, b], gateways: [g, mesh], http: [{route: [{destination: {host: stable-svc}, weight: 100}, {destination: {host: canary-svc}, weight: 0}]}]}`, 0, nil, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			checkDivision(t, test.traffic, virtualServiceOf(t, test.spec), test.percent, test.notes, test.err)
		})
	}
}

func TestDivideHTTPRoute(t *testing.T) {
	for _, test := range []struct {
		name    string
		traffic Traffic
		spec    string
		percent int
		notes   []string
		err     string
	}{
		{"one rule", byBackend, `{rules: [{backendRefs: [{name: stable-svc, port: 80, weight: 90}, {name: canary-svc, port: 80, weight: 10}]}]}`, 10, nil, ""},
		{"as the API server writes it", byBackend, `{rules: [{matches: [{path: {type: PathPrefix, value: /}}], backendRefs: [{group: "", kind: Service, name: stable-svc, weight: 1}, {group: "", kind: Service, name: canary-svc, weight: 0}]}]}`, 0, []string{"shares of 1;"}, ""},
		{"missing weight is 1", byBackend, `{rules: [{backendRefs: [{name: stable-svc}, {name: canary-svc}]}]}`, 50, []string{"shares of 2"}, ""},
		{"missing weight beside 0", byBackend, `{rules: [{backendRefs: [{name: stable-svc}, {name: canary-svc, weight: 0}]}]}`, 0, []string{"shares of 1;"}, ""},
		{"named rule", named(byBackend, "primary"), `
  rules:
  - {name: internal, matches: [{headers: [{name: x, value: y}]}], backendRefs: [{name: canary-svc}]}
  - {name: primary, backendRefs: [{name: stable-svc, weight: 75}, {name: canary-svc, weight: 25}]}`, 25, []string{"1 rule beside takes what it matches"}, ""},
		{"name that is not there", named(byBackend, "second"), `{rules: [{name: primary}]}`, 0, nil, "has no rule named second; it has primary"},
		{"ambiguous", byBackend, `{rules: [{backendRefs: [{name: stable-svc}, {name: canary-svc}]}, {backendRefs: [{name: stable-svc}, {name: canary-svc}]}]}`, 0, nil, "name one in canary.traffic.gatewayAPI.rule"},
		{"third backend", byBackend, `{rules: [{backendRefs: [{name: stable-svc}, {name: canary-svc}, {name: x}]}]}`, 0, nil, "has 3 destinations in rule #1"},
		{"only one backend", byBackend, `{rules: [{backendRefs: [{name: stable-svc}]}]}`, 0, nil, "add canary-svc with weight 0 there"},
		{"another namespace", byBackend, `{rules: [{backendRefs: [{name: stable-svc}, {name: canary-svc, namespace: other}]}]}`, 0, nil, "holds stable-svc and not canary-svc"},
		{"not a Service", byBackend, `{rules: [{backendRefs: [{name: stable-svc}, {kind: ServiceImport, group: multicluster.x-k8s.io, name: canary-svc}]}]}`, 0, nil, "holds stable-svc and not canary-svc"},
		{"mirror", byBackend, `{rules: [{filters: [{type: RequestMirror}], backendRefs: [{name: stable-svc, weight: 100}, {name: canary-svc, weight: 0}]}]}`, 0, []string{"mirrors traffic"}, ""},
		{"redirect", byBackend, `{rules: [{name: r, filters: [{type: RequestRedirect}]}]}`, 0, nil, "r redirects"},
		{"no rules", byBackend, `{}`, 0, nil, "has no rules"},
	} {
		t.Run(test.name, func(t *testing.T) {
			checkDivision(t, test.traffic, httpRouteOf(t, test.spec), test.percent, test.notes, test.err)
		})
	}
}

// A gateway's word against a route is a note as long as it is about what is there.
func TestRouteTroubles(t *testing.T) {
	obj := object(t, `
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: gateway, namespace: shop, generation: 3}
status:
  parents:
  - parentRef: {name: edge}
    conditions:
    - {type: Accepted, status: "True", reason: Accepted, observedGeneration: 3}
    - {type: ResolvedRefs, status: "False", reason: BackendNotFound, message: "no service\ncanary-svc", observedGeneration: 3}
    - {type: Programmed, status: "False", reason: Pending, observedGeneration: 3}
  - parentRef: {name: old}
    conditions: [{type: Accepted, status: "False", reason: NoMatchingParent, observedGeneration: 2}]`)
	saysAll(t, "notes", routeTroubles(obj), []string{"gateway edge says ResolvedRefs is False, BackendNotFound: no service canary-svc"})
	saysAll(t, "notes", routeTroubles(httpRouteOf(t, `{}`)), nil)
}

func checkDivision(t *testing.T, traffic Traffic, obj *unstructured.Unstructured, percent int, notes []string, text string) {
	t.Helper()
	before := obj.DeepCopy()
	d, err := divide(traffic, "shop", obj)
	switch {
	case text != "" && (err == nil || !strings.Contains(err.Error(), text)):
		t.Fatalf("error %v, expected %q", err, text)
	case text == "" && err != nil:
		t.Fatal(err)
	case text != "":
		return
	}
	if d.percent != percent {
		t.Errorf("the canary has %d%%, expected %d%%", d.percent, percent)
	}
	if len(d.notes) != len(notes) {
		t.Errorf("notes %q, expected %q", d.notes, notes)
	} else {
		for i := range notes {
			if !strings.Contains(d.notes[i], notes[i]) {
				t.Errorf("note %q, expected %q", d.notes[i], notes[i])
			}
		}
	}
	if a, b := marshal(t, obj), marshal(t, before); !bytes.Equal(a, b) {
		t.Error("reading changed the object")
	}
	patchesOnlyWeights(t, traffic, obj, d)
}

// patchesOnlyWeights makes the patch of every change of the weights and applies it:
// afterwards the object is what it was but for the two weights, and its rest is the
// same.
func patchesOnlyWeights(t *testing.T, traffic Traffic, obj *unstructured.Unstructured, d division) {
	t.Helper()
	to := 37
	patch, out := weigh("x", obj, d, release.SetWeight{Weight: to, WeightFrom: d.percent, Rest: d.rest})
	if patch == nil {
		t.Fatalf("no patch: %+v", out)
	}
	decoded, err := jsonpatch.DecodePatch(patch)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := decoded.Apply(marshal(t, obj))
	if err != nil {
		t.Fatalf("%v with %s", err, patch)
	}
	after := &unstructured.Unstructured{}
	if err := after.UnmarshalJSON(raw); err != nil {
		t.Fatal(err)
	}
	now, err := divide(traffic, "shop", after)
	if err != nil || now.percent != to || !now.exact || now.rest != d.rest {
		t.Fatalf("%+v, %v", now, err)
	}
	blank(t, after, now)
	want := obj.DeepCopy()
	blank(t, want, d)
	if a, b := marshal(t, after), marshal(t, want); !bytes.Equal(a, b) {
		t.Errorf("changed\n%s\nto\n%s", b, a)
	}
}

// blank removes the two weights.
func blank(t *testing.T, obj *unstructured.Unstructured, d division) {
	t.Helper()
	for _, e := range []end{d.stable, d.canary} {
		parts := strings.Split(strings.TrimPrefix(e.path, "/"), "/")
		var at any = obj.Object
		for _, part := range parts {
			switch v := at.(type) {
			case map[string]any:
				at = v[part]
			case []any:
				var i int
				if err := json.Unmarshal([]byte(part), &i); err != nil {
					t.Fatal(err)
				}
				at = v[i]
			}
		}
		delete(at.(map[string]any), "weight")
	}
}

func marshal(t *testing.T, obj *unstructured.Unstructured) []byte {
	t.Helper()
	raw, err := obj.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// What is not read is kept, and part of the rest.
func TestRestIsEverythingElse(t *testing.T) {
	const text = `
  hosts: [x]
  future: {deep: [1, 2.5, {a: null, b: ""}], big: 9007199254740993}
  http:
  - name: primary
    timeout: 5s
    retries: {attempts: 3}
    route:
    - {destination: {host: stable-svc, port: {number: 80}}, weight: 100, headers: {request: {set: {a: b}}}, unknown: [true]}
    - {destination: {host: canary-svc}, future: x}`
	base := virtualServiceOf(t, text)
	d, err := divide(byHost, "shop", base)
	if err != nil {
		t.Fatal(err)
	}
	patchesOnlyWeights(t, byHost, base, d)
	for _, change := range [][2]string{{"5s", "6s"}, {"2.5", "2.6"}, {"9007199254740993", "9007199254740994"}, {"future: x", "future: y"}, {"set: {a: b}", "set: {a: c}"}, {"[x]", "[x, y]"}} {
		other, err := divide(byHost, "shop", virtualServiceOf(t, strings.Replace(text, change[0], change[1], 1)))
		if err != nil || other.rest == d.rest {
			t.Errorf("%s to %s: the rest is the same, %v", change[0], change[1], err)
		}
	}
	weights, err := divide(byHost, "shop", virtualServiceOf(t, strings.Replace(text, "weight: 100", "weight: 1", 1)))
	if err != nil || weights.rest != d.rest {
		t.Errorf("another weight is another rest: %v", err)
	}
}

// The preconditions of a change of the weights.
func TestWeigh(t *testing.T) {
	obj := virtualServiceOf(t, `{http: [{route: [{destination: {host: stable-svc}, weight: 60}, {destination: {host: canary-svc}, weight: 40}]}]}`)
	d, err := divide(byHost, "shop", obj)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		ch   release.SetWeight
		kind release.OutcomeKind
		text string
	}{
		{release.SetWeight{Weight: 25, WeightFrom: 5, Rest: d.rest}, release.Moved, "virtualservice/gateway is 60/40 now"},
		{release.SetWeight{Weight: 25, WeightFrom: 40, Rest: "other"}, release.Moved, "changed meanwhile, and not only its weights"},
		{release.SetWeight{Weight: 40, WeightFrom: 25, Rest: d.rest}, release.Skipped, "virtualservice/gateway is 60/40 already"},
	} {
		patch, out := weigh("virtualservice/gateway", obj, d, test.ch)
		if patch != nil || out.Kind != test.kind || !strings.Contains(out.Text, test.text) {
			t.Errorf("%+v: %s, %+v", test.ch, patch, out)
		}
	}
	// Weights that are shares of something else are written although they come to that.
	quarters := virtualServiceOf(t, `{http: [{route: [{destination: {host: stable-svc}, weight: 3}, {destination: {host: canary-svc}, weight: 1}]}]}`)
	d, err = divide(byHost, "shop", quarters)
	if err != nil {
		t.Fatal(err)
	}
	if patch, out := weigh("x", quarters, d, release.SetWeight{Weight: 25, WeightFrom: 25, Rest: d.rest}); patch == nil {
		t.Errorf("%+v", out)
	}
}
