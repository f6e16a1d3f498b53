package release

import (
	"fmt"
	"strings"
	"time"
)

var zeroTime time.Time

// arrives is how long after its deadline a lost request may still arrive, grace how
// long after a change of the cluster was asked for. Only a look later than that says "not
// done".
const (
	arrives = 5 * time.Second
	grace   = patchDeadline + arrives
)

// automaticTries is how often an automatic undo is decided on before a person
// is needed: someone else may change the Deployment at the same moment, or an
// admission webhook may be restarting.
const automaticTries = 5

// retryAfter is how long after so many tries that came to nothing the next one
// is made: 5 s, then twice as long each time.
func retryAfter(tries int) time.Duration { return 5 * time.Second << max(tries-1, 0) }

// unanswered ends the reason of a hold until the cluster has been looked at.
const unanswered = ", answer unknown"

// send makes a change the one effect in flight (invariant 1). The phase stays
// as it is until the change is accepted; then it becomes next, and the
// Deployment converges to goal.
func (t *turn) send(c Change, next Phase, goal Target) {
	w := t.s.View.Workload
	c.Do = c.Do.decided(t.plan, t.s.View)
	t.record().Pending = &Pending{Change: c, Since: t.now, Next: next, Goal: goal, Condition: w.Progressing.Updated, Stable: w.Template.Hash}
	text := c.Describe()
	if !t.follows {
		text += because(c.Why)
	}
	t.tell(c.By, MarkRunning, text)
	t.do(c)
}

// done takes the outcome of the change in flight. An outcome of anything else,
// or one that comes late, changes nothing (invariant 9).
func (t *turn) done(o Outcome) {
	p := t.s.Pending
	if p == nil || p.Change.ID != o.ID {
		t.taskDone(o)
		return
	}
	if o.Kind == Lost {
		if !p.Unknown {
			unknown := *p
			unknown.Unknown, unknown.Since = true, t.now
			t.record().Pending = &unknown
			t.tell(Itself, MarkUnknown, fmt.Sprintf("%s: no answer (%s); looking at the cluster, not asking twice", p.Change.Kind(), o.Text))
		}
		return
	}
	t.conclude(o)
}

// conclude ends the change in flight with what became of it.
func (t *turn) conclude(o Outcome) {
	p, r := t.s.Pending, t.record()
	what := p.Change.Describe()
	o.ID, o.At, o.By, o.Of, o.What = p.Change.ID, t.now, p.Change.By, p.Change.Kind(), what
	r.Pending, r.Last = nil, &o
	switch o.Kind {
	case Accepted:
		t.found("it was done")
		text := what + " ✓ accepted"
		if o.Text != "" {
			text += ", " + o.Text
		}
		t.tell(p.Change.By, MarkPass, text)
		t.begin(*p, o)
		return
	case Skipped:
		t.tell(Itself, MarkNone, fmt.Sprintf("%s skipped: %s", p.Change.Kind(), o.Text))
		if p.Follows && t.s.Underway() || p.Stage != "" {
			t.found(o.Text)
			t.begin(*p, o) // it is so already, which is what was wanted
			return
		}
	case Moved:
		t.tell(Itself, MarkAttention, fmt.Sprintf("%s not done: %s", p.Change.Kind(), o.Text))
	default:
		t.tell(Itself, MarkFail, fmt.Sprintf("%s %s: %s", p.Change.Kind(), o.Kind, o.Text))
	}
	switch {
	case p.Unknown && t.s.Phase.Over():
		r.Held = nil // nothing of it was begun
	case p.Stage == Creating && p.Next == RollingBack && !p.Unknown && (p.Change.By != Itself || t.s.Held == nil && !t.s.View.Mode.Passive):
		// Nothing stands against an undo: it goes on as a rolling one.
		if w := t.s.View.Workload; w.Template.Hash != p.Stable {
			t.tell(Itself, MarkFail, fmt.Sprintf("undo to %s not sent: someone else changed it meanwhile, it runs %s; look again", p.Goal.Version, w.Version(t.plan.Container)))
			return
		}
		t.follows = true
		t.rollBack(t.changeID(Intended{}), Intended{By: p.Change.By}, p.Goal, p.Change.Why)
	case p.Follows && t.s.Underway():
		t.found(o.Text)
		t.fallen(*p, o)
	case p.Stage != "" && p.Change.By == Itself && !t.pickedUp():
		t.hold(HeldByFailure, fmt.Sprintf("%s was not done: %s", what, o.Text))
	case p.Stage == Creating && p.Next == RollingBack && p.Change.By == Itself:
		r.Auto = "" // it is decided again, on what is true then
		t.found(o.Text)
	case p.Stage != "" || p.Change.By != Itself || o.Kind == Skipped:
		t.found(o.Text)
	case !p.Unknown && r.Tries+1 < automaticTries:
		// Nothing was done: it is decided again, on what is true then.
		r.Tries, r.Auto = r.Tries+1, ""
	default:
		t.hold(HeldByFailure, fmt.Sprintf("the automatic undo was not done: %s", o.Text))
	}
}

