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
	placeholders = []string{"{namespace}", "{deployment}", "{container}", "{window}", "{pods}", "{version}"}
)

// anyVersion is {version} where a query is about the whole service.
const anyVersion = ".+"

// fill puts the environment's values into its queries. Where releases are canaries they
// tell of both Deployments together; one for each is beside them.
func (e *Environment) fill() {
	whole := e.replacer(e.Deployment, podPattern(e.Deployment), anyVersion)
	c := e.Canary
	if c != nil && c.Together {
		c = nil
	}
	if c != nil && !c.Aside {
		whole = e.replacer(either(escape(c.Stable), escape(c.Canary)), either(podPattern(c.Stable), podPattern(c.Canary)), anyVersion)
	}
	e.Metrics.Versus = nil
	for i := range e.Metrics.Specs {
		spec := &e.Metrics.Specs[i]
		if strings.Contains(spec.Query, "[") { // a range selector
			spec.Window = e.Metrics.Window
		}
		if c != nil {
			e.Metrics.Versus = append(e.Metrics.Versus, Versus{
				Metric: spec.Name,
				Canary: e.replacer(escape(c.Canary), podPattern(c.Canary), "{version}").Replace(spec.Query),
				Stable: e.replacer(escape(c.Stable), podPattern(c.Stable), "{version}").Replace(spec.Query),
				Trial:  c.tried(spec.Name),
			})
		}
		spec.Query = whole.Replace(spec.Query)
	}
}

func (e *Environment) replacer(deployment, pods, version string) *strings.Replacer {
	return strings.NewReplacer(
		"{namespace}", e.Namespace,
		"{deployment}", deployment,
		"{container}", e.Container,
		"{window}", model.Duration(e.Metrics.Window).String(),
		"{pods}", pods,
		"{version}", version,
	)
}

// escape makes a regular expression of a name. It has no backslash, which would
// need another one in some of PromQL's quotes and not in others.
func escape(name string) string { return strings.ReplaceAll(name, ".", "[.]") }

func either(a, b string) string { return "(" + a + "|" + b + ")" }
