package release

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// sayCanary says how a canary release is. What fails is loud; so is a canary that
// has traffic and is not seen.
func sayCanary(plan Plan, s State, now time.Time) (Headline, bool) {
	if !s.Underway() {
		return sayStray(plan, s)
	}
	run := s.Canary
	until := "nothing is decided until it is"
	if s.Phase == RollingBack {
		until = "it goes back as soon as it is"
	}
	if why := unseenCanary(plan, s, now); why != "" && run.Stage != Creating {
		return Headline{Mark: MarkUnknown, Loud: true, Strong: "CANARY NOT SEEN  " + why, Rest: until}, true
	}
	if s.View.Split.Err != "" && plan.Canary.Route != "" {
		return Headline{Mark: MarkUnknown, Loud: true, Strong: "TRAFFIC UNKNOWN  " + s.View.Split.Err, Rest: until + " known"}, true
	}
	if s.Phase == RollingBack {
		return sayTakingBack(plan, s), true
	}
	if h, ok := sayCanaryFailing(plan, s, now); ok {
		return h, true
	}
	if s.Asking != nil {
		return Headline{}, false // asked below
	}
	return sayStage(plan, s, now), true
}

// sayUnserved is loud about requests that fail while a hold stands against doing
// anything about them.
func sayUnserved(plan Plan, s State, now time.Time) (Headline, bool) {
	if !s.Underway() || s.Held == nil || s.Asking != nil || unread(plan, s, now) != "" {
		return Headline{}, false
	}
	why, found := unserved(plan, s)
	return Headline{Mark: MarkFail, Loud: true, Strong: "REQUESTS FAIL  " + why, Rest: "u: all traffic to stable; held: " + s.Held.Reason}, found
}

// sayStray is loud about a canary that no release here is about.
func sayStray(plan Plan, s State) (Headline, bool) {
	unread := s.View.Split.Err
	switch {
	case !s.Phase.Over() || !straying(plan, s) || s.View.Driver != nil:
		return Headline{}, false
	case unread != "":
		return Headline{Mark: MarkUnknown, Loud: true, Strong: "A CANARY IS LEFT  " + leftover(plan, s), Rest: unread}, true
	case !leadsBack(plan, s):
		return Headline{}, false // it has no traffic, and nothing waits for it
	}
	if r, ok := leftUndo(plan, s); ok {
		return Headline{Mark: MarkAttention, Loud: true, Strong: "AN UNDO IS LEFT  " + leftover(plan, s), Rest: fmt.Sprintf("u or b: stable returns to %s, then the traffic to it", r.Version)}, true
	}
	return Headline{Mark: MarkAttention, Loud: true, Strong: "A CANARY IS LEFT  " + leftover(plan, s), Rest: "u or b: all traffic to stable, canary to 0"}, true
}

// sayBeside says that a canary which somebody else drives has pods or traffic.
func sayBeside(plan Plan, s State, _ time.Time) (Headline, bool) {
	if !straying(plan, s) || s.View.Driver == nil {
		return Headline{}, false
	}
	return Headline{Mark: MarkRunning, Strong: servingWords(plan, s) + "; " + leftover(plan, s) + ".", Rest: s.View.Driver.String() + "."}, true
}

