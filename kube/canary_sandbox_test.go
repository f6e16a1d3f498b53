package kube

import (
	"context"
	"errors"
	"net/http"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"

	"datahub.io/slipway/release"
)

var httpRouteV1 = schema.GroupVersionResource{Group: "gateway.networking.k8s.io", Version: "v1", Resource: "httproutes"}

// tracks are a stable Deployment with one pod, the Services of both versions, and an
// object that splits the traffic.
type tracks struct {
	*world
	canary Canary
	of     schema.GroupVersionResource
}

func (w *world) tracks(kind TrafficKind) *tracks {
	w.t.Helper()
	one, labels := int32(1), map[string]string{"app": "gateway", "track": "stable"}
	if _, err := w.admin.AppsV1().Deployments(w.namespace).Create(w.t.Context(), &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Name: "stable", Labels: labels, Annotations: map[string]string{"team": "api"}},
		Spec: appsv1.DeploymentSpec{
			Replicas: &one, Selector: &metav1.LabelSelector{MatchLabels: labels},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: labels},
				Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "proxy", Image: "envoy:v1"}, {Name: "gateway", Image: "gateway:v1"}}},
			},
		},
	}, metav1.CreateOptions{}); err != nil {
		w.t.Fatal(err)
	}
	for _, track := range []string{"stable", "canary"} {
		if _, err := w.admin.CoreV1().Services(w.namespace).Create(w.t.Context(), &corev1.Service{
			ObjectMeta: metav1.ObjectMeta{Name: track + "-svc"},
			Spec:       corev1.ServiceSpec{Selector: map[string]string{"app": "gateway", "track": track}, Ports: []corev1.ServicePort{{Port: 80}}},
		}, metav1.CreateOptions{}); err != nil {
			w.t.Fatal(err)
		}
	}
	tr := &tracks{world: w, canary: istioCanary, of: virtualServiceV1}
	obj := virtualServiceOf(w.t, `
  hosts: [gateway.example]
  http:
  - {name: internal, match: [{headers: {x-internal: {exact: "yes"}}}], route: [{destination: {host: stable-svc}}]}
  - name: primary
    timeout: 5s
    retries: {attempts: 2, perTryTimeout: 1s}
    route:
    - {destination: {host: stable-svc, port: {number: 80}}, weight: 100, headers: {response: {set: {x-track: stable}}}}
    - {destination: {host: canary-svc.`+w.namespace+`.svc.cluster.local}}`)
	if kind == HTTPRoute {
		tr.canary, tr.of = routeCanary, httpRouteV1
		obj = httpRouteOf(w.t, `
  hostnames: [gateway.example]
  rules:
  - matches: [{headers: [{name: x-internal, value: "yes"}]}]
    backendRefs: [{name: stable-svc, port: 80}]
  - backendRefs:
    - {name: stable-svc, port: 80, weight: 100}
    - {name: canary-svc, port: 80, weight: 0}`)
	}
	obj.SetNamespace(w.namespace)
	obj.SetResourceVersion("")
	if _, err := tr.traffic().Create(w.t.Context(), obj, metav1.CreateOptions{FieldManager: "kubectl-create"}); err != nil {
		w.t.Fatal(err)
	}
	return tr
}

func (tr *tracks) traffic() dynamic.ResourceInterface {
	return dynamic.NewForConfigOrDie(tr.config).Resource(tr.of).Namespace(tr.namespace)
}

func (tr *tracks) object() *unstructured.Unstructured {
	tr.t.Helper()
	obj, err := tr.traffic().Get(context.Background(), "gateway", metav1.GetOptions{})
	if err != nil {
		tr.t.Fatal(err)
	}
	return obj
}

// edit patches the object as somebody else.
func (tr *tracks) edit(patch string) {
	tr.t.Helper()
	if _, err := tr.traffic().Patch(context.Background(), "gateway", types.JSONPatchType, []byte(patch), metav1.PatchOptions{FieldManager: "kubectl-edit"}); err != nil {
		tr.t.Fatal(err)
	}
}

