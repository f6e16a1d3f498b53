package cli

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"datahub.io/slipway/release"
)

// Before a release an address that answers 200 is no failure, whatever version it
// names; that it names none is said all the same.
func TestCheckHealth(t *testing.T) {
	answer := map[string]string{"/old": `{"version":"v1"}`, "/none": "ok"}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, ok := answer[r.URL.Path]
		if !ok {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
		_, _ = w.Write([]byte(body))
	}))
	defer server.Close()
	s, _ := newSession(t)
	for path, want := range map[string]struct {
		result string
		code   int
		found  string
	}{
		"/old":  {"ok", exitOK, "200, version v1"},
		"/none": {"absent", exitOK, "it names no version"},
		"/down": {"MISSING", exitError, "503"},
	} {
		s.plan.Items = []release.ItemSpec{{ID: "health", Title: "Health", Type: release.ItemHTTP, URL: server.URL + path}}
		out := &transcript{}
		cmd := &cobra.Command{}
		cmd.SetOut(out)
		err := printRows(cmd, s.health(t.Context()))
		if code(err) != want.code || !strings.Contains(out.String(), want.result) || !strings.Contains(out.String(), want.found) {
			t.Errorf("%s: %v\n%s", path, err, out)
		}
	}
}
