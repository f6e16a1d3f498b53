package gateway

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// ahead is a gateway whose model is ahead of the clock: handlers add nothing to it.
func ahead() *Gateway { return newGateway(time.Now().Add(time.Hour), 1, settled().seen) }

func (g *Gateway) post(path string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	g.handler().ServeHTTP(w, httptest.NewRequest(http.MethodPost, path, nil))
	return w
}

func TestDisorderOfOneEnvironment(t *testing.T) {
	g := newGateway(time.Now(), 1, settled().seen)
	for _, path := range []string{"/production/burst?errors=0.5&for=1h", "/staging/load?rate=5", "/routes/load?rate=5", "/routes/load"} {
		if w := g.post(path); w.Code != http.StatusOK {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
	}
	g.model.ResetRequests()
	g.model.Advance(g.model.Now().Add(10 * time.Second))
	for _, e := range Environments {
		n, failed, rate := g.model.Requests(e.Service), 0.0, e.Rate
		switch e.Name {
		case "production":
			failed = 0.5
		case "staging":
			rate = 5
		}
		if n.Total < rate*9 || n.Total > rate*11 {
			t.Errorf("%s had %v requests in 10 s, want %v a second", e.Name, n.Total, rate)
		}
		if share := n.Failed / n.Total; share < failed*0.98 || share > failed {
			t.Errorf("%s: %v of the requests failed, want %v", e.Name, share, failed)
		}
	}
}

func TestDisorderIsRefused(t *testing.T) {
	for path, want := range map[string]string{
		"/staging/burst?errors=0&for=20s":   "above 0 and at most 1",
		"/staging/burst?errors=1.1&for=20s": "above 0 and at most 1",
		"/staging/burst?errors=NaN&for=20s": "above 0 and at most 1",
		"/staging/burst?errors=0.1&for=0s":  "a duration above 0",
		"/staging/burst?errors=0.1":         "a duration above 0",
		"/staging/load?rate=-1":             "requests per second",
		"/staging/load?rate=NaN":            "requests per second",
		"/staging/load?rate=":               "requests per second",
		"/canary/lag?by=-1s":                "a duration is needed",
		"/canary/lag":                       "a duration is needed",
		"/staging/lag?by=5s":                "no route divides",
	} {
		if w := ahead().post(path); w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), want) {
			t.Errorf("%s: %d %s, want %q", path, w.Code, w.Body, want)
		}
	}
	if w := ahead().post("/nowhere/lag?by=5s"); w.Code != http.StatusNotFound {
		t.Errorf("an unknown environment: %d", w.Code)
	}
}

func TestEnvironmentNamed(t *testing.T) {
	if e, err := EnvironmentNamed("quiet"); err != nil || e.Namespace != "datahub-quiet" || e.Rate != 5 || e.Routed {
		t.Errorf("quiet is %+v, %v", e, err)
	}
	if _, err := EnvironmentNamed("prod"); err == nil || !strings.Contains(err.Error(), "staging, production, canary, routes, quiet") {
		t.Errorf("error: %v", err)
	}
}
