package ui

import (
	"fmt"
	"strings"

	"datahub.io/slipway/release"
)

// Heights of the canary panel.
const (
	canaryTall  = 11 // everything but the figures that pass and are worth least
	canaryLow   = 9  // steps, traffic, bake, and the judgement in a few rows
	canaryShort = 6  // the same, the judgement in one
)

// canaryFull is how high the panel is that leaves nothing out.
func canaryFull(sc scene) int {
	if !sc.judging() {
		return canaryTall
	}
	return max(canaryTall, 2+3+1+len(sc.canary.Rows)+1)
}

// judging tells whether figures of both versions are compared now.
func (s scene) judging() bool {
	return s.canary.under && !s.back() && (s.canary.Baking || s.State.Canary.Stage == release.Shifting && len(s.State.View.Judged.Pairs) > 0)
}

// counting tells whether what is compared counts: rounds pass, or use the budget up.
func (s scene) counting() bool {
	return s.canary.under && !s.back() && (s.canary.Baking || s.State.Canary.Stage == release.Promoting)
}

// canaryPanel shows how far a canary is, how the traffic is split and how it is
// judged. Where rows are few what fails goes first.
func canaryPanel(sc scene, t theme, w, h int) block {
	p := panel{title: line(strong.of("Canary")), label: canaryLabel(sc, t)}
	switch {
	case sc.canary.Live == release.MarkUnknown || !sc.live || !sc.canary.live:
		p.hue = unsure
		p.title = line(unknown.bolder().of(t.glyphs.marks[release.MarkUnknown] + " Canary, last seen " + release.Age(max(sc.canary.age, sc.age)) + " ago"))
		if sc.live && sc.canary.live {
			p.title = line(unknown.bolder().of(t.glyphs.marks[release.MarkUnknown] + " Canary, traffic " + sc.canary.LiveWord))
		}
	case sc.canary.failing(sc) && !sc.back():
		p.hue = bad
		p.title = line(failing.bolder().of(t.glyphs.marks[release.MarkFail] + " Canary"))
	}
	body, hidden := canaryBody(sc, t, w-4, h-2)
	if len(hidden) > 0 {
		for _, names := range []string{": " + strings.Join(hidden, ", "), ""} {
			more := line(faint.of(fmt.Sprintf("%d more pass%s %s ", len(hidden), names, t.glyphs.dot)), muted.of(viewKey(sc, canaryTitle)), faint.of(" has all"))
			if p.footer == nil && more.width()+8 <= w {
				p.footer = more
			}
		}
	}
	return p.draw(t, inset(body...), w, h)
}

// canaryLabel is the failure budget where it is used, otherwise the bake, or where
// the canary stands.
func canaryLabel(sc scene, t theme) row {
	c := sc.canary
	switch {
	case sc.State.Held != nil && !sc.back():
		return line(warning.of(fmt.Sprintf("held at %d%%", sc.State.Canary.Weight)))
	case c.Used > 0 && !sc.back():
		if back := backIn(sc); back != "" {
			return join(line(failing.bolder().of(back), muted.of(" "+t.glyphs.dot+" budget ")), t.pips(c.Used, c.After))
		}
		return join(line(muted.of("failure budget ")), t.pips(c.Used, c.After))
	case c.Baking && !sc.back():
		return line(muted.of("bake "), strong.of(release.Span(c.Baked)), muted.of(" of "+release.Span(c.Bake)))
	}
	return line(muted.of(stageWords(sc)+" "), strong.of(release.Span(sc.Now.Sub(sc.State.Canary.Since))))
}

// backIn is the countdown to a rollback by itself, which goes on when its sheet is
// hidden; "" where there is none.
func backIn(sc scene) string {
	_, at, ok := release.LastSample(sc.Plan, sc.State, sc.Now)
	switch left := at.Sub(sc.Now); {
	case !ok:
		return ""
	case left > 0:
		return "rolls back in " + release.Left(left)
	}
	return "rolls back with the next sample"
}