func (tr *tracks) client(around func(http.RoundTripper) http.RoundTripper) *Client {
	tr.t.Helper()
	c := tr.world.client("stable", around)
	cfg := rest.CopyConfig(tr.config)
	if around != nil {
		cfg.WrapTransport = around
	}
	if err := c.pair(tr.canary, dynamic.NewForConfigOrDie(cfg)); err != nil {
		tr.t.Fatal(err)
	}
	return c
}

func (tr *tracks) split(c *Client) release.Split {
	tr.t.Helper()
	s, err := c.Split(context.Background())
	if err != nil || s.Err != "" {
		tr.t.Fatalf("%q, %v", s.Err, err)
	}
	return s
}

func (tr *tracks) weigh(c *Client, to int) release.SetWeight {
	s := tr.split(c)
	return release.SetWeight{Object: tr.canary.Traffic.Object(), Weight: to, WeightFrom: s.Canary, Rest: s.Rest}
}

func create() release.ApplyCanary {
	return release.ApplyCanary{Container: "gateway", Image: "gateway:v2", Replicas: 1}
}

func specWithoutWeights(t *testing.T, tr *tracks, obj *unstructured.Unstructured) any {
	t.Helper()
	d, err := divide(tr.canary.Traffic, tr.namespace, obj)
	if err != nil {
		t.Fatal(err)
	}
	obj = obj.DeepCopy()
	blank(t, obj, d)
	return obj.Object["spec"]
}

// A canary from its creation to its end, with both kinds of objects.
func TestCanary(t *testing.T) {
	for _, kind := range []TrafficKind{VirtualService, HTTPRoute} {
		t.Run(string(kind), func(t *testing.T) {
			tr := sandbox(t).tracks(kind)
			tr.t = t
			c := tr.client(nil)
			s := tr.watch(c)
			first := s.splits("100/0", 0, func(release.Split) bool { return true })
			if first.Canary != 0 || first.Err != "" || len(first.Blocked) != 0 || len(first.Notes) != 1 || first.Writer != "kubectl-create" {
				t.Errorf("%+v", first)
			}
			s.canaries("absent", 0, func(w release.Workload) bool { return !w.Found && w.Name == "canary" && !w.At.IsZero() })

			out := c.Apply(t.Context(), ordered(create()))
			expect(t, out, release.Accepted, "deployment canary created", "generation 1")
			seen := s.canaries("a pod", 0, func(w release.Workload) bool { return w.Found && len(w.Pods) == 1 && len(w.Revisions) == 1 })
			if seen.Version("gateway") != "v2" || seen.ChangeCause != "slipway: apply canary" || out.Generation != 1 {
				t.Errorf("%+v", seen)
			}
			expect(t, c.Apply(t.Context(), ordered(create())), release.Moved, "deployment canary exists already")
			if d := tr.get("canary"); writer(d) != "slipway" || d.Labels[managedByLabel] != "slipway" || d.Annotations["team"] != "api" || selects(tr.get("stable").Spec.Selector, d.Spec.Template.Labels) {
				t.Errorf("%+v", d)
			}

			before := tr.object()
			n := len(s.events())
			began := time.Now()
			expect(t, c.Apply(t.Context(), ordered(tr.weigh(c, 25))), release.Accepted, "is 75/25")
			live := s.splits("75/25", n, func(s release.Split) bool { return s.Canary == 25 })
			if took := time.Since(began); live.Rest != first.Rest || live.Writer != "slipway" || took > beatEvery {
				t.Errorf("after %s: %+v", took, live)
			}
			if a, b := specWithoutWeights(t, tr, before), specWithoutWeights(t, tr, tr.object()); !reflect.DeepEqual(a, b) {
				t.Errorf("changed\n%v\nto\n%v", a, b)
			}

			again := release.ApplyCanary{Guard: guardOf(tr.get("canary")), Container: "gateway"}
			again.Image, again.Replicas = "gateway:v3", 1
			expect(t, c.Apply(t.Context(), ordered(again)), release.Accepted, "generation 2")
			expect(t, c.Apply(t.Context(), ordered(again)), release.Moved, "image is now v3", "by slipway")
			again = release.ApplyCanary{Guard: guardOf(tr.get("canary")), Container: "gateway"}
			again.Image, again.Replicas = "gateway:v3", 1
			expect(t, c.Apply(t.Context(), ordered(again)), release.Skipped, "is so already")

			scale := release.ScaleCanary{Guard: guardOf(tr.get("canary"))}
			scale.ReplicasFrom, scale.Replicas = 1, 2
			expect(t, c.Apply(t.Context(), ordered(scale)), release.Accepted, "generation 3")
			s.canaries("two pods", 0, func(w release.Workload) bool { return w.Desired == 2 && len(w.Pods) >= 2 })
			expect(t, c.Apply(t.Context(), ordered(tr.weigh(c, 0))), release.Accepted, "is 100/0")

			remove := release.DeleteCanary{Guard: guardOf(tr.get("canary"))}
			n = len(s.events())
			expect(t, c.Apply(t.Context(), ordered(remove)), release.Accepted, "deployment canary deleted")
			s.canaries("gone", n, func(w release.Workload) bool { return !w.Found })
			expect(t, c.Apply(t.Context(), ordered(remove)), release.Skipped, "gone already")
			for _, e := range s.events() {
				if l, ok := e.(release.Linked); ok && !l.Link.OK {
					t.Errorf("the link was lost: %+v", l.Link)
				}
			}
		})
	}
}

