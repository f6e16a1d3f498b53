// Package gateway is the sandbox's load-balanced gateway: it follows the pods of the cluster, derives traffic over them, and exposes metrics and
// health endpoints as the real one would.
package gateway

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"

	"datahub.io/slipway/sandbox/traffic"
)

// App is the value of the label app on the gateway's pods.
const App = "datahub-gateway"

// ScrapeInterval is how often the gateway is meant to be scraped. Its history has the same step: rate() over samples of two densities is off by as
// much as a sparse step is of its window.
const ScrapeInterval = 2 * time.Second

// Environment is one environment that the gateway serves.
type Environment struct {
	Name string
	traffic.Service
	// Deployment is the one that serves it.
	Deployment string
	// Routed tells that its requests arrive by a VirtualService or an HTTPRoute only. All other environments are served without, by all of their pods.
	Routed bool
}

// Stable is the Deployment that serves an environment with canary releases.
const Stable = App + "-stable"

// Environments are the sandbox's, with their normal load.
var Environments = []Environment{
	{"staging", traffic.Service{Namespace: "datahub-staging", App: App, Rate: 600}, App, false},
	{"production", traffic.Service{Namespace: "datahub-production", App: App, Rate: 12000}, App, false},
	{"canary", traffic.Service{Namespace: "datahub-canary", App: App, Rate: 1200}, Stable, true},
	{"routes", traffic.Service{Namespace: "datahub-routes", App: App, Rate: 1200}, Stable, true},
	{"quiet", traffic.Service{Namespace: "datahub-quiet", App: App, Rate: 5}, App, false},
}

// Gateway joins what is observed of the cluster with the traffic derived from it.
type Gateway struct {
	mu      sync.Mutex
	model   *traffic.Model
	seen    observation
	history *History
	turns   map[string]*traffic.Turns // of health checks, by environment
	lags    map[string]*lag           // by environment
	wake    func(after time.Duration) // has observe called again
}

// newGateway begins at a time with the cluster as it is seen.
func newGateway(begin time.Time, speed float64, seen observation) *Gateway {
	services, turns := make([]traffic.Service, len(Environments)), map[string]*traffic.Turns{}
	for i, e := range Environments {
		services[i], turns[e.Name] = e.Service, &traffic.Turns{}
	}
	g := &Gateway{model: traffic.New(begin, speed, services), seen: seen, turns: turns, lags: map[string]*lag{}, wake: func(time.Duration) {}}
	g.model.Observe(seen.pods, seen.splits)
	return g
}

// Main runs the gateway until it is told to end, and returns the exit code.
func Main(args []string) int {
	flags := flag.NewFlagSet("gateway", flag.ExitOnError)
	kubeconfig := flags.String("kubeconfig", "", "kubeconfig of an administrator")
	listen := flags.String("listen", "127.0.0.1:8080", "address to serve on")
	speed := flags.Float64("speed", 1, "how much faster than life time-dependent behaviour is")
	span := flags.Duration("history", 0, "how much of the past to simulate first")
	flags.Parse(args)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *kubeconfig, *listen, *speed, *span); err != nil {
		fmt.Fprintln(os.Stderr, "gateway:", err)
		return 1
	}
	return 0
}

func run(ctx context.Context, kubeconfig, listen string, speed float64, span time.Duration) error {
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return err
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	untyped, err := dynamic.NewForConfig(config)
	if err != nil {
		return err
	}
	cluster := watch(ctx, client, untyped)
	now := time.Now()
	g := newGateway(now.Add(-span), speed, cluster.observe())
	if span > 0 {
		g.history = simulate(g, now)
		g.model.ResetRequests()
	}
	g.wake = func(after time.Duration) { time.AfterFunc(after, cluster.poke) }
	go func() {
		tick := time.NewTicker(ScrapeInterval)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-cluster.changed:
				g.observe(time.Now(), cluster.observe())
			case <-tick.C:
				g.advance(time.Now())
			}
		}
	}()
	server := &http.Server{Addr: listen, Handler: g.handler()}
	go func() { <-ctx.Done(); server.Close() }()
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// observe accounts for the time up to now with what was seen before, then takes what is seen now, and of routes what has reached the data plane.
func (g *Gateway) observe(now time.Time, seen observation) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.live(now)
	for _, e := range Environments {
		if l := g.lags[e.Name]; l != nil {
			seen.route(e, l.follow(now, seen.routeOf(e)))
			if next, ok := l.next(now); ok {
				g.wake(next)
			}
		}
	}
	g.model.Observe(seen.pods, seen.splits)
	g.seen = seen
}

// advance lets time pass.
func (g *Gateway) advance(now time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.live(now)
}

// live lets time pass, with the mutex held, and extends the history while nobody has fetched it, in its even steps whenever it is called.
func (g *Gateway) live(now time.Time) {
	if g.history != nil {
		for at := g.history.end().Add(ScrapeInterval); !at.After(now); at = at.Add(ScrapeInterval) {
			g.model.Advance(at)
			g.history.add(at, g.samples())
		}
	}
	g.model.Advance(now)
}

// samples returns all series, with the mutex held.
func (g *Gateway) samples() []traffic.Sample {
	out := g.model.Samples()
	for _, s := range g.seen.scales {
		out = append(out, s.samples()...)
	}
	return out
}

// Exposition is the text format of a scrape (https://prometheus.io/docs/instrumenting/exposition_formats/).
func Exposition(samples []traffic.Sample) string {
	var b strings.Builder
	var family string
	for _, s := range samples {
		if f, kind := familyOf(s.Name); f != family {
			family = f
			fmt.Fprintf(&b, "# TYPE %s %s\n", f, kind)
		}
		b.WriteString(s.Name)
		for i, l := range s.Labels {
			b.WriteByte("{,"[min(i, 1)])
			b.WriteString(l.Name)
			b.WriteByte('=')
			b.WriteString(quote(l.Value))
		}
		b.WriteString("} ")
		b.WriteString(strconv.FormatFloat(s.Value, 'g', -1, 64))
		b.WriteByte('\n')
	}
	return b.String()
}

var escapes = strings.NewReplacer(`\`, `\\`, "\n", `\n`, `"`, `\"`)

func quote(value string) string { return `"` + escapes.Replace(value) + `"` }

func familyOf(name string) (family, kind string) {
	for _, part := range []string{"_bucket", "_sum", "_count"} {
		if base, ok := strings.CutSuffix(name, part); ok && strings.HasSuffix(base, "_seconds") {
			return base, "histogram"
		}
	}
	if strings.HasSuffix(name, "_total") {
		return name, "counter"
	}
	return name, "gauge"
}
