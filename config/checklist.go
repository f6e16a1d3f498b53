package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"datahub.io/slipway/release"
)

var (
	stages = map[string]release.Stage{"pre": release.Pre, "during": release.During, "post": release.Post}
	stage  = kind[release.Stage]{"pre, during, post", func(s string) (release.Stage, bool) {
		found, ok := stages[s]
		return found, ok
	}}
	itemType   = oneOf(release.ItemTypes()...)
	metricName = oneOf(release.ErrorRate, release.LatencyP95, release.RequestRate, release.Memory, release.CPU)
)

// checklist reads the whole list, which takes the place of the one that is
// there. An item with the id of a default one begins with its settings.
func (d *decoder) checklist(into *[]release.ItemSpec) func(*yaml.Node, string) {
	return func(n *yaml.Node, path string) {
		known := map[string]release.ItemSpec{}
		for _, item := range *into {
			known[item.ID] = item
		}
		var items []release.ItemSpec
		lines, written := map[string]int{}, map[string]*yaml.Node{}
		d.list(n, path, "a list of items", func(n *yaml.Node, path string) {
			item := d.item(n, path, known)
			if first, again := lines[item.ID]; again && item.ID != "" {
				d.problem(n, path+".id", fmt.Sprintf("%q again, first in line %d", item.ID, first), "an id of its own")
			}
			lines[item.ID], written[item.ID] = cmp.Or(lines[item.ID], n.Line), n
			items = append(items, item)
		})
		if len(items) == 0 {
			return
		}
		if found := deploys(items); found != 1 {
			d.problem(n, path, fmt.Sprintf("%d items of type deploy", found), "one, such as rolling-update-in-progress")
		}
		slices.SortStableFunc(items, func(a, b release.ItemSpec) int {
			return cmp.Compare(slices.Index(release.Stages, a.Stage), slices.Index(release.Stages, b.Stage))
		})
		d.inOrder(items, written, path)
		*into = items
	}
}

// inOrder reports what stands before the deploy and can pass only after it: no release
// would ever come so far.
func (d *decoder) inOrder(items []release.ItemSpec, written map[string]*yaml.Node, path string) {
	for _, item := range items[:max(slices.IndexFunc(items, release.ItemSpec.Deploys), 0)] {
		if item.Type.AfterDeploy() {
			d.problem(written[item.ID], path, fmt.Sprintf("%s, of type %s, before the deploy", item.ID, item.Type), "a place after it: such an item passes only then")
		}
	}
}

func deploys(items []release.ItemSpec) (n int) {
	for _, item := range items {
		if item.Deploys() {
			n++
		}
	}
	return n
}

// selection reads which items of the checklist an environment has.
func (d *decoder) selection(into *[]release.ItemSpec) func(*yaml.Node, string) {
	return func(n *yaml.Node, path string) {
		d.mapping(n, path, []field{{"items", "", func(n *yaml.Node, path string) {
			if n.Kind == yaml.SequenceNode {
				*into = d.selected(n, path, *into)
				return
			}
			var which string
			value(d, &which, kind[string]{"automatic, all, or a list of ids", func(s string) (string, bool) {
				return s, s == "automatic" || s == "all"
			}})(n, path)
			if which == "automatic" {
				*into = slices.DeleteFunc(slices.Clone(*into), func(item release.ItemSpec) bool { return item.Class() == release.Manual })
			}
		}}})
	}
}

// selected gives the listed items in the checklist's order.
func (d *decoder) selected(n *yaml.Node, path string, items []release.ItemSpec) []release.ItemSpec {
	ids := make([]string, len(items))
	for i, item := range items {
		ids[i] = item.ID
	}
	lines := map[string]int{}
	d.list(n, path, "automatic, all, or a list of ids", func(n *yaml.Node, path string) {
		switch first, again := lines[n.Value]; {
		case n.Kind != yaml.ScalarNode || !slices.Contains(ids, n.Value):
			d.problem(n, path, describe(n)+meant(n.Value, ids), "the id of an item: "+strings.Join(ids, ", "))
		case again:
			d.problem(n, path, fmt.Sprintf("%q again, first in line %d", n.Value, first), "each item once")
		default:
			lines[n.Value] = n.Line
		}
	})
	chosen := slices.DeleteFunc(slices.Clone(items), func(item release.ItemSpec) bool { return lines[item.ID] == 0 })
	if deploys(chosen) == 0 && deploys(items) > 0 && len(n.Content) > 0 {
		d.problem(n, path, "no item of type deploy", "the one that deploys among others, such as rolling-update-in-progress")
	}
	return chosen
}
