package release

import "time"

// MetricName is one of the five measured panels of the dashboard.
type MetricName string

// The measured panels, in the dashboard's order.
const (
	ErrorRate   MetricName = "errorRate"
	LatencyP95  MetricName = "latencyP95"
	RequestRate MetricName = "requestRate"
	Memory      MetricName = "memory"
	CPU         MetricName = "cpu"
)

// Restarts is judged of a canary only: it is counted from the pods, not queried.
const Restarts MetricName = "restarts"

// Unit says how a value is written.
type Unit string

// The units of metric values, and what a value of 1 means in each.
const (
	Ratio     Unit = "ratio"   // 1 = 100%
	Seconds   Unit = "seconds" // 1 = 1s
	PerSecond Unit = "persec"  // 1 = one a second
	Bytes     Unit = "bytes"   // 1 = one byte
	Cores     Unit = "cores"   // 1 = one core
)

// BoundKind is the shape of a bound.
type BoundKind string

// The bounds. Threshold fails strictly above Max. Range fails outside
// Normal ± Tolerance. Limit fails above Warn of the limit, which is Max or,
// when FromDeployment is set, the container's own.
const (
	Threshold BoundKind = "threshold"
	Range     BoundKind = "range"
	Limit     BoundKind = "limit"
)

// Bound is what a metric is judged by.
type Bound struct {
	Kind           BoundKind
	Max            float64 // Threshold, Limit: in the metric's unit
	Normal         float64 // Range
	Tolerance      float64 // Range: 0.5 = ± 50%
	FromDeployment bool    // Limit: read from the Deployment
	Warn           float64 // Limit: the share of it that fails, 0.9 by default
}

// MetricSpec is one panel as configured.
type MetricSpec struct {
	Name     MetricName
	Title    string // "Error Rate"
	Unit     Unit
	Query    string // PromQL, placeholders already filled in
	Bound    Bound
	Rollback bool // counts towards the failure budget
	// Window is what the query looks back over; 0 when it tells of a moment.
	Window time.Duration
}

// Verdict is the answer of a judgement. NoData is neither good nor bad: it
// holds, and never passes a gate.
type Verdict string

// The verdicts.
const (
	NoData Verdict = "no data"
	Pass   Verdict = "pass"
	Fail   Verdict = "fail"
)

// Sample is the newest value of one metric, or why there is none.
type Sample struct {
	Metric MetricName
	At     time.Time // the sample's own timestamp; zero when there is none
	Value  float64   // in the metric's unit
	Err    string    // why there is no value: query error, empty vector, NaN, several series
	Lack   Lack      // of what kind Err is
}

// Point is one step of a series. Missing points are absent, not zero.
type Point struct {
	At    time.Time
	Value float64
}

// Judgement is a sample held against its bound.
type Judgement struct {
	Spec    MetricSpec
	Verdict Verdict
	Value   float64   // meaningful when Has
	Has     bool      // a value exists, fresh or stale
	At      time.Time // the sample's own timestamp
	Low     float64   // Range: the lower bound; otherwise 0
	High    float64   // the value above which it fails; 0 when unknown
	Limit   float64   // Limit: the whole limit, 0 when there is none or it is not known
	Unread  bool      // Limit: the Deployment that has the limit was not seen yet
	Why     string    // NoData and Fail: one line
	Lack    Lack      // NoData: what is missing
	Lasting bool      // NoData: waiting cannot mend it
	Failing int       // consecutive failing samples, for the budget
}
