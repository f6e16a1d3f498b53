package metrics

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	promv1 "github.com/prometheus/client_golang/api/prometheus/v1"
	"github.com/prometheus/common/model"

	"datahub.io/slipway/release"
)

const (
	span      = 15 * time.Minute // of history that is kept
	maxPoints = 10_000           // of one range query; Prometheus refuses 11,000
)

// history is the series of the dashboard. A gap is the absence of points.
type history map[release.MetricName][]release.Point

// add appends a sample that is newer than the newest point.
func (h history) add(s release.Sample, now time.Time) {
	points := h[s.Metric]
	if s.Err != "" || len(points) > 0 && !s.At.After(points[len(points)-1].At) {
		return
	}
	h.set(s.Metric, append(points, release.Point{At: s.At, Value: s.Value}), now)
}

// join puts the past in front of what was seen since.
func (h history) join(name release.MetricName, past []release.Point, now time.Time) {
	seen := h[name]
	if len(past) > 0 {
		newest := past[len(past)-1].At
		seen = slices.DeleteFunc(seen, func(p release.Point) bool { return !p.At.After(newest) })
	}
	h.set(name, append(past, seen...), now)
}

func (h history) set(name release.MetricName, points []release.Point, now time.Time) {
	h[name] = slices.DeleteFunc(points, func(p release.Point) bool { return now.Sub(p.At) > span })
}

func (h history) copy() map[release.MetricName][]release.Point {
	all := maps.Clone(h)
	for name, points := range all {
		all[name] = slices.Clone(points)
	}
	return all
}

// over asks for the values of a query from one time to another, by Prometheus's
// clock, and a step apart. A scrape counts for as long as a sample may be old, not for
// Prometheus's five minutes, so that an outage is a gap.
func (c *Client) over(ctx context.Context, query string, from, to time.Time, step time.Duration) ([]release.Point, error) {
	ctx, cancel := context.WithTimeout(ctx, c.Timeout)
	defer cancel()
	step = max(step, to.Sub(from)/maxPoints)
	var options []promv1.Option
	if c.Stale > 0 {
		options = append(options, promv1.WithLookbackDelta(c.Stale))
	}
	value, warnings, _, err := c.api.QueryRange(ctx, query, promv1.Range{Start: from, End: to, Step: step}, options...)
	if err != nil {
		return nil, c.explain(err)
	}
	if err := doubt(warnings); err != nil {
		return nil, err
	}
	matrix, ok := value.(model.Matrix)
	switch {
	case !ok:
		return nil, errors.New("the query gives no range")
	case len(matrix) == 0:
		return nil, errEmpty
	case len(matrix) > 1:
		return nil, errors.New("the query gives several series over time, one is needed: aggregate it, for example with sum() or max()")
	}
	points := make([]release.Point, 0, len(matrix[0].Values))
	for _, p := range matrix[0].Values {
		if finite(float64(p.Value)) == nil {
			points = append(points, release.Point{At: p.Timestamp.Time(), Value: float64(p.Value)})
		}
	}
	return points, nil
}

// shifted moves points from Prometheus's clock to ours.
func shifted(points []release.Point, skew time.Duration) []release.Point {
	for i := range points {
		points[i].At = points[i].At.Add(skew)
	}
	return points
}

var (
	errUnknown = errors.New("the metric is not configured")
	errEarly   = fmt.Errorf("%w: no whole window of the query lies in that time yet", release.ErrEarly)
)

// Peak gives the highest value of a metric since a time, and when that was. The
// first value that counts is that of the first whole window after it, so that
// nothing from before is held against the time since.
func (c *Client) Peak(ctx context.Context, metric release.MetricName, since time.Time) (float64, time.Time, error) {
	i := slices.IndexFunc(c.Specs, func(s release.MetricSpec) bool { return s.Name == metric })
	if i < 0 {
		return 0, time.Time{}, errUnknown
	}
	skew := c.clockSkew()
	from, to := since.Add(c.Window-skew), c.Now().Add(-skew)
	if from.After(to) {
		return 0, time.Time{}, errEarly
	}
	points, err := c.over(ctx, c.Specs[i].Query, from, to, c.Every)
	if err != nil {
		return 0, time.Time{}, err
	}
	if len(points) == 0 {
		return 0, time.Time{}, errEmpty
	}
	peak := slices.MaxFunc(points, func(a, b release.Point) int {
		switch {
		case a.Value < b.Value:
			return -1
		case a.Value > b.Value:
			return 1
		}
		return 0
	})
	return peak.Value, peak.At.Add(skew), nil
}
