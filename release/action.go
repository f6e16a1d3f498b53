package release

import (
	"cmp"
	"fmt"
	"time"
)

// An action of the checklist performs an operation as a task, when a person, or an
// unattended deploy, asks for it with Run. Its item runs, passes and fails with the task.
// One that failed, or of which nobody knows what came, is run again by a person only.

// runChoices are in the list for every action but the deploy.
func runChoices(plan Plan, s State, now time.Time) []Choice {
	var choices []Choice
	for _, spec := range plan.Items {
		if kinds[spec.Type].do == nil {
			continue
		}
		intent := RunAction{Item: spec.ID}
		choices = append(choices, Choice{
			Kind: DoRun, Item: spec.ID, Intent: intent, Seen: Seen{Task: s.attempt(spec.ID)},
			Refusals: blocks(plan, s, now, intent), Preview: runPreview(plan, s, spec, now),
		})
	}
	return choices
}

// attempt names the attempt that a confirmation of a Run is about: of two consoles that
// confirm the same one, one runs it.
func (s State) attempt(id string) string {
	item, _ := s.item(id)
	return fmt.Sprintf("%s/%d", id, item.Attempts+1)
}

// runPreview is the confirmation of an action.
func runPreview(plan Plan, s State, spec ItemSpec, now time.Time) Preview {
	k := kinds[spec.Type]
	p := Preview{}
	if k.preview != nil {
		p = k.preview(plan, s, spec)
	}
	change := k.do(plan, s, spec).Describe()
	p.Title = cmp.Or(p.Title, "Run "+spec.Title)
	p.Line = cmp.Or(p.Line, change)
	p.Change = cmp.Or(p.Change, change)
	p.Back = cmp.Or(p.Back, "none: slipway does not take it back")
	if item, ok := s.item(spec.ID); ok && item.Attempts > 0 {
		p.Facts = append(p.Facts, Fact{"before", markOf(item.Status), fmt.Sprintf("attempt %d: %s", item.Attempts, cmp.Or(item.Evidence, string(item.Status)))})
	}
	if k.windowed {
		p.Facts = append(p.Facts, windowFacts(plan, s, now)...)
	}
	return p
}

// blocksRun lists what stands against running an action. What comes before it in the
// checklist has to have passed, or be waived, as before a deploy.
func blocksRun(plan Plan, s State, now time.Time, id string) []Refusal {
	spec, item, why := itemOf(plan, s, id)
	k := kinds[spec.Type]
	switch {
	case !why.None():
		return first(driven(s), why)
	case k.do == nil:
		return first(refusal(RefusedUnknown, spec.Title+" is not an action that can be run on its own"))
	}
	closed := Refusal{}
	if k.windowed {
		closed = window(plan, s, now)
	}
	return first(driven(s), noRelease(s), goesBack(s), doneAlready(item), tasked(s, now), heldNow(s), notDue(plan, s, spec), itsGate(plan, s, now, spec), closed)
}

func doneAlready(item Item) Refusal {
	switch item.Status {
	case Passed:
		return refusal(RefusedAlready, "done already: "+item.Evidence)
	case Waived:
		return refusal(RefusedAlready, "waived already by "+item.By.Name)
	}
	return Refusal{}
}

// notDue says that it is not the time for an action: the deploy lies between.
func notDue(plan Plan, s State, spec ItemSpec) Refusal {
	before := comesFirst(plan, spec)
	switch {
	case before && s.Phase != Planned:
		return refusal(RefusedPhase, "it comes before the deploy, which was made")
	case !before && s.Phase != Verifying:
		return waits(RefusedNotYet, "not before the rollout is complete")
	}
	return Refusal{}
}

// itsGate says which earlier items an action waits for.
func itsGate(plan Plan, s State, now time.Time, spec ItemSpec) Refusal {
	if !comesFirst(plan, spec) {
		return Refusal{}
	}
	return gateOf(plan, s, now, func(earlier ItemSpec) bool { return precedes(plan, earlier, spec) })
}

// precedes tells whether an item comes before another one in the checklist.
func precedes(plan Plan, earlier, later ItemSpec) bool {
	for _, spec := range plan.Items {
		switch spec.ID {
		case later.ID:
			return false
		case earlier.ID:
			return true
		}
	}
	return false
}

