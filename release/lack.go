package release

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

// Lack is why a figure cannot be judged: what kind of data is missing. It decides
// whether waiting can help.
type Lack string

// The kinds of missing data.
const (
	Unasked     Lack = "not asked yet"
	Unanswered  Lack = "no answer"    // Prometheus did not answer, or could not now
	BadQuery    Lack = "bad query"    // Prometheus refuses it, or it gives no single number
	NoSeries    Lack = "no series"    // nothing that it reads is scraped
	NotNumber   Lack = "not a number" // nothing to divide by
	Impossible  Lack = "impossible"   // no such figure can be
	OldSample   Lack = "stale"
	Quiet       Lack = "low traffic"
	LimitUnread Lack = "limit not read yet"
	NoLimit     Lack = "no limit" // to hold a usage against
)

// steady is how long a lack has to last before it is taken for one that stays: between
// two scrapes and two rounds of queries much can be missing for a moment.
func (l Lack) steady() time.Duration {
	switch l {
	case BadQuery, NoLimit:
		return 0 // they follow from the configuration and the pod template
	default:
		return lookGap
	}
}

// lasts tells whether waiting cannot mend a lack, as far as the workload tells. Series
// that are missing come with new pods; of pods that have served for longer than a sample
// may be old, none will come.
func (l Lack) lasts(plan Plan, w Workload, now time.Time) bool {
	switch l {
	case BadQuery, NoLimit, Impossible:
		return true
	case NoSeries:
		return w.serving(now) > plan.Stale.Metric
	default:
		return false
	}
}

// serving is how long every pod of a complete Deployment has been ready; 0 while it is
// not complete.
func (w Workload) serving(now time.Time) time.Duration {
	if !w.Found || w.Desired == 0 || w.Convergence() != Complete {
		return 0
	}
	least := time.Duration(math.MaxInt64)
	for _, p := range w.Pods {
		if p.State == PodServing {
			least = min(least, now.Sub(p.ReadyAt))
		}
	}
	if least == math.MaxInt64 {
		return 0
	}
	return least
}

// mend says what a person can do about a lack that lasts.
func (l Lack) mend(spec MetricSpec) string {
	switch l {
	case NoLimit:
		return fmt.Sprintf("give the container a %s limit, or set metrics.%s.limit", spec.Name, spec.Name)
	case NoSeries:
		return fmt.Sprintf("see that its metrics are scraped, or set metrics.%s.query", spec.Name)
	case BadQuery:
		return fmt.Sprintf("set metrics.%s.query", spec.Name)
	case Impossible:
		return fmt.Sprintf("set metrics.%s.query to one that gives %s", spec.Name, spec.Unit.wanted())
	default:
		return ""
	}
}

// wanted is what a query of this unit has to give.
func (u Unit) wanted() string {
	switch u {
	case Ratio:
		return "a share from 0 to 1"
	case Seconds:
		return "seconds"
	case PerSecond:
		return "requests a second"
	case Bytes:
		return "bytes"
	default:
		return "cores"
	}
}

// rounding is how far a share may be over 1: it is the quotient of two sums.
const rounding = 1e-6

// Implausible says why a value cannot be a figure of that unit, or "". It is no data:
// the query asks for something else.
func Implausible(unit Unit, value float64) string {
	switch {
	case math.IsNaN(value):
		return "the query gives NaN: nothing to divide by, or no traffic"
	case math.IsInf(value, 0):
		return "the query gives infinity"
	case value < 0, unit == Ratio && value > 1+rounding:
		return fmt.Sprintf("the query answered %s: not %s", Format(unit, value), unit.wanted())
	}
	return ""
}

// Unjudgeable is a metric that cannot be judged, whatever is waited for.
type Unjudgeable struct {
	Judgement
	Items []ItemSpec // that are open, and cannot pass for it
}

// String says what cannot be judged, why, and what to do about it.
func (u Unjudgeable) String() string {
	text := fmt.Sprintf("%s cannot be judged: %s", u.Spec.Title, u.Why)
	if mend := u.Lack.mend(u.Spec); mend != "" {
		text += "; " + mend
	}
	return text
}

