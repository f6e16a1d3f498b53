package kube

import (
	"errors"
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"datahub.io/slipway/untrusted"
)

// httpRouteWays reads the rules of a Gateway API HTTPRoute. Each backend has a
// share of its rule's weights, 1 where none is written; of the rules the most
// specific match wins (gateway-api.sigs.k8s.io/reference/spec, HTTPRouteRule).
func httpRouteWays(t Traffic, namespace string, spec map[string]any) (ways []way, notes []string, err error) {
	rules := objectsIn(spec, "rules")
	if len(rules) == 0 {
		return nil, nil, errors.New("has no rules: add one with both backends")
	}
	for i, rule := range rules {
		ways = append(ways, gatewayWay(t, namespace, rule, i))
	}
	return ways, nil, nil
}

func gatewayWay(t Traffic, namespace string, rule map[string]any, i int) way {
	w := way{noun: "rule", some: gatewaySome(rule)}
	w.name, w.label = labelled(rule, i)
	for _, f := range objectsIn(rule, "filters") {
		switch kind, _ := f["type"].(string); kind {
		case "RequestMirror":
			w.mirrors = true
		case "RequestRedirect":
			w.instead = "redirects"
		}
	}
	for j, to := range objectsIn(rule, "backendRefs") {
		w.ends = append(w.ends, gatewayEnd(t, namespace, to, fmt.Sprintf("/spec/rules/%d/backendRefs/%d", i, j)))
	}
	return w
}

// gatewaySome tells whether a rule takes only what it matches. A rule without
// matches has the prefix "/", as the API server writes it.
func gatewaySome(rule map[string]any) bool {
	matches := objectsIn(rule, "matches")
	for _, m := range matches {
		path := child(m, "path")
		kind, _ := path["type"].(string)
		value, _ := path["value"].(string)
		if len(m) == 0 || len(m) == 1 && value == "/" && (kind == "" || kind == "PathPrefix") {
			return false
		}
	}
	return len(matches) > 0
}

func gatewayEnd(t Traffic, namespace string, to map[string]any, path string) end {
	name, _ := to["name"].(string)
	kind, _ := to["kind"].(string)
	group, _ := to["group"].(string)
	of, _ := to["namespace"].(string)
	e := end{path: path, object: to, label: untrusted.Line(name, nameBound), same: []op{{Op: "test", Path: path + "/name", Value: name}}}
	weight, ok := weightOf(to, 1)
	e.weight, e.bad = weight, !ok
	switch {
	case kind != "" && kind != "Service" || group != "":
		e.label = untrusted.Line(kind+" "+name, nameBound)
	case of != "" && of != namespace:
		e.label = untrusted.Line(of+"/"+name, nameBound)
	default:
		e.host = fqdn(name, namespace)
		e.side = sideOf(fqdn(name, namespace), fqdn(t.Stable, namespace), fqdn(t.Canary, namespace))
	}
	return e
}

// routeTroubles are what the gateways say against a route as it is now: what they
// do not accept, or cannot resolve, gets no traffic whatever its weights.
func routeTroubles(obj *unstructured.Unstructured) (notes []string) {
	for _, parent := range objectsIn(child(obj.Object, "status"), "parents") {
		gateway, _ := child(parent, "parentRef")["name"].(string)
		for _, c := range objectsIn(parent, "conditions") {
			kind, _ := c["type"].(string)
			reason, _ := c["reason"].(string)
			message, _ := c["message"].(string)
			of, told := c["observedGeneration"].(int64)
			if c["status"] != "False" || kind != "Accepted" && kind != "ResolvedRefs" || told && of < obj.GetGeneration() {
				continue
			}
			notes = append(notes, untrusted.Line(fmt.Sprintf("gateway %s says %s is False, %s: %s", gateway, kind, reason, message), textBound))
		}
	}
	return notes
}
