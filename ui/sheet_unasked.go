package ui

import (
	"strings"
	"time"

	"datahub.io/slipway/release"
)

// unaskedSheet opens by itself. Its keys count only once none has come for a
// moment, so that nobody confirms what they had no time to read. Hiding it
// does not stop what it is about.
type unaskedSheet struct {
	confirmation
	opened hush
	since  time.Time // keys before this were ignored

	there func(scene) bool // whether it is still asked
	title func(scene) string
	label func(scene) string
	rows  func(p pen, now release.Choice) []section
	hue   role
	loud  ink

	keys []string // that perform, the first in the label
	does func(sc scene, now release.Choice) string
	also []answer
	hide string // what esc does
}

// answer is another key of a sheet.
type answer struct {
	key, does string
	press     func(sc scene, p press) action
}

// unaskedNow gives the sheet that is due now, or nil, and the occasion.
func unaskedNow(sc scene, at time.Time) (*unaskedSheet, string) {
	for _, due := range []func(scene) (*unaskedSheet, string){returnSheet, questionSheet, budgetSheet} {
		if s, occasion := due(sc); s != nil {
			s.opened.begin(at, quietTime)
			s.since = at.Add(quietTime)
			return s, occasion
		}
	}
	return nil, ""
}

func (s *unaskedSheet) docked() bool       { return true }
func (s *unaskedSheet) over(sc scene) bool { return !s.there(sc) }

func (s *unaskedSheet) hints(sc scene) []hint {
	now := s.now(sc)
	out := []hint{{s.keys[0], s.does(sc, now)}}
	if s.keys[0] != "u" {
		out = []hint{undoHint(sc, "u"), out[0]}
	}
	for _, a := range s.also {
		if a.key != "u" {
			out = append(out, hint{a.key, a.does})
		}
	}
	return append(out, hint{"esc", s.hide})
}

func (s *unaskedSheet) press(sc scene, p press) action {
	if s.opened.holds(p.at) {
		s.since = p.at.Add(quietTime)
		return action{}
	}
	for _, key := range s.keys {
		if p.key != key {
			continue
		}
		now, ok := s.confirmation.press(sc, p)
		switch {
		case ok:
			return submit(now, now.Intent)
		case !now.OK:
			return refuse(key, now)
		}
		return action{}
	}
	for _, a := range s.also {
		if p.key == a.key {
			return a.press(sc, p)
		}
	}
	switch p.key {
	case "esc":
		return action{close: true}
	case "K":
		return copyCommand(s.now(sc))
	}
	return always(sc, p)
}

func (s *unaskedSheet) draw(sc scene, t theme, w, h int) block {
	now := s.now(sc)
	p := sheetPen(sc, t, w)
	keys := line(keyLabel(s.loud, s.keys[0], s.does(sc, now)))
	for _, key := range s.keys[1:] {
		keys = append(keys, plain.of(" or "), strong.of(key))
	}
	if !now.OK {
		keys = line(failing.of(s.keys[0] + ": " + now.Why))
	}
	keys = s.answers(p, keys)
	if tight(w, h) {
		return sentence(sc, t, w, h, line(strong.of(s.title(sc))), keys)
	}
	sections := s.rows(p, now)
	if note := movedNote(p, &s.confirmation, s.keys[0]); note != nil {
		sections = append(sections, firm(note...))
	}
	sections = append(sections, fixed(p.row(keys)))
	return sheet{
		title:  line(ink{fg: s.hue, bold: true}.of(t.glyphs.say(s.title(sc)))),
		label:  line(muted.of(t.glyphs.say(s.label(sc)))),
		footer: line(faint.of("opened by itself; keys typed before " + s.since.In(sc.Now.Location()).Format(time.TimeOnly) + " were ignored")),
		hue:    s.hue,
	}.draw(p, sections, w, h)
}

// answers adds the other keys as far as there is room; the footer has them all.
func (s *unaskedSheet) answers(p pen, keys row) row {
	hide, _, _ := strings.Cut(s.hide, ";")
	room := p.w - cells(hide) - 4 - 3
	for _, a := range s.also {
		if also := join(line(plain.of("   ")), alsoKey(a.key, a.does)); keys.width()+also.width() <= room {
			keys = join(keys, also)
		}
	}
	if keys.width()+3+4+cells(s.hide) <= p.w {
		hide = s.hide
	}
	return join(keys, line(plain.of("   ")), alsoKey("esc", hide))
}
