package release

import (
	"fmt"
	"time"
)

// ahead is how far a sample's timestamp may lie in the future: clocks differ a
// little. What is further ahead says nothing about now.
const ahead = 10 * time.Second

// Judge holds the newest sample of a metric against its bound. A value that is
// missing or older than plan.Stale.Metric is NoData, whatever it says.
func Judge(plan Plan, view View, spec MetricSpec, now time.Time) Judgement {
	j := Judgement{Spec: spec, Verdict: NoData, Failing: view.Failing[spec.Name].Count}
	j.Unread = spec.Bound.FromDeployment && !view.Workload.Found
	j.Low, j.High, j.Limit = limits(plan, view.Workload, spec.Bound, spec.Unit)

	sample, known := view.Samples[spec.Name]
	switch {
	case !known:
		j.Why = "no sample yet"
		return j
	case sample.Err != "":
		j.Why = sample.Err
		return j
	}
	j.Value, j.Has, j.At = sample.Value, true, sample.At
	if why := stale(plan, sample, now); why != "" {
		j.Stale, j.Why = true, why
		return j
	}
	if j.Unread {
		j.Why = "the Deployment with its limit was not read yet"
		return j
	}
	if few := fewRequests(plan, view, spec, now); few != "" {
		j.Why = few
		return j
	}
	if j.High == 0 && spec.Bound.Kind == Limit {
		j.Why = fmt.Sprintf("container %s has no limit", plan.Container)
		return j
	}
	switch {
	case j.Value > j.High:
		j.Verdict, j.Why = Fail, fmt.Sprintf("%s over %s", Format(spec.Unit, j.Value), Format(spec.Unit, j.High))
	case j.Value < j.Low:
		j.Verdict, j.Why = Fail, fmt.Sprintf("%s under %s", Format(spec.Unit, j.Value), Format(spec.Unit, j.Low))
	default:
		j.Verdict = Pass
	}
	return j
}

// fewRequests says that the traffic is too low for a share or a quantile of it
// to mean anything, or "".
func fewRequests(plan Plan, view View, spec MetricSpec, now time.Time) string {
	rate, known := view.Samples[RequestRate]
	ofRequests := spec.Name == ErrorRate || spec.Name == LatencyP95
	if !ofRequests || !known || rate.Err != "" || now.Sub(rate.At) > plan.Stale.Metric {
		return ""
	}
	return lowTraffic(plan, rate, plan.Traffic.Least)
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
	for _, c := range w.Containers {
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
