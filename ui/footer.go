package ui

import (
	"fmt"
	"slices"
	"strings"

	"datahub.io/slipway/release"
)

// footer is the rows under the body: where there is room the next step, always
// the way back, and the keys.
func (s *screen) footer(sc scene, t theme, w, h int) block {
	var out block
	if footerRows(h) > 2 {
		out = append(out, s.nextRow(sc, t, w))
	}
	return append(out, s.undoRow(sc, t, w), s.keyRow(sc, t, w))
}

// typing tells whether letters are typed now and are not keys.
func (s *screen) typing(sc scene) bool {
	if top := s.top(); top != nil {
		into, ok := top.(typist)
		return ok && into.typing(sc)
	}
	into, ok := s.current().(typist)
	return ok && into.typing(sc)
}

// nextRow says what enter would do; while the API server does not answer, what
// is being done about that.
func (s *screen) nextRow(sc scene, t theme, w int) row {
	if lost := lostRow(sc, t); lost != nil {
		return lost.fit(w, t.glyphs.ellipsis)
	}
	if v, ok := s.current().(leader); ok && s.top() == nil && v.leads(sc) {
		if next := advanceRow(sc, t, w); next != nil {
			return next
		}
	}
	next := s.current().next(sc)
	if s.top() != nil {
		for _, h := range s.hints(sc) {
			if h.key == "enter" {
				next = line(plain.of(h.does))
			}
		}
	}
	if next == nil {
		return line().fit(w, t.glyphs.ellipsis)
	}
	return join(spelledKey("enter"), t.spell(next)).fit(w, t.glyphs.ellipsis)
}

// leader is a view above whose keys a canary's next step stands, in the place of
// what enter would do.
type leader interface{ leads(sc scene) bool }

func spelledKey(key string) row {
	return line(plain.of(" "), strong.of(padRight(key, 6)), plain.of(" "))
}

func lostRow(sc scene, t theme) row {
	l := sc.link(release.Kubernetes)
	if l.OK || l.Err == "" {
		return nil
	}
	dot := " " + t.glyphs.dot + " "
	out := join(spelledKey("k8s"), line(muted.of(l.Err)))
	if l.Tries > 0 {
		out = append(out, muted.of(fmt.Sprintf("%stried %s", dot, times(l.Tries))))
	}
	if !l.Next.IsZero() {
		out = append(out, muted.of(", next try in "), strong.of(release.Left(l.Next.Sub(sc.Now))))
	}
	return append(out, muted.of(dot+"R tries now"))
}

func times(n int) string {
	if n == 1 {
		return "once"
	}
	return fmt.Sprintf("%d times", n)
}

// undoRow says where u goes, always in the same place, and names ctrl+z where
// letters are typed. It is as long as there is room for.
func (s *screen) undoRow(sc scene, t theme, w int) row {
	c := sc.undo()
	key, again, short := spelledKey("u"), "u again performs it", "u again does it"
	if s.typing(sc) {
		key, again, short = spelledKey("ctrl+z"), "then u performs it", "then u does it"
	}
	dot := " " + t.glyphs.dot + " "
	if !c.OK() {
		return join(key, whyNotUndo(sc, c, t, w-key.width()-1)).fit(w, t.glyphs.ellipsis)
	}
	if abort := abortRow(sc, t, w); abort != nil && !s.typing(sc) {
		return abort
	}
	facts := undoFacts(sc, c, t)
	for _, try := range []row{
		join(facts, line(faint.of(dot+"shows the change first; "+again))),
		join(facts, line(faint.of(dot+"shows it first; "+again))),
		line(faint.of(dot + "shows the change first; " + again)),
		line(faint.of(dot + "shows it, " + short)),
		line(),
	} {
		all := join(key, line(plain.of(c.Preview.Line)), try)
		if all.width()+1 <= w {
			return all.fit(w, t.glyphs.ellipsis)
		}
	}
	return join(key, line(plain.of(c.Preview.Line))).fit(w, t.glyphs.ellipsis)
}

// undoFacts is what is known of the revision that u goes to.
func undoFacts(sc scene, c release.Choice, t theme) row {
	r, ok := sc.goesTo()
	if !ok || r.Created.IsZero() {
		return nil
	}
	out := line(muted.of(" " + t.glyphs.dot + " " + release.Span(sc.Now.Sub(r.Created)) + " old"))
	for _, f := range c.Preview.Facts {
		if f.Mark == release.MarkAttention || f.Mark == release.MarkFail {
			return append(out, plain.of(" "), t.mark(f.Mark, sc.Now), markInk(f.Mark).of(" "+f.Text))
		}
	}
	return out
}

