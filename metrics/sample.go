package metrics

import (
	"context"
	"errors"
	"time"

	"datahub.io/slipway/release"
)

// reading is the answer to one spec's pair of queries.
type reading struct {
	value     float64
	evaluated time.Time // by Prometheus's clock; zero when there is no value
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
func (c *Client) read(ctx context.Context, spec release.MetricSpec) reading {
	of := c.fresh[spec.Name]
	r := reading{alone: of.query == ""}
	done := make(chan struct{})
	go func() {
		defer close(done)
		if !r.alone {
			r.scraped, r.freshErr = c.scraped(ctx, of)
		}
	}()
	if value, err := c.query(ctx, spec.Query); err != nil {
		r.err = err
	} else {
		r.value, r.evaluated, r.err = single(value)
	}
	<-done
	if r.alone {
		r.scraped = r.evaluated // a constant is as new as its evaluation
	}
	return r
}

// sample makes the sample of a reading. When nothing is scraped any more, the
// last one stays the newest there is, and ages: what Prometheus still computes
// from the remains is no figure.
func (r reading) sample(name release.MetricName, last release.Sample, skew time.Duration) release.Sample {
	ended := errors.Is(r.freshErr, errNotScraped)
	switch {
	case ended && !last.At.IsZero() && (r.err == nil || errors.Is(r.err, errEmpty)):
		return last
	case r.err != nil && !(ended && errors.Is(r.err, errEmpty)):
		return release.Sample{Metric: name, Err: r.err.Error()}
	case r.freshErr != nil:
		return release.Sample{Metric: name, Err: r.freshErr.Error()}
	}
	return release.Sample{Metric: name, At: r.scraped.Add(skew), Value: r.value}
}

// skewLimit is how far apart the two clocks may be before it counts.
const skewLimit = 2 * time.Second

// skewOf is what to add to Prometheus's times to get ours. It stays as it was
// while it holds, so that one scrape keeps one time.
func skewOf(was time.Duration, now time.Time, readings []reading) time.Duration {
	for _, r := range readings {
		if r.evaluated.IsZero() {
			continue
		}
		skew := now.Sub(r.evaluated)
		if (skew - was).Abs() <= skewLimit {
			return was
		}
		if skew.Abs() <= skewLimit {
			return 0
		}
		return skew
	}
	return was
}
