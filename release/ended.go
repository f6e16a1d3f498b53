package release

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Ending is how a command ends. Exit codes follow from it, and from nothing else.
type Ending string

// The endings.
const (
	GoesOn         Ending = ""            // it does not end yet
	EndsDone       Ending = "done"        // what was asked for is there
	EndsFailed     Ending = "failed"      // it was not done
	EndsBack       Ending = "rolled back" // it was done, and undone
	EndsAtGate     Ending = "gate"        // an item, a measure or a rule is against it
	EndsUnfinished Ending = "unfinished"  // it is left as it is: a person has to look
)

// Endings lists every way to end.
var Endings = []Ending{EndsDone, EndsFailed, EndsBack, EndsAtGate, EndsUnfinished}

// End is how a command ended, and why.
type End struct {
	Ending Ending
	Text   string
}

// Over tells whether it ended.
func (e End) Over() bool { return e.Ending != GoesOn }

// refusedEnds is how a command ends that asked for what is refused, where no wait mends it.
// Any other kind is a failure.
var refusedEnds = map[RefusalKind]Ending{
	RefusedHeld: EndsUnfinished, RefusedAsking: EndsUnfinished, RefusedDriven: EndsUnfinished, RefusedForeign: EndsUnfinished,
	RefusedGate: EndsAtGate, RefusedLack: EndsAtGate, RefusedWindow: EndsAtGate, RefusedApproval: EndsAtGate,
}

// End is the end of a command that was refused for it.
func (r Refusal) End() End { return End{cmp.Or(refusedEnds[r.Kind], EndsFailed), r.String()} }

// Awaited is what a command asked for, and waits for.
type Awaited struct {
	Kind     IntentKind // DoDeploy: a whole release
	ID       string     // of the wish that was taken; empty: nothing was sent yet, or need be
	Step     int        // of the canary when it was sent
	Attended bool       // a person can answer a question
	NoWait   bool       // that it was accepted is enough
}

// Ended says whether a command has come to its end, and how.
func Ended(plan Plan, s State, now time.Time, asked Awaited) End {
	switch asked.Kind {
	case DoDeploy:
		return endOfRelease(plan, s, now, asked)
	case DoAdvance, DoPromote:
		return endOfStep(plan, s, now, asked)
	case DoAbort:
		return endOfAbort(s)
	case DoUndo:
		return endOfUndo(plan, s, now, asked)
	}
	return endOfChange(s, asked)
}

// unfinishedNow ends with the headline: a person has to look.
func unfinishedNow(plan Plan, s State, now time.Time) End {
	return End{EndsUnfinished, HeadlineOf(plan, s, now).Strong}
}

func endHeld(s State) End { return End{EndsUnfinished, "held: " + s.Held.Reason} }

// wentBack is the end of a command whose release was undone.
func wentBack(s State) End {
	return End{EndsBack, fmt.Sprintf("rolled back to %s: %s", s.Rollout.Goal.Version, cmp.Or(s.Auto, "by hand"))}
}

// heldForGood tells whether a hold is for a person to end: one that was found on return is
// continued by the command.
func (s State) heldForGood() bool { return s.Held != nil && s.Held.Kind != HeldOnReturn }

// notDoneOf is the end of a command whose change was not accepted.
func notDoneOf(o Outcome, what string) End {
	return End{EndsFailed, fmt.Sprintf("%s %s: %s", what, o.Kind, o.Text)}
}

func endOfRelease(plan Plan, s State, now time.Time, asked Awaited) End {
	o, stuck := s.Last, Stuck(plan, s, now)
	switch {
	case s.Phase == Abandoned && s.Auto != "":
		return End{EndsUnfinished, s.Auto}
	case s.Phase == Released:
		return End{Ending: EndsDone}
	case s.Phase == RolledBack:
		return wentBack(s)
	case s.Phase.Over():
		return End{}
	case s.heldForGood():
		return endHeld(s)
	case s.Held != nil:
		return End{}
	case s.Phase == Planned && o != nil && o.ID == asked.ID && o.Kind != Accepted:
		return notDoneOf(*o, string(o.Of))
	case stuck != "":
		return End{EndsUnfinished, fmt.Sprintf("%s; the canary stays at %d%%: slipway canary abort takes it back", stuck, s.Canary.Weight)}
	case s.Phase == Verifying:
		return endOfVerifying(plan, s, now)
	case s.Phase == RollingBack && s.Overdue(), s.Phase != Planned && slices.Contains(s.Told, Deadline),
		s.Underway() && (slices.Contains(s.Told, Figures) || slices.Contains(s.Told, Unserved)):
		return unfinishedNow(plan, s, now)
	}
	return End{}
}

