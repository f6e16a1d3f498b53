package ui

import (
	"strconv"

	"datahub.io/slipway/release"
)

// comparison is what the selected revision is held against.
type comparison struct {
	name  string // "now 15", "14"; "" when there is nothing to hold it against
	diff  []release.DiffLine
	other string // what D holds it against instead, "" when there is nothing else
}

// compared holds the selected revision against what runs now, or after D against
// the one that u goes to. A revision is never held against itself: the one that
// u goes to is always held against now, the one that runs always against where
// u goes.
func (v *historyView) compared(sc scene) comparison {
	w := sc.workload()
	r, ok := v.selected(sc)
	if !ok {
		return comparison{}
	}
	now := "now"
	if current, known := w.Current(); known {
		now += " " + strconv.FormatInt(current.Number, 10)
	}
	runs := r.Current && r.Template.Hash == w.Template.Hash
	to, goes := sc.goesTo()
	goes = goes && to.Number != r.Number
	target := strconv.FormatInt(to.Number, 10)
	switch {
	case runs && !goes:
		return comparison{}
	case runs:
		return comparison{target, release.Diff(to.Template, r.Template), ""}
	case !goes:
		return comparison{now, release.Diff(w.Template, r.Template), ""}
	case v.previous:
		return comparison{target, release.Diff(to.Template, r.Template), "now"}
	}
	return comparison{now, release.Diff(w.Template, r.Template), target}
}

// turn answers D: the other comparison, or why there is none.
func (v *historyView) turn(sc scene) action {
	r, ok := v.selected(sc)
	switch c := v.compared(sc); {
	case !ok:
		return action{say: "D: there are no revisions"}
	case c.name == "":
		return action{say: "D: revision " + strconv.FormatInt(r.Number, 10) + " is what runs now, and u goes nowhere: there is nothing to compare it with"}
	case c.other != "":
		v.previous, v.diff = !v.previous, scroller{}
		return action{}
	case r.Current:
		return action{say: "D: revision " + strconv.FormatInt(r.Number, 10) + " is what runs now; it is compared with where u goes"}
	}
	if to, goes := sc.goesTo(); goes && to.Number == r.Number {
		return action{say: "D: revision " + strconv.FormatInt(r.Number, 10) + " is where u goes; it is compared with what runs now"}
	}
	return action{say: "D: u goes nowhere now; it is compared with what runs now"}
}

// diffPanel is the difference of the pod templates, and the command.
func (v *historyView) diffPanel(sc scene, t theme, w, h int) block {
	c := v.compared(sc)
	diff := c.diff
	p := pen{th: t, s: sc, w: w - 4, gutter: 0, labels: 8}
	r, ok := v.selected(sc)
	var command block
	if ok && h >= 16 {
		c, _ := undoOfRevision(sc, r.Number)
		if said := wholeCommand(t, c.Preview.SameAs, p.w-p.labels, 4); said != nil {
			command = append(block{p.blank()}, p.labelled("same as", said, false)...)
		}
	}
	room := max(h-2-len(command), 1)
	v.diff.top = min(v.diff.top, max(len(diff)-room, 0))
	body := block{}
	for i, l := range diff[v.diff.top:] {
		if l.Op == release.Head && i > 0 && h >= 16 {
			body = append(body, p.blank())
		}
		body = append(body, p.row(diffRow(l, 0)))
	}
	more := len(body) > room
	body = body[:min(len(body), room)]
	switch {
	case !ok:
		body = append(body, p.row(line(faint.of("there are no revisions"))))
	case c.name == "":
		body = append(body, p.row(line(faint.of("nothing to compare with: this is what runs now"))))
	case len(diff) == 0:
		body = append(body, p.row(line(faint.of("the pod templates are equal"))))
	}
	for len(body) < room {
		body = append(body, p.blank())
	}
	place := release.Count(changedLines(diff), "line")
	if c.name == "" {
		place = ""
	}
	if more || v.diff.top > 0 {
		place += ", pgup pgdown scroll"
	}
	if c.other != "" {
		place += " · D against " + c.other
	}
	label := "pod template"
	if c.name != "" {
		label = c.name + " → " + strconv.FormatInt(r.Number, 10) + ", " + label
	}
	return panel{
		title: line(strong.of("Diff")), label: line(muted.of(t.glyphs.say(label))),
		footer: said(t.glyphs.say(place)), hue: stillSeen(sc),
	}.draw(t, inset(append(body, command...)...), w, h)
}

// said is a border's text, nil where nothing is said.
func said(text string) row {
	if text == "" {
		return nil
	}
	return line(muted.of(text))
}
