package ui

import "datahub.io/slipway/release"

// elsewhere says of a key that does nothing here where it does something, or
// why it does not. Nothing is said of keys that are none.
func elsewhere(sc scene, key string) string {
	switch key {
	case "space":
		return "ticks an item of the checklist: c goes there"
	case "w":
		return "waives an item of the checklist: c goes there"
	case "enter":
		return "there is nothing to open here"
	case "s":
		return "sorts pods, in 2 Rollout"
	case "f":
		return "follows a pod's log: l opens one"
	case "/":
		return "filters pods in 2 Rollout, lines in " + viewKey(sc, logTitle) + " and in a pod's log"
	case "t":
		return takeOver(sc)
	case "y", "n":
		return "answers a dialog, and none is open"
	case "ctrl+z":
		return "undoes where text is typed; here u does"
	}
	return ""
}

// noCanary says why a and b do nothing where releases are no canaries.
func noCanary(sc scene) string {
	return "canary steps come with the canary strategy; " + rolls(sc)
}

func rolls(sc scene) string {
	if sc.under() {
		return "this release is rolling"
	}
	return "releases are rolling here"
}

// takeOver says why nothing is taken over from whoever drives.
func takeOver(sc scene) string {
	if sc.State.View.Driver != nil {
		return "a release cannot be taken over yet; you can still undo"
	}
	if sc.State.Phase == release.Idle {
		return "no release is under way"
	}
	return "nobody else drives this release"
}
