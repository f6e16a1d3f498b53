package config

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/spf13/pflag"

	"datahub.io/slipway/release"
)

// uncommented is the example with everything in it.
func uncommented(t testing.TB) string {
	t.Helper()
	return regexp.MustCompile(`(?m)^#(\S|  )`).ReplaceAllString(example(t), "$1")
}

func TestExampleCanary(t *testing.T) {
	text := uncommented(t)
	isolate(t)
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	rollingPlan := planOf(t, text, "production")
	if rollingPlan.ByCanary() || !rollingPlan.Canary.Aside || rollingPlan.Deployment != "datahub-gateway-stable" {
		t.Errorf("rolling beside a canary block: %+v", rollingPlan)
	}
	t.Setenv("SLIPWAY_STRATEGY", "canary")
	plan := planOf(t, text, "production")
	want := &release.CanaryPlan{
		Deployment: "datahub-gateway-canary",
		Route:      "virtualservice/datahub-gateway",
		Steps:      []int{10, 25, 50, 100}, Bake: 5 * time.Minute, Pods: 1,
		Rules: []release.Rule{{Metric: release.ErrorRate, Above: 0.0005, Trial: true}, {Metric: release.LatencyP95, Above: 0.2, Share: true, Trial: true}},
		Least: 500, Confidence: 0.98,
	}
	if plan.Deployment != "datahub-gateway-stable" || !reflect.DeepEqual(plan.Canary, want) {
		t.Errorf("%s %+v\nwant %+v", plan.Deployment, plan.Canary, want)
	}
	c, err := Load(Options{})
	if err != nil {
		t.Fatal(err)
	}
	e, err := c.Environment("production")
	if err != nil {
		t.Fatal(err)
	}
	if e.Canary.Manifest != filepath.Join(here, "k8s/canary-deployment.yaml") {
		t.Errorf("manifest: %s", e.Canary.Manifest)
	}
	traffic := Traffic{Kind: Istio, Name: "datahub-gateway", Namespace: "datahub-production", Route: "primary", Stable: "datahub-gateway-stable", Canary: "datahub-gateway-canary"}
	if e.Canary.Traffic != traffic {
		t.Errorf("traffic: %+v", e.Canary.Traffic)
	}
	const staging = `SLIPWAY_STRATEGY: environments[0].strategy: found canary, and no canary block in environment staging; accepted: rolling, or a canary block beside it, as in config.example.yaml`
	var problems Errors
	if _, err := c.Plan("staging"); !errors.As(err, &problems) || err.Error() != staging {
		t.Errorf("staging: %v", err)
	}
}

func planOf(t *testing.T, text, environment string) release.Plan {
	t.Helper()
	c, err := load(t, text)
	if err != nil {
		t.Fatal(err)
	}
	plan, err := c.Plan(environment)
	if err != nil {
		t.Fatal(err)
	}
	return plan
}

