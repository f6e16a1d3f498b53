package release

import (
	"cmp"
	"fmt"
	"time"
)

// ItemView is one line of the checklist as shown.
type ItemView struct {
	Spec ItemSpec
	Item Item
	Mark Mark
	Edge string // the right edge: the evidence, or what it waits for
	Kind Class
	Rows []Fact     // the selected item's detail: label, mark, text
	Asks IntentKind // what a person's key on the item asks for; "": it only shows more
	// SameAs does what the item waits for a person to do.
	SameAs Commands
}

// Checklist describes every item, in the plan's order. Without a release every
// item waits.
func Checklist(plan Plan, s State, now time.Time) []ItemView {
	views := make([]ItemView, 0, len(plan.Items))
	for i, spec := range plan.Items {
		item := Item{ID: spec.ID, Status: Waiting}
		if i < len(s.Items) && s.Items[i].ID == spec.ID {
			item = s.Items[i]
		}
		v := ItemView{Spec: spec, Item: item, Mark: markOf(item.Status), Kind: spec.Class(), Asks: asks(s, spec, item)}
		v.Edge = edge(plan, s, spec, item, now)
		if item.Status == Running && s.Phase != Deploying && s.Phase != Verifying && !due(plan, spec, s.Phase) && s.runs(spec.ID) == nil {
			// The release went another way: nobody looks any more.
			v.Mark, v.Edge = MarkWaiting, "stopped"
		}
		if unseen := blind(plan, s, spec, item, now); unseen {
			v.Mark = MarkUnknown
			if spec.Deploys() {
				v.Edge = "was " + v.Edge
			}
		}
		v.Rows = rows(plan, s, v, now)
		if spec.Deploys() {
			v.SameAs = nextCommands(plan, s, now)
		}
		views = append(views, v)
	}
	return views
}

// asks is what a person's key on an item asks for.
func asks(s State, spec ItemSpec, item Item) IntentKind {
	switch {
	case spec.Class() == Manual && !item.Settled():
		return DoTick
	case spec.Deploys() && s.Underway():
		return DoAdvance
	case spec.Deploys():
		return DoDeploy
	case spec.Type.Performs() && s.runs(spec.ID) != nil:
		return DoCancel
	case spec.Type.Performs() && !item.Settled():
		return DoRun
	default:
		return ""
	}
}

// blind tells whether what an item shows rests on a link that is down.
func blind(plan Plan, s State, spec ItemSpec, item Item, now time.Time) bool {
	if task := s.runs(spec.ID); task != nil {
		return task.Unknown
	}
	return spec.Deploys() && item.Status == Running && !Live(plan, s, now)
}

// edge is the few words at the right of an item's line.
func edge(plan Plan, s State, spec ItemSpec, item Item, now time.Time) string {
	w := s.View.Workload
	if spec.Type.Performs() && !item.Settled() {
		return actionEdge(plan, s, spec, item, now)
	}
	switch item.Status {
	case Waived:
		return "waived " + item.By.Name
	case Passed:
		if spec.Class() == Manual {
			return item.By.Name
		}
		if spec.Deploys() {
			return Span(s.Rollout.Completed.Sub(s.Rollout.Began))
		}
		return item.Evidence
	case Unknown:
		return "no data"
	case Failed:
		return look(plan, s, spec, now).edge(item)
	case Running:
		if spec.Deploys() && s.Underway() {
			return canaryEdge(plan, s)
		}
		if spec.Deploys() {
			return fmt.Sprintf("%d/%d", w.Replaced(), w.Desired)
		}
		if soak := s.soak(spec); soak > 0 {
			return fmt.Sprintf("%s of %s", Span(s.View.Checks[spec.ID].For), Span(soak))
		}
		if f := look(plan, s, spec, now); f.pending && f.short != "" {
			return f.short
		}
		return "looking"
	}
	switch {
	case spec.Class() == Manual:
		return "by hand"
	case spec.Deploys() && s.Phase == Planned && !windowOfDeploy(plan, s, now).None():
		return WindowOf(plan, s, now).Short
	case spec.Deploys() && s.Phase == Planned && gate(plan, s, now).None():
		return "d deploys"
	case spec.Deploys() && s.Phase == Planned:
		return "gated"
	case spec.Deploys():
		return "no release"
	case spec.Stage == During && s.Phase == Deploying:
		return "next"
	case s.soak(spec) >= time.Minute:
		return fmt.Sprintf("%d min", int(s.soak(spec).Minutes()))
	default:
		return "check"
	}
}

