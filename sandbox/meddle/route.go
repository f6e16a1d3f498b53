package meddle

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"

	"datahub.io/slipway/sandbox/gateway"
	"datahub.io/slipway/sandbox/traffic"
)

// dialect is how one API writes down how requests are divided.
type dialect struct {
	kind schema.GroupVersionResource
	// object is the kind's name. rules, conditions and backends are the fields of the lists.
	object, rules, conditions, backends string
	// service returns the Service of a backend, and to makes a backend of a Service.
	service func(backend object) string
	to      func(service string) object
	// header is the condition that a request has a header with a value, path that its path begins so.
	header func(name, value string) []any
	path   func(prefix string) []any
	// frame is what an object's spec has besides its rules.
	frame func() object
}

// dialects are those of the environments whose requests are divided.
var dialects = map[string]dialect{
	"canary": {
		kind: gateway.VirtualServices, object: "VirtualService", rules: "http", conditions: "match", backends: "route",
		service: func(backend object) string {
			host, _, _ := unstructured.NestedString(backend, "destination", "host")
			return host
		},
		to: func(service string) object { return object{"destination": object{"host": service}} },
		header: func(name, value string) []any {
			return []any{object{"headers": object{name: object{"exact": value}}}}
		},
		path:  func(prefix string) []any { return []any{object{"uri": object{"prefix": prefix}}} },
		frame: func() object { return object{"hosts": []any{gateway.Host}, "gateways": []any{"datahub"}} },
	},
	"routes": {
		kind: gateway.HTTPRoutes, object: "HTTPRoute", rules: "rules", conditions: "matches", backends: "backendRefs",
		service: func(backend object) string {
			name, _ := backend["name"].(string)
			return name
		},
		to: func(service string) object { return object{"name": service, "port": int64(80)} },
		header: func(name, value string) []any {
			return []any{object{"headers": []any{object{"name": name, "value": value}}}}
		},
		path: func(prefix string) []any {
			return []any{object{"path": object{"type": "PathPrefix", "value": prefix}}}
		},
		frame: func() object {
			return object{"hostnames": []any{gateway.Host}, "parentRefs": []any{object{"name": "datahub"}}}
		},
	},
}

// The names of the Services that requests are divided among.
const (
	stableService = gateway.App + "-stable"
	canaryService = gateway.App + "-canary"
)

// dialect returns how the environment's requests are divided.
func (p *Person) dialect() (dialect, error) {
	d, ok := dialects[p.e.Name]
	if !ok {
		return d, fmt.Errorf("no route divides the requests of %s", p.e.Name)
	}
	return d, nil
}

// edit is kubectl edit of the environment's route: the list of its rules becomes another.
func (p *Person) edit(ctx context.Context, change func(dialect, []any) ([]any, error)) error {
	d, err := p.dialect()
	if err != nil {
		return err
	}
	routes := p.dynamic.Resource(d.kind).Namespace(p.e.Namespace)
	o, err := routes.Get(ctx, gateway.App, metav1.GetOptions{})
	if err != nil {
		return err
	}
	rules, _, err := unstructured.NestedSlice(o.Object, "spec", d.rules)
	if err != nil {
		return err
	}
	if rules, err = change(d, rules); err != nil {
		return err
	}
	data, err := json.Marshal([]object{{"op": "replace", "path": "/spec/" + d.rules, "value": rules}})
	if err != nil {
		return err
	}
	_, err = routes.Patch(ctx, gateway.App, types.JSONPatchType, data, p.as("kubectl-edit"))
	return err
}

