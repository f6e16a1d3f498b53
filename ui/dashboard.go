package ui

import (
	"fmt"
	"strings"
	"time"

	"datahub.io/slipway/release"
)

const dashboardTitle = "DEPLOYMENT MONITORING DASHBOARD"

// cellRows is how high a cell of the dashboard is: title, bar and value, bound,
// and where there is room the sparkline.
func cellRows(tall bool) int {
	if tall {
		return 4
	}
	return 3
}

// dashboardHeight is how high the dashboard is in two columns.
func dashboardHeight(sc scene, tall bool) int {
	lines := (len(sc.judged) + 2) / 2
	return lines*(cellRows(tall)+1) + 1
}

// dashboardPanel is the deployment monitoring dashboard: pod status
// and the measured panels in two columns, divided by lines that join the frame.
func dashboardPanel(sc scene, t theme, w int, tall bool) block {
	left := (w - 1) / 2
	right := w - 2 - left // between the middle line and the right border
	left--                // between the left border and the middle line
	cells := []block{podCell(sc, t, left-2, tall)}
	for i, j := range sc.judged {
		inner := right - 2
		if i%2 == 1 {
			inner = left - 2
		}
		cells = append(cells, metricCell(sc, t, j, inner, tall))
	}
	if len(cells)%2 == 1 {
		cells = append(cells, block(nil).sized(right-2, cellRows(tall), ""))
	}
	g := t.glyphs.frame
	v := lines.of(g.v)
	out := block{t.edge(lines, g.topLeft, g.h, g.topRight, line(strong.of(dashboardTitle)), nil, w)}
	for i := 0; i < len(cells); i += 2 {
		if i > 0 {
			out = append(out, line(lines.of(g.left+repeat(g.h, left)+g.both+repeat(g.h, right)+g.right)))
		}
		for n := range cells[i] {
			out = append(out, join(line(v, plain.of(" ")), cells[i][n], line(plain.of(" "), v, plain.of(" ")), cells[i+1][n], line(plain.of(" "), v)))
		}
	}
	if legend := dashboardLegend(sc, t); tall && legend != nil {
		return append(out, t.edge(lines, g.bottomLeft, g.h, g.bottomRight, nil, legend, w))
	}
	return append(out, line(lines.of(g.bottomLeft+repeat(g.h, left)+g.down+repeat(g.h, right)+g.bottomRight)))
}

// dashboardLegend says how the sparklines are to be read.
func dashboardLegend(sc scene, t theme) row {
	dot := " " + t.glyphs.dot + " "
	switch {
	case len(sc.judged) == 0:
		return nil
	case sc.stale:
		return line(unknown.of("last sample "+sc.sampled.Format("15:04:05")), muted.of("; "), unknown.of("~"),
			muted.of(" is drawn from memory, "), unknown.of(t.glyphs.gap), muted.of(" is no data"))
	case sc.State.Rollout.Began.IsZero():
		return line(faint.of("lines: last 10 min, level 6 of 8 = the bound"))
	case sc.canary.under:
		at, words := sc.change()
		return line(faint.of("whole service, last 10 min"+dot), strong.of(t.glyphs.change),
			faint.of(" "+t.glyphs.say(words)+" "+at.In(sc.Now.Location()).Format("15:04:05")))
	}
	return line(faint.of("lines: last 10 min, level 6 of 8 = the bound"+dot), strong.of(t.glyphs.change),
		faint.of(" "+rolloutWord(sc)+" "+sc.State.Rollout.Began.Format("15:04:05")))
}

// rolloutWord is what began the rollout under way.
func rolloutWord(sc scene) string {
	if sc.State.Phase == release.RollingBack || sc.State.Phase == release.RolledBack {
		return "undo"
	}
	return "image set"
}

// metricCell is one measured panel.
func metricCell(sc scene, t theme, j release.Judgement, w int, tall bool) block {
	roomy := tall && w >= 32
	verdict := verdictRow(sc, t, j, roomy)
	if !roomy {
		verdict = shortAge(verdict, sc.Now.Sub(j.At))
	}
	title := strong.of(cutEnd(j.Spec.Title, w-verdict.width()-1, t.glyphs.ellipsis))
	barWidth := w - 11
	value := valueSpan(j)
	if cells(value.text) > 9 {
		barWidth = max(w-2-cells(value.text), 4)
	}
	bound := line(muted.of(boundWords(j, t)))
	var beside row
	if roomy {
		beside = besideBound(sc, t, j)
	}
	if bound.width()+1+beside.width() > w && j.Verdict == release.Pass {
		beside = nil
	}
	out := block{
		spread(line(title), verdict, w, t.glyphs.ellipsis),
		join(metricBar(j).draw(t, barWidth), line(plain.of("  "), value)).fit(w, t.glyphs.ellipsis),
		spread(bound, beside, w, t.glyphs.ellipsis),
	}
	if tall {
		changed, _ := sc.change()
		spark := t.sparkline(j, sc.Series[j.Spec.Name], sc.Now, changed, w-1)
		out = append(out, spark.fit(w, ""))
	}
	return out
}

