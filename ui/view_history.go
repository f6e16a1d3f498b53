package ui

import (
	"fmt"
	"strconv"
	"time"

	"datahub.io/slipway/release"
)

const historyTitle = "History"

// historyView lists the existing revisions, and what returning to the selected
// one would change.
type historyView struct {
	revisions picker
	previous  bool // the diff is against the revision that u goes to, not against now
	diff      scroller
}

func (v *historyView) title() string            { return historyTitle }
func (v *historyView) trouble(scene, theme) row { return nil }

func revisionNames(sc scene) (names []string) {
	for _, r := range sc.workload().Revisions {
		names = append(names, r.UID+" "+r.ReplicaSet)
	}
	return names
}

// selected is the revision on which the pointer is: until it is moved, the one
// that u goes back to.
func (v *historyView) selected(sc scene) (release.Revision, bool) {
	revisions, names := sc.workload().Revisions, revisionNames(sc)
	i := v.index(sc, names)
	if i < 0 {
		return release.Revision{}, false
	}
	return revisions[i], true
}

func (v *historyView) index(sc scene, names []string) int {
	if v.revisions.name == "" {
		to, goes := sc.goesTo()
		for i, r := range sc.workload().Revisions {
			if goes && r.Number == to.Number {
				return i
			}
		}
	}
	return v.revisions.in(names)
}

// undoOfRevision is the choice of going back to a revision.
func undoOfRevision(sc scene, number int64) (release.Choice, bool) {
	for _, c := range sc.Choices {
		if c.Kind == release.DoUndo && c.Seen.Revision == number {
			return c, true
		}
	}
	return release.Choice{}, false
}

func (v *historyView) next(sc scene) row {
	r, ok := v.selected(sc)
	if !ok {
		return line(faint.of("there are no revisions"))
	}
	c, _ := undoOfRevision(sc, r.Number)
	if !c.OK() {
		return line(faint.of("no undo to revision " + strconv.FormatInt(r.Number, 10) + ": " + c.Why()))
	}
	return line(plain.of(fmt.Sprintf("undo to revision %d, %s", r.Number, r.Version)), faint.of(" · shows the change and the way back first"))
}

func (v *historyView) hints(sc scene) []hint {
	var out []hint
	if r, ok := v.selected(sc); ok {
		if c, _ := undoOfRevision(sc, r.Number); c.OK() {
			out = append(out, hint{"enter", "undo to " + strconv.FormatInt(r.Number, 10)})
		}
	}
	if other := v.compared(sc).other; other != "" {
		out = append(out, hint{"D", "diff against " + other})
	}
	return out
}

func (v *historyView) press(sc scene, p press) (action, bool) {
	names := revisionNames(sc)
	switch p.key {
	case "enter":
		r, ok := v.selected(sc)
		if !ok {
			return action{say: "enter: there are no revisions"}, true
		}
		a := undoTo(sc, p, r.Number)
		if a.open == nil {
			c, _ := undoOfRevision(sc, r.Number)
			return refuse("enter", c), true
		}
		return a, true
	case "r":
		return action{say: "r: these are the revisions; enter undoes to the selected one"}, true
	case "D":
		return v.turn(sc), true
	case "K":
		r, _ := v.selected(sc)
		c, _ := undoOfRevision(sc, r.Number)
		return copyCommand(c), true
	case "pgdown", "pgup":
		v.diff.move(p.key, len(v.compared(sc).diff)-1)
		return action{}, true
	}
	if v.revisions.name == "" {
		v.revisions.put(names, v.index(sc, names))
	}
	if v.revisions.move(names, p.key) {
		v.diff = scroller{}
		return action{}, true
	}
	return action{}, false
}

func (v *historyView) body(sc scene, t theme, w, h int) block {
	if oneColumn(w) {
		if h < 9 {
			return v.table(sc, t, w, h, false)
		}
		top := min(len(sc.workload().Revisions)+3, h/2)
		return stack(v.table(sc, t, w, top, false), v.diffPanel(sc, t, w, h-top))
	}
	left := w/2 + 2
	return beside(v.table(sc, t, left, h, true), v.diffPanel(sc, t, w-left-1, h))
}

