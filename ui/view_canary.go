package ui

import (
	"fmt"
	"strconv"
	"time"

	"datahub.io/slipway/release"
)

const canaryTitle = "Canary"

// canaryView shows a canary from near: its way, how it compares and why, what
// splits the traffic, and its pods. Where it does not fit it scrolls.
type canaryView struct{ scroll scroller }

func (v *canaryView) title() string { return canaryTitle }

// trouble marks that the judgement is against the canary, or that it is not seen.
func (v *canaryView) trouble(sc scene, t theme) row {
	switch {
	case !sc.canary.under:
		return nil
	case sc.canary.Live == release.MarkUnknown:
		return line(unknown.bolder().of(t.glyphs.marks[release.MarkUnknown]))
	case sc.canary.failing(sc) && !sc.back():
		return line(failing.bolder().of(t.glyphs.marks[release.MarkFail]))
	}
	return nil
}

// leads tells that the canary's next step stands above the keys.
func (v *canaryView) leads(scene) bool { return true }

func (v *canaryView) next(sc scene) row {
	if c := one(sc, release.DoAdvance); sc.canary.under && c.OK() {
		return line(plain.of(c.Preview.Whole()))
	}
	return line(faint.of("nothing to open here · j k scroll"))
}

func (v *canaryView) hints(scene) []hint { return []hint{{"l", "logs"}, {"j/k", "scroll"}} }

func (v *canaryView) press(sc scene, p press) (action, bool) {
	if p.key == "enter" {
		if c := one(sc, release.DoAdvance); sc.canary.under && c.OK() {
			return openAdvance(sc, p), true
		}
		return action{say: "enter: there is nothing to open here"}, true
	}
	return action{}, v.scroll.move(p.key, helpRows)
}

func (v *canaryView) body(sc scene, t theme, w, h int) block {
	if !sc.canary.known {
		return v.none(sc, t, w, h)
	}
	if w >= wide {
		way := wayRows(sc, t, w-4)
		table := comparedRows(sc, t, w-4)
		low := h - len(way) - len(table) - 4
		left := (w - 1) / 2
		route, pods := routeRows(sc, t, left-4), canaryPodRows(sc, t, w-left-1-4)
		if low >= max(len(route), min(len(pods), 6))+2 {
			return stack(
				v.panel(sc, t, line(strong.of("Canary")), canaryLabel(sc, t)).draw(t, inset(way...), w, len(way)+2),
				v.panel(sc, t, line(strong.of("Canary and stable")), comparedLabel(sc, t)).draw(t, inset(table...), w, len(table)+2),
				beside(
					v.panel(sc, t, line(strong.of("Traffic")), routeLabel(sc, t)).draw(t, inset(route...), left, low),
					v.panel(sc, t, line(strong.of("Canary pods")), podsLabel(sc)).draw(t, inset(pods...), w-left-1, low),
				),
			)
		}
	}
	return v.scrolled(sc, t, w, h)
}

// none says why there is no canary to show.
func (v *canaryView) none(sc scene, t theme, w, h int) block {
	p := pen{th: t, s: sc, w: w - 4, gutter: 0, labels: 12}
	c := sc.Plan.Canary
	steps := ""
	for i, s := range c.Steps {
		if i > 0 {
			steps += " → "
		}
		steps += strconv.Itoa(s) + "%"
	}
	said := line(faint.of("no canary is under way"))
	switch {
	case sc.State.View.Driver != nil:
		said = line(muted.of(sc.State.View.Driver.String()))
	case leadsCanaryBack(sc, sc.undo()):
		said = line(warning.of("a canary is there that no release here is about; b takes it back"))
	}
	rows := append(block{p.row(said), p.blank()}, p.labelled("plan", line(plain.of(steps+", each baked "+release.Span(c.Bake)+", then promoted")), false)...)
	rows = append(rows, p.labelled("canary", line(plain.of("deployment/"+c.Deployment)), false)...)
	rows = append(append(rows, routeRows(sc, t, w-4)...), canaryPodRows(sc, t, w-4)...)
	return panel{title: line(strong.of(canaryTitle))}.draw(t, inset(rows...), w, h)
}

// panel is a frame around what is only remembered, or is live.
func (v *canaryView) panel(sc scene, t theme, title, label row) panel {
	p := panel{title: title, label: label}
	if sc.canary.under && sc.canary.failing(sc) && !sc.back() && title.plain() == canaryTitle {
		p.hue, p.title = bad, line(failing.bolder().of(t.glyphs.marks[release.MarkFail]+" "+canaryTitle))
	}
	if !sc.live || !sc.canary.live {
		p.hue = unsure
		p.label = line(unknown.of("as seen " + release.Age(max(sc.canary.age, sc.age)) + " ago"))
	}
	return p
}

