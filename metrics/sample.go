package metrics

import (
	"context"
	"errors"
	"sync"
	"time"

	"datahub.io/slipway/release"
)

// question is a query, with the one that asks how old its figures are.
type question struct {
	query string
	age   companion
}

func ask(query string) question { return question{query, companionOf(query)} }

// reading is the answer to a question.
type reading struct {
	value     float64
	evaluated time.Time // by Prometheus's clock; zero when there is no value
	sent      time.Time // by ours, as that query was asked …
	received  time.Time // … and answered
	err       error     // why there is no value
	scraped   time.Time // by Prometheus's clock
	freshErr  error     // why that is not known
	alone     bool      // nothing was asked about its age: it reads no metric
}

// link is the error of the way to Prometheus, if neither query was answered.
func (r reading) link() error {
	if isLink(r.err) && (isLink(r.freshErr) || r.alone) {
		return r.err
	}
	return nil
}

// read asks for the value and for its age at the same time.
func (c *Client) read(ctx context.Context, q question) reading {
	r := reading{alone: q.age.query == ""}
	done := make(chan struct{})
	go func() {
		defer close(done)
		if !r.alone {
			r.scraped, r.freshErr = c.scraped(ctx, q.age)
		}
	}()
	r.sent = c.Now()
	value, err := c.query(ctx, q.query)
	r.received = c.Now()
	if r.err = err; err == nil {
		r.value, r.evaluated, r.err = single(value)
	}
	<-done
	if r.alone {
		r.scraped = r.evaluated // a constant is as new as its evaluation
	}
	return r
}

// round asks once for everything, at the same time, and learns how far apart the
// clocks are. Its error is that of the link, when no query at all was answered.
func (c *Client) round(ctx context.Context) ([]reading, error) {
	readings := make([]reading, len(c.specs))
	var wait sync.WaitGroup
	for i, q := range c.specs {
		wait.Go(func() { readings[i] = c.read(ctx, q) })
	}
	wait.Wait()
	if err := lost(readings); err != nil {
		return readings, err
	}
	c.setClockSkew(skewOf(c.clockSkew(), readings))
	return readings, nil
}

// lost tells whether the link is down: no query at all has been answered.
func lost(readings []reading) error {
	var first error
	for _, r := range readings {
		err := r.link()
		if err == nil {
			return nil
		}
		if first == nil {
			first = err
		}
	}
	return first
}

// Sample asks once for every metric and gives a sample of each, in the order of
// the specs. Where there is no figure, the sample says why; behind a lost link
// all of them do.
func (c *Client) Sample(ctx context.Context) []release.Sample {
	readings, _ := c.round(ctx) // of a lost link each reading has the error itself
	samples := make([]release.Sample, len(readings))
	for i, spec := range c.Specs {
		samples[i] = readings[i].sample(spec.Name, release.Sample{}, c.clockSkew())
	}
	return samples
}

// sample makes the sample of a reading. When nothing is scraped any more, the
// last one stays the newest there is, and ages: what Prometheus still computes
// from the remains is no figure.
func (r reading) sample(name release.MetricName, last release.Sample, skew time.Duration) release.Sample {
	ended := errors.Is(r.freshErr, errNotScraped)
	switch {
	case ended && !last.At.IsZero() && (r.err == nil || errors.Is(r.err, errEmpty)):
		return last
	case r.err != nil && (!ended || !errors.Is(r.err, errEmpty)):
		return release.Sample{Metric: name, Err: r.err.Error(), Lack: lackOf(r.err)}
	case r.freshErr != nil:
		return release.Sample{Metric: name, Err: r.freshErr.Error(), Lack: lackOf(r.freshErr)}
	}
	return release.Sample{Metric: name, At: r.scraped.Add(skew), Value: r.value}
}

// skewLimit is how far apart the two clocks may be before it counts.
const skewLimit = 2 * time.Second

// skewOf is what to add to Prometheus's times to get ours. It stays as it was
// while it holds, so that one scrape keeps one time. A query is evaluated after it was
// sent and before it was answered: each answer says between which two values the skew
// lies, a slow one less exactly than a quick one.
func skewOf(was time.Duration, readings []reading) time.Duration {
	var least, most time.Duration
	known := false
	for _, r := range readings {
		if r.evaluated.IsZero() {
			continue
		}
		low, high := r.sent.Sub(r.evaluated), r.received.Sub(r.evaluated)
		if !known {
			least, most, known = low, high, true
		}
		least, most = max(least, low), min(most, high)
	}
	switch {
	case !known, least-skewLimit <= was && was <= most+skewLimit:
		return was
	case least-skewLimit <= 0 && 0 <= most+skewLimit:
		return 0
	}
	return least + (most-least)/2
}
