package kube

import (
	"errors"
	"slices"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	clienttesting "k8s.io/client-go/testing"

	"datahub.io/slipway/release"
)

const weighted = `{name: primary, route: [{destination: {host: stable-svc}, weight: 100}, {destination: {host: canary-svc}, weight: 0}]}`

// Every route of the same object by which requests come to the canary is named, and none
// by which none come.
func TestRoutesBesideTheWeights(t *testing.T) {
	subsets := `{name: primary, route: [{destination: {host: istio-rollout, subset: stable}, weight: 95}, {destination: {host: istio-rollout, subset: canary}, weight: 5}]}`
	for _, test := range []struct {
		name    string
		traffic Traffic
		spec    string
		routes  []string
	}{
		{"none", byHost, `{http: [` + weighted + `]}`, nil},
		{"only destination", byHost, `{http: [{name: internal, match: [{headers: {x: {exact: y}}}], route: [{destination: {host: canary-svc}}]}, ` + weighted + `]}`, []string{"http route internal of virtualservice/gateway"}},
		{"only destination of weight 0", byHost, `{http: [{match: [{port: 1}], route: [{destination: {host: canary-svc}, weight: 0}]}, ` + weighted + `]}`, []string{"http route #1 (without a name) of virtualservice/gateway"}},
		{"in full", byHost, `{http: [{name: a, match: [{port: 1}], route: [{destination: {host: canary-svc.shop.svc.cluster.local.}}]}, ` + weighted + `]}`, []string{"http route a of"}},
		{"with its subset", byHost, `{http: [{name: a, match: [{port: 1}], route: [{destination: {host: canary-svc.shop.svc, subset: v1}}]}, ` + weighted + `]}`, []string{"http route a of"}},
		{"a split of its own", named(byHost, "primary"), `{http: [{name: admin, match: [{uri: {prefix: /admin}}], route: [{destination: {host: stable-svc}, weight: 50}, {destination: {host: canary-svc}, weight: 50}]}, ` + weighted + `]}`, []string{"http route admin of"}},
		{"a split at 0", named(byHost, "primary"), `{http: [{name: admin, match: [{uri: {prefix: /admin}}], route: [{destination: {host: stable-svc}, weight: 100}, {destination: {host: canary-svc}, weight: 0}]}, ` + weighted + `]}`, nil},
		{"a weight that is none", named(byHost, "primary"), `{http: [{name: admin, match: [{uri: {prefix: /admin}}], route: [{destination: {host: stable-svc}, weight: 100}, {destination: {host: canary-svc}, weight: -1}]}, ` + weighted + `]}`, []string{"http route admin of"}},
		{"stable's", byHost, `{http: [{name: a, match: [{port: 1}], route: [{destination: {host: stable-svc}}]}, ` + weighted + `]}`, nil},
		{"of another namespace", byHost, `{http: [{name: a, match: [{port: 1}], route: [{destination: {host: canary-svc.other.svc.cluster.local}}]}, ` + weighted + `]}`, nil},
		{"a redirect", byHost, `{http: [{name: a, match: [{port: 1}], redirect: {uri: /}, route: [{destination: {host: canary-svc}}]}, ` + weighted + `]}`, nil},
		{"tcp", byHost, `{tcp: [{match: [{port: 1}], route: [{destination: {host: canary-svc}}]}], http: [` + weighted + `]}`, []string{"tcp route #1 (without a name) of"}},
		{"several", byHost, `{http: [{name: a, match: [{port: 1}], route: [{destination: {host: canary-svc}}]}, {name: b, match: [{port: 2}], route: [{destination: {host: canary-svc}}]}, ` + weighted + `]}`, []string{"http route a of", "http route b of"}},
		{"subset", bySubset, `{http: [{name: a, match: [{port: 1}], route: [{destination: {host: istio-rollout, subset: canary}}]}, ` + subsets + `]}`, []string{"http route a of"}},
		{"the same subset of another host", bySubset, `{http: [{name: a, match: [{port: 1}], route: [{destination: {host: other, subset: canary}}]}, ` + subsets + `]}`, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			d, err := divide(test.traffic, "shop", virtualServiceOf(t, test.spec))
			if err != nil {
				t.Fatal(err)
			}
			saysAll(t, "routes", d.routes, test.routes)
		})
	}
	rules := func(first string) string {
		return `{rules: [` + first + `, {name: primary, backendRefs: [{name: stable-svc, port: 80, weight: 100}, {name: canary-svc, port: 80, weight: 0}]}]}`
	}
	for first, routes := range map[string][]string{
		`{name: internal, matches: [{headers: [{name: x, value: y}]}], backendRefs: [{name: canary-svc, port: 80}]}`:                       {"rule internal of httproute/gateway"},
		`{name: off, matches: [{headers: [{name: x, value: y}]}], backendRefs: [{name: canary-svc, port: 80, weight: 0}]}`:                 nil,
		`{name: elsewhere, matches: [{headers: [{name: x, value: y}]}], backendRefs: [{name: canary-svc, namespace: other, port: 80}]}`:    nil,
		`{name: bucket, matches: [{headers: [{name: x, value: y}]}], backendRefs: [{group: example.com, kind: Bucket, name: canary-svc}]}`: nil,
		`{name: away, matches: [{path: {value: /x}}], filters: [{type: RequestRedirect}], backendRefs: [{name: canary-svc, port: 80}]}`:    nil,
		`{name: two, matches: [{path: {value: /x}}], backendRefs: [{name: stable-svc, port: 80}, {name: canary-svc, port: 80}]}`:           {"rule two of"},
	} {
		d, err := divide(named(byBackend, "primary"), "shop", httpRouteOf(t, rules(first)))
		if err != nil {
			t.Fatal(err)
		}
		saysAll(t, first, d.routes, routes)
	}
}

