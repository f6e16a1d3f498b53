package ui

import (
	"strconv"

	"datahub.io/slipway/release"
)

// undoDialog shows what an undo changes, and performs it: u, then u or y.
type undoDialog struct {
	confirmation
	whole bool // the whole diff instead of the facts
	diff  scroller
}

// openUndo answers u: the dialog, or why there is nothing to undo.
func openUndo(sc scene, p press) action { return undoTo(sc, p, 0) }

// undoTo opens the dialog for a revision, 0 for the previous one.
func undoTo(sc scene, p press, revision int64) action {
	c := sc.undo()
	if revision != 0 {
		c, _ = undoOfRevision(sc, revision)
	}
	if !c.OK() {
		return refuse("u", c)
	}
	d := &undoDialog{confirmation: confirm(c, p)}
	d.revision = revision
	return action{open: d}
}

func (d *undoDialog) docked() bool    { return false }
func (d *undoDialog) over(scene) bool { return false }

func (d *undoDialog) hints(sc scene) []hint {
	now := d.now(sc)
	if leadsCanaryBack(sc, now) {
		return []hint{{"u", d.does(sc, now)}, {"K", "copy the command"}, {"esc", "leave as it is"}}
	}
	if !targeted(now) {
		return []hint{{"r", "another revision"}, {"esc", "leave as it is"}}
	}
	diff := "whole diff"
	if d.whole {
		diff = "back from the diff"
	}
	return []hint{{"u", d.does(sc, now)}, {"r", "revisions"}, {"d", diff}, {"K", "copy the command"}, {"esc", "leave as it is"}}
}

func (d *undoDialog) press(sc scene, p press) action {
	switch p.key {
	case "u", "y":
		now, ok := d.confirmation.press(sc, p)
		if ok {
			return submit(now, now.Intent)
		}
		if !now.OK() {
			return refuse("u", now)
		}
	case "esc", "n":
		return action{close: true}
	case "r":
		return action{close: true, view: historyTitle}
	case "d", "D":
		if leadsCanaryBack(sc, d.now(sc)) {
			return action{}
		}
		d.whole, d.diff = !d.whole, scroller{}
	case "K":
		return copyCommand(d.now(sc))
	case "ctrl+c":
		return openLeave(sc, p)
	default:
		d.diff.move(p.key, len(d.now(sc).Preview.Diff)-1)
	}
	return action{}
}

func (d *undoDialog) draw(sc scene, t theme, w, h int) block {
	now := d.now(sc)
	if cramped(w, h) {
		return d.sentence(sc, t, w, h, now)
	}
	p := dialogPen(sc, t, w)
	if d.canary(sc, now) {
		return d.back(p, now, h)
	}
	if !targeted(now) && !d.waiting() {
		return d.nowhere(p, now, h)
	}
	sections := append([]section{spare(9, p.blank())}, d.revisions(p, now)...)
	keys := d.keys(p, now)
	if d.whole {
		room := h - 2 - needed(sections) - needed(keys) - 1
		sections = append(sections, d.wholeDiff(p, now, max(room, 3))...)
	} else {
		facts := d.facts(p, now)
		room := h - 2 - needed(sections) - needed(facts) - needed(keys) - 1
		sections = append(sections, d.shortDiff(p, now, max(room, 2))...)
		sections = append(sections, facts...)
	}
	sections = append(sections, keys...)
	return frameDialog(p, now.Preview.Title, environment(sc.Plan), sections, h)
}

// canary tells whether the dialog is about taking a canary back.
func (d *undoDialog) canary(sc scene, now release.Choice) bool {
	return d.revision == 0 && (leadsCanaryBack(sc, now) || d.waiting() && leadsCanaryBack(sc, d.read))
}

// back is the dialog of a canary's way back: traffic first, then its pods.
func (d *undoDialog) back(p pen, now release.Choice, h int) block {
	preview, marks := now.Preview, d.marks(p.s)
	sections := []section{
		spare(9, p.blank()),
		keep(p.labelled("object", prose(preview.Object), marks["object"])...),
		keep(p.labelled("change", line(strong.of(preview.Change)), marks["change"])...),
		spare(5, p.labelled("how", line(plain.of(preview.How)), marks["how"])...),
	}
	return frameDialog(p, preview.Title, environment(p.s.Plan), append(append(sections, d.facts(p, now)...), d.keys(p, now)...), h)
}

