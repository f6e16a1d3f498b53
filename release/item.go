package release

import (
	"errors"
	"fmt"
	"time"
)

// Stage is the part of the checklist that an item belongs to.
type Stage string

// The three stages of the checklist.
const (
	Pre    Stage = "Pre-deployment"
	During Stage = "During deployment"
	Post   Stage = "Post-deployment"
)

// Stages lists the stages in order.
var Stages = []Stage{Pre, During, Post}

// ItemType names a kind of item. What a kind is stands in its own file item_*.go,
// and all of them in one table: see items.go.
type ItemType string

// ItemSpec is one line of the checklist as configured.
type ItemSpec struct {
	ID       string // "health-checks-passing": what --tick and --waive name
	Title    string // "Health checks passing"
	Stage    Stage
	Type     ItemType
	Settings ItemSettings  // of its type's own, such as HTTPCheck; nil: none
	For      time.Duration // a check: how long it must hold before the item passes
	Every    time.Duration // a probed check: between two looks; 0 = as its kind does
	Runbook  string        // a link, or empty
}

// ItemSettings are the settings that only one type of item has. The interface is
// sealed: each implementation stands beside its kind.
type ItemSettings interface{ settingsOf() ItemType }

// SettingsOf gives an item's own settings, or the zero value where it has none.
func SettingsOf[S ItemSettings](spec ItemSpec) S {
	s, _ := spec.Settings.(S)
	return s
}

// Status is how an item stands.
type Status string

// The statuses of an item. Passed and Waived let a gate open; nothing else does.
const (
	Waiting Status = "waiting"
	Running Status = "running"
	Passed  Status = "passed"
	Failed  Status = "failed"
	Waived  Status = "waived"
	Unknown Status = "unknown"
)

// Item is the durable state of one checklist line.
type Item struct {
	ID       string    `json:"id"`
	Status   Status    `json:"status"`
	Evidence string    `json:"evidence,omitempty"` // one line: what was seen when the status was set
	Facts    Facts     `json:"facts,omitempty"`    // what was seen then, for later steps
	At       time.Time `json:"at,omitzero"`        // when the status was set
	By       Actor     `json:"by,omitzero"`        // who ticked or waived
	Note     string    `json:"note,omitempty"`     // with a tick
	Reason   string    `json:"reason,omitempty"`   // with a waiver; never empty then
	Attempts int       `json:"attempts,omitempty"` // of an action: how often it was run
}

// Settled tells whether the item lets a gate open.
func (i Item) Settled() bool { return i.Status == Passed || i.Status == Waived }

// Actor is who did something: the name that the API server knows, and the
// local account beside it. Slipway's own acts have By == Itself.
type Actor struct {
	Name  string `json:"name"`            // "eng-a", from a SelfSubjectReview
	Local string `json:"local,omitempty"` // "eng-a@host"
}

// String is the actor with the local account, where it is known.
func (a Actor) String() string {
	if a.Local == "" {
		return a.Name
	}
	return fmt.Sprintf("%s (%s)", a.Name, a.Local)
}

// Itself is the actor of everything that slipway does by itself.
var Itself = Actor{Name: "slipway"}

// ErrEarly says that a question about a stretch of time cannot be answered yet,
// because the stretch is too short. Time will mend it.
var ErrEarly = errors.New("too early to tell")

// Result is what a probe of the outside world found.
type Result struct {
	At      time.Time
	Verdict Verdict
	Early   bool          // NoData only because it is too early to tell
	Lasting bool          // not passed, and waiting cannot mend it
	Short   string        // for the right edge of the checklist: "200 v2.5.0"
	Detail  string        // the whole finding: "GET http://…/health: 503 Service Unavailable"
	Facts   Facts         // what later steps and the report can use
	Rows    []Fact        // the evidence in rows, as it is shown
	Wait    time.Duration // that was asked for before the next look
}
