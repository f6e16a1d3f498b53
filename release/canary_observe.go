package release

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"
)

// observedCanary takes a look at the canary's Deployment.
func (t *turn) observedCanary(w Workload) {
	before := t.s.View.Canary
	if w.At.Before(before.At) {
		return
	}
	t.s.View.Canary, t.s.View.CanaryErr = w, ""
	if before.At.IsZero() || !before.Found || !w.Found || before.UID != w.UID {
		return
	}
	t.newCauses(before, w, "canary: ")
}

// observedSplit takes a look at what divides the traffic.
func (t *turn) observedSplit(split Split) {
	before := t.s.View.Split
	if split.At.Before(before.At) {
		return
	}
	t.s.View.Split = split
	if split.Err != "" && split.Err != before.Err && (!split.Silent || !before.Silent) {
		t.tell(Itself, MarkUnknown, "traffic: "+split.Err)
	}
}

// compared takes a round of figures of both versions, and counts it while a weight
// is live.
func (t *turn) compared(e Compared) {
	if e.Of != Compares(t.plan, t.s.Record) {
		return
	}
	newest := zeroTime
	for _, p := range e.Pairs {
		t.s.View.Judged.Pairs = put(t.s.View.Judged.Pairs, p.Metric, p)
		if p.Canary.At.After(newest) {
			newest = p.Canary.At
		}
	}
	run := t.s.Canary
	if run == nil || t.s.Phase != Deploying {
		return
	}
	switch run.Stage {
	case Baking, Promoting:
	case Shifting: // what it has of the traffic goes on meanwhile
		if weight, known := CanaryWeight(t.plan, t.s); !known || weight == 0 {
			return
		}
	default:
		return
	}
	rows := Comparisons(t.plan, t.s, t.now)
	round := Pass
	for _, row := range rows {
		switch {
		case row.Verdict == Fail:
			round = Fail
		case row.Verdict == NoData && round == Pass:
			round = NoData
		}
	}
	if round != NoData && (!newest.After(t.s.View.Judged.Round) || newest.Before(run.Live)) {
		return // it was counted, or is from before
	}
	t.s.View.Judged.Round = newest
	switch round {
	case Pass:
		t.s.View.Judged.Tally.Pass++
	case Fail:
		t.s.View.Judged.Tally.Fail++
		t.s.View.Judged.Earlier = t.s.View.Judged.Tally.Pass
	default:
		t.s.View.Judged.Tally.NoData++
	}
	t.bakes(round)
	for _, row := range rows {
		switch {
		case row.Verdict == Pass:
			t.s.View.Judged.Losing = put(t.s.View.Judged.Losing, row.Metric, Run{})
		case row.Verdict == Fail && row.Counts && !row.At.Before(run.Live):
			t.lose(row)
		}
	}
}

// bakes begins the bake anew after a failing round, with the next that passes: what has
// baked has passed all that time. Time without data counts for nothing and against nothing.
func (t *turn) bakes(round Verdict) {
	run := t.s.Canary
	switch {
	case run.Stage != Baking:
	case round == Fail && !run.Failed:
		t.run().Failed = true
		t.tell(Itself, MarkAttention, fmt.Sprintf("canary at %d%%: %s; the bake begins anew once it passes", run.Weight, failing(t.plan, t.s, t.now)))
	case round == Pass && run.Failed:
		run := t.run()
		run.Failed, run.Passing = false, t.now
	}
}

// lose counts a failing round of one figure.
func (t *turn) lose(row Comparison) {
	spec := canarySpec(t.plan, row.Metric)
	sample := Sample{Metric: row.Metric, At: row.At, Value: t.s.View.Judged.Pairs[row.Metric].Canary.Value}
	if row.Metric == Restarts {
		sample.Value = float64(t.s.View.Canary.ownRestarts())
	}
	run := t.s.View.Judged.Losing[row.Metric].failed(sample, apart(t.plan, spec), t.plan.Stale.Metric, t.plan.Rollback.After)
	t.s.View.Judged.Losing = put(t.s.View.Judged.Losing, row.Metric, run)
}

