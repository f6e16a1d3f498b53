package config

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"datahub.io/slipway/release"
)

// defaultRules are what a canary is held against stable by, beside the bounds.
func defaultRules() []release.Rule {
	return []release.Rule{
		{Metric: release.ErrorRate, Above: 0.0005, Trial: true},
		{Metric: release.LatencyP95, Above: 0.20, Share: true, Trial: true},
	}
}

var (
	added = kind[float64]{"a share above 0%, up to 100%, such as 0.05%: added to stable's value", warnShare.parse}
	above = kind[float64]{"a share above 0%, up to 1000%, such as 20%: of stable's value", func(s string) (float64, bool) {
		v, ok := percent(s)
		return v, ok && 0 < v && v <= 10
	}}
	confidence = kind[float64]{"a share from 50% to 99.9%, such as 98%, or off", func(s string) (float64, bool) {
		if s == "off" {
			return 0, true
		}
		v, ok := percent(s)
		return v, ok && 0.5 <= v && v <= 0.999
	}}
)

// judge reads the rules between canary and stable over the default ones. That of
// the error rate is in share points; the others are shares of stable's value.
func (d *decoder) judge(c *Canary) func(*yaml.Node, string) {
	return func(n *yaml.Node, path string) {
		var fields []field
		for _, name := range []release.MetricName{release.ErrorRate, release.LatencyP95, release.Memory, release.CPU} {
			fields = append(fields, field{string(name), "", func(n *yaml.Node, path string) { d.rule(c, name, n, path) }})
		}
		d.mapping(n, path, append(fields, field{"confidence", "", value(d, &c.Confidence, confidence)}))
	}
}

func (d *decoder) rule(c *Canary, name release.MetricName, n *yaml.Node, path string) {
	i := slices.IndexFunc(c.Rules, func(r release.Rule) bool { return r.Metric == name })
	if i < 0 {
		i = len(c.Rules)
		c.Rules = append(c.Rules, release.Rule{Metric: name, Share: true})
	}
	accepted := above
	if !c.Rules[i].Share {
		accepted = added
	}
	d.mapping(n, path, []field{{"above", accepted.accepted, value(d, &c.Rules[i].Above, accepted)}})
}

// tried tells whether the statistical judge looks at a metric.
func (c *Canary) tried(name release.MetricName) bool {
	return c.Confidence > 0 && slices.ContainsFunc(c.Rules, func(r release.Rule) bool { return r.Metric == name && r.Trial })
}

// numbers in words, as far as release.TrialLeast goes.
var numbers = strings.Fields("zero one two three four five six seven eight nine ten")

// bakes reports a step that is over before it can be judged: its figures are of one
// window, and the statistical judge needs some more.
func (d *decoder) bakes(n *yaml.Node, path string, e *Environment, c *Canary) {
	one := e.Metrics.Window
	least, accepted := one, fmt.Sprintf("at least metrics.window, %s: before that the figures are also of the weight before", span(one))
	if c.Confidence > 0 {
		windows := release.TrialLeast(c.Confidence)
		least = time.Duration(windows) * one
		accepted = fmt.Sprintf("at least %s, %s windows of metrics.window %s, or judge.confidence: off", span(least), numbers[windows], span(one))
		if c.Bake < one {
			accepted += " and at least " + span(one)
		}
	}
	if c.Bake >= least {
		return
	}
	at, key := d.place(n, path, "bake")
	found := span(c.Bake)
	if at == n {
		found += " by default"
	}
	d.problem(at, key, found, accepted)
}
