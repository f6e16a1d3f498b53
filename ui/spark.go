package ui

import (
	"math"
	"time"

	"datahub.io/slipway/release"
)

// sparkSpan is how far back a sparkline reaches.
const sparkSpan = 10 * time.Minute

// boundLevel is the level of eight at which the bound lies; what is above it is
// over the bound. A sparkline never scales itself, so noise never looks like an
// incident.
const boundLevel = 6

// sparkline draws the last ten minutes of a series in w cells. A cell is the
// mean of its points, or their worst where one is outside the bound: an
// incident is never averaged away. A cell without data is drawn as a gap. Cells
// begin at multiples of their length, so that they stay as they are until the
// line moves on by one.
func (t theme) sparkline(j release.Judgement, points []release.Point, now, change time.Time, w int) row {
	out := make(row, 0, w)
	step := sparkSpan / time.Duration(max(w, 1))
	began := now.Add(step - 1).Truncate(step).Add(-sparkSpan)
	reach := pointStep(points) * 3 / 2
	next, last := 0, release.Point{}
	for i := range w {
		from, to := began.Add(time.Duration(i)*step), began.Add(time.Duration(i+1)*step)
		var sum, worst float64
		n, outside := 0, false
		for ; next < len(points) && !points[next].At.After(to); next++ {
			p := points[next]
			last = p
			if !p.At.After(from) {
				continue
			}
			if n == 0 || excess(j, p.Value) > excess(j, worst) {
				worst = p.Value
			}
			sum += p.Value
			n++
			outside = outside || excess(j, p.Value) > 0
		}
		switch {
		case !change.IsZero() && change.After(from) && !change.After(to):
			out = append(out, span{t.glyphs.change, strong})
		case outside:
			out = append(out, t.sparkCell(j, worst))
		case n > 0:
			out = append(out, t.sparkCell(j, sum/float64(n)))
		case !last.At.IsZero() && earlier(to, now).Sub(last.At) <= reach:
			out = append(out, t.sparkCell(j, last.Value))
		default:
			out = append(out, span{t.glyphs.gap, unknown})
		}
	}
	return out
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// excess is how far a value is outside its bound, in shares of the upper one;
// not above 0 when it is inside.
func excess(j release.Judgement, v float64) float64 {
	if j.High <= 0 {
		return 0
	}
	return max(v-j.High, j.Low-v) / j.High
}

func (t theme) sparkCell(j release.Judgement, v float64) span {
	k := ink{fg: trail}
	if j.High <= 0 {
		return span{t.glyphs.spark[0], k}
	}
	level := int(math.Round(v / j.High * boundLevel))
	level = min(max(level, 1), boundLevel)
	switch {
	case v > j.High*8/7:
		level, k = 8, failing
	case v > j.High:
		level, k = 7, failing
	case v < j.Low:
		k = failing
	}
	return span{t.glyphs.spark[level-1], k}
}

// pointStep is the distance between two points of a series.
func pointStep(points []release.Point) time.Duration {
	least := time.Duration(0)
	for i := 1; i < len(points); i++ {
		if d := points[i].At.Sub(points[i-1].At); d > 0 && (least == 0 || d < least) {
			least = d
		}
	}
	return least
}
