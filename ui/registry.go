package ui

import (
	"slices"
	"strconv"

	"datahub.io/slipway/release"
)

// views are the views in their order; the first is the overview.
func views() []view {
	return []view{&overview{}, &rolloutView{}, &historyView{}, &logView{}}
}

// titles are those of the views that there are with a plan, in their order.
func titles(p release.Plan) []string {
	if p.Canary == nil {
		return []string{overviewTitle, rolloutTitle, historyTitle, logTitle}
	}
	return []string{overviewTitle, rolloutTitle, canaryTitle, historyTitle, logTitle}
}

// arrange adds the view of canaries where there is a canary block, or takes it away.
// What was shown stays.
func (s *screen) arrange(p release.Plan) {
	at := slices.IndexFunc(s.views, func(v view) bool { return v.title() == canaryTitle })
	shown := s.views[s.at].title()
	switch {
	case p.Canary != nil && at < 0:
		s.views = slices.Insert(s.views, 2, view(&canaryView{}))
	case p.Canary == nil && at >= 0:
		s.views = slices.Delete(s.views, at, at+1)
	default:
		return
	}
	s.at = max(slices.IndexFunc(s.views, func(v view) bool { return v.title() == shown }), 0)
}

// viewNumber is the number of a view, and viewKey the view with it: "4 Log".
func viewNumber(sc scene, title string) string {
	return strconv.Itoa(slices.Index(titles(sc.Plan), title) + 1)
}

func viewKey(sc scene, title string) string { return viewNumber(sc, title) + " " + title }

// keys says what the keys do that work on every view.
var keys = map[string]func(sc scene, p press) action{
	"u": openUndo,
	"d": openDeploy,
	"a": openAdvance,
	"b": openAbort,
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
	if sc.State.View.Elsewhere {
		return nil, "" // whoever leads the release is asked
	}
	if s, occasion := unaskedNow(sc, p.at); s != nil {
		return s, occasion
	}
	return nil, ""
}
