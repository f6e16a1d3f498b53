package ui

// views are the views in their order; the first is the overview.
func views() []view {
	return []view{&overview{}, &rolloutView{}, &historyView{}, &logView{}}
}

// logKey is the number of the last of them.
const logKey = "4"

// keys says what the keys do that work on every view.
var keys = map[string]func(sc scene, p press) action{
	"u": openUndo,
	"d": openDeploy,
	"p": openPause,
	"h": openHold,
	"x": openAbandon,
	"r": func(scene, press) action { return action{view: historyTitle} },
	"D": func(scene, press) action { return action{view: historyTitle} },
	"l": openWorstLog,
	"K": copyNext,
	"?": openHelp,
	"q": openLeave,
}

// unasked gives what opens by itself now, or nil, and a name for the occasion:
// what was closed by hand does not open again for the same one.
func unasked(sc scene, p press) (overlay, string) {
	if s, occasion := unaskedNow(sc, p.at); s != nil {
		return s, occasion
	}
	return nil, ""
}
