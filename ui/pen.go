package ui

import (
	"unicode"

	"datahub.io/slipway/release"
)

// pen writes the rows of a dialog: text between two gutters, each w+2*gutter
// cells wide. In the left gutter stands a mark where a line changed while it
// was being read.
type pen struct {
	th     theme
	s      scene
	w      int // of the text
	gutter int
	labels int // width of the column of labels
}

// roomy tells whether there is room for the second thoughts of a sentence.
func (p pen) roomy() bool { return p.w >= 90 }

// full is the width of a row with its gutters.
func (p pen) full() int { return p.w + 2*p.gutter }

// row is one row of text, cut at its end.
func (p pen) row(r row) row { return p.marked(r, false) }

// marked is a row that may have changed while it was being read.
func (p pen) marked(r row, moved bool) row {
	margin := plain.of(spaces(p.gutter))
	if moved {
		margin = warning.bolder().of(padRight("!", p.gutter))
	}
	return join(line(margin), p.spell(r).fit(p.w, p.th.glyphs.ellipsis), line(plain.of(spaces(p.gutter))))
}

// blank is an empty row.
func (p pen) blank() row { return p.row(nil) }

// ends is a row with text at both ends.
func (p pen) ends(left, right row) row {
	return p.row(spread(p.spell(left), p.spell(right), p.w, p.th.glyphs.ellipsis))
}

// rule is a thin line, under a title where there is one.
func (p pen) rule(title string) row {
	r := line()
	if title != "" {
		r = line(strong.of(p.th.glyphs.say(title)), plain.of(" "))
	}
	return p.row(append(r, lines.of(repeat(p.th.glyphs.frame.h, p.w-r.width()))))
}

// labelled is a label and its text, wrapped beside it.
func (p pen) labelled(label string, r row, moved bool) block {
	return p.beside(line(muted.of(label)), r, moved)
}

// beside puts text, wrapped, to the right of the column of labels.
func (p pen) beside(label, r row, moved bool) block {
	out := block{}
	for i, part := range wrapRow(p.spell(r), p.w-p.labels, p.th.glyphs.ellipsis) {
		head := line(plain.of(spaces(p.labels)))
		if i == 0 {
			head = p.spell(label).fit(p.labels-1, p.th.glyphs.ellipsis)
			head = head.fit(p.labels, "")
		}
		out = append(out, p.marked(join(head, part), moved && i == 0))
	}
	return out
}

// fact is one judged line of a confirmation.
func (p pen) fact(f release.Fact, moved bool) block {
	r := line(p.th.mark(f.Mark, p.s.Now), plain.of(" "))
	if f.Mark == release.MarkNone {
		r = line()
	}
	k := plain
	if f.Mark == release.MarkFail || f.Mark == release.MarkAttention || f.Mark == release.MarkUnknown {
		k = markInk(f.Mark)
	}
	return p.labelled(string(f.Label), append(r, k.of(f.Text)), moved)
}

// paragraph is wrapped text from one side to the other.
func (p pen) paragraph(r row) block {
	out := block{}
	for _, part := range wrapRow(p.spell(r), p.w, p.th.glyphs.ellipsis) {
		out = append(out, p.row(part))
	}
	return out
}

// spell writes a row in the characters that the terminal has.
func (p pen) spell(r row) row { return p.th.spell(r) }

func (t theme) spell(r row) row {
	if !t.glyphs.ascii {
		return r
	}
	out := make(row, len(r))
	for i, s := range r {
		out[i] = span{t.glyphs.say(s.text), s.ink}
	}
	return out
}

// unit is a word and the space before it, across spans.
type unit struct{ gap, word row }

func units(r row) []unit {
	var out []unit
	var u unit
	for _, s := range r {
		part, space := []rune{}, false
		flush := func() {
			if len(part) == 0 {
				return
			}
			piece := span{string(part), s.ink}
			part = nil
			switch {
			case !space:
				u.word = append(u.word, piece)
			case len(u.word) > 0:
				out = append(out, u)
				u = unit{gap: line(piece)}
			default:
				u.gap = append(u.gap, piece)
			}
		}
		for _, c := range s.text {
			if unicode.IsSpace(c) != space {
				flush()
				space = !space
			}
			part = append(part, c)
		}
		flush()
	}
	if len(u.word) > 0 {
		out = append(out, u)
	}
	return out
}

// wrapRow breaks a row at spaces into rows of at most w cells. A word wider
// than that is cut in its middle, so that its end can still be read.
func wrapRow(r row, w int, ellipsis string) block {
	out, current := block{}, row{}
	for _, u := range units(r) {
		if u.word.width() > w {
			u.word = line(span{cutMiddle(u.word.plain(), w, ellipsis), u.word[0].ink})
		}
		switch {
		case len(current) == 0:
			current = u.word
		case current.width()+u.gap.width()+u.word.width() <= w:
			current = join(current, u.gap, u.word)
		default:
			out, current = append(out, current), u.word
		}
	}
	return append(out, current)
}

// align pads the cells of a table so that its columns begin below each other,
// gap cells apart.
func align(gap int, table ...[]row) []row {
	widths := map[int]int{}
	for _, cells := range table {
		for i, c := range cells {
			widths[i] = max(widths[i], c.width())
		}
	}
	out := make([]row, len(table))
	for i, cells := range table {
		for j, c := range cells {
			out[i] = join(out[i], c)
			if j < len(cells)-1 {
				out[i] = append(out[i], plain.of(spaces(widths[j]-c.width()+gap)))
			}
		}
	}
	return out
}
