package up

import (
	"context"
	"fmt"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"datahub.io/slipway/sandbox/crds"
)

// The groups of what divides traffic, and the kind that defines their kinds.
const (
	istio      = "networking.istio.io"
	gatewayAPI = "gateway.networking.k8s.io"
)

var definitions = schema.GroupKind{Group: "apiextensions.k8s.io", Kind: "CustomResourceDefinition"}

// onTrack renames a Deployment and puts it and its pods on a track.
func onTrack(deployment *unstructured.Unstructured, name, track string) error {
	deployment.SetName(name)
	for _, path := range [][]string{
		{"metadata", "labels", "track"},
		{"spec", "selector", "matchLabels", "track"},
		{"spec", "template", "metadata", "labels", "track"},
	} {
		if err := unstructured.SetNestedField(deployment.Object, track, path...); err != nil {
			return err
		}
	}
	return nil
}

// routes installs Istio's and the Gateway API's definitions, and then, in the namespaces that have canary releases, what divides their traffic.
func (s *seeder) routes(ctx context.Context) error {
	all, err := crds.All()
	if err != nil {
		return err
	}
	// One after another: the revisions, which are made meanwhile, have the same limit of requests per second.
	for _, definition := range all {
		if err := s.create(ctx, definition); err != nil {
			return err
		}
	}
	for _, definition := range all {
		if err := s.established(ctx, definition.GetName()); err != nil {
			return err
		}
	}
	for _, m := range []struct{ manifest, namespace string }{
		{"gatewayclass.yaml", ""},
		{"tracks.yaml", "datahub-canary"},
		{"istio.yaml", "datahub-canary"},
		{"tracks.yaml", "datahub-routes"},
		{"gatewayapi.yaml", "datahub-routes"},
	} {
		if err := s.apply(ctx, m.manifest, m.namespace, unchanged); err != nil {
			return err
		}
	}
	return nil
}

// established waits until the API server has accepted a CustomResourceDefinition. It serves what that defines a moment later.
func (s *seeder) established(ctx context.Context, name string) error {
	return until(ctx, func() error {
		definition, err := s.dynamic.Resource(resources[definitions]).Get(ctx, name, metav1.GetOptions{})
		if err != nil {
			return err
		}
		status, _ := definition.Object["status"].(map[string]any)
		conditions, _ := status["conditions"].([]any) // null before there are any
		if !slices.ContainsFunc(conditions, func(c any) bool {
			condition, _ := c.(map[string]any)
			return condition["type"] == "Established" && condition["status"] == "True"
		}) {
			return pending(fmt.Sprintf("%s: %v", name, conditions))
		}
		return nil
	})
}