// titles names the items that cannot pass.
func (u Unjudgeable) titles() string {
	names := make([]string, len(u.Items))
	for i, item := range u.Items {
		names[i] = item.Title
	}
	return strings.Join(names, ", ")
}

// Unjudged lists the metrics that cannot be judged, in the plan's order, each with the
// open items that wait for it in vain.
func Unjudged(plan Plan, s State, now time.Time) []Unjudgeable {
	var all []Unjudgeable
	for _, j := range Judgements(plan, s.View, now) {
		if j.Lasting {
			all = append(all, Unjudgeable{j, waitingFor(plan, s, j.Spec.Name)})
		}
	}
	return all
}

// Unlimited lists the metrics that a Deployment gives no limit to be judged by.
func Unlimited(plan Plan, w Workload) []Unjudgeable {
	var all []Unjudgeable
	for _, spec := range plan.Metrics {
		if _, high, _ := limits(plan, w, spec.Bound, spec.Unit); w.Found && spec.Bound.Kind == Limit && high == 0 {
			j := Judgement{Spec: spec, Verdict: NoData, Lack: NoLimit, Lasting: true, Why: noLimit(plan, spec)}
			all = append(all, Unjudgeable{j, waitingFor(plan, State{}, spec.Name)})
		}
	}
	return all
}

func noLimit(plan Plan, spec MetricSpec) string {
	return fmt.Sprintf("container %s has no %s limit", plan.Container, spec.Name)
}

// waitingFor lists the items that are open and need a metric.
func waitingFor(plan Plan, s State, name MetricName) []ItemSpec {
	var items []ItemSpec
	for i, spec := range plan.Items {
		if spec.needs(name) && (i >= len(s.Items) || !s.Items[i].Settled()) {
			items = append(items, spec)
		}
	}
	return items
}

// hopeless says why a release would wait in vain, before it has changed anything:
// a canary for any metric that cannot be judged, since none of its steps would pass; an
// item of the checklist where nobody is there to waive it.
func hopeless(plan Plan, s State, now time.Time) Refusal {
	var why, titles, flags []string
	for _, u := range Unjudged(plan, s, now) {
		if !plan.ByCanary() && (!s.View.Mode.Unattended || len(u.Items) == 0) {
			continue
		}
		why = append(why, u.String())
		for _, item := range u.Items {
			if !slices.Contains(titles, item.Title) {
				titles, flags = append(titles, item.Title), append(flags, "--waive "+item.ID+"=REASON")
			}
		}
	}
	switch {
	case len(why) == 0:
		return Refusal{}
	case plan.ByCanary():
		return refusal(RefusedLack, strings.Join(why, "; ")+"; no step of a canary passes without that")
	}
	return refusal(RefusedLack, fmt.Sprintf("%s; or waive %s (%s)", strings.Join(why, "; "), strings.Join(titles, ", "), strings.Join(flags, " ")))
}

// unfigured says that the first figures are not there yet, where nobody would see later
// what they lack. Prometheus that does not answer is known, and no reason to wait.
func unfigured(plan Plan, s State) Refusal {
	if !s.View.Mode.Unattended || len(plan.Metrics) == 0 || len(s.View.Samples) > 0 || s.View.Links[Prometheus].Err != "" {
		return Refusal{}
	}
	return unseen("the metrics were not read yet")
}

// lack is the kind of a sample's missing data, or "".
func (s Sample) lack(unit Unit) (kind Lack, why string) {
	if s.Err != "" {
		return cmp.Or(s.Lack, Unanswered), s.Err
	}
	if s.At.IsZero() {
		return Unasked, "no sample yet"
	}
	why = Implausible(unit, s.Value)
	switch {
	case why == "":
		return "", ""
	case math.IsNaN(s.Value), math.IsInf(s.Value, 0):
		return NotNumber, why
	}
	return Impossible, why
}
