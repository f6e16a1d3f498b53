package release

import (
	"cmp"
	"fmt"
	"strings"
)

// others notices that someone else changed what is being released. Scaling and
// other changes that leave the pod template alone are adopted without a word.
func (t *turn) others() {
	w := t.s.View.Workload
	if t.s.Pending != nil {
		return
	}
	switch t.s.Phase {
	case Planned:
		switch {
		case !w.Found:
		case w.Template.Hash == t.s.From.Template:
			t.asBefore()
		default:
			t.foreign(fmt.Sprintf("%s ran when this was planned, now it is %s", t.s.From.Version, w.Version(t.plan.Container)), w.Template.Hash)
		}
	case Deploying, Verifying, RollingBack:
		t.compare(w)
	}
}

// compare holds what runs against what the rollout under way wants to run.
func (t *turn) compare(w Workload) {
	goal := t.s.Rollout.Goal
	switch {
	case !w.Found:
		t.foreign("deployment/"+t.plan.Deployment+" no longer exists", "none")
	case w.UID != t.s.Rollout.UID && t.s.aborting():
		t.leave("the Deployment was deleted and made anew")
	case w.UID != t.s.Rollout.UID:
		t.foreign("the Deployment was deleted and made anew; it runs "+w.Version(t.plan.Container), w.UID+w.Template.Hash)
	case w.Generation < t.s.Rollout.Generation:
		// A look from before our change arrives late: it says nothing.
	case w.Template.Hash == goal.Template:
		t.asBefore()
	case t.promotedLate(w):
		r := t.record()
		r.To.Template = w.Template.Hash
		t.move(Restoring, cueLate).Stable = w.Template.Hash
	case t.leaves(w):
		// It has not got its earlier template back yet.
	case goal.Template == "" && w.Runs(t.plan.Container, goal.Image):
		t.record().Rollout.Goal.Template, t.record().To.Template = w.Template.Hash, w.Template.Hash
	case t.s.Phase != RollingBack && w.Template.Hash == t.s.From.Template && !t.s.Underway():
		r := t.record()
		t.enter(RollingBack, cueReturned)
		r.Held, r.Asking = nil, nil
		r.Returned = "someone else" + causeWords(w)
		r.Rollout = Rollout{Goal: t.s.From, UID: w.UID, Began: t.now, Generation: w.Generation, Condition: w.Progressing.Updated}
		t.tell(cluster, MarkAttention, fmt.Sprintf("someone else returned it to %s%s", t.s.From.Version, causeWords(w)))
	case t.s.aborting() && (!t.s.Canary.Promoted || !w.Runs(t.plan.Container, t.s.To.Image)):
		t.leave("someone else changed the Deployment")
	default:
		t.foreign(replacedWords(t.plan, w, goal), w.Template.Hash)
	}
}

// whatRuns names the version that runs, and says so where only its template is another.
func whatRuns(plan Plan, w Workload, goal Target) string {
	text := cmp.Or(w.Version(plan.Container), "nothing")
	if w.Runs(plan.Container, goal.Image) {
		text += " with another pod template"
	}
	return text
}

// aborting tells whether a canary is taken back beside a stable that is to be left as
// it is, or to get back what it ran before.
func (s State) aborting() bool {
	return s.Underway() && s.Phase == RollingBack && !s.Canary.Way.Undoes()
}

// promotedLate tells whether a promotion of which no template was seen yet has come
// through although the canary goes back by now.
func (t *turn) promotedLate(w Workload) bool {
	return t.s.aborting() && t.s.Canary.Promoted && t.s.To.Template == "" && w.Runs(t.plan.Container, t.s.To.Image)
}

// leaves tells whether stable has still, on the way back, what it is to leave: what it
// ran when that was asked for.
func (t *turn) leaves(w Workload) bool {
	run := t.s.Canary
	if !t.s.arriving() && (!t.s.Underway() || t.s.Phase != RollingBack || run.Stage != Restoring) {
		return false
	}
	return w.Template.Hash == run.Stable
}

// asBefore says of a release held for someone else's change of the Deployment that it
// was taken back. A person still decides.
func (t *turn) asBefore() {
	const taken = "someone else changed it, and took it back: it is again as released"
	if h := t.s.Held; h != nil && h.Kind == HeldByOthers && h.Stable != "" {
		t.record().Held = &Hold{Kind: h.Kind, Reason: taken, By: h.By, At: t.now}
		t.tell(Itself, MarkAttention, "held: "+taken)
	}
}

// foreign holds the release for a change that is not its own: once, and anew when what
// is found is another thing by then. What was done to stable, with the template that it
// has now, comes before anything else.
func (t *turn) foreign(reason, stable string) {
	if t.s.Unchanged() && (t.s.Phase == Deploying || t.s.Phase == Verifying) {
		t.giveUp(reason)
		return
	}
	h := t.s.Held
	switch {
	case h == nil, h.Kind != HeldByOthers:
	case h.Stable != "" && stable == "", h.Stable == stable && (stable != "" || h.Reason == reason):
		return
	}
	t.hold(HeldByOthers, reason)
	t.record().Held.Stable = stable
}

