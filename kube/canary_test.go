package kube

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	clienttesting "k8s.io/client-go/testing"

	"datahub.io/slipway/release"
)

func (p *pretend) canary(t *testing.T) *appsv1.Deployment {
	t.Helper()
	d, err := p.kube.AppsV1().Deployments("shop").Get(context.Background(), "canary", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// answers makes every such request of a resource end in an error.
func (p *pretend) answers(verb, resource string, err error) {
	react := func(clienttesting.Action) (bool, runtime.Object, error) { return true, nil, err }
	p.kube.PrependReactor(verb, resource, react)
	p.dynamic.PrependReactor(verb, resource, react)
}

var forbidden = apierrors.NewForbidden(schema.GroupResource{Resource: "things"}, "x", errors.New("user u cannot do that"))

// What a canary is made of depends on how the traffic finds it.
func TestCreateCanary(t *testing.T) {
	rule := object(t, `{apiVersion: networking.istio.io/v1, kind: DestinationRule, metadata: {name: gateway, namespace: shop}, spec: {host: gateway, subsets: [{name: stable, labels: {track: stable}}, {name: canary, labels: {track: canary, tier: c}}]}}`)
	other := object(t, `{apiVersion: networking.istio.io/v1, kind: DestinationRule, metadata: {name: other, namespace: shop}, spec: {host: other, subsets: [{name: stable, labels: {x: y}}, {name: canary, labels: {x: z}}]}}`)
	app := map[string]string{"app": "gateway"}
	for _, test := range []struct {
		name     string
		canary   Canary
		objects  []runtime.Object
		kind     release.OutcomeKind
		text     string
		pods     map[string]string
		selector map[string]string
	}{
		{
			"of hosts", istioCanary, append(services(), stableDeployment()), release.Accepted, "deployment canary created",
			map[string]string{"app": "gateway", "track": "canary"},
			map[string]string{"app": "gateway", "track": "canary"},
		},
		{
			"of backends", routeCanary, append(services(), stableDeployment()), release.Accepted, "",
			map[string]string{"app": "gateway", "track": "canary"},
			map[string]string{"app": "gateway", "track": "canary"},
		},
		{
			"of subsets", subsetTwo,
			[]runtime.Object{stableDeployment(), rule, other, serviceWith("gateway", app)},
			release.Accepted, "",
			map[string]string{"app": "gateway", "track": "canary", "tier": "c"},
			map[string]string{"app": "gateway", "track": "canary", "tier": "c"},
		},
		{
			"split by pods", podsCanary,
			[]runtime.Object{stableWith(app, app)},
			release.Accepted, "",
			map[string]string{"app": "gateway", trackLabel: trackValue},
			map[string]string{"app": "gateway", trackLabel: trackValue},
		},
		{"no Service", istioCanary, []runtime.Object{stableDeployment()}, release.Denied, "service/canary-svc does not exist: traffic for it would get 503", nil, nil},
		{"Service without selector", istioCanary, []runtime.Object{stableDeployment(), serviceWith("canary-svc", nil)}, release.Denied, "service/canary-svc has no selector", nil, nil},
		{"no DestinationRule", subsetTwo, []runtime.Object{stableDeployment(), other}, release.Denied, "no destinationrule in namespace shop gives labels to the subsets stable and canary", nil, nil},
		{"stable would select it", istioCanary, append(services(), stableWith(map[string]string{"app": "gateway", "track": "stable"}, app)), release.Denied, "would be selected by stable", nil, nil},
		{"no stable", istioCanary, services(), release.Denied, "deployment stable does not exist", nil, nil},
		{"it exists", istioCanary, append(services(), stableDeployment(), canaryDeployment()), release.Moved, "deployment canary exists already: image is now v1", nil, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := pretended(t, test.canary, test.objects)
			expect(t, p.client.Apply(t.Context(), ordered(applyOf(2))), test.kind, test.text)
			if test.pods == nil {
				return
			}
			d := p.canary(t)
			if !maps.Equal(d.Spec.Template.Labels, test.pods) || !maps.Equal(d.Spec.Selector.MatchLabels, test.selector) {
				t.Errorf("pods %v, selector %v", d.Spec.Template.Labels, d.Spec.Selector.MatchLabels)
			}
			if *d.Spec.Replicas != 2 || imageOf(&d.Spec.Template.Spec, "app") != "app:v2" || d.Annotations[changeCauseAnnotation] != "slipway: apply canary" || d.Labels[managedByLabel] != "slipway" {
				t.Errorf("%+v", d)
			}
		})
	}
}

// Of an undo by weights the canary has the pods of the earlier revision, whole: not
// the current ones with its image.
func TestCreateCanaryOfARevision(t *testing.T) {
	stable := stableDeployment()
	earlier := *stable.Spec.Template.DeepCopy()
	earlier.Spec.Containers[0].Image = "app:v0"
	earlier.Spec.Containers[0].Env = []corev1.EnvVar{{Name: "KEY_ROTATION", Value: "off"}}
	earlier.Annotations = map[string]string{"config": "0"}
	set := &appsv1.ReplicaSet{
		ObjectMeta: metav1.ObjectMeta{
			Name: "stable-0", Namespace: "shop", UID: "rs0", Labels: stable.Spec.Template.Labels,
			Annotations: map[string]string{revisionAnnotation: "1"}, OwnerReferences: []metav1.OwnerReference{*metav1.NewControllerRef(stable, appsv1.SchemeGroupVersion.WithKind("Deployment"))},
		},
		Spec: appsv1.ReplicaSetSpec{Selector: stable.Spec.Selector, Template: earlier},
	}
	change := applyOf(3)
	change.Revision, change.Image, change.Template = 1, "app:v0", flatten(&earlier).Hash
	p := pretended(t, istioCanary, append(services(), stable, set))
	expect(t, p.client.Apply(t.Context(), ordered(change)), release.Accepted, "deployment canary created")
	d := p.canary(t)
	pods := d.Spec.Template
	if imageOf(&pods.Spec, "app") != "app:v0" || len(pods.Spec.Containers[0].Env) != 1 || pods.Annotations["config"] != "0" || pods.Labels["track"] != "canary" {
		t.Errorf("%+v", pods)
	}

	for name, change := range map[string]release.ApplyCanary{
		"another template": {Container: "app", Image: "app:v0", Replicas: 3, Revision: 1, Template: "other"},
		"no revision":      {Container: "app", Image: "app:v0", Replicas: 3, Revision: 7, Template: change.Template},
	} {
		p := pretended(t, istioCanary, append(services(), stable, set))
		out := p.client.Apply(t.Context(), ordered(change))
		if out.Kind == release.Accepted || !strings.Contains(out.Text, "revision") {
			t.Errorf("%s: %s: %s", name, out.Kind, out.Text)
		}
	}
}

func TestCreateCanaryFails(t *testing.T) {
	for _, test := range []struct {
		name string
		err  error
		kind release.OutcomeKind
		text string
	}{
		{"perhaps created", apierrors.NewAlreadyExists(schema.GroupResource{Resource: "deployments"}, "canary"), release.Lost, "came while it was created"},
		{"forbidden", forbidden, release.Denied, "forbidden: create deployments in namespace shop is not allowed; see deploy/rbac.yaml"},
		{"no answer", apierrors.NewTimeoutError("slow", 1), release.Lost, "slow"},
		{"a webhook that fails", apierrors.NewInternalError(errors.New(`failed calling webhook "x"`)), release.Denied, "failed calling webhook"},
		{"invalid", apierrors.NewInvalid(schema.GroupKind{Kind: "Deployment"}, "canary", nil), release.Denied, "invalid"},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := pretended(t, istioCanary, append(services(), stableDeployment()))
			p.answers("create", "deployments", test.err)
			expect(t, p.client.Apply(t.Context(), ordered(applyOf(2))), test.kind, test.text)
		})
	}
}