func (f finding) edge(item Item) string {
	if f.verdict == Fail && len(f.evidence) <= 16 {
		return f.evidence
	}
	if len(item.Evidence) <= 16 && item.Evidence != "" {
		return item.Evidence
	}
	return "failing"
}

// rows is an item's detail, in the words of the confirmation that it has.
func rows(plan Plan, s State, v ItemView, now time.Time) []Fact {
	var facts []Fact
	add := func(label FactLabel, mark Mark, text string) {
		if text != "" {
			facts = append(facts, Fact{label, mark, text})
		}
	}
	item, spec := v.Item, v.Spec
	switch {
	case item.Status == Waived:
		add("waived", MarkWaived, fmt.Sprintf("%s, %s", item.By.Name, item.At.Format(time.TimeOnly)))
		add("reason", MarkNone, item.Reason)
	case spec.Deploys():
		return append(facts, deployRows(plan, s, now)...)
	case spec.Type.Performs():
		facts = append(facts, actionRows(plan, s, spec, item, now)...)
	case spec.Class() == Manual && item.Status == Passed:
		add("by", MarkNone, fmt.Sprintf("%s, %s", item.By.String(), item.At.Format(time.TimeOnly)))
		add("note", MarkNone, item.Note)
	case spec.Class() == Manual:
		add("passes", MarkNone, spec.words(plan))
		add("or", MarkNone, "w waives it, with a reason")
	}
	if spec.Class() == Check {
		add("check", MarkNone, spec.words(plan))
		soak := s.soak(spec)
		if soak > 0 {
			add("passes", MarkNone, fmt.Sprintf("when it has held for %s; no data does not count", Span(soak)))
		}
		if due(plan, spec, s.Phase) && item.Status != Waived {
			f := look(plan, s, spec, now)
			switch {
			case f.pending:
				add("found", MarkNone, cmp.Or(f.evidence, "nothing yet"))
			case f.verdict == Pass:
				add("found", MarkPass, f.evidence)
			case f.verdict == Fail:
				add("found", MarkFail, f.evidence)
			default:
				add("found", MarkUnknown, f.evidence)
			}
			if soak > 0 {
				add("held", MarkNone, fmt.Sprintf("%s of %s", Span(s.View.Checks[spec.ID].For), Span(soak)))
			}
		} else if item.Status == Passed || item.Status == Failed {
			add("found", v.Mark, join(item.Evidence, item.At.Format(time.TimeOnly)))
		}
	}
	add("runbook", MarkNone, spec.Runbook)
	return facts
}

