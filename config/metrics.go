package config

import (
	"slices"
	"strings"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"go.yaml.in/yaml/v3"

	"datahub.io/slipway/release"
)

// staleAfter is the least time that a sample stays fresh by default.
const staleAfter = 30 * time.Second

// defaultMetrics are the panels of the dashboard and their bounds.
func defaultMetrics() Metrics {
	limit := release.Bound{Kind: release.Limit, FromDeployment: true, Warn: 0.9}
	return Metrics{
		Window: time.Minute,
		Every:  5 * time.Second,
		Least:  10,
		Specs: []release.MetricSpec{
			{
				Name: release.ErrorRate, Title: "Error Rate", Unit: release.Ratio, Query: errorRateQuery, Rollback: true,
				Bound: release.Bound{Kind: release.Threshold, Max: 0.001},
			},
			{
				Name: release.LatencyP95, Title: "Latency P95", Unit: release.Seconds, Query: latencyQuery, Rollback: true,
				Bound: release.Bound{Kind: release.Threshold, Max: 0.1},
			},
			{
				Name: release.RequestRate, Title: "Requests/sec", Unit: release.PerSecond, Query: requestRateQuery,
				Bound: release.Bound{Kind: release.Range, Normal: 12000, Tolerance: 0.5},
			},
			{Name: release.Memory, Title: "Memory Usage", Unit: release.Bytes, Query: memoryQuery, Bound: limit},
			{Name: release.CPU, Title: "CPU Usage", Unit: release.Cores, Query: cpuQuery, Bound: limit},
		},
	}
}

// metrics reads the metrics over those that are there already.
func (d *decoder) metrics(into *Metrics) func(*yaml.Node, string) {
	return func(n *yaml.Node, path string) {
		fields := []field{
			{"window", "", value(d, &into.Window, window)},
			{"every", "", value(d, &into.Every, duration)},
			{"stale", "", value(d, &into.Stale, duration)},
			{"minRequests", "", value(d, &into.Least, count)},
		}
		for i := range into.Specs {
			spec := &into.Specs[i]
			fields = append(fields, field{string(spec.Name), "", func(n *yaml.Node, path string) {
				d.mapping(n, path, d.metric(spec))
			}})
		}
		d.mapping(n, path, fields)
	}
}

// metric gives the fields of one metric: which bound it takes follows from what
// it is.
func (d *decoder) metric(spec *release.MetricSpec) []field {
	fields := []field{
		{"query", "", d.query(&spec.Query)},
		{"rollback", "", value(d, &spec.Rollback, boolean)},
	}
	bound := &spec.Bound
	switch spec.Unit {
	case release.Ratio:
		return append(fields, field{"threshold", "", value(d, &bound.Max, share)})
	case release.Seconds:
		return append(fields, field{"threshold", "", value(d, &bound.Max, seconds)})
	case release.PerSecond:
		return append(fields,
			field{"normal", "", value(d, &bound.Normal, perSecond)},
			field{"tolerance", "", value(d, &bound.Tolerance, share)})
	}
	quantity := limitIn(byteSuffixes, "2Gi")
	if spec.Unit == release.Cores {
		quantity = limitIn(coreSuffixes, "2 or 500m")
	}
	return append(fields,
		field{"limit", "", func(n *yaml.Node, path string) {
			read := limit{fromDeployment: bound.FromDeployment, max: bound.Max}
			value(d, &read, quantity)(n, path)
			bound.FromDeployment, bound.Max = read.fromDeployment, read.max
		}},
		field{"warn", "", value(d, &bound.Warn, warnShare)})
}

// query reads a query whose placeholders are all known. What PromQL thinks of
// it only Prometheus can tell: `slipway check` asks.
func (d *decoder) query(into *string) func(*yaml.Node, string) {
	return func(n *yaml.Node, path string) {
		value(d, into, promQL)(n, path)
		for _, found := range placeholder.FindAllString(n.Value, -1) {
			if !slices.Contains(placeholders, found) {
				d.problem(n, path, "the placeholder "+found+meant(found, placeholders), strings.Join(placeholders, " "))
			}
		}
		query, _ := selected(n.Value)
		for _, m := range query.with("{version}") {
			if m.Type != labels.MatchRegexp {
				d.problem(n, path, "{version} compared with "+m.Type.String(), `label=~"{version}": for the whole service it stands for any version`)
			}
		}
	}
}

// freshFor is how old a sample may be: as configured, or long enough for a
// round of queries to fail now and then.
func (m Metrics) freshFor() time.Duration {
	if m.Stale > 0 {
		return m.Stale
	}
	return max(staleAfter, 3*m.Every)
}