// Weights that somebody else writes, and anything else of the object, are not
// overwritten; what does not matter is no obstacle.
func TestSetWeightIsGuarded(t *testing.T) {
	tr := sandbox(t).tracks(VirtualService)
	c := tr.client(nil)
	looked := tr.weigh(c, 25)
	tr.edit(`[{"op": "add", "path": "/spec/http/1/route/0/weight", "value": 60}, {"op": "add", "path": "/spec/http/1/route/1/weight", "value": 40}]`)
	expect(t, c.Apply(t.Context(), ordered(looked)), release.Moved, "virtualservice/gateway is 60/40 now, by kubectl-edit")
	looked = tr.weigh(c, 25)
	tr.edit(`[{"op": "replace", "path": "/spec/http/1/timeout", "value": "6s"}]`)
	expect(t, c.Apply(t.Context(), ordered(looked)), release.Moved, "changed meanwhile, and not only its weights, by kubectl-edit")
	if s := tr.split(c); s.Canary != 40 {
		t.Errorf("%+v", s)
	}

	var n atomic.Int32
	meanwhile := func(edit string) *Client {
		n.Store(0)
		return tr.client(patching(&n, func(n int32) {
			if n == 1 {
				tr.edit(edit)
			}
		}))
	}
	looked = tr.weigh(c, 25)
	expect(t, meanwhile(`[{"op": "add", "path": "/metadata/annotations", "value": {"note": "x"}}]`).Apply(t.Context(), ordered(looked)), release.Accepted, "is 75/25")
	if n.Load() != 2 || tr.object().GetAnnotations()["note"] != "x" {
		t.Errorf("%d patches of %v", n.Load(), tr.object().GetAnnotations())
	}
	looked = tr.weigh(c, 50)
	expect(t, meanwhile(`[{"op": "add", "path": "/spec/http/1/route/1/weight", "value": 10}]`).Apply(t.Context(), ordered(looked)), release.Moved, "is 88/12 now, by kubectl-edit")
	if n.Load() != 1 {
		t.Errorf("%d patches", n.Load())
	}
	looked = tr.weigh(c, 50)
	expect(t, meanwhile(`[{"op": "remove", "path": "/spec/http/0"}]`).Apply(t.Context(), ordered(looked)), release.Moved, "changed meanwhile")
	if err := tr.traffic().Delete(t.Context(), "gateway", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	expect(t, c.Apply(t.Context(), ordered(looked)), release.Denied, "virtualservice/gateway does not exist in namespace "+tr.namespace)
}

// The split is followed while its object goes and comes back.
func TestWatchSplitComesBack(t *testing.T) {
	tr := sandbox(t).tracks(HTTPRoute)
	s := tr.watch(tr.client(nil))
	s.splits("100/0", 0, func(s release.Split) bool { return s.Err == "" })
	obj := tr.object()
	if err := tr.traffic().Delete(t.Context(), "gateway", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	n := len(s.events())
	s.splits("gone", n, func(s release.Split) bool { return strings.Contains(s.Err, "httproute/gateway does not exist") })
	obj.SetResourceVersion("")
	obj.SetUID("")
	if _, err := tr.traffic().Create(t.Context(), obj, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	n = len(s.events())
	s.splits("back", n, func(s release.Split) bool { return s.Err == "" && s.Canary == 0 })
	if err := tr.admin.CoreV1().Services(tr.namespace).Delete(t.Context(), "canary-svc", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	s.splits("blocked", n, func(s release.Split) bool {
		return len(s.Blocked) == 1 && strings.Contains(s.Blocked[0], "service/canary-svc does not exist")
	})
}

// A canary that somebody else creates in between is not this one's.
func TestCanaryIsCreatedMeanwhile(t *testing.T) {
	tr := sandbox(t).tracks(VirtualService)
	c := tr.client(func(next http.RoundTripper) http.RoundTripper {
		return roundTrip(func(r *http.Request) (*http.Response, error) {
			if r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/deployments") {
				tr.deploy("canary", "gateway:v9")
			}
			return next.RoundTrip(r)
		})
	})
	expect(t, c.Apply(t.Context(), ordered(create())), release.Moved, "deployment canary was created meanwhile: image is now v9")
}

// Requests whose answer is lost may have been done, and are not made again.
func TestLostAnswersOfCanary(t *testing.T) {
	tr := sandbox(t).tracks(VirtualService)
	var n atomic.Int32
	losing := tr.client(func(next http.RoundTripper) http.RoundTripper {
		return roundTrip(func(r *http.Request) (*http.Response, error) {
			answer, err := next.RoundTrip(r)
			if r.Method != http.MethodGet && err == nil {
				n.Add(1)
				answer.Body.Close()
				return nil, errors.New("read: connection reset by peer")
			}
			return answer, err
		})
	})
	expect(t, losing.Apply(t.Context(), ordered(create())), release.Lost, "connection reset by peer")
	tr.get("canary")
	expect(t, losing.Apply(t.Context(), ordered(tr.weigh(losing, 5))), release.Lost)
	if s := tr.split(losing); s.Canary != 5 {
		t.Errorf("%+v", s)
	}
	expect(t, losing.Apply(t.Context(), ordered(release.DeleteCanary{Guard: guardOf(tr.settled("canary"))})), release.Moved, "gives the canary 5% of the traffic now")
	expect(t, losing.Apply(t.Context(), ordered(tr.weigh(losing, 0))), release.Lost)
	expect(t, losing.Apply(t.Context(), ordered(release.DeleteCanary{Guard: guardOf(tr.settled("canary"))})), release.Lost)
	expect(t, losing.Apply(t.Context(), ordered(release.DeleteCanary{Guard: guardOf(tr.settled("stable"))})), release.Skipped, "gone already")
	if n.Load() != 4 {
		t.Errorf("%d requests", n.Load())
	}
}

// A split by pods: stable's Service takes both, and stable's Deployment keeps its own.
func TestCanaryByPods(t *testing.T) {
	w := sandbox(t)
	w.deploy("stable", "gateway:v1")
	w.change("stable", func(d *appsv1.Deployment) { one := int32(1); d.Spec.Replicas = &one })
	tr := &tracks{world: w, canary: podsCanary}
	c := tr.client(nil)
	s := tr.watch(c)
	expect(t, c.Apply(t.Context(), ordered(create())), release.Accepted)
	both := s.canaries("one pod", 0, func(w release.Workload) bool { return len(w.Pods) == 1 })
	stable := s.sees("one pod", 0, func(w release.Workload) bool { return len(w.Pods) == 1 && w.Replicas == 1 })
	if both.Pods[0].Name == stable.Pods[0].Name {
		t.Errorf("%s is both's", both.Pods[0].Name)
	}
	if d := tr.get("canary"); !selects(tr.get("stable").Spec.Selector, d.Spec.Template.Labels) || d.Spec.Template.Labels[trackLabel] != trackValue {
		t.Errorf("labels %v", d.Spec.Template.Labels)
	}
	if split, err := c.Split(t.Context()); err != nil || !reflect.DeepEqual(split, release.Split{}) {
		t.Errorf("%+v, %v", split, err)
	}
}

// A canary told apart by subsets, with the roles that are shipped and nothing else.
func TestCanaryRolesSuffice(t *testing.T) {
	tr := sandbox(t).tracks(VirtualService)
	api := dynamic.NewForConfigOrDie(tr.config)
	install := func(resource, text string) {
		t.Helper()
		of := virtualServiceV1
		of.Resource = resource
		if _, err := api.Resource(of).Namespace(tr.namespace).Create(t.Context(), object(t, text), metav1.CreateOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	install("destinationrules", `
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: any}
spec: {host: gateway, subsets: [{name: stable, labels: {track: stable}}, {name: canary, labels: {track: canary}}]}`)
	install("virtualservices", `
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: subsets}
spec:
  hosts: [gateway.example]
  http: [{route: [{destination: {host: gateway, subset: stable}, weight: 100}, {destination: {host: gateway, subset: canary}, weight: 0}]}]`)
	if _, err := tr.admin.CoreV1().Services(tr.namespace).Create(t.Context(), &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Name: "gateway"},
		Spec:       corev1.ServiceSpec{Selector: map[string]string{"app": "gateway"}, Ports: []corev1.ServicePort{{Port: 80}}},
	}, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	tr.canary = subsetTwo
	tr.canary.Traffic.Name = "subsets"
	tr.canary.Deployment = "datahub-gateway-canary" // that the role may delete
	tr.bind([]string{"stable", "subsets", tr.canary.Deployment}, "slipway-viewer", "slipway-engineer", "slipway-canary-viewer", "slipway-canary-engineer")
	c := tr.client(nil)
	tr.eventually("the role to count", func() bool { return rows(c, t)["patch virtualservices/subsets"].OK })
	for name, r := range rows(c, t) {
		if !r.OK {
			t.Errorf("%s: %s", name, r.Found)
		}
	}
	expect(t, c.Apply(t.Context(), ordered(create())), release.Accepted)
	s := tr.watch(c)
	s.canaries("a pod", 0, func(w release.Workload) bool { return len(w.Pods) == 1 })
	expect(t, c.Apply(t.Context(), ordered(tr.weigh(c, 10))), release.Accepted, "virtualservice/subsets is 90/10")
	s.splits("90/10", 0, func(s release.Split) bool { return s.Canary == 10 && s.Err == "" && len(s.Blocked)+len(s.Notes) == 0 })
	expect(t, c.Apply(t.Context(), ordered(tr.weigh(c, 0))), release.Accepted)
	remove := release.DeleteCanary{Guard: guardOf(tr.settled("datahub-gateway-canary"))}
	expect(t, c.Apply(t.Context(), ordered(remove)), release.Accepted)
	for _, missing := range []string{"get virtualservices", "list destinationrules"} {
		if _, ok := rows(c, t)[missing]; !ok {
			t.Errorf("no row %q", missing)
		}
	}
}

// With the roles that are shipped, on the sandbox's own environments; what is
// changed is put back.
func TestCanaryEnvironments(t *testing.T) {
	w := sandbox(t)
	for namespace, traffic := range map[string]Traffic{
		"datahub-canary": {Kind: VirtualService, Name: "datahub-gateway", Stable: "datahub-gateway-stable", Canary: "datahub-gateway-canary"},
		"datahub-routes": {Kind: HTTPRoute, Name: "datahub-gateway", Stable: "datahub-gateway-stable", Canary: "datahub-gateway-canary", Route: "primary"},
	} {
		t.Run(namespace, func(t *testing.T) {
			opts := Options{
				Namespace: namespace, Deployment: "datahub-gateway-stable", Container: "gateway",
				Canary: &Canary{Deployment: "datahub-gateway-canary", Traffic: traffic},
			}
			c := w.as("kubeconfig", opts)
			for name, r := range rows(c, t) {
				if !r.OK {
					t.Errorf("as the release engineer, %s: %s", name, r.Found)
				}
			}
			split, err := c.Split(t.Context())
			if err != nil || split.Err != "" || len(split.Blocked) != 0 || split.Canary != 0 {
				t.Fatalf("%+v, %v", split, err)
			}
			one := release.SetWeight{Object: traffic.Object(), Weight: 1, WeightFrom: 0, Rest: split.Rest}
			viewer := w.as("viewer.kubeconfig", opts)
			expect(t, viewer.Apply(t.Context(), ordered(one)), release.Denied, "forbidden: patch "+strings.TrimSuffix(strings.ToLower(string(traffic.Kind)), "s")+"s in namespace "+namespace, "deploy/rbac.yaml")
			ch := create()
			ch.Image = imageOf(&w.in(namespace).get("datahub-gateway-stable").Spec.Template.Spec, "gateway")
			expect(t, viewer.Apply(t.Context(), ordered(ch)), release.Denied, "forbidden: create deployments")

			expect(t, c.Apply(t.Context(), ordered(ch)), release.Accepted)
			t.Cleanup(func() { remove(w.in(namespace), "datahub-gateway-canary") })
			s := w.watch(c)
			s.canaries("available", 0, func(w release.Workload) bool { return w.Available == 1 })
			expect(t, c.Apply(t.Context(), ordered(one)), release.Accepted, "is 99/1")
			s.splits("99/1", 0, func(s release.Split) bool { return s.Canary == 1 && s.Rest == split.Rest && s.Err == "" })
			one.Weight, one.WeightFrom = 0, 1
			expect(t, c.Apply(t.Context(), ordered(one)), release.Accepted, "is 100/0")
		})
	}
}

// in is the same cluster's other namespace.
func (w *world) in(namespace string) *world {
	other := *w
	other.namespace = namespace
	return &other
}

// behind is a Client whose API server is behind a plug.
func (tr *tracks) behind() (*Client, *plug) {
	tr.t.Helper()
	c, p := tr.world.behind("stable")
	cfg := rest.CopyConfig(tr.config)
	cfg.Host = "https://" + p.address()
	if err := c.pair(tr.canary, dynamic.NewForConfigOrDie(cfg)); err != nil {
		tr.t.Fatal(err)
	}
	return c, p
}

// What is not answered becomes old, and says so by its time alone; stable, canary
// and split are back together although each kept the dead connection busy.
func TestCanaryLinkIsLost(t *testing.T) {
	for name, lose := range map[string]func(*plug){"cut": (*plug).cut, "hangs": (*plug).hang} {
		t.Run(name, func(t *testing.T) {
			tr := sandbox(t).tracks(VirtualService)
			c, p := tr.behind()
			s := tr.watch(c)
			s.splits("100/0", 0, func(s release.Split) bool { return s.Err == "" })
			s.canaries("absent", 0, func(w release.Workload) bool { return !w.Found })
			lose(p)
			lost := time.Now()
			_, n := s.hears("lost", 0, func(l release.Link) bool { return !l.OK })
			tr.edit(`[{"op": "add", "path": "/spec/http/1/route/0/weight", "value": 95}, {"op": "add", "path": "/spec/http/1/route/1/weight", "value": 5}]`)
			s.splits("why", n, func(s release.Split) bool { return s.Err != "" && s.Canary == 0 })
			for _, e := range s.events() {
				if o, ok := e.(release.ObservedSplit); ok && o.Split.At.After(lost.Add(time.Second)) {
					t.Errorf("fresh without an answer: %+v", o.Split)
				}
			}
			p.restore()
			back := time.Now()
			c.Retry()
			s.hears("back", n, func(l release.Link) bool { return l.OK })
			s.splits("95/5", 0, func(s release.Split) bool { return s.Canary == 5 && s.Err == "" && s.At.After(back) })
			s.canaries("fresh", 0, func(w release.Workload) bool { return w.At.After(back) })
			if took := time.Since(back); took > 15*time.Second {
				t.Errorf("back after %s", took)
			}
		})
	}
}
