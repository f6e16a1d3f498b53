package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/pflag"
	"go.yaml.in/yaml/v3"

	"datahub.io/slipway/untrusted"
)

// Options is where a configuration comes from, beside the environment.
type Options struct {
	Path  string         // --config; empty: SLIPWAY_CONFIG, then the usual places
	Flags *pflag.FlagSet // those named like a setting override it; may be nil
}

// fileBound is more than any configuration has.
const fileBound = 1 << 20

// Load reads the configuration. Its error is an Errors with all problems at
// once, a *NotFoundError, or that of reading the file.
func Load(options Options) (*Config, error) {
	path, err := find(options.Path)
	if err != nil {
		return nil, err
	}
	text, err := untrusted.ReadFile(path, fileBound)
	if err != nil {
		return nil, fmt.Errorf("read configuration: %w", err)
	}
	d := &decoder{file: display(path), base: filepath.Dir(path)}
	root := d.parse(text)
	if len(d.problems) > 0 {
		return nil, d.problems
	}
	layers, err := overlay(root, options.Flags)
	if err != nil {
		return nil, fmt.Errorf("read configuration: %w", err)
	}
	d.origins = layers.origins
	c := d.config(root)
	c.File, c.chosen = path, layers.chosen
	if len(d.problems) > 0 {
		return nil, append(d.problems, d.partial...).distinct()
	}
	return c, nil
}

// find gives the file to read: the named one, or the first of the usual places.
func find(path string) (string, error) {
	if path == "" {
		path = os.Getenv("SLIPWAY_CONFIG")
	}
	if path != "" {
		return path, nil
	}
	places := []string{"slipway.yaml"}
	if dir := ownDir("XDG_CONFIG_HOME", ".config"); dir != "" {
		places = append(places, filepath.Join(dir, "config.yaml"))
	}
	for _, place := range places {
		if _, err := os.Stat(place); err == nil {
			return place, nil
		} else if !errors.Is(err, os.ErrNotExist) {
			return "", fmt.Errorf("read configuration: %w", err)
		}
	}
	places[0] = "./" + places[0]
	return "", &NotFoundError{Looked: places}
}

// display is the path as a person would write it.
func display(path string) string {
	if here, err := os.Getwd(); err == nil {
		if short, err := filepath.Rel(here, path); err == nil && !strings.HasPrefix(short, "..") {
			return short
		}
	}
	return path
}

// parse reads the one YAML document of the file into its root mapping.
func (d *decoder) parse(text []byte) *yaml.Node {
	reader := yaml.NewDecoder(bytes.NewReader(text))
	var document yaml.Node
	if err := reader.Decode(&document); err != nil && !errors.Is(err, io.EOF) {
		d.problems = append(d.problems, Problem{d.file, brokenLine(text), "", "what is not YAML: " + yamlWords(err), "YAML: look at indentation, quotes and brackets here"})
		return nil
	}
	if document.Kind == 0 || document.Content[0].Tag == "!!null" {
		return &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map", Line: 1}
	}
	if err := reader.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		d.problems = append(d.problems, Problem{d.file, 0, "", "more than one YAML document", "one"})
	}
	root := document.Content[0]
	if root.Kind != yaml.MappingNode {
		d.problem(root, "", describe(root), "keys and values, as in config.example.yaml")
	}
	return root
}

// yamlWords is what the YAML reader says, without the line: it names the one
// in which the broken block or list began.
func yamlWords(err error) string {
	words := strings.TrimPrefix(err.Error(), "yaml: ")
	if rest, ok := strings.CutPrefix(words, "line "); ok {
		if _, text, ok := strings.Cut(rest, ": "); ok {
			words = text
		}
	}
	return strings.TrimPrefix(words, "found ")
}

// brokenLine is the line from which on a text is not YAML, whatever follows: the
// one behind the longest beginning that is. Where it would take long to try all
// beginnings, it is the one behind one of the longest.
func brokenLine(text []byte) int {
	var ends []int // of the lines
	for i, c := range text {
		if c == '\n' {
			ends = append(ends, i+1)
		}
	}
	if len(text) > 0 && text[len(text)-1] != '\n' {
		ends = append(ends, len(text))
	}
	whole := func(lines int) bool {
		return lines == 0 || yaml.Unmarshal(text[:ends[lines-1]], new(yaml.Node)) == nil
	}
	const cheap = 1 << 20 // bytes to be read in all
	if len(ends)*len(text) <= cheap {
		n := len(ends)
		for n > 0 && !whole(n) {
			n--
		}
		return n + 1
	}
	good, bad := 0, len(ends)
	for bad-good > 1 {
		// A beginning may end inside of something that takes several lines.
		middle, next := (good+bad)/2, (good+bad)/2+1
		switch {
		case whole(middle):
			good = middle
		case next < bad && whole(next):
			good = next
		default:
			bad = middle
		}
	}
	return good + 1
}
