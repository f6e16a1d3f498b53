package metrics

import (
	"errors"
	"sync"
	"time"

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
