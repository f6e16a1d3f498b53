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
	choices := []Choice{beginChoice(plan, s, now, "")}
	choices = append(choices, undoChoices(plan, s, now)...)
	choices = append(choices,
		deployChoice(plan, s, now))
	choices = append(choices, canaryChoices(plan, s, now)...)
	choices = append(choices,
		pauseChoice(plan, s, now),
		resumeChoice(plan, s, now),
		holdChoice(s),
		continueChoice(plan, s, now),
		abandonChoice(plan, s),
	)
	for _, spec := range plan.Items {
		if spec.Type == ItemManual {
			choices = append(choices, tickChoice(plan, s, spec))
		}
		choices = append(choices, waiveChoice(s, spec))
	}
	return choices
}

// offline says why nothing can be sent to the cluster, or "".
func offline(plan Plan, s State, now time.Time) string {
	w, link := s.View.Workload, s.View.Links[Kubernetes]
	switch {
	case w.At.IsZero() && link.Err != "":
		return "API server unreachable: " + link.Err
	case w.At.IsZero():
		return "not connected yet"
	case !link.OK:
		return fmt.Sprintf("API server unreachable for %s: %s", Age(now.Sub(link.Since)), link.Err)
	case !Live(plan, s, now):
		return fmt.Sprintf("API server last answered %s ago", Age(now.Sub(w.At)))
	case !w.Found:
		return fmt.Sprintf("deployment/%s does not exist in %s", plan.Deployment, plan.Namespace)
	}
	return ""
}

// busy says why no change can be begun while another is in flight, or "".
func busy(s State, now time.Time) string {
	if p := s.Pending; p != nil {
		return fmt.Sprintf("%s was sent %s ago and is not answered yet", p.Change.Kind, Age(now.Sub(p.Since)))
	}
	return ""
}

// watching says who else drives, or "".
func watching(plan Plan) string { return plan.Driven }

// seenOf is what every confirmation shows of the workload.
func seenOf(w Workload) Seen { return Seen{UID: w.UID, Before: w.Template.Hash, Paused: w.Paused} }

func beginChoice(plan Plan, s State, now time.Time, version string) Choice {
	c := Choice{Kind: DoBegin, Intent: Begin{Version: version}}
	w := s.View.Workload
	under, comes := "", ""
	switch {
	case !s.Phase.Over():
		under = fmt.Sprintf("the release of %s is under way: %s", s.To.Version, s.Phase)
	case s.Pending != nil:
		under = string(s.Pending.Change.Kind) + " is not answered yet"
	case s.Resumes != nil:
		comes = fmt.Sprintf("the release of %s is planned, and comes back now", s.Resumes.To.Version)
	}
	container := missingContainer(plan, w)
	c.Why = cmp.Or(watching(plan), under, comes, offline(plan, s, now), container)
	c.Wait = cmp.Or(comes, offline(plan, s, now)) != "" && watching(plan) == "" && under == ""
	runs := version != "" && w.runsAll(plan.released(), plan.Image+":"+version)
	switch {
	case c.Why != "" || version == "":
	case runs && !plan.Unattended:
		c.Why, c.Noop = fmt.Sprintf("%s is what deployment/%s runs already", version, plan.Deployment), true
	case !runs:
		c.Why = foreignRollout(plan, s)
		c.Foreign = c.Why != ""
	}
	c.OK = c.Why == ""
	c.Preview = Preview{
		Title: "Release a version of " + plan.Service,
		Line:  fmt.Sprintf("plan a release of %s · changes nothing yet", cmp.Or(version, "a version")),
	}
	return c
}

