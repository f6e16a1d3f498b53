package release

import (
	"fmt"
	"time"
)

// Hangup is what becomes of a release whose terminal hangs up.
type Hangup string

// The answers to a hang-up.
const (
	HangupGuard    Hangup = "guard"    // goes on without a terminal; a question that nobody answers is answered by an undo
	HangupContinue Hangup = "continue" // goes on without a terminal; a question waits for a person
	HangupStop     Hangup = "stop"     // ends: the release is left as it is
)

// Hangups are what a plan says about a lost terminal.
type Hangups struct {
	Do    Hangup
	After time.Duration // HangupGuard: how long a question waits for a person
}

// HungUp says that the terminal is gone, and slipway goes on without it.
type HungUp struct{}

func (HungUp) event() {}

// OutlivesTerminal tells whether a release goes on when its terminal hangs up: something is under
// way that needs to be watched.
func OutlivesTerminal(plan Plan, s State) bool {
	if plan.Hangup.Do == HangupStop || s.View.Driver != nil || s.View.Elsewhere {
		return false
	}
	return s.Phase == Deploying || s.Phase == Verifying || s.Phase == RollingBack || s.Pending != nil || s.InFlight() != nil
}

// AloneIsDone tells whether nothing is left to do without a person: the release has ended,
// or only what a person settles is open.
func AloneIsDone(plan Plan, s State, now time.Time) bool {
	switch {
	case s.Pending != nil || s.InFlight() != nil:
		return false
	case s.Phase.Over() || s.Phase == Planned:
		return true
	case s.Phase != Verifying || s.Asking != nil || s.Held != nil || !Live(plan, s, now):
		return false
	}
	for _, item := range Open(plan, s, now) {
		if item.Settles != ByHand {
			return false
		}
	}
	return true
}

// hungUp writes down since when nobody is attached.
func (t *turn) hungUp() {
	t.record().Alone = t.now
	t.tell(Itself, MarkAttention, "the terminal hung up: slipway goes on without it; "+t.plan.Hangup.words())
}

func (h Hangups) words() string {
	if h.Do == HangupGuard {
		return fmt.Sprintf("where it would ask it undoes after %s, and it advances a canary only with auto: true", Span(h.After))
	}
	return "a question waits for a person"
}

// attached ends that: whoever took the release over drives it from here.
func (t *turn) attached(by Actor) {
	if t.s.Alone.IsZero() {
		return
	}
	t.s.View.WentOn = t.s.Alone
	t.tell(by, MarkAttention, fmt.Sprintf("attached: drives it from here; slipway went on without a terminal for %s", Span(t.now.Sub(t.s.Alone))))
	t.record().Alone = zeroTime
	t.s.View.Mode.Alone = false
}

// alone notices that nobody has come back in time: from then on a question is answered
// automatically, the one that stands as well. Missing figures are never answered so.
func (t *turn) alone() {
	was := t.s.View.Mode.Alone
	t.s.View.Mode.Alone = !t.s.Alone.IsZero() && t.plan.Hangup.Do == HangupGuard && t.now.Sub(t.s.Alone) >= t.plan.Hangup.After
	if asking := t.s.Asking; t.s.View.Mode.Alone && !was && asking != nil && asking.Trouble != Blindness {
		t.withdraw("nobody is attached, so it is answered automatically")
	}
}
