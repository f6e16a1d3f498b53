package config

import (
	"fmt"
	"time"

	"go.yaml.in/yaml/v3"

	"datahub.io/slipway/release"
)

// itemSettings is how the settings that only one type of item has are written.
type itemSettings struct {
	keys []string
	read func(d *decoder, before release.ItemSettings) (fields []field, after func() release.ItemSettings)
	fill func(before release.ItemSettings, s surroundings) (after release.ItemSettings, missing, accepted string)
}

// surroundings is what an environment knows that an item in it may need.
type surroundings struct {
	*Environment
	health string
}

// itemTypes is the table of the types that have settings. Each file item_*.go adds its own.
var itemTypes = map[release.ItemType]itemSettings{}

// reads adds a type to the table. fields lists the keys of its settings and decodes them
// into s. fill, which may be nil, takes missing settings from the environment; where the
// environment lacks them too, it names the key and what is accepted there.
func reads[S release.ItemSettings](t release.ItemType, fields func(d *decoder, s *S) []field, fill func(s *S, e surroundings) (missing, accepted string)) release.ItemType {
	own := itemSettings{read: func(d *decoder, before release.ItemSettings) ([]field, func() release.ItemSettings) {
		s, _ := before.(S)
		return fields(d, &s), func() release.ItemSettings { return s }
	}}
	for _, f := range fields(new(decoder), new(S)) {
		own.keys = append(own.keys, f.key)
	}
	if fill != nil {
		own.fill = func(before release.ItemSettings, e surroundings) (release.ItemSettings, string, string) {
			s, _ := before.(S)
			missing, accepted := fill(&s, e)
			return s, missing, accepted
		}
	}
	itemTypes[t] = own
	return t
}

// completed fills in what the environment knows.
func (i itemSettings) completed(before release.ItemSettings, e surroundings) (after release.ItemSettings, missing, accepted string) {
	if i.fill == nil {
		return before, "", ""
	}
	return i.fill(before, e)
}

// item reads one item of the checklist: the keys that all have, and those of its type.
func (d *decoder) item(n *yaml.Node, path string, known map[string]release.ItemSpec) release.ItemSpec {
	item := release.ItemSpec{Type: release.ItemManual}
	if id := child(n, "id"); n.Kind == yaml.MappingNode && id != nil {
		if defaults, ok := known[id.Value]; ok {
			item = defaults
		}
	}
	required := func(accepted string) string {
		if item.ID != "" {
			return "" // a default item has it
		}
		return accepted
	}
	typed := true
	if t := resolve(given(n, "type")); n.Kind == yaml.MappingNode && t != nil {
		var chosen release.ItemType
		if chosen, typed = itemType.parse(t.Value); typed && chosen != item.Type {
			item.Type, item.Settings, item.For, item.Every = chosen, chosen.Settings(), 0, 0
		}
	}
	fields := []field{
		{"id", itemID.accepted, value(d, &item.ID, itemID)},
		{"title", required(text.accepted), value(d, &item.Title, text)},
		{"stage", required(stage.accepted), value(d, &item.Stage, stage)},
		{"type", "", value(d, new(release.ItemType), itemType)},
	}
	if item.Class() == release.Check {
		fields = append(fields, field{"for", "", value(d, &item.For, duration)})
	}
	if item.Type.Probed() {
		fields = append(fields, field{"every", "", value(d, &item.Every, atLeast(item.Type.ShortestEvery()))})
	}
	after := func() release.ItemSettings { return item.Settings }
	if own, ok := itemTypes[item.Type]; ok {
		settings, read := own.read(d, item.Settings)
		fields, after = append(fields, settings...), read
	}
	d.mapping(d.ofItsType(n, path, item.Type, typed, fields), path, append(fields, field{"runbook", "", d.endpoint(&item.Runbook)}))
	item.Settings = after()
	if item.Deploys() && item.Stage != release.During && item.Stage != "" {
		d.problem(n, path+".stage", quote(string(item.Stage)), "during, for an item of type deploy")
	}
	return item
}

// ofItsType reports the keys that only items of another type have, and gives the mapping
// without them. Where the type itself is wrong, nothing is said of them.
func (d *decoder) ofItsType(n *yaml.Node, path string, t release.ItemType, typed bool, fields []field) *yaml.Node {
	n = resolve(n)
	if n.Kind != yaml.MappingNode {
		return n
	}
	others := map[string]bool{"for": true, "every": true}
	for _, own := range itemTypes {
		for _, key := range own.keys {
			others[key] = true
		}
	}
	for _, f := range fields {
		delete(others, f.key)
	}
	left := *n
	left.Content = nil
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, found := n.Content[i], n.Content[i+1]
		switch {
		case !others[key.Value]:
			left.Content = append(left.Content, key, found)
		case typed:
			d.problem(found, join(path, key.Value), describe(resolve(found)), fmt.Sprintf("nothing here, for an item of type %s", t))
		}
	}
	return &left
}

// atLeast accepts durations from a shortest one on.
func atLeast(shortest time.Duration) kind[time.Duration] {
	return kind[time.Duration]{fmt.Sprintf("a duration of at least %s, such as 30s or 5m", shortest), func(s string) (time.Duration, bool) {
		d, err := time.ParseDuration(s)
		return d, err == nil && d >= shortest
	}}
}
