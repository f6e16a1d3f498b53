package release

import (
	"cmp"
	"fmt"
	"strings"
	"time"
)

// canaryChoices are the intents that only a canary release knows.
func canaryChoices(plan Plan, s State, now time.Time) []Choice {
	if plan.Canary == nil {
		return nil
	}
	advance := advanceChoice(plan, s, now)
	promote := advance
	promote.Kind, promote.Intent = DoPromote, Promote{}
	if last := len(plan.Canary.Steps) - 1; noCanary(s) == "" && s.Canary.Step < last {
		promote.OK, promote.Wait, promote.Gate = false, false, false // a bake that ends brings no promotion
		promote.Why = cmp.Or(watching(plan), fmt.Sprintf("not before %d%%: the canary has %d%%", plan.Canary.Steps[last], s.Canary.Weight))
		promote.Preview = promotePreview(plan, s, now)
	}
	return []Choice{advance, promote, abortChoice(plan, s, now, false)}
}

// noCanary says why there is no canary to lead on, or "".
func noCanary(s State) string {
	switch {
	case s.Underway() && s.Phase == RollingBack:
		return "the canary is being taken back"
	case !s.Underway():
		return "no canary is under way"
	}
	return ""
}

func advanceChoice(plan Plan, s State, now time.Time) Choice {
	c := Choice{Kind: DoAdvance, Intent: Advance{}, Seen: canarySeen(plan, s)}
	under := noCanary(s)
	if under != "" {
		c.Why = cmp.Or(watching(plan), under)
		c.Preview = Preview{Title: "Advance the canary", Line: "advance the canary: " + under}
		return c
	}
	asking := ""
	if s.Asking != nil {
		asking = "a question stands: " + s.Asking.Reason
	}
	why := cmp.Or(busy(s, now), held(s), offline(plan, s, now))
	c.Why = cmp.Or(watching(plan), why, asking, ready(plan, s, now))
	c.Gate = c.Why != "" && c.Why == failing(plan, s, now)
	c.Wait = c.Why != "" && plan.Driven == "" && asking == "" && s.Held == nil && !c.Gate
	c.OK = c.Why == ""
	if s.Canary.Step >= len(plan.Canary.Steps)-1 {
		c.Preview = promotePreview(plan, s, now)
		return c
	}
	c.Preview = advancePreview(plan, s, now)
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
	inFlight := ""
	if s.Pending != nil && !s.Pending.Unknown {
		inFlight = busy(s, now)
	}
	under := s.Underway() || straying(plan, s)
	unseen := ""
	if !s.Underway() {
		unseen = unread(plan, s, now) // of a stray nothing else can be taken back
	}
	switch {
	case offline(plan, s, now) != "" || (under && (inFlight != "" || unseen != "")):
		c.Why, c.Wait = cmp.Or(offline(plan, s, now), inFlight, unseen), true
	case s.Underway() && s.Phase == RollingBack && s.Held == nil && s.Pending == nil && s.Canary.Tries == 0 && !s.arriving():
		c.Why, c.Noop = "the canary is being taken back already", true
	case !under && unlooked(plan, s) != "":
		c.Why, c.Wait = unlooked(plan, s), true
	case !under:
		c.Why = "no canary is under way"
		c.Preview.Line = "abort the canary: " + c.Why
	}
	c.OK = c.Why == ""
	return c
}

// undoCanary is what undo is while a canary has pods or traffic: the same as
// abort. Another revision of stable waits for that.
func undoCanary(plan Plan, s State, now time.Time) []Choice {
	back := abortChoice(plan, s, now, true)
	_, over, _ := restored(plan, s, true)
	back.Kind, back.Intent = DoUndo, Undo{Over: over}
	first := "the canary comes first: b aborts it"
	if back.Noop {
		first = "the way back is under way: x abandons it first"
	}
	choices := []Choice{back}
	for _, r := range s.View.Workload.Revisions {
		c := undoChoice(plan, s, now, r)
		if c.OK {
			c.OK, c.Why = false, first
		}
		choices = append(choices, c)
	}
	return choices
}

