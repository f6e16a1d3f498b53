package release

import (
	"fmt"
	"time"
)

// CanaryPlan is how a canary release goes. Plan.Deployment is stable's; the
// canary is a Deployment of its own.
type CanaryPlan struct {
	// Aside means that releases are rolling updates: a canary that is there all the same
	// is seen, and led to its end.
	Aside      bool
	Deployment string // of the canary: "datahub-gateway-canary"
	// Route is the object that splits the traffic, "virtualservice/datahub-gateway";
	// empty: both serve behind one Service, and counts of pods are the split.
	Route string
	Steps []int         // percent of the traffic, rising
	Bake  time.Duration // at each step
	Auto  bool          // a step that has baked and passed leads on by itself
	// UndoByWeights has an undo of stable serve the earlier version as a canary first.
	UndoByWeights bool
	Pods          int    // the least number of canary pods
	Rules         []Rule // of canary against stable
	// Least is how many requests the canary needs in Traffic.Window before its error
	// rate and its latency say anything.
	Least float64
	// Confidence is that of the statistical judge, 0.98; 0 = plain bounds only.
	Confidence float64
}

// ByCanary tells whether the next release is a canary.
func (p Plan) ByCanary() bool { return p.Canary != nil && !p.Canary.Aside }

// Misses says why the plan cannot lead a release on, or "": a canary that is under way
// needs to be known. Step is not given such a record.
func (p Plan) Misses(r Record) string {
	if p.Canary != nil || !(State{Record: r}).Underway() {
		return ""
	}
	return fmt.Sprintf("the unfinished release of %s is a canary, and environment %s has no canary block any more: put it back, and lead the canary on or abort it", r.To.Version, p.Environment)
}

// Rule is how far above stable's a figure of the canary may be. The metric's own
// bound holds as well.
type Rule struct {
	Metric MetricName
	Above  float64 // absolute, in the metric's unit, or the share of stable's value
	Share  bool
	Trial  bool // the statistical judge looks at it too
}

// CanaryStage is where a canary release stands within its phase. What leads from one to
// another is in the table stages.
type CanaryStage string

// The stages. What each waits for is only observed, never assumed.
const (
	Creating  CanaryStage = "creating"  // until the canary's pods are available
	Shifting  CanaryStage = "shifting"  // pods enough for the weight, then the weight, then seen
	Baking    CanaryStage = "baking"    // the weight is live and judged
	Promoting CanaryStage = "promoting" // stable gets the image; the traffic stays on the canary
	Restoring CanaryStage = "restoring" // stable gets its earlier template back; the traffic stays
	Returning CanaryStage = "returning" // all traffic to stable, until seen
	Removing  CanaryStage = "removing"  // promoted: the canary is deleted; aborted: scaled to 0
	Gone      CanaryStage = "done"
)

// Way is the direction of a canary that is under way, and how it is taken back.
type Way string

// The ways.
const (
	Forward       Way = "forward"         // to its promotion
	Back          Way = "back"            // it is aborted: stable serves as it was
	UndoByWeights Way = "undo by weights" // it runs the earlier version, which serves until stable has it again
	UndoAtOnce    Way = "undo at once"    // the same, and stable is rolled back without waiting for the traffic
)

// Undoes tells whether what runs beside stable is the earlier version.
func (w Way) Undoes() bool { return w == UndoByWeights || w == UndoAtOnce }

// taken is the way of what is taken back: an undo goes on at once, anything else back.
func (w Way) taken() Way {
	if w.Undoes() {
		return UndoAtOnce
	}
	return Back
}

// atOnce is the way of an undo that does not wait for the traffic any more; others stay.
func (w Way) atOnce() Way {
	if w.Undoes() {
		return UndoAtOnce
	}
	return w
}

