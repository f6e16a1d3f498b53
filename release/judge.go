package release

import (
	"fmt"
	"slices"
	"time"
)

// ahead is how far a sample's timestamp may lie in the future: clocks differ a
// little. What is further ahead says nothing about now.
const ahead = 10 * time.Second

// Judge holds the newest sample of a metric against its bound. A value that is
// missing, impossible or older than plan.Stale.Metric is NoData, whatever it says.
func Judge(plan Plan, view View, spec MetricSpec, now time.Time) Judgement {
	j := Judgement{Spec: spec, Verdict: NoData, Failing: view.Failing[spec.Name].Count}
	j.Unread = spec.Bound.FromDeployment && !view.Workload.Found
	j.Low, j.High, j.Limit = limits(plan, view.Workload, spec.Bound, spec.Unit)
	sample := view.Samples[spec.Name]
	if j.Lack, j.Why = sample.lack(spec.Unit); j.Lack == "" {
		j.Value, j.Has, j.At = sample.Value, true, sample.At
		j.Lack, j.Why = undecided(plan, view, j, now)
	}
	switch {
	case j.Lack != "":
		j.Lasting = j.Lack.lasts(plan, view.Workload, now)
	case j.Value > j.High:
		j.Verdict, j.Why = Fail, beyond(spec.Unit, j.Value, "over", j.High)
	case j.Value < j.Low:
		j.Verdict, j.Why = Fail, beyond(spec.Unit, j.Value, "under", j.Low)
	default:
		j.Verdict = Pass
	}
	return j
}

// beyond says that a value is on the wrong side of a bound. One that would read as the
// bound itself is just over it.
func beyond(unit Unit, value float64, side string, bound float64) string {
	shown, limit := Format(unit, value), Format(unit, bound)
	if shown == limit {
		return fmt.Sprintf("just %s %s", side, limit)
	}
	return fmt.Sprintf("%s %s %s", shown, side, limit)
}

// undecided says what a value lacks to be judged, or "".
func undecided(plan Plan, view View, j Judgement, now time.Time) (Lack, string) {
	if why := stale(plan, view.Samples[j.Spec.Name], now); why != "" {
		return OldSample, why
	}
	if j.Unread {
		return LimitUnread, "the Deployment with its limit was not read yet"
	}
	if j.Spec.Bound.Kind == Limit && j.High == 0 {
		return NoLimit, noLimit(plan, j.Spec)
	}
	return requestsOf(plan, j.Spec, view.Samples[RequestRate], plan.Traffic.Least, now)
}

// requestsOf says that the requests are too few for a share or a quantile of them to mean
// anything, or are not known, or "". The rate is of the same version as the figure.
func requestsOf(plan Plan, spec MetricSpec, rate Sample, least float64, now time.Time) (Lack, string) {
	if ofRequests := spec.Name == ErrorRate || spec.Name == LatencyP95; !ofRequests || !plan.measures(RequestRate) {
		return "", ""
	}
	lack, why := rate.lack(PerSecond)
	if old := stale(plan, rate, now); lack == "" && old != "" {
		lack, why = OldSample, old
	}
	if lack != "" {
		return lack, "its requests are not known: " + why
	}
	if few := lowTraffic(plan, rate, least); few != "" {
		return Quiet, few
	}
	return "", ""
}

// measures tells whether a metric is among those of the plan.
func (p Plan) measures(name MetricName) bool {
	return slices.ContainsFunc(p.Metrics, func(spec MetricSpec) bool { return spec.Name == name })
}

// lowTraffic says that a rate is of fewer requests than decide, or "".
func lowTraffic(plan Plan, rate Sample, least float64) string {
	if n := rate.Value * plan.Traffic.Window.Seconds(); n < least {
		return fmt.Sprintf("low traffic: %s requests in %s, %s decide", Thousands(n), Span(plan.Traffic.Window), Thousands(least))
	}
	return ""
}

// stale says why a sample is not of now, or "".
func stale(plan Plan, s Sample, now time.Time) string {
	switch age := now.Sub(s.At); {
	case age > plan.Stale.Metric:
		return "stale " + Age(age)
	case age < -ahead:
		return Span(-age) + " ahead of this machine's clock"
	}
	return ""
}

// limits gives the values between which a metric passes, both inclusive, and
// the whole limit where the bound is a share of one.
func limits(plan Plan, w Workload, b Bound, unit Unit) (low, high, limit float64) {
	switch b.Kind {
	case Range:
		return b.Normal * (1 - b.Tolerance), b.Normal * (1 + b.Tolerance), 0
	case Limit:
		limit = b.Max
		if b.FromDeployment {
			limit = containerLimit(plan, w, unit)
		}
		return 0, limit * b.Warn, limit
	default:
		return 0, b.Max, 0
	}
}

func containerLimit(plan Plan, w Workload, unit Unit) float64 {
	for _, c := range w.everyContainer() {
		if c.Name != plan.Container {
			continue
		}
		if unit == Bytes {
			return c.Memory
		}
		return c.CPU
	}
	return 0
}

// Judgements judges every configured metric, in the plan's order.
func Judgements(plan Plan, view View, now time.Time) []Judgement {
	all := make([]Judgement, 0, len(plan.Metrics))
	for _, spec := range plan.Metrics {
		all = append(all, Judge(plan, view, spec, now))
	}
	return all
}

// apart is the least time between two samples of a metric that count. A figure
// that looks back over a window shows one burst for as long as that: what counts
// must last longer.
func apart(plan Plan, spec MetricSpec) time.Duration {
	return spec.Window / time.Duration(max(plan.Rollback.After-1, 1))
}

// Budget is how much of the failure budget is used: by the metric that has
// failed most samples in a row, of those that count.
func Budget(plan Plan, view View) (used int, metric MetricSpec) {
	for _, spec := range plan.Metrics {
		if n := view.Failing[spec.Name].Count; spec.Rollback && n > used {
			used, metric = n, spec
		}
	}
	return min(used, plan.Rollback.After), metric
}
