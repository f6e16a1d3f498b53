package release

import (
	"fmt"
	"time"
)

// Workload is one Deployment with everything that belongs to it, as last
// observed. It is a value: whoever builds it hands over a copy nobody changes.
// Text in it comes from the cluster with control characters already removed.
type Workload struct {
	At time.Time // when the API server last answered about it
	// Skew is what to add to the API server's time to get this machine's. The times of
	// pods and causes are this machine's already; those of Progressing are not, for they
	// are compared with each other.
	Skew  time.Duration
	Found bool // false: the API server says that it does not exist

	Name            string
	Namespace       string
	UID             string
	ResourceVersion string
	Generation      int64
	Observed        int64 // status.observedGeneration
	Paused          bool
	ChangeCause     string
	Writer          string // the field manager that last wrote the pod template

	Desired     int // spec.replicas
	Replicas    int // status.replicas, old and new
	Updated     int
	Ready       int
	Available   int
	MaxSurge    int           // resolved to pods
	MaxUnavail  int           // resolved to pods
	History     int           // revisionHistoryLimit
	Deadline    time.Duration // progressDeadlineSeconds; 0 = none
	Progressing Condition
	Containers  []Container
	Init        []Container // init containers, sidecars among them
	Template    Template    // the current pod template

	Revisions []Revision // existing ReplicaSets, newest first
	Pods      []Pod      // of this Deployment, worst first, then newest
	UsageAt   time.Time  // when cpu and memory of the pods were measured
	Causes    []Cause    // why pods fail, grouped, worst first
	Events    []Note     // newest first, bounded
	Managers  []string   // who else would fight a change: "Argo CD (label argocd.argoproj.io/instance)"
}

// Condition is one condition of a Deployment.
type Condition struct {
	Status  string // "True", "False", "Unknown", or empty when absent
	Reason  string
	Message string
	Updated time.Time // lastUpdateTime
}

// Container is one container of the pod template.
type Container struct {
	Name      string
	Image     string
	CPU       float64 // limit in cores that its pods run with, 0 = none
	Memory    float64 // limit in bytes that they run with, 0 = none
	Readiness string  // "GET :3001/health/ready", or empty
	Init      bool    // an init container
	Sidecar   bool    // an init container that goes on running
}

// Revision is one existing ReplicaSet of the Deployment.
type Revision struct {
	Number     int64
	ReplicaSet string
	UID        string
	Created    time.Time
	Cause      string // kubernetes.io/change-cause
	Image      string // of the released container
	Version    string // the image's tag
	Desired    int
	Ready      int
	Available  int
	Current    bool // the Deployment's template is this one
	Template   Template
}

// target is the revision as what a Deployment converges to.
func (r Revision) target() Target {
	return Target{Version: r.Version, Image: r.Image, Revision: r.Number, Template: r.Template.Hash}
}

// revisionWords names a revision; one without the released container has no version.
func revisionWords(version string, number int64) string {
	if version == "" {
		return fmt.Sprintf("revision %d", number)
	}
	return fmt.Sprintf("%s, revision %d", version, number)
}

// Template is a pod template as sorted fields, pod-template-hash left out, so
// that two can be compared and their difference shown.
type Template struct {
	Hash   string // equal hashes, equal templates
	Fields []Field
}

// Field is one leaf of a pod template.
type Field struct {
	Path  string // "containers[gateway].env"
	Key   string // "KEY_ROTATION"
	Value string // "on", as YAML writes it
}

// PodState is what a pod does for the service, one glyph each.
type PodState string

// The pod states, best first.
const (
	PodServing  PodState = "serving"
	PodStarting PodState = "starting"
	PodPending  PodState = "pending"
	PodDraining PodState = "draining"
	PodFailing  PodState = "failing"
	// PodReplaced was ended by its node, and another pod took its place.
	PodReplaced PodState = "replaced"
)

// Leaves tells whether a pod is on its way out, or gone: it serves nobody, and is
// missed by nobody.
func (s PodState) Leaves() bool { return s == PodDraining || s == PodReplaced }

// Pod is one pod of the Deployment.
type Pod struct {
	Name     string
	Revision int64 // of its ReplicaSet
	Version  string
	State    PodState
	Reason   string // "Ready", "Running, not ready", "CrashLoopBackOff"
	Message  string
	Ready    int       // ready containers
	Total    int       // containers
	Restarts int       // of all its containers
	Last     time.Time // last restart, zero = never
	Own      Restarted // of the released containers: what is judged
	Created  time.Time
	ReadyAt  time.Time // when it became ready, zero = not ready
	Node     string
	CPU      float64 // cores; meaningful when Measured
	Memory   float64 // bytes; meaningful when Measured
	Measured bool
}

// Cause is why pods fail, grouped: "2 pods CrashLoopBackOff, exit 1: …".
type Cause struct {
	Reason  string // "CrashLoopBackOff, exit 1"
	Text    string // last log line or the cluster's message
	Pods    []string
	Version string // the version they run, empty when several
	First   time.Time
	Newest  time.Time
	Soft    bool // may still heal by itself: readiness failing, unschedulable
	// Over means that it is only told: the pod serves again, or was replaced after its
	// node ended it. It is soft, and counts against nobody.
	Over bool
	// Node means that the pod's node ended it, for the node's own sake.
	Node bool
}

// Note is one event of the cluster.
type Note struct {
	At     time.Time
	Reason string
	Object string // "-q7hzn": the pod's last part, or the ReplicaSet's
	Text   string
	Count  int
}
