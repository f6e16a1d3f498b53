package config

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"datahub.io/slipway/release"
)

var (
	word      = kind[string]{"one word of a command, in quotes where it has spaces", func(s string) (string, bool) { return s, s != "" && !strings.ContainsRune(s, 0) }}
	timeLimit = kind[time.Duration]{"a time limit from 1s to 24h, such as 10m", func(s string) (time.Duration, bool) {
		d, err := time.ParseDuration(s)
		return d, err == nil && time.Second <= d && d <= 24*time.Hour
	}}
	script = kind[string]{"a script for sh -c", func(s string) (string, bool) { return s, strings.TrimSpace(s) != "" && !strings.ContainsRune(s, 0) }}
)

const argvAccepted = `a list of words such as [docker, push, "{image}"]`

var _ = reads(release.ItemCommand, func(d *decoder, c *release.CommandAction) []field {
	if c.Limit == 0 {
		c.Limit = 10 * time.Minute
	}
	return []field{
		{"shell", "", value(d, &c.Shell, boolean)}, // first: it says what run is
		{"run", unless(len(c.Argv) > 0, argvAccepted+", or a script with shell: true"), d.argv(c)},
		{"dir", "", d.path(&c.Dir)},
		{"env", "", d.envNames(&c.Env)},
		{"limit", "", value(d, &c.Limit, timeLimit)},
	}
}, nil)

// argv reads the words of a command, or the script where that is asked for. Its fields are
// checked now: a release does not begin with one that nothing fills in.
func (d *decoder) argv(c *release.CommandAction) func(*yaml.Node, string) {
	return func(n *yaml.Node, path string) {
		c.Argv = nil
		switch script := n.Kind == yaml.ScalarNode; {
		case script && !c.Shell:
			d.problem(n, path, describe(n), argvAccepted+", or shell: true beside the script")
			return
		case !script && c.Shell:
			d.problem(n, path, describe(n), "one script, with shell: true")
			return
		}
		if n.Kind == yaml.ScalarNode {
			var text string
			value(d, &text, script)(n, path)
			c.Argv = []string{text}
			d.fields(n, path, text)
			return
		}
		d.list(n, path, argvAccepted, func(n *yaml.Node, path string) {
			var w string
			value(d, &w, word)(n, path)
			c.Argv = append(c.Argv, w)
			d.fields(n, path, w)
		})
	}
}

func (d *decoder) fields(n *yaml.Node, path, text string) {
	for _, name := range release.FieldsIn(text) {
		if !slices.Contains(release.Fields, name) {
			d.problem(n, path, fmt.Sprintf("the field {%s}%s", name, meant(name, release.Fields)), "{"+strings.Join(release.Fields, "}, {")+"}; double braces are left to the command")
		}
	}
}

func (d *decoder) envNames(into *[]string) func(*yaml.Node, string) {
	return func(n *yaml.Node, path string) {
		*into = nil
		d.list(n, path, "a list of names of environment variables", func(n *yaml.Node, path string) {
			var name string
			value(d, &name, variableName)(n, path)
			*into = append(*into, name)
		})
	}
}
