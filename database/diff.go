package database

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
)

// ChangeKind is what happened to a part of the schema.
type ChangeKind string

// The kinds of changes.
const (
	AddedTable        ChangeKind = "added table"
	DroppedTable      ChangeKind = "dropped table"
	RenamedTable      ChangeKind = "renamed table"
	AddedColumn       ChangeKind = "added column"
	DroppedColumn     ChangeKind = "dropped column"
	RenamedColumn     ChangeKind = "renamed column"
	ChangedType       ChangeKind = "changed type"
	SetNotNull        ChangeKind = "set not null"
	DroppedNotNull    ChangeKind = "dropped not null"
	ChangedDefault    ChangeKind = "changed default"
	AddedIndex        ChangeKind = "added index"
	DroppedIndex      ChangeKind = "dropped index"
	ChangedIndex      ChangeKind = "changed index"
	AddedConstraint   ChangeKind = "added constraint"
	DroppedConstraint ChangeKind = "dropped constraint"
	ChangedConstraint ChangeKind = "changed constraint"
)

// Change is one difference between two schemas.
type Change struct {
	Kind  ChangeKind `json:"kind"`
	Table string     `json:"table"`          // its name before, or its new one if it was added
	Of    string     `json:"of,omitempty"`   // the table's kind
	Name  string     `json:"name,omitempty"` // of the column, index or constraint, before
	From  string     `json:"from,omitempty"` // what it was
	To    string     `json:"to,omitempty"`   // what it is
	Column
}

// Object is what was changed, in one word: public.api_keys.secret.
func (c Change) Object() string {
	if c.Name == "" {
		return c.Table
	}
	return c.Table + "." + c.Name
}

// String says what happened.
func (c Change) String() string {
	switch {
	case c.From != "" && c.To != "":
		return fmt.Sprintf("%s %s: %s → %s", c.Kind, c.Object(), c.From, c.To)
	case c.To != "":
		return fmt.Sprintf("%s %s: %s", c.Kind, c.Object(), c.To)
	case c.From != "":
		return fmt.Sprintf("%s %s: it was %s", c.Kind, c.Object(), c.From)
	}
	return fmt.Sprintf("%s %s", c.Kind, c.Object())
}

// Diff is what leads from one schema to the next, by table. What was renamed is known
// by what the catalogue calls it, so it is not taken for something dropped and something
// new; that holds within one database, not between one and its copy.
func Diff(before, after Schema) (out []Change) {
	one := before.Database == after.Database
	byID := map[uint32]string{}
	for name, t := range after.Tables {
		if one {
			byID[t.ID] = name
		}
	}
	matched := map[string]bool{}
	for _, name := range slices.Sorted(maps.Keys(before.Tables)) {
		was := before.Tables[name]
		now, same := after.Tables[name]
		next := name
		if renamed, ok := byID[was.ID]; ok && renamed != name && (!same || now.ID != was.ID) {
			if _, known := before.Tables[renamed]; !known || before.Tables[renamed].ID != was.ID {
				next, now, same = renamed, after.Tables[renamed], true
				out = append(out, Change{Kind: RenamedTable, Table: name, Of: was.Kind, From: name, To: renamed})
			}
		}
		if !same {
			out = append(out, Change{Kind: DroppedTable, Table: name, Of: was.Kind})
			continue
		}
		matched[next] = true
		out = append(out, diffColumns(name, was, now, one && was.ID == now.ID)...)
		out = append(out, diffNamed(name, was.Indexes, now.Indexes, AddedIndex, DroppedIndex, ChangedIndex)...)
		out = append(out, diffNamed(name, was.Constraints, now.Constraints, AddedConstraint, DroppedConstraint, ChangedConstraint)...)
	}
	for _, name := range slices.Sorted(maps.Keys(after.Tables)) {
		if !matched[name] {
			out = append(out, Change{Kind: AddedTable, Table: name, Of: after.Tables[name].Kind})
		}
	}
	return out
}

// diffColumns tells columns by their number in the same table, and by name in one that was
// made anew.
func diffColumns(table string, was, now Table, same bool) (out []Change) {
	used := map[int16]bool{}
	for _, old := range was.Columns {
		i := slices.IndexFunc(now.Columns, func(c Column) bool {
			return same && was.Kind != KindView && c.ID == old.ID || (!same || was.Kind == KindView) && c.Name == old.Name
		})
		if i < 0 {
			out = append(out, Change{Kind: DroppedColumn, Table: table, Of: was.Kind, Name: old.Name, From: old.Type, Column: old})
			continue
		}
		c := now.Columns[i]
		used[c.ID] = true
		add := func(kind ChangeKind, from, to string) {
			out = append(out, Change{Kind: kind, Table: table, Of: was.Kind, Name: old.Name, From: from, To: to, Column: c})
		}
		if c.Name != old.Name {
			add(RenamedColumn, old.Name, c.Name)
		}
		if c.Type != old.Type {
			add(ChangedType, old.Type, c.Type)
		}
		if c.NotNull && !old.NotNull {
			add(SetNotNull, "", "")
		}
		if !c.NotNull && old.NotNull {
			add(DroppedNotNull, "", "")
		}
		if c.Default != old.Default {
			add(ChangedDefault, cmp.Or(old.Default, "none"), cmp.Or(c.Default, "none"))
		}
	}
	for _, c := range now.Columns {
		if !used[c.ID] {
			out = append(out, Change{Kind: AddedColumn, Table: table, Of: was.Kind, Name: c.Name, To: c.words(), Column: c})
		}
	}
	return out
}

func (c Column) words() string {
	text := c.Type
	if c.NotNull {
		text += " not null"
	}
	if c.Default != "" {
		text += " default " + c.Default
	}
	return text
}

func diffNamed(table string, was, now map[string]string, added, dropped, changed ChangeKind) (out []Change) {
	for _, name := range slices.Sorted(maps.Keys(was)) {
		switch definition, ok := now[name]; {
		case !ok:
			out = append(out, Change{Kind: dropped, Table: table, Name: name, From: was[name]})
		case definition != was[name]:
			out = append(out, Change{Kind: changed, Table: table, Name: name, From: was[name], To: definition})
		}
	}
	for _, name := range slices.Sorted(maps.Keys(now)) {
		if _, ok := was[name]; !ok {
			out = append(out, Change{Kind: added, Table: table, Name: name, To: now[name]})
		}
	}
	return out
}
