package config

import (
	"errors"
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"
	"pgregory.net/rapid"

	"datahub.io/slipway/release"
)

// isolate runs the test in an empty directory with an empty environment.
func isolate(t *testing.T) {
	t.Helper()
	t.Chdir(t.TempDir())
	for _, variable := range os.Environ() {
		if name, _, _ := strings.Cut(variable, "="); strings.HasPrefix(name, "SLIPWAY_") {
			t.Setenv(name, "")
		}
	}
	t.Setenv("HOME", "/home/someone")
	t.Setenv("XDG_CONFIG_HOME", "")
	t.Setenv("XDG_STATE_HOME", "")
}

func load(t *testing.T, text string) (*Config, error) {
	t.Helper()
	if err := os.WriteFile("slipway.yaml", []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return Load(Options{})
}

func example(t testing.TB) string {
	t.Helper()
	text, err := os.ReadFile("../config.example.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

const minimal = `
service: gateway
image: registry.example.org/team/gateway
deployment: {name: gateway, container: app}
prometheus: http://prometheus:9090
environments:
  - {name: only, context: here, namespace: there, health: http://gateway/health}
`

// Each story is a file, or a piece put behind the minimal one, and every
// problem that is found in it.
func TestProblems(t *testing.T) {
	datadriven.Walk(t, "testdata", func(t *testing.T, path string) {
		datadriven.RunTest(t, path, func(t *testing.T, td *datadriven.TestData) string {
			isolate(t)
			text := td.Input
			if td.Cmd == "add" {
				text = minimal + text
			}
			for _, arg := range td.CmdArgs {
				t.Setenv("SLIPWAY_"+arg.Key, strings.Join(arg.Vals, ","))
			}
			_, err := load(t, text)
			if err == nil {
				return "ok"
			}
			var problems Errors
			if !errors.As(err, &problems) {
				t.Fatalf("not a list of problems: %v", err)
			}
			return problems.Error()
		})
	})
}

func TestExample(t *testing.T) {
	text := example(t)
	isolate(t)
	c, err := load(t, text)
	if err != nil {
		t.Fatal(err)
	}
	plan, err := c.Plan("production")
	if err != nil {
		t.Fatal(err)
	}
	if len(plan.Items) != 15 || !plan.Protected || plan.Stale.Metric != 30*time.Second || plan.Rollback.After != 3 {
		t.Errorf("plan: %+v", plan)
	}
	defaults := defaultItems()
	defaults[8].Settings = release.HTTPCheck{URL: "https://gateway.datahub.io/health"}
	for i, item := range plan.Items {
		if !reflect.DeepEqual(item, defaults[i]) {
			t.Errorf("item %d: %+v, want %+v", i, item, defaults[i])
		}
	}
	const want = `sum(rate(http_requests_total{namespace="datahub-production",pod=~"datahub-gateway-[a-z0-9]+-[a-z0-9]{5}"}[1m]))`
	if got := plan.Metrics[2].Query; got != want {
		t.Errorf("query: %s", got)
	}
	for _, metric := range plan.Metrics {
		if left := placeholder.FindString(metric.Query); left != "" {
			t.Errorf("%s: %s is left in %s", metric.Name, left, metric.Query)
		}
	}

	staging, err := c.Plan("staging")
	if err != nil {
		t.Fatal(err)
	}
	if staging.Rollback.OnMetrics != release.Auto || staging.Rollback.OnDeadline != release.Auto || staging.Metrics[2].Bound.Normal != 600 {
		t.Errorf("staging: %+v", staging)
	}
	if plan.Rollback.OnMetrics != release.Ask || plan.Metrics[2].Bound.Normal != 12000 {
		t.Error("one environment's values leak into another")
	}
	for _, item := range staging.Items {
		if item.Class() == release.Manual {
			t.Errorf("automatic: %s is manual", item.ID)
		}
	}
}

// The example shows every key that there is, commented out or not.
func TestExampleIsComplete(t *testing.T) {
	text := uncommented(t)
	isolate(t)
	d := &decoder{file: "example"}
	root := d.parse([]byte(text))
	offered := map[string]bool{}
	index := regexp.MustCompile(`\[\d+\]`)
	d.offered = func(path string) { offered[index.ReplaceAllString(path, "[]")] = true }
	d.config(root)
	if len(d.problems) > 0 {
		t.Fatalf("the example with everything in it:\n%v", d.problems)
	}
	if len(offered) < 40 {
		t.Fatalf("only %d keys are known", len(offered))
	}
	for path := range offered {
		key := path[strings.LastIndex(path, ".")+1:]
		if !regexp.MustCompile(`[\s{]` + key + `:`).MatchString(text) {
			t.Errorf("%s is not in the example", path)
		}
	}
}

// The defaults are those of the default checklist and of the dashboard.
func TestDefaults(t *testing.T) {
	isolate(t)
	c, err := load(t, minimal)
	if err != nil {
		t.Fatal(err)
	}
	plan, err := c.Plan("")
	if err != nil {
		t.Fatal(err)
	}
	if c.StateDir != "/home/someone/.local/state/slipway" || c.Kubeconfig != "" {
		t.Errorf("paths: %+v", c)
	}
	if want := (release.Rollback{OnDeadline: release.Auto, OnMetrics: release.Ask, After: 3}); plan.Rollback != want {
		t.Errorf("rollback: %+v", plan.Rollback)
	}
	for _, m := range plan.Metrics {
		if windowed := m.Name != release.Memory; (m.Window == time.Minute) != windowed || !windowed && m.Window != 0 {
			t.Errorf("%s looks back over %s", m.Name, m.Window)
		}
	}
	if want := (release.Traffic{Least: 10, Window: time.Minute}); plan.Traffic != want {
		t.Errorf("traffic: %+v", plan.Traffic)
	}
	if plan.Stale != (release.Staleness{Workload: 10 * time.Second, Metric: 30 * time.Second}) {
		t.Errorf("stale: %+v", plan.Stale)
	}
	bounds := map[release.MetricName]release.Bound{
		release.ErrorRate:   {Kind: release.Threshold, Max: 0.001},
		release.LatencyP95:  {Kind: release.Threshold, Max: 0.1},
		release.RequestRate: {Kind: release.Range, Normal: 12000, Tolerance: 0.5},
		release.Memory:      {Kind: release.Limit, FromDeployment: true, Warn: 0.9},
		release.CPU:         {Kind: release.Limit, FromDeployment: true, Warn: 0.9},
	}
	for _, m := range plan.Metrics {
		if m.Bound != bounds[m.Name] {
			t.Errorf("%s: %+v", m.Name, m.Bound)
		}
		if counts := m.Name == release.ErrorRate || m.Name == release.LatencyP95; m.Rollback != counts {
			t.Errorf("%s counts towards the failure budget: %v", m.Name, m.Rollback)
		}
	}
	if n := len(plan.Metrics); n != len(bounds) {
		t.Errorf("%d metrics", n)
	}
}

func TestEnvironments(t *testing.T) {
	text := example(t)
	isolate(t)
	c, err := load(t, text)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Plan("prod"); err == nil || err.Error() != `environment: found "prod"; accepted: staging, production` {
		t.Errorf("unknown: %v", err)
	}
	if _, err := c.Plan(""); err == nil || !strings.Contains(err.Error(), "--env, one of staging, production") {
		t.Errorf("none chosen: %v", err)
	}
	t.Setenv("SLIPWAY_ENV", "staging")
	if c, err = Load(Options{}); err != nil {
		t.Fatal(err)
	}
	if plan, err := c.Plan(""); err != nil || plan.Environment != "staging" {
		t.Errorf("SLIPWAY_ENV: %v %v", plan.Environment, err)
	}
	if plan, err := c.Plan("production"); err != nil || plan.Environment != "production" {
		t.Errorf("asked for by name: %v %v", plan.Environment, err)
	}
}

// A token is read from its variable when it is needed, and goes only to the
// address that it was given with.
func TestToken(t *testing.T) {
	isolate(t)
	c, err := load(t, minimal+"  - {name: other, context: c, namespace: n, health: http://h/, prometheus: http://elsewhere}\nprometheusTokenEnv: PROM_TOKEN\n")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Environments[0].Prometheus.Token(); err == nil || !strings.Contains(err.Error(), "PROM_TOKEN") {
		t.Errorf("variable not set: %v", err)
	}
	t.Setenv("PROM_TOKEN", "secret")
	if token, err := c.Environments[0].Prometheus.Token(); err != nil || token != "secret" {
		t.Errorf("token: %q %v", token, err)
	}
	if token, err := c.Environments[1].Prometheus.Token(); err != nil || token != "" {
		t.Errorf("token for another address: %q %v", token, err)
	}
}

func TestChecklistOrder(t *testing.T) {
	isolate(t)
	c, err := load(t, minimal+`
checklist:
  - {id: documentation-updated}
  - {id: own-check, title: Own check, stage: during, type: http, url: "http://x/", anyVersion: true, for: 3s}
  - {id: rolling-update-in-progress, title: Rollout}
  - {id: no-error-spikes, metric: latencyP95}
  - {id: load-tests-passed, type: metrics, for: 1m}
`)
	if err != nil {
		t.Fatal(err)
	}
	want := []release.ItemSpec{
		{ID: "load-tests-passed", Title: "Load tests passed", Stage: release.Pre, Type: release.ItemMetrics, For: time.Minute},
		{ID: "own-check", Title: "Own check", Stage: release.During, Type: release.ItemHTTP, Settings: release.HTTPCheck{URL: "http://x/", AnyVersion: true}, For: 3 * time.Second},
		{ID: "rolling-update-in-progress", Title: "Rollout", Stage: release.During, Type: release.ItemDeploy},
		{ID: "documentation-updated", Title: "Documentation updated", Stage: release.Post, Type: release.ItemManual},
		{ID: "no-error-spikes", Title: "No error spikes", Stage: release.Post, Type: release.ItemSpikes, Settings: release.SpikesCheck{Metric: release.LatencyP95}, For: 10 * time.Minute},
	}
	got := c.Environments[0].Items
	if len(got) != len(want) {
		t.Fatalf("items: %+v", got)
	}
	for i := range want {
		if !reflect.DeepEqual(got[i], want[i]) {
			t.Errorf("item %d: %+v, want %+v", i, got[i], want[i])
		}
	}
}

// Whatever stands in the file, it is read, or every problem has its words.
func TestNothingPanics(t *testing.T) {
	text := uncommented(t)
	isolate(t)
	lines := strings.Split(text, "\n")
	rapid.Check(t, func(rt *rapid.T) {
		changed := append([]string{}, lines...)
		for range rapid.IntRange(1, 4).Draw(rt, "changes") {
			i := rapid.IntRange(0, len(changed)-1).Draw(rt, "line")
			switch rapid.IntRange(0, 3).Draw(rt, "how") {
			case 0:
				changed[i] = ""
			case 1:
				changed[i] += rapid.SampledFrom([]string{" x", ": y", "-1", " []", " {}", " &a", " *a", " !!int x", "\t", " null", "\x00"}).Draw(rt, "end")
			case 2:
				at := rapid.IntRange(0, len(changed[i])).Draw(rt, "cut")
				changed[i] = changed[i][:at]
			default:
				changed[i] = changed[rapid.IntRange(0, len(changed)-1).Draw(rt, "from")]
			}
		}
		if err := os.WriteFile("slipway.yaml", []byte(strings.Join(changed, "\n")), 0o600); err != nil {
			rt.Fatal(err)
		}
		c, err := Load(Options{})
		if err == nil {
			if len(c.Environments) == 0 {
				rt.Fatal("no environments and no error")
			}
			return
		}
		var problems Errors
		if !errors.As(err, &problems) {
			rt.Fatalf("not a list of problems: %v", err)
		}
		for _, p := range problems {
			if p.Found == "" || p.Accepted == "" || p.File == "" {
				rt.Fatalf("without words: %+v", p)
			}
		}
	})
}
