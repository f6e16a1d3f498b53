package checklist

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"

	"datahub.io/slipway/release"
)

var now = time.Date(2026, 11, 23, 12, 43, 12, 0, time.UTC)

func clock() time.Time { return now }

func state(version string) release.State {
	return release.State{Record: release.Record{To: release.Target{Version: version}}}
}

func TestHTTP(t *testing.T) {
	for name, c := range map[string]struct {
		status  int
		body    string
		version string // wanted
		verdict release.Verdict
		short   string
		detail  string // behind "GET <url>: "
	}{
		"the version":          {200, `{"version":"v2.5.0"}`, "v2.5.0", release.Pass, "200 v2.5.0", "200, version v2.5.0"},
		"without its v":        {200, `{"version":"2.5.0"}`, "v2.5.0", release.Pass, "200 2.5.0", "200, version 2.5.0"},
		"the version before":   {200, `{"version":"v2.4.0"}`, "v2.5.0", release.Fail, "200 v2.4.0", "200, version v2.4.0; wanted v2.5.0"},
		"nothing wanted":       {200, `{"version":"v2.4.0"}`, "", release.Pass, "200 v2.4.0", "200, version v2.4.0"},
		"no version":           {200, `{"status":"ok"}`, "v2.5.0", release.Fail, "200 no version", `200, but it names no version; accepted: {"version": …}, or anyVersion: true for the item`},
		"a nested version":     {200, `{"app":{"version":"v1"}}`, "v2.5.0", release.Fail, "200 no version", `200, but it names no version; accepted: {"version": …}, or anyVersion: true for the item`},
		"a number for version": {200, `{"version":25}`, "v2.5.0", release.Fail, "200 no version", `200, but it names no version; accepted: {"version": …}, or anyVersion: true for the item`},
		"no JSON":              {200, `<html>`, "v2.5.0", release.Fail, "200 no version", `200, but it names no version; accepted: {"version": …}, or anyVersion: true for the item`},
		"nothing wanted, none": {200, `ok`, "", release.Fail, "200 no version", `200, but it names no version; accepted: {"version": …}, or anyVersion: true for the item`},
		"unavailable":          {503, `{"version":"v2.5.0"}`, "v2.5.0", release.Fail, "503", "503 Service Unavailable"},
		"created":              {201, ``, "v2.5.0", release.Fail, "201", "201 Created"},
		"escapes":              {200, `{"version":"v2\u001b[31m.5\u202e\n0"}`, "v2.5.0", release.Fail, "200 v2.5 0", "200, version v2.5 0; wanted v2.5.0"},
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(c.status)
				fmt.Fprint(w, c.body)
			}))
			defer server.Close()
			runner := New(Options{Now: clock})
			got := runner.Probe(t.Context(), release.ItemSpec{Type: release.ItemHTTP, Settings: release.HTTPCheck{URL: server.URL + "/health"}}, state(c.version))
			want := release.Result{At: now, Verdict: c.verdict, Short: c.short, Detail: "GET " + server.URL + "/health: " + c.detail}
			if c.verdict == release.Pass {
				want.Facts = release.Facts{release.FactVersion: strings.TrimPrefix(c.short, "200 ")}
			}
			want.Lasting = strings.Contains(c.detail, "names no version") // no wait makes it name one
			got.Rows = nil                                                // how long it took
			if !reflect.DeepEqual(got, want) {
				t.Errorf("%+v\nwant %+v", got, want)
			}
		})
	}
}

// An item that is content with any version takes a 200 as it is, and nothing else.
func TestHTTPAnyVersion(t *testing.T) {
	for body, want := range map[string]release.Result{
		`<html>`:               {Verdict: release.Pass, Short: "200", Detail: "200"},
		`{"version":"v2.5.0"}`: {Verdict: release.Pass, Short: "200 v2.5.0", Detail: "200, version v2.5.0"},
		`{"version":"v9"}`:     {Verdict: release.Pass, Short: "200 v9", Detail: "200, version v9"},
		"":                     {Verdict: release.Fail, Short: "503", Detail: "503 Service Unavailable"},
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			if body == "" {
				w.WriteHeader(http.StatusServiceUnavailable)
			}
			fmt.Fprint(w, body)
		}))
		defer server.Close()
		want.At, want.Detail = now, "GET "+server.URL+": "+want.Detail
		item := release.ItemSpec{Type: release.ItemHTTP, Settings: release.HTTPCheck{URL: server.URL, AnyVersion: true}}
		got := New(Options{Now: clock}).Probe(t.Context(), item, state("v2.5.0"))
		if got.Rows = nil; !reflect.DeepEqual(got, want) { // how long it took
			t.Errorf("%+v\nwant %+v", got, want)
		}
	}
}

