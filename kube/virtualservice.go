package kube

import (
	"errors"
	"fmt"
	"strings"

	"datahub.io/slipway/untrusted"
)

// virtualServiceWays reads the http routes of an Istio VirtualService. The first
// route that matches takes a request; a destination without a weight has 0
// (istio.io/latest/docs/reference/config/networking/virtual-service).
func virtualServiceWays(t Traffic, namespace string, spec map[string]any) (ways []way, notes []string, err error) {
	routes := objectsIn(spec, "http")
	others := 0
	for _, kind := range []string{"tls", "tcp"} {
		others += len(objectsIn(spec, kind))
	}
	switch {
	case len(routes) == 0 && others > 0:
		return nil, nil, errors.New("has only tls or tcp routes: slipway judges by http figures and splits http routes alone; add an http route")
	case len(routes) == 0:
		return nil, nil, errors.New("has no http routes: add one with both destinations; Istio joins the routes of several VirtualServices in no certain order")
	case others > 0:
		notes = append(notes, fmt.Sprintf("its %d tls and tcp routes stay as they are", others))
	}
	takesAll := ""
	for i, route := range routes {
		w := istioWay(t, namespace, "http", route, i)
		if takesAll != "" && w.holds(ofStable) && w.holds(ofCanary) && (t.Route == "" || t.Route == w.name) {
			return nil, nil, fmt.Errorf("never reaches http route %s: route %s above it takes everything; move that one down", w.label, takesAll)
		}
		if !w.some && takesAll == "" {
			takesAll = w.label
		}
		ways = append(ways, w)
	}
	return ways, notes, nil
}

// istioWay reads one route of a kind, "http", "tls" or "tcp".
func istioWay(t Traffic, namespace, kind string, route map[string]any, i int) way {
	w := way{noun: kind + " route", mirrors: route["mirror"] != nil || route["mirrors"] != nil, some: istioSome(route), instead: istioInstead(route)}
	w.name, w.label = labelled(route, i)
	to := objectsIn(route, "route")
	for j := range to {
		e := istioEnd(t, namespace, to[j], fmt.Sprintf("/spec/%s/%d/route/%d", kind, i, j))
		e.alone = len(to) == 1
		w.ends = append(w.ends, e)
	}
	return w
}

// istioSome tells whether a route takes only what it matches.
func istioSome(route map[string]any) bool {
	matches := objectsIn(route, "match")
	for _, m := range matches {
		if len(m) == 0 || len(m) == 1 && m["name"] != nil {
			return false
		}
		uri := child(m, "uri")
		if prefix, _ := uri["prefix"].(string); len(m) == 1 && prefix == "/" {
			return false
		}
	}
	return len(matches) > 0
}

func istioInstead(route map[string]any) string {
	if to := child(route, "delegate"); to != nil {
		name, _ := to["name"].(string)
		if ns, _ := to["namespace"].(string); ns != "" {
			name = ns + "/" + name
		}
		return untrusted.Line("delegates to virtualservice "+name+": name that one in canary.traffic.istio", textBound)
	}
	switch {
	case route["redirect"] != nil:
		return "redirects"
	case route["directResponse"] != nil:
		return "answers by itself"
	}
	return ""
}

func istioEnd(t Traffic, namespace string, to map[string]any, path string) end {
	destination := child(to, "destination")
	host, _ := destination["host"].(string)
	subset, _ := destination["subset"].(string)
	e := end{path: path, object: to, label: untrusted.Line(host, nameBound)}
	if subset != "" {
		e.label = untrusted.Line(strings.TrimSpace(host+" subset "+subset), nameBound)
	}
	weight, ok := weightOf(to, 0)
	e.weight, e.bad = weight, !ok
	e.same = []op{{Op: "test", Path: path + "/destination/host", Value: host}}
	full := strings.TrimSuffix(fqdn(host, namespace), ".")
	e.host = full
	switch {
	case t.bySubset():
		e.same = append(e.same, op{Op: "test", Path: path + "/destination/subset", Value: subset})
		if t.Stable == t.Canary && t.Stable != "" && full != fqdn(t.Stable, namespace) {
			return e
		}
		e.side = sideOf(subset, t.StableSubset, t.CanarySubset)
	default:
		e.side = sideOf(full, fqdn(t.Stable, namespace), fqdn(t.Canary, namespace))
	}
	return e
}

func sideOf(name, stable, canary string) side {
	switch name {
	case stable:
		return ofStable
	case canary:
		return ofCanary
	}
	return neither
}
