package ui

import (
	"strconv"
	"strings"

	"datahub.io/slipway/release"
)

// undoDialog shows what an undo changes, and performs it: u, then u or y.
type undoDialog struct {
	confirmation
	whole  bool // the whole diff instead of the facts
	scroll int
}

// openUndo answers u: the dialog, or why there is nothing to undo.
func openUndo(sc scene, _ press) action { return undoTo(sc, 0) }

// undoTo opens the dialog for a revision, 0 for the previous one.
func undoTo(sc scene, revision int64) action {
	d := &undoDialog{confirmation: confirmation{kind: release.DoUndo, revision: revision}}
	d.read = d.now(sc)
	if !d.read.OK {
		return refuse("u", d.read)
	}
	return action{open: d}
}

func (d *undoDialog) docked() bool    { return false }
func (d *undoDialog) over(scene) bool { return false }

func (d *undoDialog) hints(sc scene) []hint {
	diff := "whole diff"
	if d.whole {
		diff = "back from the diff"
	}
	return []hint{{"u", d.does(sc, d.now(sc))}, {"r", "revisions"}, {"d", diff}, {"K", "copy the command"}, {"esc", "leave as it is"}}
}

func (d *undoDialog) press(sc scene, p press) action {
	switch p.key {
	case "u", "y":
		now, ok := d.confirmation.press(sc, p.at)
		if ok {
			return submit(now, now.Intent)
		}
		if !now.OK {
			return refuse("u", now)
		}
	case "esc", "n":
		return action{close: true}
	case "r":
		return action{close: true, view: historyTitle}
	case "d", "D":
		d.whole, d.scroll = !d.whole, 0
	case "K":
		return copyCommand(d.now(sc))
	case "j", "down":
		d.scroll++
	case "k", "up":
		d.scroll = max(d.scroll-1, 0)
	case "pgdown", "space":
		d.scroll += 10
	case "pgup":
		d.scroll = max(d.scroll-10, 0)
	case "ctrl+c":
		return openLeave(sc, p)
	}
	return action{}
}

func (d *undoDialog) draw(sc scene, t theme, w, h int) block {
	now := d.now(sc)
	if cramped(w, h) {
		return d.sentence(sc, t, w, h, now)
	}
	p := dialogPen(sc, t, w)
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
	newest := target.Number
	for _, r := range w.Revisions {
		newest = max(newest, r.Number)
	}
	becomes := "becomes revision " + strconv.FormatInt(newest+1, 10) + "; its ReplicaSet exists"
	return append(out,
		keep(p.marked(rows[2], marks["undo to"])),
		spare(6, p.row(line(plain.of(spaces(p.labels)), faint.of(becomes)))))
}

// shortDiff is the diff in as many rows as there are; the rest is behind d.
func (d *undoDialog) shortDiff(p pen, now release.Choice, room int) []section {
	diff := now.Preview.Diff
	changed := changedLines(diff)
	summary := counted(changed, "line")
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
		out = append(out, keep(p.row(line(faint.of("  "+counted(left, "more line")+", "), strong.of("d"), faint.of(" shows them")))))
	}
	return append(out, spare(8, p.rule("")))
}

