package ui

import (
	"strconv"

	"datahub.io/slipway/release"
)

// deployDialog shows what a deploy changes and which gates stand open. In a
// protected environment it is performed by typing the environment's name and
// enter, elsewhere by enter or y.
//
// It is the same for the promotion of a canary.
type deployDialog struct {
	confirmation
	key    string // that opened it
	to     string // "deploy", "promote"
	prompt prompt
	wrong  bool // enter was pressed before the name was complete
}

// openDeploy answers d: the deploy of the planned version, the question for a
// version where none is planned, or why neither is possible.
func openDeploy(sc scene, p press) action {
	deploy, _ := sc.choice(release.DoDeploy, "")
	if deploy.OK() {
		return action{open: &deployDialog{confirmation: confirm(deploy, p), key: "d", to: "deploy"}}
	}
	if begin, _ := sc.choice(release.DoBegin, ""); begin.OK() {
		return action{open: askVersion(begin, p)}
	}
	if deploy.Refused(release.RefusedWindow) {
		if a, ok := waiveWindow(sc, p, "Deploy "+sc.State.To.Version+": the change window is closed"); ok {
			return a
		}
	}
	return refuse("d", deploy)
}

func (d *deployDialog) docked() bool    { return false }
func (d *deployDialog) over(scene) bool { return false }

// typing tells whether the environment's name is to be typed.
func (d *deployDialog) typing(sc scene) bool { return d.now(sc).Preview.Confirm != "" }

func (d *deployDialog) hints(sc scene) []hint {
	if d.typing(sc) {
		return []hint{undoHint(sc, "ctrl+z"), {"enter", d.to + ": once the name is typed"}, {"esc", "leave as it is"}}
	}
	return []hint{undoHint(sc, "u"), {"enter", d.to}, {"K", "copy the command"}, {"esc", "leave as it is"}}
}

func (d *deployDialog) press(sc scene, p press) action {
	word := d.now(sc).Preview.Confirm
	switch {
	case p.key == "esc", word == "" && p.key == "n":
		return action{close: true}
	case p.key == "enter", word == "" && (p.key == "y" || p.key == d.key):
		return d.perform(sc, p, word)
	case word == "" && p.key == "K":
		return copyCommand(d.now(sc))
	case word == "":
		return always(sc, p)
	}
	if a, known := whileTyping(sc, p); known {
		return a
	}
	if !d.waiting() {
		d.wrong = false
		d.prompt.edit(p.key, p.text)
	}
	return action{}
}

func (d *deployDialog) perform(sc scene, p press, word string) action {
	if d.prompt.trimmed() != word {
		d.wrong = true
		return action{}
	}
	now, ok := d.confirmation.press(sc, p)
	switch {
	case ok:
		return submit(now, confirmed(now.Intent, word))
	case !now.OK():
		return refuse(d.key, now)
	}
	return action{}
}

// confirmed is an intent with the name that was typed.
func confirmed(intent release.Intent, word string) release.Intent {
	switch i := intent.(type) {
	case release.Deploy:
		i.Confirm = word
		return i
	case release.Advance:
		i.Confirm = word
		return i
	case release.Promote:
		i.Confirm = word
		return i
	}
	return intent
}