// targeted tells whether an undo goes anywhere: while the way back is under way
// it does not, unless a revision is chosen.
func targeted(now release.Choice) bool { return now.Seen.Revision != 0 }

// nowhere says why an undo goes nowhere any more, and where others are chosen.
func (d *undoDialog) nowhere(p pen, now release.Choice, h int) block {
	return frameDialog(p, now.Preview.Title, environment(p.s.Plan), []section{
		spare(9, p.blank()),
		keep(p.paragraph(line(warning.of("u: " + now.Why())))...),
		spare(8, p.blank()),
		fixed(p.ends(alsoKey("r", "another revision"), leaving())),
		spare(9, p.blank()),
	}, h)
}

// revisions says what runs and what would.
func (d *undoDialog) revisions(p pen, now release.Choice) []section {
	w := p.s.workload()
	current, known := w.Current()
	target, _ := w.Revision(now.Seen.Revision)
	marks := d.marks(p.s)

	cells := func(label string, k ink, r release.Revision) []row {
		return []row{
			line(k.of(padRight(label, p.labels-2))), line(k.of(strconv.FormatInt(r.Number, 10))), line(k.of(r.Version)),
			line(plain.of(release.Age(p.s.Now.Sub(r.Created)))), line(plain.of(podWords(w.Tally(r.Number)))), line(muted.of(r.Cause)),
		}
	}
	head := []row{nil}
	for _, name := range []string{"revision", "version", "age", "pods", "change cause"} {
		head = append(head, line(muted.of(name)))
	}
	rows := align(2, head, cells("now", plain, current), cells("undo to", strong, target))
	out := []section{spare(5, p.row(rows[0]))}
	if known {
		out = append(out, keep(p.marked(rows[1], marks["now"])))
	} else {
		out = append(out, keep(p.labelled("now", line(plain.of(w.Version(p.s.Plan.Container)+", its ReplicaSet is not there yet")), marks["now"])...))
	}
	becomes := "its ReplicaSet exists"
	if len(w.Revisions) > 0 {
		becomes = "becomes revision " + strconv.FormatInt(w.Revisions[0].Number+1, 10) + "; " + becomes
	}
	return append(out,
		keep(p.marked(rows[2], marks["undo to"])),
		spare(6, p.row(line(plain.of(spaces(p.labels)), faint.of(becomes)))))
}

// shortDiff is the diff in as many rows as there are; the rest is behind d.
func (d *undoDialog) shortDiff(p pen, now release.Choice, room int) []section {
	diff := now.Preview.Diff
	changed := changedLines(diff)
	summary := release.Count(changed, "line")
	out := []section{spare(9, p.blank())}
	if p.roomy() {
		out = append(out, keep(p.ends(line(strong.of("Pod template, what undo changes")), line(faint.of(summary+", pod-template-hash left out")))),
			spare(8, p.rule("")))
	} else {
		out = append(out, keep(p.rule("Pod template, "+summary)))
	}
	if len(diff) > room {
		diff = onlyChanged(diff)
	}
	left := 0
	if len(diff) > room {
		left = len(diff) - room + 1
		diff = diff[:room-1]
	}
	for i, l := range diff {
		drop := 0
		if i >= 2 {
			drop = 3
		}
		out = append(out, spare(drop, p.row(diffRow(l, 0))))
	}
	if left > 0 {
		out = append(out, keep(p.row(line(faint.of("  "+release.Count(left, "more line")+", "), strong.of("d"), faint.of(" shows them")))))
	}
	return append(out, spare(8, p.rule("")))
}

// wholeDiff is the diff to scroll through.
func (d *undoDialog) wholeDiff(p pen, now release.Choice, room int) []section {
	diff := now.Preview.Diff
	d.diff.top = min(d.diff.top, max(len(diff)-room, 0))
	shown := diff[d.diff.top:min(d.diff.top+room, len(diff))]
	place := release.Count(len(diff), "line")
	if len(shown) < len(diff) {
		place = strconv.Itoa(d.diff.top+1) + " to " + strconv.Itoa(d.diff.top+len(shown)) + " of " + strconv.Itoa(len(diff)) + ", j k scroll"
	}
	out := []section{spare(9, p.blank()), keep(p.ends(line(strong.of("Pod template")), line(faint.of(place)))), spare(8, p.rule(""))}
	for _, l := range shown {
		out = append(out, keep(p.row(diffRow(l, p.w))))
	}
	return append(out, spare(8, p.rule("")))
}

