package release

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// answer decides what a failing rollout is answered with. It answers once
// (invariant 5); a held release, stale observations and a change in flight
// decide nothing.
func (t *turn) answer() {
	if !deciding(t.plan, t.s, t.now) {
		return
	}
	if last := t.s.Last; t.s.Tries > 0 && last != nil && !t.s.View.Workload.At.After(last.At) {
		return // the last try came to nothing: look first
	}
	if why, failed := t.deadline(); failed {
		t.respond(Deadline, t.plan.Rollback.OnDeadline, why)
	}
	if why, failed := t.budget(); failed && t.s.Pending == nil && t.s.Held == nil {
		t.respond(Figures, t.plan.Rollback.OnMetrics, why)
	}
}

// deciding tells whether a rollout is under way that an automatic answer could
// be given to.
func deciding(plan Plan, s State, now time.Time) bool {
	under := s.Phase == Deploying || s.Phase == Verifying
	return under && !plan.Leaving && s.Auto == "" && s.Held == nil && s.Pending == nil && Live(plan, s, now)
}

// answered is what an answer comes to: where nobody can be asked, "ask" undoes.
func (p Plan) answered(a Answer) Answer {
	if a == Ask && p.Unattended {
		return Auto
	}
	return a
}

// AtDeadline is what will be done if the rollout under way passes its deadline;
// ok is false when nothing is decided by itself now.
func AtDeadline(plan Plan, s State, now time.Time) (answer Answer, ok bool) {
	return plan.answered(plan.Rollback.OnDeadline), s.Phase == Deploying && deciding(plan, s, now)
}

// LastSample is the metric of which one more failing sample makes slipway undo
// by itself, if there is one.
func LastSample(plan Plan, s State, now time.Time) (MetricSpec, bool) {
	if plan.answered(plan.Rollback.OnMetrics) != Auto || !deciding(plan, s, now) {
		return MetricSpec{}, false
	}
	used, spec := Budget(plan, s.View)
	return spec, used > 0 && used == plan.Rollback.After-1
}

// deadline tells whether Kubernetes gave this rollout up. The condition must be
// newer than the change: the one of an earlier rollout can stay for a moment.
func (t *turn) deadline() (string, bool) {
	w := t.s.View.Workload
	if t.s.Phase != Deploying || !t.s.Overdue() {
		return "", false
	}
	why := fmt.Sprintf("no progress for %s (ProgressDeadlineExceeded), %d of %d replaced", Span(w.Deadline), w.Replaced(), w.Desired)
	if failures := w.Failures(); failures != "" {
		why += "; " + failures
	}
	return why, true
}

// budget tells whether a metric has failed too many samples in a row.
func (t *turn) budget() (string, bool) {
	after := t.plan.Rollback.After
	for _, spec := range t.plan.Metrics {
		if !spec.Rollback || after <= 0 || t.s.View.Failing[spec.Name] < after {
			continue
		}
		j := Judge(t.plan, t.s.View, spec, t.now)
		if j.Verdict != Fail {
			continue // its figures have become too old to decide on
		}
		values := make([]string, 0, after)
		for _, sample := range t.s.View.Streak[spec.Name] {
			values = append(values, fmt.Sprintf("%s %s", sample.At.In(t.now.Location()).Format(time.TimeOnly), Format(spec.Unit, sample.Value)))
		}
		return fmt.Sprintf("%s out of bounds (%s) in %d samples in a row: %s", spec.Title, boundsOf(j), after, strings.Join(values, ", ")), true
	}
	return "", false
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
	if answer = t.plan.answered(answer); answer != Auto && slices.Contains(t.s.Told, trouble) {
		return
	}
	r := t.record()
	if answer != Auto {
		r.Told = append(slices.Clone(r.Told), trouble)
	}
	switch answer {
	case Auto:
		r.Auto = why
		target, ok := t.before()
		if !ok {
			t.hold(HeldByFailure, fmt.Sprintf("%s; cannot undo by itself: no revision with the template of %s is left", why, t.s.From.Version))
			return
		}
		t.undo(Intended{By: Itself}, target.Number, why)
	case Ask:
		r.Asking = &Question{Reason: why, At: t.now}
		t.tell(Itself, MarkAttention, "asks: undo? "+why)
	default:
		t.tell(Itself, MarkFail, why+"; rollback is off, nothing is done by itself")
	}
}

// before is the existing revision of what ran before this release.
func (t *turn) before() (Revision, bool) {
	for _, r := range t.s.View.Workload.Revisions {
		if r.Template.Hash == t.s.From.Template && !r.Current {
			return r, true
		}
	}
	return Revision{}, false
}
