package engine

import (
	"context"
	"fmt"
	"slices"
	"time"

	"datahub.io/slipway/release"
)

// probe looks for one item, on a goroutine of its own. The answer comes within the time
// limit of the item's kind: a probe that does not come back by then is no data, and
// nothing is sent after it before it has.
func (e *Engine) probe(p release.Probe) {
	i := slices.IndexFunc(e.opts.Plan.Items, func(spec release.ItemSpec) bool { return spec.ID == p.Item })
	if i < 0 {
		return
	}
	spec, state, clock := e.opts.Plan.Items[i], e.state, e.opts.Clock
	_, limit, _ := spec.Look()
	late := func(text string) release.Probed {
		return release.Probed{Item: p.Item, Of: p.Of, Result: release.Result{At: clock(), Verdict: release.NoData, Short: "no answer", Detail: text}}
	}
	if e.probing[p.Item] {
		e.post(late("the look before has not come back"))
		return
	}
	e.probing[p.Item] = true
	ctx, cancel := context.WithTimeout(e.ctx, limit)
	answer := make(chan release.Result, 1)
	go func() {
		defer e.post(probeEnded(p.Item))
		answer <- e.opts.Prober.Probe(ctx, spec, state)
	}()
	go func() {
		defer cancel()
		patience := time.NewTimer(limit + time.Second) // what looks keeps the time itself, and says more
		defer patience.Stop()
		select {
		case result := <-answer:
			e.post(release.Probed{Item: p.Item, Of: p.Of, Result: result})
		case <-patience.C:
			e.post(late(fmt.Sprintf("no answer within %s", limit)))
		case <-e.ended:
		}
	}()
}
