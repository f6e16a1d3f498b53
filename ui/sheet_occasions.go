package ui

import (
	"strconv"
	"strings"
	"time"

	"datahub.io/slipway/release"
)

// undoRows say what an undo would do, in a sheet.
func undoRows(p pen, now release.Choice, marks map[string]bool, label string) []section {
	what := now.Preview.Line + ": " + now.Preview.Change
	facts := now.Preview.Facts
	if leadsCanaryBack(p.s, now) {
		what, facts = canaryBackWords(p.s, now), canaryBackFacts(facts)
	}
	out := []section{keep(p.labelled(label, line(strong.of(what)), marks["undo to"] || marks["change"])...)}
	for _, f := range facts {
		drop := 0
		switch {
		case f.Mark == release.MarkPass && f.Label == release.FactSafe:
			drop = 1
		case f.Label == release.FactGuard:
			continue // there is no room for what is always so
		case f.Mark == release.MarkPass:
			drop = 6
		}
		out = append(out, spare(drop, p.fact(f, marks[string(f.Label)])...))
	}
	return append(out,
		sameAs(p, 3, now.Preview.SameAs, marks["same as"], false),
		spare(2, p.labelled("way back", line(plain.of(now.Preview.Back)), marks["way back"])...))
}

func undoOf(sc scene) confirmation { return confirm(sc.undo(), press{}) }

func doesUndo(sc scene, now release.Choice) string {
	if leadsCanaryBack(sc, now) {
		return "abort the canary"
	}
	if r, ok := sc.workload().Revision(now.Seen.Revision); ok && r.Version != "" {
		return "undo to " + r.Version
	}
	return "undo"
}

// questionSheet is for a deadline or a failure budget that is answered by
// asking, and for figures that are missing for long.
func questionSheet(sc scene) (*unaskedSheet, string) {
	asked := sc.State.Asking
	if asked == nil {
		return nil, ""
	}
	s := &unaskedSheet{
		confirmation: undoOf(sc),
		there:        func(sc scene) bool { return sc.State.Asking != nil && sc.State.Asking.At.Equal(asked.At) },
		title: func(sc scene) string {
			return undoWord(sc) + "? asked " + release.Age(sc.Now.Sub(asked.At)) + " ago"
		},
		label: func(scene) string { return "rollback: ask" },
		hue:   bad, loud: loudBad,
		keys: []string{"u", "y"}, does: doesUndo,
		also: []answer{
			{"n", "no " + strings.ToLower(undoWord(sc)) + ": go on", func(sc scene, _ press) action {
				c, _ := sc.choice(release.DoContinue, "")
				if !c.OK() {
					return refuse("n", c)
				}
				return submit(c, c.Intent)
			}, true},
			{"l", "logs", openWorstLog, false},
		},
		hide: "hide; it stays asked",
	}
	because, wait := failing, "nothing by itself: it stays as it is until a person answers"
	if asked.Trouble == release.Blindness {
		because = warning
		s.title = func(sc scene) string {
			return undoWord(sc) + ", or go on without figures? asked " + release.Age(sc.Now.Sub(asked.At)) + " ago"
		}
		s.label = func(scene) string { return "no data" }
		s.hue, s.loud = caution, loudAsk
		s.keys = []string{"u"} // yes would answer the title, and undo
		wait = "no data decides nothing; a deadline that passes is answered as configured"
	}
	s.rows = func(p pen, now release.Choice) []section {
		rows := []section{
			keep(p.labelled("because", line(because.of(p.s.State.Asking.Reason)), false)...),
			spare(4, p.labelled("if you wait", line(plain.of(wait)), false)...),
		}
		return append(rows, undoRows(p, now, s.marks(p.s), "u does")...)
	}
	return s, "question " + asked.At.Format(time.RFC3339Nano)
}

// budgetSheet is for a failure budget that the next sample may use up, where
// that undoes by itself.
func budgetSheet(sc scene) (*unaskedSheet, string) {
	spec, _, last := release.LastSample(sc.Plan, sc.State, sc.Now)
	if !last {
		return nil, ""
	}
	after := sc.Plan.Rollback.After
	s := &unaskedSheet{
		confirmation: undoOf(sc),
		there: func(sc scene) bool {
			now, _, last := release.LastSample(sc.Plan, sc.State, sc.Now)
			return last && now.Name == spec.Name
		},
		title: func(sc scene) string {
			if sc.canary.under {
				return rollsBackWords(sc)
			}
			return "Undoes by itself if " + spec.Title + " still fails " + lastWords(sc)
		},
		label: func(scene) string { return "rollback.onMetrics: auto, after " + strconv.Itoa(after) },
		hue:   bad, loud: loudBad,
		keys: []string{"u", "y"}, does: doesUndo,
		also: []answer{{"h", "hold: a person decides", openHold, true}, {"l", "logs", openWorstLog, false}},
		hide: "hide; it goes on",
	}
	s.rows = func(p pen, now release.Choice) []section {
		if p.s.canary.under {
			return canaryBudgetRows(p, now, s.marks(p.s), spec)
		}
		used, _ := release.Budget(p.s.Plan, p.s.State.View)
		j := release.Judge(p.s.Plan, p.s.State.View, spec, p.s.Now)
		budget := join(p.th.pips(used, after), line(plain.of("   "+spec.Title+" "), failing.of(j.Why), faint.of("   sampled "+release.Age(p.s.Now.Sub(j.At))+" ago")))
		rows := []section{keep(p.labelled("budget used", budget, false)...)}
		rows = append(rows, undoRows(p, now, s.marks(p.s), "if it fails")...)
		passes := "the budget resets to " + share(0, after) + " and the release goes on"
		return append(rows[:2], append([]section{spare(4, p.labelled("if it passes", line(plain.of(passes)), false)...)}, rows[2:]...)...)
	}
	return s, "budget " + string(spec.Name) + " " + streakBegan(sc, spec.Name).Format(time.RFC3339Nano)
}

