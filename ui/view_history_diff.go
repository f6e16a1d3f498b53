package ui

import (
	"strconv"

	"datahub.io/slipway/release"
)

// compared is what the selected revision is held against, and the difference.
func (v *historyView) compared(sc scene) (against string, diff []release.DiffLine) {
	w := sc.workload()
	r, ok := v.selected(sc)
	if !ok {
		return "", nil
	}
	from, name := w.Template, "now"
	if current, known := w.Current(); known {
		name += " " + strconv.FormatInt(current.Number, 10)
	}
	if to, goes := sc.goesTo(); v.previous && goes {
		from, name = to.Template, strconv.FormatInt(to.Number, 10)
	}
	return name + " → " + strconv.FormatInt(r.Number, 10), release.Diff(from, r.Template)
}

// other is what D holds the selected revision against, "" when there is nothing
// else.
func (v *historyView) other(sc scene) string {
	to, goes := sc.goesTo()
	switch {
	case !goes:
		return ""
	case v.previous:
		return "now"
	}
	return strconv.FormatInt(to.Number, 10)
}

// diffPanel is the difference of the pod templates, and the command.
func (v *historyView) diffPanel(sc scene, t theme, w, h int) block {
	against, diff := v.compared(sc)
	p := pen{th: t, s: sc, w: w - 4, gutter: 0, labels: 8}
	var command block
	if r, ok := v.selected(sc); ok && h >= 16 {
		if c, known := undoOfRevision(sc, r.Number); known && c.Preview.SameAs != "" {
			command = append(block{p.blank()}, p.labelled("same as", line(plain.of(c.Preview.SameAs)), false)...)
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
	if len(diff) == 0 {
		body = append(body, p.row(line(faint.of("the pod templates are equal"))))
	}
	for len(body) < room {
		body = append(body, p.blank())
	}
	place := release.Count(changedLines(diff), "line")
	if more || v.diff.top > 0 {
		place += ", pgup pgdown scroll"
	}
	if other := v.other(sc); other != "" {
		place += " · D against " + other
	}
	return panel{
		title: line(strong.of("Diff")), label: line(muted.of(t.glyphs.say(against + ", pod template"))),
		footer: line(muted.of(t.glyphs.say(place))), hue: stillSeen(sc),
	}.draw(t, inset(append(body, command...)...), w, h)
}