// pickedUp tells whether a release that was left waits for a person to continue it.
func (t *turn) pickedUp() bool {
	return t.s.Held != nil && t.s.Held.Kind == HeldOnReturn
}

// found adds to the hold of a release that was picked up what a look at the
// cluster says about the change that was in flight.
func (t *turn) found(text string) {
	if t.pickedUp() {
		looked := *t.s.Held
		looked.Reason = strings.TrimSuffix(t.s.Held.Reason, unanswered) + "; found: " + text
		t.record().Held = &looked
	}
}

// begin starts what an accepted change leads to.
func (t *turn) begin(p Pending, o Outcome) {
	if p.Follows && t.s.Underway() {
		run := t.run()
		run.Tries = 0
		if t.s.Last.Kind == Accepted {
			run.Sent++
		}
		if p.Change.Kind() == OpScaleStable {
			run.Grown++
		}
	}
	if p.Goal == (Target{}) {
		return
	}
	p.Goal = p.Goal.stored(p.Change.Do.Subject(), o.Stored)
	r := t.enter(p.Next, cueAccepted)
	if p.Next == Deploying {
		if r.Deployed.IsZero() {
			r.Deployed = p.Since
		}
		r.To.Image, r.To.Template = p.Goal.Image, p.Goal.Template
	}
	r.Asking, r.Told, r.Figures = nil, nil, nil
	if r.Held != nil && r.Held.At.Before(p.Since) {
		// It was decided in spite of the hold; one that came later stands, as the
		// one after a crash does.
		r.Held = nil
	}
	r.Rollout = Rollout{
		Goal: p.Goal, UID: guardIn(p.Change.Do).UID, Began: p.Since, Generation: o.Generation, Condition: p.Condition,
	}
	switch p.Stage {
	case Creating:
		t.created(p)
	case Promoting:
		t.move(Promoting, cuePromote).Promoted = true
	}
	if p.Next == Deploying {
		r.Rollout.Excused = t.failingAlready()
	}
	t.s.View.Failing, t.s.View.Blind = nil, nil
	t.s.View.Checks, t.s.View.Probes = nil, nil
}

// stored is the target as the API server made it in answer to a change: with the
// pod template that came of it, if that has the version asked for. Otherwise the
// template stays unknown, and what runs is seen to be another version.
func (g Target) stored(of Subject, s Stored) Target {
	switch {
	case s == (Stored{}), s.Image != g.Image && !resolved(g.Image, s.Image):
		return g
	case !SameVersion(g.Image, s.Image):
		g.Image = s.Image // its digest alone tells from now on what it is
	}
	if of != OnCanary {
		g.Template = s.Template
	}
	return g
}

// created begins the way of a canary whose Deployment was accepted. Stable is to
// stay as it is until the promotion.
func (t *turn) created(p Pending) {
	r, w := t.record(), t.s.View.Workload
	r.Rollout = Rollout{Goal: r.From, UID: w.UID, Began: p.Since, Generation: w.Generation, Condition: p.Condition}
	r.Canary = &CanaryRun{Way: Forward, Weight: t.plan.Canary.Steps[0], By: p.Change.By, Full: w.Desired}
	t.move(Creating, cueApplied)
	if p.Next == RollingBack {
		r.From, r.Rollout.Goal, r.Canary.Stable = p.Goal, p.Goal, p.Stable
		r.Canary.Way, r.Canary.Step, r.Canary.Weight, r.Canary.Why = UndoByWeights, len(t.plan.Canary.Steps)-1, 100, p.Change.Why
	}
	t.s.View.Judged = Judged{}
}

// failingAlready gives the metrics that are out of bounds before a change shows
// in them. A release that mends an incident must not be undone for it.
func (t *turn) failingAlready() map[MetricName]float64 {
	var excused map[MetricName]float64
	for _, spec := range t.plan.Metrics {
		if j := Judge(t.plan, t.s.View, spec, t.now); spec.Rollback && j.Verdict == Fail {
			excused = put(excused, spec.Name, j.Value)
			t.tell(Itself, MarkAttention, fmt.Sprintf("%s is out of bounds already, %s: only twice as much undoes, until it has been in bounds", spec.Title, Format(spec.Unit, j.Value)))
		}
	}
	return excused
}

func (t *turn) hold(kind HoldKind, reason string) {
	t.record().Held = &Hold{Kind: kind, Reason: reason, By: Itself, At: t.now}
	t.tell(Itself, MarkAttention, "held: "+reason)
}
