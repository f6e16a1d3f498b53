package release

import (
	"cmp"
	"fmt"
	"strings"
	"time"
)

// noCanary says why there is no canary to lead on.
func noCanary(s State) Refusal {
	switch {
	case s.Underway() && s.Phase == RollingBack:
		return refusal(RefusedPhase, "the canary is being taken back")
	case !s.Underway():
		return refusal(RefusedPhase, "no canary is under way")
	}
	return Refusal{}
}

func blocksAdvance(plan Plan, s State, now time.Time) []Refusal {
	if under := noCanary(s); !under.None() {
		return first(driven(s), under)
	}
	return first(driven(s), busy(s, now), heldNow(s), offline(plan, s, now), asking(s), window(plan, s, now), ready(plan, s, now))
}

// asking says that a person has to answer first.
func asking(s State) Refusal {
	if s.Asking == nil {
		return Refusal{}
	}
	return refusal(RefusedAsking, "a question stands: "+s.Asking.Reason)
}

// beforePromotion says that the last weight comes first. The end of a bake brings no
// promotion: nobody waits for that.
func beforePromotion(plan Plan, s State) Refusal {
	if plan.Canary == nil || s.Canary == nil {
		return Refusal{}
	}
	last := len(plan.Canary.Steps) - 1
	if s.Canary.Step >= last {
		return Refusal{}
	}
	return refusal(RefusedNotYet, fmt.Sprintf("not before %d%%: the canary has %d%%", plan.Canary.Steps[last], s.Canary.Weight))
}

// blocksAbort lists what stands against taking a canary back: nothing but the cluster.
func blocksAbort(plan Plan, s State, now time.Time) []Refusal {
	if plan.Canary == nil {
		return first(noCanary(s))
	}
	switch {
	case s.Underway():
		return first(offline(plan, s, now), inFlight(s, now), backAlready(s))
	case straying(plan, s): // of it nothing else can be taken back than what is read
		return first(offline(plan, s, now), inFlight(s, now), unseen(unread(plan, s, now)))
	}
	return first(offline(plan, s, now), unseen(unlooked(plan, s)), noCanary(s))
}

// backAlready says that the way back goes on as fast as it can.
func backAlready(s State) Refusal {
	if s.Phase != RollingBack || s.Held != nil || s.Pending != nil || s.Canary.Tries > 0 || s.arriving() {
		return Refusal{}
	}
	return refusal(RefusedAlready, "the canary is being taken back already")
}

// unfit says why what is there lets no deploy begin: no canary, no rolling update beside
// one, no judging of what runs.
func unfit(plan Plan, s State, now time.Time) Refusal {
	switch {
	case plan.Canary == nil:
		return Refusal{}
	case s.Phase == Planned && s.Unchanged(), !plan.ByCanary():
		return besideCanary(plan, s, now)
	}
	split, waiting := s.View.Split, unseenCanary(plan, s, now)
	switch {
	case split.Err != "" && !split.Silent:
		return refusal(RefusedUnfit, split.Err)
	case waiting != "":
		return unseen(waiting)
	case len(split.Blocked) > 0:
		return refusal(RefusedUnfit, strings.Join(split.Blocked, "; "))
	case s.Phase == Planned && s.View.Workload.Runs(plan.Container, s.To.Image):
		return refusal(RefusedUnfit, fmt.Sprintf("%s is what deployment/%s runs already: stable and canary would have the same image", s.To.Version, plan.Deployment))
	case s.Phase == Planned && plan.Canary.Route != "" && split.Canary > 0:
		left := fmt.Sprintf("a canary was left with %d%% of the traffic", split.Canary)
		if w := s.View.Canary; !w.Found || w.Desired == 0 {
			left = leftover(plan, s)
		}
		return refusal(RefusedUnfit, fmt.Sprintf("%s; %s would get it at once", left, s.To.Version)).or(plan, s, now, Abort{})
	}
	return Refusal{}
}

// besideCanary says why no rolling update may begin beside a canary, or what runs is not
// all there is to judge. What cannot be read is none: releases do without it.
func besideCanary(plan Plan, s State, now time.Time) Refusal {
	left := fmt.Sprintf("a canary has traffic (%s)", leftover(plan, s))
	switch {
	case unlooked(plan, s) != "":
		return unseen(unlooked(plan, s))
	case canaryWeight(plan, s) == 0:
		return Refusal{}
	case s.Unchanged():
		return refusal(RefusedForeign, left).or(plan, s, now, Abort{})
	}
	return refusal(RefusedUnfit, left+", which a rolling update would leave there").or(plan, s, now, Abort{})
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

// blocksContinue lists what stands against ending a hold or a question. Every hold can be
// left: where going on would only be held again, the refusal names what leaves it.
func blocksContinue(plan Plan, s State, now time.Time) []Refusal {
	switch {
	case s.Asking == nil && s.Held == nil:
		return []Refusal{{Kind: RefusedAlready, Text: "nothing is held"}}
	case s.Held == nil:
		return nil
	}
	var list []Refusal
	switch {
	case s.Held.Kind == HeldByOthers:
		list = first(offline(plan, s, now))
		if len(list) == 0 {
			list = first(refusal(RefusedUnfit, remains(plan, s, now)))
		}
	case s.Held.Kind == HeldByRoute:
	case s.Underway():
		list = first(refusal(RefusedUnfit, unrestorable(s)))
	}
	if len(list) > 0 && !list[0].Wait {
		var ways []Intent
		if !s.Underway() || unrestorable(s) == "" || theirs(plan, s) { // else the way back ends here, whoever goes it
			ways = append(ways, Undo{})
			if s.Underway() {
				ways = append(ways, Abort{})
			}
		}
		list[0] = list[0].or(plan, s, now, append(ways, Abandon{})...)
	}
	return list
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
