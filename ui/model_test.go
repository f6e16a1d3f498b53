package ui

import (
	"bytes"
	"image/color"
	"io"
	"strconv"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/colorprofile"
	"github.com/charmbracelet/x/ansi"

	"datahub.io/slipway/release"
)

func (p *player) rows() []string {
	return strings.Split(ansi.Strip(p.model.View().Content), "\n")
}

func (p *player) headline() string { return p.rows()[2] }

func TestViewsByKey(t *testing.T) {
	for _, test := range []struct {
		w    int
		keys []string
		want string
	}{
		{120, nil, "Overview"},
		{120, []string{"tab"}, "Rollout"},
		{120, []string{"tab", "tab", "tab", "tab"}, "Overview"},
		{120, []string{"shift+tab"}, "Log"},
		{120, []string{"3"}, "History"},
		{120, []string{"9"}, "Overview"}, // there is no such view
		{120, []string{"r"}, "History"},
		{80, []string{"c"}, "Checklist"},
		{80, []string{"c", "tab"}, "Overview"},
		{80, []string{"shift+tab"}, "Checklist"},
		{80, []string{"4", "tab"}, "Checklist"},
		{80, []string{"c", "2"}, "Rollout"},
	} {
		p := play(t, frameRolling(), darkTheme, test.w, 40, test.keys...)
		if got := p.model.screen.current().title(); got != test.want {
			t.Errorf("%d columns, %v: %s, want %s", test.w, test.keys, got, test.want)
		}
	}
}

// The checklist is a view of its own in one column only: on a window that grows
// it is the left half of the overview.
func TestChecklistGivesWayToTwoColumns(t *testing.T) {
	p := play(t, frameRolling(), darkTheme, 80, 24, "c", "j")
	p.update(tea.WindowSizeMsg{Width: 120, Height: 40})
	if got := p.model.screen.current().title(); got != "Overview" {
		t.Errorf("at 120 columns: %s", got)
	}
	if !strings.Contains(p.rows()[16], "▸ ○ Health checks passing") {
		t.Errorf("the selection is lost: %q", p.rows()[16])
	}
}

func TestSelectionStaysWhereThePersonPutIt(t *testing.T) {
	p := play(t, frameRolling(), darkTheme, 120, 40, "k", "k")
	p.show(frameFailing())
	if it, _ := p.model.screen.list.chosen(p.model.scene); it.Spec.ID != "database-backup-completed" {
		t.Errorf("selected %s", it.Spec.ID)
	}
	q := play(t, frameRolling(), darkTheme, 120, 40)
	q.show(frameFailing())
	if it, _ := q.model.screen.list.chosen(q.model.scene); it.Spec.ID != "error-rate-normal" {
		t.Errorf("nobody chose, and what fails is not selected but %s", it.Spec.ID)
	}
}

func TestEnterDoesWhatTheRowSays(t *testing.T) {
	for name, test := range map[string]struct {
		frame release.Frame
		keys  []string
		says  string
		shows string
	}{
		"a rollout":      {frameRolling(), nil, "open Rollout for this item", "ReplicaSets"},
		"a manual item":  {framePlanned(), nil, "tick Security scan clean", "Tick Security scan clean"},
		"a deploy":       {frameReady(), nil, "deploy v2.4.0 → v2.5.0", "Deploy v2.5.0"},
		"no release yet": {frameIdle(), nil, "plan a release", "Version:"},
	} {
		t.Run(name, func(t *testing.T) {
			p := play(t, test.frame, darkTheme, 120, 40, test.keys...)
			if row := p.rows()[37]; !strings.Contains(row, test.says) {
				t.Errorf("the row says %q", row)
			}
			p.press("enter")
			if screen := strings.Join(p.rows(), "\n"); !strings.Contains(screen, test.shows) {
				t.Errorf("enter does not show %q:\n%s", test.shows, screen)
			}
			if len(p.console.asked) > 0 {
				t.Errorf("enter asked for %v at once", p.console.asked)
			}
		})
	}
}

func TestRefusalStandsInTheHeadline(t *testing.T) {
	p := play(t, frameRolling(), darkTheme, 120, 40)
	p.update(refusedMsg{Kind: release.DoPause, Refusal: release.Refusal{Kind: release.RefusedMoved, Text: "the rollout moved\x1b[2J"}})
	if got := p.headline(); !strings.HasPrefix(got, " p: the rollout moved ") {
		t.Fatalf("headline %q", got)
	}
	p.update(noticeOverMsg(p.model.notices - 1)) // of an earlier notice
	if got := p.headline(); !strings.HasPrefix(got, " p: ") {
		t.Fatalf("gone too early: %q", got)
	}
	p.update(noticeOverMsg(p.model.notices))
	if got := p.headline(); !strings.Contains(got, "Rolling update") {
		t.Fatalf("still there: %q", got)
	}
}