// A canary that exists is brought to what would be created.
func TestRenewCanary(t *testing.T) {
	p := pretended(t, istioCanary, append(services(), stableDeployment(), canaryDeployment()))
	ch := applyOf(1)
	now := p.canary(t)
	ch.UID, ch.Before = "c1", flatten(&now.Spec.Template).Hash
	expect(t, p.client.Apply(t.Context(), ordered(ch)), release.Accepted)
	d := p.canary(t)
	if *d.Spec.Replicas != 1 || imageOf(&d.Spec.Template.Spec, "app") != "app:v2" || d.Labels[managedByLabel] != "slipway" || d.Annotations[changeCauseAnnotation] != ordered(ch).Cause {
		t.Errorf("%+v", d)
	}
	expect(t, p.client.Apply(t.Context(), ordered(ch)), release.Moved, "image is now v2")
	ch.Before = flatten(&d.Spec.Template).Hash
	expect(t, p.client.Apply(t.Context(), ordered(ch)), release.Skipped, "deployment canary is so already: 1 replicas of v2")
	ch.UID = "another"
	expect(t, p.client.Apply(t.Context(), ordered(ch)), release.Moved, "deleted and created again")

	other := canaryDeployment()
	other.Spec.Selector.MatchLabels = map[string]string{"track": "canary"}
	p = pretended(t, istioCanary, append(services(), stableDeployment(), other))
	ch.UID, ch.Before = "c1", flatten(&other.Spec.Template).Hash
	expect(t, p.client.Apply(t.Context(), ordered(ch)), release.Denied, "cannot be changed: delete it first, kubectl delete deployment canary")
}