// canaryBody is the panel's text in at most h rows, and the titles of the figures
// that pass and were left out.
func canaryBody(sc scene, t theme, w, h int) (rows block, hidden []string) {
	rows = block{stepsRow(sc, t, w), trafficRow(sc, t, w)}
	if !sc.judging() {
		return append(rows, movingRows(sc, t, w, h-len(rows))...), nil
	}
	if h >= canaryTall-2 || !sc.canary.failing(sc) {
		rows = append(rows, bakeRow(sc, t, w)) // where rows are few what fails is worth more
	}
	judged, hidden := judgedRows(sc, t, w, h-len(rows))
	return append(rows, judged...), hidden
}

// stepsRow is the way: the weights, promotion and removal, as far as they fit.
// What is furthest from now is left out first, at its ends.
func stepsRow(sc scene, t theme, w int) row {
	steps := sc.canary.Steps
	for thread := 3; thread >= 1; thread-- {
		if r := stepThread(sc, t, steps, thread); r.width() <= w {
			return r
		}
	}
	at := 0
	for i, s := range steps {
		if s.Mark == release.MarkRunning || s.Mark == release.MarkFail {
			at = i
			break
		}
		if s.Mark == release.MarkPass {
			at = i
		}
	}
	from, to := 0, len(steps)
	for to-from > 1 {
		r := stepThread(sc, t, steps[from:to], 1)
		if from > 0 {
			r = join(line(faint.of(t.glyphs.ellipsis+" ")), r)
		}
		if to < len(steps) {
			r = append(r, faint.of(" "+t.glyphs.ellipsis))
		}
		if r.width() <= w {
			return r
		}
		if at-from > to-1-at {
			from++
		} else {
			to--
		}
	}
	return stepThread(sc, t, steps[from:to], 1).fit(w, t.glyphs.ellipsis)
}

func stepThread(sc scene, t theme, steps []release.StepView, thread int) row {
	var out row
	for i, s := range steps {
		label, k := s.Label, faint
		if s.Word != "" {
			label += " " + s.Word
		}
		switch s.Mark {
		case release.MarkPass:
			k = muted
		case release.MarkRunning, release.MarkFail:
			k = strong
		}
		out = append(out, t.mark(s.Mark, sc.Now), plain.of(" "), k.of(label))
		if i == len(steps)-1 {
			break
		}
		done := 0.0
		if s.Mark == release.MarkPass {
			done = 1
		}
		out = join(append(out, plain.of(" ")), t.thread(done, thread, passing), line(plain.of(" ")))
	}
	return out
}

// trafficRow is how the traffic is split, as last seen. The two shares stand apart,
// so that they are told apart without colour.
func trafficRow(sc scene, t theme, w int) row {
	c := sc.canary
	k, share, old := strong, ink{fg: movingBar}, ink{fg: trail}
	mark := c.Live
	switch {
	case c.Live == release.MarkUnknown:
		k, share, old = unknown, ink{fg: unsureBar}, ink{fg: unsureBar}
	case c.failing(sc) && !sc.back():
		share.fg = badBar
	}
	approx := ""
	if c.Live == release.MarkUnknown {
		approx = "~"
	}
	left := line(muted.of("traffic    "), plain.of("stable "), k.of(padLeft(fmt.Sprintf("%s%d%%", approx, 100-c.Weight), 3)), plain.of(" "))
	right := line(plain.of(" "), k.of(fmt.Sprintf("%s%d%%", approx, c.Weight)), plain.of(" canary"))
	word := muted
	if mark != release.MarkPass {
		word = markInk(mark)
		word.bold = false
	}
	live := line(t.mark(mark, sc.Now), word.of(" "+c.LiveWord))
	room := w - left.width() - right.width() - live.width() - 3
	if room < 8 {
		left = left[1:]
		left = join(line(muted.of("traffic ")), left)
		room = w - left.width() - right.width() - live.width() - 2
	}
	return spread(join(left, shares(t, c.Weight, max(room, 4), old, share), right), live, w, t.glyphs.ellipsis)
}

// shares is a bar of w cells with the canary's share at its right end, a gap between.
func shares(t theme, canary, w int, old, fresh ink) row {
	n := min(max((canary*w+50)/100, 0), w)
	switch {
	case canary > 0 && n < 1:
		n = 1
	case canary < 100 && n > w-2:
		n = w - 2
	}
	switch {
	case n <= 0:
		return line(old.of(repeat(t.glyphs.full, w)))
	case n >= w:
		return line(fresh.of(repeat(t.glyphs.full, w)))
	}
	return line(old.of(repeat(t.glyphs.full, w-n-1)), plain.of(" "), fresh.of(repeat(t.glyphs.full, n)))
}

