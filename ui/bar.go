package ui

import (
	"math"
	"strings"

	"datahub.io/slipway/release"
)

// bar is a quantity on a scale that belongs to its bound.
type bar struct {
	value  float64   // share of the scale; above 1 it ends in an arrow
	bounds []float64 // shares of the scale at which a bound is drawn
	fill   role
	thin   bool // rows touch
}

// draw draws the bar w cells wide. Anything above zero gets at least one cell.
func (b bar) draw(t theme, w int) row {
	full, empty := t.glyphs.full, t.glyphs.empty
	if b.thin {
		full, empty = t.glyphs.thick, t.glyphs.thin
	}
	filled := min(int(math.Round(b.value*float64(w))), w)
	if b.value > 0 {
		filled = max(filled, 1)
	}
	out := make(row, 0, w)
	for i := range w {
		s := span{empty, ink{fg: track}}
		switch {
		case b.boundAt(i, w):
			s = span{t.glyphs.bound, strong}
		case i == w-1 && b.value > 1:
			s = span{t.glyphs.beyond, ink{fg: b.fill, bold: true}}
		case i < filled:
			s = span{full, ink{fg: b.fill}}
		}
		out = append(out, s)
	}
	return out
}

func (b bar) boundAt(cell, w int) bool {
	for _, share := range b.bounds {
		if int(share*float64(w)) == cell {
			return true
		}
	}
	return false
}

// metricBar is the bar of a judged metric: a threshold sits at 80 % of the
// width, a limit's warning at its own share, a normal range shows both ends
// with normal in the middle of the scale.
func metricBar(j release.Judgement) bar {
	b := bar{fill: goodBar}
	var scale float64
	switch j.Spec.Bound.Kind {
	case release.Limit:
		scale = j.Limit
		if scale > 0 {
			b.bounds = []float64{j.High / scale}
		}
	case release.Range:
		scale = j.High / 0.75
		b.bounds = []float64{j.Low / scale, 0.75}
	default:
		scale = j.High / 0.8
		b.bounds = []float64{0.8}
	}
	if j.Has && scale > 0 {
		b.value = max(j.Value/scale, 0)
	}
	switch j.Verdict {
	case release.Fail:
		b.fill = badBar
	case release.NoData:
		b.fill = unsureBar
	}
	return b
}

// thread is a thin line for time and progress: done, then to come.
func (t theme) thread(share float64, w int, k ink) row {
	n := int(math.Round(min(max(share, 0), 1) * float64(w)))
	return line(
		k.of(strings.Repeat(t.glyphs.done, n)),
		lines.of(strings.Repeat(t.glyphs.todo, w-n)),
	)
}

// pips is the failure budget: "● ● ○ 2/3".
func (t theme) pips(used, of int) row {
	var out row
	for i := range of {
		if i < used {
			out = append(out, failing.of(t.glyphs.pip), plain.of(" "))
		} else {
			out = append(out, faint.of(t.glyphs.pipLeft), plain.of(" "))
		}
	}
	k := muted
	if used > 0 {
		k = failing
	}
	return append(out, k.of(share(used, of)))
}
