package ui

import "datahub.io/slipway/release"

// waiveWindow asks for the reason with which a person opens the change window for this
// deploy; ok is false where there is nothing to waive.
func waiveWindow(sc scene, p press, title string) (a action, ok bool) {
	c, found := sc.choice(release.DoWaiveWindow, "")
	if !found || !c.OK() {
		return action{}, false
	}
	return action{open: &wordsDialog{
		confirmation: confirm(c, p), title: title, about: aboutWindow,
		ask: "Reason:", does: "waive the window", until: "a waiver needs a reason: enter waives when there is one",
		intent: func(words string) release.Intent { return release.WaiveWindow{Reason: words} },
	}}, true
}

// aboutWindow says what is closed until when, and what a waiver means.
func aboutWindow(sc scene) []release.Fact {
	c, _ := sc.choice(release.DoWaiveWindow, "")
	return append(append([]release.Fact{{Label: "object", Text: c.Preview.Object}}, c.Preview.Facts...),
		release.Fact{Label: "open", Mark: release.MarkPass, Text: "undo, abort, pause, hold; checks, approvals, backup"},
		release.Fact{Label: "closed", Mark: release.MarkWaiting, Text: "deploy, migration, advance, promote"},
		release.Fact{Label: "waive", Text: "with a reason, for this deploy only; d asks as always then"},
		release.Fact{Label: "as", Text: sc.User.String() + ", in the log, the report and the change cause"})
}

// windowRow is how the change window stands, in as many words as there is room for; nil:
// it never closes, or there is no room.
func windowRow(sc scene, room int) row {
	v := release.WindowOf(sc.Plan, sc.State, sc.Now)
	k := muted
	if v.Waived {
		k = warning
	}
	for _, words := range []string{v.Words, "window " + v.Short} {
		if v.Words != "" && cells(words) <= room {
			return line(k.of(words))
		}
	}
	return nil
}
