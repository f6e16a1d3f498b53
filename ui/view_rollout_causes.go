package ui

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"datahub.io/slipway/release"
)

// causesPanel says why pods fail, grouped, and what follows from it.
func causesPanel(sc scene, t theme, w, h int) block {
	causes := sc.causes()
	p := panel{title: line(strong.of("Causes")), label: line(muted.of("nothing fails"))}
	var newest time.Time
	for _, c := range causes {
		if c.Newest.After(newest) {
			newest = c.Newest
		}
	}
	if len(causes) > 0 {
		p.label = line(muted.of("grouped, newest " + release.Age(sc.Now.Sub(newest)) + " ago"))
	}
	switch {
	case !sc.live:
		p.hue = unsure
		p.label = line(unknown.of("as last seen"))
	case sc.workload().Failures() != "", sc.canary.under && sc.State.View.Canary.Failures() != "":
		p.hue = bad
		p.title = line(failing.bolder().of(t.glyphs.marks[release.MarkFail] + " Causes"))
	}
	rows := causeRows(sc, t, w-4, h > 8)
	if after := t.spell(line(muted.of(consequence(sc)))); len(rows) > 0 && after.width() > 0 {
		words := wrapRow(after, w-4, t.glyphs.ellipsis)
		room := h - 2 - len(words)
		switch {
		case len(rows) < room:
			rows = append(append(rows, nil), words...)
		case room >= 3:
			rows = append(rows[:room:room], words...)
		}
	}
	return p.draw(t, inset(rows...), w, h)
}

// causeRows are three rows for each cause: count and cause, last words, when.
// Apart leaves a row between two of them.
func causeRows(sc scene, t theme, w int, apart bool) block {
	var rows block
	for i, c := range sc.causes() {
		if i > 0 && apart {
			rows = append(rows, nil)
		}
		rows = append(rows, causeBlock(sc, t, c, w)...)
	}
	return rows
}

// cause is why pods fail, and whether they are the canary's.
type cause struct {
	release.Cause
	canary bool
}

// causes are those of both versions: of a canary under way first.
func (s scene) causes() (out []cause) {
	for _, c := range s.State.View.Canary.Causes {
		if s.paired() {
			out = append(out, cause{c, true})
		}
	}
	for _, c := range s.workload().Causes {
		out = append(out, cause{c, false})
	}
	return out
}

// causeBlock is one cause: how many pods and why, their last words, when.
func causeBlock(sc scene, t theme, c cause, w int) (rows block) {
	k, noun := failing, "pod"
	if c.canary {
		noun = "canary pod"
	}
	switch {
	case c.Over:
		k = muted
	case c.Soft:
		k = running
	}
	if !sc.live || c.canary && !sc.canary.live {
		k = unknown
	}
	head := line(strong.of(c.Reason))
	if n := len(c.Pods); n > 0 {
		head = join(line(k.bolder().of(release.Count(n, noun)+" ")), head)
	}
	names := line(muted.of(suffixes(c.Pods, max(w-head.width()-3, 0), t.glyphs.ellipsis)))
	rows = append(rows, spread(head, names, w, t.glyphs.ellipsis))
	if c.Text != "" {
		rows = append(rows, line(plain.of("  "), plain.of(cutEnd(c.Text, w-2, t.glyphs.ellipsis))))
	}
	return append(rows, line(plain.of("  "), muted.of(cutEnd(causeWhen(sc, c.Cause), w-2, t.glyphs.ellipsis))))
}

// suffixes lists short pod names in w cells.
func suffixes(pods []string, w int, ellipsis string) string {
	var names []string
	for _, name := range pods {
		names = append(names, release.PodSuffix(name))
	}
	all := strings.Join(names, " ")
	if cells(all) <= w {
		return all
	}
	for n := len(names) - 1; n > 0; n-- {
		short := strings.Join(names[:n], " ") + " " + ellipsis
		if cells(short) <= w {
			return short
		}
	}
	return ""
}

