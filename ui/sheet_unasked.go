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
	since  time.Time // keys until then were ignored

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

// answer is another key of a sheet. One that lasts is named at any width: it
// says no, or undoes. Those come first.
type answer struct {
	key, does string
	press     func(sc scene, p press) action
	lasts     bool
}

// unaskedNow gives the sheet that is due now, or nil, and the occasion.
func unaskedNow(sc scene, at time.Time) (*unaskedSheet, string) {
	for _, due := range []func(scene) (*unaskedSheet, string){returnSheet, questionSheet, budgetSheet} {
		if s, occasion := due(sc); s != nil {
			s.opened.begin(at, quietTime)
			s.since = at
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
	if p.key != "ctrl+c" && s.opened.holds(p.at) {
		s.since = p.at
		return action{}
	}
	if p.key == "u" && s.waiting() && s.waits() != release.DoUndo {
		return openUndo(sc, p)
	}
	for _, key := range s.keys {
		if p.key != key {
			continue
		}
		now, ok := s.confirmation.press(sc, p)
		switch {
		case ok:
			return submit(now, now.Intent)
		case !now.OK():
			return refuse(key, now)
		}
		return action{}
	}
	for _, a := range s.also {
		if p.key != a.key {
			continue
		}
		out := a.press(sc, p)
		if out.intent != nil && s.waiting() {
			return action{say: p.key + ": " + sentWords}
		}
		return out
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
	keys := s.answers(p, s.performing(p, now))
	switch {
	case tight(w, h) && s.waiting():
		return sentSentence(sc, t, w, h, s.title(sc))
	case tight(w, h):
		return sentence(sc, t, w, h, whyNotOr(now, s.keys[0], s.title(sc)), keys)
	}
	sections := s.rows(p, now)
	answer := fixed(p.row(keys))
	switch note := movedNote(p, &s.confirmation, s.keys[0]); {
	case s.waiting():
		does := ""
		if s.waits() == s.kind {
			does = s.does(sc, now)
		}
		answer = sentKeys(p, does)
	case !now.OK():
		sections = append(sections, firm(p.paragraph(line(failing.of(s.keys[0]+": "+now.Why())))...))
	case note != nil:
		sections = append(sections, firm(note...))
	}
	sections = append(sections, answer)
	return sheet{
		title:  line(ink{fg: s.hue, bold: true}.of(t.glyphs.say(s.title(sc)))),
		label:  line(muted.of(t.glyphs.say(s.label(sc)))),
		footer: s.ignored(sc, w),
		hue:    s.hue,
	}.draw(p, sections, w, h)
}

// ignored says that keys do not count yet, then which did not, in a border of w cells.
func (s *unaskedSheet) ignored(sc scene, w int) row {
	before := "keys count in a moment"
	if s.opened.over(sc.Now) {
		before = "keys up to " + s.since.In(sc.Now.Location()).Format(time.TimeOnly) + " were ignored"
	}
	if whole := "opened by itself; " + before; cells(whole)+6 <= w {
		return line(faint.of(whole))
	}
	return line(faint.of(before))
}

// performing is the label of the keys that perform; where the others would not
// fit beside it, without the target, which the rows above name.
func (s *unaskedSheet) performing(p pen, now release.Choice) row {
	if !now.OK() {
		return line(faint.of(" " + s.keys[0] + "  not now "))
	}
	label := func(does string) row {
		keys := line(keyLabel(s.loud, s.keys[0], does))
		for _, key := range s.keys[1:] {
			keys = append(keys, plain.of(" or "), strong.of(key))
		}
		return keys
	}
	whole := label(s.does(p.s, now))
	if whole.width()+s.least() <= p.w {
		return whole
	}
	short, _, _ := strings.Cut(s.does(p.s, now), " ")
	return label(short)
}

// least is how wide the other keys are at least.
func (s *unaskedSheet) least() int {
	n := len(answerGap) + alsoKey("esc", brief(s.hide)).width()
	for _, a := range s.also {
		if a.lasts {
			n += len(answerGap) + alsoKey(a.key, brief(a.does)).width()
		}
	}
	return n
}

// answerGap is between two keys of a sheet.
const answerGap = "   "

// answers adds the other keys: in short where there is little room, those that
// last in any case, and the others as far as they fit. The footer has them all.
func (s *unaskedSheet) answers(p pen, keys row) row {
	gap := line(plain.of(answerGap))
	esc := join(gap, alsoKey("esc", brief(s.hide)))
	taken := s.least() // by esc and the lasting keys that are still to come
	for _, a := range s.also {
		whole, short := join(gap, alsoKey(a.key, a.does)), join(gap, alsoKey(a.key, brief(a.does)))
		if a.lasts {
			taken -= short.width()
		}
		room := p.w - keys.width() - taken
		switch {
		case whole.width() <= room:
			keys = join(keys, whole)
		case a.lasts:
			keys = join(keys, short)
		}
	}
	if whole := join(gap, alsoKey("esc", s.hide)); keys.width()+whole.width() <= p.w {
		esc = whole
	}
	return join(keys, esc)
}
