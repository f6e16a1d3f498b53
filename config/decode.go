package config

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"datahub.io/slipway/release"
)

// decoder walks the tree of the file and collects every problem on the way.
type decoder struct {
	file     string
	root     *yaml.Node
	base     string                // directory of the file, for relative paths
	origins  map[*yaml.Node]string // of values that are not from the file
	problems Errors
	partial  Errors            // what stands against canary releases in single environments
	offered  func(path string) // told every key that may stand in a mapping; for tests
}

func (d *decoder) problem(n *yaml.Node, key, found, accepted string) {
	p := Problem{d.file, n.Line, key, found, accepted}
	if origin, ok := d.origins[n]; ok {
		p.File, p.Line = origin, 0
	}
	if !slices.Contains(d.problems, p) { // one line of the file may count for several environments
		d.problems = append(d.problems, p)
	}
}

// field is one key that a mapping may have. Fields are read in their own order,
// whatever the order in the file.
type field struct {
	key      string
	required string // what is accepted, when it must be there
	read     func(n *yaml.Node, path string)
}

// mapping reads the fields of a mapping and reports what else is in it.
func (d *decoder) mapping(n *yaml.Node, path string, fields []field) {
	n = resolve(n)
	keys := make([]string, len(fields))
	for i, f := range fields {
		keys[i] = f.key
		if d.offered != nil {
			d.offered(join(path, f.key))
		}
	}
	if n.Kind != yaml.MappingNode {
		d.problem(n, path, describe(n), "keys and values: "+strings.Join(keys, ", "))
		return
	}
	first := map[string]*yaml.Node{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		switch {
		case first[key.Value] != nil:
			d.problem(key, join(path, shown(key.Value)), fmt.Sprintf("the key again, first in line %d", first[key.Value].Line), "once")
		case !slices.Contains(keys, key.Value):
			d.problem(key, join(path, shown(key.Value)), "an unknown key"+meant(key.Value, keys), strings.Join(keys, ", "))
		}
		first[key.Value] = key
	}
	for _, f := range fields {
		if value := given(n, f.key); value != nil {
			f.read(value, join(path, f.key))
		} else if f.required != "" {
			at := n
			if empty := child(n, f.key); empty != nil {
				at = empty
			}
			d.problem(at, join(path, f.key), "nothing", f.required)
		}
	}
}

// list gives the elements of a list with their paths.
func (d *decoder) list(n *yaml.Node, path, accepted string, each func(n *yaml.Node, path string)) {
	if n.Kind != yaml.SequenceNode || len(n.Content) == 0 {
		d.problem(n, path, describe(n), accepted)
		return
	}
	for i, element := range n.Content {
		each(resolve(element), fmt.Sprintf("%s[%d]", path, i))
	}
}

// value reads a scalar with its parser. What the parser refuses is a problem.
func value[T any](d *decoder, into *T, kind kind[T]) func(*yaml.Node, string) {
	return func(n *yaml.Node, path string) {
		if n.Kind != yaml.ScalarNode {
			d.problem(n, path, describe(n), kind.accepted)
			return
		}
		parsed, ok := kind.parse(n.Value)
		if !ok {
			d.problem(n, path, describe(n), kind.accepted)
			return
		}
		*into = parsed
	}
}

// kind is a type of scalar: how it is written, in words, and how it is read.
type kind[T any] struct {
	accepted string
	parse    func(string) (T, bool)
}

func resolve(n *yaml.Node) *yaml.Node {
	if n != nil && n.Kind == yaml.AliasNode {
		return n.Alias
	}
	return n
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

// describe says what was found.
func describe(n *yaml.Node) string {
	switch {
	case n.Kind == yaml.MappingNode:
		return "keys and values"
	case n.Kind == yaml.SequenceNode && len(n.Content) == 0:
		return "an empty list"
	case n.Kind == yaml.SequenceNode:
		return "a list"
	case n.Tag == "!!null":
		return "nothing"
	default:
		return quote(n.Value)
	}
}

func quote(s string) string {
	const longest = 120
	s = discreet(s)
	if runes := []rune(s); len(runes) > longest {
		s = string(runes[:longest]) + "…"
	}
	return strconv.Quote(s)
}

// shown is a key of the file as it may be shown: quoted when it is none of ours.
func shown(key string) string {
	if keyName.MatchString(key) {
		return key
	}
	return quote(key)
}

// meant says which of the accepted words was probably meant, if any.
func meant(word string, accepted []string) string {
	best, least := "", 2+len(word)/3
	for _, a := range accepted {
		if n := release.Distance(strings.ToLower(word), strings.ToLower(a)); n < least {
			best, least = a, n
		}
	}
	if best == "" {
		return ""
	}
	return ", did you mean " + best + "?"
}