// CanaryRun is the durable state of a canary release.
type CanaryRun struct {
	Stage  CanaryStage `json:"stage"`
	Since  time.Time   `json:"since,omitzero"`  // of the stage
	Step   int         `json:"step"`            // index of the step whose weight is on or wanted
	Weight int         `json:"weight"`          // percent that the canary is to have
	From   int         `json:"from,omitempty"`  // shifting: percent that it had when it began to
	Aside  bool        `json:"aside,omitempty"` // shifting: its traffic goes to stable until it has pods again
	Live   time.Time   `json:"live,omitzero"`   // since when that weight is seen; zero while it is not
	// Passing is since when a round has passed after one that failed: the bake counts
	// from it. Zero: none has failed. Failed tells that the newest one did.
	Passing  time.Time `json:"passing,omitzero"`
	Failed   bool      `json:"failed,omitempty"`
	By       Actor     `json:"by,omitzero"`   // who asked for what is under way
	Why      string    `json:"why,omitempty"` // of what goes on by itself: the evidence
	UID      string    `json:"uid,omitempty"` // of the canary's Deployment, once seen
	Template string    `json:"template,omitempty"`
	Way      Way       `json:"way,omitempty"`
	Stable   string    `json:"stable,omitempty"`   // on the way back: the template that stable leaves
	Rest     string    `json:"rest,omitempty"`     // Split.Rest that it goes by
	Promoted bool      `json:"promoted,omitempty"` // stable has got the image
	// Full is how many pods stable had when it carried all the traffic, 0 = not known.
	// Grown is how often it was scaled up on the return of the traffic.
	Full  int `json:"full,omitempty"`
	Grown int `json:"grown,omitempty"`
	// Until is how long a change that was given up unanswered may still arrive: so
	// long the canary keeps its pods.
	Until time.Time `json:"until,omitzero"`
	// Cut are the other routes to the canary whose requests a person has given up.
	Cut   []string `json:"cut,omitempty"`
	Tries int      `json:"tries,omitempty"` // of what goes on by itself and came to nothing
	Sent  int      `json:"sent,omitempty"`  // changes accepted in this stage: more than it needs are undone by someone
}

// Split is how the traffic is divided, as last read.
type Split struct {
	At     time.Time // when the API server last answered about it
	Canary int       // percent of the traffic that the canary gets, as written; stable gets the rest
	Rest   string    // of everything else in the object: equal while only the two weights changed
	Writer string    // who last wrote the object: "kubectl-edit"
	// Err says why it cannot be used, with what to do: "virtualservice/datahub-gateway
	// has 2 routes with both destinations: name one in canary.traffic.istio.route".
	Err string
	// Silent tells that Err is why there has been no answer since At: what was read
	// then may still be so, and nobody has changed anything.
	Silent bool
	// Blocked says why no canary may begin although the split can be read: selectors
	// that overlap, a Service that is missing.
	Blocked []string
	// StablePath and CanaryPath are JSON pointers (RFC 6901) to the two weights in the
	// object, for the equivalent command; empty while it cannot be read.
	StablePath, CanaryPath string
	Same                   []PatchTest // that destinations and weights are what was read; for that command too
	Notes                  []string    // worth knowing: "1 route above takes what it matches"
	// Routes are the other routes that send requests to the canary, whatever the two
	// weights are: "http route internal of virtualservice/datahub-gateway". They are not
	// changed. RoutesErr says why not all of them are known, or "".
	Routes    []string
	RoutesErr string
}

// PatchTest is a test operation of a JSON patch (RFC 6902).
type PatchTest struct {
	Path  string
	Value string // as JSON
}

// Pair is one figure of both versions over the same window.
type Pair struct {
	Metric         MetricName
	Canary, Stable Sample
	Trial          Trial
	// Past is their values, oldest first, for sparklines.
	Past struct{ Canary, Stable []Point }
}

// Trial is a one-sided Mann–Whitney U test: are the canary's values higher? Its
// values are of windows that do not overlap, since the weight went live.
type Trial struct {
	N, M           int     // values of the canary, of stable
	P              float64 // the chance of values so high if both were alike; of no values at all, 1
	Canary, Stable float64 // medians
}

// TrialLeast is how many values of each version a trial needs to be as certain as asked.
// With n values of both, the rarest outcome has the chance of one in 2n over n: with
// four 1/70, with five 1/252. Fewer than four are never tried.
func TrialLeast(confidence float64) int {
	n, outcomes := leastTrial, 70.0
	for 1/outcomes >= 1-confidence {
		n++
		outcomes *= float64(2*n*(2*n-1)) / float64(n*n)
	}
	return n
}

const leastTrial = 4

// Comparing is what the figures of both versions are to be asked for.
type Comparing struct {
	On             bool
	Since          time.Time // when the weight went live
	Canary, Stable string    // versions
}