// streakBegan is when the samples in a row began to fail.
func streakBegan(sc scene, metric release.MetricName) time.Time {
	if run := sc.State.View.Judged.Losing[metric].Samples; sc.canary.under && len(run) > 0 {
		return run[0].At
	}
	if run := sc.State.View.Failing[metric].Samples; len(run) > 0 {
		return run[0].At
	}
	return sc.State.Rollout.Began
}

// lastWords is when the sample may come that uses the failure budget up.
func lastWords(sc scene) string {
	_, at, _ := release.LastSample(sc.Plan, sc.State, sc.Now)
	if left := at.Sub(sc.Now); left > 0 {
		return "in " + release.Left(left)
	}
	return "in the next sample"
}

// returnSheet is for an unfinished release that was found at the start.
func returnSheet(sc scene) (*unaskedSheet, string) {
	held := sc.State.Held
	if held == nil || held.Kind != release.HeldOnReturn {
		return nil, ""
	}
	c, _ := sc.choice(release.DoContinue, "")
	s := &unaskedSheet{
		confirmation: confirm(c, press{}),
		there:        func(sc scene) bool { return sc.State.Held != nil && sc.State.Held.Kind == release.HeldOnReturn },
		title: func(sc scene) string {
			return "Unfinished: release of " + sc.State.To.Version + ", " + string(sc.State.Phase)
		},
		label: func(sc scene) string {
			return "begun by " + sc.State.By.Name + " " + release.Age(sc.Now.Sub(sc.State.Began)) + " ago"
		},
		hue: caution, loud: loudAsk,
		keys: []string{"y"}, does: func(scene, release.Choice) string { return "continue" },
		also: []answer{{"u", "undo", openUndo, true}, {"x", "abandon", openAbandon, false}, {"l", "logs", openWorstLog, false}},
		hide: "decide later; it stays held",
	}
	s.rows = func(p pen, _ release.Choice) []section {
		sc := p.s
		rows := []section{keep(p.labelled("found", line(warning.of(sc.State.Held.Reason)), false)...)}
		if last := sc.State.Last; last != nil {
			words := string(last.Kind) + " " + last.At.In(sc.Now.Location()).Format(time.TimeOnly)
			if last.Text != "" {
				words += ", " + last.Text
			}
			rows = append(rows, spare(4, p.labelled("last change", line(plain.of(words)), false)...))
		}
		return append(rows,
			keep(p.labelled("observed", line(plain.of(observed(sc))), false)...),
			spare(3, p.labelled("y means", line(plain.of("the release goes on from here: checks, gates and the rollback by itself count again")), false)...),
			spare(5, p.labelled("if you wait", line(plain.of("nothing by itself; the cluster goes on as it is")), false)...))
	}
	return s, "return " + held.At.Format(time.RFC3339Nano)
}

func stableWord(sc scene) string {
	if sc.canary.under {
		return "stable "
	}
	return ""
}

// observed says in one line what runs now.
func observed(sc scene) string {
	w := sc.workload()
	if w.At.IsZero() {
		return "nothing yet"
	}
	seen := ""
	if !sc.live {
		seen = release.Age(sc.age) + " ago: "
	}
	text := seen + stableWord(sc) + w.Version(sc.Plan.Container) + ", " + string(w.Convergence()) + ": " + share(w.Replaced(), w.Desired) + " replaced, " +
		share(w.Available, w.Desired) + " available"
	if failures := w.Failures(); failures != "" {
		text += "; " + failures
	}
	if c := sc.State.View.Canary; sc.canary.under {
		text += "; canary " + share(c.Available, c.Desired) + " available, " + strconv.Itoa(sc.canary.Weight) + "% of the traffic, " + sc.canary.LiveWord
		if failures := c.Failures(); failures != "" {
			text += ", " + failures
		}
	}
	return text
}