func TestScaleCanary(t *testing.T) {
	p := pretended(t, podsCanary, []runtime.Object{stableDeployment(), canaryDeployment()})
	ch := release.ScaleCanary{Guard: release.Guard{UID: "c1", Before: flatten(&canaryDeployment().Spec.Template).Hash}, Scaling: release.Scaling{ReplicasFrom: 3}}
	expect(t, p.client.Apply(t.Context(), ordered(ch)), release.Accepted)
	if d := p.canary(t); *d.Spec.Replicas != 0 {
		t.Errorf("%d replicas", *d.Spec.Replicas)
	}
	expect(t, p.client.Apply(t.Context(), ordered(ch)), release.Skipped, "has 0 replicas already")
	ch.Replicas = 5
	expect(t, p.client.Apply(t.Context(), ordered(ch)), release.Moved, "has 0 replicas now, not 3")
	ch.Before = "other"
	expect(t, p.client.Apply(t.Context(), ordered(ch)), release.Moved, "image is now v1")
	ch.Object = "deployment/other"
	expect(t, p.client.Apply(t.Context(), ordered(ch)), release.Denied, "was decided on deployment/other, and deployment/canary is configured now")
	d, err := p.kube.AppsV1().Deployments("shop").Get(t.Context(), "stable", metav1.GetOptions{})
	if err != nil || *d.Spec.Replicas != 3 {
		t.Errorf("stable was scaled: %v", err)
	}
}

func TestDeleteCanary(t *testing.T) {
	p := pretended(t, podsCanary, []runtime.Object{stableDeployment(), canaryDeployment()})
	ch := release.DeleteCanary{Guard: release.Guard{UID: "c1", Before: "other"}}
	expect(t, p.client.Apply(t.Context(), ordered(ch)), release.Moved, "image is now v1")
	ch.Before = flatten(&canaryDeployment().Spec.Template).Hash
	ch.UID = "c0"
	expect(t, p.client.Apply(t.Context(), ordered(ch)), release.Moved, "deleted and created again")
	ch.UID = "c1"
	expect(t, p.client.Apply(t.Context(), ordered(ch)), release.Accepted, "deployment canary deleted")
	var options metav1.DeleteOptions
	for _, a := range p.kube.Actions() {
		if d, ok := a.(clienttesting.DeleteActionImpl); ok {
			options = d.DeleteOptions
		}
	}
	if options.Preconditions == nil || options.Preconditions.UID == nil || *options.Preconditions.UID != "c1" ||
		options.Preconditions.ResourceVersion == nil || *options.Preconditions.ResourceVersion != canaryDeployment().ResourceVersion || *options.PropagationPolicy != metav1.DeletePropagationBackground {
		t.Errorf("%+v", options)
	}
	expect(t, p.client.Apply(t.Context(), ordered(ch)), release.Skipped, "deployment canary is gone already")

	p = pretended(t, podsCanary, []runtime.Object{canaryDeployment()})
	p.answers("delete", "deployments", apierrors.NewServerTimeout(schema.GroupResource{}, "delete", 1))
	expect(t, p.client.Apply(t.Context(), ordered(ch)), release.Lost)
	p.answers("delete", "deployments", forbidden)
	expect(t, p.client.Apply(t.Context(), ordered(ch)), release.Denied, "forbidden: delete deployments")
}