// facts is what could stop it, and the way back.
func (d *undoDialog) facts(p pen, now release.Choice) []section {
	marks := d.marks(p.s)
	var out []section
	if driver := p.s.State.View.Driver; driver != nil {
		fact := release.Fact{Label: "watching", Mark: release.MarkAttention, Text: driver.String()}
		out = append(out, spare(3, p.fact(fact, false)...))
	}
	for _, f := range now.Preview.Facts {
		drop := 0
		switch {
		case f.Label == release.FactGuard:
			drop = 8
		case f.Mark == release.MarkPass, f.Mark == release.MarkNone:
			drop = 4
		}
		out = append(out, spare(drop, p.fact(f, marks[string(f.Label)])...))
	}
	return append(out,
		spare(9, p.blank()),
		sameAs(p, 2, now.Preview.SameAs, marks["same as"], false),
		spare(1, p.labelled("way back", line(plain.of(now.Preview.Back)), marks["way back"])...),
		d.checklist(p),
		spare(9, p.blank()),
	)
}

// checklist says that no gate stands against an undo.
func (d *undoDialog) checklist(p pen) section {
	if !p.s.under() && !p.s.canary.under {
		return section{}
	}
	return spare(7, p.labelled("checklist", line(plain.of("not needed for an undo; the release ends as rolled back")), false)...)
}

func (d *undoDialog) keys(p pen, now release.Choice) []section {
	if d.waiting() {
		return []section{sentKeys(p, d.does(p.s, now))}
	}
	out := []section{}
	left := line(keyLabel(badge, "u", d.does(p.s, now)), plain.of(" or "), strong.of("y"))
	if !now.OK() {
		out = append(out, keep(p.paragraph(line(failing.of("u: "+now.Why())))...))
		left = line(faint.of(" u  not now "))
	} else if note := movedNote(p, &d.confirmation, "u"); note != nil {
		out = append(out, firm(note...))
	}
	diff, revisions, gap := "diff", "revisions", "  "
	if p.roomy() {
		diff, revisions, gap = "whole diff", "another revision", "    "
	}
	if d.whole {
		diff = "back"
	}
	// The diff first: where it is cut, its last row says that d shows the rest.
	also := line(plain.of(gap))
	also = join(also, alsoKey("d", diff))
	if d.canary(p.s, now) {
		also = nil
	} else if p.w >= 70 {
		also = join(line(plain.of(gap)), alsoKey("r", revisions), also)
	}
	if left.width()+also.width()+leaving().width() < p.w {
		left = join(left, also)
	}
	out = append(out, fixed(p.ends(left, leaving())))
	if w := p.s.State.View.Workload; !d.canary(p.s, now) && !w.Paused && w.Convergence() != release.Complete && p.s.under() && len(d.marks(p.s)) == 0 {
		out = append(out, spare(8, p.row(line(faint.of("The rollout goes on while this is open.")))))
	}
	return append(out, spare(9, p.blank()))
}

// does names the target beside the key.
func (d *undoDialog) does(sc scene, now release.Choice) string {
	if d.canary(sc, now) {
		return "abort the canary"
	}
	if r, ok := sc.workload().Revision(now.Seen.Revision); ok && r.Version != "" {
		return "undo to " + r.Version
	}
	return "undo to revision " + strconv.FormatInt(now.Seen.Revision, 10)
}

func (d *undoDialog) sentence(sc scene, t theme, w, h int, now release.Choice) block {
	if d.waiting() {
		return sentSentence(sc, t, w, h, now.Preview.Line)
	}
	what := line(strong.of(now.Preview.Line), plain.of(" in "), environment(sc.Plan)[0], plain.of(" · way back: "+now.Preview.Back))
	if !now.OK() {
		return sentence(sc, t, w, h, line(failing.of("u: "+now.Why())), leaving())
	}
	switch {
	case d.refusal != "":
		what = join(line(warning.bolder().of("! not taken: "+d.refusal+"; now: ")), what)
	case len(d.marks(sc)) > 0:
		what = join(line(warning.bolder().of("! it moved; now: ")), what)
	}
	return sentence(sc, t, w, h, what, line(keyLabel(badge, "u", "performs it"), plain.of(" or "), strong.of("y"), plain.of("  "), strong.of("esc"), plain.of(" leave")))
}
