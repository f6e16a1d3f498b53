package traffic

import (
	"math"
	"testing"
	"time"
)

var quiet = Service{Namespace: "production", App: "gateway", Rate: 5}

// whole tells whether all counters of requests are whole numbers before they are rounded.
func whole(m *Model) bool {
	for _, c := range m.counters {
		for _, n := range append(c.buckets, c.codes[:]...) {
			if n != math.Trunc(n) {
				return false
			}
		}
	}
	return true
}

// serving is a model of a service whose six pods of a version have run for an hour.
func serving(s Service, tag string) *Model {
	m := New(noon, 1, []Service{s})
	m.Observe(podsOf(tag, 6, noon.Add(-time.Hour)), nil)
	return m
}

func TestQuietServiceCountsSingleRequests(t *testing.T) {
	m := serving(quiet, "v2.5.0-errors")
	m.Advance(noon.Add(20 * time.Minute))
	total, _ := sum(m, "http_requests_total", all)
	errors, _ := sum(m, "http_requests_total", failed)
	near(t, "requests", total, 5*20*60, 250)
	near(t, "errors", errors, 0.03*total, 3)
	near(t, "P95", quantile(m, 0.95), 0.045, 0.005)
	if !whole(m) {
		t.Error("a part of a request was counted")
	}
	if n := m.Requests(quiet); n.Total != total || n.Failed != errors {
		t.Errorf("counted %+v, want %v of %v failed", n, errors, total)
	}
	for _, p := range m.pods {
		n, _ := sum(m, "http_requests_total", func(l map[string]string) bool { return l["pod"] == p.Name })
		near(t, "requests of "+p.Name, n, total/6, 2)
	}
	for _, u := range m.Usage() {
		near(t, "CPU of "+u.Pod.Name, u.CPU/2, 0.45, 0.04)
	}
}

func TestEverydayErrorsOfAQuietServiceAreRare(t *testing.T) {
	m := serving(quiet, "v2.4.0")
	m.Advance(noon.Add(10 * time.Minute))
	if errors, _ := sum(m, "http_requests_total", failed); errors > 1 {
		t.Errorf("%v errors in 10 minutes, want one at most: one in 5000 requests fails", errors)
	}
	m.Advance(noon.Add(2 * time.Hour))
	if errors, _ := sum(m, "http_requests_total", failed); errors < 1 || errors > 12 {
		t.Errorf("%v errors in 36000 requests, want about 7", errors)
	}
	if n := m.Requests(quiet); n.Failed != 0 {
		t.Errorf("%v requests failed beyond the everyday", n.Failed)
	}
}

func TestQuietServiceWithoutPodsFailsAtTheBalancer(t *testing.T) {
	m := New(noon, 1, []Service{quiet})
	m.Observe(podsOf("v2.4.0", 1, noon.Add(-time.Hour)), Splits{quiet: []Backend{
		{Name: "stable", Share: 0.75, Selector: map[string]string{"track": "stable"}}, {Name: "canary", Share: 0.25},
	}})
	m.Observe([]Pod{{
		Namespace: "production", Name: "a", App: "gateway", Tag: "v2.4.0", Labels: map[string]string{"track": "stable"},
		Serving: true, Running: true, Started: noon.Add(-time.Hour),
	}}, m.splits)
	m.Advance(noon.Add(time.Minute))
	lost, _ := sum(m, "http_requests_total", func(l map[string]string) bool { return l["destination_service_name"] == "canary" })
	n := m.Requests(quiet)
	near(t, "lost requests", lost, n.Total/4, 1)
	if lost != n.Failed {
		t.Errorf("%v requests failed, %v were lost", n.Failed, lost)
	}
}

func TestRotaIsInProportion(t *testing.T) {
	var r rota[string]
	got := map[int]int{}
	for turn := range 100 {
		among := []weighted[string]{{"none", 0}, {"a", 0.6}, {"b", 0.3}, {"c", 0.1}}
		if turn == 50 { // b leaves for one turn, and is not owed it afterwards
			among = among[:2]
		}
		var i int
		r, i = r.next(among)
		got[i]++
	}
	if got[0] != 0 || math.Abs(float64(got[1]-60)) > 1 || math.Abs(float64(got[2]-30)) > 1 || math.Abs(float64(got[3]-10)) > 1 {
		t.Errorf("turns %v, want none, 60, 30 and 10", got)
	}
}
