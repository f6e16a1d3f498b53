package traffic

import (
	"math"
	"time"
)

// Bounds are the upper bounds of the duration histogram's buckets, in seconds, without the last one, +Inf.
var Bounds = []float64{.005, .01, .025, .05, .075, .1, .15, .25, .5, 1, 2.5}

// shares returns for each of Bounds the share of requests that take at most that long, and the mean in seconds, when durations are
// distributed log-normally.
func shares(median time.Duration, sigma float64) (cumulative []float64, mean float64) {
	m := median.Seconds()
	cumulative = make([]float64, len(Bounds))
	for i, bound := range Bounds {
		cumulative[i] = 0.5 * (1 + math.Erf(math.Log(bound/m)/(sigma*math.Sqrt2)))
	}
	return cumulative, m * math.Exp(sigma*sigma/2)
}