// What somebody changes between the look and the deletion is looked at again: an edit of
// the pods keeps the Deployment, a new status does not.
func TestDeleteCanaryThatMoves(t *testing.T) {
	conflict := apierrors.NewConflict(schema.GroupResource{Group: "apps", Resource: "deployments"}, "canary", errors.New("resourceVersion"))
	for _, test := range []struct {
		name   string
		edit   func(*appsv1.Deployment)
		kind   release.OutcomeKind
		saying string
	}{
		{"status", func(d *appsv1.Deployment) { d.Status.Replicas++ }, release.Accepted, "deployment canary deleted"},
		{"pods", func(d *appsv1.Deployment) { d.Spec.Template.Spec.Containers[0].Image = "app:v9" }, release.Moved, "image is now v9"},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := pretended(t, podsCanary, []runtime.Object{stableDeployment(), canaryDeployment()})
			first := true
			p.kube.PrependReactor("delete", "deployments", func(clienttesting.Action) (bool, runtime.Object, error) {
				if !first {
					return false, nil, nil
				}
				first = false
				d := canaryDeployment()
				test.edit(d)
				d.ResourceVersion = "77"
				if err := p.kube.Tracker().Update(appsv1.SchemeGroupVersion.WithResource("deployments"), d, "shop"); err != nil {
					t.Error(err)
				}
				return true, nil, conflict
			})
			ch := release.DeleteCanary{Guard: release.Guard{UID: "c1", Before: flatten(&canaryDeployment().Spec.Template).Hash}}
			expect(t, p.client.Apply(t.Context(), ordered(ch)), test.kind, test.saying)
		})
	}
}

func TestNoCanaryIsConfigured(t *testing.T) {
	c := unreachable(t)
	for _, do := range []release.Operation{release.ApplyCanary{}, release.ScaleCanary{}, release.DeleteCanary{}, release.SetWeight{}} {
		expect(t, c.Apply(t.Context(), ordered(do)), release.Denied, "none is configured")
	}
	p := pretended(t, podsCanary, nil)
	expect(t, p.client.Apply(t.Context(), ordered(release.SetWeight{})), release.Denied, "none is configured")
}

const halves = `{http: [{name: primary, route: [{destination: {host: stable-svc}, weight: 60}, {destination: {host: canary-svc}, weight: 40}]}]}`

