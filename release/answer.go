package release

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// answer decides what a failing rollout is answered with. It answers once
// (invariant 5); a held release, stale observations and a change in flight
// decide nothing.
func (t *turn) answer() {
	if t.s.Underway() {
		t.answerCanary()
		return
	}
	if !deciding(t.plan, t.s, t.now) {
		return
	}
	if last := t.s.Last; t.s.Tries > 0 && last != nil && t.s.View.Workload.At.Sub(last.At) < retryAfter(t.s.Tries) {
		return // the last try came to nothing: wait, and look first
	}
	if why, failed := t.deadline(); failed {
		t.respond(Deadline, t.plan.Rollback.OnDeadline, why)
	}
	if why, of := t.budget(); of != "" && t.s.Pending == nil && t.s.Held == nil {
		t.respondTo(of, why)
	}
	if t.s.Pending == nil && t.s.Held == nil {
		t.blind()
	}
}

// blindAfter is how long a figure that could undo may be missing before a person
// is asked. No data neither promotes nor undoes, however long it lasts.
const blindAfter = 2 * time.Minute

// blind asks once when a figure has been missing for long, and withdraws the
// question when it is back. Where nobody can be asked it is only told.
func (t *turn) blind() {
	var missing []string
	since := t.now
	for _, spec := range t.plan.Metrics {
		if t.s.Underway() {
			break // its own figures decide
		}
		if at, blind := t.s.View.Blind[spec.Name]; blind {
			missing = append(missing, fmt.Sprintf("%s (%s)", spec.Title, Judge(t.plan, t.s.View, spec, t.now).Why))
			if at.Before(since) {
				since = at
			}
		}
	}
	for _, row := range Comparisons(t.plan, t.s, t.now) {
		if at, dark := t.s.View.Judged.Dark[row.Metric]; dark {
			missing = append(missing, fmt.Sprintf("%s of the canary (%s)", row.Title, row.Why))
			if at.Before(since) {
				since = at
			}
		}
	}
	told := slices.Contains(t.s.Told, Blindness)
	switch lasts := t.now.Sub(since); {
	case len(missing) == 0 && told:
		t.record().Told = slices.DeleteFunc(slices.Clone(t.s.Told), func(x Trouble) bool { return x == Blindness })
		if t.s.Asking != nil && t.s.Asking.Trouble == Blindness {
			t.withdraw("the figures are back")
		}
	case lasts < blindAfter || told || t.s.Asking != nil:
	default:
		why := fmt.Sprintf("nothing to judge by for %s: %s", Span(lasts), strings.Join(missing, ", "))
		r := t.record()
		r.Told = append(slices.Clone(r.Told), Blindness)
		if t.s.View.Mode.Unattended || t.plan.Rollback.OnMetrics == Off {
			t.tell(Itself, MarkUnknown, why+"; nothing is decided on it")
			return
		}
		r.Asking = &Question{Trouble: Blindness, Reason: why, At: t.now}
		t.tell(Itself, MarkAttention, "asks: undo, or go on without figures? "+why)
	}
}

// withdraw takes a question back that has answered itself.
func (t *turn) withdraw(why string) {
	t.record().Asking = nil
	t.tell(Itself, MarkNone, "the question is withdrawn: "+why)
}

// deciding tells whether a rollout is under way that an automatic answer could
// be given to.
func deciding(plan Plan, s State, now time.Time) bool {
	under := s.Phase == Deploying || s.Phase == Verifying
	return under && !s.View.Mode.Passive && s.Auto == "" && s.Held == nil && s.Pending == nil && Live(plan, s, now)
}

// AtDeadline is what will be done if the rollout under way passes its deadline;
// ok is false when nothing is decided by itself now.
func AtDeadline(plan Plan, s State, now time.Time) (answer Answer, ok bool) {
	return s.View.Mode.answered(plan.Rollback.OnDeadline), s.Phase == Deploying && deciding(plan, s, now)
}