func TestRetry(t *testing.T) {
	p := play(t, frameDegraded(), darkTheme, 120, 40, "R")
	if p.console.retried != 1 || !strings.Contains(p.headline(), "tries now") {
		t.Errorf("retried %d times, headline %q", p.console.retried, p.headline())
	}
}

func TestTooSmallKnowsUndoAndLeaveOnly(t *testing.T) {
	p := play(t, frameRolling(), darkTheme, 40, 10, "3", "tab", "d", "p")
	if p.model.screen.at != 0 || len(p.model.screen.overlays) > 0 || len(p.console.asked) > 0 {
		t.Errorf("a key did something: view %d, %d overlays, asked %v", p.model.screen.at, len(p.model.screen.overlays), p.console.asked)
	}
	p.press("u")
	exact(t, p.model.View().Content, 40, 10)
	p.press("u")
	if len(p.console.asked) != 1 {
		t.Fatalf("asked %v", p.console.asked)
	}
	if undo, ok := p.console.asked[0].intent.(release.Undo); !ok || undo.Revision != 14 {
		t.Errorf("asked %#v", p.console.asked[0])
	}
}

// An idle screen is written once a second, but news shows at once.
func TestFramesOfOneSecondCoalesce(t *testing.T) {
	f := frameRolling()
	p := play(t, f, darkTheme, 120, 40)
	before := p.model.View().Content

	f.Now = f.Now.Add(300 * time.Millisecond)
	f.State.View.Workload.At = f.Now
	p.show(f)
	if p.model.View().Content != before {
		t.Error("a frame without news was drawn within the same second")
	}
	news := frameRolling()
	news.Now = f.Now
	news.State.View.Workload.Available = 6
	p.show(news)
	if p.model.View().Content == before {
		t.Error("news waits for the next second")
	}
	later := frameRolling()
	later.Now = f.Now.Add(time.Second)
	p.show(later)
	if !strings.Contains(p.rows()[0], "12:43:13") {
		t.Errorf("the clock stands: %q", p.rows()[0])
	}
}

func TestThemeFollowsTheTerminal(t *testing.T) {
	p := play(t, frameRolling(), darkTheme, 120, 40)
	p.update(tea.BackgroundColorMsg{Color: color.White})
	if p.model.View().Content != drawn(frameRolling(), lightTheme, 120, 40, nil) {
		t.Error("a light background does not give the light theme")
	}
	p.update(tea.BackgroundColorMsg{Color: color.Black})
	p.update(tea.ColorProfileMsg{Profile: colorprofile.ANSI})
	if p.model.View().Content != drawn(frameRolling(), ansiTheme, 120, 40, nil) {
		t.Error("16 colours do not give the theme of 16 colours")
	}
	q := play(t, frameRolling(), newTheme(true, noColour, false), 120, 40)
	q.update(tea.ColorProfileMsg{Profile: colorprofile.TrueColor})
	if q.model.theme.depth != noColour {
		t.Error("NO_COLOR does not last")
	}
}

func TestWindowTitle(t *testing.T) {
	p := play(t, frameRolling(), darkTheme, 120, 40)
	view := p.model.View()
	if view.WindowTitle != "slipway datahub-gateway production: v2.5.0 deploying" || !view.AltScreen {
		t.Errorf("title %q, alternate screen %v", view.WindowTitle, view.AltScreen)
	}
}

// The view of canaries is there only where releases are canaries; what is shown
// stays when it comes or goes, and the numbers that texts name are right.
func TestNumbersOfViews(t *testing.T) {
	s := newScreen(120, 40)
	for _, test := range []struct {
		plan release.Plan
		log  string
	}{{testPlan(), "4 Log"}, {canaryPlan(), "5 Log"}, {testPlan(), "4 Log"}} {
		s.show(len(s.views))
		s.arrange(test.plan)
		if got := s.current().title(); got != logTitle {
			t.Errorf("shows %s, want %s", got, logTitle)
		}
		for i, v := range s.views {
			if got, want := viewKey(scene{Frame: release.Frame{Plan: test.plan}}, v.title()), strconv.Itoa(i+1)+" "+v.title(); got != want {
				t.Errorf("%s, want %s", got, want)
			}
		}
		if got := viewKey(scene{Frame: release.Frame{Plan: test.plan}}, logTitle); got != test.log {
			t.Errorf("%s, want %s", got, test.log)
		}
	}
}

