package metrics

import (
	"slices"
	"strings"
	"testing"
	"time"

	"datahub.io/slipway/release"
)

// A sample's time is that of the scrape, whatever time Prometheus answers with,
// and stays when scraping ends.
func TestAge(t *testing.T) {
	p := newPrometheus(t)
	now := time.Now().Truncate(time.Millisecond)
	scraped := now.Add(-7 * time.Second)
	p.set(map[string]string{"m": vector(now, "0.5"), freshM: scrapedAt(now, scraped)})
	events, series := watch(t, client(t, p.URL, nil))
	go drop(series, t.Context().Done())
	until(t, events, first(func(s release.Sample) bool { return s.Value == 0.5 && s.At.Equal(scraped) }))

	p.set(map[string]string{"m": vector(now, "0.9"), freshM: vector(now)}) // the target is gone, a rate decays
	until(t, events, func(release.Linked) bool { return true })
	for range 3 {
		s := until(t, events, first(func(release.Sample) bool { return true })).Samples[0]
		if s.Value != 0.5 || !s.At.Equal(scraped) || s.Err != "" {
			t.Fatalf("after scraping ended: %+v", s)
		}
	}
	later := scraped.Add(time.Second)
	p.set(map[string]string{"m": vector(now, "0.7"), freshM: scrapedAt(now, later)})
	until(t, events, first(func(s release.Sample) bool { return s.Value == 0.7 && s.At.Equal(later) }))
}

// One round without a Watch: a sample for each metric, whatever was found.
func TestSample(t *testing.T) {
	p := newPrometheus(t)
	now := time.Now().Truncate(time.Millisecond)
	scraped := now.Add(-7 * time.Second)
	p.set(map[string]string{"m": vector(now, "0.5"), freshM: scrapedAt(now, scraped)})
	c := client(t, p.URL, func(o *Options) {
		o.Specs = append(o.Specs, release.MetricSpec{Name: release.CPU, Query: "nonesuch"})
	})
	want := []release.Sample{
		{Metric: release.ErrorRate, At: scraped, Value: 0.5},
		{Metric: release.CPU, Err: "nothing is scraped now: no current sample of nonesuch"},
	}
	got := c.Sample(t.Context())
	if !got[0].At.Equal(scraped) {
		t.Errorf("at %s, want %s", got[0].At, scraped)
	}
	got[0].At = scraped // the same moment in another location
	if !slices.Equal(got, want) {
		t.Errorf("%+v\nwant %+v", got, want)
	}
	if n := p.count("range m"); n != 0 {
		t.Errorf("history was asked for %d times", n)
	}
	p.Close()
	for i, s := range c.Sample(t.Context()) {
		if s.Metric != want[i].Metric || !s.At.IsZero() || !strings.Contains(s.Err, "refused") {
			t.Errorf("behind a lost link: %+v", s)
		}
	}
}

func TestNeverScraped(t *testing.T) {
	p := newPrometheus(t)
	p.set(map[string]string{"m": vector(time.Now(), "0.9")})
	events, series := watch(t, client(t, p.URL, nil))
	go drop(series, t.Context().Done())
	s := until(t, events, first(func(release.Sample) bool { return true })).Samples[0]
	if s.Err != "nothing is scraped now: no current sample of m" {
		t.Errorf("%+v", s)
	}
}

// Prometheus's clock may differ from ours: ages are right all the same, and one
// scrape keeps one time.
func TestSkew(t *testing.T) {
	p := newPrometheus(t)
	theirs := time.Now().Add(time.Hour).Truncate(time.Millisecond)
	p.set(map[string]string{"m": vector(theirs, "1"), freshM: scrapedAt(theirs, theirs.Add(-10*time.Second))})
	events, series := watch(t, client(t, p.URL, nil))
	go drop(series, t.Context().Done())
	began := time.Now()
	one := until(t, events, first(func(release.Sample) bool { return true })).Samples[0]
	two := until(t, events, first(func(release.Sample) bool { return true })).Samples[0]
	if age := began.Sub(one.At); age < 0 || age > 15*time.Second {
		t.Errorf("age %s, want about 10s", age)
	}
	if !one.At.Equal(two.At) {
		t.Errorf("one scrape has two times: %s and %s", one.At, two.At)
	}
}
