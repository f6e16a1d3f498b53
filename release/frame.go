package release

import "time"

// Frame is everything that a screen or a plain line needs. The engine builds
// it; nobody changes it afterwards.
type Frame struct {
	Now      time.Time
	Plan     Plan
	State    State
	Series   map[MetricName][]Point // the last 10 minutes and more, oldest first
	Choices  []Choice
	Activity []Line // oldest first
	User     Actor  // who presses the keys
	// Identified tells that the API server has said who that is.
	Identified bool
	Logs       PodLog // of the pod that is followed, if any
}

// Line is one line of activity with its time.
type Line struct {
	Seq  int       `json:"seq"` // rises by one
	At   time.Time `json:"at"`
	By   Actor     `json:"by"`
	Mark Mark      `json:"mark,omitempty"`
	Text string    `json:"text"`
}

// PodLog is the tail of one pod's log.
type PodLog struct {
	Pod   string // empty: none is followed
	Lines []string
	Err   string
	At    time.Time // when the last line or answer came
}

// Choice is one thing that may be asked for, what it would do, or why not.
type Choice struct {
	Kind   IntentKind
	Item   string // DoTick, DoWaive: which item
	Intent Intent // ready to be sent; a typed reason, note or confirmation still to be filled in
	Seen   Seen   // to be sent with it
	// Refusals are what stands against it now, what is said of it first; none: it may be
	// asked for.
	Refusals []Refusal
	Preview  Preview
}

// Preview is a confirmation in words. Screen, commands and journal say the same.
type Preview struct {
	Title   string // "Undo datahub-gateway"
	Line    string // "undo to v2.4.0, revision 14"
	Object  string // "deployment/datahub-gateway in prod-eu / datahub-production"
	Change  string // "v2.5.0 → v2.4.0"
	How     string // "rolling, 6 pods, 8 at most, never below 5"
	Back    string // the way back
	SameAs  Commands
	Facts   []Fact // what could stop it, each judged
	Diff    []DiffLine
	Confirm string // the word to be typed before it is performed, or empty
}

// Fact is one judged line of a confirmation.
type Fact struct {
	Label string // "others"
	Mark  Mark
	Text  string // "no GitOps controller owns this Deployment"
}

// DiffOp says how a line of a diff differs.
type DiffOp byte

// The kinds of diff lines: Head is a path, Same is context.
const (
	Head    DiffOp = 'h'
	Same    DiffOp = ' '
	Added   DiffOp = '+'
	Removed DiffOp = '-'
)

// DiffLine is one line of a template's difference.
type DiffLine struct {
	Op   DiffOp
	Text string
}
