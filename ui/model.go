package ui

import (
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"datahub.io/slipway/release"
)

// Console is the engine as the screen sees it. None of its methods blocks.
type Console interface {
	// Frames gives the newest frame; those that nobody took are dropped. It is
	// never closed, nor is Answers.
	Frames() <-chan release.Frame
	// Submit asks for something and gives the wish's ID. A refusal comes back
	// through Answers.
	Submit(intent release.Intent, seen release.Seen) (id string)
	Answers() <-chan release.Refused
	// Follow has the log of a pod come with the frames; "" ends that.
	Follow(pod string)
	// Retry tries lost links again now.
	Retry()
}

// noticeTime is how long an answer to a key stands in the headline's place.
const noticeTime = 3 * time.Second

// Model is the screen: the root of a Bubble Tea program.
type Model struct {
	console Console
	clock   func() time.Time
	ascii   bool
	theme   theme
	screen  screen
	scene   scene
	ready   bool            // a frame has come
	wishes  []wish          // sent and not answered, oldest first
	closed  map[string]bool // occasions whose sheet was closed by hand
	notices int             // how many answers were shown
}

// screen is what the person at the keys has chosen to see.
type screen struct {
	w, h     int
	views    []view
	at       int            // the current one, where there is room for two columns
	list     *checklistView // the view that is the overview's left half there
	onList   bool           // list is shown, in one column
	overlays []overlay
	occasion string // of the lowest overlay, when it opened by itself
	notice   string // the answer to a key, instead of the headline
}

func newScreen(w, h int) screen {
	all := views()
	first, _ := all[0].(*overview)
	s := screen{views: all, list: &checklistView{first}}
	s.resize(w, h)
	return s
}

// resize gives the screen the size of the terminal.
func (s *screen) resize(w, h int) {
	s.w, s.h = w, h
	s.list.alone = oneColumn(w)
}

// New makes a screen on a console.
func New(console Console, o Options) *Model {
	d := fullColour
	if o.NoColor {
		d = noColour
	}
	clock := o.Clock
	if clock == nil {
		clock = time.Now
	}
	return &Model{
		console: console,
		clock:   clock,
		ascii:   o.ASCII,
		theme:   newTheme(o.Dark, d, o.ASCII),
		screen:  newScreen(80, 24),
		closed:  map[string]bool{},
	}
}

// Init starts listening and asks the terminal for its background.
func (m *Model) Init() tea.Cmd {
	listen := tea.Batch(m.nextFrame, m.nextAnswer)
	if m.theme.depth == noColour {
		return listen
	}
	return tea.Batch(listen, tea.RequestBackgroundColor)
}

// View draws the newest frame.
func (m *Model) View() tea.View {
	v := tea.NewView(m.theme.draw(m.content()))
	v.AltScreen = true
	v.WindowTitle = m.title()
	return v
}

func (m *Model) content() block {
	if !m.ready {
		first := line(strong.of("slipway"), plain.of("  waits for the first look at the cluster"), faint.of("  q leaves"))
		return block{nil, first.fit(m.screen.w, m.theme.glyphs.ellipsis)}
	}
	return m.screen.draw(m.scene, m.theme)
}

// title names the window: what a person with ten of them looks for.
func (m *Model) title() string {
	if !m.ready {
		return "slipway"
	}
	p, s := m.scene.Plan, m.scene.State
	title := "slipway " + p.Service + " " + p.Environment
	if s.Phase != release.Idle {
		title += ": " + s.To.Version + " " + string(s.Phase)
	}
	return clean(title)
}

// Farewell is a line to print after the screen has closed: what was left, and
// while a release is under way what goes on without a console and what does not.
func (m *Model) Farewell() string {
	if !m.ready {
		return ""
	}
	said := m.scene.head.Strong
	switch {
	case m.scene.State.View.Elsewhere && m.scene.State.View.Driver != nil:
		said = strings.TrimSuffix(said, ".") + "; " + m.scene.State.View.Driver.String() + "."
	case m.scene.under() || m.scene.State.Pending != nil:
		goesOn, stops := without(m.scene)
		said = strings.TrimSuffix(said, ".") + ". Goes on: " + goesOn + ". Stops: " + stops + "."
	}
	return m.theme.glyphs.say(clean(said))
}
