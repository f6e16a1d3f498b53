package config

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/spf13/pflag"

	"datahub.io/slipway/release"
)

func TestPrecedence(t *testing.T) {
	isolate(t)
	file := minimal + "metrics: {every: 20s}\nstateDir: records\n"
	where, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	c, err := load(t, file)
	if err != nil {
		t.Fatal(err)
	}
	if c.StateDir != filepath.Join(where, "records") {
		t.Errorf("file: %s", c.StateDir)
	}
	if stale := c.Environments[0].Metrics.Stale; stale != time.Minute {
		t.Errorf("stale is not three rounds: %s", stale)
	}

	t.Setenv("SLIPWAY_STATE_DIR", "/from/variable")
	t.Setenv("SLIPWAY_METRICS_STALE", "45s")
	if c, err = Load(Options{}); err != nil {
		t.Fatal(err)
	}
	if c.StateDir != "/from/variable" || c.Environments[0].Metrics.Stale != 45*time.Second {
		t.Errorf("variables: %s %s", c.StateDir, c.Environments[0].Metrics.Stale)
	}

	flags := pflag.NewFlagSet("slipway", pflag.ContinueOnError)
	flags.String("state-dir", "unchanged", "")
	flags.String("prometheus", "", "")
	if err := flags.Parse([]string{"--prometheus", "http://flag:1"}); err != nil {
		t.Fatal(err)
	}
	if c, err = Load(Options{Flags: flags}); err != nil {
		t.Fatal(err)
	}
	if c.StateDir != "/from/variable" || c.Environments[0].Prometheus.URL != "http://flag:1" {
		t.Errorf("flags: %s %s", c.StateDir, c.Environments[0].Prometheus.URL)
	}
	if err := flags.Parse([]string{"--prometheus", "flag:1"}); err != nil {
		t.Fatal(err)
	}
	if _, err = Load(Options{Flags: flags}); err == nil || !strings.HasPrefix(err.Error(), `--prometheus: prometheus: found "flag:1"; accepted: `) {
		t.Errorf("bad flag: %v", err)
	}
}

// A flag or a variable wins over the file everywhere, also over what one
// environment says; what it says nothing of stays.
func TestPrecedenceInsideEnvironments(t *testing.T) {
	isolate(t)
	own := minimal + `
  - name: other
    context: c
    namespace: n
    health: http://h/
    prometheus: http://own:1
    prometheusTokenEnv: OWN_TOKEN
    rollback: &shared {onDeadline: "off", onMetrics: auto, after: 7}
    metrics: {every: 20s, window: 9m, errorRate: {threshold: 5%}}
rollback: *shared
`
	c, err := load(t, own)
	if err != nil {
		t.Fatal(err)
	}
	if e := c.Environments[1]; e.Prometheus != (Endpoint{"http://own:1", "OWN_TOKEN"}) || e.Rollback.OnMetrics != release.Auto || e.Metrics.Every != 20*time.Second {
		t.Fatalf("the file alone: %+v", e)
	}

	t.Setenv("SLIPWAY_ROLLBACK_ON_METRICS", "off")
	t.Setenv("SLIPWAY_METRICS_EVERY", "3s")
	t.Setenv("SLIPWAY_PROMETHEUS", "http://variable:1")
	flags := pflag.NewFlagSet("slipway", pflag.ContinueOnError)
	flags.String("prometheus", "", "")
	if err := flags.Parse([]string{"--prometheus", "http://flag:1"}); err != nil {
		t.Fatal(err)
	}
	if c, err = Load(Options{Flags: flags}); err != nil {
		t.Fatal(err)
	}
	for _, e := range c.Environments {
		if e.Prometheus != (Endpoint{URL: "http://flag:1"}) {
			t.Errorf("%s: %+v; a token goes only to the address that it was given with", e.Name, e.Prometheus)
		}
		if want := (release.Rollback{OnDeadline: release.Off, OnMetrics: release.Off, After: 7}); e.Rollback != want {
			t.Errorf("%s: %+v", e.Name, e.Rollback)
		}
		if e.Metrics.Every != 3*time.Second {
			t.Errorf("%s: every %s", e.Name, e.Metrics.Every)
		}
	}
	if e := c.Environments[1]; e.Metrics.Window != 9*time.Minute || e.Metrics.Specs[0].Bound.Max != 0.05 {
		t.Errorf("what was not overridden: %+v", e.Metrics)
	}

	t.Setenv("SLIPWAY_PROMETHEUS", "")
	t.Setenv("SLIPWAY_PROMETHEUS_TOKEN_ENV", "GIVEN_TOKEN")
	if c, err = Load(Options{}); err != nil {
		t.Fatal(err)
	}
	if e := c.Environments[1]; e.Prometheus != (Endpoint{"http://own:1", "GIVEN_TOKEN"}) {
		t.Errorf("token of a variable: %+v", e.Prometheus)
	}

	t.Setenv("SLIPWAY_ROLLBACK_ON_METRICS", "maybe")
	const want = `SLIPWAY_ROLLBACK_ON_METRICS: rollback.onMetrics: found "maybe"; accepted: auto, ask, off`
	if _, err = Load(Options{}); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("a bad variable: %v", err)
	}
}

