package cli

import (
	"bytes"
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
		s.plan.Items = []release.ItemSpec{{ID: "health", Title: "Health", Type: release.ItemHTTP, Settings: release.HTTPCheck{URL: server.URL + path}}}
		out := &transcript{}
		cmd := &cobra.Command{}
		cmd.SetOut(out)
		err := printRows(cmd, s.health(t.Context()))
		if code(err) != want.code || !strings.Contains(out.String(), want.result) || !strings.Contains(out.String(), want.found) {
			t.Errorf("%s: %v\n%s", path, err, out)
		}
	}
}

// What an undo can go back to is known before a release: none at all is said, with what
// to do, and fails nothing.
func TestCheckRevisions(t *testing.T) {
	for name, c := range map[string]struct {
		limit, revisions int
		ok               bool
		found            string
	}{
		"none is kept":  {0, 3, false, "revisionHistoryLimit is 0: no earlier revision is kept, and an undo of a complete release can only set its earlier image again"},
		"one is kept":   {1, 2, true, "revisionHistoryLimit is 1: only the revision that ran before is kept"},
		"there is none": {10, 1, true, "no earlier revision yet"},
		"as usual":      {10, 4, true, "3 earlier revisions"},
	} {
		t.Run(name, func(t *testing.T) {
			got := revisions(release.Workload{History: c.limit, Revisions: make([]release.Revision, c.revisions)})
			if got.ok != c.ok || got.found != c.found || !got.optional {
				t.Errorf("%+v", got)
			}
			var out bytes.Buffer
			cmd := &cobra.Command{}
			cmd.SetOut(&out)
			if err := printRows(cmd, []row{got}); err != nil {
				t.Error(err)
			}
			if said := strings.Contains(out.String(), "absent") && strings.Contains(out.String(), "; set spec.revisionHistoryLimit"); said == c.ok {
				t.Errorf("said %q", out.String())
			}
		})
	}
}