// A body without end is read to its limit, and an answer that does not come is
// waited for 3 s at most.
func TestHTTPBounds(t *testing.T) {
	mux := http.NewServeMux()
	mux.HandleFunc("/endless", func(w http.ResponseWriter, _ *http.Request) {
		for {
			if _, err := w.Write(make([]byte, 4096)); err != nil {
				return
			}
		}
	})
	mux.HandleFunc("/trickle", func(w http.ResponseWriter, r *http.Request) {
		for r.Context().Err() == nil {
			fmt.Fprint(w, " ")
			w.(http.Flusher).Flush()
			select {
			case <-r.Context().Done():
			case <-time.After(100 * time.Millisecond):
			}
		}
	})
	mux.HandleFunc("/hang", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	server := httptest.NewServer(mux)
	defer server.Close()
	other := httptest.NewServer(http.NotFoundHandler())
	defer other.Close()
	mux.HandleFunc("/inside", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/ok", http.StatusFound) })
	mux.HandleFunc("/ok", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("/outside", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, other.URL, http.StatusFound) })
	mux.HandleFunc("/circle", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/circle", http.StatusFound) })
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()

	runner := New(Options{Now: clock})
	for address, want := range map[string]release.Result{
		server.URL + "/endless": {Verdict: release.Pass, Detail: "200"},
		server.URL + "/hang":    {Verdict: release.Fail, Detail: "no answer within 3s"},
		server.URL + "/inside":  {Verdict: release.Pass, Detail: "200"},
		server.URL + "/outside": {Verdict: release.Fail, Detail: "redirected to another host"},
		server.URL + "/circle":  {Verdict: release.Fail, Detail: "redirected more than 5 times"},
		gone.URL:                {Verdict: release.Fail, Detail: "connection refused"},
		"://":                   {Verdict: release.NoData, Detail: ": no URL"},
		"ftp://gateway/health":  {Verdict: release.NoData, Detail: "neither http nor https"},
		server.URL + "/trickle": {Verdict: release.Fail, Detail: "no answer within 3s"},
	} {
		got := runner.Probe(t.Context(), release.ItemSpec{Type: release.ItemHTTP, Settings: release.HTTPCheck{URL: address, AnyVersion: true}}, state(""))
		if got.Verdict != want.Verdict || !strings.Contains(got.Detail, want.Detail) || got.Short == "" {
			t.Errorf("%s: %+v", address, got)
		}
	}
	named := release.ItemSpec{Type: release.ItemHTTP, Settings: release.HTTPCheck{URL: server.URL + "/endless"}}
	if got := runner.Probe(t.Context(), named, state("v1")); got.Verdict != release.Fail || !got.Lasting || !strings.Contains(got.Detail, "the answer is larger than 64 KiB") {
		t.Errorf("a version in an endless answer: %+v", got)
	}
	for _, address := range []string{gone.URL + "/?token=s3cret", strings.Replace(gone.URL, "http://", "http://user:s3cret@", 1), "http://user:s3cr%t@h", server.URL + "/outside?token=s3cret", server.URL + "/ok?token=s3cret"} {
		got := runner.Probe(t.Context(), release.ItemSpec{Type: release.ItemHTTP, Settings: release.HTTPCheck{URL: address}}, state("v1"))
		if strings.Contains(got.Detail+got.Short, "s3c") {
			t.Errorf("a secret is shown: %+v", got)
		}
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if got := runner.Probe(ended, release.ItemSpec{Type: release.ItemHTTP, Settings: release.HTTPCheck{URL: server.URL + "/ok"}}, state("")); got.Verdict != release.NoData {
		t.Errorf("when nobody waits any more: %+v", got)
	}
}

// Behind a load balancer each probe asks anew.
func TestHTTPConnections(t *testing.T) {
	from := map[string]bool{}
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { from[r.RemoteAddr] = true }))
	runner := New(Options{Now: clock})
	for range 3 {
		runner.Probe(t.Context(), release.ItemSpec{Type: release.ItemHTTP, Settings: release.HTTPCheck{URL: server.URL}}, state(""))
	}
	server.Close()
	if len(from) != 3 {
		t.Errorf("%d connections for 3 probes", len(from))
	}
}

// peaks answers with one peak or error.
type peaks struct {
	value float64
	err   error
	since time.Time
}

func (p *peaks) Peak(_ context.Context, _ release.MetricName, since time.Time) (float64, time.Time, error) {
	p.since = since
	return p.value, now.Add(-time.Minute), p.err
}

func TestSpikes(t *testing.T) {
	plan := release.Plan{
		Metrics: []release.MetricSpec{{
			Name: release.ErrorRate, Title: "Error Rate", Unit: release.Ratio,
			Bound: release.Bound{Kind: release.Threshold, Max: 0.001},
		}},
		Stale: release.Staleness{Metric: 30 * time.Second},
	}
	item := release.ItemSpec{Type: release.ItemSpikes, Settings: release.SpikesCheck{Metric: release.ErrorRate}}
	began := now.Add(-10 * time.Minute)
	with := func(sample release.Sample) release.State {
		return release.State{
			Record: release.Record{Rollout: release.Rollout{Began: began}},
			View:   release.View{Samples: map[release.MetricName]release.Sample{release.ErrorRate: sample}},
		}
	}
	good := release.Sample{Metric: release.ErrorRate, At: now.Add(-time.Second), Value: 0.0002}
	stale := good
	stale.At = now.Add(-31 * time.Second)
	for name, c := range map[string]struct {
		state   release.State
		item    release.ItemSpec
		peaks   peaks
		verdict release.Verdict
		short   string
		detail  string
	}{
		"never over":           {with(good), item, peaks{value: 0.0005}, release.Pass, "peak 0.05%", "Error Rate: at most 0.05% since 12:33:12, bound 0.1%"},
		"at its bound":         {with(good), item, peaks{value: 0.001}, release.Pass, "peak 0.1%", "Error Rate: at most 0.1% since 12:33:12, bound 0.1%"},
		"a spike that is over": {with(good), item, peaks{value: 0.0241}, release.Fail, "peak 2.4%", "Error Rate: 2.4% over 0.1% at 12:42:12"},
		"no answer":            {with(good), item, peaks{err: errors.New("no answer within 3s")}, release.NoData, "no data", "Error Rate: no answer within 3s"},
		"stale":                {with(stale), item, peaks{value: 0.0005}, release.NoData, "no data", "Error Rate: stale 31s"},
		"no sample":            {release.State{Record: release.Record{Rollout: release.Rollout{Began: began}}}, item, peaks{}, release.NoData, "no data", "Error Rate: no sample yet"},
		"not begun":            {release.State{}, item, peaks{}, release.NoData, "not begun", "no rollout has begun"},
		"unknown":              {with(good), release.ItemSpec{Type: release.ItemSpikes, Settings: release.SpikesCheck{Metric: release.CPU}}, peaks{}, release.NoData, "no metric", "metric cpu is not configured"},
	} {
		t.Run(name, func(t *testing.T) {
			got := New(Options{Plan: plan, Peaks: &c.peaks, Now: clock}).Probe(t.Context(), c.item, c.state)
			if want := (release.Result{At: now, Verdict: c.verdict, Early: name == "no sample", Short: c.short, Detail: c.detail}); !reflect.DeepEqual(got, want) {
				t.Errorf("%+v\nwant %+v", got, want)
			}
			if c.verdict != release.NoData && !c.peaks.since.Equal(began) {
				t.Errorf("looked back to %s", c.peaks.since)
			}
		})
	}
}

// Of a version that was complete before it is judged, what is there is looked back at,
// no further than a release would be watched.
func TestSpikesOfWhatStands(t *testing.T) {
	plan := release.Plan{
		Metrics: []release.MetricSpec{{Name: release.ErrorRate, Unit: release.Ratio, Bound: release.Bound{Kind: release.Threshold, Max: 0.001}}},
		Stale:   release.Staleness{Metric: 30 * time.Second},
	}
	item := release.ItemSpec{Type: release.ItemSpikes, Settings: release.SpikesCheck{Metric: release.ErrorRate}, For: 30 * time.Minute}
	began := now.Add(-time.Second)
	for stood, since := range map[time.Duration]time.Duration{5 * time.Minute: 5 * time.Minute, 2 * time.Hour: 30*time.Minute + time.Second} {
		p := peaks{value: 0.0005}
		state := release.State{
			Record: release.Record{Rollout: release.Rollout{Began: began, Stood: now.Add(-stood)}},
			View:   release.View{Samples: map[release.MetricName]release.Sample{release.ErrorRate: {Metric: release.ErrorRate, At: now, Value: 0.0002}}},
		}
		if got := New(Options{Plan: plan, Peaks: &p, Now: clock}).Probe(t.Context(), item, state); got.Verdict != release.Pass {
			t.Errorf("complete for %s: %+v", stood, got)
		}
		if got := now.Sub(p.since); got != since {
			t.Errorf("complete for %s: looked back for %s, want %s", stood, got, since)
		}
	}
}

func TestNotProbed(t *testing.T) {
	got := New(Options{Now: clock}).Probe(t.Context(), release.ItemSpec{Type: release.ItemManual}, release.State{})
	if got.Verdict != release.NoData || got.At != now {
		t.Errorf("%+v", got)
	}
}

// Every type that is probed has a probe, and no other.
func TestProbes(t *testing.T) {
	for _, kind := range release.ItemTypes() {
		if _, ok := probes[kind]; ok != kind.Probed() {
			t.Errorf("%s: has a probe %v, is probed %v", kind, ok, kind.Probed())
		}
	}
}
