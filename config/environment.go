package config

import (
	"fmt"
	"slices"

	"go.yaml.in/yaml/v3"

	"datahub.io/slipway/release"
)

var (
	hangup            = oneOf(release.HangupGuard, release.HangupContinue, release.HangupStop)
	strategy          = oneOf(rolling, canaries)
	prometheusMissing = address.accepted + ", for the whole file or in each environment"
)

func (d *decoder) environments(into *[]Environment, base *Environment) func(*yaml.Node, string) {
	return func(n *yaml.Node, path string) {
		seen := map[string]int{}
		d.list(n, path, "a list of environments", func(n *yaml.Node, path string) {
			e := d.environment(n, path, base)
			if first, again := seen[e.Name]; again && e.Name != "" {
				d.problem(n, path+".name", fmt.Sprintf("%q again, first in line %d", e.Name, first), "a name of its own")
			} else {
				seen[e.Name] = n.Line
			}
			*into = append(*into, e)
		})
	}
}

// environment reads one environment over a copy of what the file says for all.
func (d *decoder) environment(n *yaml.Node, path string, base *Environment) Environment {
	e := *base
	e.Items = slices.Clone(base.Items)
	e.Metrics.Specs = slices.Clone(base.Metrics.Specs)
	var own Endpoint
	var health string
	how := rolling
	var canary *Canary
	d.mapping(n, path, []field{
		{"name", plainName.accepted, value(d, &e.Name, plainName)},
		{"context", "the name of a kubeconfig context", value(d, &e.Context, text)},
		{"namespace", namespaceName.accepted, value(d, &e.Namespace, namespaceName)},
		{"protected", "", value(d, &e.Protected, boolean)},
		{"strategy", "", func(n *yaml.Node, path string) {
			if _, override := d.origins[n]; override {
				path = "strategy" // the same for all environments
			}
			value(d, &how, strategy)(n, path)
		}},
		{"canary", "", d.canary(&canary, base.Deployment)},
		{"health", "", d.endpoint(&health)},
		{"prometheus", "", d.endpoint(&own.URL)},
		{"prometheusTokenEnv", "", d.secret(&own.TokenEnv)},
		{"rollback", "", d.rollback(&e.Rollback)},
		{"onHangup", "", value(d, &e.Hangup.Do, hangup)},
		{"answerAfter", "", value(d, &e.Hangup.After, duration)},
		{"metrics", "", d.metrics(&e.Metrics)},
		{"changeWindow", "", d.schedule(&e.Schedule)},
		{"checklist", "", d.selection(&e.Items)},
	})
	if _, given := d.origins[child(d.root, "prometheusTokenEnv")]; given {
		own.TokenEnv = base.Prometheus.TokenEnv
	}
	e.Prometheus = base.Prometheus.or(own)
	if n.Kind != yaml.MappingNode {
		return e
	}
	if e.Prometheus.URL == "" && given(n, "prometheus") == nil && given(d.root, "prometheus") == nil {
		d.problem(n, path+".prometheus", "nothing", prometheusMissing)
	}
	for i, item := range e.Items {
		settings, missing, accepted := itemTypes[item.Type].completed(item.Settings, surroundings{&e, health})
		if e.Items[i].Settings = settings; missing != "" && given(n, missing) == nil {
			d.problem(n, join(path, missing), "nothing", fmt.Sprintf("%s; checklist item %s needs it", accepted, item.ID))
		}
	}
	e.Metrics.Stale = e.Metrics.freshFor()
	d.settle(n, path, &e, how, canary, base.Deployment)
	e.fill()
	return e
}

// or gives the environment's own endpoint where it has one. A token goes only
// to the address that it was given with.
func (e Endpoint) or(own Endpoint) Endpoint {
	if own.URL != "" {
		return own
	}
	if own.TokenEnv != "" {
		e.TokenEnv = own.TokenEnv
	}
	return e
}
