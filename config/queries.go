package config

import (
	"regexp"
	"strings"

	"github.com/prometheus/common/model"
)

// The default queries, over the metric names that the Prometheus client
// libraries and cAdvisor use. Without traffic there is no figure: a rate of
// nothing is no series, and nothing divided by nothing is NaN.
const (
	served         = `http_requests_total{namespace="{namespace}",pod=~"{pods}"}`
	errorRateQuery = `(sum(rate(http_requests_total{namespace="{namespace}",pod=~"{pods}",code=~"5.."}[{window}])) or vector(0))` +
		` / sum(rate(` + served + `[{window}]))`
	latencyQuery = `histogram_quantile(0.95, sum by (le) (rate(` +
		`http_request_duration_seconds_bucket{namespace="{namespace}",pod=~"{pods}"}[{window}])))`
	requestRateQuery = `sum(rate(` + served + `[{window}]))`
	memoryQuery      = `max(container_memory_working_set_bytes{namespace="{namespace}",pod=~"{pods}",container="{container}"})`
	cpuQuery         = `max(sum by (pod) (rate(container_cpu_usage_seconds_total` +
		`{namespace="{namespace}",pod=~"{pods}",container="{container}"}[{window}])))`
)

// placeholders of a query. None of them could be PromQL: a selector has an
// operator or a quote between its braces.
var (
	placeholder  = regexp.MustCompile(`\{\s*[A-Za-z_]+\s*\}`)
	placeholders = []string{"{namespace}", "{deployment}", "{container}", "{window}", "{pods}"}
)

// fill puts the environment's values into its queries.
func (e *Environment) fill() {
	fill := strings.NewReplacer(
		"{namespace}", e.Namespace,
		"{deployment}", e.Deployment,
		"{container}", e.Container,
		"{window}", model.Duration(e.Metrics.Window).String(),
		"{pods}", podPattern(e.Deployment),
	)
	for i := range e.Metrics.Specs {
		spec := &e.Metrics.Specs[i]
		if strings.Contains(spec.Query, "[") { // a range selector
			spec.Window = e.Metrics.Window
		}
		spec.Query = fill.Replace(spec.Query)
	}
}

// podPattern matches the names of a Deployment's pods, and not those of another
// one whose name only begins alike: <deployment>-<template hash>-<five>.
func podPattern(deployment string) string {
	return strings.ReplaceAll(deployment, ".", "[.]") + "-[a-z0-9]+-[a-z0-9]{5}"
}
