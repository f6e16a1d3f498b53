package ui

import (
	"reflect"
	"slices"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/colorprofile"

	"datahub.io/slipway/release"
)

type (
	frameMsg      release.Frame
	refusedMsg    release.Refused
	noticeOverMsg int // the number of the notice
)

// nextFrame waits for a frame; it is armed again when one has come.
func (m *Model) nextFrame() tea.Msg { return frameMsg(<-m.console.Frames()) }

func (m *Model) nextAnswer() tea.Msg { return refusedMsg(<-m.console.Answers()) }

// Update routes a message.
func (m *Model) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	switch msg := msg.(type) {
	case frameMsg:
		m.take(release.Frame(msg))
		return m, m.nextFrame
	case refusedMsg:
		m.refused(release.Refused(msg))
		return m, tea.Batch(m.nextAnswer, m.notify(keyOf(msg.Kind)+": "+msg.Refusal.String()))
	case noticeOverMsg:
		if int(msg) == m.notices {
			m.screen.notice = ""
		}
	case tea.WindowSizeMsg:
		m.screen.resize(msg.Width, msg.Height)
	case tea.BackgroundColorMsg:
		m.theme = newTheme(msg.IsDark(), m.theme.depth, m.ascii)
	case tea.ColorProfileMsg:
		m.theme = newTheme(m.theme.dark, m.depth(msg.Profile), m.ascii)
	case tea.KeyPressMsg:
		return m, m.press(press{key: msg.String(), text: msg.Text, at: m.clock()})
	case tea.PasteMsg:
		return m, m.press(press{text: clean(msg.Content), at: m.clock()})
	}
	return m, nil
}

// depth maps what the terminal can do; NO_COLOR stays.
func (m *Model) depth(p colorprofile.Profile) depth {
	switch {
	case m.theme.depth == noColour || p < colorprofile.ANSI:
		return noColour
	case p == colorprofile.ANSI:
		return sixteen
	}
	return fullColour
}

// take shows a frame. One that differs in nothing but the time waits for its
// second to be over, so that an idle screen is written once a second.
func (m *Model) take(f release.Frame) {
	if m.ready && f.Now.Truncate(time.Second).Equal(m.scene.Now.Truncate(time.Second)) && !news(m.scene.Frame, f) {
		return
	}
	m.scene, m.ready = newScene(f, m.theme.glyphs), true
	m.screen.arrange(f.Plan)
	m.taken()
	m.closeOver()
	if len(m.screen.overlays) > 0 {
		return
	}
	o, occasion := unasked(m.scene, press{at: m.clock()})
	if o != nil && !m.closed[occasion] {
		m.screen.overlays, m.screen.occasion = []overlay{o}, occasion
	}
}

// closeOver takes away the overlays whose question is no longer there. What a
// person opened over them stays.
func (m *Model) closeOver() {
	s := &m.screen
	if len(s.overlays) > 0 && s.overlays[0].over(m.scene) {
		s.occasion = ""
	}
	s.overlays = slices.DeleteFunc(s.overlays, func(o overlay) bool { return o.over(m.scene) })
}

// news tells whether b shows something that a does not, apart from the time.
func news(a, b release.Frame) bool {
	v, w := a.State.View.Workload, b.State.View.Workload
	v.At, w.At = time.Time{}, time.Time{}
	return a.State.Seq != b.State.Seq || a.State.View.Taken != b.State.View.Taken || !a.State.View.Driver.Same(b.State.View.Driver) ||
		len(a.Choices) != len(b.Choices) ||
		newest(a) != newest(b) ||
		len(a.Logs.Lines) != len(b.Logs.Lines) || a.Logs.Pod != b.Logs.Pod ||
		!reflect.DeepEqual(v, w) ||
		canaryDiffers(a, b) ||
		!reflect.DeepEqual(a.State.View.Samples, b.State.View.Samples) ||
		linksDiffer(a, b)
}

// canaryDiffers tells whether b shows something else of a canary than a does.
func canaryDiffers(a, b release.Frame) bool {
	v, w := a.State.View, b.State.View
	v.Canary.At, w.Canary.At, v.Split.At, w.Split.At = time.Time{}, time.Time{}, time.Time{}, time.Time{}
	return v.Judged.Tally != w.Judged.Tally || !reflect.DeepEqual(v.Split, w.Split) || !reflect.DeepEqual(v.Canary, w.Canary) ||
		!reflect.DeepEqual(v.Judged.Losing, w.Judged.Losing) || !reflect.DeepEqual(v.Judged.Pairs, w.Judged.Pairs)
}

func newest(f release.Frame) int {
	if len(f.Activity) == 0 {
		return 0
	}
	return f.Activity[len(f.Activity)-1].Seq
}

func linksDiffer(a, b release.Frame) bool {
	for _, source := range []release.Source{release.Kubernetes, release.Prometheus} {
		if a.State.View.Links[source].OK != b.State.View.Links[source].OK {
			return true
		}
	}
	return false
}

// notify shows an answer in the headline's place for a while.
func (m *Model) notify(text string) tea.Cmd {
	m.notices++
	m.screen.notice = m.theme.glyphs.say(clean(text))
	n := m.notices
	return tea.Tick(noticeTime, func(time.Time) tea.Msg { return noticeOverMsg(n) })
}