func sayTakingBack(plan Plan, s State) Headline {
	run, w := s.Canary, s.View.Workload
	h := Headline{Mark: MarkRunning, Rest: cmp.Or(s.Auto, map[bool]string{false: "Aborted by ", true: "Undone by "}[run.Way.Undoes()]+run.By.Name) + "."}
	switch why := stableHealth(plan, s); {
	case s.arriving() && run.Tries == 0:
		h.Strong = fmt.Sprintf("Going back by weights: %d of %d pods of %s available; they get all traffic, then stable follows.", s.View.Canary.Available, max(s.View.Canary.Desired, 1), s.From.Version)
	case run.Tries > 0 && s.Last != nil:
		return Headline{Mark: MarkFail, Loud: true, Strong: fmt.Sprintf("NOT BACK YET  %s: %s", s.Last.What, s.Last.Text), Rest: fmt.Sprintf("tried again every %s; the canary has %d%% of the traffic", Span(retryAfter(run.Tries)), canaryWeight(plan, s))}
	case run.Stage == Restoring && (s.Overdue() || w.FailuresOf(s.From.seenAs()) != ""):
		return Headline{Mark: MarkFail, Loud: true, Strong: fmt.Sprintf("STABLE FAILS TO GO BACK  %d of %d pods on %s", w.Replaced(), w.Desired, s.From.Version) + because(w.Failures()), Rest: fmt.Sprintf("%d available; the canary has %d%% of the traffic", w.Available, canaryWeight(plan, s))}
	case run.Stage == Restoring:
		h.Strong = fmt.Sprintf("Going back: stable returns to %s, %d of %d replaced", s.From.Version, w.Replaced(), w.Desired)
		if canaryWeight(plan, s) > 0 {
			h.Strong += "; the traffic stays on the canary until then"
		}
		h.Strong += "."
	case run.Stage == Returning && why != "" && plan.Canary.Route == "":
		return Headline{Mark: MarkFail, Loud: true, Strong: "THE CANARY KEEPS ITS PODS  " + why, Rest: "they go as soon as stable is healthy"}
	case run.Stage == Returning && why != "" && canaryWeight(plan, s) == 0:
		return Headline{Mark: MarkFail, Loud: true, Strong: "THE CANARY IS KEPT  " + why, Rest: "until stable is healthy"}
	case run.Stage == Returning && why != "":
		return Headline{Mark: MarkFail, Loud: true, Strong: "TRAFFIC STAYS ON THE CANARY  " + why, Rest: "it goes back as soon as stable is healthy"}
	case run.Stage == Returning && plan.Canary.Route != "":
		h.Strong = fmt.Sprintf("Going back: the canary has %d%% of the traffic, stable %s gets it all.", s.View.Split.Canary, s.From.Version)
	default:
		h.Strong = fmt.Sprintf("Going back: all traffic is on stable %s; %s to end.", s.From.Version, Count(s.View.Canary.Replicas, "canary pod"))
	}
	return h
}

// sayCanaryFailing is loud while something of the canary fails.
func sayCanaryFailing(plan Plan, s State, now time.Time) (Headline, bool) {
	w, weight := s.View.Canary, canaryWeight(plan, s)
	var parts []string
	for _, row := range Comparisons(plan, s, now) {
		switch {
		case row.Verdict != Fail:
		case row.Metric == Restarts:
			parts = append(parts, row.Why)
		default:
			parts = append(parts, strings.ToLower(row.Title)+" "+row.Canary)
		}
	}
	if failures := w.Failures(); failures != "" && !slices.Contains(parts, failures) {
		parts = append(parts, failures) // of a canary that is not seen, nothing is judged
	}
	used, name := CanaryBudget(plan, s)
	if len(parts) == 0 && used > 0 { // it does not fail now
		parts = append(parts, strings.ToLower(canarySpec(plan, name).Title)+" failed a moment ago")
	}
	stable := s.View.Workload.FailuresOf(s.To.seenAs())
	switch {
	case s.Canary.Stage == Promoting && stable != "":
		return Headline{Mark: MarkFail, Loud: true, Strong: "STABLE FAILS TO UPDATE  " + stable, Rest: meanwhile(plan, fmt.Sprintf("the traffic stays on the canary, %d%%", weight), "the canary's pods stay")}, true
	case len(parts) == 0 && used == 0:
		return Headline{}, false
	}
	rest := fmt.Sprintf("canary at %d%%", weight)
	if used > 0 {
		rest += fmt.Sprintf(" · budget %d/%d used", used, plan.Rollback.After)
	}
	if s.Asking != nil {
		return Headline{}, false
	}
	return Headline{Mark: MarkFail, Loud: true, Strong: "CANARY FAILING  " + strings.Join(parts, " · "), Rest: rest}, true
}

