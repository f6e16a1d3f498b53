package release

import (
	"fmt"
	"maps"
	"slices"
	"time"
)

// Class is who or what settles an item.
type Class string

// The classes of items.
const (
	Manual Class = "by hand" // a person ticks it
	Check  Class = "check"   // it looks again and again for as long as it is due
	Action Class = "action"  // it changes something, once
)

// kind is what there is to know of a type of item. The machine, the screen, the
// commands, the configuration and the checks all read it here; package config adds how
// its settings are written, package checklist how a probe of it looks.
type kind struct {
	class    Class
	settings ItemSettings // the zero value of its own settings; nil: it has none
	// words says what it looks at or does: "GET https://…: 200 and the version".
	words func(plan Plan, spec ItemSpec) string

	// Of checks. One is due before the deploy if it comes before it, and otherwise while
	// the release verifies.
	after   bool // it can pass only after the deploy
	rolling bool // it is also due while the rollout is under way
	look    func(plan Plan, s State, spec ItemSpec, now time.Time) finding
	needs   func(spec ItemSpec, metric MetricName) bool // nil, or whether it passes only with that metric
	people  bool                                        // it looks what people say: while it has not passed, a person settles it
	// lost tells of one that is open whether no later look can mend it.
	lost func(plan Plan, s State, item Item, now time.Time) bool

	// Of actions, but for the deploy.
	do       func(plan Plan, s State, spec ItemSpec) Operation // what it performs, as a task
	preview  func(plan Plan, s State, spec ItemSpec) Preview   // nil, or how do is confirmed; what is empty is filled in
	windowed bool                                              // it is refused while the change window is closed

	// Of checks that a probe looks for, with no look of their own.
	every   time.Duration // between two looks; a check of something with rate limits takes its time
	least   time.Duration // the shortest that the configuration may choose
	timeout time.Duration // of one look
	stale   time.Duration // after which a finding counts no more
}

// kinds is the table of all types. Each file item_*.go adds its own.
var kinds = map[ItemType]kind{}

// register adds a type to the table.
func register(t ItemType, k kind) ItemType {
	if _, twice := kinds[t]; twice {
		panic(fmt.Sprintf("item type %s twice", t))
	}
	kinds[t] = k
	return t
}

// ItemTypes lists all types.
func ItemTypes() []ItemType { return slices.Sorted(maps.Keys(kinds)) }

// Class says who or what settles items of the type.
func (t ItemType) Class() Class { return kinds[t].class }

// Probed tells whether the evidence of items of the type comes from outside the
// workload and the metrics, by a Probe effect.
func (t ItemType) Probed() bool { return kinds[t].class == Check && kinds[t].look == nil }

// Settings is the zero value of the settings of the type; nil: it has none.
func (t ItemType) Settings() ItemSettings { return kinds[t].settings }

// AfterDeploy tells whether items of the type can pass only after the deploy.
func (t ItemType) AfterDeploy() bool { return kinds[t].after }

// Performs tells whether items of the type perform an operation of their own.
func (t ItemType) Performs() bool { return kinds[t].do != nil }

// OperationOf is the operation that actions of a type perform, or "".
func OperationOf(t ItemType) OpKind {
	if k := kinds[t]; k.do != nil {
		return k.do(Plan{}, State{}, ItemSpec{Type: t, Settings: k.settings}).Kind()
	}
	return ""
}

// ShortestEvery is the shortest time between two looks that an item of the type may be
// given.
func (t ItemType) ShortestEvery() time.Duration { return kinds[t].least }

// Class says who or what settles the item.
func (s ItemSpec) Class() Class { return s.Type.Class() }

// Deploys tells whether the item is the deploy itself.
func (s ItemSpec) Deploys() bool { return s.Type == ItemDeploy }

// Look is how often a probe looks for the item, how long one look may take, and after
// how long its finding is stale.
func (s ItemSpec) Look() (every, timeout, stale time.Duration) {
	k := kinds[s.Type]
	every = k.every
	if s.Every > 0 {
		every = s.Every
	}
	return every, k.timeout, max(k.stale, 2*every+k.timeout)
}

// words says what the item looks at or does.
func (s ItemSpec) words(plan Plan) string {
	if w := kinds[s.Type].words; w != nil {
		return w(plan, s)
	}
	return string(s.Type)
}

// needs tells whether an item passes only when a metric can be judged.
func (s ItemSpec) needs(name MetricName) bool {
	n := kinds[s.Type].needs
	return n != nil && n(s, name)
}

// comesFirst tells whether an item comes before the deploy, which then waits for it.
func comesFirst(plan Plan, spec ItemSpec) bool {
	if spec.Stage == Pre {
		return true
	}
	at := slices.IndexFunc(plan.Items, ItemSpec.Deploys)
	return at >= 0 && slices.ContainsFunc(plan.Items[:at], func(before ItemSpec) bool { return before.ID == spec.ID })
}

// due tells whether a check is looked at in this phase: what comes before the deploy
// until that begins, from when on it stands as it was; what comes after it once the
// rollout is complete, and where its kind says so from the moment of the deploy.
func due(plan Plan, spec ItemSpec, phase Phase) bool {
	switch k := kinds[spec.Type]; {
	case k.class != Check:
		return false
	case comesFirst(plan, spec):
		return phase == Planned
	case phase == Verifying:
		return true
	default:
		return phase == Deploying && spec.Stage == During && k.rolling
	}
}
