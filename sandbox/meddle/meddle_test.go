package meddle

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/yaml"
	fakedynamic "k8s.io/client-go/dynamic/fake"
	"k8s.io/client-go/kubernetes/fake"
	"k8s.io/client-go/kubernetes/scheme"
	clienttesting "k8s.io/client-go/testing"

	"datahub.io/slipway/sandbox/gateway"
	"datahub.io/slipway/sandbox/traffic"
)

const virtualService = `
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: datahub-gateway, namespace: datahub-canary}
spec:
  hosts: [gateway.datahub.io]
  http:
  - {name: internal, match: [{headers: {x-datahub-preview: {exact: canary}}}], route: [{destination: {host: datahub-gateway-stable}}]}
  - {name: primary, route: [{destination: {host: datahub-gateway-stable}, weight: 100}, {destination: {host: datahub-gateway-canary}, weight: 0}]}
`

const httpRoute = `
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: datahub-gateway, namespace: datahub-routes}
spec:
  hostnames: [gateway.datahub.io]
  rules: [{name: primary, backendRefs: [{name: datahub-gateway-stable, port: 80, weight: 100}, {name: datahub-gateway-canary, port: 80, weight: 0}]}]
`

// in is a person in an environment that has both tracks and both routes.
func in(t *testing.T, environment string) *Person {
	t.Helper()
	e, err := gateway.EnvironmentNamed(environment)
	if err != nil {
		t.Fatal(err)
	}
	var typed, untyped []runtime.Object
	for _, name := range []string{e.Deployment, gateway.App + "-canary"} {
		d := &appsv1.Deployment{
			TypeMeta:   metav1.TypeMeta{APIVersion: "apps/v1", Kind: "Deployment"},
			ObjectMeta: metav1.ObjectMeta{Namespace: e.Namespace, Name: name, UID: types.UID(name)},
			Spec:       appsv1.DeploymentSpec{Template: pods("v2.4.0")},
		}
		typed = append(typed, d)
		object, err := runtime.DefaultUnstructuredConverter.ToUnstructured(d)
		if err != nil {
			t.Fatal(err)
		}
		untyped = append(untyped, &unstructured.Unstructured{Object: object})
	}
	for _, text := range []string{virtualService, httpRoute} {
		var o unstructured.Unstructured
		if err := yaml.Unmarshal([]byte(text), &o.Object); err != nil {
			t.Fatal(err)
		}
		untyped = append(untyped, &o)
	}
	dynamic := fakedynamic.NewSimpleDynamicClientWithCustomListKinds(scheme.Scheme, map[schema.GroupVersionResource]string{
		gateway.VirtualServices: "VirtualServiceList", gateway.HTTPRoutes: "HTTPRouteList",
	}, untyped...)
	return &Person{typed: fake.NewClientset(typed...), dynamic: dynamic, e: e}
}

func pods(version string) corev1.PodTemplateSpec {
	return corev1.PodTemplateSpec{Spec: corev1.PodSpec{Containers: []corev1.Container{
		{Name: "proxy", Image: "envoy:1"},
		{Name: container, Image: image + ":" + version, Env: []corev1.EnvVar{{Name: "ZONE", Value: "a"}}},
	}}}
}

