package ui

// draw lays the whole screen out: header, body, footer, and what lies on top.
// It is pure: the same scene, screen and theme give the same block.
func (s *screen) draw(sc scene, t theme) block {
	if tooSmall(s.w, s.h) {
		return s.small(sc, t)
	}
	w, left := margins(s.w)
	out := s.compose(sc, t, w, s.h)
	if left > 0 {
		out = out.shifted(left, s.w)
	}
	return out
}

func (s *screen) compose(sc scene, t theme, w, h int) block {
	ellipsis := t.glyphs.ellipsis
	head := s.header(sc, t, w)
	top := s.top()
	if top != nil && top.docked() {
		sheet := top.draw(sc, t, w, sheetRoom(h))
		rest := h - headerRows - len(sheet) - 1
		body := s.current().body(sc, t, w, rest).sized(w, rest, ellipsis)
		return stack(head, body, sheet, block{s.keyRow(sc, t, w)}).sized(w, h, ellipsis)
	}
	foot := s.footer(sc, t, w, h)
	under := stack(s.current().body(sc, t, w, h-len(head)-len(foot)))
	if top == nil {
		return stack(head, under, foot).sized(w, h, ellipsis)
	}
	room := h - len(head) + 1 - len(foot)
	box := top.draw(sc, t, w-2, room)
	out := stack(head[:3], head[3:].grey(), under.grey(), foot)
	y := 3 + max((room-len(box))/2, 0)
	return out.sized(w, h, ellipsis).over(box, (w-box.width())/2, y)
}

// top is the overlay that has the keys, or nil.
func (s *screen) top() overlay {
	if len(s.overlays) == 0 {
		return nil
	}
	return s.overlays[len(s.overlays)-1]
}
