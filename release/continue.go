package release

import (
	"cmp"
	"fmt"
	"strings"
	"time"
)

// continueChoice ends a hold, or answers a question with "leave it". Every hold can be
// left: where going on would only be held again, the refusal names what leaves it.
func continueChoice(plan Plan, s State, now time.Time) Choice {
	c := Choice{Kind: DoContinue, Intent: Continue{}, Preview: Preview{Line: "continue the release of " + s.To.Version}}
	if s.Phase.Over() && s.Pending != nil {
		c.Preview.Line = "continue the undo to " + s.Pending.Goal.Version
	}
	switch {
	case s.Asking == nil && s.Held == nil:
		c.Why = "nothing is held"
	case s.Held == nil:
		c.Preview.Line = "leave it as it is: no undo"
	case s.Held.Kind == HeldByOthers:
		c.Seen = seenOf(s.View.Workload)
		if s.Underway() {
			c.Seen = canarySeen(plan, s)
		}
		c.Seen.Held = s.Held.At
		if c.Why = offline(plan, s, now); c.Why != "" && s.View.Workload.Found {
			c.Wait = true
			break
		}
		c.Why = cmp.Or(c.Why, remains(plan, s, now))
		c.Preview.Line, c.Preview.Facts = goingOn(plan, s), adoptFacts(plan, s)
	case s.Held.Kind == HeldByRoute && s.Underway():
		c.Seen = canarySeen(plan, s)
		c.Seen.Held, c.Seen.Routes = s.Held.At, strings.Join(leading(plan, s), ", ")
		c.Preview.Line = cutting(plan, s)
	case s.Underway():
		c.Why = unrestorable(s)
	}
	if c.OK = c.Why == ""; !c.OK && s.Held != nil && !c.Wait {
		c.Instead = leaving(plan, s, now)
		c.Why += insteadWords(c.Instead)
	}
	return c
}

// remains says what would hold a release again that went on from what others did, or "".
func remains(plan Plan, s State, now time.Time) string {
	w, runs := s.View.Workload, s.View.Workload.Version(plan.Container)
	if !s.Underway() {
		switch {
		case s.Phase == RollingBack && !w.Runs(plan.Container, s.Rollout.Goal.Image):
			return fmt.Sprintf("it now runs %s, not %s", cmp.Or(runs, "nothing"), s.Rollout.Goal.Version)
		case s.Phase != Planned && s.Phase != RollingBack && !w.Runs(plan.Container, s.To.Image):
			return fmt.Sprintf("it now runs %s, not %s", cmp.Or(runs, "nothing"), s.To.Version)
		}
		return ""
	}
	if s.Phase == RollingBack {
		return ""
	}
	canary, run, object := s.View.Canary, s.Canary, "deployment/"+plan.Canary.Deployment
	ending := run.Stage == Returning || run.Stage == Removing
	switch {
	case unread(plan, s, now) != "":
		return unread(plan, s, now)
	case ending && !w.Runs(plan.Container, s.To.Image):
		return fmt.Sprintf("stable now runs %s, not %s", cmp.Or(runs, "nothing"), s.To.Version)
	case ending:
	case !canary.Found:
		return object + " no longer exists"
	case !canary.Runs(plan.Container, s.To.Image):
		return fmt.Sprintf("%s now runs %s, not %s", object, cmp.Or(canary.Version(plan.Container), "nothing"), s.To.Version)
	}
	return ""
}

// unrestorable says that stable cannot get back what ran before, or "".
func unrestorable(s State) string {
	w := s.View.Workload
	if s.Phase != RollingBack || s.Canary.Stage != Restoring || w.Template.Hash == s.From.Template {
		return ""
	}
	for _, r := range w.Revisions {
		if r.Template.Hash == s.From.Template {
			return ""
		}
	}
	return fmt.Sprintf("no revision with the template of %s is left on stable", s.From.Version)
}

// leaving lists what leaves a hold that continue does not: what is allowed of it.
func leaving(plan Plan, s State, now time.Time) []IntentKind {
	var kinds []IntentKind
	if undoChoices(plan, s, now)[0].OK {
		kinds = append(kinds, DoUndo)
	}
	if s.Underway() && abortChoice(plan, s, now, false).OK {
		kinds = append(kinds, DoAbort)
	}
	if abandonChoice(plan, s).OK {
		kinds = append(kinds, DoAbandon)
	}
	return kinds
}

func insteadWords(kinds []IntentKind) string {
	words := make([]string, 0, len(kinds))
	for _, k := range kinds {
		words = append(words, map[IntentKind]string{DoUndo: "undo (u)", DoAbort: "abort (b)", DoAbandon: "abandon (x)"}[k])
	}
	switch n := len(words); n {
	case 0:
		return ""
	case 1:
		return ": " + words[0]
	default:
		return ": " + strings.Join(words[:n-1], ", ") + " or " + words[n-1]
	}
}

// goingOn says what going on with what others did means.
func goingOn(plan Plan, s State) string {
	w := s.View.Workload
	runs, text := cmp.Or(w.Version(plan.Container), "nothing"), "continue the release of "+s.To.Version
	changed := s.Held != nil && s.Held.Stable != ""
	switch {
	case s.Phase == RollingBack && s.Underway() && changed:
		return fmt.Sprintf("continue: stable keeps %s as it is now and gets the traffic", runs)
	case s.Phase == RollingBack:
		return "continue the rollback to " + s.Rollout.Goal.Version
	case !changed:
		return text
	case s.Phase == Planned:
		return text + " from " + runs
	case !s.Underway(), w.Runs(plan.Container, s.From.Image):
		return text + ", with the pod template as it is now"
	case w.Runs(plan.Container, s.To.Image) && !s.Canary.Promoted:
		return fmt.Sprintf("continue: take over someone else's promotion of %s", s.To.Version)
	case w.Runs(plan.Container, s.To.Image):
		return text + ", with stable's pod template as it is now"
	}
	return fmt.Sprintf("%s against stable %s, baked anew", text, runs)
}

// adoptFacts says what an abort means once someone else's change of stable is accepted.
func adoptFacts(plan Plan, s State) []Fact {
	w := s.View.Workload
	if !s.Underway() || s.Phase != Deploying || s.Held.Stable == "" || w.Runs(plan.Container, s.To.Image) {
		return nil
	}
	return []Fact{{"back", MarkNone, fmt.Sprintf("an abort leaves stable at %s as it is now", cmp.Or(w.Version(plan.Container), "nothing"))}}
}

// unsaid says that an undo would roll back what someone else made of stable.
func unsaid(plan Plan, s State) string {
	return fmt.Sprintf("%s: it has to be confirmed that this is rolled back", overWords(plan, s))
}

// overWords names someone else's change of stable.
func overWords(plan Plan, s State) string {
	w := s.View.Workload
	return "someone else changed stable: it runs " + whatRuns(plan, w, s.Rollout.Goal) + causeWords(w)
}
