package ui

import "datahub.io/slipway/release"

// sameAs is the row of a confirmation with the commands that do the same: all of them
// as they are, for one that is cut is none. Where there is no room for that it says
// that K copies them; where letters are typed, and K is none of the keys, nothing.
func sameAs(p pen, drop int, c release.Commands, marked, typed bool) section {
	most := 2
	if p.roomy() {
		most = 3
	}
	said := wholeCommand(p.th, c, p.w-p.labels, most)
	switch {
	case c.None(), said == nil && typed:
		return section{}
	case said == nil && len(c.List) > 1:
		said = line(faint.of(release.Count(c.Changes(), "kubectl command")+": "), strong.of("K"), faint.of(" copies them"))
	case said == nil:
		said = line(faint.of("one kubectl command: "), strong.of("K"), faint.of(" copies it"))
	}
	return spare(drop, p.labelled("same as", said, marked)...)
}

// wholeCommand is a command that can be shown in so many rows of w cells, or nil.
func wholeCommand(t theme, c release.Commands, w, rows int) row {
	text := c.String()
	if text == "" || widest(text) > w || t.glyphs.say(text) != text {
		return nil
	}
	out := line(plain.of(text))
	if len(wrapRow(out, w, "")) > rows {
		return nil
	}
	return out
}

// commandRows are the commands of an item's detail, where they can be shown.
func commandRows(t theme, c release.Commands, w int) block {
	said := wholeCommand(t, c, w, 4)
	if said == nil {
		return nil
	}
	out := block{line(muted.of("same as"))}
	return append(out, wrapRow(said, w, "")...)
}
