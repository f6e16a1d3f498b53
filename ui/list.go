package ui

import (
	"slices"
	"strings"
)

// picker keeps a line of a list selected by its name, so that the selection
// stays with what it was put on when the list changes under it.
type picker struct {
	name string
	at   int // where it was last, for when the name is gone
}

// in gives the selected index among names; -1 when there are none.
func (p *picker) in(names []string) int {
	if len(names) == 0 {
		return -1
	}
	if i := slices.Index(names, p.name); i >= 0 {
		return i
	}
	return min(max(p.at, 0), len(names)-1)
}

// put selects the index.
func (p *picker) put(names []string, i int) {
	if len(names) == 0 {
		return
	}
	p.at = min(max(i, 0), len(names)-1)
	p.name = names[p.at]
}

// move answers the keys that move in a list.
func (p *picker) move(names []string, key string) bool {
	i := p.in(names)
	switch key {
	case "down", "j":
		i++
	case "up", "k":
		i--
	case "pgdown":
		i += 10
	case "pgup":
		i -= 10
	case "home", "g":
		i = 0
	case "end", "G":
		i = len(names) - 1
	default:
		return false
	}
	p.put(names, i)
	return true
}

// window gives the part of n lines that is shown in h rows so that line at is
// among them.
func window(n, at, h int) (from, to int) {
	if n <= h {
		return 0, n
	}
	from = min(max(at-h/2, 0), n-h)
	return from, from + h
}

// scroller is how far a text is scrolled.
type scroller struct{ top int }

// move answers the keys that scroll; most is the furthest.
func (s *scroller) move(key string, most int) bool {
	switch key {
	case "down", "j":
		s.top++
	case "up", "k":
		s.top--
	case "pgdown", "space":
		s.top += 10
	case "pgup":
		s.top -= 10
	case "home", "g":
		s.top = 0
	case "end", "G":
		s.top = most
	default:
		return false
	}
	s.top = min(max(s.top, 0), max(most, 0))
	return true
}

// filter narrows a list to the lines that contain a text, whatever their case.
type filter struct {
	prompt prompt
	typing bool
}

// press answers a key; handled is false for keys that are not the filter's.
func (f *filter) press(sc scene, p press) (action, bool) {
	if !f.typing {
		switch {
		case p.key == "/":
			f.typing = true
			return action{}, true
		case p.key == "esc" && f.active():
			f.prompt = prompt{}
			return action{}, true
		}
		return action{}, false
	}
	switch p.key {
	case "enter":
		f.typing = false
	case "esc":
		f.typing, f.prompt = false, prompt{}
	default:
		if a, known := whileTyping(sc, p); known {
			return a, true
		}
		f.prompt.edit(p.key, p.text)
	}
	return action{}, true
}

// hints are the keys while the filter is typed.
func (f *filter) hints(sc scene) []hint {
	return []hint{undoHint(sc, "ctrl+z"), {"enter", "keep the filter"}, {"esc", "clear it"}}
}

func (f *filter) active() bool { return f.prompt.trimmed() != "" }

func (f *filter) keeps(texts ...string) bool {
	want := strings.ToLower(f.prompt.trimmed())
	for _, s := range texts {
		if strings.Contains(strings.ToLower(s), want) {
			return true
		}
	}
	return want == ""
}

// row is the filter as it stands in the lower border, nil when there is none.
func (f *filter) row(t theme) row {
	switch {
	case f.typing:
		return join(line(strong.of("/ ")), f.prompt.row(t, min(cells(f.prompt.text())+3, 30), ""), line(faint.of("  enter keeps it, esc clears it")))
	case f.active():
		return line(strong.of("/ "), plain.of(f.prompt.trimmed()), faint.of("  esc clears it"))
	}
	return nil
}

// columns puts cells into columns of fixed widths, so that nothing moves when a
// figure changes. The last one takes what is left.
func columns(t theme, widths []int, parts ...row) row {
	var out row
	for i, part := range parts {
		if i < len(widths) {
			part = part.fit(widths[i]-1, t.glyphs.ellipsis).fit(widths[i], "")
		}
		out = join(out, part)
	}
	return out
}

// pointed is a line of a list in its panel: the selected one has a pointer and
// a background.
func pointed(t theme, r row, selected bool, w int) row {
	if !selected {
		return join(line(plain.of(" ")), r).fit(w, t.glyphs.ellipsis)
	}
	return join(line(plain.of(t.glyphs.selected)), r).fit(w, t.glyphs.ellipsis).on(selection)
}
