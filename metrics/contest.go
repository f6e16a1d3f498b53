package metrics

import (
	"context"
	"slices"
	"sync"
	"time"

	"datahub.io/slipway/release"
)

const (
	glance   = 10 * time.Minute       // of both versions' values that is shown
	patience = 300 * time.Millisecond // that a round waits for what looks back
)

// contest is one comparison of two versions while it lasts. A round asks for the
// newest figures of both. What looks back, the sparklines and the trials, is asked
// for beside the rounds: a slow answer does not hold up the next figures.
type contest struct {
	*Client
	of     release.Comparing
	wanted context.Context // ends when something else is compared
	ctx    context.Context // ends with that, or with Watch
	asking *sync.WaitGroup // what Watch has to wait for at its end
	duels  []*duel

	mu   sync.Mutex // over what follows, and what is found in the duels
	past [2]history
}

// duel is one metric of a contest.
type duel struct {
	metric release.MetricName
	sides  [2]question
	last   [2]release.Sample // the newest that had a value
	filled [2]bool           // the values from before are there
	busy   [2]bool           // or being asked for

	trial  bool // there is one
	trying bool // and it is under way
	closed int  // windows that the last one was made after
	result release.Trial
}

// enter gives the contest that is wanted now, or nil when nothing is.
func (w *watcher) enter(ctx context.Context) *contest {
	of, wanted := w.wish.now()
	switch {
	case !of.On || len(w.Versus) == 0:
		w.contest = nil
	case w.contest == nil || w.contest.wanted != wanted:
		w.contest = w.newContest(ctx, of, wanted)
	}
	return w.contest
}

func (w *watcher) newContest(ctx context.Context, of release.Comparing, wanted context.Context) *contest {
	ctx, cancel := context.WithCancel(ctx)
	context.AfterFunc(wanted, cancel)
	m := &contest{Client: w.Client, of: of, wanted: wanted, ctx: ctx, asking: &w.asking, past: [2]history{{}, {}}}
	for _, v := range w.Versus {
		m.duels = append(m.duels, &duel{
			metric: v.Metric, trial: v.Trial && !of.Since.IsZero(),
			sides: [2]question{canary: ask(v.side(canary, of)), stable: ask(v.side(stable, of))},
		})
	}
	return m
}

// ask begins to ask for all figures of both versions, and gives where the answers
// will be.
func (m *contest) ask() <-chan [][2]reading {
	answers := make(chan [][2]reading, 1)
	m.asking.Go(func() {
		all := make([][2]reading, len(m.duels))
		var wait sync.WaitGroup
		for i, d := range m.duels {
			for side, q := range d.sides {
				wait.Go(func() { all[i][side] = m.read(m.ctx, q) })
			}
		}
		wait.Wait()
		answers <- all
	})
	return answers
}

// round makes the pairs of the answers, in the order of the options, together with
// what is known by then of the time before.
func (m *contest) round(answers [][2]reading, now time.Time) []release.Pair {
	skew := m.clockSkew()
	pairs := make([]release.Pair, len(m.duels))
	m.mu.Lock()
	for i, d := range m.duels {
		for side, r := range answers[i] {
			s := r.sample(d.metric, d.last[side], skew)
			if s.Err == "" {
				d.last[side] = s
			}
			m.past[side].add(s, now)
			if side == canary {
				pairs[i].Canary = s
			} else {
				pairs[i].Stable = s
			}
		}
	}
	m.mu.Unlock()
	m.lookBack(answers, now, skew)
	m.mu.Lock()
	defer m.mu.Unlock()
	for i, d := range m.duels {
		p := &pairs[i]
		p.Metric, p.Trial = d.metric, d.result
		p.Past.Canary, p.Past.Stable = m.shown(canary, d.metric, now), m.shown(stable, d.metric, now)
	}
	return pairs
}

// shown gives the values for a sparkline: a copy, which the receiver may keep.
func (m *contest) shown(side int, name release.MetricName, now time.Time) []release.Point {
	points := slices.Clone(m.past[side][name])
	return slices.DeleteFunc(points, func(p release.Point) bool { return now.Sub(p.At) > glance })
}

// gap says that the link was lost: the time before is asked for again.
func (m *contest) gap() {
	if m == nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, d := range m.duels {
		d.filled = [2]bool{}
	}
}

// lookBack asks for what is missing of the time before, and waits a little for it.
func (m *contest) lookBack(answers [][2]reading, now time.Time, skew time.Duration) {
	var begun sync.WaitGroup
	begin := func(f func()) {
		begun.Add(1)
		m.asking.Go(func() {
			defer begun.Done()
			f()
		})
	}
	m.mu.Lock()
	for i, d := range m.duels {
		for side, r := range answers[i] {
			if !d.filled[side] && !d.busy[side] && r.err == nil && r.freshErr == nil {
				d.busy[side] = true
				begin(func() { m.fill(d, side, r.scraped, now, skew) })
			}
		}
		if n := m.closed(answers[i], skew); d.trial && n > d.closed && !d.trying {
			d.trying = true
			begin(func() { m.try(d, n, skew) })
		}
	}
	m.mu.Unlock()
	done := make(chan struct{})
	go func() {
		begun.Wait()
		close(done)
	}()
	select {
	case <-done:
	case <-time.After(patience):
	}
}

// fill fetches the values of one side up to its newest scrape.
func (m *contest) fill(d *duel, side int, scraped, now time.Time, skew time.Duration) {
	points, _ := m.over(m.ctx, d.sides[side].query, scraped.Add(-glance), scraped, m.Every)
	m.mu.Lock()
	defer m.mu.Unlock()
	d.busy[side] = false
	if len(points) > 0 {
		m.past[side].join(d.metric, shifted(points, skew), now)
		d.filled[side] = true
	}
}
