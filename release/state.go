package release

import (
	"cmp"
	"fmt"
	"time"
)

// State is everything that Step decides from.
type State struct {
	Record
	View View
}

// RecordFormat is the version of the durable form. A new one needs an upgrade from the
// one before, which is the journal's.
const RecordFormat = 2

// Record is the durable half: a document that anyone can pick up. It
// serialises to a few KiB of JSON.
type Record struct {
	Format      int    `json:"format"`
	Seq         int    `json:"seq"` // one more with each durable change
	ID          string `json:"id"`
	Service     string `json:"service"`
	Environment string `json:"environment"`
	Cluster     string `json:"cluster"`
	Namespace   string `json:"namespace"`
	Deployment  string `json:"deployment"`
	// ClusterID is what the cluster is known by; earlier records have none.
	ClusterID ClusterID `json:"clusterID,omitzero"`

	// Alone is since when nobody is attached to it: its terminal hung up.
	Alone time.Time `json:"alone,omitzero"`

	Phase Phase     `json:"phase"`
	Began time.Time `json:"began,omitzero"`
	By    Actor     `json:"by,omitzero"`    // who began it
	Ended time.Time `json:"ended,omitzero"` // when the phase became over
	From  Target    `json:"from"`           // what ran before
	To    Target    `json:"to"`             // what is being released
	// Ground is what an automatic rollback goes to: what was seen serving when the
	// release began. Its template is empty where nothing was; nil: it was not looked at.
	Ground *Target `json:"ground,omitempty"`
	Items  []Item  `json:"items,omitempty"`

	Rollout Rollout    `json:"rollout,omitzero"`
	Canary  *CanaryRun `json:"canary,omitempty"` // how far the canary is; nil: there is none
	// Deployed is when the deploy was accepted.
	Deployed time.Time `json:"deployed,omitzero"`
	// Waiver opens the change window for this release.
	Waiver *WindowWaiver `json:"windowWaiver,omitempty"`

	Held    *Hold     `json:"held,omitempty"`
	Asking  *Question `json:"asking,omitempty"`
	Pending *Pending  `json:"pending,omitempty"` // the one effect in flight
	Task    *Task     `json:"task,omitempty"`    // the one in flight that leaves the workload alone
	Auto    string    `json:"auto,omitempty"`    // why slipway undid by itself, which it does once, or gave up
	// Returned says who else had the Deployment run again what ran before.
	Returned string    `json:"returned,omitempty"`
	Tries    int       `json:"tries,omitempty"` // automatic undos that came to nothing
	Told     []Trouble `json:"told,omitempty"`  // what was answered otherwise: asked, or only told; until it is over
	// Figures are what Told's failing metrics were: another one that fails is another
	// failure.
	Figures []MetricName `json:"figures,omitempty"`
	Last    *Outcome     `json:"last,omitempty"` // of the last change
	// Judging is what the judging of figures has come to; nil: nothing was judged, or an
	// earlier slipway led it, which did not write it down.
	Judging *Judging `json:"judging,omitempty"`
	// Resumes is the release that was planned when this undo or abort began, with Seq as
	// in its own record, which goes on once this one is over. It has none itself.
	Resumes *Record `json:"resumes,omitempty"`
}

// because says why a release was rolled back, or by whom; by hand if by a person here.
func (r Record) because(byHand string) string {
	switch {
	case r.Auto != "":
		return r.Auto
	case r.Returned != "":
		return "by " + r.Returned
	}
	return byHand
}

// Undone says of a release that was rolled back which pod template that was of,
// and when and why.
func (r Record) Undone() (template, why string, ok bool) {
	if r.Phase != RolledBack || r.To.Template == "" || r.To.Template == r.Rollout.Goal.Template {
		return "", "", false
	}
	return r.To.Template, fmt.Sprintf("%s was rolled back on %s: %s", r.To.Version, r.Ended.Format("2 Jan at 15:04"), r.because("by hand")), true
}

// Target is something that a Deployment can run.
type Target struct {
	Version  string `json:"version,omitempty"`
	Image    string `json:"image,omitempty"`
	Revision int64  `json:"revision,omitempty"` // 0 = not known yet
	Template string `json:"template,omitempty"` // Template.Hash, empty = not known yet
	Rest     string `json:"rest,omitempty"`     // of the pod template without the released image, where an undo may need it
}

