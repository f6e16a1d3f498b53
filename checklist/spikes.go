package checklist

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"datahub.io/slipway/release"
)

var _ = register(release.ItemSpikes, probeSpikes)

// probeSpikes passes when the metric has not been over its bound since the
// rollout began, or for as long as it looks back at what ran before. A later recovery does not
// heal a spike. It needs fresh data: a peak of the past says nothing about what happens
// behind a dead link.
func probeSpikes(ctx context.Context, r *Runner, item release.ItemSpec, state release.State) release.Result {
	metric := release.SettingsOf[release.SpikesCheck](item).Metric
	i := slices.IndexFunc(r.Plan.Metrics, func(m release.MetricSpec) bool { return m.Name == metric })
	if i < 0 {
		return noData("no metric", fmt.Sprintf("metric %s is not configured", metric))
	}
	spec, began := r.Plan.Metrics[i], state.LooksBack(item)
	if began.IsZero() {
		return noData("not begun", "no rollout has begun")
	}
	now := release.Judge(r.Plan, state.View, spec, r.Now())
	if now.Verdict == release.NoData {
		result := noData("no data", fmt.Sprintf("%s: %s", spec.Title, now.Why))
		_, sampled := state.View.Samples[spec.Name]
		result.Early = !sampled // the first sample is on its way
		return result
	}
	peak, at, err := r.Peaks.Peak(ctx, spec.Name, began)
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