// LastSample is the metric that makes slipway undo by itself if it still fails
// at a time, if there is one.
func LastSample(plan Plan, s State, now time.Time) (spec MetricSpec, at time.Time, ok bool) {
	if s.View.Mode.answered(plan.Rollback.OnMetrics) != Auto || !deciding(plan, s, now) {
		return MetricSpec{}, zeroTime, false
	}
	used, spec := Budget(plan, s.View)
	counted := s.View.Failing[spec.Name].Samples
	if acquits(plan, s, spec, now) {
		used = 0
	}
	if n, name := CanaryBudget(plan, s); s.Underway() && n >= used {
		used, spec, counted = n, canarySpec(plan, name), s.View.Judged.Losing[name].Samples
	}
	if used == 0 || used != plan.Rollback.After-1 {
		return MetricSpec{}, zeroTime, false
	}
	return spec, counted[len(counted)-1].At.Add(apart(plan, spec)), true
}

// deadline tells whether Kubernetes gave this rollout up. The condition must be
// newer than the change: the one of an earlier rollout can stay for a moment.
func (t *turn) deadline() (string, bool) {
	w := t.s.View.Workload
	if t.s.Phase != Deploying || !t.s.Overdue() {
		return "", false
	}
	why := fmt.Sprintf("no progress for %s (ProgressDeadlineExceeded), %d of %d replaced", Span(w.Deadline), w.Replaced(), w.Desired)
	if fails := cmp.Or(w.FailuresOf(t.s.Rollout.Goal.seenAs()), w.StallingOf(t.s.Rollout.Goal.seenAs(), t.now)); fails != "" {
		why += "; " + fails
	}
	return why, true
}

// budget names a metric that has failed too many samples in a row, and was not answered.
func (t *turn) budget() (why string, of MetricName) {
	after := t.plan.Rollback.After
	for _, spec := range t.plan.Metrics {
		if !spec.Rollback || after <= 0 || t.s.View.Failing[spec.Name].Count < after || t.wasAnswered(spec.Name) || acquits(t.plan, t.s, spec, t.now) {
			continue
		}
		j := Judge(t.plan, t.s.View, spec, t.now)
		if j.Verdict != Fail {
			continue // its figures have become too old to decide on
		}
		values := make([]string, 0, after)
		for _, sample := range t.s.View.Failing[spec.Name].Samples {
			values = append(values, fmt.Sprintf("%s %s", sample.At.In(t.now.Location()).Format(time.TimeOnly), Format(spec.Unit, sample.Value)))
		}
		return fmt.Sprintf("%s out of bounds (%s) in %d samples in a row: %s", spec.Title, boundsOf(j), after, strings.Join(values, ", ")), spec.Name
	}
	return "", ""
}

// wasAnswered tells whether the failure of a figure that goes on was answered otherwise
// than automatically already.
func (t *turn) wasAnswered(name MetricName) bool {
	return t.s.View.Mode.answered(t.plan.Rollback.OnMetrics) != Auto && slices.Contains(t.s.Figures, name)
}

// respondTo answers a figure that has used the failure budget up.
func (t *turn) respondTo(name MetricName, why string) {
	if t.s.Asking != nil && t.s.Asking.Trouble == Figures {
		return // it is asked already whether to go on with figures that fail
	}
	if t.s.View.Mode.answered(t.plan.Rollback.OnMetrics) != Auto {
		r := t.record()
		r.Figures = append(slices.Clone(r.Figures), name)
		r.Told = slices.DeleteFunc(slices.Clone(r.Told), func(x Trouble) bool { return x == Figures })
	}
	t.respond(Figures, t.plan.Rollback.OnMetrics, why)
}

