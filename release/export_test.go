package release

import "time"

// Looks is what a look at an item says now.
func Looks(plan Plan, s State, spec ItemSpec, now time.Time) Verdict {
	return look(plan, s, spec, now).verdict
}

// SeenBy is what a confirmation of an intent shows now.
func SeenBy(plan Plan, s State, now time.Time, intent Intent) Seen {
	return find(plan, s, now, intent).Seen
}

// GateOf is what of the checklist keeps a deploy from beginning.
func GateOf(plan Plan, s State, now time.Time) Refusal { return gate(plan, s, now) }

// WordsOf is what an item looks at or does.
func WordsOf(plan Plan, spec ItemSpec) string { return spec.words(plan) }

// TypeOf is the type that settings belong to.
func TypeOf(s ItemSettings) ItemType { return s.settingsOf() }

// Bounded gives facts as far as a record keeps them.
func Bounded(f Facts) Facts { return f.bounded() }

// CauseWords says whose change a workload is of.
func CauseWords(w Workload) string { return causeWords(w) }
