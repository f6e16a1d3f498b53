package release

import (
	"fmt"
	"math"
	"time"
)

// Comparison is one row of a canary's judgement: a figure of both versions, held
// against its rule.
type Comparison struct {
	Metric     MetricName
	Title      string
	Stable     string // "45ms"; "none" without a value
	Canary     string
	Difference string // "+4%", "×120", or a share of the traffic; may be empty
	Rule       string // "≤100ms, ≤+20%"
	Verdict    Verdict
	Word       string // "pass", "FAIL", "no data", "enough", "too few"
	Why        string // one line: why it passed or failed, the statistical judge's words included
	Trying     string // what the statistical judge still waits for, or ""
	At         time.Time
	Lack       Lack // NoData: what is missing
	Lasting    bool // NoData: waiting cannot mend it
	// Counts tells that a failure uses the budget up. One that stable shares is
	// not the canary's: it only holds.
	Counts bool
}

// Comparisons judges the canary by every figure, in the dashboard's order, and by
// its restarts. Nothing that is missing or old passes.
func Comparisons(plan Plan, s State, now time.Time) []Comparison {
	if plan.Canary == nil {
		return nil
	}
	var rows []Comparison
	for _, spec := range plan.Metrics {
		rows = append(rows, compare(plan, s, spec, now))
	}
	return append(rows, compareRestarts(plan, s, now))
}

// versus is one comparison while it is being made.
type versus struct {
	plan Plan
	s    State
	now  time.Time
	spec MetricSpec
	pair Pair
	Comparison
}

func compare(plan Plan, s State, spec MetricSpec, now time.Time) Comparison {
	pair, known := s.View.Judged.Pairs[spec.Name]
	v := &versus{plan: plan, s: s, now: now, spec: spec, pair: pair, Comparison: Comparison{
		Metric: spec.Name, Title: spec.Title, Stable: valueOf(spec, pair.Stable), Canary: valueOf(spec, pair.Canary), At: pair.Canary.At,
	}}
	rule, ruled := plan.Canary.rule(spec.Name)
	v.Rule = ruleWords(plan, s, spec, rule, ruled)
	v.Difference = apartWords(spec, pair, v.fresh(pair.Stable) == "" && v.fresh(pair.Canary) == "")
	switch why := v.missing(); {
	case !known:
		v.Verdict, v.Why, v.Lack = NoData, "no sample yet", Unasked
	case why != "":
		v.Verdict, v.Why = NoData, why
	case spec.Name == RequestRate:
		v.enough()
	default:
		v.judge(rule, ruled)
	}
	v.word()
	return v.Comparison
}

// fresh says why a sample decides nothing, or "".
func (v *versus) fresh(s Sample) string {
	if _, why := s.lack(v.spec.Unit); why != "" {
		return why
	}
	return stale(v.plan, s, v.now)
}

// missing says why there is nothing to judge by, or "".
func (v *versus) missing() string {
	if why := v.lacks(v.pair.Canary, v.s.View.Canary); why != "" {
		return "canary: " + why
	}
	if v.spec.Name != RequestRate && v.s.stableServes() {
		if why := v.lacks(v.pair.Stable, v.s.View.Workload); why != "" {
			return "stable: " + why
		}
	}
	var why string
	v.Lack, why = requestsOf(v.plan, v.spec, v.s.View.Judged.Pairs[RequestRate].Canary, v.plan.Canary.Least, v.now)
	return why
}

// lacks says what a sample of one version's pods lacks, and notes of what kind that is.
func (v *versus) lacks(s Sample, w Workload) string {
	lack, why := s.lack(v.spec.Unit)
	if lack != "" {
		v.Lack, v.Lasting = lack, lack.lasts(v.plan, w, v.now)
		return why
	}
	if why = stale(v.plan, s, v.now); why != "" {
		v.Lack = OldSample
	}
	return why
}

// stableServes tells whether stable gets traffic: at 100% there is nothing left to
// compare with, and the bounds alone decide.
func (s State) stableServes() bool { return s.Canary == nil || s.Canary.Weight < 100 }

func (v *versus) enough() {
	n := v.pair.Canary.Value * v.plan.Traffic.Window.Seconds()
	v.Verdict, v.Word, v.Why = Pass, "enough", fmt.Sprintf("%s requests in %s", Thousands(n), Span(v.plan.Traffic.Window))
	if n < v.plan.Canary.Least {
		v.Verdict, v.Lack, v.Word, v.Why = NoData, Quiet, "too few", v.Why+fmt.Sprintf(", %s decide", Thousands(v.plan.Canary.Least))
	}
}