func sayStage(plan Plan, s State, now time.Time) Headline {
	run, w, stable := s.Canary, s.View.Canary, s.View.Workload
	h := Headline{Mark: MarkRunning}
	at := fmt.Sprintf("Canary at %d%%", run.Weight)
	switch run.Stage {
	case Creating:
		h.Strong = fmt.Sprintf("Canary %s: %d of %d pods available, no traffic yet.", s.To.Version, w.Available, max(w.Desired, 1))
		h.Rest = fmt.Sprintf("Then %d%% of the traffic.", run.Weight)
	case Shifting:
		h.Strong = fmt.Sprintf("Canary on its way to %d%%: %d of %d pods available, %d%% of the traffic.", run.Weight, w.Available, max(w.Desired, 1), canaryWeight(plan, s))
	case Baking:
		h.Strong, h.Rest = sayBaking(plan, s, now, at)
		if ready(plan, s, now).None() {
			h.Mark = MarkAttention
		}
	case Promoting:
		h.Strong = fmt.Sprintf("Promoting: %d of %d stable pods on %s, ", stable.Replaced(), stable.Desired, s.To.Version) + meanwhile(plan, "all traffic on the canary.", "the canary's pods beside them.")
		h.Rest = WaitsFor(stable)
		if stable.Convergence() == Paused {
			h.Mark, h.Rest = MarkAttention, "Paused: nothing moves until p resumes it."
		}
	case Returning:
		if why := stableHealth(plan, s); why != "" {
			strong := "TRAFFIC STAYS ON THE CANARY  "
			if canaryWeight(plan, s) == 0 {
				strong = "THE CANARY IS KEPT  "
			}
			return Headline{Mark: MarkFail, Loud: true, Strong: strong + why, Rest: "until stable is healthy; u: stable gets " + s.From.Version + " back"}
		}
		h.Strong = fmt.Sprintf("Promoted: stable runs %s. The traffic goes back to it: canary %d%%.", s.To.Version, canaryWeight(plan, s))
	default:
		h.Strong = fmt.Sprintf("Promoted: all traffic is on stable %s. The canary is being deleted.", s.To.Version)
	}
	return h
}

// meanwhile is what goes on in a promotion: where pods are the split, no traffic is moved.
func meanwhile(plan Plan, routed, byPods string) string {
	if plan.Canary.Route == "" {
		return byPods
	}
	return routed
}

// sayBaking says how a live step compares, and what comes after it.
func sayBaking(plan Plan, s State, now time.Time, at string) (strong, rest string) {
	strong = at + ": as good as stable on every measure."
	if s.Canary.Weight >= 100 && plan.Canary.Route != "" {
		strong = at + ": in bounds on every measure."
	}
	if len(s.View.Judged.Pairs) == 0 {
		strong = at + ": nothing is compared yet."
	}
	for _, row := range Comparisons(plan, s, now) {
		switch {
		case row.Verdict == NoData && len(s.View.Judged.Pairs) > 0:
			strong = fmt.Sprintf("%s: %s is not known, %s.", at, row.Title, row.Why)
		case row.Verdict == Fail:
			return fmt.Sprintf("%s: %s, %s.", at, row.Title, row.Why), "Nothing goes up."
		}
	}
	next := "promotion"
	if i := s.Canary.Step + 1; i < len(plan.Canary.Steps) {
		next = fmt.Sprintf("%d%%", plan.Canary.Steps[i])
	}
	then := "asks to go to " + next
	if plan.Canary.Auto || s.View.Mode.Unattended {
		then = "goes to " + next + " by itself"
	}
	switch why := ready(plan, s, now); {
	case why.None():
		return strong, "Baked: a goes to " + next + "."
	case plan.Canary.Bake > s.Canary.baked(now):
		text := fmt.Sprintf("Bakes %s more, then %s.", Left(plan.Canary.Bake-s.Canary.baked(now)), then)
		if s.Canary.Passing.After(s.Canary.Live) {
			text = fmt.Sprintf("Bakes anew after a failing round: %s more, then %s.", Left(plan.Canary.Bake-s.Canary.baked(now)), then)
		}
		return strong, text
	default:
		return strong, "Waits: " + why.Text + "."
	}
}
