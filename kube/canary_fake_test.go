package kube

import (
	"context"
	"fmt"
	"maps"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	dynamicfake "k8s.io/client-go/dynamic/fake"
	"k8s.io/client-go/kubernetes/fake"
	metricsfake "k8s.io/metrics/pkg/client/clientset/versioned/fake"

	"datahub.io/slipway/release"
)

// pretend is a cluster of objects without an API server: for faults and for what
// does not depend on one.
type pretend struct {
	kube    *fake.Clientset
	dynamic *dynamicfake.FakeDynamicClient
	client  *Client
}

// pretended has Istio and the Gateway API in the versions given, or in v1.
func pretended(t testing.TB, canary Canary, objects []runtime.Object, versions ...string) *pretend {
	t.Helper()
	if versions == nil {
		versions = []string{"networking.istio.io/v1", "gateway.networking.k8s.io/v1"}
	}
	var typed, custom []runtime.Object
	for _, o := range objects {
		if _, ok := o.(runtime.Unstructured); ok {
			custom = append(custom, o)
		} else {
			typed = append(typed, o)
		}
	}
	p := &pretend{kube: fake.NewClientset(typed...)}
	kinds := map[schema.GroupVersionResource]string{}
	for _, text := range versions {
		gv, err := schema.ParseGroupVersion(text)
		if err != nil {
			t.Fatal(err)
		}
		list := &metav1.APIResourceList{GroupVersion: text}
		for resource, kind := range map[string]string{"virtualservices": "VirtualService", "destinationrules": "DestinationRule", "httproutes": "HTTPRoute"} {
			if (resource == "httproutes") == (gv.Group == "gateway.networking.k8s.io") {
				kinds[gv.WithResource(resource)] = kind + "List"
				list.APIResources = append(list.APIResources, metav1.APIResource{Name: resource})
			}
		}
		p.kube.Resources = append(p.kube.Resources, list)
	}
	p.dynamic = dynamicfake.NewSimpleDynamicClientWithCustomListKinds(runtime.NewScheme(), kinds, custom...)
	p.client = newClient(p.kube, metricsfake.NewSimpleClientset(), Options{Namespace: "shop", Deployment: "stable", Container: "app"})
	if err := p.client.pair(canary, p.dynamic); err != nil {
		t.Fatal(err)
	}
	return p
}

var (
	istioCanary = Canary{Deployment: "canary", Traffic: byHost}
	routeCanary = Canary{Deployment: "canary", Traffic: byBackend}
	subsetTwo   = Canary{Deployment: "canary", Traffic: Traffic{Kind: VirtualService, Name: "gateway", Stable: "gateway", Canary: "gateway", StableSubset: "stable", CanarySubset: "canary"}}
	podsCanary  = Canary{Deployment: "canary"}
)

// stableWith is stable's Deployment with these labels on its pods and in its
// selector.
func stableWith(labels, selector map[string]string) *appsv1.Deployment {
	three := int32(3)
	return &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Name: "stable", Namespace: "shop", UID: "s1", ResourceVersion: "1"},
		Spec: appsv1.DeploymentSpec{
			Replicas: &three, Selector: &metav1.LabelSelector{MatchLabels: maps.Clone(selector)},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: maps.Clone(labels)},
				Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "proxy", Image: "envoy:v1"}, {Name: "app", Image: "app:v1"}}},
			},
		},
	}
}

func stableDeployment() *appsv1.Deployment {
	both := map[string]string{"app": "gateway", "track": "stable"}
	return stableWith(both, both)
}

// canaryDeployment is a canary that exists, of v1.
func canaryDeployment() *appsv1.Deployment {
	both := map[string]string{"app": "gateway", "track": "canary"}
	d := stableWith(both, both)
	d.Name, d.UID = "canary", "c1"
	return d
}

func serviceWith(name string, selector map[string]string) *corev1.Service {
	return &corev1.Service{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: "shop"}, Spec: corev1.ServiceSpec{Selector: selector}}
}

func services() []runtime.Object {
	return []runtime.Object{
		serviceWith("stable-svc", map[string]string{"app": "gateway", "track": "stable"}),
		serviceWith("canary-svc", map[string]string{"app": "gateway", "track": "canary"}),
	}
}

func applyOf(replicas int) release.ApplyCanary {
	return release.ApplyCanary{Guard: release.Guard{Object: "deployment/canary"}, Container: "app", Image: "app:v2", Replicas: replicas}
}

// Split reads once how the traffic is divided, with what stands in a canary's way.
// It is the zero Split where pods are the split. Without an answer of the API
// server there is an error, and Split.Err where the answer is that it cannot be
// used.
func (c *Client) Split(ctx context.Context) (release.Split, error) {
	if c.canary == nil || c.canary.Traffic.Kind == "" {
		return release.Split{}, nil
	}
	asked := time.Now()
	obj, err := c.readTraffic(ctx)
	split, ok := c.splitOf(asked, obj, err)
	if !ok {
		return release.Split{}, fmt.Errorf("read %s: %w", c.canary.Traffic.Object(), plainly(err))
	}
	o, err := c.obstacles(ctx)
	if err != nil {
		return release.Split{}, fmt.Errorf("read what belongs to %s: %w", c.canary.Traffic.Object(), plainly(err))
	}
	return o.on(split), nil
}
