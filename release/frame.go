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
	BackKey string // the key that takes it back: "u"
	Object  string // "deployment/datahub-gateway in prod-eu / datahub-production"
	Change  string // "v2.5.0 → v2.4.0"
	How     string // "rolling, 6 pods, 8 at most, never below 5"
	Back    string // the way back
	SameAs  Commands
	Gates   []Gate // of a deploy: the items that come before it
	Facts   []Fact // what could stop it, each judged
	Diff    []DiffLine
	Confirm string // the word to be typed before it is performed, or empty
}

// Whole is the line with its way back: "deploy v2.5.0 on deployment/x · way back: u".
func (p Preview) Whole() string {
	if p.BackKey == "" {
		return p.Line
	}
	return p.Line + " · way back: " + p.BackKey
}

// Gate is an item that comes before a deploy, and how it stands.
type Gate struct {
	Title string
	Mark  Mark
	How   string // "eng-b, 12:39:20", "open"
}

// FactLabel says what a fact is about.
type FactLabel string

// The facts that surfaces look for.
const (
	FactFresh  FactLabel = "fresh"   // when it was read
	FactGuard  FactLabel = "guard"   // what becomes of it when it is not fresh any more
	FactSafe   FactLabel = "safe to" // whether stable can take the traffic
	FactOver   FactLabel = "over"    // what someone else changed, and this rolls back
	FactCanary FactLabel = "canary"  // what of a canary is there
)

// Fact is one judged line of a confirmation.
type Fact struct {
	Label FactLabel // "others"
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