// wholeDiff is the diff to scroll through.
func (d *undoDialog) wholeDiff(p pen, now release.Choice, room int) []section {
	diff := now.Preview.Diff
	d.scroll = max(min(d.scroll, len(diff)-room), 0)
	shown := diff[d.scroll:min(d.scroll+room, len(diff))]
	place := counted(len(diff), "line")
	if len(shown) < len(diff) {
		place = strconv.Itoa(d.scroll+1) + " to " + strconv.Itoa(d.scroll+len(shown)) + " of " + strconv.Itoa(len(diff)) + ", j k scroll"
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
	if driver := p.s.Plan.Driven; driver != "" {
		fact := release.Fact{Label: "driver", Mark: release.MarkAttention, Text: driver + " drives this release; an undo does not wait for a hand-over"}
		out = append(out, keep(p.fact(fact, false)...))
	}
	for _, f := range now.Preview.Facts {
		drop := 0
		if f.Mark == release.MarkPass || f.Mark == release.MarkNone {
			drop = 4
		}
		out = append(out, spare(drop, p.fact(f, marks[f.Label])...))
	}
	return append(out,
		spare(9, p.blank()),
		spare(2, p.labelled("same as", line(plain.of(now.Preview.SameAs)), marks["same as"])...),
		spare(1, p.labelled("way back", line(plain.of(now.Preview.Back)), marks["way back"])...),
		d.checklist(p),
		spare(9, p.blank()),
	)
}

// checklist says that no gate stands against an undo.
func (d *undoDialog) checklist(p pen) section {
	if !p.s.under() {
		return section{}
	}
	return spare(7, p.labelled("checklist", line(plain.of("not needed for an undo; the release ends as rolled back")), false)...)
}

func (d *undoDialog) keys(p pen, now release.Choice) []section {
	out := []section{}
	left := line(keyLabel(badge, "u", d.does(p.s, now)), plain.of(" or "), strong.of("y"))
	if !now.OK {
		out = append(out, keep(p.paragraph(line(failing.of("u: "+now.Why)))...))
		left = line(faint.of(" u  not now "))
	} else if note := movedNote(p, &d.confirmation, "u"); note != nil {
		out = append(out, keep(note...))
	}
	diff, revisions, gap := "diff", "revisions", "  "
	if p.roomy() {
		diff, revisions, gap = "whole diff", "another revision", "    "
	}
	if d.whole {
		diff = "back"
	}
	if p.w >= 70 {
		left = join(left, line(plain.of(gap)), alsoKey("r", revisions), line(plain.of(gap)), alsoKey("d", diff))
	}
	out = append(out, keep(p.ends(left, leaving())))
	if p.s.under() && len(d.marks(p.s)) == 0 {
		out = append(out, spare(8, p.row(line(faint.of("The rollout goes on while this is open.")))))
	}
	return append(out, spare(9, p.blank()))
}

// does names the target beside the key.
func (d *undoDialog) does(sc scene, now release.Choice) string {
	if r, ok := sc.workload().Revision(now.Seen.Revision); ok && r.Version != "" {
		return "undo to " + r.Version
	}
	return "undo to revision " + strconv.FormatInt(now.Seen.Revision, 10)
}

func (d *undoDialog) sentence(sc scene, t theme, w, h int, now release.Choice) block {
	what := line(strong.of(now.Preview.Line), plain.of(" in "), environment(sc.Plan)[0], plain.of(" · way back: "+now.Preview.Back))
	if !now.OK {
		return sentence(sc, t, w, h, line(failing.of("u: "+now.Why)), leaving())
	}
	if len(d.marks(sc)) > 0 {
		what = join(line(warning.bolder().of("! it moved; now: ")), what)
	}
	return sentence(sc, t, w, h, what, line(keyLabel(badge, "u", "performs it"), plain.of(" or "), strong.of("y"), plain.of("  "), strong.of("esc"), plain.of(" leave")))
}

// diffRow is one line of a diff in w cells, cut in its middle; where w is 0 it is
// not cut and an image's registry is left out instead.
func diffRow(l release.DiffLine, w int) row {
	content := l.Text
	if w > 0 {
		content = cutMiddle(content, w-2, "…")
	} else if key, image, ok := strings.Cut(content, "image: "); ok && strings.TrimSpace(key) == "" {
		content = key + "image: " + release.ShortImage(image)
	}
	switch l.Op {
	case release.Added:
		return line(passing.of("+ " + content))
	case release.Removed:
		return line(failing.of("- " + content))
	case release.Head:
		return line(muted.of("  " + content))
	default:
		return line(faint.of("  " + content))
	}
}

func changedLines(diff []release.DiffLine) int {
	n := 0
	for _, l := range diff {
		if l.Op == release.Added || l.Op == release.Removed {
			n++
		}
	}
	return n
}

// onlyChanged leaves paths and context out.
func onlyChanged(diff []release.DiffLine) []release.DiffLine {
	var out []release.DiffLine
	for _, l := range diff {
		if l.Op == release.Added || l.Op == release.Removed {
			out = append(out, l)
		}
	}
	return out
}
