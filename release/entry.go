package release

import (
	"fmt"
	"time"
)

// Entry is one line of the journal: a durable change, what brought it about,
// and the whole record after it. Recovery is the last entry that holds.
type Entry struct {
	Seq     int       `json:"seq"` // the record's, after the change
	At      time.Time `json:"at"`
	By      Actor     `json:"by"`
	Event   string    `json:"event"`             // what happened: "intended deploy", "observed"
	Effects []Change  `json:"effects,omitempty"` // performed after this entry is on disk
	Tells   []Line    `json:"tells,omitempty"`
	// Commands do with kubectl what Effects do; Confirmed is what was typed to confirm
	// them. Configured is of the record's first entry.
	Commands   []string    `json:"commands,omitempty"`
	Confirmed  string      `json:"confirmed,omitempty"`
	Configured *Configured `json:"configured,omitempty"`
	Record     Record      `json:"record"` // the last member: see the journal
}

// ConflictError says that an entry was not written, since somebody else has written to the
// record: Entry is the newest one. It is to be adopted, by [Recorded], before anything else.
type ConflictError struct{ Entry Entry }

func (e *ConflictError) Error() string {
	return fmt.Sprintf("%s changed the record at %s", e.Entry.By.Name, e.Entry.At.Format("15:04:05"))
}

// EntryOf is the line of the journal for a durable change: next is what Step made of
// before on the event, with its effects.
func EntryOf(plan Plan, before, next State, event Event, effects []Effect, lines []Line, now time.Time) Entry {
	e := Entry{Seq: next.Seq, At: now, By: Itself, Event: Name(event), Tells: lines, Record: next.Record}
	if intended, ok := event.(Intended); ok {
		e.By, e.Confirmed = intended.By, confirmed(intended.Intent)
	}
	for _, effect := range effects {
		if change, ok := effect.(Change); ok {
			e.Effects = append(e.Effects, change)
			if text := CommandsOf(plan, before, change).String(); text != "" {
				e.Commands = append(e.Commands, text)
			}
		}
	}
	if next.ID != before.ID && next.Seq == 1 {
		e.Configured = ConfiguredOf(plan, next, now)
	}
	return e
}

// confirmed is what a person typed to confirm an intent, or "".
func confirmed(i Intent) string {
	switch i := i.(type) {
	case Deploy:
		return i.Confirm
	case Advance:
		return i.Confirm
	case Promote:
		return i.Confirm
	}
	return ""
}

// Name says what an event is, for the journal.
func Name(event Event) string {
	switch e := event.(type) {
	case Intended:
		if e.Intent == nil {
			return "intended"
		}
		return "intended " + string(e.Intent.intent())
	case Done:
		return "done " + string(e.Outcome.Kind)
	case Observed:
		return "observed"
	case ObservedCanary:
		return "observed canary"
	case ObservedSplit:
		return "observed split"
	case Sampled:
		return "sampled"
	case Compared:
		return "compared"
	case Probed:
		return "probed " + e.Item
	case Linked:
		return "linked " + string(e.Source)
	case Identified:
		return "identified"
	case Progressed:
		return "progressed"
	case Found:
		return "found " + string(e.Look.Is)
	case HungUp:
		return "hung up"
	case Returned:
		return "returned"
	case Recorded:
		return "recorded"
	default:
		return "ticked"
	}
}
