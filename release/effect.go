package release

// Effect is something for the engine to do. The interface is sealed.
type Effect interface{ effect() }

// ChangeKind is what a Change does, to which object.
type ChangeKind string

// The changes.
const (
	SetImage  ChangeKind = "set image"
	UndoTo    ChangeKind = "undo"
	SetPaused ChangeKind = "pause"
	SetResume ChangeKind = "resume"

	ApplyCanary  ChangeKind = "apply canary"
	ScaleCanary  ChangeKind = "scale canary"
	ScaleStable  ChangeKind = "scale stable"
	SetWeight    ChangeKind = "set weight"
	DeleteCanary ChangeKind = "delete canary"
)

// OfCanary tells whether it changes the canary's Deployment.
func (k ChangeKind) OfCanary() bool {
	return k == ApplyCanary || k == ScaleCanary || k == DeleteCanary
}

// Change is the one kind of effect on the cluster. It is performed at most
// once: the Deployment must still have the UID, the pod template and the pause
// that it was decided on, and the patch tests the resourceVersion it was made
// from. The outcome comes back as Done.
//
// The same holds of the canary's Deployment, which must not exist where UID is
// empty; and of SetWeight, which changes the two weights of Object and nothing
// else while the canary's is WeightFrom and the rest of it is Rest. In a change of
// the canary's Deployment, UID, Before and Generation are that one's; SetWeight
// has none of them.
type Change struct {
	ID         string     `json:"id"`
	Kind       ChangeKind `json:"kind"`
	UID        string     `json:"uid"`              // precondition
	Before     string     `json:"before"`           // precondition: Template.Hash
	Paused     bool       `json:"paused,omitempty"` // precondition
	Generation int64      `json:"generation"`       // as it was when this was decided
	Container  string     `json:"container,omitempty"`
	Also       []string   `json:"also,omitempty"`     // SetImage, ApplyCanary: containers and init containers that get the image too
	From       string     `json:"from,omitempty"`     // the version that it was decided on
	Version    string     `json:"version,omitempty"`  // SetImage, UndoTo: the version that it leads to
	Image      string     `json:"image,omitempty"`    // SetImage
	Revision   int64      `json:"revision,omitempty"` // UndoTo; ApplyCanary: stable's revision whose pods it gets, 0 = the current ones'
	Template   string     `json:"template,omitempty"` // Template.Hash of that revision, a precondition too
	Unpause    bool       `json:"unpause,omitempty"`  // SetImage, UndoTo: resume in the same patch
	Cause      string     `json:"cause,omitempty"`    // the new kubernetes.io/change-cause
	By         Actor      `json:"by"`
	Why        string     `json:"why,omitempty"` // of an automatic decision: its evidence

	Object       string `json:"object,omitempty"`       // "virtualservice/datahub-gateway", "deployment/datahub-gateway-canary"
	Weight       int    `json:"weight,omitempty"`       // SetWeight: percent that the canary gets
	WeightFrom   int    `json:"weightFrom,omitempty"`   // SetWeight: a precondition
	Rest         string `json:"rest,omitempty"`         // SetWeight: Split.Rest, a precondition
	Replicas     int    `json:"replicas,omitempty"`     // ApplyCanary, ScaleCanary, ScaleStable
	ReplicasFrom int    `json:"replicasFrom,omitempty"` // ScaleCanary, ScaleStable: a precondition
	// Routes are the other routes to the canary that it was decided with: one that came
	// since refuses to take the canary's pods away.
	Routes []string `json:"routes,omitempty"`
}

// Probe looks at the outside world for one item of the record Of. Its result comes
// back as Probed.
type Probe struct{ Item, Of string }

// Tell is one line of activity: for the screen's Activity panel, the Log view
// and, without a screen, standard output.
type Tell struct {
	By   Actor
	Mark Mark
	Text string
}

// Refused answers an intent that is not allowed. Nothing changed.
type Refused struct {
	ID      string // of the wish
	Kind    IntentKind
	Refusal Refusal
}

func (Change) effect()  {}
func (Probe) effect()   {}
func (Tell) effect()    {}
func (Refused) effect() {}

// Mark is the state that a line, an item or a headline is in: a glyph and a hue.
type Mark string

// The marks.
const (
	MarkNone      Mark = ""
	MarkPass      Mark = "pass"
	MarkFail      Mark = "fail"
	MarkRunning   Mark = "running"
	MarkWaiting   Mark = "waiting"
	MarkWaived    Mark = "waived"
	MarkUnknown   Mark = "unknown"
	MarkStale     Mark = "stale"
	MarkAttention Mark = "attention" // a person must look
)