// replacedWords says what runs instead of what is wanted.
func replacedWords(plan Plan, w Workload, goal Target) string {
	if w.Runs(plan.Container, goal.Image) {
		return fmt.Sprintf("the pod template of %s was changed%s", goal.Version, causeWords(w))
	}
	name := cmp.Or(w.Version(plan.Container), "another image")
	if name == goal.Version {
		name = ShortImage(w.Image(plan.Container))
	}
	return fmt.Sprintf("%s was replaced by %s%s", goal.Version, name, causeWords(w))
}

// causeWords says whose change it was, as far as that is known.
func causeWords(w Workload) string {
	cause := w.ChangeCause
	if w.Writer != ourselves && strings.HasSuffix(cause, ", slipway") {
		cause = "" // an edit leaves the cause of the change before it
	}
	if before, ok := w.Previous(); ok && before.Cause == cause {
		cause = "" // so does anybody else's change
	}
	switch {
	case cause == "" && w.Writer == "":
		return ""
	case cause == "":
		return fmt.Sprintf(" (%s)", w.Writer)
	case w.Writer == "":
		return fmt.Sprintf(" (%q)", cause)
	}
	return fmt.Sprintf(" (%s: %q)", w.Writer, cause)
}

// ourselves is the field manager that slipway writes as.
const ourselves = "slipway"

// converge follows the rollout under way to its end, as observed.
func (t *turn) converge() {
	w, goal := t.s.View.Workload, t.s.Rollout.Goal
	if t.s.Pending != nil || t.s.Underway() || (t.s.Phase != Deploying && t.s.Phase != RollingBack) {
		return
	}
	if w.UID != t.s.Rollout.UID || w.Generation < t.s.Rollout.Generation || w.Template.Hash != goal.Template {
		return
	}
	current, ok := w.Current()
	if !ok {
		return
	}
	if current.Number != goal.Revision {
		t.record().Rollout.Goal.Revision = current.Number
		if t.s.Phase == Deploying {
			t.record().To.Revision = current.Number
		}
	}
	if w.Convergence() != Complete {
		return
	}
	r := t.record()
	r.Rollout.Completed = t.now
	took := Span(t.now.Sub(r.Rollout.Began))
	if t.s.Phase == RollingBack {
		t.enter(RolledBack, cueComplete)
		r.Held, r.Asking = nil, nil
		t.tell(Itself, MarkPass, fmt.Sprintf("rolled back: %s on %d of %d pods after %s, revision %d", t.pinned(), w.Available, w.Desired, took, current.Number))
		return
	}
	t.enter(Verifying, cueComplete)
	if r.Asking != nil && r.Asking.Trouble == Deadline {
		t.withdraw("the rollout is complete")
	}
	if !r.Rollout.Stood.IsZero() {
		return // said when it began to be judged
	}
	t.tell(Itself, MarkPass, fmt.Sprintf("rollout complete: %s on %d of %d pods after %s, revision %d", t.pinned(), w.Available, w.Desired, took, current.Number))
}

// pinned is the version that the rollout under way leads to, with the digest that
// it got.
func (t *turn) pinned() string {
	ref, goal := ParseImage(t.s.View.Workload.Image(t.plan.Container)), t.s.Rollout.Goal
	if ref.Digest == "" || goal.Version == "" {
		return goal.Version
	}
	return goal.Version + "@" + shortDigest(ref.Digest)
}

// finish ends a release when every item lets it (invariant 4).
func (t *turn) finish() {
	if t.s.Phase != Verifying || t.s.Held != nil || t.s.Asking != nil || t.s.Pending != nil || !Live(t.plan, t.s, t.now) {
		return
	}
	if !t.atTarget() {
		return
	}
	for _, item := range t.s.Items {
		if !item.Settled() {
			return
		}
	}
	t.enter(Released, cueItems)
	if t.s.Unchanged() {
		t.tell(Itself, MarkPass, fmt.Sprintf("unchanged and healthy: %s, judged for %s", t.s.To.Version, Span(t.now.Sub(t.s.Began))))
		return
	}
	t.tell(Itself, MarkPass, fmt.Sprintf("released: %s, after %s", t.s.To.Version, Span(t.now.Sub(t.s.Began))))
}

// Overdue tells whether Kubernetes gave the rollout under way up: forth or back.
// The condition must be newer than the change: that of an earlier rollout can
// stay for a moment.
func (s State) Overdue() bool {
	w := s.View.Workload
	under := s.Phase == Deploying || s.Phase == RollingBack && w.Template.Hash == s.Rollout.Goal.Template // what is being left has no say
	return under && w.Convergence() == Exceeded && w.UID == s.Rollout.UID &&
		w.Generation >= s.Rollout.Generation && w.Progressing.Updated.After(s.Rollout.Condition)
}

// atTarget tells whether the workload is complete at what is being released.
func (t *turn) atTarget() bool {
	w := t.s.View.Workload
	return w.Convergence() == Complete && w.Template.Hash == t.s.To.Template
}
