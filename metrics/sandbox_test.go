package metrics_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"datahub.io/slipway/config"
	"datahub.io/slipway/metrics"
	"datahub.io/slipway/release"
)

// sandbox gives the production metrics of the sandbox in SLIPWAY_SANDBOX, with
// a real Prometheus that scrapes every 2 s.
func sandbox(t *testing.T, change func(*metrics.Options)) *metrics.Client {
	t.Helper()
	dir := os.Getenv("SLIPWAY_SANDBOX")
	if dir == "" {
		t.Skip("SLIPWAY_SANDBOX is not set: `make test` runs this against a sandbox")
	}
	c, err := config.Load(config.Options{Path: sandboxFile()})
	if err != nil {
		t.Fatal(err)
	}
	e, err := c.Environment("production")
	if err != nil {
		t.Fatal(err)
	}
	o := metrics.Options{
		URL: e.Prometheus.URL, Specs: slices.Clone(e.Metrics.Specs),
		Every: time.Second, Window: e.Metrics.Window, Stale: e.Metrics.Stale,
	}
	if change != nil {
		change(&o)
	}
	client, err := metrics.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

func sandboxFile() string { return filepath.Join(os.Getenv("SLIPWAY_SANDBOX"), "slipway.yaml") }

// part stops or starts one part of the sandbox.
func part(t *testing.T, verb, name string) {
	t.Helper()
	out, err := exec.Command("../bin/sandbox", verb, name, "--dir", os.Getenv("SLIPWAY_SANDBOX")).CombinedOutput()
	if err != nil {
		t.Fatalf("sandbox %s %s: %v\n%s", verb, name, err, out)
	}
}

// stopped stops a part for the rest of the test, and sees to it that it comes back.
func stopped(t *testing.T, name string) (start func()) {
	t.Helper()
	part(t, "stop", name)
	running := false
	start = func() {
		if !running {
			part(t, "start", name)
			running = true
		}
	}
	t.Cleanup(start)
	return start
}

type seen struct {
	samples map[release.MetricName]release.Sample
	link    release.Link
	series  map[release.MetricName][]release.Point
}

// follow watches until the test ends; wait blocks until what is seen fits.
func follow(t *testing.T, c *metrics.Client) (wait func(what string, fits func(seen) bool) seen) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	updates, done := make(chan func(*seen)), make(chan struct{})
	send := func(update func(*seen)) {
		select {
		case updates <- update:
		case <-ctx.Done():
		}
	}
	go func() {
		defer close(done)
		c.Watch(ctx, func(event release.Event) {
			send(func(now *seen) {
				switch e := event.(type) {
				case release.Sampled:
					now.samples = map[release.MetricName]release.Sample{}
					for _, s := range e.Samples {
						now.samples[s.Metric] = s
					}
				case release.Linked:
					now.link = e.Link
				}
			})
		}, func(series map[release.MetricName][]release.Point) { send(func(now *seen) { now.series = series }) })
	}()
	t.Cleanup(func() { cancel(); <-done })
	var now seen
	return func(what string, fits func(seen) bool) seen {
		t.Helper()
		limit := time.After(2 * time.Minute)
		for !fits(now) {
			select {
			case update := <-updates:
				update(&now)
			case <-limit:
				t.Fatalf("%s: never; last seen: %+v %+v", what, now.link, now.samples)
			}
		}
		return now
	}
}

func all(fits func(release.Sample) bool) func(seen) bool {
	return func(s seen) bool {
		for _, sample := range s.samples {
			if !fits(sample) {
				return false
			}
		}
		return len(s.samples) == 5
	}
}

func fresh(s release.Sample) bool { return s.Err == "" && time.Since(s.At) < 6*time.Second }

