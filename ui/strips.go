package ui

import (
	"time"

	"datahub.io/slipway/release"
)

// stripBar is how wide the bars of the one-row panels are.
const stripBar = 14

// stripsPanel is the dashboard in one column: each of the six panels is one row
// of name, bar, value, bound, sparkline, verdict and age. Below 80 columns the
// sparkline goes first, then the bound's word.
// Label stands at the right of its title.
func stripsPanel(sc scene, t theme, label row, w int) block {
	body := strips(sc, t, w-4)
	title := strong.of(dashboardTitle)
	if cells(dashboardTitle)+label.width()+8 > w {
		title = strong.of("DASHBOARD")
	}
	return panel{title: line(title), label: label}.draw(t, inset(body...), w, len(body)+2)
}

// strips are the six panels without their frame.
func strips(sc scene, t theme, w int) block {
	out := make(block, 0, 1+len(sc.judged))
	out = append(out, podStrip(sc, t, w))
	for _, j := range sc.judged {
		out = append(out, metricStrip(sc, t, j, w))
	}
	return out
}

// podStrip is the row of the Pod Status panel.
func podStrip(sc scene, t theme, w int) row {
	c := countPods(sc)
	k := strong
	if !sc.live {
		k = unknown
	}
	bad := plain
	if c.failing > 0 {
		bad = failing.bolder()
	}
	verdict := stripVerdict(podVerdict(sc, t), sc.age)
	ready := line(strong.of(padRight("Pod Status", 14)), plain.of("Ready: "), k.of(c.of()))
	updating := line(plain.of("  Updating: "), k.of(padRight(c.figure(c.updating), 2)))
	failing := line(plain.of("  Failing: "), bad.of(c.figure(c.failing)))
	tries := []row{join(ready, updating, failing), join(ready, updating)}
	if c.failing > 0 {
		tries[1] = join(ready, failing)
	}
	if sc.paired() {
		stable, canary := versionReady(sc, "stable"), versionReady(sc, "canary")
		tries = []row{join(ready, stable, canary, failing), join(ready, canary, failing), join(ready, stable, canary)}
		if c.failing == 0 {
			tries[1] = tries[2]
		}
		tries = append(tries, join(ready, canary))
	}
	left := tries[len(tries)-1]
	for _, try := range tries {
		if try.width()+1+verdict.width() <= w {
			left = try
			break
		}
	}
	return spread(left, verdict, w, t.glyphs.ellipsis)
}

// versionReady is how many pods of a version are ready: "stable 6/6".
func versionReady(sc scene, which string) row {
	wl, k := sc.workload(), strong
	live := sc.live
	if which == "canary" {
		wl, live = sc.State.View.Canary, sc.live && sc.canary.live
	}
	if !live {
		k = unknown
	}
	return line(muted.of("  "+which+" "), k.of(share(wl.Ready, wl.Desired)))
}

// stripVerdict puts the age of a verdict into a column of its own.
func stripVerdict(verdict row, age time.Duration) row {
	if len(verdict) < 3 {
		return verdict
	}
	return join(verdict[:2], line(faint.of(padLeft(wholeAge(age), 4))))
}

// wholeAge is an age without the tenths of the first second.
func wholeAge(d time.Duration) string {
	if d < time.Second {
		return "0s"
	}
	return release.Age(d)
}

// metricStrip is the row of a measured panel.
func metricStrip(sc scene, t theme, j release.Judgement, w int) row {
	b := metricBar(j)
	b.thin = true
	verdict := stripVerdict(verdictRow(sc, t, j, false), sc.Now.Sub(j.At))
	name := line(strong.of(padRight(cutEnd(j.Spec.Title, 13, t.glyphs.ellipsis), 14)))
	value := valueSpan(j)
	width := stripBar
	if w < narrow-4 {
		width -= 2
	}
	left := join(name, b.draw(t, width), line(plain.of("  "), span{padRight(value.text, 9), value.ink}))
	room := w - left.width() - verdict.width()
	words := boundWords(j, t)
	if j.Spec.Bound.Kind == release.Range {
		words = "Normal: " + release.Format(j.Spec.Unit, j.Spec.Bound.Normal)
	}
	spark := min(room-18-2, 7)
	switch {
	case room >= 18+5+2 && spark >= 5:
		left = append(left, muted.of(padRight(words, 18)))
		left = join(left, t.sparkline(j, sc.Series[j.Spec.Name], sc.Now, time.Time{}, spark))
	case room >= cells(words)+1:
		left = append(left, muted.of(words))
	case room >= cells(bareBound(j))+1:
		left = append(left, muted.of(bareBound(j)))
	}
	return spread(left, verdict, w, t.glyphs.ellipsis)
}

// bareBound is the bound without its word.
func bareBound(j release.Judgement) string {
	switch j.Spec.Bound.Kind {
	case release.Range:
		return release.Format(j.Spec.Unit, j.Spec.Bound.Normal)
	case release.Limit:
		if j.Limit == 0 {
			return "?"
		}
		return release.Format(j.Spec.Unit, j.Limit)
	default:
		return release.Format(j.Spec.Unit, j.Spec.Bound.Max)
	}
}
