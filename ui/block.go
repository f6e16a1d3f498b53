package ui

import "slices"

// span is text in one ink. Its text is clean.
type span struct {
	text string
	ink  ink
}

// row is one line of the screen.
type row []span

// block is a rectangle of rows, all of the same width.
type block []row

// line makes a row of its parts.
func line(parts ...span) row { return parts }

// join makes one row of several.
func join(rows ...row) row { return slices.Concat(rows...) }

func (r row) width() int {
	n := 0
	for _, s := range r {
		n += cells(s.text)
	}
	return n
}

// plain is the row's text without its inks.
func (r row) plain() string {
	text := ""
	for _, s := range r {
		text += s.text
	}
	return text
}

// slice is the part of the row from cell a up to cell b. A wide character that
// is cut in half becomes a space.
func (r row) slice(a, b int) row {
	var out row
	at := 0
	for _, s := range r {
		w := cells(s.text)
		from, to := max(a-at, 0), min(b-at, w)
		if from < to {
			part := s.text
			if to < w {
				part = padRight(cutEnd(part, to, ""), to)
			}
			if from > 0 {
				part = padLeft(cutLeft(part, from), to-from)
			}
			if cells(part) > to-from {
				part = padLeft(cutLeft(part, cells(part)-(to-from)+1), to-from)
			}
			out = append(out, span{part, s.ink})
		}
		at += w
	}
	return out
}

// fit makes the row exactly w cells wide: cut with an ellipsis at its end, or
// filled with spaces.
func (r row) fit(w int, ellipsis string) row {
	have := r.width()
	w = max(w, 0)
	switch {
	case have == w:
		return r
	case have < w:
		return append(slices.Clip(r), plain.of(spaces(w-have)))
	case w == 0:
		return nil
	}
	tail := cells(ellipsis)
	if w <= tail {
		return r.slice(0, w)
	}
	cut := r.slice(0, w-tail)
	last := &cut[len(cut)-1]
	last.text = cutBefore(last.text+r.slice(w-tail, have).plain(), last.text, ellipsis)
	cut = append(cut, span{ellipsis, last.ink})
	return append(cut, plain.of(spaces(w-cut.width())))
}

// spread puts left and right at the two ends of w cells. Right is whole as long
// as it fits; left gives way.
func spread(left, right row, w int, ellipsis string) row {
	room := w - right.width()
	if len(right) > 0 {
		room--
	}
	if room < 0 {
		return right.fit(w, ellipsis)
	}
	if left.width() > room {
		left = left.fit(room, ellipsis)
	}
	gap := w - left.width() - right.width()
	return join(left, line(plain.of(spaces(gap))), right)
}

// with gives every span of the row another ink, made from its own.
func (r row) with(change func(ink) ink) row {
	out := make(row, len(r))
	for i, s := range r {
		out[i] = span{s.text, change(s.ink)}
	}
	return out
}

// on puts the row on a background.
func (r row) on(bg role) row {
	return r.with(func(k ink) ink {
		if k.bg == none {
			k.bg = bg
		}
		return k
	})
}

// emboldened is the row as it is drawn for three seconds after it changed.
func (r row) emboldened() row {
	return r.with(func(k ink) ink { k.bold = true; return k })
}

// grey is the block as it stands behind a dialog: live, but quiet.
func (b block) grey() block {
	out := make(block, len(b))
	for i, r := range b {
		out[i] = r.with(func(ink) ink { return ink{fg: border} })
	}
	return out
}

// sized makes the block exactly w×h: rows and cells that are too many are cut.
func (b block) sized(w, h int, ellipsis string) block {
	h = max(h, 0)
	out := make(block, 0, h)
	for i := range h {
		var r row
		if i < len(b) {
			r = b[i]
		}
		out = append(out, r.fit(w, ellipsis))
	}
	return out
}

// beside puts b to the right of a, one cell away. Both are equally high.
func beside(a, b block) block {
	out := make(block, len(a))
	for i := range a {
		out[i] = join(a[i], line(plain.of(" ")), b[i])
	}
	return out
}

// over lays top on the block with its upper left corner at column x, row y.
func (b block) over(top block, x, y int) block {
	out := slices.Clone(b)
	for i, r := range top {
		if y+i < 0 || y+i >= len(out) {
			continue
		}
		under := out[y+i]
		end := x + r.width()
		out[y+i] = join(under.slice(0, x), r, under.slice(end, max(under.width(), end)))
	}
	return out
}

// stack puts blocks of the same width under each other.
func stack(blocks ...block) block { return slices.Concat(blocks...) }

func (b block) width() int {
	if len(b) == 0 {
		return 0
	}
	return b[0].width()
}

// shifted moves the block right, into rows of w cells.
func (b block) shifted(left, w int) block {
	out := make(block, len(b))
	for i, r := range b {
		out[i] = join(line(plain.of(spaces(left))), r).fit(w, "")
	}
	return out
}

// trimmed is the row without the spaces at its end.
func (r row) trimmed() row {
	n := len(r)
	for n > 0 && r[n-1].text == spaces(len(r[n-1].text)) {
		n--
	}
	return r[:n:n]
}
