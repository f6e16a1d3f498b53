package checklist

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"datahub.io/slipway/release"
)

// An expression finds the value that the item is about, in place of the version.
func TestHTTPQuery(t *testing.T) {
	t.Setenv("GATEWAY_TOKEN", "s3cret")
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "s3cret" {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		fmt.Fprintf(w, `{"method":%q,"status":"ok","open":3,"big":12345678901234567890,"list":[1,2]}`, r.Method)
	}))
	defer server.Close()
	headers := map[string]string{"Authorization": "GATEWAY_TOKEN"}
	for name, c := range map[string]struct {
		item    release.HTTPCheck
		verdict release.Verdict
		said    string
	}{
		"equal":         {release.HTTPCheck{Query: ".status", Equals: "ok"}, release.Pass, ".status is ok"},
		"not equal":     {release.HTTPCheck{Query: ".status", Equals: "down"}, release.Fail, ".status is ok; wanted down"},
		"in bounds":     {release.HTTPCheck{Query: ".open", AtLeast: "3", AtMost: "3.0"}, release.Pass, "is 3"},
		"too low":       {release.HTTPCheck{Query: ".open", AtLeast: "4"}, release.Fail, "is 3, at least 4"},
		"too high":      {release.HTTPCheck{Query: ".open", AtMost: "2"}, release.Fail, "is 3, at most 2"},
		"all digits":    {release.HTTPCheck{Query: ".big", Equals: "12345678901234567891"}, release.Fail, "is 12345678901234567890; wanted"},
		"no number":     {release.HTTPCheck{Query: ".status", AtMost: "2"}, release.NoData, "not a number"},
		"nothing":       {release.HTTPCheck{Query: ".gone"}, release.NoData, "it finds nothing"},
		"several":       {release.HTTPCheck{Query: ".list[]"}, release.NoData, "it finds several values"},
		"with POST":     {release.HTTPCheck{Query: ".method", Method: "POST", Equals: "POST"}, release.Pass, "POST http"},
		"no header":     {release.HTTPCheck{Query: ".status", HeadersEnv: map[string]string{"Authorization": "GATEWAY_NOTHING"}}, release.NoData, "found nothing in the variable GATEWAY_NOTHING"},
		"another value": {release.HTTPCheck{Query: ".status", HeadersEnv: map[string]string{"Authorization": "HOME"}}, release.Fail, "403 Forbidden"},
	} {
		t.Run(name, func(t *testing.T) {
			if c.item.URL = server.URL; c.item.HeadersEnv == nil {
				c.item.HeadersEnv = headers
			}
			got := New(Options{Now: clock}).Probe(t.Context(), release.ItemSpec{Type: release.ItemHTTP, Settings: c.item}, state("v2.5.0"))
			if got.Verdict != c.verdict || !strings.Contains(got.Detail, c.said) || strings.Contains(fmt.Sprintf("%+v", got), "s3cret") {
				t.Errorf("%+v\nwant %q", got, c.said)
			}
		})
	}
}

// Behind a load balancer each of several answers has to be good.
func TestHTTPAnswersInARow(t *testing.T) {
	asked, old := 0, 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		version := "v2.5.0"
		if asked++; asked == old {
			version = "v2.4.0"
		}
		_ = json.NewEncoder(w).Encode(map[string]string{"version": version})
	}))
	defer server.Close()
	probe := func() release.Result {
		asked = 0
		item := release.HTTPCheck{URL: server.URL, Answers: 6}
		return New(Options{Now: clock}).Probe(t.Context(), release.ItemSpec{Type: release.ItemHTTP, Settings: item}, state("v2.5.0"))
	}
	if got := probe(); got.Verdict != release.Pass || asked != 6 || !strings.Contains(fmt.Sprint(got.Rows), "6 in a row") {
		t.Errorf("%d requests: %+v", asked, got)
	}
	for old = 1; old <= 6; old++ {
		if got := probe(); got.Verdict != release.Fail || asked != old || !strings.Contains(got.Detail, "version v2.4.0; wanted v2.5.0") {
			t.Errorf("the old one answers as number %d of %d: %+v", old, asked, got)
		}
	}
}

func TestHTTPLatencyAndCertificate(t *testing.T) {
	answer := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		time.Sleep(5 * time.Millisecond) // it is what is measured
		fmt.Fprint(w, `{"version":"v2.5.0"}`)
	})
	plain, secure := httptest.NewServer(answer), httptest.NewTLSServer(answer)
	defer plain.Close()
	defer secure.Close()
	expires := secure.Certificate().NotAfter
	for name, c := range map[string]struct {
		item    release.HTTPCheck
		now     time.Time
		verdict release.Verdict
		said    string
	}{
		"fast enough":  {release.HTTPCheck{URL: plain.URL, MaxLatency: time.Minute}, now, release.Pass, "at most"},
		"too slow":     {release.HTTPCheck{URL: plain.URL, MaxLatency: time.Millisecond}, now, release.Fail, "answered in"},
		"no TLS":       {release.HTTPCheck{URL: plain.URL, TLS: time.Hour}, now, release.Fail, "it is not https"},
		"valid":        {release.HTTPCheck{URL: secure.URL, TLS: 24 * time.Hour}, expires.Add(-25 * time.Hour), release.Pass, "expires in 1d 1h"},
		"not for long": {release.HTTPCheck{URL: secure.URL, TLS: 24 * time.Hour}, expires.Add(-23 * time.Hour), release.Fail, "expires in 23h 00m"},
	} {
		t.Run(name, func(t *testing.T) {
			r := New(Options{Now: func() time.Time { return c.now }})
			r.http.Transport.(*http.Transport).TLSClientConfig = secure.Client().Transport.(*http.Transport).TLSClientConfig
			got := r.Probe(t.Context(), release.ItemSpec{Type: release.ItemHTTP, Settings: c.item}, state("v2.5.0"))
			if got.Verdict != c.verdict || !strings.Contains(got.Detail+fmt.Sprint(got.Rows), c.said) {
				t.Errorf("%+v\nwant %q", got, c.said)
			}
		})
	}
}