// runAction begins an action.
func (t *turn) runAction(e Intended, id string) {
	for i, spec := range t.plan.Items {
		if spec.ID != id || i >= len(t.s.Items) {
			continue
		}
		t.record().Items[i].Attempts++
		t.startTask(id, Change{ID: t.changeID(e), By: e.By, Do: kinds[spec.Type].do(t.plan, t.s, spec)})
	}
}

// runs is the task in flight of an item; nil: there is none.
func (s State) runs(id string) *Task {
	if task := s.InFlight(); task != nil && task.Item == id {
		return task
	}
	return nil
}

// settlesAction is how an open action can still be settled: what runs ends by itself, and
// where nobody is there the next one is run; one that failed takes a person.
func settlesAction(plan Plan, s State, spec ItemSpec, item Item) Settling {
	switch {
	case s.runs(spec.ID) != nil:
		return ByItself
	case item.Status == Waiting && s.View.Mode.Unattended:
		return ByItself
	default:
		return ByHand
	}
}

// actionEdge is the right edge of an action's line.
func actionEdge(plan Plan, s State, spec ItemSpec, item Item, now time.Time) string {
	switch task := s.runs(spec.ID); {
	case task != nil && task.Unknown:
		return "unknown: look"
	case task != nil && task.Cancelled != (Actor{}):
		return "cancelling"
	case task != nil:
		if p := s.View.Progress; p.ID == task.Change.ID && p.Total > 0 {
			return fmt.Sprintf("%d%%", p.Done*100/p.Total)
		}
		return Span(now.Sub(task.Since))
	case item.Status == Failed || item.Status == Unknown:
		if len(item.Evidence) <= 16 && item.Evidence != "" {
			return item.Evidence
		}
		return string(item.Status)
	case preventing(plan, s, now, RunAction{Item: spec.ID}).None():
		return "next"
	}
	return "then"
}

// actionRows is an action's detail.
func actionRows(plan Plan, s State, spec ItemSpec, item Item, now time.Time) []Fact {
	facts := []Fact{{"runs", MarkNone, spec.words(plan)}}
	task := s.runs(spec.ID)
	switch {
	case task != nil && task.Unknown:
		facts = append(facts, Fact{"unknown", MarkUnknown, "no answer: slipway looks for what became of it, and does not run it again"})
	case task != nil:
		facts = append(facts, Fact{"by", MarkNone, fmt.Sprintf("%s, %s, for %s of at most %s", task.Change.By.Name, task.Since.Format(time.TimeOnly), Span(now.Sub(task.Since)), Span(task.Change.Do.Deadline()))})
		if p := s.View.Progress; p.ID == task.Change.ID && p.Text != "" {
			facts = append(facts, Fact{"now", MarkRunning, p.Text})
		}
		facts = append(facts, Fact{"stop", MarkNone, "space cancels it"})
	case item.Status == Waiting:
		if why := preventing(plan, s, now, RunAction{Item: spec.ID}); !why.None() {
			facts = append(facts, Fact{"waits", MarkNone, why.String()})
		} else {
			facts = append(facts, Fact{"passes", MarkNone, "when it has succeeded; space runs it, w waives it with a reason"})
		}
	default:
		facts = append(facts, Fact{"found", markOf(item.Status), join(item.Evidence, item.At.Format(time.TimeOnly))})
		if item.Status == Failed || item.Status == Unknown {
			facts = append(facts, Fact{"again", MarkNone, fmt.Sprintf("space runs it again, attempt %d; w waives it with a reason", item.Attempts+1)})
		}
	}
	for _, name := range []FactName{FactOutput, FactLink, FactDigest} {
		if text := item.Facts[name]; text != "" {
			facts = append(facts, Fact{FactLabel(name), MarkNone, text})
		}
	}
	if task != nil && s.View.Progress.ID == task.Change.ID {
		lines := s.View.Progress.Lines
		for i, l := range lines[max(0, len(lines)-longestShown):] {
			label := FactLabel("")
			if i == 0 {
				label = "output"
			}
			facts = append(facts, Fact{label, MarkNone, l})
		}
	}
	return facts
}

// longestShown is how many lines of output an item's detail shows.
const longestShown = 12