// testers is another object for the same host, whose only route leads to the canary.
func testers(t *testing.T) *unstructured.Unstructured {
	t.Helper()
	o := virtualServiceOf(t, `{hosts: [x], http: [{name: testers, match: [{port: 1}], route: [{destination: {host: canary-svc}}]}]}`)
	o.SetName("gateway-testers")
	return o
}

// A second object in the namespace is seen as well, and check names it.
func TestRoutesOfOtherObjects(t *testing.T) {
	t.Parallel()
	const route = "http route testers of virtualservice/gateway-testers"
	unrelated := virtualServiceOf(t, `{http: [{route: [{destination: {host: other-svc}}]}]}`)
	unrelated.SetName("other")
	p := pretended(t, istioCanary, append(services(), stableDeployment(), virtualServiceOf(t, halves), testers(t), unrelated))
	split, err := p.client.Split(t.Context())
	if err != nil || !slices.Equal(split.Routes, []string{route}) || split.RoutesErr != "" || len(split.Blocked) != 0 {
		t.Fatalf("%+v, %v", split, err)
	}
	if row := p.client.checkRoutes(t.Context()); !row.OK || !strings.Contains(row.Found, route+" sends requests to the canary too") {
		t.Errorf("%+v", row)
	}
}

// What may not be listed is not known, and stands in nobody's way.
func TestRoutesThatMayNotBeListed(t *testing.T) {
	t.Parallel()
	p := pretended(t, istioCanary, append(services(), stableDeployment(), virtualServiceOf(t, halves)))
	p.dynamic.PrependReactor("list", "virtualservices", func(clienttesting.Action) (bool, runtime.Object, error) {
		return true, nil, apierrors.NewForbidden(schema.GroupResource{Resource: "virtualservices"}, "", errors.New("eng-a cannot list"))
	})
	split, err := p.client.Split(t.Context())
	if err != nil || len(split.Routes) != 0 || !strings.Contains(split.RoutesErr, "list virtualservices in namespace shop is not allowed") || len(split.Blocked) != 0 {
		t.Fatalf("%+v, %v", split, err)
	}
	if row := p.client.checkRoutes(t.Context()); row.OK || !row.Optional || !strings.Contains(row.Found, "not known: forbidden") {
		t.Errorf("%+v", row)
	}
}

// The canary's pods are not taken away where requests come to them by what nobody knew of
// when that was decided.
func TestRouteThatCameSince(t *testing.T) {
	t.Parallel()
	const route = "http route testers of virtualservice/gateway-testers"
	whole := virtualServiceOf(t, `{http: [`+weighted+`]}`)
	for _, test := range []struct {
		name    string
		objects []runtime.Object
		known   []string
		kind    release.OutcomeKind
		text    string
	}{
		{"none", []runtime.Object{whole}, nil, release.Accepted, ""},
		{"one that is new", []runtime.Object{whole, testers(t)}, nil, release.Moved, route + " sends requests to the canary now"},
		{"one that was known", []runtime.Object{whole, testers(t)}, []string{route}, release.Accepted, ""},
		{"weight again", []runtime.Object{virtualServiceOf(t, halves)}, nil, release.Moved, "gives the canary 40% of the traffic now"},
	} {
		t.Run(test.name, func(t *testing.T) {
			guard := release.Guard{Object: "deployment/canary", UID: "c1", Before: flatten(&canaryDeployment().Spec.Template).Hash}
			for _, do := range []release.Operation{
				release.ScaleCanary{Guard: guard, Scaling: release.Scaling{ReplicasFrom: 3}, Routes: test.known},
				release.DeleteCanary{Guard: guard, Routes: test.known},
			} {
				kind, canary := do.Kind(), canaryDeployment()
				canary.ResourceVersion = "1"
				p := pretended(t, istioCanary, append(append(services(), stableDeployment(), canary), test.objects...))
				out := p.client.changeCanary(t.Context(), ordered(do))
				if out.Kind != test.kind || !strings.Contains(out.Text, test.text) {
					t.Errorf("%s: %+v", kind, out)
				}
				d, err := p.kube.AppsV1().Deployments("shop").Get(t.Context(), "canary", metav1.GetOptions{})
				if kept := err == nil && *d.Spec.Replicas == 3; kept != (test.kind == release.Moved) {
					t.Errorf("%s: %+v, %v", kind, specOf(d), err)
				}
			}
		})
	}
}

func specOf(d *appsv1.Deployment) appsv1.DeploymentSpec {
	if d == nil {
		return appsv1.DeploymentSpec{}
	}
	return d.Spec
}