func causeWhen(sc scene, c release.Cause) string {
	text := "first " + release.Age(sc.Now.Sub(c.First)) + " ago"
	if c.Newest.After(c.First) {
		text += ", newest " + release.Age(sc.Now.Sub(c.Newest)) + " ago"
	}
	if c.Version != "" {
		text = "only on " + c.Version + ", " + text
	}
	switch {
	case c.Over:
		text += "; counts against nobody"
	case c.Soft:
		text += "; may still heal by itself"
	}
	return text
}

// consequence says what Kubernetes keeps running, and what slipway does at the
// deadline.
func consequence(sc scene) string {
	w := sc.workload()
	current, ok := w.Current()
	if sc.canary.under && sc.State.View.Canary.Failures() != "" && !sc.back() {
		said := fmt.Sprintf("The canary gets %d%% of the traffic, stable serves the rest.", sc.canary.Weight)
		if one(sc, release.DoAbort).OK() {
			said += " b takes it back now."
		}
		return said
	}
	if w.Failures() == "" || !ok {
		return ""
	}
	var words []string
	if old := w.Tally(0)[release.PodServing] - w.Tally(current.Number)[release.PodServing]; old > 0 {
		words = append(words, fmt.Sprintf("Kubernetes keeps %s serving: it cannot go below %d available.", release.Count(old, "old pod"), w.Floor()))
	}
	answer, ok := release.AtDeadline(sc.Plan, sc.State, sc.Now)
	if _, ticking := w.ProgressEnds(); ok && ticking {
		at := map[release.Answer]string{
			release.Auto: "At the deadline slipway undoes to " + sc.State.From.Version,
			release.Ask:  "At the deadline slipway asks",
			release.Off:  "At the deadline nothing is undone by itself",
		}[answer] + " (rollback.onDeadline: " + string(sc.Plan.Rollback.OnDeadline) + ")"
		if sc.undo().OK() {
			at += "; u does it now"
		}
		words = append(words, at+".")
	}
	return strings.Join(words, " ")
}

// eventsPanel lists the cluster's events, newest first.
func eventsPanel(sc scene, t theme, w, h int) block {
	notes := sc.events()
	label := "newest first"
	if len(notes) > h-2 {
		label = fmt.Sprintf("newest %d of %d", h-2, len(notes))
	}
	body := block{}
	for _, n := range notes[:min(len(notes), max(h-2, 0))] {
		body = append(body, eventRow(sc, t, n, w-4))
	}
	if len(notes) == 0 {
		body = append(body, line(faint.of("none seen")))
	}
	return panel{title: line(strong.of("Events")), label: line(muted.of(label)), hue: stillSeen(sc)}.draw(t, inset(body...), w, h)
}

// events are those of both versions, newest first.
func (s scene) events() []release.Note {
	stable, canary := s.workload().Events, s.State.View.Canary.Events
	if !s.paired() || len(canary) == 0 {
		return stable
	}
	all := slices.Concat(stable, canary)
	slices.SortStableFunc(all, func(a, b release.Note) int { return b.At.Compare(a.At) })
	return all
}

func eventRow(sc scene, t theme, n release.Note, w int) row {
	k := muted
	switch {
	case badEvent(n.Reason):
		k = failing
	case n.Reason == "Unhealthy" || n.Reason == "FailedScheduling":
		k = warning
	}
	out := line(
		faint.of(n.At.In(sc.Now.Location()).Format(time.TimeOnly)), plain.of(" "),
		k.of(padRight(cutEnd(strings.TrimSuffix(n.Reason, "ReplicaSet"), 12, t.glyphs.ellipsis), 12)), plain.of(" "),
		muted.of(n.Object), plain.of(" "), plain.of(n.Text),
	)
	if n.Count > 1 {
		out = append(out, muted.of(" "+t.glyphs.times+strconv.Itoa(n.Count)))
	}
	return t.spell(out).fit(w, t.glyphs.ellipsis)
}

// badEvent tells whether an event's reason says that something failed.
func badEvent(reason string) bool {
	return strings.HasPrefix(reason, "BackOff") || strings.HasPrefix(reason, "Failed") && reason != "FailedScheduling" || reason == "OOMKilling"
}
