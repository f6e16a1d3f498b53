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

// Runner performs release.Probe effects. It may be used from any goroutine.
type Runner struct {
	plan  release.Plan
	peaks Peaks
	http  *http.Client
	now   func() time.Time
}

// New gives the runner of one plan. Results carry the time that now tells.
func New(plan release.Plan, peaks Peaks, now func() time.Time) *Runner {
	return &Runner{plan: plan, peaks: peaks, http: newClient(), now: now}
}

// Probe looks once and always comes back, at the latest when ctx ends. Its
// result is NoData when nothing could be found out: no verdict is a guess.
func (r *Runner) Probe(ctx context.Context, spec release.ItemSpec, state release.State) release.Result {
	var result release.Result
	switch spec.Type {
	case release.ItemHTTP:
		result = r.probeHTTP(ctx, spec, state.To.Version)
	case release.ItemSpikes:
		result = r.probeSpikes(ctx, spec, state)
	default:
		result = noData("no probe", fmt.Sprintf("items of type %s are not probed", spec.Type))
	}
	result.At = r.now()
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