func weightsOf(t *testing.T, p *pretend) division {
	t.Helper()
	obj, err := p.client.readTraffic(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	d, err := divide(p.client.canary.Traffic, "shop", obj)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestSetWeight(t *testing.T) {
	p := pretended(t, istioCanary, []runtime.Object{virtualServiceOf(t, halves)})
	ch := release.SetWeight{Object: "virtualservice/gateway", Weight: 50, WeightFrom: 40, Rest: weightsOf(t, p).rest}
	expect(t, p.client.Apply(t.Context(), ordered(ch)), release.Accepted, "virtualservice/gateway is 50/50")
	if d := weightsOf(t, p); d.percent != 50 || !d.exact || d.rest != ch.Rest {
		t.Errorf("%+v", d)
	}
	expect(t, p.client.Apply(t.Context(), ordered(ch)), release.Skipped, "is 50/50 already")
	ch.Weight = 101
	expect(t, p.client.Apply(t.Context(), ordered(ch)), release.Denied, "0 to 100 are accepted")
	ch.Weight, ch.Object = 60, "virtualservice/other"
	expect(t, p.client.Apply(t.Context(), ordered(ch)), release.Denied, "was decided on virtualservice/other")

	// What an older Istio serves is found as well.
	old := virtualServiceOf(t, halves)
	old.SetAPIVersion("networking.istio.io/v1beta1")
	p = pretended(t, istioCanary, []runtime.Object{old}, "networking.istio.io/v1beta1")
	ch = release.SetWeight{Weight: 0, WeightFrom: 40, Rest: ch.Rest}
	expect(t, p.client.Apply(t.Context(), ordered(ch)), release.Accepted, "is 100/0")
}

func TestSetWeightFails(t *testing.T) {
	vs := schema.GroupResource{Group: "networking.istio.io", Resource: "virtualservices"}
	for _, test := range []struct {
		name  string
		fault func(*pretend)
		kind  release.OutcomeKind
		text  string
		tries int
	}{
		{"no answer", func(p *pretend) { p.answers("patch", "virtualservices", apierrors.NewTimeoutError("slow", 1)) }, release.Lost, "no answer to the patch", 1},
		{"forbidden", func(p *pretend) { p.answers("patch", "virtualservices", forbidden) }, release.Denied, "forbidden: patch virtualservices in namespace shop is not allowed; see deploy/rbac.yaml", 1},
		{"may not be read", func(p *pretend) { p.answers("get", "virtualservices", forbidden) }, release.Denied, "forbidden: get virtualservices", 0},
		{"cannot be read", func(p *pretend) { p.answers("get", "virtualservices", errors.New("connection refused")) }, release.Denied, "nothing was sent: read virtualservice/gateway: connection refused", 0},
		{"gone", func(p *pretend) { p.answers("get", "virtualservices", apierrors.NewNotFound(vs, "gateway")) }, release.Denied, "virtualservice/gateway does not exist in namespace shop", 0},
		{"always in between", func(p *pretend) {
			p.answers("patch", "virtualservices", apierrors.NewConflict(vs, "gateway", errors.New("moved")))
		}, release.Denied, "nothing was done: virtualservice/gateway changed 8 times", 8},
		{"refused", func(p *pretend) {
			p.answers("patch", "virtualservices", apierrors.NewInvalid(schema.GroupKind{Kind: "VirtualService"}, "gateway", nil))
		}, release.Denied, "is invalid", 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := pretended(t, istioCanary, []runtime.Object{virtualServiceOf(t, halves)})
			ch := release.SetWeight{Weight: 50, WeightFrom: 40, Rest: weightsOf(t, p).rest}
			test.fault(p)
			p.dynamic.ClearActions()
			expect(t, p.client.Apply(t.Context(), ordered(ch)), test.kind, test.text)
			n := 0
			for _, a := range p.dynamic.Actions() {
				if a.GetVerb() == "patch" {
					n++
				}
			}
			if n != test.tries {
				t.Errorf("%d patches, expected %d", n, test.tries)
			}
		})
	}
}

// Somebody else's weights stay.
func TestSetWeightMeanwhile(t *testing.T) {
	p := pretended(t, istioCanary, []runtime.Object{virtualServiceOf(t, halves)})
	ch := release.SetWeight{Weight: 50, WeightFrom: 40, Rest: weightsOf(t, p).rest}
	first := true
	p.dynamic.PrependReactor("patch", "virtualservices", func(clienttesting.Action) (bool, runtime.Object, error) {
		if !first {
			return false, nil, nil
		}
		first = false
		theirs := virtualServiceOf(t, strings.NewReplacer("60", "90", "40", "10").Replace(halves))
		if err := p.dynamic.Tracker().Update(schema.GroupVersionResource{Group: "networking.istio.io", Version: "v1", Resource: "virtualservices"}, theirs, "shop"); err != nil {
			t.Error(err)
		}
		return true, nil, apierrors.NewConflict(schema.GroupResource{}, "gateway", errors.New("moved"))
	})
	expect(t, p.client.Apply(t.Context(), ordered(ch)), release.Moved, "virtualservice/gateway is 90/10 now")
	if d := weightsOf(t, p); d.percent != 10 {
		t.Errorf("%d%%", d.percent)
	}
}

func TestObstacles(t *testing.T) {
	app := map[string]string{"app": "gateway"}
	both := func(track string) map[string]string { return map[string]string{"app": "gateway", "track": track} }
	rule := func(stable, canary string) runtime.Object {
		return object(t, fmt.Sprintf(`{apiVersion: networking.istio.io/v1, kind: DestinationRule, metadata: {name: r, namespace: shop}, spec: {host: gateway, subsets: [{name: stable, labels: %s}, {name: canary, labels: %s}]}}`, stable, canary))
	}
	for _, test := range []struct {
		name    string
		canary  Canary
		objects []runtime.Object
		blocked []string
		notes   []string
	}{
		{"none", istioCanary, append(services(), stableDeployment()), nil, nil},
		{"none with a canary", istioCanary, append(services(), stableDeployment(), canaryDeployment()), nil, nil},
		{"no Service", istioCanary, []runtime.Object{stableDeployment(), services()[0]}, []string{"service/canary-svc does not exist"}, nil},
		{"no Services", istioCanary, []runtime.Object{stableDeployment()}, []string{"service/canary-svc does not exist", "service/stable-svc does not exist"}, nil},
		{
			"stable's Service takes all", istioCanary,
			[]runtime.Object{stableDeployment(), serviceWith("stable-svc", app), services()[1]},
			[]string{"service/stable-svc selects the canary's pods too (selector app=gateway): give them a label of their own"},
			nil,
		},
		{
			"the canary's Service takes all", istioCanary,
			[]runtime.Object{stableDeployment(), canaryDeployment(), services()[0], serviceWith("canary-svc", app)},
			[]string{"service/canary-svc selects stable's pods too (selector app=gateway)"},
			nil,
		},
		{
			"the canary's Service takes nothing", istioCanary,
			[]runtime.Object{stableDeployment(), canaryDeployment(), services()[0], serviceWith("canary-svc", map[string]string{"app": "x"})},
			[]string{"service/canary-svc does not select the canary's pods"},
			nil,
		},
		{
			"Services without selectors", istioCanary,
			[]runtime.Object{stableDeployment(), canaryDeployment(), serviceWith("stable-svc", nil), serviceWith("canary-svc", nil)},
			nil,
			[]string{"service/stable-svc has no selector", "service/canary-svc has no selector"},
		},
		{
			"stable selects the canary", istioCanary, append(services(), stableWith(both("stable"), app), canaryDeployment()),
			[]string{"deployment/stable selects the canary's pods too (selector app=gateway)"},
			nil,
		},
		{"the canary selects stable", istioCanary, append(services(), stableDeployment(), func() runtime.Object {
			d := canaryDeployment()
			d.Spec.Selector.MatchLabels = app
			return d
		}()), []string{"deployment/canary selects stable's pods too"}, nil},
		{
			"another namespace's host",
			Canary{Deployment: "canary", Traffic: Traffic{Kind: VirtualService, Name: "gateway", Stable: "stable-svc.other", Canary: "canary-svc"}},
			append(services(), stableDeployment()), nil,
			[]string{"host stable-svc.other is not a Service of namespace shop"},
		},
		{"subsets", subsetTwo, []runtime.Object{stableDeployment(), rule("{track: stable}", "{track: canary}"), serviceWith("gateway", app)}, nil, nil},
		{
			"subsets that overlap", subsetTwo,
			[]runtime.Object{stableDeployment(), rule("{app: gateway}", "{track: canary}"), serviceWith("gateway", app)},
			[]string{"subset stable of destinationrule/r selects the canary's pods too (app=gateway)"},
			nil,
		},
		{
			"subset that selects nothing", subsetTwo,
			[]runtime.Object{stableDeployment(), canaryDeployment(), rule("{track: stable}", "{track: c}"), serviceWith("gateway", app)},
			[]string{"subset canary of destinationrule/r does not select the canary's pods"},
			nil,
		},
		{"no subsets", subsetTwo, []runtime.Object{stableDeployment(), serviceWith("gateway", app)}, []string{"no destinationrule in namespace shop"}, nil},
		{"no host of the subsets", subsetTwo, []runtime.Object{stableDeployment(), rule("{track: stable}", "{track: canary}")}, []string{"service/gateway does not exist"}, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := pretended(t, test.canary, test.objects)
			o, err := p.client.obstacles(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			saysAll(t, "blocked", o.blocked, test.blocked)
			saysAll(t, "notes", o.notes, test.notes)
		})
	}
	// Services that may not be read are told; an error that is no answer is one.
	p := pretended(t, istioCanary, append(services(), stableDeployment(), canaryDeployment()))
	p.answers("get", "services", forbidden)
	o, err := p.client.obstacles(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	saysAll(t, "blocked", o.blocked, nil)
	saysAll(t, "notes", o.notes, []string{"not checked: forbidden: get services"})
	p.answers("get", "services", errors.New("connection refused"))
	if o, err := p.client.obstacles(t.Context()); err == nil {
		t.Errorf("%+v", o)
	}
}

func saysAll(t *testing.T, what string, got, want []string) {
	t.Helper()
	if len(got) != len(want) || slices.ContainsFunc(want, func(w string) bool {
		return !slices.ContainsFunc(got, func(g string) bool { return strings.Contains(g, w) })
	}) {
		t.Errorf("%s %q, expected %q", what, got, want)
	}
}