// scrolled is everything below each other in one panel.
func (v *canaryView) scrolled(sc scene, t theme, w, h int) block {
	p := pen{th: t, s: sc, w: w - 4, labels: canaryLabels}
	rows := stack(
		wayRows(sc, t, w-4),
		block{p.blank(), p.rule("Canary and stable")}, comparedRows(sc, t, w-4),
		block{p.blank(), p.rule("Traffic")}, routeRows(sc, t, w-4),
		block{p.blank(), p.rule("Canary pods")}, canaryPodRows(sc, t, w-4),
	)
	room := max(h-2, 1)
	v.scroll.top = min(v.scroll.top, max(len(rows)-room, 0))
	shown := rows[v.scroll.top:min(v.scroll.top+room, len(rows))]
	frame := v.panel(sc, t, line(strong.of(canaryTitle)), canaryLabel(sc, t))
	if len(shown) < len(rows) {
		frame.footer = line(faint.of(fmt.Sprintf("%d to %d of %d, ", v.scroll.top+1, v.scroll.top+len(shown), len(rows))), strong.of("j k"), faint.of(" scroll"))
	}
	return frame.draw(t, inset(shown...), w, h)
}

// wayRows are the steps, the split, the bake and what follows.
func wayRows(sc scene, t theme, w int) block {
	out := block{stepsRow(sc, t, w), trafficRow(sc, t, w)}
	run := sc.State.Canary
	if !sc.canary.under {
		return append(out, canaryLine("ended", plain.of(stageWords(sc)), muted.of(", "+release.Age(sc.Now.Sub(run.Since))+" ago"), muted.of(whyWords(run.Why))))
	}
	out = append(out, bakeRow(sc, t, w))
	since := line(plain.of(stageWords(sc)), muted.of(" since "), plain.of(clockOf(sc, run.Since)))
	if !run.Live.IsZero() && run.Weight > 0 && run.Live.Sub(run.Since).Abs() >= time.Second {
		since = append(since, muted.of("; weight seen live at "), plain.of(clockOf(sc, run.Live)))
	}
	if run.By.Name != "" {
		since = append(since, muted.of("; asked by "), plain.of(run.By.Name))
	}
	out = append(out, join(canaryLine("stands"), since).fit(w, t.glyphs.ellipsis))
	if run.Why != "" {
		p := pen{th: t, s: sc, w: w, labels: canaryLabels}
		out = append(out, p.labelled("because", line(plain.of(run.Why)), false)...)
	}
	if !sc.back() {
		out = append(out, tallyRow(sc, t, w))
	}
	return out
}

func whyWords(why string) string {
	if why == "" {
		return ""
	}
	return ": " + why
}

func clockOf(sc scene, at time.Time) string {
	if at.IsZero() {
		return "?"
	}
	return at.In(sc.Now.Location()).Format(time.TimeOnly)
}

// comparedLabel says how good the judgement is for now.
func comparedLabel(sc scene, t theme) row {
	if !sc.counting() {
		return line(faint.of("not judged now"))
	}
	return join(line(muted.of("failure budget ")), t.pips(sc.canary.Used, sc.canary.After))
}

// comparedRows are the figures of both versions: values, sparklines, rule, verdict,
// and below each why.
func comparedRows(sc scene, t theme, w int) block {
	rows := sc.canary.Rows
	if len(sc.State.View.Judged.Pairs) == 0 && !sc.judging() {
		return block{line(faint.of("nothing is compared now"))}
	}
	const spark = 14
	beside := w >= wide-4
	width := w
	if beside {
		width = w - 2*(spark+2)
	}
	table := comparing(sc, t, rows, width)
	head := table.head(sc, t)
	if beside {
		head = join(head.fit(width, t.glyphs.ellipsis), line(plain.of("  "), muted.of(padRight("stable, 10 min", spark)), plain.of("  "), muted.of(padRight("canary, 10 min", spark))))
	}
	out := block{head}
	p := pen{th: t, s: sc, w: w, labels: table.title}
	for _, r := range rows {
		said := table.row(sc, t, r)
		pair := sc.State.View.Judged.Pairs[r.Metric]
		lines := [2]row{pairLine(sc, t, r, pair.Past.Stable, spark), pairLine(sc, t, r, pair.Past.Canary, spark)}
		if beside {
			said = join(said.fit(width, t.glyphs.ellipsis), line(plain.of("  ")), lines[0], line(plain.of("  ")), lines[1])
		}
		out = append(out, said)
		if !beside && lines[0] != nil {
			out = append(out, join(line(plain.of(spaces(table.title))), lines[0], line(plain.of("  ")), lines[1], line(faint.of("  stable, canary"))).fit(w, t.glyphs.ellipsis))
		}
		m, k := comparisonMark(sc, r)
		if m == release.MarkPass {
			k = faint
		}
		if m == release.MarkStale || m == release.MarkPass && (r.Why == r.Canary || r.Why == "none") {
			continue // it says no more than the row
		}
		out = append(out, p.labelled("", line(k.of(r.Why)), false)...)
	}
	return out
}