func deployRows(plan Plan, s State, now time.Time) []Fact {
	w := s.View.Workload
	preview := deployPreview(plan, s, now)
	if s.Underway() && s.Phase == Deploying && Live(plan, s, now) {
		return canaryRows(plan, s, now)
	}
	if s.Phase == RollingBack || s.Phase == RolledBack {
		goal := s.Rollout.Goal
		return []Fact{
			{"undone", MarkNone, fmt.Sprintf("to %s, revision %d", goal.Version, goal.Revision)},
			{"since", MarkNone, s.Rollout.Began.Format(time.TimeOnly)},
			{"because", MarkNone, s.because("by hand")},
		}
	}
	if s.To.Version == "" || s.Phase.Over() && s.Phase != Released {
		return []Fact{{"waits", MarkNone, "for a version to be released"}}
	}
	if s.Phase == Planned && !windowOfDeploy(plan, s, now).None() {
		return append(windowFacts(plan, s, now),
			Fact{"open", MarkNone, "undo, abort, pause, hold; checks, approvals, backup"}, Fact{"waive", MarkNone, "w, with a reason"}, Fact{"change", MarkNone, preview.Change})
	}
	if s.Phase == Planned {
		facts := []Fact{{"change", MarkNone, preview.Change}, {"how", MarkNone, preview.How}}
		if why := preventing(plan, s, now, Deploy{}); !why.None() {
			facts = append(facts, Fact{"waits", MarkNone, why.String()})
		}
		return facts
	}
	seen := MarkWaiting
	if w.Observed >= w.Generation {
		seen = MarkPass
	}
	if !Live(plan, s, now) {
		return []Fact{
			{"seen", MarkUnknown, fmt.Sprintf("%d of %d replaced, %d available", w.Replaced(), w.Desired, w.Available)},
			{"as of", MarkNone, fmt.Sprintf("%s, %s ago", w.At.Format(time.TimeOnly), Age(now.Sub(w.At)))},
			{"held", MarkNone, "no decision on old figures: no rollback by itself, no gate passes"},
			{"then", MarkNone, "once back: look first, then act"},
		}
	}
	facts := []Fact{
		{"by", MarkNone, fmt.Sprintf("%s, %s", s.By.String(), s.Rollout.Began.Format(time.TimeOnly))},
		{"passes", MarkNone, fmt.Sprintf("%d/%d updated and available,", w.Desired, w.Desired)},
		{"", seen, fmt.Sprintf("generation %d observed", w.Generation)},
	}
	if previous, ok := s.WayBack(); ok {
		facts = append(facts, Fact{"back", MarkNone, "u: undo to " + revisionWords(previous.Version, previous.Number)})
	}
	return facts
}

// nextCommands do what the deploy item waits for: the deploy, or the canary's next step.
func nextCommands(plan Plan, s State, now time.Time) Commands {
	switch {
	case s.Phase == Planned && s.To.Version != "":
		return deployPreview(plan, s, now).SameAs
	case s.Phase == Deploying && s.Underway() && s.Canary.Stage == Baking:
		return advanceChoice(plan, s, now, Advance{}).Preview.SameAs
	}
	return Commands{}
}

// StageView is the progress of one stage.
type StageView struct {
	Stage   Stage
	Mark    Mark
	Settled int // passed or waived
	Waived  int
	Failed  int
	Unknown int
	Total   int
	Current bool
}

// StageViews describes the three stages; a stage without items is left out.
func StageViews(plan Plan, s State, now time.Time) []StageView {
	views := Checklist(plan, s, now)
	current := map[Phase]Stage{Planned: Pre, Deploying: During, RollingBack: During, Verifying: Post}[s.Phase]
	var stages []StageView
	for _, stage := range Stages {
		v := StageView{Stage: stage, Current: stage == current}
		running := 0
		for _, item := range views {
			if item.Spec.Stage != stage {
				continue
			}
			v.Total++
			switch item.Mark {
			case MarkPass:
				v.Settled++
			case MarkWaived:
				v.Settled++
				v.Waived++
			case MarkFail:
				v.Failed++
			case MarkUnknown:
				v.Unknown++
			case MarkRunning:
				running++
			}
		}
		if v.Total == 0 {
			continue
		}
		switch {
		case v.Failed > 0:
			v.Mark = MarkFail
		case v.Unknown > 0:
			v.Mark = MarkUnknown
		case v.Settled == v.Total:
			v.Mark = MarkPass
		case v.Current || running > 0:
			v.Mark = MarkRunning
		default:
			v.Mark = MarkWaiting
		}
		stages = append(stages, v)
	}
	return stages
}