// foreignRollout says what rollout, begun elsewhere, keeps an unattended release from
// beginning, or "": it would be cut off by somebody who does not know of it. At the
// console a person decides.
func foreignRollout(plan Plan, s State) string {
	w := s.View.Workload
	if !plan.Unattended || plan.Replaces || !w.underWay() {
		return ""
	}
	return fmt.Sprintf("%s is being rolled out%s, %d of %d replaced: wait until it is complete, undo it, or replace it with --abandon",
		cmp.Or(w.Version(plan.Container), "another image"), causeWords(w), w.Replaced(), w.Desired)
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
	phase := ""
	switch s.Phase {
	case Planned:
	case Idle, Released, RolledBack, Abandoned:
		phase = "no version is planned"
	default:
		phase = fmt.Sprintf("the release of %s is under way: %s", s.To.Version, s.Phase)
	}
	paused := ""
	if w.Paused {
		paused = "the rollout is paused: resume it first (p)"
	}
	gate, first, vain := "", "", ""
	if phase == "" {
		gate, vain = Gate(plan, s), hopeless(plan, s, now)
	}
	if phase == "" && gate == "" {
		first = unfigured(plan, s)
	}
	others := ""
	if s.Phase == Planned && !s.Unchanged() {
		others = foreignRollout(plan, s)
	}
	unfit, wait := unfit(plan, s, now)
	c.Wait = cmp.Or(watching(plan), phase) == "" && (wait || cmp.Or(busy(s, now), held(s), offline(plan, s, now), first) != "")
	earlier := cmp.Or(watching(plan), phase, busy(s, now), held(s))
	later := cmp.Or(offline(plan, s, now), paused, others, unfit, first)
	c.Why = cmp.Or(earlier, gate, later, vain)
	c.Foreign = c.Why != "" && (c.Why == others || s.Phase == Planned && s.Unchanged() && c.Why == unfit)
	c.Gate = earlier == "" && (gate != "" || later == "" && vain != "")
	c.OK = c.Why == ""
	if plan.ByCanary() && (s.Phase != Planned || !s.Unchanged()) {
		c.Seen = canarySeen(plan, s)
	}
	c.Intent = Deploy{Adopt: plan.ByCanary() && leftover(plan, s) != "", Replace: foreignImage(plan, w)}
	c.Preview = deployPreview(plan, s, now)
	return c
}

// Gate says which items keep a deploy from beginning, or "" when every one that
// comes before it has passed or is waived (invariant 3).
func Gate(plan Plan, s State) string {
	var open []string
	before := true
	for i, spec := range plan.Items {
		if spec.Type == ItemDeploy {
			before = false
			continue
		}
		if i >= len(s.Items) || s.Items[i].Settled() || (spec.Stage != Pre && !before) {
			continue
		}
		open = append(open, spec.Title)
	}
	if len(open) == 0 {
		return ""
	}
	return fmt.Sprintf("not before %s: %s", Count(len(open), "item"), strings.Join(open, ", "))
}

