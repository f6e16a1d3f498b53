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
func GateOf(plan Plan, s State) Refusal { return gate(plan, s) }
