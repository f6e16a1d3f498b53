package release

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// CanaryView is a canary release as shown: how far, how the traffic is split, and
// how it is judged.
type CanaryView struct {
	Steps     []StepView // the weights, then promotion and removal
	Stable    string     // versions
	Canary    string
	Weight    int    // percent that the canary has, as last seen
	Live      Mark   // pass: that is the weight asked for; running: not yet; unknown: not seen lately
	LiveWord  string // "live", "25% asked", "seen 12s ago"
	Baking    bool
	Baked     time.Duration // of Bake, while baking
	Bake      time.Duration
	Rows      []Comparison
	Tally     Tally
	Used      int    // of the failure budget
	After     int    // what uses it up
	UsedBy    string // the figure's title
	UsedWords string // the failing rounds that count: "13:06:10 2.41% · 13:06:25 1.92%"
	Waits     string // what it waits for, in a line
}

// StepView is one step on the way.
type StepView struct {
	Label string // "25%", "promote"
	Mark  Mark
	Word  string // "baking"; may be empty
}

// ViewCanary describes the canary release of the state; ok is false when there is none.
func ViewCanary(plan Plan, s State, now time.Time) (v CanaryView, ok bool) {
	run, c := s.Canary, plan.Canary
	if run == nil || c == nil {
		return CanaryView{}, false
	}
	v = CanaryView{
		Steps: stepViews(plan, s), Stable: s.From.Version, Canary: s.To.Version,
		Weight: canaryWeight(plan, s), Baking: run.Stage == Baking, Bake: c.Bake,
		Rows: Comparisons(plan, s, now), Tally: s.View.Judged.Tally, After: plan.Rollback.After,
		Waits: canaryWaits(plan, s, now),
	}
	if run.Way.Undoes() {
		v.Steps, v.Canary = backViews(s), s.From.Version
	}
	if w := s.View.Workload; run.Promoted || run.Way.Undoes() || w.Found && theirs(plan, s) {
		v.Stable = s.View.Workload.Version(plan.Container)
	}
	if v.Baking {
		v.Baked = min(run.baked(now), c.Bake)
	}
	v.Live, v.LiveWord = liveWords(plan, s, now)
	used, name := CanaryBudget(plan, s)
	v.Used = used
	for _, row := range v.Rows {
		if row.Metric == name && used > 0 {
			v.UsedBy = row.Title
		}
	}
	v.UsedWords = losingWords(plan, s, name, now)
	return v, true
}

func liveWords(plan Plan, s State, now time.Time) (Mark, string) {
	split, run := s.View.Split, s.Canary
	age := now.Sub(splitAt(plan, s))
	switch {
	case splitAt(plan, s).IsZero():
		return MarkUnknown, "not seen yet"
	case split.Err != "":
		return MarkUnknown, "not readable"
	case age > plan.Stale.Workload:
		return MarkUnknown, "seen " + Age(age) + " ago"
	case canaryWeight(plan, s) != run.Weight:
		return MarkRunning, fmt.Sprintf("%d%% wanted", run.Weight)
	}
	return MarkPass, "live"
}

// losingWords writes the failing rounds that count.
func losingWords(plan Plan, s State, name MetricName, now time.Time) string {
	text := ""
	for _, sample := range s.View.Judged.Losing[name].Samples {
		if text != "" {
			text += " · "
		}
		text += sample.At.In(now.Location()).Format(time.TimeOnly) + " " + sampleWords(plan, name, sample.Value)
	}
	return text
}

func sampleWords(plan Plan, name MetricName, value float64) string {
	for _, spec := range plan.Metrics {
		if spec.Name == name {
			return Format(spec.Unit, value)
		}
	}
	return Thousands(value)
}

// stepViews marks the way: the weights of the plan, promotion, removal.
func stepViews(plan Plan, s State) []StepView {
	run := s.Canary
	back := s.Phase == RollingBack || s.Phase == RolledBack
	forth := run.Stage == Promoting || run.Promoted
	used, _ := CanaryBudget(plan, s)
	var steps []StepView
	for i, w := range plan.Canary.Steps {
		v := StepView{Label: fmt.Sprintf("%d%%", w), Mark: MarkWaiting}
		switch {
		case i < run.Step || forth && i == run.Step:
			v.Mark = MarkPass
		case i > run.Step || run.Stage == Creating:
		case back:
			v.Mark, v.Word = MarkFail, "aborted"
		case used > 0:
			v.Mark, v.Word = MarkFail, "failing"
		case run.Stage == Shifting:
			v.Mark, v.Word = MarkRunning, "shifting"
		default:
			v.Mark, v.Word = MarkRunning, "baking"
		}
		steps = append(steps, v)
	}
	promote, remove := StepView{Label: "promote", Mark: MarkWaiting}, StepView{Label: "remove", Mark: MarkWaiting}
	switch {
	case back && forth:
		promote.Mark, promote.Word = MarkFail, "undone"
	case back, !forth:
	case run.Stage == Promoting:
		promote.Mark, promote.Word = MarkRunning, fmt.Sprintf("%d/%d", s.View.Workload.Replaced(), s.View.Workload.Desired)
	case run.Stage == Returning:
		promote.Mark, promote.Word = MarkRunning, "traffic back"
	default:
		promote.Mark = MarkPass
	}
	switch {
	case back && run.Stage == Returning, back && run.Stage == Restoring:
		remove.Mark, remove.Word = MarkWaiting, ""
	case run.Stage == Removing:
		remove.Mark = MarkRunning
	case run.Stage == Gone:
		remove.Mark = MarkPass
	}
	return append(steps, promote, remove)
}

