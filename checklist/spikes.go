package checklist

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"datahub.io/slipway/release"
)

// probeSpikes passes when the metric has not been over its bound since the
// rollout began, or for as long as it looks back at what ran before. A later recovery does not heal a spike. It needs fresh data:
// a peak of the past says nothing about what happens behind a dead link.
func (r *Runner) probeSpikes(ctx context.Context, item release.ItemSpec, state release.State) release.Result {
	i := slices.IndexFunc(r.plan.Metrics, func(m release.MetricSpec) bool { return m.Name == item.Metric })
	if i < 0 {
		return noData("no metric", fmt.Sprintf("metric %s is not configured", item.Metric))
	}
	spec, began := r.plan.Metrics[i], state.LooksBack(item)
	if began.IsZero() {
		return noData("not begun", "no rollout has begun")
	}
	now := release.Judge(r.plan, state.View, spec, r.now())
	if now.Verdict == release.NoData {
		result := noData("no data", fmt.Sprintf("%s: %s", spec.Title, now.Why))
		_, sampled := state.View.Samples[spec.Name]
		result.Early = !sampled // the first sample is on its way
		return result
	}
	peak, at, err := r.peaks.Peak(ctx, spec.Name, began)
	if err != nil {
		result := noData("no data", fmt.Sprintf("%s: %v", spec.Title, err))
		result.Early = errors.Is(err, release.ErrEarly)
		return result
	}
	if why := release.Implausible(spec.Unit, peak); why != "" {
		return noData("no data", fmt.Sprintf("%s: at %s %s", spec.Title, at.Format("15:04:05"), why))
	}
	value, bound := release.Format(spec.Unit, peak), release.Format(spec.Unit, now.High)
	if peak > now.High {
		return fail("peak "+value, fmt.Sprintf("%s: %s over %s at %s", spec.Title, value, bound, at.Format("15:04:05")))
	}
	return pass("peak "+value, fmt.Sprintf("%s: at most %s since %s, bound %s", spec.Title, value, began.Format("15:04:05"), bound))
}
