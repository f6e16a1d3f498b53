package config

import (
	"time"

	"os"
	"path/filepath"
	"strings"

	"go.yaml.in/yaml/v3"

	"datahub.io/slipway/release"
)

// config reads the whole file. The environments come last, because each begins
// as a copy of what the rest of the file says.
func (d *decoder) config(root *yaml.Node) *Config {
	d.root = root
	c := &Config{StateDir: stateDir()}
	base := Environment{
		Rollback: release.Rollback{OnDeadline: release.Auto, OnMetrics: release.Ask, After: 3},
		Hangup:   release.Hangups{Do: release.HangupGuard, After: 2 * time.Minute},
		Metrics:  defaultMetrics(),
		Items:    defaultItems(),
	}
	d.mapping(root, "", []field{
		{"service", plainName.accepted, value(d, &c.Service, plainName)},
		{"image", repository.accepted, d.image(&c.Image)},
		{"kubeconfig", "", d.path(&c.Kubeconfig)},
		{"stateDir", "", d.path(&c.StateDir)},
		{"prometheus", "", d.endpoint(&base.Prometheus.URL)},
		{"prometheusTokenEnv", "", d.secret(&base.Prometheus.TokenEnv)},
		{"deployment", "the name of the Deployment and of its container", func(n *yaml.Node, path string) {
			d.mapping(n, path, []field{
				{"name", objectName.accepted, value(d, &base.Deployment, objectName)},
				{"container", containerName.accepted, value(d, &base.Container, containerName)},
				{"containers", "", d.names(&base.Containers)},
			})
		}},
		{"rollback", "", d.rollback(&base.Rollback)},
		{"onHangup", "", value(d, &base.Hangup.Do, hangup)},
		{"answerAfter", "", value(d, &base.Hangup.After, duration)},
		{"metrics", "", d.metrics(&base.Metrics)},
		{"changeWindow", "", d.schedule(&base.Schedule)},
		{"github", "", d.github(&base.GitHub)},
		{"checklist", "", d.checklist(&base.Items)},
		{"environments", "a list of environments", d.environments(&c.Environments, &base)},
	})
	return c
}

// names reads a list of containers.
func (d *decoder) names(into *[]string) func(*yaml.Node, string) {
	return func(n *yaml.Node, path string) {
		*into = nil
		d.list(n, path, "a list of names of containers", func(n *yaml.Node, path string) {
			var name string
			value(d, &name, containerName)(n, path)
			*into = append(*into, name)
		})
	}
}

// image reads the repository. Its tag is the version of a release, so a tag or
// digest here would mean nothing.
func (d *decoder) image(into *string) func(*yaml.Node, string) {
	return func(n *yaml.Node, path string) {
		if n.Kind == yaml.ScalarNode && tagged.MatchString(n.Value) {
			d.problem(n, path, quote(n.Value), "the repository alone, without tag or digest: the tag is the version of each release")
			return
		}
		value(d, into, repository)(n, path)
	}
}

// path reads a file name: with ~ for the home directory, and relative to the
// file that it stands in, or to the current directory when given by flag or
// variable.
func (d *decoder) path(into *string) func(*yaml.Node, string) {
	return func(n *yaml.Node, key string) {
		base := d.base
		if _, outside := d.origins[n]; outside {
			base = "."
		}
		value(d, into, kind[string]{"a path", func(s string) (string, bool) {
			if strings.TrimSpace(s) == "" {
				return "", false
			}
			rest, atHome := strings.CutPrefix(s, "~/")
			if atHome {
				home, err := os.UserHomeDir()
				return filepath.Join(home, rest), err == nil
			}
			if !filepath.IsAbs(s) {
				s = filepath.Join(base, s)
			}
			whole, err := filepath.Abs(s)
			return whole, err == nil
		}})(n, key)
	}
}

func (d *decoder) rollback(into *release.Rollback) func(*yaml.Node, string) {
	return func(n *yaml.Node, path string) {
		d.mapping(n, path, []field{
			{"onDeadline", "", value(d, &into.OnDeadline, answer)},
			{"onMetrics", "", value(d, &into.OnMetrics, answer)},
			{"after", "", value(d, &into.After, count)},
		})
	}
}

// stateDir is where records are kept by default; empty when there is no home
// directory.
func stateDir() string { return ownDir("XDG_STATE_HOME", ".local", "state") }

// ownDir is slipway's directory below the one that the variable names, or below
// that default in the home directory: the XDG base directory specification, on
// every system. It is empty when there is no home directory.
func ownDir(variable string, otherwise ...string) string {
	if dir := os.Getenv(variable); filepath.IsAbs(dir) {
		return filepath.Join(dir, "slipway")
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return ""
	}
	return filepath.Join(home, filepath.Join(otherwise...), "slipway")
}
