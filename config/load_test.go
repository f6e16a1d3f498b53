package config

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/spf13/pflag"
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
