package kube

import (
	"context"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"datahub.io/slipway/untrusted"
)

// subsets are the labels that an Istio DestinationRule gives the two subsets.
type subsets struct {
	rule, host     string
	stable, canary map[string]string
}

// subsets finds the DestinationRule of the namespace that has both subsets of the
// host.
func (c *Client) subsets(ctx context.Context) (subsets, error) {
	api, err := c.api(ctx, destinationRules)
	if err != nil {
		return subsets{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	list, err := api.List(ctx, metav1.ListOptions{})
	switch {
	case apierrors.IsNotFound(err):
		c.serves(destinationRules, "")
		return subsets{}, err
	case err != nil:
		return subsets{}, c.name(err, "list", destinationRules.resource)
	}
	t := c.canary.Traffic
	var all []subsets
	for i := range list.Items {
		if s, ok := subsetsOf(t, c.namespace, &list.Items[i]); ok {
			all = append(all, s)
		}
	}
	switch len(all) {
	case 1:
		return all[0], nil
	case 0:
		return subsets{}, found("no destinationrule in namespace %s gives labels to the subsets %s and %s: traffic for them would get 503; create one", c.namespace, t.StableSubset, t.CanarySubset)
	}
	return subsets{}, found("%d destinationrules in namespace %s have the subsets %s and %s (%s and %s): one is accepted", len(all), c.namespace, t.StableSubset, t.CanarySubset, all[0].rule, all[1].rule)
}

// subsetsOf reads a DestinationRule; ok is false where it is of another host or
// has not both subsets with labels.
func subsetsOf(t Traffic, namespace string, obj *unstructured.Unstructured) (s subsets, ok bool) {
	spec, _ := obj.Object["spec"].(map[string]any)
	host, _ := spec["host"].(string)
	if t.Stable == t.Canary && t.Stable != "" && fqdn(host, namespace) != fqdn(t.Stable, namespace) {
		return s, false
	}
	s.rule, s.host = untrusted.Line(obj.GetName(), nameBound), host
	for _, subset := range objectsIn(spec, "subsets") {
		name, _ := subset["name"].(string)
		switch sideOf(name, t.StableSubset, t.CanarySubset) {
		case ofStable:
			s.stable = stringsIn(subset, "labels")
		case ofCanary:
			s.canary = stringsIn(subset, "labels")
		}
	}
	return s, len(s.stable) > 0 && len(s.canary) > 0
}

func stringsIn(m map[string]any, key string) map[string]string {
	out := map[string]string{}
	for k, v := range child(m, key) {
		out[k] = fmt.Sprint(v)
	}
	return out
}