// judge holds the figure against its own bound, then against stable's, then asks
// the statistical judge.
func (v *versus) judge(rule Rule, ruled bool) {
	canary, stable := v.pair.Canary.Value, v.pair.Stable.Value
	_, high, _ := limits(v.plan, v.s.View.Canary, v.spec.Bound, v.spec.Unit)
	if v.spec.Bound.Kind == Limit && high == 0 {
		v.Verdict, v.Why, v.Lack, v.Lasting = NoData, "the canary's "+noLimit(v.plan, v.spec), NoLimit, true
		if !v.s.View.Canary.Found {
			v.Why, v.Lack, v.Lasting = "the canary's Deployment with its limit was not read yet", LimitUnread, false
		}
		return
	}
	v.Verdict, v.Why, v.Counts = Pass, Format(v.spec.Unit, canary), true
	if canary > high {
		v.Verdict, v.Why = Fail, beyond(v.spec.Unit, canary, "over", high)
		if _, stableHigh, _ := limits(v.plan, v.s.View.Workload, v.spec.Bound, v.spec.Unit); v.s.stableServes() && stable > stableHigh && stableHigh > 0 {
			v.Counts, v.Why = false, v.Why+"; stable too: not the canary's"
		}
		return
	}
	if !ruled || !v.s.stableServes() {
		return
	}
	if most := rule.most(stable); canary > most {
		v.Verdict = Fail
		v.Why = fmt.Sprintf("%s, stable %s: %s may be", Format(v.spec.Unit, canary), Format(v.spec.Unit, stable), Format(v.spec.Unit, most))
		if Format(v.spec.Unit, canary) == Format(v.spec.Unit, most) {
			v.Why = fmt.Sprintf("just over %s, which may be beside stable's %s", Format(v.spec.Unit, most), Format(v.spec.Unit, stable))
		}
		return
	}
	if rule.Trial && v.plan.Canary.Confidence > 0 {
		v.try(rule)
	}
}

// try is the statistical judge. It fails what is higher with the confidence asked
// for, and by more than half of what the rule allows: a difference that is real
// and does not matter passes.
func (v *versus) try(rule Rule) {
	trial, least := v.pair.Trial, TrialLeast(v.plan.Canary.Confidence)
	if n := min(trial.N, trial.M); n < least {
		v.Trying = fmt.Sprintf("%d of %d windows", n, least)
		v.Why += "; " + v.Trying + " to try"
		return
	}
	medians := fmt.Sprintf("medians %s, stable %s", Format(v.spec.Unit, trial.Canary), Format(v.spec.Unit, trial.Stable))
	certain := trial.P < 1-v.plan.Canary.Confidence
	matters := trial.Canary > trial.Stable+(rule.most(trial.Stable)-trial.Stable)/2
	switch {
	case certain && matters:
		v.Verdict = Fail
		v.Why = fmt.Sprintf("higher than stable, p %s of %d windows (Mann–Whitney): %s", chance(trial.P), trial.N, medians)
	case certain:
		v.Why += fmt.Sprintf("; higher, too little to matter: %s", medians)
	default:
		v.Why += fmt.Sprintf("; not higher than stable, p %s of %d windows", chance(trial.P), trial.N)
	}
}

// chance writes a probability: "0.41", "<0.001".
func chance(p float64) string {
	if p < 0.001 {
		return "<0.001"
	}
	return trimZero(p, 3)
}

func (v *versus) word() {
	if v.Word == "" {
		v.Word = map[Verdict]string{Pass: "pass", Fail: "FAIL", NoData: "no data"}[v.Verdict]
	}
}

func (p *CanaryPlan) rule(name MetricName) (Rule, bool) {
	for _, r := range p.Rules {
		if r.Metric == name {
			return r, true
		}
	}
	return Rule{}, false
}

// most is the highest value that passes beside stable's.
func (r Rule) most(stable float64) float64 {
	if r.Share {
		return stable * (1 + r.Above)
	}
	return stable + r.Above
}

func valueOf(spec MetricSpec, s Sample) string {
	if s.At.IsZero() || s.Err != "" {
		return "none"
	}
	return Format(spec.Unit, s.Value)
}

// ruleWords writes what a figure is held against.
func ruleWords(plan Plan, s State, spec MetricSpec, rule Rule, ruled bool) string {
	if spec.Name == RequestRate {
		return fmt.Sprintf("≥%s in %s", Thousands(plan.Canary.Least), Span(plan.Traffic.Window))
	}
	_, high, _ := limits(plan, s.View.Canary, spec.Bound, spec.Unit)
	words := "≤" + Format(spec.Unit, high)
	if spec.Bound.Kind == Limit {
		words = fmt.Sprintf("≤%s of its limit", Format(Ratio, spec.Bound.Warn))
	}
	switch {
	case ruled && rule.Share:
		words += ", ≤+" + Format(Ratio, rule.Above)
	case ruled:
		words += ", ≤+" + Format(spec.Unit, rule.Above)
	}
	return words
}

// apartWords writes how the canary's figure differs: "+4%", "×120"; of requests,
// which share of both it is. Differences of less than a hundredth are none.
func apartWords(spec MetricSpec, p Pair, fresh bool) string {
	c, s := p.Canary.Value, p.Stable.Value
	switch {
	case !fresh || s <= 0:
		return ""
	case spec.Name == RequestRate:
		return Format(Ratio, math.Round(100*c/(c+s))/100)
	case c >= 2*s:
		return "×" + Thousands(c/s)
	}
	d := math.Round(100 * (c - s) / s)
	if d == 0 {
		return ""
	}
	return fmt.Sprintf("%+d%%", int(d))
}

// CanaryBudget is how much of the failure budget the canary has used: by the
// figure that has failed most rounds in a row, of those that count.
func CanaryBudget(plan Plan, s State) (used int, metric MetricName) {
	for _, name := range judged(plan) {
		if n := s.View.Judged.Losing[name].Count; n > used {
			used, metric = n, name
		}
	}
	return min(used, plan.Rollback.After), metric
}

// judged names what a canary is judged by, in order.
func judged(plan Plan) []MetricName {
	names := make([]MetricName, 0, len(plan.Metrics)+1)
	for _, spec := range plan.Metrics {
		names = append(names, spec.Name)
	}
	return append(names, Restarts)
}