// Weight gives the canary a share of the requests in percent, and stable the rest, by the rule that divides between both.
func (p *Person) Weight(ctx context.Context, canary int) error {
	if canary < 0 || canary > 100 {
		return fmt.Errorf("weight %d: a share in percent is needed, from 0 to 100", canary)
	}
	return p.edit(ctx, func(d dialect, rules []any) ([]any, error) {
		for _, rule := range rules {
			weights := map[string]object{}
			backends, _ := rule.(object)[d.backends].([]any)
			for _, b := range backends {
				weights[d.service(b.(object))] = b.(object)
			}
			if rule.(object)["name"] == "primary" && len(weights) == 2 && weights[stableService] != nil && weights[canaryService] != nil {
				weights[stableService]["weight"], weights[canaryService]["weight"] = int64(100-canary), int64(canary)
				return rules, nil
			}
		}
		return nil, errors.New("the rule primary does not divide between stable and canary")
	})
}

// Way is a second way for requests to the canary.
type Way string

// The ways.
const (
	ByHeader Way = "header" // a rule above the weighted one, for the requests that ask for a preview: 2 % of all
	ByPath   Way = "path"   // a rule with a path and a split of its own, which none of the sandbox's requests takes
	ByObject Way = "object" // another VirtualService or HTTPRoute for the same host, for the requests of testers: 1 % of all
)

// Ways are all of them.
var Ways = []Way{ByHeader, ByPath, ByObject}

// second is the name of the second object.
const second = gateway.App + "-testers"

// Open opens a second way to the canary.
func (p *Person) Open(ctx context.Context, way Way) error {
	d, err := p.dialect()
	if err != nil {
		return err
	}
	switch way {
	case ByHeader, ByPath:
		return p.edit(ctx, func(d dialect, rules []any) ([]any, error) {
			rule := d.rule(way)
			return append([]any{rule}, without(rules, rule["name"])...), nil
		})
	case ByObject:
		options := metav1.CreateOptions{FieldManager: p.as("kubectl-create").FieldManager}
		_, err = p.dynamic.Resource(d.kind).Namespace(p.e.Namespace).Create(ctx, d.second(d.rule(way)), options)
		return err
	}
	return fmt.Errorf("%q is unknown; there are %v", way, Ways)
}

// Close takes a second way to the canary away again.
func (p *Person) Close(ctx context.Context, way Way) error {
	d, err := p.dialect()
	if err != nil {
		return err
	}
	switch way {
	case ByHeader, ByPath:
		return p.edit(ctx, func(d dialect, rules []any) ([]any, error) {
			rule := d.rule(way)
			rules = without(rules, rule["name"])
			if way == ByHeader && d.kind == gateway.VirtualServices { // it was there, and led to stable
				rule[d.backends] = []any{d.to(stableService)}
				rules = append([]any{rule}, rules...)
			}
			return rules, nil
		})
	case ByObject:
		return p.dynamic.Resource(d.kind).Namespace(p.e.Namespace).Delete(ctx, second, metav1.DeleteOptions{})
	}
	return fmt.Errorf("%q is unknown; there are %v", way, Ways)
}

// rule returns the rule of a second way.
func (d dialect) rule(way Way) object {
	canary := []any{d.to(canaryService)}
	switch way {
	case ByHeader:
		return object{"name": "internal", d.conditions: d.header(traffic.PreviewHeader, traffic.PreviewValue), d.backends: canary}
	case ByPath:
		stable, canary := d.to(stableService), d.to(canaryService)
		stable["weight"], canary["weight"] = int64(50), int64(50)
		return object{"name": "admin", d.conditions: d.path("/admin"), d.backends: []any{stable, canary}}
	default:
		return object{"name": "testers", d.conditions: d.header(traffic.TesterHeader, traffic.TesterValue), d.backends: canary}
	}
}

// second returns another object for the same host, with one rule.
func (d dialect) second(rule object) *unstructured.Unstructured {
	spec := d.frame()
	spec[d.rules] = []any{rule}
	o := &unstructured.Unstructured{Object: object{"spec": spec}}
	o.SetAPIVersion(d.kind.GroupVersion().String())
	o.SetKind(d.object)
	o.SetName(second)
	return o
}

// without returns rules without those of a name.
func without(rules []any, name any) []any {
	return slices.DeleteFunc(slices.Clone(rules), func(rule any) bool { return rule.(object)["name"] == name })
}
