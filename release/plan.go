package release

import "time"

// Plan is what the configuration asks for: one service in one environment.
// It does not change while a release runs, except for a restart with another
// configuration.
type Plan struct {
	Service     string // "datahub-gateway"
	Image       string // repository without tag; the tag is the version
	Environment string // "production"
	Cluster     string // the kubeconfig context, or what stands for the pod's own account
	InCluster   bool   // it is the pod's own account: there is no context
	Kubeconfig  string // the file that was named; empty: where kubectl looks as well
	ClusterID   ClusterID
	Namespace   string
	Deployment  string
	Container   string   // whose image is the version, and that is judged
	Containers  []string // that get the version; Container need not be among them
	Protected   bool     // deploy asks for the environment's name to be typed

	Items    []ItemSpec // in order; pre, during, post
	Metrics  []MetricSpec
	Rollback Rollback
	Stale    Staleness
	Traffic  Traffic
	Windows  Windows // when changes may be made

	Hangup Hangups

	// Canary is how a canary release goes; nil: no canary is known here, and releases are
	// rolling updates.
	Canary *CanaryPlan
}

// Staleness is how old an input may be and still decide anything.
type Staleness struct {
	Workload time.Duration // since the API server last answered
	Metric   time.Duration // since the sample's own timestamp
}

// Traffic is how much of it the error rate and the latency need to say anything.
type Traffic struct {
	Least  float64       // requests in Window; fewer are no data
	Window time.Duration // that the queries look back over
}

// Answer is what slipway does when a rollout fails.
type Answer string

// The answers to a failure.
const (
	Auto Answer = "auto" // undo by itself
	Ask  Answer = "ask"  // ask a person, and wait
	Off  Answer = "off"  // show it, nothing else
)

// Rollback is how a failing rollout is answered.
type Rollback struct {
	OnDeadline Answer // ProgressDeadlineExceeded
	OnMetrics  Answer // the failure budget is used up
	After      int    // consecutive failing samples that use it up
}

// Phase is where a release stands.
//
//	planned → deploying → verifying → released
//	   │          └────┬──────┘ undo, or automatic
//	   ▼               ▼
//	abandoned     rolling back → rolled back
type Phase string

// The phases of a release. Idle is no release at all: slipway only watches.
const (
	Idle        Phase = ""
	Planned     Phase = "planned"
	Deploying   Phase = "deploying"
	Verifying   Phase = "verifying"
	Released    Phase = "released"
	RollingBack Phase = "rolling back"
	RolledBack  Phase = "rolled back"
	Abandoned   Phase = "abandoned"
)

// Over tells whether nothing more will happen in this phase unless a person
// begins something new.
func (p Phase) Over() bool {
	return p == Idle || p == Released || p == RolledBack || p == Abandoned
}
