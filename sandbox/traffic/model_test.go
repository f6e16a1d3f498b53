package traffic

import (
	"fmt"
	"math"
	"reflect"
	"testing"
	"time"

	"datahub.io/slipway/sandbox/behaviour"
)

var (
	noon    = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	service = Service{Namespace: "production", App: "gateway", Rate: 12000}
)

func podsOf(tag string, n int, started time.Time) []Pod {
	var pods []Pod
	for i := range n {
		pods = append(pods, Pod{
			Namespace: "production", Name: fmt.Sprintf("%s-%d", tag, i), App: "gateway", Container: "gateway", Tag: tag,
			Serving: true, Running: true, Started: started, CPULimit: 2, MemoryLimit: 2 << 30,
		})
	}
	return pods
}

// run lets n pods of a version serve for a minute, an hour after their start, and returns the model.
func run(tag string, n int) *Model {
	m := New(noon, 1, []Service{service})
	m.Observe(podsOf(tag, n, noon.Add(-time.Hour)), nil)
	m.Advance(noon.Add(time.Minute))
	return m
}

// sum adds the values of the series with a name for which the labels match.
func sum(m *Model, name string, match func(map[string]string) bool) (total float64, series int) {
	for _, s := range m.Samples() {
		labels := map[string]string{}
		for _, l := range s.Labels {
			labels[l.Name] = l.Value
		}
		if s.Name == name && match(labels) {
			total, series = total+s.Value, series+1
		}
	}
	return total, series
}

func all(map[string]string) bool { return true }

func failed(labels map[string]string) bool { return labels["code"] >= "500" }

// quantile is Prometheus's histogram_quantile over the sum of all pods.
func quantile(m *Model, q float64) float64 {
	count, _ := sum(m, "http_request_duration_seconds_count", all)
	lower, below := 0.0, 0.0
	for i, upper := range Bounds {
		n, _ := sum(m, "http_request_duration_seconds_bucket", func(l map[string]string) bool { return l["le"] == le(i) })
		if n >= q*count {
			return lower + (upper-lower)*(q*count-below)/(n-below)
		}
		lower, below = upper, n
	}
	return math.Inf(1)
}

func near(t *testing.T, what string, got, want, tolerance float64) {
	t.Helper()
	if math.Abs(got-want) > tolerance {
		t.Errorf("%s = %v, want %v ± %v", what, got, want, tolerance)
	}
}

func TestGoodVersionHasTheDocumentsFigures(t *testing.T) {
	m := run("v2.4.0", 6)
	total, _ := sum(m, "http_requests_total", all)
	errors, _ := sum(m, "http_requests_total", failed)
	near(t, "requests/s", total/60, 12000, 700)
	near(t, "error rate", errors/total, 0.0002, 0.00004)
	near(t, "P95", quantile(m, 0.95), 0.045, 0.003)
	for _, u := range m.Usage() {
		near(t, "CPU of "+u.Pod.Name, u.CPU/2, 0.45, 0.04)
		near(t, "memory of "+u.Pod.Name, u.Memory/(2<<30), 0.62, 0.02)
	}
	if n := m.Requests(service); n.Failed != 0 {
		t.Errorf("a good version failed %v requests beyond the everyday", n.Failed)
	}
}

func TestBadVersions(t *testing.T) {
	slow := run("v2.5.0-slow", 6)
	near(t, "P95 of slow", quantile(slow, 0.95), 0.18, 0.02)
	for _, tag := range []string{"v2.5.0-errors", "v2.5.0-late"} {
		m, rate := run(tag, 6), behaviour.OfTag(tag).ErrorRate
		total, _ := sum(m, "http_requests_total", all)
		errors, _ := sum(m, "http_requests_total", failed)
		near(t, "error rate of "+tag, errors/total, rate, rate/5)
		near(t, "failed requests of "+tag, m.Requests(service).Failed, (rate-0.0002)*total, 0.001*total)
	}
	leak := behaviour.OfTag("v2.5.0-leak").Exhausts
	m := New(noon, 1, []Service{service})
	m.Observe(podsOf("v2.5.0-leak", 1, noon), nil)
	for _, c := range []struct {
		after time.Duration
		want  float64
	}{{leak / 2, 0.7}, {leak, 1}, {2 * leak, 1}} {
		m.Advance(noon.Add(c.after))
		near(t, fmt.Sprint("memory of leak after ", c.after), m.Usage()[0].Memory/(2<<30), c.want, 0.01)
	}
}

