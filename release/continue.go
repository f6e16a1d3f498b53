package release

import (
	"cmp"
	"fmt"
	"strings"
	"time"
)

// continueChoice ends a hold, or answers a question with "leave it".
func continueChoice(plan Plan, s State, now time.Time) Choice {
	c := Choice{
		Kind: DoContinue, Intent: Continue{}, Refusals: blocksContinue(plan, s, now),
		Preview: Preview{Line: "continue the release of " + s.To.Version},
	}
	if s.Phase.Over() && s.Pending != nil {
		c.Preview.Line = "continue the undo to " + s.Pending.Goal.Version
	}
	switch {
	case s.Held == nil && s.Asking != nil:
		c.Preview.Line = "leave it as it is: no undo"
	case s.Held == nil:
	case s.Held.Kind == HeldByOthers:
		c.Seen = seenOf(s.View.Workload)
		if s.Underway() {
			c.Seen = canarySeen(plan, s)
		}
		c.Seen.Held = s.Held.At
		if c.Refusal().Wait {
			break
		}
		c.Preview.Line, c.Preview.Facts = goingOn(plan, s), adoptFacts(plan, s)
	case s.Held.Kind == HeldByRoute && s.Underway():
		c.Seen = canarySeen(plan, s)
		c.Seen.Held, c.Seen.Routes = s.Held.At, strings.Join(leading(plan, s), ", ")
		c.Preview.Line = cutting(plan, s)
	}
	return c
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

// overFacts names, in a confirmation of an undo, the change of someone else's that is
// rolled back with it.
func overFacts(plan Plan, s State) []Fact {
	if !s.touched(plan) {
		return nil
	}
	return []Fact{{"over", MarkFail, overWords(plan, s) + "; this is rolled back"}}
}

// overWords names someone else's change of stable.
func overWords(plan Plan, s State) string {
	w, what := s.View.Workload, "stable"
	if !s.Underway() {
		what = "the Deployment"
	}
	return "someone else changed " + what + ": it runs " + whatRuns(plan, w, s.Rollout.Goal) + causeWords(w)
}
