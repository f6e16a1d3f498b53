package ui

import (
	"fmt"

	"datahub.io/slipway/release"
)

const logTitle = "Log"

// logView is the whole activity, newest first.
type logView struct {
	scroll scroller
	filter filter
}

func (v *logView) title() string            { return logTitle }
func (v *logView) trouble(scene, theme) row { return nil }
func (v *logView) typing(scene) bool        { return v.filter.typing }
func (v *logView) next(scene) row {
	if v.filter.typing {
		return line(plain.of("keep the filter"))
	}
	return line(faint.of("nothing: this is what happened, newest first · j k scroll"))
}

func (v *logView) hints(sc scene) []hint {
	if v.filter.typing {
		return v.filter.hints(sc)
	}
	return []hint{{"j/k", "scroll"}, {"/", "filter"}}
}

func (v *logView) press(sc scene, p press) (action, bool) {
	if a, handled := v.filter.press(sc, p); handled {
		v.scroll = scroller{}
		return a, true
	}
	return action{}, v.scroll.move(p.key, len(v.listed(sc))-1)
}

// listed is what the filter keeps, newest first.
func (v *logView) listed(sc scene) []release.Line {
	var out []release.Line
	for i := len(sc.Activity) - 1; i >= 0; i-- {
		if l := sc.Activity[i]; v.filter.keeps(l.Text, l.By.Name) {
			out = append(out, l)
		}
	}
	return out
}

func (v *logView) body(sc scene, t theme, w, h int) block {
	listed := v.listed(sc)
	top := min(v.scroll.top, max(len(listed)-1, 0))
	label := release.Count(len(listed), "line")
	if all := len(sc.Activity); len(listed) < all {
		label = fmt.Sprintf("%d of %s", len(listed), release.Count(all, "line"))
	}
	if top > 0 {
		label += fmt.Sprintf(", %d newer above", top)
	}
	body, room := block{}, max(h-2, 0)
	for _, l := range listed[top:] {
		if len(body) >= room {
			break
		}
		body = append(body, v.rows(sc, t, l, w-4)...)
	}
	if len(body) == 0 {
		body = append(body, line(faint.of("nothing to show")))
	}
	return panel{
		title: line(strong.of("Log")), label: line(muted.of(label)), footer: v.filter.row(t),
	}.draw(t, inset(body[:min(len(body), room)]...), w, h)
}

// rows is one line of activity: its day where that is not today, its time, who,
// and the whole text, wrapped.
func (v *logView) rows(sc scene, t theme, l release.Line, w int) block {
	const lead = 18 // clock and name, as in activityRow
	first := activityRow(sc, t, l, max(w, 4*cells(l.Text)+lead))
	head, said := first.slice(0, lead), first.slice(lead, first.width()).trimmed()
	at := l.At.In(sc.Now.Location())
	if at.Format("2006-01-02") != sc.Now.Format("2006-01-02") {
		head = join(line(faint.of(at.Format("_2 Jan "))), head)
	}
	head = join(line(t.mark(l.Mark, sc.Now), plain.of(" ")), head)
	out := block{}
	for i, part := range wrapRow(said, w-head.width(), t.glyphs.ellipsis) {
		if i > 0 {
			head = line(plain.of(spaces(head.width())))
		}
		out = append(out, join(head, part))
	}
	return out
}
