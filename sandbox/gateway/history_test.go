package gateway

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"datahub.io/slipway/sandbox/traffic"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// stable is the split of an environment whose traffic all goes to its stable track.
var stable = []traffic.Backend{{Name: Stable, Share: 1, Selector: map[string]string{"app": App, "track": "stable"}}}

// settled is a gateway whose pods have run for a day, about to live through the hour before noon.
func settled() *Gateway {
	seen := observation{
		scales: []Scale{{Environments[1].Namespace, App, 6, 6}}, splits: traffic.Splits{}, health: map[string][]traffic.Backend{},
	}
	for _, e := range Environments {
		for i := range 6 {
			seen.pods = append(seen.pods, traffic.Pod{
				Namespace: e.Namespace, Name: fmt.Sprintf("%s-%d", e.Deployment, i), App: App, Container: "gateway", Tag: "v2.4.0",
				Labels:  map[string]string{"app": App, "track": "stable"},
				Serving: true, Running: true, Started: noon.Add(-24 * time.Hour), CPULimit: 2, MemoryLimit: 2 << 30,
			})
		}
		if e.Routed {
			seen.splits[e.Service], seen.health[e.Name] = stable, stable
		}
	}
	return newGateway(noon.Add(-time.Hour), 1, seen)
}

// What is scraped after the history must continue it: the same series, no reset, no jump.
func TestPresentContinuesHistory(t *testing.T) {
	g := settled()
	history := simulate(g, noon)
	if n, want := len(history.Times), int(time.Hour/ScrapeInterval); n != want {
		t.Fatalf("%d times, want %d", n, want)
	}
	if end := history.end(); !end.Equal(noon) {
		t.Fatalf("history ends at %s, want %s", end, noon)
	}
	last := map[string]*Past{}
	for _, past := range history.Series {
		begins := past.First == 0 || past.Labels["__name__"] == "gateway_errors_total" // with the first error
		if !begins || past.First+len(past.Values) != len(history.Times) {
			t.Fatalf("%v has values %d..%d of %d", past.Labels, past.First, past.First+len(past.Values), len(history.Times))
		}
		last[fmt.Sprint(past.Labels)] = past
	}
	g.advance(noon.Add(ScrapeInterval))
	present := g.samples()
	if len(present) != len(history.Series) {
		t.Errorf("%d series now, %d in history", len(present), len(history.Series))
	}
	for _, s := range present {
		labels := map[string]string{"__name__": s.Name}
		for _, l := range s.Labels {
			labels[l.Name] = l.Value
		}
		past := last[fmt.Sprint(labels)]
		if past == nil {
			t.Errorf("%v has no history", labels)
			continue
		}
		n := len(past.Values)
		before, now := past.Values[n-1]-past.Values[n-2], s.Value-past.Values[n-1]
		if _, kind := familyOf(s.Name); kind != "gauge" && (now < 0 || now > 1.2*before+2) {
			t.Errorf("%v grows by %v across the seam, by %v before it", labels, now, before)
		}
	}
}

// Prometheus's rate() goes by the mean distance of samples: an odd one dents it.
func TestHistoryGrowsInEvenSteps(t *testing.T) {
	g := settled()
	g.history = simulate(g, noon)
	n := len(g.history.Times)
	g.advance(noon.Add(700 * time.Millisecond))
	g.observe(noon.Add(2300*time.Millisecond), g.seen)
	g.advance(noon.Add(2500 * time.Millisecond))
	g.advance(noon.Add(7 * time.Second))
	var got []time.Duration
	for _, at := range g.history.Times[n-1:] {
		got = append(got, time.UnixMilli(at).Sub(noon))
	}
	if want := "[0s 2s 4s 6s]"; fmt.Sprint(got) != want {
		t.Errorf("history grew at %v, want %s", got, want)
	}
	if now := g.model.Now(); !now.Equal(noon.Add(7 * time.Second)) {
		t.Errorf("the model is at %s", now)
	}
}

func TestHistoryOfSeriesThatComeAndGo(t *testing.T) {
	h := &History{index: map[string]*Past{}}
	a, b := traffic.Sample{Name: "a", Value: 1}, traffic.Sample{Name: "b", Value: 2}
	h.add(noon, []traffic.Sample{a})
	h.add(noon.Add(1*time.Second), []traffic.Sample{a, b})
	h.add(noon.Add(2*time.Second), []traffic.Sample{b})
	h.add(noon.Add(3*time.Second), []traffic.Sample{a, b})
	var got []string
	for _, p := range h.Series {
		got = append(got, fmt.Sprint(p.Labels["__name__"], p.First, p.Values))
	}
	if want := "a0 [1 1]; b1 [2 2 2]"; strings.Join(got, "; ") != want {
		t.Errorf("got %q, want %q", strings.Join(got, "; "), want)
	}
}

func TestExposition(t *testing.T) {
	got := Exposition([]traffic.Sample{
		{Name: "http_request_duration_seconds_bucket", Labels: []traffic.Label{{Name: "le", Value: "0.5"}}, Value: 3},
		{Name: "http_request_duration_seconds_count", Labels: []traffic.Label{{Name: "pod", Value: "a\"\\\n"}}, Value: 4},
		{Name: "up_total", Labels: []traffic.Label{{Name: "a", Value: "1"}, {Name: "b", Value: "2"}}, Value: 1e9},
	})
	want := `# TYPE http_request_duration_seconds histogram
http_request_duration_seconds_bucket{le="0.5"} 3
http_request_duration_seconds_count{pod="a\"\\\n"} 4
# TYPE up_total counter
up_total{a="1",b="2"} 1e+09
`
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestHealthTakesPodsInTurn(t *testing.T) {
	g := settled()
	seen := map[string]int{}
	for range 12 {
		p, ok := g.next(Environments[1])
		if !ok {
			t.Fatal("no pod serves")
		}
		seen[p.Name]++
	}
	for name, n := range seen {
		if n != 2 {
			t.Errorf("%s was asked %d times of 12, want 2", name, n)
		}
	}
	for i := range g.seen.pods {
		g.seen.pods[i].Serving = false
	}
	if p, ok := g.next(Environments[1]); ok {
		t.Errorf("%s answers, but none is ready", p.Name)
	}
}

func BenchmarkSimulateHour(b *testing.B) {
	for b.Loop() {
		simulate(settled(), noon)
	}
}
