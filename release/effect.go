package release

// Effect is something for the engine to do. The interface is sealed.
//
//sumtype:decl
type Effect interface{ effect() }

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
