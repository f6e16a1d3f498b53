package release

import "time"

// SeenBy is what a confirmation of an intent shows now.
func SeenBy(plan Plan, s State, now time.Time, intent Intent) Seen {
	return find(plan, s, now, intent).Seen
}
