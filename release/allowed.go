package release

import (
	"cmp"
	"fmt"
	"strings"
	"time"
)

// caughtUp is how long an undo waits for the controller to observe the newest
// generation before it chooses without it.
const caughtUp = 5 * time.Second

// Allowed lists every intent: what it would do, or why it is refused now. Tick
// and Waive appear once for each item that could ever take them, Undo once for
// the previous revision (first) and once for each other existing one.
func Allowed(plan Plan, s State, now time.Time) []Choice {
	if s.View.Elsewhere {
		return watched(plan, s, now)
	}
	choices := []Choice{beginChoice(plan, s, now, "")}
	choices = append(choices, undoChoices(plan, s, now)...)
	choices = append(choices,
		deployChoice(plan, s, now))
	choices = append(choices, canaryChoices(plan, s, now)...)
	choices = append(choices,
		pauseChoice(plan, s, now),
		resumeChoice(plan, s, now),
		holdChoice(plan, s, now),
		continueChoice(plan, s, now),
		abandonChoice(plan, s, now),
	)
	if plan.Windows.Restricted() {
		choices = append(choices, waiveWindowChoice(plan, s, now))
	}
	choices = append(choices, runChoices(plan, s, now)...)
	choices = append(choices, cancelChoices(plan, s, now)...)
	for _, spec := range plan.Items {
		if spec.Class() == Manual {
			choices = append(choices, tickChoice(plan, s, spec))
		}
		choices = append(choices, waiveChoice(plan, s, spec))
	}
	return choices
}

// seenOf is what every confirmation shows of the workload.
func seenOf(w Workload) Seen { return Seen{UID: w.UID, Before: w.Template.Hash, Paused: w.Paused} }

func beginChoice(plan Plan, s State, now time.Time, version string) Choice {
	return Choice{
		Kind: DoBegin, Intent: Begin{Version: version}, Refusals: blocks(plan, s, now, Begin{Version: version}),
		Preview: Preview{
			Title: "Release a version of " + plan.Service,
			Line:  fmt.Sprintf("plan a release of %s · changes nothing yet", cmp.Or(version, "a version")),
		},
	}
}

func containerList(w Workload) string {
	every := w.everyContainer()
	names := make([]string, len(every))
	for i, c := range every {
		names[i] = c.Name
	}
	return strings.Join(names, ", ")
}

func deployChoice(plan Plan, s State, now time.Time) Choice {
	w := s.View.Workload
	c := Choice{Kind: DoDeploy, Intent: Deploy{}, Seen: seenOf(w)}
	c.Refusals = blocks(plan, s, now, c.Intent)
	if plan.ByCanary() && (s.Phase != Planned || !s.Unchanged()) {
		c.Seen = canarySeen(plan, s)
	}
	c.Intent = Deploy{Adopt: plan.ByCanary() && leftover(plan, s) != "", Replace: foreignImage(plan, w)}
	c.Preview = deployPreview(plan, s, now)
	return c
}

// undoChoices gives the way back: the previous revision first. No gate, window,
// hold or missing metric stands against an undo (invariant 8).
func undoChoices(plan Plan, s State, now time.Time) []Choice {
	if leadsBack(plan, s) {
		return undoCanary(plan, s, now)
	}
	w := s.View.Workload
	if to, ok := s.imageBack(plan); ok {
		choices := []Choice{imageChoice(plan, s, now, to)}
		for _, r := range w.Revisions {
			choices = append(choices, undoChoice(plan, s, now, r))
		}
		return choices
	}
	previous, has := s.WayBack()
	if !has {
		none := Choice{Kind: DoUndo, Intent: Undo{}, Refusals: blocks(plan, s, now, Undo{})}
		none.Preview = Preview{Title: "Undo " + plan.Service, Line: "nothing to undo: " + none.Why()}
		return []Choice{none}
	}
	choices := []Choice{undoChoice(plan, s, now, previous)}
	if to := returning(s); to != "" {
		choices = []Choice{{Kind: DoUndo, Intent: Undo{}, Refusals: blocks(plan, s, now, Undo{}), Preview: Preview{
			Title: "Undo " + plan.Service, Line: to,
		}}}
		previous = Revision{}
	}
	for _, r := range w.Revisions {
		if r.Number != previous.Number {
			choices = append(choices, undoChoice(plan, s, now, r))
		}
	}
	return choices
}