func TestSpeedBringsTheLeakForward(t *testing.T) {
	m := New(noon, 10, []Service{service})
	m.Observe(podsOf("v2.5.0-leak", 1, noon), nil)
	m.Advance(noon.Add(behaviour.OfTag("v2.5.0-leak").Exhausts / 10))
	near(t, "memory", m.Usage()[0].Memory/(2<<30), 1, 0.01)
}

func TestLoadIsSharedByServingPods(t *testing.T) {
	pods := podsOf("v2.4.0", 6, noon.Add(-time.Hour))
	pods[0].Serving = false
	m := New(noon, 1, []Service{service})
	m.Observe(pods, nil)
	m.Advance(noon.Add(time.Minute))
	for i, p := range pods {
		n, _ := sum(m, "http_requests_total", func(l map[string]string) bool { return l["pod"] == p.Name })
		want := 12000.0 * 60 / 5
		if i == 0 {
			want = 0
		}
		near(t, "requests of "+p.Name, n, want, 0.06*want)
	}
}

func TestWithoutServingPodsRequestsFailAtTheBalancer(t *testing.T) {
	m := New(noon, 1, []Service{service})
	m.Advance(noon.Add(time.Minute))
	total, series := sum(m, "http_requests_total", func(l map[string]string) bool { return l["code"] == "503" && l["pod"] == "" })
	near(t, "503s", total, 12000*60, 700*60)
	if n := m.Requests(service); series != 1 || n.Failed != n.Total {
		t.Errorf("%d series; %v of %v requests failed, want all, in one series", series, n.Failed, n.Total)
	}
}

func TestVanishedPodsAndRestartedContainers(t *testing.T) {
	pods := podsOf("v2.4.0", 2, noon.Add(-time.Hour))
	m := New(noon, 1, []Service{service})
	m.Observe(pods, nil)
	m.Advance(noon.Add(time.Minute))
	before, _ := sum(m, "http_requests_total", func(l map[string]string) bool { return l["pod"] == pods[1].Name })
	pods[1].Restarts, pods[1].Started = 1, noon.Add(time.Minute)
	m.Observe(pods[1:], nil)
	m.Advance(noon.Add(time.Minute + time.Second))
	if _, series := sum(m, "http_requests_total", func(l map[string]string) bool { return l["pod"] == pods[0].Name }); series != 0 {
		t.Errorf("%d series of a pod that is gone", series)
	}
	if after, _ := sum(m, "http_requests_total", all); after >= before {
		t.Errorf("counter after a restart is %v, was %v: it did not begin anew", after, before)
	}
}

func TestSameCallsSameNumbers(t *testing.T) {
	if !reflect.DeepEqual(run("v2.4.0", 6).Samples(), run("v2.4.0", 6).Samples()) {
		t.Error("two runs differ")
	}
}

func TestSeriesAreDistinctAndSorted(t *testing.T) {
	seen := map[string]bool{}
	for _, s := range run("v2.4.0", 6).Samples() {
		key := fmt.Sprint(s.Name, s.Labels)
		if seen[key] {
			t.Errorf("%s appears twice", key)
		}
		seen[key] = true
		for i := 1; i < len(s.Labels); i++ {
			if s.Labels[i-1].Name >= s.Labels[i].Name {
				t.Errorf("%s: labels are not sorted", key)
			}
		}
	}
}