// Another address, by a flag or a variable, gets no token that the file gives with its own.
func TestTokenStaysWithItsAddress(t *testing.T) {
	isolate(t)
	file := minimal + "  - {name: other, context: c, namespace: n, health: http://h/, prometheusTokenEnv: OTHER_TOKEN}\nprometheusTokenEnv: ROOT_TOKEN\n"
	c, err := load(t, file)
	if err != nil {
		t.Fatal(err)
	}
	address := c.Environments[0].Prometheus.URL
	for _, k := range []struct{ prometheus, token, only, other string }{
		{"", "", "ROOT_TOKEN", "OTHER_TOKEN"},
		{address, "", "ROOT_TOKEN", "OTHER_TOKEN"},
		{"http://elsewhere:1", "", "", ""},
		{"http://elsewhere:1", "GIVEN_TOKEN", "GIVEN_TOKEN", "GIVEN_TOKEN"},
	} {
		t.Setenv("SLIPWAY_PROMETHEUS", k.prometheus)
		t.Setenv("SLIPWAY_PROMETHEUS_TOKEN_ENV", k.token)
		if c, err = Load(Options{}); err != nil {
			t.Fatal(err)
		}
		if only, other := c.Environments[0].Prometheus.TokenEnv, c.Environments[1].Prometheus.TokenEnv; only != k.only || other != k.other {
			t.Errorf("prometheus %q, token %q: %q and %q", k.prometheus, k.token, only, other)
		}
	}
}

func TestFind(t *testing.T) {
	isolate(t)
	_, err := Load(Options{})
	var missing *NotFoundError
	if !errors.As(err, &missing) {
		t.Fatalf("nothing there: %v", err)
	}
	for _, want := range []string{"./slipway.yaml", "/home/someone/.config/slipway/config.yaml", "config.example.yaml"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q does not name %s", err, want)
		}
	}
	home := t.TempDir()
	t.Setenv("XDG_CONFIG_HOME", home)
	if err := os.Mkdir(filepath.Join(home, "slipway"), 0o700); err != nil {
		t.Fatal(err)
	}
	own := filepath.Join(home, "slipway", "config.yaml")
	if err := os.WriteFile(own, []byte(minimal), 0o600); err != nil {
		t.Fatal(err)
	}
	if c, err := Load(Options{}); err != nil || c.File != own {
		t.Errorf("XDG_CONFIG_HOME: %v %v", c, err)
	}
	if c, err := load(t, minimal); err != nil || c.File != "slipway.yaml" {
		t.Errorf("here first: %v %v", c, err)
	}
	if _, err := Load(Options{Path: "absent.yaml"}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("--config absent.yaml: %v", err)
	}
}
