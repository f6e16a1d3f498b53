package ui

import "datahub.io/slipway/release"

// copyCommand sends the kubectl command that is the same as a choice to the
// clipboard. Whether the terminal takes it (OSC 52) cannot be known.
func copyCommand(c release.Choice) action {
	command := c.Preview.SameAs.String()
	if command == "" {
		why := "no kubectl command does this"
		if c.Preview.SameAs.Why != "" {
			why += ": " + c.Preview.SameAs.Why
		}
		return action{say: "K: " + why}
	}
	return action{copy: command, say: "K: sent to the clipboard: " + command}
}

// copyNext answers K where no dialog is open: the command of the deploy or of
// the canary's next step where one can be made, otherwise of the undo, as they are shown above the keys.
func copyNext(sc scene, _ press) action {
	for _, kind := range []release.IntentKind{release.DoDeploy, release.DoAdvance} {
		if next, _ := sc.choice(kind, ""); next.OK() {
			return copyCommand(next)
		}
	}
	return copyCommand(sc.undo())
}
