package ui

import (
	"fmt"
	"time"

	"datahub.io/slipway/release"
)

// undoWord is what u does, in a title.
func undoWord(sc scene) string {
	if sc.canary.under {
		return "Abort"
	}
	return "Undo"
}

// rollsBackWords is the title of the sheet that opens before a canary is taken back
// by itself.
func rollsBackWords(sc scene) string {
	_, at, _ := release.LastSample(sc.Plan, sc.State, sc.Now)
	if left := at.Sub(sc.Now); left > 0 {
		return "Rolls back by itself in " + release.Left(left) + " if the next sample fails too"
	}
	return "Rolls back by itself if the next sample fails too"
}

// canaryBackWords says what taking a canary back changes: "virtualservice/x: stable
// 75 → 100, canary 25 → 0; once seen, canary 4 pods → 0".
func canaryBackWords(sc scene, now release.Choice) string {
	route, weight, pods := sc.Plan.Canary.Route, sc.canary.Weight, sc.State.View.Canary.Desired
	if route == "" || weight == 0 || sc.State.Canary == nil || sc.State.Canary.Promoted {
		return now.Preview.Change
	}
	words := fmt.Sprintf("%s: stable %d → 100, canary %d → 0", route, 100-weight, weight)
	if pods > 0 {
		words += "; once seen, canary " + release.Count(pods, "pod") + " → 0"
	}
	return words
}

// canaryBudgetRows are the rows of the sheet before a canary is taken back by
// itself: the time that is left, what happens, and what happens otherwise.
func canaryBudgetRows(p pen, now release.Choice, marks map[string]bool, spec release.MetricSpec) []section {
	sc, t := p.s, p.th
	after, run := sc.Plan.Rollback.After, sc.State.Canary
	_, at, _ := release.LastSample(sc.Plan, sc.State, sc.Now)
	counted := sc.State.View.Judged.Losing[spec.Name].Samples
	if whole := sc.State.View.Failing[spec.Name].Samples; len(whole) > len(counted) {
		counted = whole // a figure of the whole service
	}
	from := sc.Now
	if len(counted) > 0 {
		from = counted[len(counted)-1].At
	}
	left, done := max(at.Sub(sc.Now), 0), 1.0
	if whole := at.Sub(from); whole > 0 {
		done = 1 - float64(left)/float64(whole)
	}
	words := line(failing.bolder().of(release.Left(left)), muted.of(" next sample "+at.In(sc.Now.Location()).Format(time.TimeOnly)))
	if left == 0 {
		words = line(failing.bolder().of("0:00"), muted.of(" with the next sample"))
	}
	room := min(p.w-p.labels-words.width()-2, 60)
	rows := []section{
		keep(p.row(join(line(muted.of(padRight("time left", p.labels))), t.thread(done, max(room, 4), failing), line(plain.of("  ")), words))),
	}
	undo := undoRows(p, now, marks, "if you wait")
	rows = append(rows, undo[0])
	passes := fmt.Sprintf("the budget resets to %s and the canary goes on at %d%%", share(0, after), run.Weight)
	rows = append(rows, spare(4, p.labelled("if it passes", line(plain.of(passes)), false)...))
	return append(rows, undo[1:]...)
}

// canaryBackFacts are the facts of a canary's way back that a sheet shows: whether
// stable can take the traffic, and what stands against it.
func canaryBackFacts(facts []release.Fact) []release.Fact {
	var out []release.Fact
	for _, f := range facts {
		if f.Label == release.FactSafe || f.Mark != release.MarkPass {
			out = append(out, f)
		}
	}
	return out
}
