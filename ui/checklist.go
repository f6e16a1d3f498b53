package ui

import (
	"fmt"
	"strings"

	"datahub.io/slipway/release"
)

const checklistTitle = "Checklist"

// checklistRows is the checklist with its stages; sel is the selected item. The
// empty rows between stages are left out where there is no room for them, and
// what still does not fit is scrolled so that the selected item is seen.
func checklistRows(sc scene, t theme, sel, w, h int) block {
	airy := len(sc.items)+2*len(sc.stages)-1 <= h
	var rows block
	at := 0
	for i, st := range sc.stages {
		if airy && i > 0 {
			rows = append(rows, line().fit(w, ""))
		}
		rows = append(rows, stageRow(t, st, w))
		for n, it := range sc.items {
			if it.Spec.Stage != st.Stage {
				continue
			}
			if n == sel {
				at = len(rows)
			}
			rows = append(rows, itemRow(sc, t, it, n == sel, w))
		}
	}
	if len(rows) == 0 {
		rows = append(rows, line(plain.of(" "), faint.of("no release under way; d begins one")).fit(w, t.glyphs.ellipsis))
	}
	h = max(h, 0)
	if over := len(rows) - h; over > 0 {
		first := min(max(at-h+3, 0), over)
		rows = rows[first : first+h]
	}
	return rows
}

func stageRow(t theme, st release.StageView, w int) row {
	count := faint.of(share(st.Settled, st.Total))
	return spread(line(plain.of(" "), muted.of(string(st.Stage))), line(count, plain.of(" ")), w, t.glyphs.ellipsis)
}

// itemRow is one line: mark, title, and at the right edge the evidence or what
// it waits for. Its title is strong for a moment after its status changed.
func itemRow(sc scene, t theme, it release.ItemView, selected bool, w int) row {
	pointer := " "
	if selected {
		pointer = t.glyphs.selected
	}
	title, edge := itemInks(it.Mark)
	changed := it.Item.At
	if selected || !changed.IsZero() && sc.Now.Sub(changed) < noticeTime {
		title = strong
	}
	left := line(strong.of(pointer), plain.of(" "), t.mark(it.Mark, sc.Now), plain.of(" "), title.of(it.Spec.Title))
	label := it.Edge
	if room := w - left.width() - 2; cells(label) > room {
		label = cutEnd(label, max(room, 8), t.glyphs.ellipsis)
	}
	right := line(edge.of(label), plain.of(" "))
	if left.width()+cells(label)+1 == w {
		right = right[:1] // the whole title is worth more than the margin
	}
	out := spread(left, right, w, t.glyphs.ellipsis)
	if selected {
		return out.on(selection)
	}
	return out
}

// itemInks gives the inks of an item's title and of its right edge.
func itemInks(m release.Mark) (title, edge ink) {
	switch m {
	case release.MarkPass:
		return plain, muted
	case release.MarkFail:
		return failing, failing
	case release.MarkRunning:
		return strong, running
	case release.MarkWaived:
		return plain, warning
	case release.MarkAttention:
		return plain, warning
	case release.MarkUnknown, release.MarkStale:
		return plain, unknown
	default:
		return muted, faint
	}
}

// checklistPanel is the checklist in its frame.
func checklistPanel(sc scene, t theme, sel, w, h int) block {
	return panel{
		title: line(strong.of(checklistTitle)),
		label: checklistCount(sc),
	}.draw(t, checklistRows(sc, t, sel, w-2, h-2), w, h)
}

// checklistCount is "7/15", and apart from it what is not simply passed.
func checklistCount(sc scene) row {
	var settled, waived, failed, unclear, total int
	for _, st := range sc.stages {
		settled += st.Settled
		waived += st.Waived
		failed += st.Failed
		unclear += st.Unknown
		total += st.Total
	}
	switch {
	case total == 0:
		return nil
	case failed > 0:
		return line(muted.of(share(settled, total)+", "), failing.of(fmt.Sprintf("%d failing", failed)))
	case unclear > 0:
		return line(muted.of(share(settled, total)+", "), unknown.of(fmt.Sprintf("%d unknown", unclear)))
	case waived > 0:
		return line(muted.of(share(settled, total)+", "), warning.of(fmt.Sprintf("%d waived", waived)))
	}
	return line(muted.of(share(settled, total)))
}

// labelWidth is how wide the labels of an item's detail are.
const labelWidth = 8

// itemRows is the detail of an item: label and text, wrapped, with the kubectl
// command where there is room for it; the runbook last, as a link.
func itemRows(sc scene, t theme, it release.ItemView, w int, commands bool) block {
	var out block
	for _, f := range it.Rows {
		if f.Label == "runbook" {
			continue
		}
		out = append(out, factRows(sc, t, f, w)...)
	}
	if commands {
		out = append(out, commandRows(t, it.SameAs, w)...)
	}
	if it.Spec.Runbook != "" {
		link := running
		link.underline, link.link = true, it.Spec.Runbook
		name := cutMiddle(lastPart(it.Spec.Runbook), w-labelWidth, t.glyphs.ellipsis)
		out = append(out, line(muted.of(padRight("runbook", labelWidth)), link.of(name)))
	}
	return out
}

// factRows is one labelled text. A mark comes before the text.
func factRows(sc scene, t theme, f release.Fact, w int) block {
	text := line(plain.of(f.Text))
	if f.Mark != release.MarkNone {
		k := plain
		if f.Mark == release.MarkFail || f.Mark == release.MarkUnknown || f.Mark == release.MarkStale || f.Mark == release.MarkAttention {
			k = markInk(f.Mark)
			k.bold = false
		}
		text = line(t.mark(f.Mark, sc.Now), plain.of(" "), k.of(f.Text))
	}
	label := padRight(string(f.Label), labelWidth)
	var out block
	if widest(f.Text) > w-cells(label) && w >= labelWidth {
		out, label = append(out, line(muted.of(string(f.Label)))), ""
	}
	for i, part := range wrapRow(text, w-cells(label), t.glyphs.ellipsis) {
		if i > 0 {
			label = spaces(cells(label))
		}
		out = append(out, join(line(muted.of(label)), part))
	}
	return out
}

// widest is the width of the widest word.
func widest(s string) (w int) {
	for _, word := range strings.Fields(s) {
		w = max(w, cells(word))
	}
	return w
}

// itemPanel is the selected item in its frame.
func itemPanel(sc scene, t theme, sel, w, h int, commands bool) block {
	if sel >= len(sc.items) {
		return panel{title: line(faint.of("no item"))}.draw(t, nil, w, h)
	}
	it := sc.items[sel]
	label := line(faint.of(string(it.Kind)))
	if word := stateWord(it.Mark); word != "" {
		label = line(t.mark(it.Mark, sc.Now), markInk(it.Mark).of(" "+word))
	}
	return panel{
		title: line(strong.of(it.Spec.Title)),
		label: label,
	}.draw(t, inset(itemRows(sc, t, it, w-4, commands)...), w, h)
}

// stateWord is the word beside the mark of an item in trouble.
func stateWord(m release.Mark) string {
	switch m {
	case release.MarkFail:
		return "fail"
	case release.MarkUnknown:
		return "unknown"
	case release.MarkStale:
		return "stale"
	case release.MarkWaived:
		return "waived"
	default:
		return ""
	}
}
