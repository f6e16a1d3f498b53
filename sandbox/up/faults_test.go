package up

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"datahub.io/slipway/sandbox/faulty"
)

func TestFaults(t *testing.T) {
	server := httptest.NewServer(faulty.New(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "{}") })))
	defer server.Close()
	d, err := claim(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer d.release()
	if err := d.write(readyFile, endpoints{Prometheus: server.URL}.ready(), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		environment string
		faults      url.Values
		reset       bool
		want        string
	}{
		{"", url.Values{}, false, "no faults"},
		{"", url.Values{"status": {"503"}}, false, "status 503"},
		{"quiet", url.Values{}, false, "status 503"},
		{"quiet", url.Values{"delay": {"5s"}}, false, "status 503\ndatahub-quiet: delay 5s"},
		{"", url.Values{}, false, "status 503\ndatahub-quiet: delay 5s"},
		{"quiet", url.Values{}, true, "status 503"},
		{"", url.Values{}, true, "no faults"},
	} {
		if got, err := Faults(t.Context(), d.path, c.environment, c.faults, c.reset); err != nil || strings.TrimSpace(got) != c.want {
			t.Errorf("%+v: %q, %v", c, got, err)
		}
	}
	if _, err := Faults(t.Context(), d.path, "", url.Values{"flood": {"big"}}, false); err == nil || !strings.Contains(err.Error(), "flood big") {
		t.Errorf("error: %v", err)
	}
	if _, err := Faults(t.Context(), d.path, "nowhere", url.Values{}, false); err == nil || !strings.Contains(err.Error(), "is unknown") {
		t.Errorf("error: %v", err)
	}
}
