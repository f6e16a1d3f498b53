package release

import (
	"fmt"
	"maps"
	"time"
)

// Mode is how a console leads a release. The plan is the same in every mode.
type Mode struct {
	Unattended bool // nobody can be asked: "ask" answers as "auto" does
	Replaces   bool // unattended: may cut off a rollout that was begun elsewhere
	// Alone: the terminal hung up, and nobody has come back in time. A question is answered
	// as if unattended; a canary is not advanced for it.
	Alone bool
	// Passive decides nothing automatically: the console is being left, only looks on, or
	// could not write down what it would decide. A person's wish counts all the same.
	Passive bool
}

// answered is what a configured answer means in this mode.
func (m Mode) answered(a Answer) Answer {
	if a == Ask && (m.Unattended || m.Alone) {
		return Auto
	}
	return a
}

// Driver is who leads an unfinished release of this service here from another console. Such
// a console watches; undo and abort stay allowed.
type Driver struct {
	Name    string    // the person who began it: "eng-b"
	Version string    // that is released
	Host    string    // where it is led from; empty: not known
	Local   bool      // on this machine
	Since   time.Time // when it began
	Renewed time.Time // when something was last written about it
	Left    bool      // nobody leads it any more: it was left unfinished
}

// String says who leads what, or is empty.
func (d *Driver) String() string {
	if d == nil {
		return ""
	}
	what := fmt.Sprintf("the release of %s by %s", d.Version, d.Name)
	if d.Left {
		return what + " was left unfinished: leave and start slipway again to continue it"
	}
	what += " is driven "
	switch {
	case d.Local:
		what += "on this machine"
	case d.Host != "":
		what += "from " + d.Host
	default:
		what += "elsewhere"
	}
	if !d.Since.IsZero() {
		what += " since " + d.Since.Format("15:04")
	}
	return what + "; you can still undo"
}

// Same tells whether two drivers are said of in the same words.
func (d *Driver) Same(other *Driver) bool { return d.String() == other.String() }

// DrivenError says that no release can begin, since another one is led or was left.
type DrivenError struct{ Driver *Driver }

func (e *DrivenError) Error() string {
	if e.Driver == nil {
		return "another console is beginning a release here at this moment"
	}
	return e.Driver.String()
}

// remember keeps in mind how a release ended: who is led to a pod template that was rolled
// back is told. Once released it is as good as any.
func (s State) remember(plan Plan) State {
	r := s.Record
	undone := maps.Clone(s.View.Undone)
	if undone == nil {
		undone = map[string]string{}
	}
	if template, why, ok := r.Undone(); ok {
		undone[template] = why
	} else if r.Phase == Released {
		delete(undone, r.To.Template)
	}
	s.View.Undone = undone
	if !r.Unchanged() {
		s.View.Before = plan.BeforeIt(r)
	}
	return s
}