// seenAs is what pods and causes call its version: that of its image.
func (g Target) seenAs() string { return cmp.Or(Version(g.Image), g.Version) }

// Rollout is the convergence under way: of a deploy or of an undo.
type Rollout struct {
	Goal       Target    `json:"goal"`
	UID        string    `json:"uid,omitempty"` // of the Deployment
	Began      time.Time `json:"began,omitzero"`
	Generation int64     `json:"generation,omitempty"` // the Deployment's after the change was accepted; 0 until then
	Condition  time.Time `json:"condition,omitzero"`   // Progressing.Updated before the change: a deadline must be newer
	Completed  time.Time `json:"completed,omitzero"`   // when seen complete
	Stood      time.Time `json:"stood,omitzero"`       // since when it was complete, where it is only judged; zero = it was not
	// Excused metrics were out of bounds before the change, with these values:
	// only failures twice as bad count, until they have passed again.
	Excused map[MetricName]float64 `json:"excused,omitempty"`
}

// Trouble is what a rollout can be answered for.
type Trouble string

// The troubles.
const (
	Deadline  Trouble = "deadline" // ProgressDeadlineExceeded
	Figures   Trouble = "metrics"  // the failure budget is used up
	Blindness Trouble = "no data"  // a figure that could undo has been missing for long
	Unserved  Trouble = "no pods"  // traffic goes to a canary of which no pod is available
)

// HoldKind is why a release decides nothing by itself.
type HoldKind string

// The reasons to hold.
const (
	HeldByHand    HoldKind = "by hand"   // h
	HeldOnReturn  HoldKind = "on return" // an unfinished release was found; a person must say continue
	HeldByOthers  HoldKind = "someone else changed it"
	HeldByFailure HoldKind = "failed" // a change was refused or failed
	HeldByRoute   HoldKind = "another route leads to the canary"
)

// Hold is an active hold.
type Hold struct {
	Kind   HoldKind `json:"kind"`
	Reason string   `json:"reason"` // one sentence: what was asked, what is observed
	// Stable is the pod template of the Deployment that someone else changed; empty:
	// the hold is not about that.
	Stable string    `json:"stable,omitempty"`
	By     Actor     `json:"by"`
	At     time.Time `json:"at"`
}

// Question is a question to a person that opened by itself: undo after a deadline
// or a used-up failure budget, when the answer is configured as "ask", or go on
// without figures.
type Question struct {
	Trouble Trouble   `json:"trouble"`
	Reason  string    `json:"reason"`
	At      time.Time `json:"at"`
}

// Pending is a change that was asked for and whose outcome is not known.
type Pending struct {
	Change  Change    `json:"change"`
	Since   time.Time `json:"since"`
	Unknown bool      `json:"unknown,omitempty"` // the answer was lost, or we were gone: observe, never repeat
	// Follows tells that it is one of the changes of a canary's way, not a wish of
	// its own; Stage is the canary's once it is accepted.
	Follows bool        `json:"follows,omitempty"`
	Stage   CanaryStage `json:"stage,omitempty"`
	Next    Phase       `json:"next,omitempty"` // the phase once it is accepted; until then nothing has changed
	Goal    Target      `json:"goal,omitzero"`  // what the Deployment converges to then
	// Condition is Progressing.Updated before the change, Stable the template that
	// stable's Deployment had.
	Condition time.Time `json:"condition,omitzero"`
	Stable    string    `json:"stable,omitempty"`
}

// Outcome is how a change ended.
type Outcome struct {
	ID         string      `json:"id"`
	Kind       OutcomeKind `json:"kind"`
	By         Actor       `json:"by,omitzero"`    // who asked for the change
	Of         OpKind      `json:"of,omitempty"`   // the kind of the change
	What       string      `json:"what,omitempty"` // Change.Describe
	Text       string      `json:"text,omitempty"` // the cluster's words, or what was observed
	Generation int64       `json:"generation,omitempty"`
	Stored     Stored      `json:"stored,omitzero"`
	Facts      Facts       `json:"facts,omitempty"` // of a task: what later steps can use
	At         time.Time   `json:"at"`
}