// backViews marks the way of an undo by weights.
func backViews(s State) []StepView {
	stages := []CanaryStage{Creating, Shifting, Restoring, Returning, Removing, Gone}
	at := slices.Index(stages, s.Canary.Stage)
	steps := []StepView{{Label: "pods of " + s.From.Version}, {Label: "100%"}, {Label: "stable"}, {Label: "traffic back"}, {Label: "remove"}}
	for i := range steps {
		switch {
		case s.Canary.Way == UndoAtOnce && i < 2:
			steps[i].Mark, steps[i].Word = MarkWaived, "skipped"
		case i < at:
			steps[i].Mark = MarkPass
		case i == at:
			steps[i].Mark = MarkRunning
		default:
			steps[i].Mark = MarkWaiting
		}
	}
	return steps
}

// splitAt is when the split of the traffic was last seen: without an object of its
// own, when the pods were that make it.
func splitAt(plan Plan, s State) time.Time {
	if plan.Canary.Route == "" {
		return s.View.Canary.At
	}
	return s.View.Split.At
}

// canaryWaits says what a canary release waits for now.
func canaryWaits(plan Plan, s State, now time.Time) string {
	w := s.View.Canary
	switch run := s.Canary; run.Stage {
	case Creating, Shifting:
		if w.Found && w.Available < w.Desired {
			return fmt.Sprintf("%d of %d canary pods are available", w.Available, w.Desired)
		}
		return fmt.Sprintf("%d%% of the traffic to be seen on the canary", run.Weight)
	case Baking:
		if left := plan.Canary.Bake - run.baked(now); left > 0 {
			return Left(left) + " of the bake"
		}
		return cmp.Or(ready(plan, s, now).Text, "a: it has baked")
	case Promoting, Restoring:
		return fmt.Sprintf("stable: %d of %d replaced", s.View.Workload.Replaced(), s.View.Workload.Desired)
	case Returning:
		return "all traffic to be seen on stable"
	case Removing:
		return "the canary's pods to end"
	}
	return ""
}

// CanaryWeight is the percent of the traffic that the canary gets, as last seen;
// known is false while that was not seen, or cannot be read.
func CanaryWeight(plan Plan, s State) (weight int, known bool) {
	if splitAt(plan, s).IsZero() || s.View.Split.Err != "" {
		return 0, false
	}
	return canaryWeight(plan, s), true
}

// Compares says what the figures of both versions are to be asked for now: while a
// weight is on, and on the way to the next one.
func Compares(plan Plan, r Record) Comparing {
	run := r.Canary
	if plan.Canary == nil || run == nil || r.Phase != Deploying {
		return Comparing{}
	}
	switch run.Stage {
	case Shifting, Baking, Promoting:
	default:
		return Comparing{}
	}
	since := run.Live
	if since.IsZero() {
		since = run.Since
	}
	return Comparing{On: true, Since: since, Canary: r.To.Version, Stable: r.From.Version}
}

// canaryEdge is the few words at the right of the deploy item's line.
func canaryEdge(plan Plan, s State) string {
	switch s.Canary.Stage {
	case Creating:
		return fmt.Sprintf("canary %d/%d", s.View.Canary.Available, s.View.Canary.Desired)
	case Shifting, Baking:
		return fmt.Sprintf("at %d%%", canaryWeight(plan, s))
	case Promoting:
		return fmt.Sprintf("%d/%d", s.View.Workload.Replaced(), s.View.Workload.Desired)
	}
	return string(s.Canary.Stage)
}

// canaryRows is the deploy item's detail while a canary is under way.
func canaryRows(plan Plan, s State, now time.Time) []Fact {
	facts := []Fact{
		{"by", MarkNone, fmt.Sprintf("%s, %s", s.By.String(), s.Rollout.Began.Format(time.TimeOnly))},
		{"passes", MarkNone, fmt.Sprintf("promoted, stable %d/%d on %s,", s.View.Workload.Desired, s.View.Workload.Desired, s.To.Version)},
		{"", MarkNone, "canary weight seen at 0"},
		{"now", MarkNone, canaryWaits(plan, s, now)},
	}
	switch s.Canary.Stage {
	case Promoting:
		facts = append(facts, Fact{"next", MarkNone, meanwhile(plan, "the traffic back to stable, then the canary is deleted", "the canary is deleted")})
	case Creating, Shifting:
		facts = append(facts, Fact{"next", MarkNone, fmt.Sprintf("%d%% of the traffic, baked %s", s.Canary.Weight, Span(plan.Canary.Bake))})
	case Baking:
		facts = append(facts, Fact{"next", MarkNone, advanceChoice(plan, s, now, Advance{}).Preview.Change})
	}
	return append(facts, Fact{"back", MarkNone, "b: " + abortPreview(plan, s, now, false).Change})
}