// What the block leaves out.
func TestCanaryDefaults(t *testing.T) {
	isolate(t)
	c, err := load(t, minimal+`
  - {name: pods, context: c, namespace: n, health: 'http://h/', strategy: canary, canary: {}}
  - {name: named, context: c, namespace: n, health: 'http://h/', strategy: canary, canary: {stable: web-stable, traffic: {gatewayAPI: {httpRoute: r, namespace: n}}}}
  - {name: subsets, context: c, namespace: n, health: 'http://h/', strategy: canary, metrics: {minRequests: 7}, canary: {traffic: {istio: {virtualService: v, subsets: {stable: v1, canary: v2}}}}}
  - {name: host, context: c, namespace: n, health: 'http://h/', canary: {undo: weights, judge: {memory: {above: 30%}, confidence: off}, bake: 1m, traffic: {istio: {virtualService: v, subsets: {stable: v1, canary: v2, host: h.n.svc}}}}, strategy: canary}
`)
	if err != nil {
		t.Fatal(err)
	}
	want := []Canary{
		{},
		{Stable: "gateway", Canary: "gateway-canary", Steps: []int{10, 25, 50}, Bake: 5 * time.Minute, Pods: 1, Least: 10, Confidence: 0.98, Rules: defaultRules()},
		{
			Stable: "web-stable", Canary: "web-canary", Steps: []int{10, 25, 50, 100}, Bake: 5 * time.Minute, Pods: 1, Least: 10, Confidence: 0.98, Rules: defaultRules(),
			Traffic: Traffic{Kind: GatewayAPI, Name: "r", Namespace: "n", Stable: "web-stable", Canary: "web-canary"},
		},
		{
			Stable: "gateway", Canary: "gateway-canary", Steps: []int{10, 25, 50, 100}, Bake: 5 * time.Minute, Pods: 1, Least: 7, Confidence: 0.98, Rules: defaultRules(),
			Traffic: Traffic{Kind: Istio, Name: "v", Namespace: "n", Stable: "gateway", Canary: "gateway", StableSubset: "v1", CanarySubset: "v2"},
		},
		{
			Stable: "gateway", Canary: "gateway-canary", Steps: []int{10, 25, 50, 100}, Bake: time.Minute, Pods: 1, Least: 10, UndoByWeights: true,
			Rules:   append(defaultRules(), release.Rule{Metric: release.Memory, Above: 0.3, Share: true}),
			Traffic: Traffic{Kind: Istio, Name: "v", Namespace: "n", Stable: "h.n.svc", Canary: "h.n.svc", StableSubset: "v1", CanarySubset: "v2"},
		},
	}
	for i, e := range c.Environments[1:] {
		if !reflect.DeepEqual(*e.Canary, want[i+1]) {
			t.Errorf("%s: %+v\nwant %+v", e.Name, *e.Canary, want[i+1])
		}
		for _, v := range e.Metrics.Versus {
			if trial := e.Name != "host" && (v.Metric == release.ErrorRate || v.Metric == release.LatencyP95); v.Trial != trial {
				t.Errorf("%s: %s is tried: %v", e.Name, v.Metric, v.Trial)
			}
		}
	}
	if e := c.Environments[0]; e.Canary != nil || e.Metrics.Versus != nil {
		t.Errorf("rolling: %+v", e)
	}
}

// Each query is filled for the service, for the canary and for stable.
func TestCanaryQueries(t *testing.T) {
	isolate(t)
	c, err := load(t, minimal+`
  - {name: two, context: c, namespace: n, health: 'http://h/', strategy: canary, canary: {stable: a.b, canary: a.b-canary}}
metrics:
  errorRate: {query: 'x{d=~"{deployment}",version=~"{version}"}'}
  cpu: {query: 'y{pod=~"{pods}"}'}
`)
	if err != nil {
		t.Fatal(err)
	}
	alone, both := c.Environments[0].Metrics, c.Environments[1].Metrics
	const pod = "-[a-z0-9]+-[a-z0-9]{5}"
	for _, q := range []struct{ got, want string }{
		{alone.Specs[0].Query, `x{d=~"gateway",version=~".+"}`},
		{alone.Specs[4].Query, `y{pod=~"gateway` + pod + `"}`},
		{both.Specs[0].Query, `x{d=~"(a[.]b|a[.]b-canary)",version=~".+"}`},
		{both.Versus[0].Canary, `x{d=~"a[.]b-canary",version=~"{version}"}`},
		{both.Versus[0].Stable, `x{d=~"a[.]b",version=~"{version}"}`},
		{both.Specs[4].Query, `y{pod=~"(a[.]b` + pod + `|a[.]b-canary` + pod + `)"}`},
		{both.Versus[4].Canary, `y{pod=~"a[.]b-canary` + pod + `"}`},
		{both.Versus[4].Stable, `y{pod=~"a[.]b` + pod + `"}`},
	} {
		if q.got != q.want {
			t.Errorf("%s\nwant %s", q.got, q.want)
		}
	}
	for i, v := range both.Versus {
		if v.Metric != both.Specs[i].Name {
			t.Errorf("%d: %s of %s", i, v.Metric, both.Specs[i].Name)
		}
	}
	// stable's pods are not matched by what the canary's are, and the other way round.
	for _, m := range []struct {
		deployment, pod string
		is              bool
	}{
		{"gw", "gw-6d4f8-abcde", true},
		{"gw", "gw-canary-6d4f8-abcde", false},
		{"gw-canary", "gw-canary-6d4f8-abcde", true},
		{"gw-canary", "gw-6d4f8-abcde", false},
	} {
		if is := regexp.MustCompile("^(?:" + podPattern(m.deployment) + ")$").MatchString(m.pod); is != m.is {
			t.Errorf("%s is of %s: %v", m.pod, m.deployment, is)
		}
	}
}