// whyNotUndo says why u can do nothing now, and how to undo from elsewhere.
func whyNotUndo(sc scene, c release.Choice, t theme, w int) row {
	dot := " " + t.glyphs.dot + " "
	switch {
	case c.Refused(release.RefusedAlready):
		return line(plain.of(c.Why()))
	case sc.live || sc.workload().At.IsZero():
		return line(muted.of("no undo now"), faint.of(dot+c.Why()))
	}
	out := line(unknown.bolder().of("cannot be sent now"))
	if c.Preview.SameAs.None() {
		return out
	}
	if command := wholeCommand(t, c.Preview.SameAs, w, 1); command != nil {
		whole := join(out, line(faint.of(dot+"from elsewhere: ")), command, line(faint.of(dot+"K copies")))
		if whole.width() <= w {
			return whole
		}
	}
	return append(out, faint.of(dot+"K copies the kubectl command for elsewhere"))
}

// keyRow is the last row: the keys that are allowed now, u always first. Where
// they do not fit, esc is said in short, then keys are left out from the end,
// and then those that last are said in short.
func (s *screen) keyRow(sc scene, t theme, w int) row {
	hints := slices.Clone(s.hints(sc))
	tooWide := func() bool { return hintRow(hints).width() >= w }
	for i := len(hints) - 1; i > 0 && tooWide(); i-- {
		if hints[i].key == "esc" {
			hints[i].does = brief(hints[i].does)
		}
	}
	for i := len(hints) - 1; i > 0 && tooWide(); i-- {
		if key := hints[i].key; !lasting[key] && (s.top() == nil || !answering[key]) {
			hints = slices.Delete(hints, i, i+1)
		}
	}
	for i := len(hints) - 1; i > 0 && tooWide(); i-- {
		hints[i].does = brief(hints[i].does)
	}
	return t.spell(hintRow(hints)).fit(w, t.glyphs.ellipsis).on(strip)
}

// lasting are the keys that are named at any width, answering those that are as
// well while a dialog or a sheet is open.
var (
	lasting   = map[string]bool{"u": true, "R": true, "?": true, "q": true, "esc": true}
	answering = map[string]bool{"enter": true, "h": true, "n": true}
)

// brief is what a key does without the rest of the sentence: "hold" of "hold: a
// person decides".
func brief(does string) string {
	if at := strings.IndexAny(does, ";:"); at > 0 {
		return does[:at]
	}
	return does
}

func hintRow(hints []hint) row {
	out := line(plain.of(" "))
	for i, h := range hints {
		if i > 0 {
			out = append(out, plain.of("  "))
		}
		out = append(out, strong.of(h.key), plain.of(" "), muted.of(h.does))
	}
	return out
}

// hints lists the keys that do something now.
func (s *screen) hints(sc scene) []hint {
	if top := s.top(); top != nil {
		if waiting, ok := top.(asker); ok {
			if kind := waiting.waits(); kind != "" {
				return s.sentHints(sc, kind)
			}
		}
		if own := top.hints(sc); own != nil {
			return own
		}
	}
	if s.typing(sc) {
		return s.current().hints(sc)
	}
	out := []hint{undoHint(sc, "u")}
	if sc.lost(release.Kubernetes) || sc.lost(release.Prometheus) {
		out = append(out, hint{"R", "retry now"})
	}
	for _, known := range []struct {
		kind release.IntentKind
		hint hint
	}{
		{release.DoAdvance, hint{"a", "advance"}},
		{release.DoAbort, hint{"b", "abort"}},
		{release.DoDeploy, hint{"d", "deploy"}},
		{release.DoBegin, hint{"d", "release a version"}},
		{release.DoPause, hint{"p", "pause"}},
		{release.DoResume, hint{"p", resumeHint(sc)}},
		{release.DoContinue, hint{"h", "continue"}},
	} {
		if c, ok := sc.choice(known.kind, ""); ok && c.OK() && worthwhile(sc, known.kind) {
			out = append(out, known.hint)
		}
	}
	out = append(out, hint{"r", "revisions"})
	out = append(out, s.current().hints(sc)...)
	return append(out, hint{"tab", "views"}, hint{"?", "help"}, hint{"q", "leave"})
}

func resumeHint(sc scene) string {
	if sc.canary.under {
		return "go on"
	}
	return "resume"
}

// undoHint is the key that undoes: u, or ctrl+z where letters are typed.
func undoHint(sc scene, key string) hint {
	if !sc.undo().OK() {
		return hint{key, "undo, not now"}
	}
	return hint{key, "undo"}
}

// worthwhile leaves pause out of the footer while nothing rolls and no canary runs.
func worthwhile(sc scene, kind release.IntentKind) bool {
	return kind != release.DoPause || sc.canary.under || sc.workload().Convergence() != release.Complete
}