// The default queries give the figures of the sandbox's gateway, with an hour
// of history behind them.
func TestRealFigures(t *testing.T) {
	wait := follow(t, sandbox(t, nil))
	now := wait("fresh figures", all(fresh))
	for _, s := range sandbox(t, nil).Sample(t.Context()) {
		if !fresh(s) {
			t.Errorf("asked once: %+v", s)
		}
	}
	for name, between := range map[release.MetricName][2]float64{
		release.ErrorRate:   {0, 0.01},
		release.LatencyP95:  {0.01, 0.1},
		release.RequestRate: {6000, 18000},
		release.Memory:      {0.2 * (2 << 30), 2 << 30},
		release.CPU:         {0.1, 2},
	} {
		if v := now.samples[name].Value; v < between[0] || v > between[1] {
			t.Errorf("%s: %v is not between %v and %v", name, v, between[0], between[1])
		}
	}
	now = wait("history", func(s seen) bool { return len(s.series[release.RequestRate]) > 500 })
	points := now.series[release.RequestRate]
	if back := time.Since(points[0].At); back < 10*time.Minute {
		t.Errorf("history goes back %s", back)
	}
	for i := 1; i < len(points); i++ {
		if !points[i].At.After(points[i-1].At) {
			t.Fatalf("points %d and %d are out of order", i-1, i)
		}
	}
}

// A scrape target that stops shows at once, although Prometheus itself goes on
// answering: every figure keeps its value and its time.
func TestRealTargetStops(t *testing.T) {
	c := sandbox(t, nil)
	wait := follow(t, c)
	wait("fresh figures", all(fresh))
	start := stopped(t, "gateway")
	at := time.Now()
	now := wait("every figure ages", all(func(s release.Sample) bool { return s.Err == "" && time.Since(s.At) > 8*time.Second }))
	for name, s := range now.samples {
		if s.At.After(at.Add(3*time.Second)) || s.Value == 0 && name != release.ErrorRate {
			t.Errorf("%s: %+v; the target stopped at %s", name, s, at)
		}
	}
	if !now.link.OK {
		t.Errorf("the link is not what was lost: %+v", now.link)
	}
	var stale int
	for _, row := range sandbox(t, func(o *metrics.Options) { o.Stale = time.Second }).Check(t.Context()) {
		if !row.OK && row.Next != "" {
			stale++
		}
	}
	if stale != 5 {
		t.Errorf("the doctor finds %d of 5 figures missing or stale", stale)
	}
	start()
	wait("fresh figures again", all(fresh))
}

func TestRealPrometheusStops(t *testing.T) {
	c := sandbox(t, nil)
	wait := follow(t, c)
	wait("fresh figures", all(fresh))
	start := stopped(t, "prometheus")
	lost := wait("the link is lost", func(s seen) bool { return !s.link.OK })
	if lost.link.Err == "" || lost.link.Next.IsZero() {
		t.Errorf("%+v", lost.link)
	}
	if len(lost.samples) != 5 || len(lost.series[release.RequestRate]) == 0 {
		t.Error("what was known is gone")
	}
	rows := c.Check(t.Context())
	if len(rows) != 1 || rows[0].OK || rows[0].Found == "" || rows[0].Next == "" {
		t.Errorf("doctor: %+v", rows)
	}
	start()
	c.Retry()
	wait("fresh figures again", func(s seen) bool { return s.link.OK && all(fresh)(s) })
}

// Prometheus's own words about a query, and what else can be wrong with one.
func TestRealMistakes(t *testing.T) {
	queries := []string{`sum(rate(`, `http_requests_total`, `sum(nonesuch)`, `http_requests_total[1m]`, `vector(1) / vector(0)`}
	want := []string{"parse error: unclosed left parenthesis", "series, one is needed", "no current sample of nonesuch", "matrix", "infinity"}
	c := sandbox(t, func(o *metrics.Options) {
		for i := range o.Specs {
			o.Specs[i].Query = queries[i]
		}
	})
	rows := c.Check(t.Context())
	if len(rows) != 6 || !rows[0].OK {
		t.Fatalf("%+v", rows)
	}
	for i, row := range rows[1:] {
		if row.OK || !strings.Contains(row.Found, want[i]) || !strings.Contains(row.Next, queries[i]) {
			t.Errorf("%s: %+v", queries[i], row)
		}
	}
}

func TestRealPeak(t *testing.T) {
	c := sandbox(t, nil)
	value, at, err := c.Peak(t.Context(), release.RequestRate, time.Now().Add(-10*time.Minute))
	if err != nil || value < 6000 || time.Since(at) > 10*time.Minute || time.Since(at) < 0 {
		t.Errorf("%v at %v: %v", value, at, err)
	}
}