// shortAge is a verdict with its age in whole seconds.
func shortAge(verdict row, age time.Duration) row {
	if len(verdict) < 3 {
		return verdict
	}
	return append(verdict[:2:2], faint.of(" "+wholeAge(age)))
}

// valueSpan is the value, as a share of the limit where the bound is one.
func valueSpan(j release.Judgement) span {
	text := valueText(j)
	switch {
	case !j.Has:
		return unknown.of("no data")
	case j.Lack == release.OldSample:
		return unknown.of("~" + text)
	case j.Verdict == release.Fail:
		return failing.bolder().of(text)
	}
	return strong.of(text)
}

func valueText(j release.Judgement) string {
	if j.Spec.Bound.Kind == release.Limit && j.Limit > 0 {
		return release.Format(release.Ratio, j.Value/j.Limit)
	}
	return release.Format(j.Spec.Unit, j.Value)
}

// verdictRow is the verdict with its mark and the age of the sample.
func verdictRow(sc scene, t theme, j release.Judgement, roomy bool) row {
	age := faint.of(" " + release.Age(sc.Now.Sub(j.At)))
	switch {
	case !j.Has:
		return line(t.mark(release.MarkUnknown, sc.Now), unknown.of(" no data"))
	case j.Lack == release.OldSample:
		return line(t.mark(release.MarkStale, sc.Now), unknown.of(" stale"), age)
	case j.Verdict == release.Fail:
		word := " FAIL"
		if after := sc.Plan.Rollback.After; j.Spec.Rollback && j.Failing > 0 && after > 0 && roomy {
			word += fmt.Sprintf(" %d of %d", min(j.Failing, after), after)
		}
		return line(t.mark(release.MarkFail, sc.Now), failing.bolder().of(word), age)
	case j.Verdict == release.NoData:
		return line(t.mark(release.MarkUnknown, sc.Now), unknown.of(" no data"), age)
	}
	word := " pass"
	if roomy && j.Spec.Bound.Kind == release.Range {
		word = " in range"
	}
	return line(t.mark(release.MarkPass, sc.Now), muted.of(word), age)
}

// boundWords writes the bound with the glyphs of the terminal.
func boundWords(j release.Judgement, t theme) string {
	return strings.ReplaceAll(release.BoundWords(j), "±", t.glyphs.plusMinus)
}

// besideBound is the figure that the value is compared with: when the sample was
// taken if it is old, how far it is over, the peak of a limited resource, or
// the value before the change.
func besideBound(sc scene, t theme, j release.Judgement) row {
	switch {
	case j.Has && j.Lack == release.OldSample:
		return line(faint.of("at " + j.At.Format("15:04:05")))
	case !j.Has:
		return line(unknown.of(j.Why))
	case j.Verdict == release.NoData:
		return line(unknown.of(j.Why))
	case j.Verdict == release.Fail && j.Spec.Bound.Kind == release.Threshold && j.High > 0:
		return line(failing.of(fmt.Sprintf("%.1f%s threshold", j.Value/j.High, t.glyphs.times)))
	}
	points := sc.Series[j.Spec.Name]
	if j.Spec.Bound.Kind == release.Limit {
		if peak, ok := peakOf(sc, points); ok {
			peak = max(peak, j.Value)
			return line(faint.of("peak " + release.Format(j.Spec.Unit, peak)))
		}
		return nil
	}
	if before, ok := beforeChange(sc, points); ok {
		return line(faint.of("before " + release.Format(j.Spec.Unit, before)))
	}
	return nil
}

// peakOf is the highest point of what the sparkline shows.
func peakOf(sc scene, points []release.Point) (peak float64, ok bool) {
	for _, p := range points {
		if sc.Now.Sub(p.At) <= sparkSpan && (!ok || p.Value > peak) {
			peak, ok = p.Value, true
		}
	}
	return peak, ok
}

// beforeChange is the mean of the minutes before the change, as far as the
// sparkline reaches.
func beforeChange(sc scene, points []release.Point) (mean float64, ok bool) {
	began, _ := sc.change()
	if began.IsZero() || sc.Now.Sub(began) > sparkSpan {
		return 0, false
	}
	n := 0
	for _, p := range points {
		if sc.Now.Sub(p.At) <= sparkSpan && p.At.Before(began) {
			mean += p.Value
			n++
		}
	}
	if n == 0 {
		return 0, false
	}
	return mean / float64(n), true
}
