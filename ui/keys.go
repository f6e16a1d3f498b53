package ui

import (
	"strconv"

	tea "charm.land/bubbletea/v2"

	"datahub.io/slipway/release"
)

// press answers a key: first the overlay on top, then the view, then the table
// of keys that work everywhere.
func (m *Model) press(p press) tea.Cmd {
	if !m.ready {
		if p.key == "q" || p.key == "ctrl+c" {
			return tea.Quit
		}
		return nil
	}
	m.screen.notice = ""
	if n := len(m.screen.overlays); n > 0 {
		return m.perform(m.screen.overlays[n-1].press(m.scene, p))
	}
	if !tooSmall(m.screen.w, m.screen.h) {
		if a, handled := m.screen.current().press(m.scene, p); handled {
			return m.perform(a)
		}
	} else if p.key != "u" && p.key != "q" && p.key != "ctrl+c" {
		return nil
	}
	return m.perform(m.everywhere(p))
}

// everywhere answers the keys that do the same on every view.
func (m *Model) everywhere(p press) action {
	switch key := p.key; key {
	case "tab":
		m.screen.turn(1)
	case "shift+tab":
		m.screen.turn(-1)
	case "c":
		return m.screen.toChecklist()
	case "R":
		return action{retry: true, say: retryAnswer(m.scene)}
	case "ctrl+c":
		return asked(m.scene, press{key: "q", at: p.at})
	default:
		if n, err := strconv.Atoi(key); err == nil {
			return m.screen.number(n)
		}
		return asked(m.scene, p)
	}
	return action{}
}

// asked answers a key of the table; one that does nothing here says why.
func asked(sc scene, p press) action {
	if answer, ok := keys[p.key]; ok {
		return answer(sc, p)
	}
	if why := elsewhere(sc, p.key); why != "" {
		return action{say: p.key + ": " + why}
	}
	return action{}
}

func retryAnswer(sc scene) string {
	if !sc.lost(release.Kubernetes) && !sc.lost(release.Prometheus) {
		return "R: no link is lost"
	}
	return "R: tries now"
}

// perform does what a key asked for.
func (m *Model) perform(a action) tea.Cmd {
	s := &m.screen
	if a.close && len(s.overlays) > 0 {
		if len(s.overlays) == 1 && s.occasion != "" {
			m.closed[s.occasion] = true
			s.occasion = ""
		}
		s.overlays = s.overlays[:len(s.overlays)-1]
	}
	if a.intent != nil {
		m.submit(a)
	}
	if a.follow != nil {
		m.console.Follow(*a.follow)
	}
	if a.retry {
		m.console.Retry()
	}
	if a.view != "" {
		s.showTitle(a.view)
	}
	if a.open != nil {
		s.overlays = append(s.overlays, a.open)
	}
	var cmds []tea.Cmd
	if a.copy != "" {
		cmds = append(cmds, tea.SetClipboard(a.copy))
	}
	if a.say != "" {
		cmds = append(cmds, m.notify(a.say))
	}
	if a.leave {
		cmds = append(cmds, tea.Quit)
	}
	return tea.Batch(cmds...)
}

// keyOf is the key that asks for an intent.
func keyOf(kind release.IntentKind) string {
	switch kind {
	case release.DoBegin, release.DoDeploy:
		return "d"
	case release.DoTick, release.DoRun, release.DoCancel:
		return "space"
	case release.DoWaive, release.DoWaiveWindow:
		return "w"
	case release.DoAdvance, release.DoPromote:
		return "a"
	case release.DoAbort:
		return "b"
	case release.DoPause, release.DoResume:
		return "p"
	case release.DoUndo:
		return "u"
	case release.DoHold, release.DoContinue:
		return "h"
	case release.DoAbandon:
		return "x"
	}
	return string(kind)
}

// current is the view that is shown.
func (s *screen) current() view {
	if s.onList && oneColumn(s.w) {
		return s.list
	}
	return s.views[s.at]
}

// turn goes to the next view, or with -1 to the one before. In one column the
// checklist is the first of them.
func (s *screen) turn(step int) {
	if !oneColumn(s.w) {
		s.at, s.onList = (s.at+step+len(s.views))%len(s.views), false
		return
	}
	at := s.at + 1
	if s.onList {
		at = 0
	}
	n := len(s.views) + 1
	at = (at + step + n) % n
	s.onList = at == 0
	s.at = max(at-1, 0)
}

// number answers the number of a view.
func (s *screen) number(n int) action {
	if n < 1 || n > len(s.views) {
		return action{say: strconv.Itoa(n) + ": there are views 1 to " + strconv.Itoa(len(s.views))}
	}
	s.show(n)
	return action{}
}

// toChecklist answers c: to the checklist, which in two columns is at the left
// of the overview.
func (s *screen) toChecklist() action {
	was := s.current()
	s.at, s.onList = 0, true
	switch {
	case s.current() != was:
		return action{}
	case oneColumn(s.w):
		return action{say: "c: this is the checklist"}
	}
	return action{say: "c: the checklist is at the left"}
}

// show goes to the view with that number, if there is one.
func (s *screen) show(n int) {
	if n >= 1 && n <= len(s.views) {
		s.at, s.onList = n-1, false
	}
}

func (s *screen) showTitle(title string) {
	for i, v := range s.views {
		if v.title() == title {
			s.show(i + 1)
		}
	}
}
