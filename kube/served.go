package kube

import (
	"context"
	"fmt"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/dynamic"
)

// custom is a kind of object that a cluster need not have.
type custom struct {
	group, resource string
	versions        []string // that slipway reads, the preferred one first
	missing         string   // what to do where the cluster does not have it
}

var (
	virtualServices  = istio("virtualservices", "install Istio, or leave canary.traffic out to split by pods")
	destinationRules = istio("destinationrules", "install Istio, or leave canary.traffic out to split by pods")
	httpRoutes       = custom{
		group: "gateway.networking.k8s.io", resource: "httproutes", versions: []string{"v1"},
		missing: "install the Gateway API, or leave canary.traffic out to split by pods",
	}
)

func istio(resource, missing string) custom {
	return custom{group: "networking.istio.io", resource: resource, versions: []string{"v1", "v1beta1"}, missing: missing}
}

// of is the kind of the object that splits the traffic.
func (t Traffic) of() custom {
	if t.Kind == HTTPRoute {
		return httpRoutes
	}
	return virtualServices
}

// finding is an answer of the cluster that stands in the way, said for people with
// what to do. Any other error means that there was no answer.
type finding struct{ text string }

func (f *finding) Error() string { return f.text }

func found(format string, args ...any) error { return &finding{fmt.Sprintf(format, args...)} }

// api is the way to the objects of a kind in the release's namespace, in the
// first of its versions that the cluster serves. Which one is asked once.
func (c *Client) api(ctx context.Context, k custom) (dynamic.ResourceInterface, error) {
	resource := schema.GroupVersionResource{Group: k.group, Resource: k.resource}
	c.mu.Lock()
	resource.Version = c.served[resource.GroupResource()]
	c.mu.Unlock()
	if resource.Version == "" {
		version, err := c.version(ctx, k)
		if err != nil {
			return nil, err
		}
		resource.Version = version
		c.serves(k, version)
	}
	return c.dynamic.Resource(resource).Namespace(c.namespace), nil
}

// serves remembers the version of a kind; an empty one is asked for again.
func (c *Client) serves(k custom, version string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.served == nil {
		c.served = map[schema.GroupResource]string{}
	}
	c.served[schema.GroupResource{Group: k.group, Resource: k.resource}] = version
}

func (c *Client) version(ctx context.Context, k custom) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	api := discovery.ToServerResourcesInterfaceWithContext(c.kube.Discovery())
	for _, version := range k.versions {
		list, err := api.ServerResourcesForGroupVersionWithContext(ctx, k.group+"/"+version)
		switch {
		case apierrors.IsNotFound(err):
		case err != nil:
			return "", fmt.Errorf("ask for %s/%s: %w", k.group, version, err)
		case slices.ContainsFunc(list.APIResources, func(r metav1.APIResource) bool { return r.Name == k.resource }):
			return version, nil
		}
	}
	return "", found("%s.%s %s is not installed in this cluster: %s", k.resource, k.group, strings.Join(k.versions, " or "), k.missing)
}
