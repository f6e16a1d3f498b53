package release

import (
	"fmt"
	"strings"
	"time"
)

// answer decides what a failing rollout is answered with. It answers once
// (invariant 5); a held release, stale observations and a change in flight
// decide nothing.
func (t *turn) answer() {
	if t.s.Phase != Deploying && t.s.Phase != Verifying {
		return
	}
	if t.s.Auto != "" || t.s.Held != nil || t.s.Pending != nil || !live(t.plan, t.s, t.now) {
		return
	}
	if why, failed := t.deadline(); failed {
		t.respond(t.plan.Rollback.OnDeadline, why)
		return
	}
	if why, failed := t.budget(); failed {
		t.respond(t.plan.Rollback.OnMetrics, why)
	}
}

// deadline tells whether Kubernetes gave this rollout up. The condition must be
// newer than the change: the one of an earlier rollout can stay for a moment.
func (t *turn) deadline() (string, bool) {
	w := t.s.View.Workload
	exceeded := t.s.Phase == Deploying && w.Convergence() == Exceeded &&
		w.Generation >= t.s.Rollout.Generation && w.Progressing.Updated.After(t.s.Rollout.Condition)
	if !exceeded {
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
	used, spec := Budget(t.plan, t.s.View)
	if t.plan.Rollback.After <= 0 || used < t.plan.Rollback.After {
		return "", false
	}
	if Judge(t.plan, t.s.View, spec, t.now).Verdict != Fail {
		return "", false // the figures have become too old to decide on
	}
	_, high, _ := limits(t.plan, t.s.View.Workload, spec.Bound, spec.Unit)
	values := make([]string, 0, used)
	for _, sample := range t.s.View.Streak[spec.Name] {
		values = append(values, fmt.Sprintf("%s %s", sample.At.In(t.now.Location()).Format(time.TimeOnly), Format(spec.Unit, sample.Value)))
	}
	return fmt.Sprintf("%s out of bounds (%s) in %d samples in a row: %s", spec.Title, Format(spec.Unit, high), used, strings.Join(values, ", ")), true
}

// respond gives the configured answer. Where nobody can be asked, "ask" undoes.
func (t *turn) respond(answer Answer, why string) {
	r := t.record()
	r.Auto = why
	if answer == Ask && t.plan.Unattended {
		answer = Auto
	}
	switch answer {
	case Auto:
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