func (p *Person) now(t *testing.T, on Target) *appsv1.Deployment {
	t.Helper()
	name, err := p.deployment(on)
	if err != nil {
		t.Fatal(err)
	}
	d, err := p.typed.AppsV1().Deployments(p.e.Namespace).Get(t.Context(), name, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// managers are the field managers of the patches of Deployments so far.
func (p *Person) managers() (out []string) {
	for _, a := range p.typed.(*fake.Clientset).Actions() {
		if patch, ok := a.(clienttesting.PatchActionImpl); ok {
			out = append(out, patch.PatchOptions.FieldManager)
		}
	}
	return out
}

func TestChangesOfADeployment(t *testing.T) {
	for _, on := range []Target{Stable, Canary} {
		other := map[Target]Target{Stable: Canary, Canary: Stable}[on]
		p := in(t, "canary")
		untouched := p.now(t, other).Spec
		noon := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
		for what, err := range map[string]error{
			"restart": p.Restart(t.Context(), on, noon),
			"patch":   p.Patch(t.Context(), on, "LOG_LEVEL", "debug"),
			"hotfix":  p.Hotfix(t.Context(), on, "v2.4.1"),
			"scale":   p.Scale(t.Context(), on, 2),
		} {
			if err != nil {
				t.Errorf("%s %s: %v", what, on, err)
			}
		}
		d := p.now(t, on)
		if at := d.Spec.Template.Annotations["kubectl.kubernetes.io/restartedAt"]; at != "2026-11-23T12:00:00Z" {
			t.Errorf("%s: restarted at %q", on, at)
		}
		if d.Spec.Replicas == nil || *d.Spec.Replicas != 2 {
			t.Errorf("%s: not scaled", on)
		}
		var containers []string
		for _, c := range d.Spec.Template.Spec.Containers {
			containers = append(containers, fmt.Sprint(c.Name, " ", c.Image, " ", c.Env))
		}
		want := []string{"proxy envoy:1 []", "gateway " + image + ":v2.4.1 [{LOG_LEVEL debug nil} {ZONE a nil}]"}
		if fmt.Sprint(containers) != fmt.Sprint(want) {
			t.Errorf("%s: containers\n%q, want\n%q", on, containers, want)
		}
		if now := p.now(t, other).Spec; fmt.Sprint(now) != fmt.Sprint(untouched) {
			t.Errorf("%s was changed, not only %s", other, on)
		}
	}
}

func TestChangesCarryAFieldManager(t *testing.T) {
	p := in(t, "staging")
	act := func() {
		if err := p.Restart(t.Context(), Stable, time.Now()); err != nil {
			t.Fatal(err)
		}
		if err := p.Hotfix(t.Context(), Stable, "v2.4.1"); err != nil {
			t.Fatal(err)
		}
	}
	act()
	p.manager = "reloader"
	act()
	if got := fmt.Sprint(p.managers()); got != "[kubectl-rollout kubectl-set reloader reloader]" {
		t.Errorf("field managers %s", got)
	}
}

func TestDeleteCanary(t *testing.T) {
	p := in(t, "canary")
	if err := p.Delete(t.Context(), Canary); err != nil {
		t.Fatal(err)
	}
	if err := p.Hotfix(t.Context(), Canary, "v2.4.1"); err == nil || !strings.Contains(err.Error(), "not found") {
		t.Errorf("error: %v", err)
	}
	if d := p.now(t, Stable); d.Name != gateway.Stable {
		t.Errorf("stable is %s", d.Name)
	}
}

func TestRevertIsAnUndo(t *testing.T) {
	p := in(t, "staging")
	if err := p.Revert(t.Context(), Stable); err == nil || !strings.Contains(err.Error(), "no earlier revision") {
		t.Errorf("error: %v", err)
	}
	d, yes := p.now(t, Stable), true
	for number, owner := range map[int]types.UID{8: d.UID, 9: d.UID, 10: d.UID, 11: "another"} {
		revision := &appsv1.ReplicaSet{
			ObjectMeta: metav1.ObjectMeta{
				Namespace: p.e.Namespace, Name: fmt.Sprint("r", number), Annotations: map[string]string{"deployment.kubernetes.io/revision": fmt.Sprint(number)},
				OwnerReferences: []metav1.OwnerReference{{UID: owner, Controller: &yes}},
			},
			Spec: appsv1.ReplicaSetSpec{Template: pods(fmt.Sprint("v2.4.", number))},
		}
		revision.Spec.Template.Labels = map[string]string{"app": "datahub-gateway", appsv1.DefaultDeploymentUniqueLabelKey: "x"}
		if _, err := p.typed.AppsV1().ReplicaSets(p.e.Namespace).Create(t.Context(), revision, metav1.CreateOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	if err := p.Revert(t.Context(), Stable); err != nil {
		t.Fatal(err)
	}
	got := p.now(t, Stable).Spec.Template
	if image := got.Spec.Containers[1].Image; !strings.HasSuffix(image, ":v2.4.9") || fmt.Sprint(got.Labels) != "map[app:datahub-gateway]" {
		t.Errorf("it runs %s with the labels %v, want the revision before the newest", image, got.Labels)
	}
}

// split is what the gateway makes of an environment's routes.
func (p *Person) split(t *testing.T) string {
	t.Helper()
	d, err := p.dialect()
	if err != nil {
		t.Fatal(err)
	}
	all, err := p.dynamic.Resource(d.kind).Namespace(p.e.Namespace).List(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	directory := traffic.NewDirectory(p.e.Namespace, nil, nil)
	var virtual []traffic.VirtualService
	var routes []traffic.HTTPRoute
	for _, o := range all.Items {
		data, _ := json.Marshal(o.Object["spec"])
		var v traffic.VirtualService
		var r traffic.HTTPRoute
		if json.Unmarshal(data, &v) != nil || json.Unmarshal(data, &r) != nil {
			t.Fatalf("%s", data)
		}
		virtual, routes = append(virtual, v), append(routes, r)
	}
	backends := traffic.MergeVirtualServices(virtual).Split(traffic.Kinds, directory)
	if d.kind == gateway.HTTPRoutes {
		backends = traffic.MergeHTTPRoutes(routes).Split(traffic.Kinds, directory)
	}
	shares := map[string]string{}
	for _, b := range backends {
		shares[strings.TrimPrefix(b.Name, gateway.App+"-")] = fmt.Sprintf("%.4g", b.Share)
	}
	return fmt.Sprint(shares)
}

func TestRoutes(t *testing.T) {
	for environment, preview := range map[string]float64{"canary": 0, "routes": 0.02} { // of which the weights have a part
		t.Run(environment, func(t *testing.T) {
			p := in(t, environment)
			is := func(what string, err error, canary float64) {
				t.Helper()
				want := fmt.Sprintf("map[canary:%.4g stable:%.4g]", canary, 1-canary)
				if got := p.split(t); err != nil || got != want {
					t.Errorf("%s: %s, %v, want %s", what, got, err, want)
				}
			}
			weighted := 0.98 + preview
			is("at first", nil, 0)
			is("weight 50", p.Weight(t.Context(), 50), 0.5*weighted)
			is("revert", p.Revert(t.Context(), Route), 0)
			is("header", p.Open(t.Context(), ByHeader), 0.02)
			is("header twice", p.Open(t.Context(), ByHeader), 0.02)
			is("weight 25 below a header", p.Weight(t.Context(), 25), 0.02+0.25*0.98)
			is("no header", p.Close(t.Context(), ByHeader), 0.25*weighted)
			is("path", p.Open(t.Context(), ByPath), 0.25*weighted)
			is("weight 0 below a path", p.Weight(t.Context(), 0), 0)
			is("no path", p.Close(t.Context(), ByPath), 0)
			is("object", p.Open(t.Context(), ByObject), 0.01)
			is("no object", p.Close(t.Context(), ByObject), 0)
			if err := p.Weight(t.Context(), 101); err == nil {
				t.Error("a weight of 101 is not refused")
			}
		})
	}
}

func TestRefusals(t *testing.T) {
	p := in(t, "staging")
	for want, err := range map[string]error{
		"no route divides the requests of staging": p.Weight(t.Context(), 10),
		"no route divides":                         p.Open(t.Context(), ByObject),
		"a route has no pods":                      p.Restart(t.Context(), Route, time.Now()),
		`"prod" is unknown`:                        p.Hotfix(t.Context(), "prod", "v1"),
		`"tunnel" is unknown`:                      in(t, "canary").Open(t.Context(), "tunnel"),
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
	if _, err := As("/nowhere", "nowhere", ""); err == nil || !strings.Contains(err.Error(), `"nowhere" is unknown`) {
		t.Errorf("error: %v", err)
	}
}
