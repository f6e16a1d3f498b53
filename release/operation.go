package release

import (
	"encoding/json"
	"fmt"
	"time"
)

// OpKind names an operation: in records, lines and refusals.
type OpKind string

// The operations.
const (
	OpSetImage     OpKind = "set image"
	OpUndoTo       OpKind = "undo"
	OpPause        OpKind = "pause"
	OpResume       OpKind = "resume"
	OpApplyCanary  OpKind = "apply canary"
	OpScaleCanary  OpKind = "scale canary"
	OpScaleStable  OpKind = "scale stable"
	OpSetWeight    OpKind = "set weight"
	OpDeleteCanary OpKind = "delete canary"
	OpRunCommand   OpKind = "run command"
)

// Operation is what a [Change] does. The interface is sealed: each operation is a
// type of this package, in a file of its own, and has an entry in the table operations.
// It is a value, and goes into the record as it is: its fields are what it was
// decided on and what it is to do.
//
//sumtype:decl
type Operation interface {
	Kind() OpKind
	// Subject is the observed thing that it changes.
	Subject() Subject
	// Describe says what it does, in the same words before and after it.
	Describe() string
	// Deadline is how long it may take. Without an answer by then it is lost: it is
	// found out by looking what became of it, and it is not repeated.
	Deadline() time.Duration
	// Look says what is seen of it: its postcondition holds, its precondition
	// does still, or neither. cause is the change's.
	Look(v View, cause string) Look
	// decided gives it the preconditions: what is seen as it is decided on.
	decided(plan Plan, v View) Operation
}

// Subject is an observed thing that operations change.
type Subject string

// The subjects. What is off it is not watched: only who performs the operation can
// look for it, see [Find].
const (
	OnStable    Subject = "stable"           // the Deployment
	OnCanary    Subject = "canary"           // the canary's Deployment
	OnTraffic   Subject = "traffic"          // what splits it
	OffWorkload Subject = "off the workload" // nothing of the workload: such an operation is a [Task]
)

// seenAt is when a subject was last seen; zero: it cannot be read.
func (v View) seenAt(s Subject) time.Time {
	switch s {
	case OnStable:
		return v.Workload.At
	case OnCanary:
		return v.Canary.At
	case OnTraffic:
		if v.Split.Err == "" {
			return v.Split.At
		}
	case OffWorkload:
	}
	return zeroTime
}

// Look is what is seen of an operation whose answer is not known.
type Look struct {
	At     time.Time // when its subject was last seen; zero: it cannot be read
	Is     Standing
	Text   string // Differs: how what is seen differs from what it was made for
	Stored Stored // Stands: what the API server made of it
	Facts  Facts  // of a task that stands: what later steps can use
	// Generation is that of the Deployment that it changed.
	Generation int64
}

// Standing is how an operation stands, as seen.
type Standing string

// How an operation may stand.
const (
	Stands  Standing = "done"    // its postcondition holds
	Undone  Standing = "undone"  // its precondition holds still: nothing has been done
	Differs Standing = "differs" // neither: someone else acted
	Goes    Standing = "goes on" // of a task: it is under way
	Unclear Standing = "unclear" // of a task: it has ended, and nobody saw how
	Broke   Standing = "failed"  // of a task: it has ended, and did not succeed
)

// operations is every operation, by what its kind is in a record.
//
//exhaustive:enforce
var operations = map[OpKind]func(text []byte) (Operation, error){
	OpSetImage:     decode[SetImage],
	OpUndoTo:       decode[UndoTo],
	OpPause:        decode[PauseRollout],
	OpResume:       decode[ResumeRollout],
	OpApplyCanary:  decode[ApplyCanary],
	OpScaleCanary:  decode[ScaleCanary],
	OpScaleStable:  decode[ScaleStable],
	OpSetWeight:    decode[SetWeight],
	OpDeleteCanary: decode[DeleteCanary],
	OpRunCommand:   decode[RunCommand],
}

func decode[T Operation](text []byte) (Operation, error) {
	var op T
	err := json.Unmarshal(text, &op)
	return op, err
}

// subject is what the operations of a kind change.
func (k OpKind) subject() Subject {
	if read, known := operations[k]; known {
		if op, err := read([]byte("{}")); err == nil {
			return op.Subject()
		}
	}
	return ""
}

// Change is the one kind of effect that changes anything: an operation, who asked for it and
// why. It is performed at most once, and only while the operation's preconditions hold.
// The outcome comes back as Done.
type Change struct {
	ID    string
	By    Actor
	Why   string // of an automatic decision: its evidence
	Cause string // the new kubernetes.io/change-cause
	Do    Operation
}

// Kind is the kind of its operation.
func (c Change) Kind() OpKind {
	if c.Do == nil {
		return ""
	}
	return c.Do.Kind()
}

// Describe says what a change does. Its evidence is told once, with the decision.
func (c Change) Describe() string { return c.Do.Describe() }

// changeHead is what a change is in a record, beside its operation. The operation's own
// fields stand next to these, in the same object.
type changeHead struct {
	ID    string `json:"id"`
	Kind  OpKind `json:"kind"`
	By    Actor  `json:"by"`
	Why   string `json:"why,omitempty"`
	Cause string `json:"cause,omitempty"`
}

// MarshalJSON writes the change and its operation as one object.
func (c Change) MarshalJSON() ([]byte, error) {
	text, err := json.Marshal(changeHead{c.ID, c.Kind(), c.By, c.Why, c.Cause})
	if err != nil || c.Do == nil {
		return text, err
	}
	op, err := json.Marshal(c.Do)
	if err != nil || string(op) == "{}" {
		return text, err
	}
	return append(append(text[:len(text)-1], ','), op[1:]...), nil
}

// UnmarshalJSON reads what MarshalJSON has written.
func (c *Change) UnmarshalJSON(text []byte) error {
	var head changeHead
	if err := json.Unmarshal(text, &head); err != nil {
		return err
	}
	read, known := operations[head.Kind]
	if !known {
		return fmt.Errorf("change %s is %q, an operation that this version of slipway does not know", head.ID, head.Kind)
	}
	op, err := read(text)
	*c = Change{ID: head.ID, By: head.By, Why: head.Why, Cause: head.Cause, Do: op}
	return err
}