func (d *deployDialog) draw(sc scene, t theme, w, h int) block {
	now := d.now(sc)
	p := dialogPen(sc, t, w)
	if cramped(w, h) {
		return d.sentence(sc, t, w, h, now)
	}
	marks, preview := d.marks(sc), now.Preview
	how, same := 5, 2
	if sc.Plan.ByCanary() {
		how, same = 2, 3 // the steps of a canary are what is confirmed
	}
	sections := []section{
		spare(9, p.blank()),
		spare(0, p.labelled("object", prose(preview.Object), marks["object"])...),
		spare(0, p.labelled("change", line(strong.of(preview.Change)), marks["change"])...),
		spare(how, p.labelled("how", line(plain.of(preview.How)), marks["how"])...),
		spare(1, p.labelled("way back", line(plain.of(preview.Back)), marks["way back"])...),
	}
	sections = append(sections, d.gates(p, preview)...)
	sections = append(sections, sameAs(p, same, preview.SameAs, marks["same as"], preview.Confirm != ""))
	for _, f := range preview.Facts {
		drop := 0
		switch {
		case f.Label == release.FactGuard:
			drop = 8
		case f.Mark == release.MarkPass:
			drop = 5
		}
		sections = append(sections, spare(drop, p.fact(f, marks[string(f.Label)])...))
	}
	sections = append(sections, spare(9, p.blank()))
	sections = append(sections, d.keys(p, now)...)
	sections = append(sections, spare(9, p.blank()))
	return frameDialog(p, preview.Title, environment(sc.Plan), sections, h)
}

func (d *deployDialog) gates(p pen, preview release.Preview) []section {
	settled, all, widest := 0, len(preview.Gates), 0
	for _, g := range preview.Gates {
		if g.Mark == release.MarkPass || g.Mark == release.MarkWaived {
			settled++
		}
		widest = max(widest, cells(g.Title))
	}
	if all == 0 {
		return nil
	}
	out := []section{spare(9, p.blank()), spare(3, p.rule("Gates, "+share(settled, all)+" settled"))}
	for _, g := range preview.Gates {
		drop, k := 4, muted
		if g.Mark != release.MarkPass {
			drop, k = 1, markInk(g.Mark)
		}
		out = append(out, spare(drop, p.row(line(
			p.th.mark(g.Mark, p.s.Now), plain.of(" "), plain.of(padRight(g.Title, widest)), plain.of("  "), k.of(g.How),
		))))
	}
	return append(out, spare(8, p.rule("")))
}

// keys is the question and what answers it.
func (d *deployDialog) keys(p pen, now release.Choice) []section {
	if d.waiting() {
		return []section{sentKeys(p, d.to+" "+p.s.State.To.Version)}
	}
	word := now.Preview.Confirm
	var out []section
	switch note := movedNote(p, &d.confirmation, "enter"); {
	case !now.OK():
		out = append(out, keep(p.paragraph(line(failing.of(d.key+": "+now.Why())))...))
	case note != nil:
		out = append(out, firm(note...))
	}
	performing := line(keyLabel(badge, "enter", d.to+" "+p.s.State.To.Version))
	if word == "" {
		left := join(performing, line(plain.of(" or "), strong.of("y")))
		if !now.OK() {
			left = line(faint.of(" enter  not now "))
		}
		return append(out, fixed(p.ends(left, leaving())))
	}
	ask := line(plain.of("To " + d.to + ", type the environment's name:  "))
	out = append(out, fixed(p.row(join(ask, d.prompt.row(p.th, p.w-ask.width(), word)))), spare(8, p.blank()))
	left := line(faint.of("enter " + d.to + "s when the name is complete"))
	if left.width()+leaving().width() >= p.w {
		left = line(faint.of("enter " + d.to + "s once it is typed"))
	}
	switch {
	case d.wrong && d.prompt.trimmed() != word:
		left = line(warning.of("not yet: the name is " + strconv.Quote(word)))
	case d.prompt.trimmed() == word && now.OK():
		left = performing
	}
	return append(out, fixed(p.ends(left, leaving())))
}

func (d *deployDialog) sentence(sc scene, t theme, w, h int, now release.Choice) block {
	if d.waiting() {
		return sentSentence(sc, t, w, h, now.Preview.Whole())
	}
	keys := line(keyLabel(badge, "enter", d.to+"s"), plain.of("  "), strong.of("esc"), plain.of(" leave"))
	if word := now.Preview.Confirm; word != "" {
		keys = join(d.prompt.row(t, min(w-2, cells(word)+2), word), line(plain.of("  ")), keys)
	}
	return sentence(sc, t, w, h, line(strong.of(now.Preview.Whole())), keys)
}
