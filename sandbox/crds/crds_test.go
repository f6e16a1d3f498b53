package crds

import (
	"slices"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

func TestDefinitionsOfWhatDividesTraffic(t *testing.T) {
	all, err := All()
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, d := range all {
		names = append(names, d.GetName())
		if d.GetKind() != "CustomResourceDefinition" || d.Object["status"] != nil {
			t.Errorf("%s is a %s with the status %v", d.GetName(), d.GetKind(), d.Object["status"])
		}
		versions, _, _ := unstructured.NestedSlice(d.Object, "spec", "versions")
		if len(versions) == 0 {
			t.Errorf("%s has no versions", d.GetName())
		}
	}
	for _, name := range []string{
		"virtualservices.networking.istio.io", "destinationrules.networking.istio.io", "gateways.networking.istio.io",
		"gatewayclasses.gateway.networking.k8s.io", "gateways.gateway.networking.k8s.io", "httproutes.gateway.networking.k8s.io",
	} {
		if !slices.Contains(names, name) {
			t.Errorf("%s is missing", name)
		}
	}
}