func held(s State) string {
	if s.Held != nil {
		return "held: " + s.Held.Reason
	}
	return ""
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
		none := fmt.Sprintf("no rollout history found for deployment %q", plan.Deployment)
		if w.History == 0 && w.Found && len(w.Revisions) > 0 {
			none += ": revisionHistoryLimit is 0; deploy the version to return to"
		}
		why := cmp.Or(offline(plan, s, now), unlooked(plan, s), none)
		return []Choice{{Kind: DoUndo, Intent: Undo{}, Why: why, Wait: why == unlooked(plan, s), Preview: Preview{Title: "Undo " + plan.Service, Line: "nothing to undo: " + why}}}
	}
	choices := []Choice{undoChoice(plan, s, now, previous)}
	if to := returning(s); to != "" {
		// Previous is what is being left: two keys pressed in haste must not bring it back.
		choices = []Choice{{Kind: DoUndo, Intent: Undo{}, Noop: true, Why: to + "; r chooses another revision", Preview: Preview{
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
		Kind: DoUndo, Intent: Undo{Revision: r.Number},
		Seen: seenOf(w),
	}
	c.Seen.Revision, c.Seen.Template = r.Number, r.Template.Hash
	c.Why = notYetUndone(plan, s, now)
	c.Wait = c.Why != ""
	if c.Why == "" && r.Template.Hash == w.Template.Hash {
		c.Why, c.Noop = fmt.Sprintf("skipped rollback (current template already matches revision %d)", r.Number), true
	}
	c.OK = c.Why == ""
	c.Preview = undoPreview(plan, s, now, r)
	return c
}

// imageChoice is the undo where no revision of what ran before is kept: its image is
// set again.
func imageChoice(plan Plan, s State, now time.Time, to Target) Choice {
	w := s.View.Workload
	c := Choice{Kind: DoUndo, Intent: Undo{}, Seen: seenOf(w), Preview: imagePreview(plan, s, now, to)}
	c.Seen.Template = to.Template
	c.Why = notYetUndone(plan, s, now)
	c.OK, c.Wait = c.Why == "", c.Why != ""
	return c
}

// notYetUndone says why no undo can be sent now, or "".
func notYetUndone(plan Plan, s State, now time.Time) string {
	w, inFlight := s.View.Workload, ""
	if s.Pending != nil && !s.Pending.Unknown {
		inFlight = busy(s, now)
	}
	unseen := ""
	if at := s.View.Unseen; !at.IsZero() && now.Sub(at) < caughtUp {
		unseen = fmt.Sprintf("waits until the controller has seen generation %d: choosing now could go one revision too far", w.Generation)
	}
	return cmp.Or(offline(plan, s, now), inFlight, unseen, unlooked(plan, s))
}

func pauseChoice(plan Plan, s State, now time.Time) Choice {
	w := s.View.Workload
	if holds(s) {
		return holdCanary(plan, s)
	}
	c := Choice{Kind: DoPause, Intent: Pause{}, Seen: seenOf(w)}
	c.Why = cmp.Or(watching(plan), offline(plan, s, now), busy(s, now))
	c.Wait = c.Why != "" && plan.Driven == ""
	if c.Why == "" && w.Paused {
		c.Why, c.Noop = fmt.Sprintf("deployment %q is already paused", plan.Deployment), true
	}
	c.OK = c.Why == ""
	c.Preview = Preview{
		Title: "Pause " + plan.Service, Object: object(plan),
		Line:   fmt.Sprintf("pause the rollout of deployment/%s · pods stay as they are · way back: p", plan.Deployment),
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
	c := Choice{Kind: DoResume, Intent: Resume{}, Seen: seenOf(w)}
	c.Why = cmp.Or(watching(plan), offline(plan, s, now), busy(s, now))
	c.Wait = c.Why != "" && plan.Driven == ""
	if c.Why == "" && !w.Paused {
		c.Why, c.Noop = fmt.Sprintf("deployment %q is not paused", plan.Deployment), true
	}
	c.OK = c.Why == ""
	c.Preview = Preview{
		Title: "Resume " + plan.Service, Object: object(plan),
		Line:   fmt.Sprintf("resume the rollout of deployment/%s · way back: p", plan.Deployment),
		Change: "paused → rolling", Back: "p: pause",
		SameAs: same(rolloutCommand(plan, "resume", plan.Deployment)),
	}
	return c
}

func holdChoice(s State) Choice {
	c := Choice{Kind: DoHold, Intent: HoldOn{}, Preview: Preview{Line: "hold: nothing by itself until released · way back: h"}}
	switch {
	case s.Phase.Over():
		c.Why = "no release is under way"
	case s.Held != nil:
		c.Why = "held already: " + s.Held.Reason
	}
	c.OK = c.Why == ""
	return c
}

func abandonChoice(plan Plan, s State) Choice {
	c := Choice{Kind: DoAbandon, Intent: Abandon{}, Preview: Preview{
		Title: "Abandon the release of " + s.To.Version,
		Line:  fmt.Sprintf("abandon the release of %s · the cluster stays as it is", s.To.Version),
	}}
	if s.Underway() {
		c.Preview.Line += fmt.Sprintf(", the canary with %d%% of the traffic", canaryWeight(plan, s))
	}
	switch {
	case s.Phase.Over():
		c.Why = "no release is under way"
	case s.Pending != nil && !s.Pending.Unknown:
		c.Why = fmt.Sprintf("%s is in flight", s.Pending.Change.Kind)
	}
	c.OK = c.Why == ""
	return c
}
