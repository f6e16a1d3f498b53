package metrics_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"datahub.io/slipway/config"
	"datahub.io/slipway/metrics"
	"datahub.io/slipway/release"
)

// compared watches until a round fits.
func compared(t *testing.T, c *metrics.Client, fits func([]release.Pair) bool) []release.Pair {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	var last, found []release.Pair
	c.Watch(ctx, func(event release.Event) {
		if e, is := event.(release.Compared); is && found == nil {
			if last = e.Pairs; fits(last) {
				found = last
				cancel()
			}
		}
	}, func(map[release.MetricName][]release.Point) {})
	if found == nil {
		t.Fatalf("never; last seen: %+v", last)
	}
	return found
}

// The service compared with itself: nothing is higher, in windows of a real
// Prometheus that do not overlap.
func TestRealTrial(t *testing.T) {
	window := time.Duration(0)
	c := sandbox(t, func(o *metrics.Options) {
		window = o.Window
		for _, s := range o.Specs {
			o.Versus = append(o.Versus, metrics.Versus{Metric: s.Name, Canary: s.Query, Stable: s.Query, Trial: s.Name == release.LatencyP95})
		}
	})
	const windows = 10
	c.Compare(release.Comparing{On: true, Since: time.Now().Add(-windows * window), Canary: "v2", Stable: "v1"})
	pairs := compared(t, c, func(pairs []release.Pair) bool {
		return pairs[1].Trial.N >= 4 && pairs[1].Trial.M >= 4 && len(pairs[2].Past.Canary) > 60
	})
	for _, p := range pairs {
		if !fresh(p.Canary) || !fresh(p.Stable) {
			t.Errorf("%s: %+v %+v", p.Metric, p.Canary, p.Stable)
		}
		if tried := p.Trial.N > 0; tried != (p.Metric == release.LatencyP95) {
			t.Errorf("%s: tried %+v", p.Metric, p.Trial)
		}
	}
	trial := pairs[1].Trial
	if trial.N != trial.M || trial.N < windows-2 || trial.N > windows || trial.Canary != trial.Stable || trial.P < 0.4 {
		t.Errorf("%+v", trial)
	}
}

// In the sandbox's environments for canary releases stable's figures are there by
// themselves; a canary's come with a release.
func TestRealVersus(t *testing.T) {
	base := sandbox(t, nil)
	c, err := config.Load(config.Options{Path: sandboxFile()})
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(c.Environments, func(e config.Environment) bool { return e.Canary != nil && e.Canary.Traffic.Kind == config.Istio })
	if i < 0 {
		t.Skip("this sandbox has no environment for canary releases")
	}
	e := c.Environments[i]
	o := base.Options
	o.Specs, o.Versus, o.Window, o.Stale = e.Metrics.Specs, nil, e.Metrics.Window, e.Metrics.Stale
	for _, v := range e.Metrics.Versus {
		o.Versus = append(o.Versus, metrics.Versus(v))
	}
	client, err := metrics.New(o)
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range client.Check(t.Context()) {
		if !row.OK {
			t.Errorf("doctor: %+v", row)
		}
	}
	client.Compare(release.Comparing{On: true, Since: time.Now(), Canary: "v2.5.0", Stable: "v2.4.0"})
	compared(t, client, func(pairs []release.Pair) bool {
		for _, p := range pairs {
			if !fresh(p.Stable) || len(p.Past.Stable) == 0 {
				return false
			}
		}
		return len(pairs) == 5
	})
}