// Stored is what the API server made of an accepted change: admission may have
// added to what was sent.
type Stored struct {
	Image    string `json:"image,omitempty"`    // of the released container
	Template string `json:"template,omitempty"` // Template.Hash
}

// OutcomeKind is the kind of an outcome.
type OutcomeKind string

// The outcomes of a change.
const (
	Accepted  OutcomeKind = "accepted"  // the API server took it
	Skipped   OutcomeKind = "skipped"   // nothing to do, nothing was done
	Moved     OutcomeKind = "moved"     // the precondition no longer held, nothing was done
	Denied    OutcomeKind = "refused"   // the API server refused it, nothing was done
	Lost      OutcomeKind = "lost"      // no answer: it may or may not have happened
	Errored   OutcomeKind = "failed"    // of a task: it was done, and did not succeed
	Cancelled OutcomeKind = "cancelled" // of a task: a person ended it
)

// View is the observed half. Only events write it.
type View struct {
	Mode Mode // of this console
	// WentOn is since when the release had gone on without a terminal, before this console
	// took it over; zero: it had not.
	WentOn time.Time
	// Driver is who else leads a release here; nil: nobody does.
	Driver *Driver
	// Undone says of pod templates, by their hash, that an earlier release of them was
	// rolled back, when and why.
	Undone map[string]string
	// Before is what ran before the last release here, for an undo where no revision is
	// kept.
	Before Before

	Clock  time.Time // of the last event
	Taken  string    // the ID of the last wish that was taken
	Ended  *Record   // of the undo or abort that the planned release came back after
	Window string    // how the change window was last told to stand
	// ClusterUID is what the cluster is known by, once it has said so.
	ClusterUID string
	Workload   Workload
	Unseen     time.Time // since when the controller has not observed the newest generation; zero = it has
	Samples    map[MetricName]Sample
	Failing    map[MetricName]Run       // failing samples in a row
	Blind      map[MetricName]time.Time // since when there is nothing to judge by
	Links      map[Source]Link
	Probes     map[string]ProbeState // by item
	Checks     map[string]Holding    // by item

	// Elsewhere tells that another process leads the release, and counts samples and rounds.
	Elsewhere bool

	Progress Progress  // of the task in flight
	Sought   time.Time // when a task whose answer is not known was last looked for

	Canary    Workload // the canary's Deployment
	CanaryErr string   // why that has not been seen since, or ""
	Split     Split    // how the traffic is divided
	Judged    Judged
}

// Judged is what is compared of canary and stable at the weight that is live. With
// another weight it begins anew.
type Judged struct {
	Pairs   map[MetricName]Pair      // the newest
	Losing  map[MetricName]Run       // failing rounds in a row, of what counts
	Tally   Tally                    // of the rounds
	Earlier int                      // rounds that passed before the newest one that failed
	Round   time.Time                // when the newest of those was
	Dark    map[MetricName]time.Time // since when a measure is not there to be judged
}

// inARow is how many rounds have passed since one failed.
func (j Judged) inARow() int { return j.Tally.Pass - j.Earlier }

// Tally counts judged rounds.
type Tally struct{ Pass, Fail, NoData int }

// Run is failing samples of a metric in a row.
type Run struct {
	Count   int       // of those that count: spread over at least the metric's window
	Samples []Sample  // those, oldest first, at most Rollback.After
	Newest  time.Time // of all of them
}

// Holding is how long a check has held. Time without data is not counted; a
// failure starts it anew.
type Holding struct {
	For    time.Duration
	Last   time.Time // when it was last seen to hold; zero = not in the last look
	Failed bool      // it has been seen to fail
}

// ProbeState is what is known of an item that is probed.
type ProbeState struct {
	Sent   time.Time // zero when none is in flight
	Result Result
}

// Source is something that is observed over a link.
type Source string

// The links.
const (
	Kubernetes Source = "k8s"
	Prometheus Source = "prometheus"
)

// Link is the state of the way to a source.
type Link struct {
	OK    bool
	Since time.Time // when OK last changed
	Last  time.Time // when it last answered
	Err   string    // why not OK
	Tries int       // failed tries since it was lost
	Next  time.Time // when the next try is made
}
