package gateway

import (
	"encoding/json"
	"io"
	"math"
	"net/http"
	"time"

	"datahub.io/slipway/sandbox/behaviour"
	"datahub.io/slipway/sandbox/traffic"
)

// Usage is what one container uses, as the metrics part asks for it.
type Usage struct {
	Namespace string `json:"namespace"`
	Pod       string `json:"pod"`
	Container string `json:"container"`
	// CPU is in cores, Memory in bytes.
	CPU    float64 `json:"cpu"`
	Memory float64 `json:"memory"`
}

// Requests counts requests and those of them that failed, as traffic.Count has it, in whole requests: one that failed in part has failed.
type Requests struct {
	Total  int64 `json:"total"`
	Failed int64 `json:"failed"`
}

// handler serves GET /metrics for scrapes; /ENVIRONMENT/health, …/health/ready and …/health/live as the load balancer of that environment would;
// for the other parts of the sandbox /usage and /history; and /requests, which counts what was asked and what failed in each environment. POST
// /requests/reset answers the same for the last time: counts begin anew. What disturbs its traffic is disorder's.
func (g *Gateway) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /metrics", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; version=0.0.4")
		g.advance(time.Now())
		g.mu.Lock()
		defer g.mu.Unlock()
		io.WriteString(w, Exposition(g.samples()))
	})
	mux.HandleFunc("GET /usage", func(w http.ResponseWriter, _ *http.Request) {
		g.advance(time.Now())
		answer(w, http.StatusOK, g.usage())
	})
	mux.HandleFunc("GET /requests", func(w http.ResponseWriter, _ *http.Request) { answer(w, http.StatusOK, g.requests(false)) })
	mux.HandleFunc("POST /requests/reset", func(w http.ResponseWriter, _ *http.Request) { answer(w, http.StatusOK, g.requests(true)) })
	mux.HandleFunc("GET /history", func(w http.ResponseWriter, _ *http.Request) {
		g.advance(time.Now())
		g.mu.Lock()
		history := g.history
		g.history = nil // it is fetched once, and is large
		g.mu.Unlock()
		if history == nil {
			history = &History{}
		}
		answer(w, http.StatusOK, history)
	})
	for _, e := range Environments {
		for _, path := range []string{"/health", "/health/ready", "/health/live"} {
			mux.HandleFunc("GET /"+e.Name+path, func(w http.ResponseWriter, _ *http.Request) { g.health(w, e) })
		}
	}
	g.disorder(mux)
	return mux
}

// health answers as the load balancer would: from the next ready pod of the backend whose turn it is, or with 503 when that has none.
func (g *Gateway) health(w http.ResponseWriter, e Environment) {
	p, ok := g.next(e)
	if !ok {
		answer(w, http.StatusServiceUnavailable, map[string]string{"status": "unavailable", "error": "no healthy upstream"})
		return
	}
	time.Sleep(behaviour.OfTag(p.Tag).Median)
	answer(w, http.StatusOK, map[string]string{
		"status": "ok", "service": p.App, "version": p.Tag, "pod": p.Name, "since": p.Started.UTC().Format(time.RFC3339),
	})
}

func (g *Gateway) next(e Environment) (traffic.Pod, bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	backends, routed := g.seen.health[e.Name]
	if !routed {
		backends = []traffic.Backend{{Share: 1, Selector: map[string]string{"app": e.App}}}
	}
	var pods []traffic.Pod
	for _, p := range g.seen.pods {
		if p.Namespace == e.Namespace {
			pods = append(pods, p)
		}
	}
	return g.turns[e.Name].Next(backends, pods)
}

func (g *Gateway) usage() []Usage {
	g.mu.Lock()
	defer g.mu.Unlock()
	out := []Usage{}
	for _, u := range g.model.Usage() {
		out = append(out, Usage{u.Pod.Namespace, u.Pod.Name, u.Container, u.CPU, u.Memory})
	}
	return out
}

// requests counts what each environment was asked since the gateway started or since the last reset, and resets the counts if told to.
func (g *Gateway) requests(reset bool) map[string]Requests {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.live(time.Now())
	out := map[string]Requests{}
	for _, e := range Environments {
		n := g.model.Requests(e.Service)
		out[e.Name] = Requests{int64(math.Ceil(n.Total)), int64(math.Ceil(n.Failed))}
	}
	if reset {
		g.model.ResetRequests()
	}
	return out
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(body)
}
