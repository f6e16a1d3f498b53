package ui

import (
	"slices"

	"datahub.io/slipway/release"
)

// sheet is what stands at the bottom of the screen, in the place of the rows
// above the keys: a frame around rows, as wide as the screen.
type sheet struct {
	title  row
	label  row
	footer row
	hue    role
}

// draw puts sections into the sheet, at most h rows high.
func (s sheet) draw(p pen, sections []section, w, h int) block {
	body := p.squeeze(sections, h-2)
	frame := panel{title: s.title, label: s.label, footer: s.footer, hue: s.hue, heavy: true}
	return frame.draw(p.th, body, w, min(len(body)+2, h))
}

// tight tells whether there is no room for a sheet with a frame: it is one
// sentence then.
func tight(w, h int) bool { return w < minWidth-2 || h < sheetRows }

// sheetPen writes in a sheet w cells wide.
func sheetPen(sc scene, t theme, w int) pen {
	gutter, labels := 2, 18
	if w < wide {
		gutter, labels = 1, 14
	}
	return pen{th: t, s: sc, w: w - 2 - 2*gutter, gutter: gutter, labels: labels}
}

// askSheet asks about one choice in a few lines: what it does, the way back, the
// equivalent command. The key that opened it, or y, performs it.
type askSheet struct {
	confirmation
	key   string // that opened it
	title string
	does  string                // "pause the rollout"
	says  func(sc scene) string // what it does by now, where that can change while it is read; may be nil
	facts []release.Fact
	extra map[string]func(sc scene, p press) action
	also  []hint // what extra does
}

func (a *askSheet) docked() bool    { return true }
func (a *askSheet) over(scene) bool { return false }

// word is what the key does now; once it is sent, what it did.
func (a *askSheet) word(sc scene) string {
	if a.says != nil && !a.waiting() {
		a.does = a.says(sc)
	}
	return a.does
}

func (a *askSheet) hints(sc scene) []hint {
	return append([]hint{undoHint(sc, "u"), {a.key, a.word(sc)}, {"y", "the same"}}, append(a.also, hint{"esc", "leave as it is"})...)
}

func (a *askSheet) press(sc scene, p press) action {
	switch p.key {
	case a.key, "y", "enter":
		now, ok := a.confirmation.press(sc, p)
		switch {
		case ok:
			return submit(now, now.Intent)
		case !now.OK():
			return refuse(a.key, now)
		}
		return action{}
	case "esc", "n":
		return action{close: true}
	case "K":
		return copyCommand(a.now(sc))
	}
	if answer, ok := a.extra[p.key]; ok {
		return answer(sc, p)
	}
	return always(sc, p)
}

func (a *askSheet) draw(sc scene, t theme, w, h int) block {
	now := a.now(sc)
	p := sheetPen(sc, t, w)
	var also row
	for _, h := range a.also {
		also = join(also, line(plain.of("   ")), alsoKey(h.key, h.does))
	}
	keys := join(line(keyLabel(badge, a.key, a.word(sc)), plain.of(" or "), strong.of("y")), also)
	if !now.OK() {
		keys = join(line(faint.of(" "+a.key+"  not now ")), also)
	}
	switch {
	case tight(w, h) && a.waiting():
		return sentSentence(sc, t, w, h, now.Preview.Whole())
	case tight(w, h):
		return sentence(sc, t, w, h, whyNotOr(now, a.key, now.Preview.Whole()), keys)
	}
	marks := a.marks(sc)
	change := now.Preview.Whole()
	if now.Preview.Back != "" || len(a.facts) > 0 {
		change = now.Preview.Line // the way back has a row of its own
	}
	sections := []section{keep(p.labelled("change", line(strong.of(change)), marks["change"])...)}
	object, how := 3, 3
	if a.kind == release.DoAbort || a.kind == release.DoAdvance {
		object, how = 5, 4
	}
	for _, row := range []struct {
		label string
		text  row
		drop  int
	}{
		{"object", line(plain.of(now.Preview.Object)), object},
		{"how", line(plain.of(now.Preview.How)), how},
		{"way back", line(plain.of(now.Preview.Back)), 3},
	} {
		if row.text.width() > 0 {
			sections = append(sections, spare(row.drop, p.labelled(row.label, row.text, marks[row.label])...))
		}
	}
	sections = append(sections, sameAs(p, 3, now.Preview.SameAs, marks["same as"], false))
	for _, f := range slices.Concat(now.Preview.Facts, a.facts) {
		drop := 4
		if f.Label == release.FactGuard {
			continue // there is no room for what is always so
		}
		if f.Label == release.FactSafe {
			drop = 2
		}
		if f.Mark == release.MarkFail || f.Mark == release.MarkAttention {
			drop = 0
		}
		sections = append(sections, spare(drop, p.fact(f, marks[string(f.Label)])...))
	}
	answer := fixed(p.ends(keys, leaving()))
	switch note := movedNote(p, &a.confirmation, a.key); {
	case a.waiting():
		answer = sentKeys(p, a.does)
	case !now.OK():
		sections = append(sections, firm(p.paragraph(line(failing.of(a.key+": "+now.Why())))...))
	case note != nil:
		sections = append(sections, firm(note...))
	}
	sections = append(sections, answer)
	return sheet{title: line(strong.of(t.glyphs.say(a.title))), label: environment(sc.Plan), hue: text}.draw(p, sections, w, h)
}

