package release

import (
	"fmt"
	"time"
)

// canaryChoices are the intents that only a canary release knows.
func canaryChoices(plan Plan, s State, now time.Time) []Choice {
	if plan.Canary == nil {
		return nil
	}
	return []Choice{
		advanceChoice(plan, s, now, Advance{}), advanceChoice(plan, s, now, Promote{}), abortChoice(plan, s, now, false),
	}
}

// advanceChoice leads the canary to its next weight and, where that is wished or there is
// none, to its promotion.
func advanceChoice(plan Plan, s State, now time.Time, intent Intent) Choice {
	c := Choice{Kind: intent.intent(), Intent: intent, Seen: canarySeen(plan, s), Refusals: blocks(plan, s, now, intent)}
	switch under := noCanary(s); {
	case !under.None():
		c.Preview = Preview{Title: "Advance the canary", Line: "advance the canary: " + under.Text}
	case c.Kind == DoPromote, s.Canary.Step >= len(plan.Canary.Steps)-1:
		c.Preview = promotePreview(plan, s, now)
	default:
		c.Preview = advancePreview(plan, s, now)
	}
	return c
}

// Overtaken says that an advance which was asked for when the canary stood as it did
// then has been made by somebody else, and its weight is live, or "". Made again, it
// would lead one step further, at last to the promotion.
func Overtaken(then *CanaryRun, s State) string {
	if then == nil || !s.Underway() || s.Canary.Stage != Baking || s.Canary.Weight <= then.Weight {
		return ""
	}
	return fmt.Sprintf("not advanced again: somebody else led the canary from %d%% to %d%%", then.Weight, s.Canary.Weight)
}

// canarySeen is what a confirmation shows of a canary.
func canarySeen(plan Plan, s State) Seen {
	seen := seenOf(s.View.Workload)
	if s.View.Canary.Found {
		seen.Canary = s.View.Canary.UID
	}
	seen.Weight = canaryWeight(plan, s)
	return seen
}

// abortChoice is the way back of a canary, whoever began it. Nothing that is
// missing stands against it but the cluster itself (invariant 8).
//
// As an undo it returns stable to what ran before, where someone else changed it
// meanwhile; as an abort it leaves that.
func abortChoice(plan Plan, s State, now time.Time, undo bool) Choice {
	to, over, _ := restored(plan, s, undo)
	c := Choice{Kind: DoAbort, Intent: Abort{Over: over}, Seen: seenOf(s.View.Workload), Preview: abortPreview(plan, s, now, undo)}
	c.Seen.Template = to.Template.Hash
	c.Refusals = blocksAbort(plan, s, now)
	if c.Refused(RefusedPhase) {
		c.Preview.Line = "abort the canary: " + c.Why()
	}
	return c
}

// undoCanary is what undo is while a canary has pods or traffic: the same as
// abort. Another revision of stable waits for that.
func undoCanary(plan Plan, s State, now time.Time) []Choice {
	back := abortChoice(plan, s, now, true)
	_, over, _ := restored(plan, s, true)
	back.Kind, back.Intent = DoUndo, Undo{Over: over}
	choices := []Choice{back}
	for _, r := range s.View.Workload.Revisions {
		choices = append(choices, undoChoice(plan, s, now, r))
	}
	return choices
}

// holds tells whether pausing holds the canary where it is, instead of the
// rollout of a Deployment.
func holds(s State) bool {
	return s.Underway() && s.Phase == Deploying && s.Canary.Stage != Promoting
}

func holdCanary(plan Plan, s State, now time.Time) Choice {
	c := Choice{Kind: DoPause, Intent: Pause{}, Seen: seenOf(s.View.Workload), Refusals: blocks(plan, s, now, Pause{})}
	at := fmt.Sprintf("%d%%", s.Canary.Weight)
	c.Preview = Preview{
		Title: "Hold the canary", Object: fmt.Sprintf("%s in %s / %s", routeWords(plan), plan.Cluster, plan.Namespace),
		Line: "hold the canary at " + at + ": nothing by itself, no advance, no abort", BackKey: "p",
		Change: "running → held at " + at, Back: "p: goes on",
	}
	return c
}

func resumeCanary(plan Plan, s State, now time.Time) Choice {
	c := continueChoice(plan, s, now)
	c.Kind, c.Intent = DoResume, Resume{}
	c.Seen.UID, c.Seen.Before, c.Seen.Paused = s.View.Workload.UID, s.View.Workload.Template.Hash, s.View.Workload.Paused
	c.Preview.Title, c.Preview.BackKey = "Go on with the canary", "p"
	c.Preview.Line = fmt.Sprintf("go on with the canary at %d%%", s.Canary.Weight)
	c.Refusals = blocks(plan, s, now, Resume{})
	return c
}

// leadsBack tells whether undo is about the canary. A stray one whose traffic
// cannot be read, or that has none beside rolling releases, must not stand against an
// undo of stable.
func leadsBack(plan Plan, s State) bool {
	if plan.Canary == nil || s.Underway() {
		return s.Underway()
	}
	return straying(plan, s) && s.View.Split.Err == "" && (plan.ByCanary() || canaryWeight(plan, s) > 0)
}
