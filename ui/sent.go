package ui

import (
	"slices"
	"time"

	"datahub.io/slipway/release"
)

// wish is what an overlay sent and has no answer yet: the frame that names it as
// taken, or its refusal.
type wish struct {
	id       string
	from     asker
	occasion string // of from, when it opened by itself
}

// asker is an overlay that waits for the answer to what it sent. Meanwhile it
// says so and sends nothing twice; esc closes it, should the answer never come.
type asker interface {
	overlay
	wait(kind release.IntentKind)
	// waits is what it waits for, "" when it does not.
	waits() release.IntentKind
	// refuse takes back that it was sent: it is asked again, with why not.
	refuse(why string, at time.Time)
}

// submit sends what was confirmed. The overlay that confirmed it stays until the
// answer comes.
func (m *Model) submit(a action) {
	id := m.console.Submit(a.intent, a.seen)
	from, ok := m.screen.top().(asker)
	if !ok {
		return
	}
	w := wish{id: id, from: from}
	if len(m.screen.overlays) == 1 {
		w.occasion = m.screen.occasion
	}
	from.wait(release.KindOf(a.intent))
	m.wishes = append(m.wishes, w)
}

// taken closes what waited for a wish that was taken. What was sent before it has
// had its answer too; if that was a refusal that is still on its way, and the
// question stands, it opens again.
func (m *Model) taken() {
	id := m.scene.State.View.Taken
	at := slices.IndexFunc(m.wishes, func(w wish) bool { return w.id == id })
	if at < 0 {
		return
	}
	if occasion := m.wishes[at].occasion; occasion != "" {
		m.closed[occasion] = true
	}
	for _, w := range m.wishes[:at+1] {
		m.screen.remove(w.from)
	}
	m.wishes = slices.Delete(m.wishes, 0, at+1)
}

// refused gives a refusal to the overlay that waits for it. A question that was
// closed in the meantime opens again while it stands.
func (m *Model) refused(r release.Refused) {
	at := slices.IndexFunc(m.wishes, func(w wish) bool { return w.id == r.ID })
	if at < 0 {
		return
	}
	w := m.wishes[at]
	m.wishes = slices.Delete(m.wishes, at, at+1)
	w.from.refuse(r.Refusal.String(), m.clock())
	delete(m.closed, w.occasion)
}

// remove takes an overlay away, wherever it lies.
func (s *screen) remove(gone overlay) {
	if len(s.overlays) > 0 && s.overlays[0] == gone {
		s.occasion = ""
	}
	s.overlays = slices.DeleteFunc(s.overlays, func(o overlay) bool { return o == gone })
}

func (c *confirmation) wait(kind release.IntentKind) { c.sent, c.refusal = kind, "" }
func (c *confirmation) waits() release.IntentKind    { return c.sent }
func (c *confirmation) waiting() bool                { return c.sent != "" }

func (c *confirmation) refuse(why string, at time.Time) {
	c.sent, c.refusal = "", why
	c.hush.begin(at, quietTime) // a key that was on its way already confirms nothing
}

// sentWords is what an overlay says in the place of its keys while it waits;
// sentKeys adds what was sent.
const sentWords = "sent, waits for the answer"

func sentKeys(p pen, does string) section {
	said := line(running.bolder().of(sentWords))
	if does != "" {
		said = append(said, muted.of(": "+does))
	}
	return fixed(p.ends(said, alsoKey("esc", "close")))
}

// sentSentence is an overlay that waits where there is no room for a frame.
func sentSentence(sc scene, t theme, w, h int, what string) block {
	return sentence(sc, t, w, h, line(strong.of(what)), line(running.bolder().of(sentWords), plain.of("  "), strong.of("esc"), plain.of(" close")))
}

// sentHints are the footer's keys meanwhile.
func (s *screen) sentHints(sc scene, kind release.IntentKind) []hint {
	undo := undoHint(sc, "u")
	switch {
	case kind == release.DoUndo:
		undo = hint{"u", "undo: sent, waits"}
	case s.typing(sc):
		undo = undoHint(sc, "ctrl+z")
	}
	return []hint{undo, {"esc", "close; it stays sent"}}
}
