package release

import (
	"cmp"
	"fmt"
	"time"
)

// Configured is what the configuration asked for when a record began, as far as a reader
// needs it later: the file may have changed since.
type Configured struct {
	Items      []ConfiguredItem   `json:"items,omitempty"`
	Metrics    []ConfiguredMetric `json:"metrics,omitempty"`
	OnDeadline Answer             `json:"onDeadline,omitempty"`
	OnMetrics  Answer             `json:"onMetrics,omitempty"`
	After      int                `json:"after,omitempty"` // failures in a row that use the budget up
	Steps      []int              `json:"steps,omitempty"` // of a canary
	Bake       time.Duration      `json:"bake,omitempty"`
	Confidence float64            `json:"confidence,omitempty"`
}

// ConfiguredItem is one line of the checklist.
type ConfiguredItem struct {
	ID    string `json:"id"`
	Title string `json:"title"`
	Stage Stage  `json:"stage"`
}

// ConfiguredMetric is one figure and its bound. Low and High are in the figure's unit; High is
// 0 where the bound was not known.
type ConfiguredMetric struct {
	Name  MetricName `json:"name"`
	Title string     `json:"title"`
	Unit  Unit       `json:"unit"`
	Bound string     `json:"bound"` // in words
	Low   float64    `json:"low,omitempty"`
	High  float64    `json:"high,omitempty"`
}

// ConfiguredOf is what a plan asks for, with the bounds as they are known now.
func ConfiguredOf(plan Plan, s State, now time.Time) *Configured {
	a := &Configured{OnDeadline: plan.Rollback.OnDeadline, OnMetrics: plan.Rollback.OnMetrics, After: plan.Rollback.After}
	for _, spec := range plan.Items {
		a.Items = append(a.Items, ConfiguredItem{spec.ID, spec.Title, spec.Stage})
	}
	for _, j := range Judgements(plan, s.View, now) {
		a.Metrics = append(a.Metrics, ConfiguredMetric{j.Spec.Name, j.Spec.Title, j.Spec.Unit, BoundWords(j), j.Low, j.High})
	}
	if plan.ByCanary() {
		a.Steps, a.Bake, a.Confidence = plan.Canary.Steps, plan.Canary.Bake, plan.Canary.Confidence
	}
	return a
}

// CommandsOf do the same as a change, without its guards. They are made when the change
// is: later what they depend on is no longer known.
func CommandsOf(plan Plan, s State, c Change) Commands {
	switch o := c.Do.(type) {
	case SetImage:
		return same(setImageCommand(plan, o.Image))
	case UndoTo:
		return same(undoCommands(plan, s.View.Workload, o.Revision)...)
	case PauseRollout:
		return same(rolloutCommand(plan, "pause", plan.Deployment))
	case ResumeRollout:
		return same(rolloutCommand(plan, "resume", plan.Deployment))
	case ScaleStable:
		return same(scaleCommand(plan, plan.Deployment, o.Replicas))
	}
	if plan.Canary == nil {
		return noCommand("there is no command for " + string(c.Kind()))
	}
	switch o := c.Do.(type) {
	case ScaleCanary:
		return same(scaleCommand(plan, plan.Canary.Deployment, o.Replicas))
	case DeleteCanary:
		return same(deleteCommand(plan))
	case SetWeight:
		if s.View.Split.StablePath == "" {
			return noCommand("where the two weights stand in the object is not known")
		}
		return same(weightCommand(plan, s.View.Split, o.Weight))
	}
	return noCommand("there is no single command for " + string(c.Kind()))
}

// Reading is one round of figures as it is kept for the report: what was known then, and
// not too old to decide anything. What is not there was not known.
type Reading struct {
	At     time.Time              `json:"at"`
	All    map[MetricName]float64 `json:"all,omitempty"`    // of the whole service
	Stable map[MetricName]float64 `json:"stable,omitempty"` // while they are compared
	Canary map[MetricName]float64 `json:"canary,omitempty"`
	Weight *int                   `json:"weight,omitempty"` // percent of the traffic that the canary gets
	Pods   map[string]int         `json:"pods,omitempty"`   // that serve, by version
}

// afterwards is how long readings are kept when a release is over.
const afterwards = 10 * time.Minute

// ReadingOf is what is known now, while it is to be kept: from the planned release until
// some minutes after its end.
func ReadingOf(plan Plan, s State, now time.Time) (Reading, bool) {
	over := s.Phase.Over() && s.Pending == nil
	if s.ID == "" || s.View.Elsewhere || s.Phase == Idle || over && now.Sub(s.Ended) > afterwards {
		return Reading{}, false
	}
	r := Reading{At: now, Pods: map[string]int{}}
	for _, spec := range plan.Metrics {
		r.All = reading(plan, r.All, spec, s.View.Samples[spec.Name], now)
		if pair, ok := s.View.Judged.Pairs[spec.Name]; ok && s.Underway() {
			r.Stable, r.Canary = reading(plan, r.Stable, spec, pair.Stable, now), reading(plan, r.Canary, spec, pair.Canary, now)
		}
	}
	for _, w := range []Workload{s.View.Workload, s.View.Canary} {
		for _, p := range w.Pods {
			if p.State == PodServing {
				r.Pods[p.Version]++
			}
		}
	}
	if plan.Canary != nil {
		if weight, known := CanaryWeight(plan, s); known {
			r.Weight = &weight
		}
	}
	return r, true
}

func reading(plan Plan, all map[MetricName]float64, spec MetricSpec, s Sample, now time.Time) map[MetricName]float64 {
	if lack, _ := s.lack(spec.Unit); lack != "" || stale(plan, s, now) != "" {
		return all
	}
	return put(all, spec.Name, s.Value)
}

// On says what was decided and what for, where an entry is a decision: a person's
// wish, or a change that slipway made by itself with its evidence.
func (e Entry) On() (decided, why string, ok bool) {
	intent, wished := cutIntent(e.Event)
	switch {
	case wished && intent == DoBegin:
		return "", "", false
	case wished:
		return firstTell(e), cmp.Or(e.typed(), e.evidence()), true
	case len(e.Effects) > 0 && e.Effects[0].Why != "":
		return firstTell(e), e.Effects[0].Why, true
	}
	return "", "", false
}

func cutIntent(event string) (IntentKind, bool) {
	const intended = "intended "
	if len(event) <= len(intended) || event[:len(intended)] != intended {
		return "", false
	}
	return IntentKind(event[len(intended):]), true
}

func firstTell(e Entry) string {
	if len(e.Tells) == 0 {
		return e.Event
	}
	return e.Tells[0].Text
}

func (e Entry) typed() string {
	if e.Confirmed == "" {
		return ""
	}
	return fmt.Sprintf("typed %q", e.Confirmed) + prefixed("; ", e.evidence())
}

func prefixed(before, text string) string {
	if text == "" {
		return ""
	}
	return before + text
}

// evidence is what the rounds were when it was decided.
func (e Entry) evidence() string {
	run, j := e.Record.Canary, e.Record.Judging
	if run == nil || j == nil || j.Pass+j.Fail+j.NoData == 0 {
		return ""
	}
	return fmt.Sprintf("%s passed, %d failed, %d without data", Count(j.Pass, "round"), j.Fail, j.NoData)
}
