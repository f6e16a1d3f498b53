package metrics

import (
	"context"
	"sync"
	"time"

	"datahub.io/slipway/release"
)

// backoff is how long to wait after so many failed tries.
func backoff(tries int) time.Duration {
	return min(time.Second<<min(tries-1, 4), 10*time.Second)
}

// Watch asks for every metric at once, then again after Every, until ctx ends.
// Each round emits one Linked and, when Prometheus answered, one Sampled with a
// sample for every metric and, while something is compared, one Compared with a
// pair for every metric; series gets fresh copies that the receiver may keep.
// A lost link is tried again for ever, after at most 10 s or on Retry, and the
// history is fetched anew when it is back.
func (c *Client) Watch(ctx context.Context, emit func(release.Event), series func(map[release.MetricName][]release.Point)) {
	w := watcher{
		Client: c, emit: emit, series: series,
		last: map[release.MetricName]release.Sample{}, past: map[release.MetricName]bool{}, history: history{},
	}
	defer w.asking.Wait()
	for ctx.Err() == nil {
		wait := w.turn(ctx)
		select {
		case <-ctx.Done():
		case <-c.retry:
		case <-time.After(wait):
		}
	}
}

// watcher is the state of one Watch.
type watcher struct {
	*Client
	emit    func(release.Event)
	series  func(map[release.MetricName][]release.Point)
	link    release.Link
	last    map[release.MetricName]release.Sample // the newest that had a value
	past    map[release.MetricName]bool           // the history before the link came up is there
	history history
	contest *contest       // nil while nothing is compared
	asking  sync.WaitGroup // what a contest has under way
}

// turn is one round: it emits what was found, and tells how long to wait for the
// next one.
func (w *watcher) turn(ctx context.Context) time.Duration {
	next := time.Now().Add(w.Every)
	contest := w.enter(ctx)
	var answers <-chan [][2]reading
	if contest != nil {
		answers = contest.ask()
	}
	readings, err := w.round(ctx)
	if ctx.Err() != nil {
		return 0
	}
	now := w.Now()
	if err != nil {
		return w.down(now, err)
	}
	w.up(now)
	skew := w.clockSkew()
	samples := make([]release.Sample, len(readings))
	for i, spec := range w.Specs {
		s := readings[i].sample(spec.Name, w.last[spec.Name], skew)
		if s.Err == "" {
			w.last[spec.Name] = s
		}
		w.history.add(s, now)
		samples[i] = s
	}
	w.emit(release.Sampled{Samples: samples})
	w.series(w.history.copy())
	if contest != nil {
		w.compared(contest, <-answers)
	}
	if w.backfill(ctx, now, readings) {
		w.series(w.history.copy())
	}
	return time.Until(next)
}

// compared emits what a round found of both versions, unless something else is to
// be compared by now.
func (w *watcher) compared(contest *contest, answers [][2]reading) {
	if contest.ctx.Err() != nil {
		return
	}
	pairs := contest.round(answers, w.Now())
	if contest.ctx.Err() == nil {
		w.emit(release.Compared{Of: contest.of, Pairs: pairs})
	}
}

func (w *watcher) down(now time.Time, err error) time.Duration {
	if w.link.OK || w.link.Since.IsZero() {
		w.link = release.Link{Since: now, Last: w.link.Last}
	}
	w.link.Tries++
	wait := backoff(w.link.Tries)
	w.link.Err, w.link.Next = err.Error(), now.Add(wait)
	w.emit(release.Linked{Source: release.Prometheus, Link: w.link})
	return wait
}

func (w *watcher) up(now time.Time) {
	if !w.link.OK {
		w.link = release.Link{OK: true, Since: now}
		clear(w.past)
		w.contest.gap()
	}
	w.link.Last = now
	w.emit(release.Linked{Source: release.Prometheus, Link: w.link})
}

// backfill fetches the history of the metrics that have none yet, up to their
// newest scrape, and tells whether there was any.
func (w *watcher) backfill(ctx context.Context, now time.Time, readings []reading) (changed bool) {
	var wait sync.WaitGroup
	skew := w.clockSkew()
	pasts := make([][]release.Point, len(readings))
	for i, spec := range w.Specs {
		r := readings[i]
		if w.past[spec.Name] || r.err != nil || r.freshErr != nil {
			continue
		}
		wait.Go(func() { pasts[i], _ = w.over(ctx, spec.Query, r.scraped.Add(-span), r.scraped, w.Every) })
	}
	wait.Wait()
	for i, spec := range w.Specs {
		if len(pasts[i]) == 0 {
			continue
		}
		w.history.join(spec.Name, shifted(pasts[i], skew), now)
		w.past[spec.Name], changed = true, true
	}
	return changed
}
