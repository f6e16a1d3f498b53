package config

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"go.yaml.in/yaml/v3"

	"datahub.io/slipway/release"
)

// The strategies of a release.
const (
	rolling  = "rolling"
	canaries = "canary"
)

// settle decides how releases of the environment go, and reports what stands
// against it. Where they are rolling updates, a canary that is there is looked after
// all the same. What stands against the canary releases of one environment alone is no
// problem of the others, and kept until somebody asks for that one: a strategy that a flag
// or a variable asks for, and queries that do not tell the versions apart.
func (d *decoder) settle(n *yaml.Node, path string, e *Environment, strategy string, c *Canary, service string) {
	if c != nil {
		at, key := d.place(n, path, "canary")
		d.bakes(at, key, e, c)
		e.Deployment = c.Stable
		d.split(at, key, e, c, service)
		if c.Least == 0 {
			c.Least = e.Metrics.Least
		}
	}
	e.Canary = c
	found := len(d.problems)
	if c != nil {
		d.apart(n, path, e)
	}
	if strategy != canaries {
		if c != nil {
			c.Aside, c.Together = true, len(d.problems) > found
			d.problems = d.problems[:found]
		}
		return
	}
	// Queries that do not tell the versions apart matter to this environment alone, and
	// only to whoever uses it.
	at, key := d.place(n, path, "strategy")
	_, override := d.origins[at]
	e.wrong = append(e.wrong, d.problems[found:]...)
	if !override {
		d.partial = append(d.partial, d.problems[found:]...)
	}
	d.problems = d.problems[:found]
	if c == nil {
		d.problem(at, key, fmt.Sprintf("canary, and no canary block in environment %s", shown(e.Name)),
			"rolling, or a canary block beside it, as in config.example.yaml")
	}
	if override {
		e.wrong = append(e.wrong, d.problems[found:]...)
		d.problems = d.problems[:found]
	}
}

// A selector that one version's figures come from names that version.
var apart = []string{"{pods}", "{deployment}", "{version}"}

// apart reports the queries of the file that give the same figure for canary and
// stable, or none for both together. The default ones do neither.
func (d *decoder) apart(n *yaml.Node, path string, e *Environment) {
	d.podNames(n, path, e)
	for _, spec := range e.Metrics.Specs {
		at, key := d.queryOf(n, path, spec.Name)
		if at == nil || at.Kind != yaml.ScalarNode {
			continue
		}
		query, sure := selected(spec.Query)
		without := query.without(apart)
		none := len(without) == len(query.selectors)
		if !sure {
			none = !containsAny(spec.Query, apart)
		}
		switch {
		case none:
			d.problem(at, key, "what does not tell the versions apart", "a query with {pods}, {deployment} or {version}, for canary releases")
		case len(without) > 0 && !query.joined:
			d.problem(at, key, namedSelector(without[0])+" without {pods}, {deployment} or {version}",
				"one of them in each selector, for canary releases: without it both versions are counted")
		}
		for _, m := range query.with("{deployment}") {
			if m.Type != labels.MatchRegexp || m.Value != "{deployment}" {
				d.problem(at, key, "{deployment} compared with =, or as a part of a value", `label=~"{deployment}" for canary releases: it stands for the names of both Deployments; for pods {pods}`)
			}
		}
		for _, m := range query.with("{pods}") {
			if m.Type != labels.MatchRegexp {
				d.problem(at, key, "{pods} compared with "+m.Type.String(), `label=~"{pods}" for canary releases: it stands for a pattern of the pods' names`)
			}
		}
	}
}

// podNames reports the names of stable and canary that their pods' names do not tell apart.
func (d *decoder) podNames(n *yaml.Node, path string, e *Environment) {
	c := e.Canary
	if c.Stable == c.Canary || !samePods(c.Stable, c.Canary) {
		return
	}
	if !slices.ContainsFunc(e.Metrics.Specs, func(s release.MetricSpec) bool { return strings.Contains(s.Query, "{pods}") }) {
		return
	}
	at, key := d.place(n, path, "canary")
	d.problem(at, key, fmt.Sprintf("%s beside %s, whose pods' names are the same where Kubernetes cuts them off, after %d characters", quote(c.Canary), quote(c.Stable), podBase),
		"a canary.canary that differs earlier, or queries with {deployment} or {version} instead of {pods}")
}

// queryOf finds where the file gives the query of a metric for an environment:
// nowhere when it is the default one.
func (d *decoder) queryOf(n *yaml.Node, path string, name release.MetricName) (*yaml.Node, string) {
	for _, from := range []struct {
		n    *yaml.Node
		path string
	}{{n, path}, {d.root, ""}} {
		metric := given(given(from.n, "metrics"), string(name))
		if at := given(metric, "query"); at != nil {
			return at, join(from.path, "metrics."+string(name)+".query")
		}
	}
	return nil, ""
}

// span writes a duration as the file does: "4m", "90s" is "1m30s".
func span(d time.Duration) string { return model.Duration(d).String() }