// --strategy wins over SLIPWAY_STRATEGY, and that over the file, in every
// environment.
func TestStrategyPrecedence(t *testing.T) {
	isolate(t)
	file := minimal + "  - {name: two, context: c, namespace: n, health: 'http://h/', strategy: canary, canary: {}}\n" +
		"  - {name: empty, context: c, namespace: n, health: 'http://h/', canary: }\n"
	if plan := planOf(t, file, "two"); !plan.ByCanary() {
		t.Error("the file is not heard")
	}
	t.Setenv("SLIPWAY_STRATEGY", "rolling")
	if plan := planOf(t, file, "two"); plan.ByCanary() || plan.Deployment != "gateway" {
		t.Errorf("variable: %+v", plan.Canary)
	}
	flags := pflag.NewFlagSet("slipway", pflag.ContinueOnError)
	flags.String("strategy", "", "")
	if err := flags.Parse([]string{"--strategy", "canary"}); err != nil {
		t.Fatal(err)
	}
	c, err := Load(Options{Flags: flags})
	if err != nil {
		t.Fatal(err)
	}
	if plan, err := c.Plan("two"); err != nil || !plan.ByCanary() {
		t.Errorf("flag: %v %v", plan.Canary, err)
	}
	for i, name := range map[int]string{0: "only", 2: "empty"} {
		want := fmt.Sprintf("--strategy: environments[%d].strategy: found canary, and no canary block in environment %s; ", i, name)
		if _, err := c.Plan(name); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("flag for an environment without a block: %v", err)
		}
	}
}

// Where releases are rolling, the queries are about stable; a canary that is there all
// the same has its own, but where they could not tell it apart, which is no problem.
func TestRollingBesideABlock(t *testing.T) {
	isolate(t)
	both := minimal + "  - {name: two, context: c, namespace: n, health: 'http://h/', canary: {}}\n"
	c, err := load(t, both)
	if err != nil {
		t.Fatal(err)
	}
	e, err := c.Environment("two")
	if err != nil {
		t.Fatal(err)
	}
	if q := e.Metrics.Specs[0].Query; e.Canary == nil || len(e.Metrics.Versus) != len(e.Metrics.Specs) || strings.Contains(q, "canary") {
		t.Errorf("%+v %s", e.Canary, q)
	}
	alone := strings.Replace(both, "canary: {}", `canary: {}, metrics: {errorRate: {query: 'max(e{app="{deployment}"})'}}`, 1)
	if c, err = load(t, alone); err != nil {
		t.Fatal(err)
	}
	if e, err = c.Environment("two"); err != nil {
		t.Fatal(err)
	}
	if q := e.Metrics.Specs[0].Query; q != `max(e{app="gateway"})` || e.Metrics.Versus != nil || e.Canary == nil {
		t.Errorf("%s %v %v", q, e.Metrics.Versus, e.Canary)
	}
}

// A query that does not tell the versions apart stands against the environments that
// release canaries, and against no other.
func TestQueriesOfCanariesAlone(t *testing.T) {
	isolate(t)
	c, err := load(t, minimal+`
  - name: own
    context: c
    namespace: n
    health: http://h/
    strategy: canary
    canary: {}
    metrics: {cpu: {query: 'max(x{ns="{namespace}"})'}}
  - {name: canary, context: c, namespace: n, health: 'http://h/', strategy: canary, canary: {}}
  - {name: rolling, context: c, namespace: n, health: 'http://h/', strategy: rolling, canary: {}}
metrics:
  errorRate: {query: 'sum(rate(errors[{window}]))'}
  latencyP95: {query: 'x{version=~"{version}", deployment=~"{deployment}"}'}
  memory: {query: 'max(x{workload="{deployment}",pod=~"{deployment}-.*"})'}
`)
	if err != nil {
		t.Fatal(err)
	}
	const (
		rate   = "metrics.errorRate.query: found what does not tell the versions apart; accepted: a query with {pods}, {deployment} or {version}, for canary releases"
		memory = `metrics.memory.query: found {deployment} compared with =, or as a part of a value; accepted: label=~"{deployment}" for canary releases: it stands for the names of both Deployments; for pods {pods}`
		cpu    = "environments[1].metrics.cpu.query: found what does not tell the versions apart"
	)
	for name, wants := range map[string][]string{"own": {rate, memory, cpu}, "canary": {rate, memory}} {
		_, err := c.Environment(name)
		if err == nil || strings.Count(err.Error(), "found") != len(wants) {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for _, want := range wants {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v\nwants %s", name, err, want)
			}
		}
	}
	for _, name := range []string{"only", "rolling"} {
		if _, err := c.Environment(name); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