// forget lets what was answered be asked about again once it is over: "go on" answers one
// failure and not the whole release. While the question stands nothing is forgotten.
func (t *turn) forget() {
	if len(t.s.Told) == 0 || !Live(t.plan, t.s, t.now) {
		return
	}
	asked := func(trouble Trouble) bool { return t.s.Asking != nil && t.s.Asking.Trouble == trouble }
	canary := t.s.Underway()
	if canary && !seesCanary(t.plan, t.s, t.now) {
		return
	}
	over := map[Trouble]bool{}
	if !asked(Figures) {
		left := slices.DeleteFunc(slices.Clone(t.s.Figures), t.passes)
		if len(left) < len(t.s.Figures) {
			t.record().Figures = left
		}
		over[Figures] = len(left) == 0
	}
	if !asked(Deadline) {
		late := t.s.Overdue()
		if canary {
			_, stuck := t.stuck()
			late = late || stuck
		}
		over[Deadline] = !late
	}
	if !asked(Unserved) {
		over[Unserved] = true
		if canary {
			_, lost := t.unserved()
			over[Unserved] = !lost
		}
	}
	if left := slices.DeleteFunc(slices.Clone(t.s.Told), func(x Trouble) bool { return over[x] }); len(left) < len(t.s.Told) {
		t.record().Told = left
	}
}

// passes tells whether a figure is seen to pass: without data it is not.
func (t *turn) passes(name MetricName) bool {
	if t.s.Underway() {
		for _, row := range Comparisons(t.plan, t.s, t.now) {
			if row.Metric == name {
				return row.Verdict == Pass
			}
		}
	}
	for _, spec := range t.plan.Metrics {
		if spec.Name == name {
			return Judge(t.plan, t.s.View, spec, t.now).Verdict == Pass
		}
	}
	return name == Restarts && !t.s.Underway()
}

// boundsOf writes the values between which a metric passes.
func boundsOf(j Judgement) string {
	if j.Low > 0 {
		return Format(j.Spec.Unit, j.Low) + " to " + Format(j.Spec.Unit, j.High)
	}
	return Format(j.Spec.Unit, j.High)
}

// respond gives the configured answer to a trouble, once. What was only told, or is still asked, does not stand
// against an automatic answer to the other trouble.
func (t *turn) respond(trouble Trouble, answer Answer, why string) {
	if answer = t.s.View.Mode.answered(answer); answer != Auto && slices.Contains(t.s.Told, trouble) {
		return
	}
	if t.s.Unchanged() {
		t.giveUp(why)
		return
	}
	r := t.record()
	if answer != Auto {
		r.Told = append(slices.Clone(r.Told), trouble)
	}
	switch answer {
	case Auto:
		r.Auto = why
		if t.s.Underway() {
			t.back(Intended{By: Itself}, why)
			t.steer()
			return
		}
		t.undoAutomatically(why)
	case Ask:
		r.Asking = &Question{Trouble: trouble, Reason: why, At: t.now}
		t.tell(Itself, MarkAttention, "asks: undo? "+why)
	default:
		t.tell(Itself, MarkFail, why+"; rollback is off, nothing is done by itself")
	}
}

// undoAutomatically goes to what was seen serving when the release began: to its
// revision or, where that is not kept, by setting its image again.
func (t *turn) undoAutomatically(why string) {
	to, ok := t.s.backTo()
	if !ok {
		t.hold(HeldByFailure, fmt.Sprintf("%s; no automatic rollback: nothing was seen serving when the release began", why))
		return
	}
	for _, r := range t.s.View.Workload.Revisions {
		if r.Template.Hash == to.Template && !r.Current {
			t.undo(Intended{By: Itself}, r.Number, why)
			return
		}
	}
	if back, ok := t.s.imageBack(t.plan); ok && to.Template == back.Template {
		t.undo(Intended{By: Itself}, 0, why)
		return
	}
	t.hold(HeldByFailure, fmt.Sprintf("%s; no automatic rollback: no revision with the pod template of %s is left", why, to.Version))
}

// before is the existing revision of what ran before this release.
func (t *turn) before() (Revision, bool) { return t.s.View.Workload.earlier(t.s.From.Template) }