// whyNotOr says why a choice is not possible now, otherwise what is asked.
func whyNotOr(now release.Choice, key, what string) row {
	if !now.OK() {
		return line(failing.of(key + ": " + now.Why()))
	}
	return line(strong.of(what))
}

// openPause answers p: pause, or resume where it is paused.
func openPause(sc scene, p press) action {
	pause, _ := sc.choice(release.DoPause, "")
	if pause.OK() {
		return action{open: &askSheet{confirmation: confirm(pause, p), key: "p", title: pause.Preview.Title, does: pauseDoes(sc)}}
	}
	resume, _ := sc.choice(release.DoResume, "")
	if resume.OK() {
		return action{open: &askSheet{confirmation: confirm(resume, p), key: "p", title: resume.Preview.Title, does: resumeDoes(sc)}}
	}
	if pause.Refused(release.RefusedAlready) {
		return refuse("p", resume)
	}
	return refuse("p", pause)
}

// openHold answers h: hold, or continue where it is held or asks.
func openHold(sc scene, p press) action {
	if sc.State.Held == nil && sc.State.Asking == nil {
		hold, _ := sc.choice(release.DoHold, "")
		if !hold.OK() {
			return refuse("h", hold)
		}
		return action{open: &askSheet{
			confirmation: confirm(hold, p), key: "h", title: "Hold " + sc.Plan.Service, does: "hold",
			facts: []release.Fact{
				{Label: "means", Text: "no rollback by itself, no step by itself; the pods go on as they are"},
				{Label: "way back", Text: "h: continue"},
			},
		}}
	}
	return openContinue(sc, p)
}

// openContinue asks whether a release goes on that is held, or that asks. Where
// it cannot, it can still be abandoned.
func openContinue(sc scene, p press) action {
	c, _ := sc.choice(release.DoContinue, "")
	a := &askSheet{confirmation: confirm(c, p), key: "h", title: "Continue the release of " + sc.State.To.Version, does: "continue"}
	if held := sc.State.Held; held != nil {
		a.facts = append(a.facts, release.Fact{Label: "held", Mark: release.MarkAttention, Text: held.Reason})
	}
	a.facts = append(a.facts, c.Preview.Facts...)
	if asking := sc.State.Asking; asking != nil {
		a.facts = append(a.facts, release.Fact{Label: "asked", Mark: release.MarkAttention, Text: asking.Reason})
	}
	abandon, _ := sc.choice(release.DoAbandon, "")
	if !c.OK() && !abandon.OK() {
		return refuse("h", c)
	}
	if abandon.OK() {
		a.extra = map[string]func(scene, press) action{"x": openAbandon}
		a.also = []hint{{"x", "abandon it"}}
	}
	return action{open: a}
}

// openAbandon answers x: the release ends, the cluster stays as it is.
func openAbandon(sc scene, p press) action {
	c, _ := sc.choice(release.DoAbandon, "")
	if !c.OK() {
		return refuse("x", c)
	}
	stays := "as it is"
	if runs := sc.workload().Version(sc.Plan.Container); runs != "" {
		stays = "at " + runs
	}
	return action{open: &askSheet{
		confirmation: confirm(c, p), key: "x", title: c.Preview.Title, does: "abandon it",
		facts: []release.Fact{
			{Label: "runs on", Text: "deployment/" + sc.Plan.Deployment + " stays " + stays + "; nothing is undone"},
			{Label: "way back", Text: "u undoes, d begins another release"},
		},
	}}
}
