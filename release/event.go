package release

import "time"

// Event is something that happened. The interface is sealed.
//
//sumtype:decl
type Event interface{ event() }

// Observed is a fresh look at the workload, or an equal one that only says
// that the API server still answers.
type Observed struct{ Workload Workload }

// ObservedCanary is a look at the canary's Deployment; it need not exist.
type ObservedCanary struct{ Workload Workload }

// LostCanary says why the canary's Deployment cannot be looked at, until the next look.
type LostCanary struct{ Err string }

// ObservedSplit is a look at what splits the traffic.
type ObservedSplit struct{ Split Split }

// Compared is one round of the same figures of canary and stable. What was asked
// for before the comparison became another one says nothing.
type Compared struct {
	Of    Comparing
	Pairs []Pair
}

// Sampled is one round of metric samples.
type Sampled struct{ Samples []Sample }

// Probed is the result of a Probe effect. What was asked for another record says
// nothing.
type Probed struct {
	Item   string
	Of     string
	Result Result
}

// Intended is a person's wish. Seen is what their confirmation showed, from
// the Choice: if the world has moved since, the wish is refused with what
// moved. ID names the release or record that may begin with it.
type Intended struct {
	Intent Intent
	By     Actor
	Seen   Seen
	ID     string
}

// Done is the outcome of the Change with that ID.
type Done struct{ Outcome Outcome }

// Linked says that a link was lost, is still lost, or came back.
type Linked struct {
	Source Source
	Link   Link
}

// Identified is what the API server's cluster is known by: the UID of its namespace
// kube-system.
type Identified struct{ UID string }

// Recorded is the record as somebody else has written it. Elsewhere: it is of a release
// that another process leads. Else it is this console's own, and changed under it.
type Recorded struct {
	Record    Record
	Elsewhere bool
}

// DrivenBy says who else leads a release here; nil: nobody does.
type DrivenBy struct{ Driver *Driver }

// Ticked is a second passing.
type Ticked struct{}

// Returned is sent once, first, to a state that was read back from the journal. Handed
// says that who drove it until now, without a terminal, has handed it over: nothing was
// left alone meanwhile.
type Returned struct {
	By     Actor
	Handed bool
}

func (Observed) event()       {}
func (ObservedCanary) event() {}
func (LostCanary) event()     {}
func (ObservedSplit) event()  {}
func (Compared) event()       {}
func (Sampled) event()        {}
func (Probed) event()         {}
func (Intended) event()       {}
func (Done) event()           {}
func (Linked) event()         {}
func (Identified) event()     {}
func (Recorded) event()       {}
func (DrivenBy) event()       {}
func (Ticked) event()         {}
func (Returned) event()       {}

// Seen is what a confirmation showed of the world. The zero value confirms
// nothing in particular and is refused where something must have been shown.
//
// Scaling and other changes that leave the pod template alone do not count as
// moving: an autoscaler must not stand against an undo.
type Seen struct {
	UID      string
	Before   string // the Template.Hash that the Deployment has
	Paused   bool
	Revision int64     // the revision that an undo goes to
	Template string    // its Template.Hash
	Canary   string    // the UID of the canary's Deployment; empty: there was none, or it does not matter
	Weight   int       // percent that the canary had, where that matters
	Held     time.Time // of what stood against going on
	Routes   string    // the other routes to the canary whose requests will fail
	Task     string    // the ID of the task that is to be cancelled
}

// Intent is what a person may ask for. The interface is sealed.
//
//sumtype:decl
type Intent interface{ intent() IntentKind }

// IntentKind names an intent: in keys, help, commands and refusals.
type IntentKind string

// The kinds of intent.
const (
	DoBegin IntentKind = "begin"
	DoTick  IntentKind = "tick"
	DoWaive IntentKind = "waive"

	DoWaiveWindow IntentKind = "waive window"

	DoDeploy   IntentKind = "deploy"
	DoPause    IntentKind = "pause"
	DoResume   IntentKind = "resume"
	DoUndo     IntentKind = "undo"
	DoHold     IntentKind = "hold"
	DoContinue IntentKind = "continue"
	DoAbandon  IntentKind = "abandon"
	DoAdvance  IntentKind = "advance"
	DoPromote  IntentKind = "promote"
	DoAbort    IntentKind = "abort"
	DoCancel   IntentKind = "cancel"
	DoRun      IntentKind = "run"
)

type (
	// Begin plans a release of Version.
	Begin struct{ Version string }
	// Tick passes a manual item.
	Tick struct{ Item, Note string }
	// Waive passes over an item, with a reason that is not empty.
	Waive struct{ Item, Reason string }
	// RunAction performs an action of the checklist.
	RunAction struct{ Item string }
	// WaiveWindow opens the change window for this release, with a reason that is not empty.
	WaiveWindow struct{ Reason string }
	// Deploy sets the image, or begins the canary. Confirm is the environment's name
	// as typed, needed where the environment is protected. Adopt takes over a canary
	// that an earlier attempt left behind. Replace is what is known of a container that runs
	// another image than the service's: with it, the image is replaced all the same.
	Deploy struct {
		Confirm string
		Adopt   bool
		Replace string
	}
	// Pause pauses the Deployment's rollout, or holds a canary where it is.
	Pause struct{}
	// Resume resumes it, or goes on with the canary.
	Resume struct{}
	// Undo returns to a revision; 0 is the previous one. Over says that the person has
	// read that someone else's change of stable is rolled back with it.
	Undo struct {
		Revision int64
		Over     bool
	}
	// HoldOn stops everything automatic until Continue.
	HoldOn struct{}
	// Continue ends a hold, picks an unfinished release up, or answers a
	// question with "leave it".
	Continue struct{}
	// Abandon ends a release without changing the cluster.
	Abandon struct{}
	// Advance leads the canary to its next weight, and from the last one to
	// promotion, which a protected environment confirms as Deploy.
	Advance struct{ Confirm string }
	// Promote is Advance from the last weight, and nothing else.
	Promote struct{ Confirm string }
	// Abort puts the traffic back on stable and then scales the canary down. What
	// someone else made of stable is left, unless it is the version that is aborted:
	// Over is as of Undo then.
	Abort struct{ Over bool }
)

func (Begin) intent() IntentKind       { return DoBegin }
func (Tick) intent() IntentKind        { return DoTick }
func (RunAction) intent() IntentKind   { return DoRun }
func (Waive) intent() IntentKind       { return DoWaive }
func (WaiveWindow) intent() IntentKind { return DoWaiveWindow }
func (Deploy) intent() IntentKind      { return DoDeploy }
func (Pause) intent() IntentKind       { return DoPause }
func (Resume) intent() IntentKind      { return DoResume }
func (Undo) intent() IntentKind        { return DoUndo }
func (HoldOn) intent() IntentKind      { return DoHold }
func (Continue) intent() IntentKind    { return DoContinue }
func (Abandon) intent() IntentKind     { return DoAbandon }
func (Advance) intent() IntentKind     { return DoAdvance }
func (Promote) intent() IntentKind     { return DoPromote }
func (Abort) intent() IntentKind       { return DoAbort }

// KindOf names an intent's kind; a nil intent has none.
func KindOf(i Intent) IntentKind {
	if i == nil {
		return ""
	}
	return i.intent()
}