// canarySpec is a metric as configured; restarts are none.
func canarySpec(plan Plan, name MetricName) MetricSpec {
	for _, spec := range plan.Metrics {
		if spec.Name == name {
			return spec
		}
	}
	return MetricSpec{Name: name, Title: "Restarts"}
}

// darken notes since when a measure of the canary is not there to be judged.
func (t *turn) darken() {
	if run := t.s.Canary; run == nil || run.Stage != Baking || t.s.Phase != Deploying {
		t.s.View.Judged.Dark = nil
		return
	}
	for _, row := range Comparisons(t.plan, t.s, t.now) {
		_, dark := t.s.View.Judged.Dark[row.Metric]
		switch {
		case row.Verdict == NoData && !dark:
			t.s.View.Judged.Dark = put(t.s.View.Judged.Dark, row.Metric, t.now)
		case row.Verdict != NoData && dark:
			t.s.View.Judged.Dark = maps.Clone(t.s.View.Judged.Dark)
			delete(t.s.View.Judged.Dark, row.Metric)
		}
	}
}

// meddled notices what someone else did to the canary or to the split. A weight
// that was changed by hand is adopted, and bakes anew; anything else is asked about.
func (t *turn) meddled() {
	run, w, split := t.s.Canary, t.s.View.Canary, t.s.View.Split
	routed := t.plan.Canary.Route != ""
	ending := run.Stage == Removing
	back, returning := t.s.Phase == RollingBack, run.Stage == Returning // nothing but the two weights stands against that
	switch {
	case routed && split.Err != "" && run.Stage != Creating:
		t.foreign("traffic: "+split.Err, "")
	case routed && run.Rest != "" && split.Rest != run.Rest && back:
		t.run().Rest = split.Rest
		t.tell(Itself, MarkAttention, fmt.Sprintf("%s was changed by %s, beyond the two weights; the way back goes on", t.plan.Canary.Route, cmp.Or(split.Writer, "someone else")))
	case routed && run.Rest != "" && split.Rest != run.Rest && !ending:
		t.foreign(fmt.Sprintf("%s was changed by %s, beyond the two weights", t.plan.Canary.Route, cmp.Or(split.Writer, "someone else")), "")
	case run.Stage == Creating && !w.Found && t.now.Sub(run.Since) < missingFor:
	case !w.Found && returning:
		// What it had of the traffic is on its way back.
	case !w.Found && !ending && t.s.Phase == Deploying:
		t.foreign(fmt.Sprintf("deployment/%s no longer exists", t.plan.Canary.Deployment), "")
	case run.Stage == Creating && w.Found && !w.Runs(t.plan.Container, t.s.beside().Image) && t.now.Sub(run.Since) >= missingFor:
		t.foreign(fmt.Sprintf("deployment/%s has another pod template, it runs %s", t.plan.Canary.Deployment, cmp.Or(w.Version(t.plan.Container), "?"))+causeWords(w), "")
	case ending || run.UID == "" || !w.Found:
	case w.UID != run.UID && (back || returning):
		// The traffic leaves it; the Deployment is someone else's, and stays.
	case w.UID != run.UID:
		t.foreign(fmt.Sprintf("deployment/%s was deleted and made anew", t.plan.Canary.Deployment), "")
	case w.Template.Hash != run.Template && run.Stage != Creating && t.s.Phase == Deploying:
		t.foreign(fmt.Sprintf("deployment/%s has another pod template, it runs %s", t.plan.Canary.Deployment, cmp.Or(w.Version(t.plan.Container), "?"))+causeWords(w), "")
	case routed && run.Stage == Shifting && split.Canary != run.From && split.Canary != run.Weight,
		routed && !run.Live.IsZero() && split.Canary != run.Weight:
		t.reweighed()
	}
}