// holds tells whether pausing holds the canary where it is, instead of the
// rollout of a Deployment.
func holds(s State) bool {
	return s.Underway() && s.Phase == Deploying && s.Canary.Stage != Promoting
}

func holdCanary(plan Plan, s State) Choice {
	c := Choice{Kind: DoPause, Intent: Pause{}, Seen: seenOf(s.View.Workload)}
	at := fmt.Sprintf("%d%%", s.Canary.Weight)
	c.Preview = Preview{
		Title: "Hold the canary", Object: fmt.Sprintf("%s in %s / %s", routeWords(plan), plan.Cluster, plan.Namespace),
		Line:   "hold the canary at " + at + ": nothing by itself, no advance, no abort · way back: p",
		Change: "running → held at " + at, Back: "p: goes on",
	}
	c.Why = watching(plan)
	if c.Why == "" && s.Held != nil {
		c.Why, c.Noop = "held already: "+s.Held.Reason, true
	}
	c.OK = c.Why == ""
	return c
}

func resumeCanary(plan Plan, s State, now time.Time) Choice {
	c := continueChoice(plan, s, now)
	c.Kind, c.Intent = DoResume, Resume{}
	c.Seen.UID, c.Seen.Before, c.Seen.Paused = s.View.Workload.UID, s.View.Workload.Template.Hash, s.View.Workload.Paused
	c.Preview.Title, c.Preview.Line = "Go on with the canary", fmt.Sprintf("go on with the canary at %d%% · way back: p", s.Canary.Weight)
	c.Why = cmp.Or(watching(plan), c.Why)
	c.Noop = c.Why == "nothing is held"
	c.OK = c.Why == ""
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

// beside says why no rolling update may begin beside a canary, or "". What cannot be
// read is none: releases do without it.
func beside(plan Plan, s State) (why string, wait bool) {
	switch {
	case plan.Canary == nil:
	case unlooked(plan, s) != "":
		return unlooked(plan, s), true
	case canaryWeight(plan, s) > 0:
		return "a canary has traffic, which a rolling update would leave there: " + leftover(plan, s) + "; b aborts it", false
	}
	return "", false
}

// unseenBeside says what is not known of a canary beside rolling releases, or "".
func unseenBeside(plan Plan, s State) string {
	switch {
	case plan.Canary == nil:
	case s.View.Canary.At.IsZero() && s.View.CanaryErr != "":
		return fmt.Sprintf("whether deployment/%s runs is not known: %s", plan.Canary.Deployment, s.View.CanaryErr)
	case s.View.Split.Err != "" && leftover(plan, s) != "":
		return leftover(plan, s) + ": " + s.View.Split.Err
	}
	return ""
}

// unfit says why no canary can begin, or "".
func unfit(plan Plan, s State, now time.Time) (why string, wait bool) {
	if s.Phase == Planned && s.Unchanged() {
		return unfinishedBeside(plan, s)
	}
	if !plan.ByCanary() {
		return beside(plan, s)
	}
	switch unseen := unseenCanary(plan, s, now); {
	case s.View.Split.Err != "" && !s.View.Split.Silent:
		return s.View.Split.Err, false
	case unseen != "":
		return unseen, true
	case len(s.View.Split.Blocked) > 0:
		return strings.Join(s.View.Split.Blocked, "; "), false
	case s.Phase == Planned && s.View.Workload.Runs(plan.Container, s.To.Image):
		return fmt.Sprintf("%s is what deployment/%s runs already: stable and canary would have the same image", s.To.Version, plan.Deployment), false
	case s.Phase == Planned && plan.Canary.Route != "" && s.View.Split.Canary > 0:
		return fmt.Sprintf("a canary was left with %d%% of the traffic, which %s would get at once: abort it first", s.View.Split.Canary, s.To.Version), false
	}
	return "", false
}
