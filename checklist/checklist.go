// Package checklist looks at the outside world for the items of the checklist
// whose evidence is neither in the workload nor in the newest samples: an HTTP
// endpoint, and the spikes of a metric over time.
//
// It only looks. When to look, for how long a finding must hold, and whether a
// gate opens is decided in package release.
package checklist

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"

	"datahub.io/slipway/release"
	"datahub.io/slipway/untrusted"
)

// longest is how many runes of a finding are kept.
const longest = 300

// Peaks looks back at a metric: its highest value since a time, in its unit,
// and when that was. An error says in one line why there is no answer.
type Peaks interface {
	Peak(ctx context.Context, metric release.MetricName, since time.Time) (value float64, at time.Time, err error)
}

// Options are what a runner is made of.
type Options struct {
	Plan      release.Plan
	Peaks     Peaks
	Ground    Ground
	Approvals Approvals
	Now       func() time.Time // results carry the time that it tells; time.Now when nil
}

// Runner performs release.Probe effects. It may be used from any goroutine.
type Runner struct {
	Options
	http *http.Client

	mu         sync.Mutex
	registries map[string]*registry // by repository, once it was asked
	hubs       map[string]*hub      // by address and repository
}

// New makes a runner.
func New(o Options) *Runner {
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Runner{Options: o, http: newClient(), registries: map[string]*registry{}, hubs: map[string]*hub{}}
}

// registryOf opens a repository, or gives the one that is open: it keeps what it has read.
func (r *Runner) registryOf(repository string) (*registry, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if at, ok := r.registries[repository]; ok {
		return at, nil
	}
	at, err := openRegistry(repository)
	if err == nil {
		r.registries[repository] = at
	}
	return at, err
}

// hubOf opens a repository on GitHub, or gives the one that is open, with its token as it
// was then.
func (r *Runner) hubOf(check release.GitHubCheck) (*hub, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	key := check.URL + " " + check.Repository
	if h, ok := r.hubs[key]; ok {
		return h, nil
	}
	token, err := secretOf(check.TokenEnv, check.TokenFile)
	if err != nil {
		return nil, err
	}
	h, err := openHub(check.Repository, check.URL, token)
	if err == nil {
		r.hubs[key] = h
	}
	return h, err
}

// secretOf reads a secret from a variable or a file; neither: there is none.
func secretOf(variable, file string) (string, error) {
	switch {
	case variable != "":
		if secret := os.Getenv(variable); secret != "" {
			return secret, nil
		}
		return "", fmt.Errorf("found nothing in the variable %s; accepted: a token", variable)
	case file != "":
		text, err := untrusted.ReadFile(file, bodyLimit)
		if err != nil {
			return "", err
		}
		if secret := strings.TrimSpace(string(text)); secret != "" {
			return secret, nil
		}
		return "", fmt.Errorf("found nothing in %s; accepted: a token", file)
	}
	return "", nil
}

// probe looks once for one item.
type probe func(ctx context.Context, r *Runner, spec release.ItemSpec, state release.State) release.Result

// probes is the table of all probes, by the type of item that they look for. Each file
// adds its own.
var probes = map[release.ItemType]probe{}

// register adds a probe to the table.
func register(t release.ItemType, p probe) release.ItemType {
	probes[t] = p
	return t
}

// Probe looks once and comes back at the latest when ctx ends. Its result is NoData when
// nothing could be found out: no verdict is a guess. All of its text is made safe to show.
func (r *Runner) Probe(ctx context.Context, spec release.ItemSpec, state release.State) release.Result {
	look, ok := probes[spec.Type]
	if !ok {
		look = func(context.Context, *Runner, release.ItemSpec, release.State) release.Result {
			return noData("no probe", fmt.Sprintf("items of type %s are not probed", spec.Type))
		}
	}
	result := look(ctx, r, spec, state)
	result.At = r.Now()
	result.Short, result.Detail = untrusted.Line(result.Short, longest), untrusted.Line(result.Detail, longest)
	for i := range result.Rows {
		result.Rows[i].Label = release.FactLabel(untrusted.Line(string(result.Rows[i].Label), longest))
	}
	for name, text := range result.Facts {
		result.Facts[name] = untrusted.Line(text, longest)
	}
	return result
}

func noData(short, detail string) release.Result {
	return release.Result{Verdict: release.NoData, Short: short, Detail: untrusted.Line(detail, longest)}
}

func fail(short, detail string) release.Result {
	return release.Result{Verdict: release.Fail, Short: untrusted.Line(short, longest), Detail: untrusted.Line(detail, longest)}
}

func pass(short, detail string) release.Result {
	return release.Result{Verdict: release.Pass, Short: untrusted.Line(short, longest), Detail: untrusted.Line(detail, longest)}
}

// lasting marks what no wait mends.
func lasting(r release.Result) release.Result {
	r.Lasting = true
	return r
}
