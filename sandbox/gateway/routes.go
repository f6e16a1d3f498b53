package gateway

import (
	"cmp"
	"encoding/json"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"
	corelisters "k8s.io/client-go/listers/core/v1"
	"k8s.io/client-go/tools/cache"

	"datahub.io/slipway/sandbox/traffic"
)

// The kinds of objects that divide requests, and those that they refer to.
var (
	VirtualServices  = schema.GroupVersionResource{Group: "networking.istio.io", Version: "v1", Resource: "virtualservices"}
	DestinationRules = schema.GroupVersionResource{Group: "networking.istio.io", Version: "v1", Resource: "destinationrules"}
	HTTPRoutes       = schema.GroupVersionResource{Group: "gateway.networking.k8s.io", Version: "v1", Resource: "httproutes"}
)

// Host is what requests to every environment ask for.
const Host = "gateway.datahub.io"

// routes are the listers of what divides requests.
type routes struct {
	services corelisters.ServiceLister
	objects  map[schema.GroupVersionResource]cache.GenericLister
}

// split returns how the requests of some kinds to an environment are divided. It returns false if they are not: they go to all of its pods.
// Several VirtualServices or HTTPRoutes for the host count together.
func (r routes) split(e Environment, kinds []traffic.Kind) ([]traffic.Backend, bool) {
	d := r.directory(e.Namespace)
	virtual := list[traffic.VirtualService](r, VirtualServices, e.Namespace)
	virtual = slices.DeleteFunc(virtual, func(v traffic.VirtualService) bool { return !serves(v.Hosts, "*", "*.datahub.io") })
	if len(virtual) > 0 {
		return traffic.MergeVirtualServices(virtual).Split(kinds, d), true
	}
	routes := list[traffic.HTTPRoute](r, HTTPRoutes, e.Namespace)
	routes = slices.DeleteFunc(routes, func(h traffic.HTTPRoute) bool { return len(h.Hostnames) > 0 && !serves(h.Hostnames, "*.datahub.io") })
	if len(routes) > 0 {
		return traffic.MergeHTTPRoutes(routes).Split(kinds, d), true
	}
	return traffic.Unrouted(), e.Routed
}

// serves tells whether hosts hold the one that is asked for, or a wildcard for it.
func serves(hosts []string, wildcards ...string) bool {
	return slices.ContainsFunc(hosts, func(host string) bool { return host == Host || slices.Contains(wildcards, host) })
}

func (r routes) directory(namespace string) traffic.Directory {
	services := map[string]map[string]string{}
	all, _ := r.services.Services(namespace).List(labels.Everything())
	for _, s := range all {
		services[s.Name] = selectorOf(s)
	}
	return traffic.NewDirectory(namespace, services, list[traffic.DestinationRule](r, DestinationRules, namespace))
}

func selectorOf(s *corev1.Service) map[string]string {
	if s.Spec.Type == corev1.ServiceTypeExternalName {
		return nil
	}
	return s.Spec.Selector
}

// list returns the specs of a namespace's objects of a kind, the oldest first, in the order of their names within a second. One that does not decode is left out: the schemas of
// the CustomResourceDefinitions let none pass.
func list[T any](r routes, kind schema.GroupVersionResource, namespace string) []T {
	objects, _ := r.objects[kind].ByNamespace(namespace).List(labels.Everything())
	found := make([]*unstructured.Unstructured, 0, len(objects))
	for _, o := range objects {
		found = append(found, o.(*unstructured.Unstructured))
	}
	slices.SortFunc(found, func(a, b *unstructured.Unstructured) int {
		return cmp.Or(a.GetCreationTimestamp().Compare(b.GetCreationTimestamp().Time), cmp.Compare(a.GetName(), b.GetName()))
	})
	var out []T
	for _, o := range found {
		var spec T
		if data, err := json.Marshal(o.Object["spec"]); err == nil && json.Unmarshal(data, &spec) == nil {
			out = append(out, spec)
		}
	}
	return out
}
