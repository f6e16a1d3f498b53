package ui

// panel is a frame around rows.
type panel struct {
	title  row  // in the upper border, left
	label  row  // in the upper border, right
	footer row  // in the lower border, right
	hue    role // of the frame; border when none
	heavy  bool
}

// draw puts the rows of body into a frame of w×h cells, each row one cell away
// from the left border and w-2 wide. Rows that are too many are cut.
func (p panel) draw(t theme, body block, w, h int) block {
	if w < 4 || h < 2 {
		return body.sized(w, h, t.glyphs.ellipsis)
	}
	g := t.glyphs.frame
	if p.heavy {
		g = t.glyphs.heavy
	}
	k := ink{fg: p.hue}
	if p.hue == none {
		k.fg = border
	}
	out := make(block, 0, h)
	out = append(out, t.edge(k, g.topLeft, g.h, g.topRight, p.title, p.label, w))
	for _, r := range body.sized(w-2, h-2, t.glyphs.ellipsis) {
		out = append(out, join(line(k.of(g.v)), r, line(k.of(g.v))))
	}
	return append(out, t.edge(k, g.bottomLeft, g.h, g.bottomRight, nil, p.footer, w))
}

// edge is a border line with text in it: "╭─ Title ───── label ─╮". The label
// gives way to the title.
func (t theme) edge(k ink, left, h, right string, title, label row, w int) row {
	room := w - 4
	if title != nil {
		title = join(line(plain.of(" ")), title, line(plain.of(" ")))
	}
	if label != nil {
		label = join(line(plain.of(" ")), label, line(plain.of(" ")))
	}
	if title.width() > room {
		title = title.fit(room, t.glyphs.ellipsis)
	}
	if title.width()+label.width() > room {
		label = nil
	}
	gap := room - title.width() - label.width()
	return join(line(k.of(left+h)), title, line(k.of(repeat(h, gap))), label, line(k.of(h+right)))
}

// inset moves rows one cell to the right, away from the border.
func inset(rows ...row) block {
	out := make(block, len(rows))
	for i, r := range rows {
		out[i] = join(line(plain.of(" ")), r)
	}
	return out
}