// reweighed takes a weight that someone else set.
func (t *turn) reweighed() {
	run, split := t.s.Canary, t.s.View.Split
	who := cmp.Or(split.Writer, "someone else")
	switch {
	case run.Stage == Promoting:
		t.foreign(fmt.Sprintf("%s gave the canary %d%% of the traffic instead of %d%% while stable is being promoted", who, split.Canary, run.Weight), "")
	case run.Stage != Baking && run.Stage != Shifting:
		// On the way back it is set again.
	case split.Canary == 0:
		t.foreign(fmt.Sprintf("%s put all traffic back on stable", who), "")
	default:
		from := run.Weight
		if run.Stage == Shifting {
			from = run.From
		}
		run := t.move(Shifting, cueTheirWeight)
		run.Weight, run.From, run.Step, run.Live = split.Canary, split.Canary, t.plan.Canary.stepOf(split.Canary), zeroTime
		run.By, run.Why = Itself, fmt.Sprintf("weight %d → %d by %s", from, split.Canary, who)
		t.tell(Itself, MarkAttention, fmt.Sprintf("weight %d → %d on %s by %s: adopted, bakes anew", from, split.Canary, t.plan.Canary.Route, who))
	}
}

// adoptCanary takes what is there now as what the release goes on from.
func (t *turn) adoptCanary() {
	split := t.s.View.Split
	run := t.run()
	run.Tries, run.Sent = 0, 0
	run.take(t.s.View)
	moved := t.plan.Canary.Route != "" && split.Err == "" && split.Canary != run.Weight
	switch {
	case moved && run.Stage == Promoting:
		run.Weight = split.Canary
		return
	case moved && run.Stage == Baking, moved && run.Stage == Shifting && split.Canary != run.From:
	default:
		return
	}
	run = t.move(Shifting, cueTheirWeight)
	run.Live = zeroTime
	run.Step, run.Weight, run.From = t.plan.Canary.stepOf(split.Canary), split.Canary, split.Canary
	if split.Canary == 0 {
		run.Step, run.Weight = 0, t.plan.Canary.Steps[0]
	}
}

// answerCanary decides what a failing canary is answered with.
func (t *turn) answerCanary() {
	run := t.s.Canary
	if !deciding(t.plan, t.s, t.now) || !seesCanary(t.plan, t.s, t.now) || run.Stage == Removing {
		return
	}
	if run.Stage == Promoting && t.s.Overdue() && !slices.Contains(t.s.Told, Deadline) {
		w, r := t.s.View.Workload, t.record()
		r.Told = append(slices.Clone(r.Told), Deadline) // continue answers it
		t.hold(HeldByFailure, fmt.Sprintf("stable made no progress for %s during its promotion, %d of %d replaced: %s", Span(w.Deadline), w.Replaced(), w.Desired, meanwhile(t.plan, "all traffic stays on the canary", "the canary's pods stay"))+because(w.FailuresOf(t.s.To.seenAs())))
		return
	}
	t.healed()
	if run.Promoted && run.Stage != Promoting {
		// The traffic is on its way back, to a stable that was complete.
		if why := stableHealth(t.plan, t.s); why != "" && run.Stage == Returning && t.now.Sub(run.Since) >= patience(t.s.View.Workload) {
			t.hold(HeldByFailure, fmt.Sprintf("%s has not been healthy again since its promotion; the canary stays: %s", t.plan.Deployment, why))
		}
		return
	}
	for _, trouble := range []struct {
		kind   Trouble
		answer Answer
		found  func() (string, bool)
	}{
		{Deadline, t.plan.Rollback.OnDeadline, t.stuck},
		{Unserved, t.plan.Rollback.OnDeadline, t.unserved},
	} {
		if why, found := trouble.found(); found && t.s.Phase == Deploying && t.s.Held == nil {
			t.respond(trouble.kind, trouble.answer, why)
		}
	}
	for _, found := range []func() (string, MetricName){t.losing, t.budget} {
		if why, of := found(); of != "" && t.s.Phase == Deploying && t.s.Held == nil {
			t.respondTo(of, why)
		}
	}
	if t.s.Phase == Deploying && t.s.Held == nil {
		t.blind()
	}
}

