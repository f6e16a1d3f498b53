package report

import (
	"fmt"
	"math"
	"strings"
	"time"

	"datahub.io/slipway/release"
)

// A plot is an svg without a view box: labels and marks stand at a percentage of the
// width in a fixed size, and the curves in an inner svg that is stretched. So text is as
// large on a phone as on paper.
const (
	plotHeight = 128
	plotTop    = 22
	plotBottom = 106
	boundAt    = 0.8 // of the height, unless the peak is higher
)

func (rep Report) plot(w *page, n int, m Metric) {
	all := rep.curve(func(r release.Reading) (float64, bool) { v, ok := r.All[m.Name]; return v, ok })
	canary := rep.curve(func(r release.Reading) (float64, bool) { v, ok := r.Canary[m.Name]; return v, ok })
	at, peak, known := all.peak()
	if i, v, ok := canary.peak(); ok && (!known || v > peak) {
		at, peak, known = i, v, true
	}
	full := peak * 1.1
	if m.high > 0 {
		full = max(m.high/boundAt, full)
	}
	if full <= 0 {
		full = 1
	}
	words := "no figures"
	if known {
		words = fmt.Sprintf("highest %s at %s", release.Format(m.unit, peak), clock(rep.moment(at)))
	}
	class := map[string]string{"within": "pass", "BEYOND": "fail", "no data": "unknown"}[m.Word]
	w.raw(`<figure>`)
	w.put(`<figcaption><b>%s</b> <span class="v `+class+`">%s</span> <span class="sub">%s; %s</span></figcaption>`, m.Title, m.Word, m.Bound, words)
	w.raw(fmt.Sprintf(`<svg class="plot" width="100%%" height="%d" role="img" aria-labelledby="t%d">`, plotHeight, n))
	w.put(fmt.Sprintf(`<title id="t%d">`, n)+`%s: %s; %s</title>`, m.Title, m.Word, words)
	height := float64(plotBottom - plotTop)
	w.raw(fmt.Sprintf(`<svg x="0" y="%d" width="100%%" height="%d" viewBox="0 0 1000 100" preserveAspectRatio="none">`, plotTop, plotBottom-plotTop))
	for _, gap := range all.gaps(canary) {
		w.raw(fmt.Sprintf(`<rect class="nodata" x="%.1f" y="0" width="%.1f" height="100"/>`, gap[0], gap[1]-gap[0]))
	}
	w.raw(fmt.Sprintf(`<path class="old" d="%s"/>`, all.path(full)))
	if _, _, ok := canary.peak(); ok {
		w.raw(fmt.Sprintf(`<path class="new" d="%s"/>`, canary.path(full)))
	}
	w.raw(`</svg>`)
	if m.high > 0 {
		y := float64(plotBottom) - height*m.high/full
		w.raw(fmt.Sprintf(`<line class="bound" x1="0" x2="100%%" y1="%.1f" y2="%.1f"/>`, y, y))
		w.put(fmt.Sprintf(`<text class="bl" x="3" y="%.1f">`, y-4)+`%s</text>`, release.Format(m.unit, m.high))
	}
	if known && m.beyond(peak) {
		x := rep.percent(rep.moment(at))
		anchor := "end"
		if x < 30 {
			anchor = "start"
		}
		w.raw(fmt.Sprintf(`<text class="peak" text-anchor="%s" x="%.2f%%" y="%.1f">`, anchor, x, float64(plotBottom)-height*peak/full-3))
		w.put(`%s at %s</text>`, release.Format(m.unit, peak), clock(rep.moment(at)))
	}
	w.raw(fmt.Sprintf(`<line class="axis" x1="0" x2="100%%" y1="%d" y2="%d"/>`, plotBottom, plotBottom))
	rep.marks(w)
	rep.ticks(w)
	w.raw(`</svg></figure>`)
}

// marks draws the acts; badges that would lie over each other are pushed apart, their
// lines stay.
func (rep Report) marks(w *page) {
	const narrow, apart = 330.0, 18.0 // the width of a plot on a phone, and of a badge
	right := math.Inf(-1)
	for _, a := range rep.Acts {
		x := rep.percent(a.At)
		if x < 0 || x > 100 {
			continue
		}
		px := x * narrow / 100
		shift := max(right+apart-px, 0)
		right = px + shift
		w.put(fmt.Sprintf(`<g class="%s">`, undoClass(a.Undo))+`<title>%s: %s %s</title>`, fmt.Sprint(a.Number), clock(a.At), a.Text)
		w.raw(fmt.Sprintf(`<line x1="%.2f%%" x2="%.2f%%" y1="18" y2="%d"/><g transform="translate(%.0f 0)"><circle cx="%.2f%%" cy="9" r="8"/><text x="%.2f%%" y="13">%d</text></g></g>`,
			x, x, plotBottom, shift, x, x, a.Number))
	}
}

// ticks are full minutes, five at most.
func (rep Report) ticks(w *page) {
	step := time.Minute
	for _, s := range []time.Duration{time.Minute, 2 * time.Minute, 5 * time.Minute, 10 * time.Minute, 15 * time.Minute, 30 * time.Minute, time.Hour, 3 * time.Hour, 6 * time.Hour, 24 * time.Hour, 7 * 24 * time.Hour} {
		if step = s; rep.end.Sub(rep.begin) <= 5*s {
			break
		}
	}
	for at := rep.begin.UTC().Truncate(step).Add(step); at.Before(rep.end); at = at.Add(step) {
		x := rep.percent(at)
		if x < 4 || x > 96 {
			continue
		}
		w.raw(fmt.Sprintf(`<line class="tick" x1="%.2f%%" x2="%.2f%%" y1="%d" y2="%d"/><text class="tk" x="%.2f%%" y="%d">%s</text>`,
			x, x, plotBottom, plotBottom+4, x, plotBottom+17, at.Format("15:04")))
	}
}

func (rep Report) percent(at time.Time) float64 {
	return 100 * float64(at.Sub(rep.begin)) / float64(rep.end.Sub(rep.begin))
}

func (rep Report) moment(i int) time.Time { return rep.begin.Add(time.Duration(i) * slot) }

// x is where a slot stands, of 1000.
func (c curve) x(i int) float64 { return 1000 * float64(i) / float64(max(len(c.values)-1, 1)) }

// path is the curve; it begins anew after a gap.
func (c curve) path(full float64) string {
	var b strings.Builder
	pen := "M"
	for i, known := range c.known {
		if !known {
			pen = "M"
			continue
		}
		fmt.Fprintf(&b, "%s%.1f %.1f", pen, c.x(i), 100-100*min(max(c.values[i]/full, 0), 1))
		if pen == "M" && (i+1 == len(c.known) || !c.known[i+1]) {
			b.WriteString("h1") // a single value is a dot
		}
		pen = "L"
	}
	return b.String()
}

// gaps are the stretches in which neither curve has a value.
func (c curve) gaps(other curve) (all [][2]float64) {
	for i := 0; i < len(c.known); i++ {
		from := i
		for i < len(c.known) && !c.known[i] && !other.known[i] {
			i++
		}
		if i > from {
			all = append(all, [2]float64{c.x(max(from-1, 0)), c.x(min(i, len(c.known)-1))})
		}
	}
	return all
}
