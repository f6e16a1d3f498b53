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
		{Metric: release.CPU, Err: "nothing is scraped now: no current sample of nonesuch", Lack: release.NoSeries},
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

// What a round waits for is no difference between the clocks: only an answer tells of
// them, within the time that it took.
func TestSkewOf(t *testing.T) {
	at := func(s float64) time.Time { return time.Unix(1000, 0).Add(time.Duration(s * float64(time.Second))) }
	answer := func(sent, evaluated, received float64) reading {
		return reading{sent: at(sent), evaluated: at(evaluated), received: at(received)}
	}
	unanswered := reading{sent: at(0), received: at(3)}
	for name, c := range map[string]struct {
		was      time.Duration
		readings []reading
		want     time.Duration
	}{
		"no answer":                       {5 * time.Second, []reading{unanswered}, 5 * time.Second},
		"equal clocks":                    {0, []reading{answer(0, 0.1, 0.2)}, 0},
		"beside one that timed out":       {0, []reading{answer(0, 0.1, 0.2), unanswered}, 0},
		"evaluated late in a slow answer": {0, []reading{answer(0, 2.9, 3)}, 0},
		"evaluated at once in a slow one": {0, []reading{answer(0, 0, 9)}, 0},
		"slow and quick":                  {0, []reading{answer(0, -4, 9), answer(0, -4.9, 0.2)}, 5 * time.Second},
		"an hour behind":                  {0, []reading{answer(0, -3600, 0.2)}, time.Hour + 100*time.Millisecond},
		"an hour ahead":                   {0, []reading{answer(0, 3600, 0.2)}, -time.Hour + 100*time.Millisecond},
		"it holds":                        {time.Hour, []reading{answer(0, -3601, 0.2)}, time.Hour},
		"it was mended":                   {time.Hour, []reading{answer(0, 0, 0.2)}, 0},
	} {
		if got := skewOf(c.was, c.readings); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

// A query that times out does not make the figures of the others younger.
func TestSlowQuery(t *testing.T) {
	p := newPrometheus(t)
	began := time.Now().Truncate(time.Millisecond)
	p.set(map[string]string{"m": vector(began, "1"), freshM: scrapedAt(began, began), "slow": "!hang"})
	c := client(t, p.URL, func(o *Options) {
		o.Timeout = time.Second
		o.Now = func() time.Time {
			if time.Since(began) >= time.Second { // as long as the slow query takes, ten seconds go by
				return began.Add(10 * time.Second)
			}
			return began
		}
		o.Specs = append(o.Specs, release.MetricSpec{Name: release.CPU, Query: "slow"})
	})
	if s := c.Sample(t.Context())[0]; !s.At.Equal(began) {
		t.Errorf("scraped at %s, and taken for %s", began, s.At)
	}
}