// pairLine is the sparkline of one version's figure; nil where it has none.
func pairLine(sc scene, t theme, r release.Comparison, points []release.Point, w int) row {
	for _, spec := range sc.Plan.Metrics {
		if spec.Name != r.Metric {
			continue
		}
		j := release.Judge(sc.Plan, sc.State.View, spec, sc.Now)
		j.Low = 0 // each version has a part of the traffic
		changed, _ := sc.change()
		return t.sparkline(j, points, sc.Now, changed, w).fit(w, "")
	}
	return nil
}

func routeLabel(sc scene, t theme) row {
	word := markInk(sc.canary.Live)
	word.bold = false
	if sc.canary.Live == release.MarkPass {
		word = muted
	}
	return line(t.mark(sc.canary.Live, sc.Now), word.of(" "+sc.canary.LiveWord))
}

// routeRows are what splits the traffic, and what is to be known of it.
func routeRows(sc scene, t theme, w int) block {
	p := pen{th: t, s: sc, w: w, labels: 12}
	plan, split := sc.Plan.Canary, sc.State.View.Split
	if plan.Route == "" {
		out := p.labelled("split by", line(plain.of("pods: no object divides the traffic")), false)
		for _, note := range split.Notes {
			out = append(out, p.labelled("note", line(muted.of(note)), false)...)
		}
		return out
	}
	seen := line(unknown.of("not read yet"))
	if !split.At.IsZero() {
		k := plain
		if sc.Now.Sub(split.At) > sc.Plan.Stale.Workload {
			k = unknown
		}
		seen = line(k.of(fmt.Sprintf("stable %d, canary %d", 100-split.Canary, split.Canary)), faint.of(", read "+release.Age(sc.Now.Sub(split.At))+" ago"))
	}
	out := p.labelled("object", line(strong.of(plan.Route)), false)
	out = append(out, p.labelled("weights", seen, false)...)
	if split.Writer != "" {
		out = append(out, p.labelled("written by", line(plain.of(split.Writer)), false)...)
	}
	if split.Err != "" {
		out = append(out, p.labelled("error", line(failing.of(split.Err)), false)...)
	}
	for _, why := range split.Blocked {
		out = append(out, p.labelled("blocked", line(warning.of(why)), false)...)
	}
	for _, note := range split.Notes {
		out = append(out, p.labelled("note", line(muted.of(note)), false)...)
	}
	for _, other := range split.Others() {
		out = append(out, p.labelled("route", line(warning.of(other)), false)...)
	}
	return out
}

func podsLabel(sc scene) row {
	w := sc.State.View.Canary
	return line(muted.of("deployment/"+sc.Plan.Canary.Deployment+" "), strong.of(share(w.Available, w.Desired)))
}

// canaryPodRows are the canary's pods, and why they fail.
func canaryPodRows(sc scene, t theme, w int) block {
	wl := sc.State.View.Canary
	switch {
	case wl.At.IsZero():
		return block{line(faint.of("not seen yet"))}
	case !wl.Found:
		return block{line(faint.of("deployment/"+sc.Plan.Canary.Deployment+" does not exist")).fit(w, t.glyphs.ellipsis)}
	}
	live := sc.live && sc.canary.live
	tally := wl.Tally(0)
	glyphs := podGlyphsOf(t, live, tally, " ", max(w/2, 4))
	words := podWords(tally)
	if !live {
		words = "were " + words
	}
	gap := "  "
	if len(glyphs) == 0 {
		gap = ""
	}
	out := block{
		join(glyphs, line(plain.of(gap+words), muted.of("; "+release.Count(wl.Restarts(), "restart")))).fit(w, t.glyphs.ellipsis),
	}
	for _, c := range wl.Causes {
		out = append(out, causeBlock(sc, t, cause{c, true}, w)...)
	}
	for _, pod := range wl.Pods {
		state := podState(sc, t, pod)
		name := line(plain.of(padRight(release.PodSuffix(pod.Name), 8)))
		rest := line(muted.of(fmt.Sprintf("%s, %s old", share(pod.Ready, pod.Total), release.Span(sc.Now.Sub(pod.Created)))))
		if pod.Restarts > 0 {
			rest = join(line(plain.of(release.Count(pod.Restarts, "restart")), muted.of(", ")), rest)
		}
		out = append(out, spread(join(name, state), rest, w, t.glyphs.ellipsis))
	}
	return out
}
