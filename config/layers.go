package config

import (
	"os"
	"slices"
	"strings"
	"unicode"

	"github.com/spf13/pflag"
	"github.com/spf13/viper"
	"go.yaml.in/yaml/v3"
)

// settings are the values that flags and variables may override, for the file as
// a whole and inside its environments. Lists, and what only an environment has,
// are only in the file.
var settings = []string{
	"service", "image", "kubeconfig", "stateDir", "prometheus", "prometheusTokenEnv",
	"deployment.name", "deployment.container",
	"rollback.onDeadline", "rollback.onMetrics", "rollback.after",
	"metrics.window", "metrics.every", "metrics.stale",
}

// each are the settings that only environments have, and that flags and variables
// override in all of them.
var each = []string{"strategy"}

// chosen is the one setting that the file does not have: which environment.
const chosen = "env"

// variable is the environment variable of a setting: SLIPWAY_STATE_DIR.
func variable(key string) string { return "SLIPWAY_" + strings.ToUpper(words(key, '_')) }

// flag is the flag of a setting, if the command has it: state-dir.
func flag(key string) string { return words(key, '-') }

func words(key string, between rune) string {
	var b strings.Builder
	for _, r := range key {
		switch {
		case r == '.':
			b.WriteRune(between)
		case unicode.IsUpper(r):
			b.WriteRune(between)
			b.WriteRune(unicode.ToLower(r))
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// layers says where values came from that are not from the file.
type layers struct {
	origins map[*yaml.Node]string // "SLIPWAY_PROMETHEUS", "--prometheus"
	chosen  string
}

// overlay puts the values of flags and variables into the file's tree, so that
// they are decoded, and found wrong, as if they had been written there. What an
// environment says of them gives way.
func overlay(root *yaml.Node, flags *pflag.FlagSet) (layers, error) {
	v := viper.New()
	l := layers{origins: map[*yaml.Node]string{}}
	for _, key := range slices.Concat([]string{chosen}, settings, each) {
		if err := v.BindEnv(key, variable(key)); err != nil {
			return layers{}, err
		}
		origin := ""
		if os.Getenv(variable(key)) != "" {
			origin = variable(key)
		}
		if flags != nil {
			if f := flags.Lookup(flag(key)); f != nil && f.Changed {
				if err := v.BindPFlag(key, f); err != nil {
					return layers{}, err
				}
				origin = "--" + flag(key)
			}
		}
		switch {
		case origin == "":
		case key == chosen:
			l.chosen = v.GetString(key)
		case slices.Contains(each, key):
			for _, environment := range environments(root) {
				l.origins[put(environment, key, scalar(v.GetString(key)))] = origin
			}
		default:
			if key == "prometheus" {
				dropTokens(root, v.GetString(key))
			}
			prune(root, strings.Split(key, "."))
			l.origins[graft(root, strings.Split(key, "."), v.GetString(key))] = origin
		}
	}
	return l, nil
}

// prune takes a setting out of every environment, so that the one for the whole
// file counts there too.
func prune(root *yaml.Node, path []string) {
	for _, at := range environments(root) {
		for _, key := range path[:len(path)-1] {
			if at = resolve(child(at, key)); at == nil {
				break
			}
		}
		if at == nil || at.Kind != yaml.MappingNode {
			continue
		}
		remove(at, path[len(path)-1])
	}
}

// dropTokens takes the tokens of the file away when another address is given: a token
// goes only to the address that it was given with. One that is given as the address is,
// by a flag or a variable, is put in afterwards.
func dropTokens(root *yaml.Node, address string) {
	whole := given(root, "prometheus")
	for _, at := range append(environments(root), root) {
		with := given(at, "prometheus")
		if with == nil {
			with = whole
		}
		if with == nil || with.Value != address {
			remove(at, "prometheusTokenEnv")
		}
	}
}

// environments are the mappings of the file's environments.
func environments(root *yaml.Node) []*yaml.Node {
	list := resolve(child(root, "environments"))
	if list == nil || list.Kind != yaml.SequenceNode {
		return nil
	}
	var all []*yaml.Node
	for _, n := range list.Content {
		if n = resolve(n); n.Kind == yaml.MappingNode {
			all = append(all, n)
		}
	}
	return all
}

// graft sets the scalar at a path, making the mappings on the way to it.
func graft(at *yaml.Node, path []string, text string) *yaml.Node {
	for _, key := range path[:len(path)-1] {
		next := child(at, key)
		if next == nil || resolve(next).Kind != yaml.MappingNode {
			next = put(at, key, &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"})
		}
		at = resolve(next)
	}
	return put(at, path[len(path)-1], scalar(text))
}

func scalar(text string) *yaml.Node {
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: text}
}

// child is the value of a key, or nil where there is no such mapping or key.
func child(mapping *yaml.Node, key string) *yaml.Node {
	if mapping == nil || mapping.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(mapping.Content); i += 2 {
		if mapping.Content[i].Value == key {
			return mapping.Content[i+1]
		}
	}
	return nil
}

// given is the value of a key, or nil where there is none or nothing in it.
func given(mapping *yaml.Node, key string) *yaml.Node {
	if value := resolve(child(mapping, key)); value != nil && value.Tag != "!!null" {
		return value
	}
	return nil
}

// remove takes a key out of a mapping, each time that it is there.
func remove(mapping *yaml.Node, key string) {
	for i := len(mapping.Content) - 2; i >= 0; i -= 2 {
		if mapping.Content[i].Value == key {
			mapping.Content = slices.Delete(mapping.Content, i, i+2)
		}
	}
}

func put(mapping *yaml.Node, key string, value *yaml.Node) *yaml.Node {
	for i := 0; i+1 < len(mapping.Content); i += 2 {
		if mapping.Content[i].Value == key {
			mapping.Content[i+1] = value
			return value
		}
	}
	mapping.Content = append(mapping.Content, &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: key}, value)
	return value
}
