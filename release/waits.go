package release

import (
	"cmp"
	"fmt"
	"strings"
	"time"
)

// StandsAt says how a release stands that somebody gave up waiting for: the headline,
// and what it waits for.
func StandsAt(plan Plan, s State, now time.Time) string {
	text := sentence(HeadlineOf(plan, s, now).Strong)
	if waits := Waits(plan, s, now); waits != "" {
		text += " It waits for " + waits + "."
	}
	return text
}

// Waits says what a release waits for now, item by item and with what was last seen of
// each: "Metrics normal (CPU Usage: query timed out)". It is empty when it is over.
func Waits(plan Plan, s State, now time.Time) string {
	switch {
	case s.Pending != nil:
		return s.Pending.Change.Describe()
	case s.Held != nil:
		return "a person: " + s.Held.Reason
	case s.Phase == Planned:
		return preventing(plan, s, now, Deploy{}).String()
	case s.Underway():
		return canaryWaits(plan, s, now)
	case s.Phase == Deploying, s.Phase == RollingBack:
		w := s.View.Workload
		text := fmt.Sprintf("%d of %d pods on %s", w.Desired-w.Replaced(), w.Desired, s.Rollout.Goal.Version)
		return text + because(cmp.Or(w.FailuresOf(s.Rollout.Goal.seenAs()), w.StallingOf(s.Rollout.Goal.seenAs(), now)))
	case s.Phase == Verifying:
		return waitsForItems(plan, s, now)
	}
	return ""
}

func waitsForItems(plan Plan, s State, now time.Time) string {
	var items []string
	for _, open := range Open(plan, s, now) {
		what := edge(plan, s, open.Spec, open.Item, now)
		if open.Status == Unknown || open.Status == Failed {
			what = cmp.Or(look(plan, s, open.Spec, now).evidence, open.Evidence, what)
		}
		items = append(items, fmt.Sprintf("%s (%s)", open.Spec.Title, what))
	}
	return strings.Join(items, ", ")
}

// Stuck says why a canary that is under way can go neither on nor back by itself, or "": a
// measure of it cannot be judged, whatever is waited for.
func Stuck(plan Plan, s State, now time.Time) string {
	if !s.Underway() || s.Phase != Deploying || s.Canary.Stage != Baking {
		return ""
	}
	for _, row := range Comparisons(plan, s, now) {
		since, dark := s.View.Judged.Dark[row.Metric]
		if row.Lasting && dark && now.Sub(since) >= row.Lack.steady() {
			text := fmt.Sprintf("%s of the canary cannot be judged: %s", row.Title, row.Why)
			if mend := row.Lack.mend(canarySpec(plan, row.Metric)); mend != "" {
				text += "; " + mend
			}
			return text
		}
	}
	return ""
}