// bakeRow is the bake with what is left of it, to the second.
func bakeRow(sc scene, t theme, w int) row {
	c := sc.canary
	if !c.Baking {
		return canaryLine("waits for", plain.of(cutEnd(c.Waits, w-canaryLabels, t.glyphs.ellipsis)))
	}
	k, left := running, line(strong.of(release.Left(c.Bake-c.Baked)), muted.of(" left"))
	switch {
	case c.Baked >= c.Bake:
		k, left = passing, line(strong.of(release.Span(c.Bake)), muted.of(" baked"))
	case sc.State.Held != nil:
		k = warning
	}
	room := w - canaryLabels - left.width() - 2
	done := 1.0
	if c.Bake > 0 {
		done = float64(c.Baked) / float64(c.Bake)
	}
	return join(canaryLine("bake"), t.thread(done, max(room, 4), k), line(plain.of("  ")), left)
}

// canaryLabels is how wide the labels of the panel are.
const canaryLabels = 11

func canaryLine(label string, parts ...span) row {
	return join(line(muted.of(padRight(label, canaryLabels))), parts)
}

// movingRows is what stands below the split while nothing is compared: what it
// waits for or what fails, and the pods of both versions.
func movingRows(sc scene, t theme, w, h int) block {
	var out block
	stage := sc.State.Canary.Stage
	if fails := canaryFails(sc); fails != "" {
		for i, part := range wrapRow(line(failing.of(fails)), w-canaryLabels, t.glyphs.ellipsis) {
			label := ""
			if i == 0 {
				label = "fails"
			}
			if i == 1 && h < 6 || i > 2 {
				break
			}
			out = append(out, canaryLine(label, part...))
		}
	} else if sc.canary.Waits != "" {
		out = append(out, canaryLine("waits for", plain.of(cutEnd(sc.canary.Waits, w-canaryLabels, t.glyphs.ellipsis))))
	}
	switch stage {
	case release.Promoting, release.Restoring:
		sets := replicaSets(sc, t, w, 2)
		if sc.counting() && sc.canary.failing(sc) {
			out = append(out, verdictRows(sc, t, w, 1)...)
		}
		out = append(out, replacedRow(sc, t, w))
		out = append(out, sets...)
		out = append(out, availableRow(sc, t), versionPods(sc, t, "canary", w))
		if sc.counting() && !sc.canary.failing(sc) {
			out = append(out, verdictRows(sc, t, w, 1)...)
		}
	default:
		out = append(out, versionPods(sc, t, "stable", w), versionPods(sc, t, "canary", w))
		if sc.State.Canary.Stage != release.Creating {
			out = append(out, availableRow(sc, t))
		}
	}
	if h < len(out) {
		return out[:max(h, 0)]
	}
	return out
}

// canaryFails is what fails of the versions that are to serve.
func canaryFails(sc scene) string {
	stable, canary := sc.workload().Failures(), sc.State.View.Canary.Failures()
	switch {
	case sc.back():
		return stable
	case canary != "":
		return canary
	}
	return stable
}

// versionPods is a version with its pods, one by one and in words.
func versionPods(sc scene, t theme, which string, w int) row {
	wl, live, version := sc.workload(), sc.live, sc.workload().Version(sc.Plan.Container)
	if which == "canary" {
		wl, live, version = sc.State.View.Canary, sc.live && sc.canary.live, sc.canary.Canary
	}
	tally := wl.Tally(0)
	head := line(muted.of(padRight(which, canaryLabels)), plain.of(padRight(cutMiddle(version, 14, t.glyphs.ellipsis), 8)), plain.of("  "))
	words := podWords(tally)
	switch {
	case which == "canary" && !wl.Found && !wl.At.IsZero():
		words = "no Deployment"
	case !live:
		words = "were " + words
	}
	room := w - head.width() - 2
	pods := podGlyphsOf(t, live, tally, " ", max(min(room/2, 2*mostGlyphs), 4))
	k := muted
	if tally[release.PodFailing] > 0 && live {
		k = failing
	}
	if !live {
		k = unknown
	}
	return join(head, pods, line(plain.of("  "), k.of(words))).fit(w, t.glyphs.ellipsis)
}