// table lists the revisions and, where there is room, the selected one's detail.
func (v *historyView) table(sc scene, t theme, w, h int, detail bool) block {
	revisions, names := sc.workload().Revisions, revisionNames(sc)
	at := v.index(sc, names)
	widths, heads := []int{5, 9, 8, 9, 22}, []string{"rev", "version", "created", "age", "pods", "change cause"}
	if w < 76 {
		widths, heads = []int{5, 9, 8, 8}, []string{"rev", "version", "created", "age", "change cause"}
	}
	for _, r := range revisions {
		widths[1] = max(widths[1], min(cells(r.Version)+2, 18))
	}
	head := make([]row, len(heads))
	for i, name := range heads {
		head[i] = line(muted.of(name))
	}
	body := block{join(line(plain.of(" ")), columns(t, widths, head...))}
	room := h - 3
	from, to := window(len(revisions), at, max(room, 0))
	for i := from; i < to; i++ {
		body = append(body, pointed(t, columns(t, widths, v.cells(sc, t, revisions[i], w >= 76)...), i == at, w-2))
	}
	if len(revisions) == 0 {
		body = append(body, line(faint.of(" none seen")))
	}
	if detail && at >= 0 {
		body = append(body, nil)
		for _, r := range v.detail(sc, t, revisions[at], w-4) {
			body = append(body, join(line(plain.of(" ")), r))
		}
	}
	kept := line(muted.of(fmt.Sprintf("kept: %d of revisionHistoryLimit %d", len(revisions), sc.workload().History)))
	return panel{
		title: line(strong.of("Revisions")), label: line(muted.of("deployment/" + sc.Plan.Deployment)), footer: kept, hue: stillSeen(sc),
	}.draw(t, body, w, h)
}

func (v *historyView) cells(sc scene, t theme, r release.Revision, pods bool) []row {
	k := plain
	if r.Current {
		k = strong
	}
	cause := line(k.of(r.Cause))
	to, goes := sc.goesTo()
	switch {
	case r.Current && sc.under():
		cause = line(t.mark(release.MarkRunning, sc.Now), running.of(" "+phaseOf(sc)), muted.of("  "+r.Cause))
	case r.Current:
		cause = line(passing.of(t.glyphs.marks[release.MarkPass]), plain.of(" runs now"), muted.of("  "+r.Cause))
	case goes && r.Number == to.Number:
		cause = line(strong.of("u"), muted.of(" goes here  "), plain.of(r.Cause))
	case r.Cause == "":
		cause = line(faint.of("no change-cause"))
	}
	out := []row{
		line(k.of(strconv.FormatInt(r.Number, 10))), line(k.of(cutMiddle(r.Version, 17, t.glyphs.ellipsis))),
		line(plain.of(day(sc, r.Created))), line(plain.of(release.Span(sc.Now.Sub(r.Created)))),
	}
	if pods {
		out = append(out, line(muted.of(podWords(sc.workload().Tally(r.Number)))))
	}
	return append(out, cause)
}

// phaseOf says how far the current revision is.
func phaseOf(sc scene) string {
	w := sc.workload()
	switch sc.State.Phase {
	case release.Deploying, release.RollingBack:
		if sc.canary.under && w.Convergence() == release.Complete {
			return "runs now, beside a canary"
		}
		return fmt.Sprintf("rolling, %d of %d", w.Replaced(), w.Desired)
	case release.Planned:
		return "runs now"
	}
	return string(sc.State.Phase)
}

// day writes a time of today as a clock, another one as its day.
func day(sc scene, at time.Time) string {
	at = at.In(sc.Now.Location())
	if at.YearDay() == sc.Now.YearDay() && at.Year() == sc.Now.Year() {
		return at.Format("15:04")
	}
	return at.Format("_2 Jan")
}

// detail is everything that is known of the selected revision.
func (v *historyView) detail(sc scene, t theme, r release.Revision, w int) block {
	p := pen{th: t, s: sc, w: w, labels: 10}
	out := block{p.rule("Revision " + strconv.FormatInt(r.Number, 10))}
	for _, f := range []release.Fact{
		{Label: "image", Text: release.ShortImage(r.Image)},
		{Label: "cause", Text: r.Cause},
		{Label: "set", Text: r.ReplicaSet},
		{Label: "created", Text: r.Created.In(sc.Now.Location()).Format("2 Jan 15:04:05")},
		{Label: "pods", Text: podWords(sc.workload().Tally(r.Number))},
	} {
		if f.Text != "" {
			out = append(out, p.fact(f, false)...)
		}
	}
	c, ok := undoOfRevision(sc, r.Number)
	if !ok {
		return out
	}
	out = append(out, p.blank(), p.rule("Undo to it"))
	if !c.OK() {
		return append(out, p.labelled("not now", line(muted.of(c.Why())), false)...)
	}
	for _, f := range c.Preview.Facts {
		out = append(out, p.fact(f, false)...)
	}
	out = append(out, p.labelled("way back", line(plain.of(c.Preview.Back)), false)...)
	out = append(out, p.blank())
	return append(out, p.paragraph(line(faint.of("Revisions are read from ReplicaSets. The change-cause is what whoever made the change wrote; Kubernetes keeps no outcome.")))...)
}