// returning says that the way back is being gone, or was gone, already: by this
// console's undo, or, by its change-cause, by that of another one. It says
// nothing once what runs is not what the way back leads to.
func returning(s State) string {
	w, goal := s.View.Workload, s.Rollout.Goal
	switch {
	case s.Phase == RollingBack && (w.Template.Hash == goal.Template || w.Generation < s.Rollout.Generation):
		return "returning to " + goal.Version + " already"
	case (s.Phase == RolledBack || s.Phase == Planned) && goal.Template != "" && w.Template.Hash == goal.Template:
		return goal.Version + " is back already"
	}
	if version, ok := returnedByOthers(w); ok && s.Phase.Over() {
		return "returning to " + version + " already"
	}
	return ""
}

// returnedByOthers tells whether another console's undo is under way. Its
// change-cause stays on the Deployment when somebody else changes it, and when
// it has long been complete: it counts only while its version is what rolls out.
func returnedByOthers(w Workload) (version string, ok bool) {
	text, undo := strings.CutPrefix(w.ChangeCause, "undo to ")
	if !undo || !strings.HasSuffix(text, ", slipway") {
		return "", false
	}
	version, _, _ = strings.Cut(text, ",")
	current, known := w.Current()
	return version, known && current.Version == version && w.rolling()
}

func undoChoice(plan Plan, s State, now time.Time, r Revision) Choice {
	w := s.View.Workload
	c := Choice{
		Kind: DoUndo, Intent: Undo{Revision: r.Number, Over: s.touched(plan)},
		Seen: seenOf(w),
	}
	c.Seen.Revision, c.Seen.Template = r.Number, r.Template.Hash
	c.Refusals = blocks(plan, s, now, c.Intent)
	c.Preview = undoPreview(plan, s, now, r)
	return c
}

// imageChoice is the undo where no revision of what ran before is kept: its image is
// set again.
func imageChoice(plan Plan, s State, now time.Time, to Target) Choice {
	w := s.View.Workload
	c := Choice{Kind: DoUndo, Intent: Undo{Over: s.touched(plan)}, Seen: seenOf(w), Preview: imagePreview(plan, s, now, to)}
	c.Seen.Template = to.Template
	c.Refusals = blocks(plan, s, now, c.Intent)
	return c
}

func pauseChoice(plan Plan, s State, now time.Time) Choice {
	w := s.View.Workload
	if holds(s) {
		return holdCanary(plan, s, now)
	}
	c := Choice{Kind: DoPause, Intent: Pause{}, Seen: seenOf(w), Refusals: blocks(plan, s, now, Pause{})}
	c.Preview = Preview{
		Title: "Pause " + plan.Service, Object: object(plan),
		Line: fmt.Sprintf("pause the rollout of deployment/%s · pods stay as they are", plan.Deployment), BackKey: "p",
		Change: "rolling → paused", Back: "p: resume",
		SameAs: same(rolloutCommand(plan, "pause", plan.Deployment)),
	}
	return c
}

func resumeChoice(plan Plan, s State, now time.Time) Choice {
	w := s.View.Workload
	if holds(s) {
		return resumeCanary(plan, s, now)
	}
	c := Choice{Kind: DoResume, Intent: Resume{}, Seen: seenOf(w), Refusals: blocks(plan, s, now, Resume{})}
	c.Preview = Preview{
		Title: "Resume " + plan.Service, Object: object(plan),
		Line: fmt.Sprintf("resume the rollout of deployment/%s", plan.Deployment), BackKey: "p",
		Change: "paused → rolling", Back: "p: pause",
		SameAs: same(rolloutCommand(plan, "resume", plan.Deployment)),
	}
	return c
}

func holdChoice(plan Plan, s State, now time.Time) Choice {
	return Choice{
		Kind: DoHold, Intent: HoldOn{}, Refusals: blocks(plan, s, now, HoldOn{}),
		Preview: Preview{Line: "hold: nothing by itself until released", BackKey: "h"},
	}
}

func abandonChoice(plan Plan, s State, now time.Time) Choice {
	c := Choice{Kind: DoAbandon, Intent: Abandon{}, Refusals: blocks(plan, s, now, Abandon{}), Preview: Preview{
		Title: "Abandon the release of " + s.To.Version,
		Line:  fmt.Sprintf("abandon the release of %s · the cluster stays as it is", s.To.Version),
	}}
	if s.Underway() {
		c.Preview.Line += fmt.Sprintf(", the canary with %d%% of the traffic", canaryWeight(plan, s))
	}
	return c
}
