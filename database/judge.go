package database

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
)

// Break is a change that code written for the schema before cannot live with.
type Break struct {
	Change Change `json:"change"`
	Why    string `json:"why"`
}

// Breaks are those of the changes that code of the schema before cannot live with:
// what it reads or writes is gone, or the server refuses what it writes.
func Breaks(changes []Change) (out []Break) {
	for _, c := range changes {
		if why := breaks(c); why != "" {
			out = append(out, Break{c, why})
		}
	}
	return out
}

func breaks(c Change) string {
	switch c.Kind {
	case DroppedTable:
		return fmt.Sprintf("%s %s was dropped", c.Of, c.Table)
	case RenamedTable:
		return fmt.Sprintf("%s %s was renamed to %s", c.Of, c.Table, c.To)
	case DroppedColumn:
		return fmt.Sprintf("column %s was dropped", c.Object())
	case RenamedColumn:
		return fmt.Sprintf("column %s was renamed to %s", c.Object(), c.To)
	case ChangedType:
		if !widens(c.From, c.To) {
			return fmt.Sprintf("column %s was %s and is %s", c.Object(), c.From, c.To)
		}
	case SetNotNull:
		if c.Default == "" {
			return fmt.Sprintf("column %s no longer takes null and has no default", c.Object())
		}
	case AddedColumn:
		if c.NotNull && c.Default == "" && c.Of != KindView && c.Of != KindMaterialized {
			return fmt.Sprintf("new column %s takes no null and has no default", c.Object())
		}
	case ChangedDefault:
		if c.To == "none" && c.NotNull {
			return fmt.Sprintf("column %s takes no null and has lost its default", c.Object())
		}
	}
	return ""
}

var sized = regexp.MustCompile(`^(.*?)\((\d+)(?:,(\d+))?\)(.*)$`)

// wider lists, for types, what holds all their values and reads alike.
var wider = map[string][]string{
	"smallint":          {"integer", "bigint", "numeric"},
	"integer":           {"bigint", "numeric"},
	"bigint":            {"numeric"},
	"real":              {"double precision"},
	"character varying": {"text"},
	"character":         {"character varying", "text"},
	"cidr":              {"inet"},
	"bit":               {"bit varying"},
}

// widens tells whether a column of one type can become one of another without code
// noticing that reads and writes it as before. A type that is not known to be wider
// is not.
func widens(from, to string) bool {
	base, width, scale := measured(from)
	next, nextWidth, nextScale := measured(to)
	if base == next {
		switch {
		case width == nextWidth && scale == nextScale:
			return true
		case base == "numeric":
			// Both the digits before the point and those after it must still fit.
			return nextWidth < 0 || width >= 0 && nextScale >= scale && nextWidth-nextScale >= width-scale
		case base == "character", base == "bit":
			return false // padded to its length
		}
		return nextWidth < 0 || width >= 0 && nextWidth >= width
	}
	if !slices.Contains(wider[base], next) {
		return false
	}
	if next == "numeric" {
		digits := map[string]int{"smallint": 5, "integer": 10, "bigint": 19}[base]
		return nextWidth < 0 || nextWidth-nextScale >= digits
	}
	return nextWidth < 0 || width >= 0 && nextWidth >= width
}

// measured takes a type apart: numeric(10,2) is numeric, 10 and 2; -1 is without a bound.
func measured(name string) (base string, width, scale int) {
	m := sized.FindStringSubmatch(name)
	if m == nil {
		return name, -1, 0
	}
	width, _ = strconv.Atoi(m[2])
	scale, _ = strconv.Atoi(m[3])
	return m[1] + m[4], width, scale
}
