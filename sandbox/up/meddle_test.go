package up

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"datahub.io/slipway/sandbox/meddle"
)

// A controller that was started by one command is ended by another, whichever way it is named.
func TestKeepAndRelease(t *testing.T) {
	apiserver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if strings.Contains(r.URL.Path, "-canary/deployments/datahub-gateway-canary") {
			w.WriteHeader(http.StatusNotFound)
			fmt.Fprint(w, `{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"NotFound","code":404,"message":"there is no canary"}`)
			return
		}
		json.NewEncoder(w).Encode(map[string]any{"apiVersion": "v1", "kind": "Any", "spec": map[string]any{"replicas": 6}})
	}))
	defer apiserver.Close()
	d, err := claim(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer d.release()
	if _, err := Person(d.path, "eng-b", "staging", ""); err == nil || !strings.Contains(err.Error(), "no sandbox runs") {
		t.Errorf("error: %v", err)
	}
	if err := writeUsers(d, apiserver.URL, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := Person(d.path, "eng-c", "staging", ""); err == nil || !strings.Contains(err.Error(), "eng-a, eng-b, responder, viewer, admin") {
		t.Errorf("error: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ports, err := choosePorts()
	if err != nil {
		t.Fatal(err)
	}
	said := make(chan string, 100)
	if err := control(ctx, d, ports.control, nil, func(format string, args ...any) { said <- fmt.Sprintf(format, args...) }); err != nil {
		t.Fatal(err)
	}
	for _, of := range []kept{{"staging", meddle.Stable}, {"canary", meddle.Stable}, {"canary", meddle.Route}, {"canary", meddle.Route}} {
		if err := Keep(t.Context(), d.path, of.environment, of.target, time.Hour, ""); err != nil {
			t.Fatal(err)
		}
		if line := <-said; line != of.String()+" is kept as it is now: changes are put back after 1h0m0s" {
			t.Errorf("said %q", line)
		}
	}
	for of, want := range map[kept]string{
		{"canary", meddle.Canary}: "there is no canary", {"quiet", meddle.Route}: "no route divides", {"nowhere", meddle.Stable}: "is unknown",
	} {
		if err := Keep(t.Context(), d.path, of.environment, of.target, time.Hour, ""); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %q", of, err, want)
		}
	}
	for _, c := range []struct {
		environment string
		on          meddle.Target
		want        string
	}{{"canary", meddle.Route, "[route of canary]"}, {"canary", meddle.Route, "[]"}, {"", "", "[stable of canary stable of staging]"}} {
		if ended, err := Release(t.Context(), d.path, c.environment, c.on); err != nil || fmt.Sprint(ended) != c.want {
			t.Errorf("%+v: ended %v, %v", c, ended, err)
		}
	}
}
