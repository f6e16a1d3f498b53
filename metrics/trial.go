package metrics

import (
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/aclements/go-moremath/stats"

	"datahub.io/slipway/release"
)

// trialMost is how many windows a trial looks back over at most.
const trialMost = 400

// closed tells how many windows since the comparison began lie wholly in the time
// up to which the figures of both sides are known. The first one begins when the
// comparison does, so that nothing from before counts.
func (m *contest) closed(answers [2]reading, skew time.Duration) int {
	if m.Window <= 0 {
		return 0
	}
	known := answers[canary].scraped
	if answers[stable].scraped.Before(known) {
		known = answers[stable].scraped
	}
	if answers[canary].freshErr != nil || answers[stable].freshErr != nil || known.IsZero() {
		return 0
	}
	return int(known.Sub(m.since(skew)) / m.Window)
}

// since is when the comparison began, by Prometheus's clock, in its whole
// milliseconds: not earlier.
func (m *contest) since(skew time.Duration) time.Time {
	at := m.of.Since.Add(-skew)
	if whole := at.Truncate(time.Millisecond); !whole.Equal(at) {
		return whole.Add(time.Millisecond)
	}
	return at
}

// try makes the trial of a metric after so many windows. Where Prometheus does not
// answer it stays as it was, and the next round tries again.
func (m *contest) try(d *duel, windows int, skew time.Duration) {
	since := m.since(skew)
	first := since.Add(time.Duration(max(1, windows-trialMost+1)) * m.Window)
	last := since.Add(time.Duration(windows) * m.Window)
	var values [2][]release.Point
	var errs [2]error
	var wait sync.WaitGroup
	for side, q := range d.sides {
		wait.Go(func() { values[side], errs[side] = m.over(m.ctx, q.query, first, last, m.Window) })
	}
	wait.Wait()
	m.mu.Lock()
	defer m.mu.Unlock()
	d.trying = false
	for _, err := range errs {
		if err != nil && !errors.Is(err, errEmpty) {
			return
		}
	}
	d.closed, d.result = windows, trialOf(values[canary], values[stable])
}

// trialOf tries whether the canary's values are higher than stable's, by a
// one-sided Mann–Whitney U test: exact up to 50 values of each, 25 with ties, and
// from there on by the normal distribution, corrected for ties and continuity.
//
// Kayenta's judge has the same test and the same 98% (spinnaker/kayenta,
// NetflixACAJudge and MannWhitneyClassifier), and passes equal values without it,
// as this does. It asks whether the confidence interval of the difference, in either
// direction, keeps away from 0 by a quarter of that difference, and leaves outliers
// out. Here only higher is worse, how much of a difference matters is the rule's to
// say, and outliers stay: to ranks they are no more than high, and they may be what
// is looked for.
func trialOf(canaries, stables []release.Point) release.Trial {
	c, s := sorted(canaries), sorted(stables)
	t := release.Trial{N: len(c), M: len(s), Canary: median(c), Stable: median(s)}
	if t.N == 0 || t.M == 0 {
		t.P = 1
		return t
	}
	// That stable's are lower is asked, not that the canary's are higher: the same,
	// but LocationGreater takes a whole step off a statistic that moves by halves
	// where there are ties, and would call the canary better than it is.
	result, err := stats.MannWhitneyUTest(s, c, stats.LocationLess)
	if err != nil {
		t.P = 1 // all values are equal
		return t
	}
	t.P = min(max(result.P, 0), 1)
	return t
}

func sorted(points []release.Point) []float64 {
	values := make([]float64, len(points))
	for i, p := range points {
		values[i] = p.Value
	}
	slices.Sort(values)
	return values
}

// median of sorted values; 0 without any.
func median(values []float64) float64 {
	n := len(values)
	if n == 0 {
		return 0
	}
	return (values[(n-1)/2] + values[n/2]) / 2
}
