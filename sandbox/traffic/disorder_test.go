package traffic

import (
	"testing"
	"time"
)

// A burst is as long as it was said to be, wherever the steps of the model fall, and strikes one version only if it names it.
func TestBurst(t *testing.T) {
	for name, c := range map[string]struct {
		version string
		from    time.Duration
		length  time.Duration
		errors  float64
		want    float64 // seconds' worth of failed requests
	}{
		"all versions":  {"", 10 * time.Second, 20 * time.Second, 0.05, 1},
		"this version":  {"v2.4.0", 10 * time.Second, 20 * time.Second, 0.05, 1},
		"another":       {"v2.5.0", 10 * time.Second, 20 * time.Second, 0.05, 0},
		"between steps": {"", 10300 * time.Millisecond, 400 * time.Millisecond, 1, 0.4},
		"lower":         {"", 10 * time.Second, 20 * time.Second, 0.0001, 0},
	} {
		t.Run(name, func(t *testing.T) {
			m := serving(service, "v2.4.0")
			m.Burst(Burst{service, noon.Add(c.from), noon.Add(c.from + c.length), c.errors, c.version})
			m.Advance(noon.Add(time.Minute))
			errors, _ := sum(m, "http_requests_total", failed)
			near(t, "failed requests", m.Requests(service).Failed, c.want*12000, 0.06*c.want*12000)
			near(t, "5xx", errors, c.want*12000+0.0002*12000*60, 0.16*c.want*12000+20)
		})
	}
}

func TestBurstsOverlapAndPass(t *testing.T) {
	m := serving(service, "v2.4.0")
	for range 2 {
		m.Burst(Burst{service, m.Now(), m.Now().Add(10 * time.Second), 0.05, ""})
	}
	m.Advance(noon.Add(10 * time.Second))
	failed := m.Requests(service).Failed
	near(t, "failed requests of two bursts at a time", failed, 0.05*12000*10, 400)
	m.Burst(Burst{service, m.Now().Add(time.Minute), m.Now().Add(2 * time.Minute), 0.05, ""})
	if len(m.bursts) != 1 {
		t.Errorf("%d bursts are remembered, want the one to come", len(m.bursts))
	}
	m.Advance(noon.Add(time.Minute))
	if now := m.Requests(service).Failed; now != failed {
		t.Errorf("%v requests failed when the bursts were over", now-failed)
	}
}

// One burst in a quiet service is a few whole requests that failed.
func TestBurstInAQuietService(t *testing.T) {
	m := serving(quiet, "v2.4.0")
	m.Burst(Burst{quiet, noon, noon.Add(5 * time.Second), 0.2, ""})
	m.Advance(noon.Add(5 * time.Second))
	errors, _ := sum(m, "http_requests_total", failed)
	near(t, "errors", errors, 5, 1)
	m.Advance(noon.Add(time.Minute))
	if now, _ := sum(m, "http_requests_total", failed); now != errors {
		t.Errorf("%v errors after the burst", now-errors)
	}
}

func TestRateCanBeAnother(t *testing.T) {
	for _, rate := range []float64{0, 5, 24000} {
		m := serving(service, "v2.4.0")
		m.SetRate(service, rate)
		m.Advance(noon.Add(time.Minute))
		near(t, "requests", m.Requests(service).Total, rate*60, 0.06*rate*60+1)
	}
}

func TestFlakyComesAndGoes(t *testing.T) {
	m := serving(service, "v2.5.0-flaky")
	var before float64
	for _, c := range []struct {
		until time.Duration
		want  float64
	}{{20 * time.Second, 0.04 * 20}, {time.Minute, 0}, {80 * time.Second, 0.04 * 20}, {2 * time.Minute, 0}} {
		m.Advance(noon.Add(c.until))
		failed := m.Requests(service).Failed
		near(t, "failed requests until "+c.until.String(), failed-before, c.want*12000, 0.06*c.want*12000)
		before = failed
	}
}

// Client libraries make a counter with labels when it is first counted up.
func TestFlawlessHasNoErrorCountersBeforeTheFirst(t *testing.T) {
	m := serving(service, "v2.5.0-flawless")
	m.Advance(noon.Add(time.Minute))
	if total, series := sum(m, "http_requests_total", all); total == 0 || series != 6*2 {
		t.Errorf("%v requests in %d series, want the successful ones of 6 pods", total, series)
	}
	if n, series := sum(m, "gateway_errors_total", all); series != 0 {
		t.Errorf("gateway_errors_total is there: %v in %d series", n, series)
	}
	m.Burst(Burst{service, m.Now(), m.Now().Add(time.Second), 0.05, ""})
	m.Advance(noon.Add(2 * time.Minute))
	errors, series := sum(m, "http_requests_total", failed)
	own, pods := sum(m, "gateway_errors_total", all)
	if errors == 0 || series != 6*3 || own != errors || pods != 6 {
		t.Errorf("after a burst %v errors in %d series, and %v in %d", errors, series, own, pods)
	}
}

func TestEveryVersionCountsItsErrors(t *testing.T) {
	m := serving(service, "v2.4.0")
	if _, series := sum(m, "gateway_errors_total", all); series != 0 {
		t.Errorf("gateway_errors_total is there before the first error")
	}
	m.Advance(noon.Add(time.Minute))
	errors, _ := sum(m, "http_requests_total", failed)
	if own, series := sum(m, "gateway_errors_total", all); own != errors || series != 6 {
		t.Errorf("gateway_errors_total is %v in %d series, want %v in 6", own, series, errors)
	}
}

// A quantile in the bucket +Inf reads as the highest other bound: what is slower does not show.
func TestCoarseHistogramEndsAtItsCeiling(t *testing.T) {
	m := serving(service, "v2.5.0-coarse")
	m.Advance(noon.Add(time.Minute))
	for i := range len(Bounds) + 1 {
		n, series := sum(m, "http_request_duration_seconds_bucket", func(l map[string]string) bool { return l["le"] == le(i) })
		if there := i == len(Bounds) || Bounds[i] <= 0.1; there != (series == 6) || !there && series != 0 {
			t.Errorf("bucket %s has %d series", le(i), series)
		}
		if count, _ := sum(m, "http_request_duration_seconds_count", all); le(i) == "0.1" && n > 0.8*count {
			t.Errorf("%v of %v requests take at most 100 ms: it is not slow", n, count)
		}
	}
}