// healed takes a question back that has answered itself.
func (t *turn) healed() {
	if t.s.Asking == nil {
		return
	}
	trouble := t.s.Asking.Trouble
	found := map[Trouble]func() (string, bool){Deadline: t.stuck, Unserved: t.unserved}[trouble]
	if found == nil {
		return
	}
	if _, lasts := found(); !lasts {
		t.withdraw("the canary's pods are available")
		t.record().Told = slices.DeleteFunc(slices.Clone(t.s.Told), func(x Trouble) bool { return x == trouble })
	}
}

// stuck tells whether the canary's pods do not become available in time.
func (t *turn) stuck() (string, bool) {
	w, run := t.s.View.Canary, t.s.Canary
	deadline := patience(w)
	waiting := (run.Stage == Creating || run.Stage == Shifting) && w.Found && w.Available < max(w.Desired, 1)
	gaveUp := w.Convergence() == Exceeded && w.Progressing.Updated.Add(w.Skew).After(run.Since)
	if !waiting || (!gaveUp && t.now.Sub(run.Since) < deadline) {
		return "", false
	}
	return fmt.Sprintf("canary: no progress for %s, %d of %d available", Span(deadline), w.Available, w.Desired) +
		because(cmp.Or(w.Failures(), w.StallingOf(t.s.To.seenAs(), t.now))), true
}

// patience is how long a Deployment may take.
func patience(w Workload) time.Duration {
	if w.Deadline <= 0 {
		return 10 * time.Minute // the API's default
	}
	return w.Deadline
}

// unserved tells whether traffic goes to a canary of which no pod is available, and
// whether that is to be answered: what its node took from it comes back.
func (t *turn) unserved() (string, bool) {
	if t.steppedAside() || t.bereft() {
		return "", false
	}
	return unserved(t.plan, t.s)
}

func unserved(plan Plan, s State) (string, bool) {
	w, weight := s.View.Canary, s.View.Split.Canary
	if plan.Canary.Route == "" || weight == 0 || w.Available > 0 {
		return "", false
	}
	return fmt.Sprintf("no canary pod is available, and %d%% of the traffic goes there", weight) + because(w.Failures()), true
}

// acquits tells whether a figure of the whole service that fails is not the
// canary's: beside stable the canary passes, or stable is as bad. It holds the
// canary where it is, and is no reason to take it back.
func acquits(plan Plan, s State, spec MetricSpec, now time.Time) bool {
	if !s.Underway() {
		return false
	}
	row := compare(plan, s, spec, now)
	return row.Verdict == Pass || row.Verdict == Fail && !row.Counts
}

// leftToAnswer tells whether requests fail for want of canary pods and that has an
// answer still: a hold for whatever made it so would leave them failing.
func (t *turn) leftToAnswer() bool {
	switch t.s.Canary.Stage {
	case Creating, Shifting, Baking, Promoting:
	default:
		return false
	}
	_, unserved := t.unserved()
	if asking := t.s.Asking; unserved && asking != nil && asking.Trouble == Unserved {
		return true
	}
	answer := t.s.View.Mode.answered(t.plan.Rollback.OnDeadline)
	return unserved && deciding(t.plan, t.s, t.now) && (answer == Auto || answer == Ask && !slices.Contains(t.s.Told, Unserved))
}

// losing names a measure of the canary that has used the failure budget up, and was not
// answered.
func (t *turn) losing() (why string, of MetricName) {
	rows := Comparisons(t.plan, t.s, t.now)
	for _, name := range judged(t.plan) {
		used := t.s.View.Judged.Losing[name].Count
		if used == 0 || used < t.plan.Rollback.After || t.wasAnswered(name) {
			continue
		}
		i := slices.IndexFunc(rows, func(c Comparison) bool { return c.Metric == name })
		if i < 0 || rows[i].Verdict != Fail {
			continue // its figures have become too old to decide on
		}
		return fmt.Sprintf("canary %s fails in %d rounds in a row (%s): %s", rows[i].Title, min(used, t.plan.Rollback.After), losingWords(t.plan, t.s, name, t.now), rows[i].Why), name
	}
	return "", ""
}