func TestDetectOptions(t *testing.T) {
	for _, test := range []struct {
		env     map[string]string
		noColor bool
		ascii   bool
	}{
		{map[string]string{"LANG": "en_GB.UTF-8"}, false, false},
		{map[string]string{}, false, false},
		{map[string]string{"NO_COLOR": "yes"}, true, false},
		{map[string]string{"NO_COLOR": ""}, false, false},
		{map[string]string{"LANG": "C"}, false, true},
		{map[string]string{"LANG": "POSIX"}, false, true},
		{map[string]string{"LANG": "C.utf8"}, false, false},
		{map[string]string{"LANG": "en_GB.UTF-8", "LC_ALL": "C"}, false, true},
		{map[string]string{"LANG": "C", "LC_CTYPE": "C.UTF-8"}, false, false},
		{map[string]string{"LANG": "de_DE.ISO-8859-1"}, false, true},
		{map[string]string{"NO_UTF8": "1", "LANG": "C.UTF-8"}, false, true},
		{map[string]string{"TERM": "dumb"}, true, true},
	} {
		o := DetectOptions(func(name string) string { return test.env[name] })
		if o.NoColor != test.noColor || o.ASCII != test.ascii || !o.Dark {
			t.Errorf("%v: %+v", test.env, o)
		}
	}
}

// liveConsole feeds a running program.
type liveConsole struct {
	fakeConsole
	frames  chan release.Frame
	answers chan release.Refused
}

func (c *liveConsole) Frames() <-chan release.Frame    { return c.frames }
func (c *liveConsole) Answers() <-chan release.Refused { return c.answers }

// The screen in a real program: frames come in, keys are answered, q leaves.
func TestProgram(t *testing.T) {
	c := &liveConsole{frames: make(chan release.Frame, 1), answers: make(chan release.Refused, 1)}
	keys, typed := io.Pipe()
	defer typed.Close()
	var out bytes.Buffer
	m := New(c, Options{Dark: true, NoColor: true})
	p := tea.NewProgram(m, tea.WithInput(keys), tea.WithOutput(&out), tea.WithWindowSize(80, 24), tea.WithEnvironment([]string{"TERM=xterm"}))
	ended := make(chan error, 1)
	go func() { _, err := p.Run(); ended <- err }()

	c.frames <- frameIdle()
	c.frames <- frameIdle() // taken only once the first one was
	c.frames <- frameIdle()
	if _, err := typed.Write([]byte("q")); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-ended:
		if err != nil {
			t.Fatal(err)
		}
	case <-time.After(30 * time.Second):
		p.Kill()
		t.Fatal("q does not leave while nothing is under way")
	}
	if !strings.Contains(out.String(), "datahub-gateway") || !strings.Contains(m.Farewell(), "v2.4.0 serves") {
		t.Errorf("farewell %q, written %d bytes", m.Farewell(), out.Len())
	}
}

// Who leaves is told what goes on without them.
func TestFarewell(t *testing.T) {
	for name, test := range map[string]struct {
		frame release.Frame
		wants []string
	}{
		"rolling": {frameRolling(), []string{"2 of 6 replaced", "Kubernetes goes on with the update to v2.5.0", "Stops: checks, gates and the rollback by itself"}},
		"planned": {framePlanned(), []string{"nothing of v2.5.0 is deployed", "Stops: the checklist"}},
		"idle":    {frameIdle(), []string{"v2.4.0 serves"}},
	} {
		got := play(t, test.frame, darkTheme, 120, 40).model.Farewell()
		for _, want := range test.wants {
			if !strings.Contains(got, want) {
				t.Errorf("%s: %q does not say %q", name, got, want)
			}
		}
	}
}

func BenchmarkView(b *testing.B) {
	m := New(&fakeConsole{}, Options{Dark: true})
	m.screen.resize(120, 40)
	m.take(frameRolling())
	b.ReportAllocs()
	for b.Loop() {
		_ = m.View()
	}
}

func BenchmarkScene(b *testing.B) {
	f := frameRolling()
	b.ReportAllocs()
	for b.Loop() {
		newScene(f, unicodeGlyphs)
	}
}
