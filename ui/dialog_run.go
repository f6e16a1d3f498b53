package ui

import "datahub.io/slipway/release"

// runItem asks whether an action is run, or cancelled while it runs.
func runItem(sc scene, p press, run release.Choice) action {
	if cancel, ok := sc.choice(release.DoCancel, ""); ok && cancelsIt(sc, run.Item) {
		if !cancel.OK() {
			return refuse("space", cancel)
		}
		return action{open: &askSheet{
			confirmation: confirm(cancel, p), key: "space", title: "Cancel " + titleOf(sc, run.Item), does: "cancel it",
			facts: []release.Fact{
				{Label: "runs", Text: cancel.Preview.Line},
				{Label: "then", Text: "it is asked to end, and ended if it does not; what it has done stays"},
			},
		}}
	}
	if !run.OK() {
		return refuse("space", run)
	}
	return action{open: &askSheet{confirmation: confirm(run, p), key: "space", title: run.Preview.Title, does: "run it"}}
}

// cancelsIt tells whether the task in flight is that of the item.
func cancelsIt(sc scene, item string) bool {
	for _, it := range sc.items {
		if it.Spec.ID == item {
			return it.Asks == release.DoCancel
		}
	}
	return false
}