// endOfVerifying ends where only a person could settle what is open.
func endOfVerifying(plan Plan, s State, now time.Time) End {
	var hands []string
	looking := false
	for _, open := range Open(plan, s, now) {
		switch open.Settles {
		case ByWaiver:
			return End{EndsAtGate, fmt.Sprintf("%s: %s: waive it (--waive %s=REASON) or undo", open.Spec.Title, open.WhyWaiver(now), open.Spec.ID)}
		case ByHand:
			hands = append(hands, open.Spec.ID)
		default:
			looking = true
		}
	}
	if looking || len(hands) == 0 {
		return End{}
	}
	return End{EndsAtGate, fmt.Sprintf("%s is deployed and checked; open by hand: %s (--tick ITEM=NOTE, --waive ITEM=REASON, or the console)", s.To.Version, strings.Join(hands, ", "))}
}

func endOfStep(plan Plan, s State, now time.Time, asked Awaited) End {
	run, o := s.Canary, s.Last
	switch {
	case s.heldForGood(), s.Held != nil && asked.ID != "":
		return endHeld(s)
	case s.Held != nil:
		return End{}
	case asked.ID == "" && Stuck(plan, s, now) != "":
		return End{EndsUnfinished, Stuck(plan, s, now)}
	case s.Phase == RolledBack:
		return wentBack(s)
	case asked.ID == "", run == nil:
		return End{}
	case s.Asking != nil && !asked.Attended:
		return unfinishedNow(plan, s, now)
	case s.Phase == Verifying, s.Phase == Released, run.Stage == Baking && run.Step > asked.Step:
		return End{Ending: EndsDone}
	case s.Pending == nil && run.Stage == Baking && o != nil && o.ID == asked.ID && o.Kind != Accepted:
		return notDoneOf(*o, o.What)
	}
	return End{}
}

func endOfAbort(s State) End {
	switch {
	case s.Held != nil:
		return endHeld(s)
	case s.Phase == RolledBack:
		return End{Ending: EndsDone}
	}
	return End{}
}

// endOfUndo waits for the earlier version to serve. A way back that takes several changes
// is a canary's, or an undo by weights, whatever it goes on as; left before, it stops.
func endOfUndo(plan Plan, s State, now time.Time, asked Awaited) End {
	o := s.Last
	answered := o != nil && o.ID == asked.ID
	switch {
	case asked.ID == "":
		return endOfReturn(plan, s, now, asked)
	case !answered && s.Pending != nil && s.Pending.Change.ID == asked.ID:
		return End{}
	case !answered && s.Phase == RolledBack:
		return End{Ending: EndsDone}
	case !answered && s.Pending == nil && !s.Underway() && s.Phase != RollingBack && o != nil && o.Kind != Accepted:
		return notDoneOf(*o, "undo")
	case !answered && (s.Pending == nil && s.Overdue() || s.Held != nil):
		return unfinishedNow(plan, s, now)
	case !answered, s.Pending != nil: // it goes on another way
		return End{}
	case o.Kind == Skipped && !s.Underway():
		return End{Ending: EndsDone}
	case o.Kind != Accepted && !s.Underway():
		return notDoneOf(*o, "undo")
	case s.Phase == RolledBack, asked.NoWait && !s.Underway():
		return End{Ending: EndsDone}
	case s.Overdue(), s.Held != nil:
		return unfinishedNow(plan, s, now)
	}
	return End{}
}

// endOfReturn waits until the earlier version, which somebody is returning to or has
// returned to, serves. A rollback that was left by a process that ended goes on: the
// cluster does it.
func endOfReturn(plan Plan, s State, now time.Time, asked Awaited) End {
	returning := s.Phase == RollingBack
	switch {
	case asked.NoWait:
	case returning && s.heldForGood(), s.Overdue():
		return unfinishedNow(plan, s, now)
	case returning || s.View.Workload.Convergence() != Complete:
		return End{}
	}
	return End{Ending: EndsDone}
}

// endOfChange ends with the answer to one change. What came without one, a canary that is
// held where it is or goes on, is done.
func endOfChange(s State, asked Awaited) End {
	o := s.Last
	answered := o != nil && o.ID == asked.ID
	switch {
	case asked.ID == "", !answered && s.Pending != nil && s.Pending.Change.ID == asked.ID:
		return End{}
	case answered && o.Kind != Accepted && o.Kind != Skipped:
		return notDoneOf(*o, string(asked.Kind))
	}
	return End{Ending: EndsDone}
}
