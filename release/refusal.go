package release

import (
	"slices"
	"strings"
	"time"
)

// RefusalKind is what stands against an intent. Decisions go by it, never by the text.
type RefusalKind string

// The kinds of refusal.
const (
	RefusedOffline    RefusalKind = "offline"    // the cluster does not answer, or what it said is too old
	RefusedMissing    RefusalKind = "missing"    // the Deployment, a container or a revision does not exist
	RefusedUnseen     RefusalKind = "not seen"   // what it is about has not been looked at yet
	RefusedBusy       RefusalKind = "busy"       // a change is in flight
	RefusedHeld       RefusalKind = "held"       // a person ends the hold
	RefusedAsking     RefusalKind = "asking"     // a person answers the question
	RefusedDriven     RefusalKind = "driven"     // another console drives the release
	RefusedForeign    RefusalKind = "foreign"    // someone else's rollout or canary is in the way
	RefusedGate       RefusalKind = "gate"       // an item of the checklist is open, or a measure fails
	RefusedLack       RefusalKind = "no data"    // there is nothing to judge it by, and waiting brings nothing
	RefusedWindow     RefusalKind = "window"     // it is not the time for it
	RefusedApproval   RefusalKind = "approval"   // somebody has to approve it
	RefusedNotYet     RefusalKind = "not yet"    // something else comes first
	RefusedAlready    RefusalKind = "so already" // it is as asked for
	RefusedPhase      RefusalKind = "phase"      // the release is not where this can be asked for
	RefusedUnfit      RefusalKind = "unfit"      // a person has to change something in the cluster first
	RefusedUnknown    RefusalKind = "unknown"    // there is no such thing to be asked for
	RefusedWish       RefusalKind = "wish"       // what came with it is missing or wrong: a reason, a typed name
	RefusedMoved      RefusalKind = "moved"      // it is not what was shown any more: look again
	RefusedUnrecorded RefusalKind = "unrecorded" // the record cannot be written
)

// RefusalKinds lists every kind.
var RefusalKinds = []RefusalKind{
	RefusedOffline, RefusedMissing, RefusedUnseen, RefusedBusy, RefusedHeld, RefusedAsking, RefusedDriven,
	RefusedForeign, RefusedGate, RefusedLack, RefusedWindow, RefusedApproval, RefusedNotYet, RefusedAlready,
	RefusedPhase, RefusedUnfit, RefusedUnknown, RefusedWish, RefusedMoved, RefusedUnrecorded,
}

// Refusal is one thing that stands against an intent now. The zero value is none.
type Refusal struct {
	Kind    RefusalKind
	Wait    bool         // it ends although nobody does anything about it
	Until   time.Time    // when it ends, where that is known
	Text    string       // why, in one line; nothing is decided by it
	Instead []IntentKind // what may be asked for in its place
}

// String is the text with what may be asked for instead: "the rollout is paused: resume (p)".
func (r Refusal) String() string {
	if len(r.Instead) == 0 {
		return r.Text
	}
	return r.Text + ": " + keyWords(r.Instead)
}

// None tells whether nothing is refused.
func (r Refusal) None() bool { return r.Kind == "" }

// refusal is of a kind, where there is a reason; waits is one that ends without anybody.
func refusal(kind RefusalKind, why string) Refusal {
	if why == "" {
		return Refusal{}
	}
	return Refusal{Kind: kind, Text: why}
}

func waits(kind RefusalKind, why string) Refusal {
	r := refusal(kind, why)
	r.Wait = !r.None()
	return r
}

// first keeps what does stand against something, in order: what is said of it comes first.
func first(list ...Refusal) []Refusal { return slices.DeleteFunc(list, Refusal.None) }

// keyed are the intents that have a key of their own, with what it does.
var keyed = map[IntentKind]string{
	DoUndo: "undo (u)", DoAbort: "abort (b)", DoAbandon: "abandon (x)", DoResume: "resume (p)",
}

// keyWords names the keys of intents: "undo (u), abort (b) or abandon (x)".
func keyWords(kinds []IntentKind) string {
	words := make([]string, len(kinds))
	for i, k := range kinds {
		words[i] = keyed[k]
	}
	if n := len(words); n > 1 {
		return strings.Join(words[:n-1], ", ") + " or " + words[n-1]
	}
	return strings.Join(words, "")
}

// Refusal is what stands against the choice first; zero when it may be asked for.
func (c Choice) Refusal() Refusal {
	if len(c.Refusals) == 0 {
		return Refusal{}
	}
	return c.Refusals[0]
}

// OK tells whether it may be asked for now.
func (c Choice) OK() bool { return c.Kind != "" && len(c.Refusals) == 0 }

// Why says in one line why it may not be asked for, or is empty.
func (c Choice) Why() string { return c.Refusal().String() }

// Refused tells whether what stands against it first is of that kind.
func (c Choice) Refused(kind RefusalKind) bool { return !c.OK() && c.Refusal().Kind == kind }

// Refuse is the choice with something else against it, before all that is already.
func (c Choice) Refuse(kind RefusalKind, why string) Choice {
	c.Refusals = append([]Refusal{{Kind: kind, Text: why}}, c.Refusals...)
	return c
}
