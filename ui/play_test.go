package ui

import (
	"fmt"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"datahub.io/slipway/release"
)

// submitted is something that was asked of the console.
type submitted struct {
	intent release.Intent
	seen   release.Seen
}

// fakeConsole remembers what was asked of it.
type fakeConsole struct {
	asked    []submitted
	followed []string
	retried  int
}

func (c *fakeConsole) Frames() <-chan release.Frame    { return nil }
func (c *fakeConsole) Answers() <-chan release.Refused { return nil }
func (c *fakeConsole) Follow(pod string)               { c.followed = append(c.followed, pod) }
func (c *fakeConsole) Retry()                          { c.retried++ }
func (c *fakeConsole) Submit(intent release.Intent, seen release.Seen) (id string) {
	c.asked = append(c.asked, submitted{intent, seen})
	return fmt.Sprint("id-", len(c.asked))
}

// player is a person at the keys of a screen: each key comes a second after the
// one before.
type player struct {
	t       *testing.T
	console *fakeConsole
	model   *Model
	now     time.Time
	pace    time.Duration
	quit    bool
	copied  string
}

// play shows a frame at a size and presses keys. A key of several letters in
// quotes is typed.
func play(t *testing.T, f release.Frame, th theme, w, h int, keys ...string) *player {
	t.Helper()
	p := &player{t: t, console: &fakeConsole{}, now: f.Now, pace: time.Second}
	p.model = New(p.console, Options{Dark: th.dark, NoColor: th.depth == noColour, ASCII: th.glyphs.ascii, Clock: func() time.Time { return p.now }})
	p.model.theme = th
	p.update(tea.WindowSizeMsg{Width: w, Height: h})
	p.show(f)
	p.press(keys...)
	return p
}

func (p *player) update(msg tea.Msg) {
	p.t.Helper()
	_, cmd := p.model.Update(msg)
	p.run(cmd)
}

// run takes in what a key leads to. Commands that wait are left alone.
func (p *player) run(cmd tea.Cmd) {
	if cmd == nil {
		return
	}
	done := make(chan tea.Msg, 1)
	go func() { done <- cmd() }()
	select {
	case msg := <-done:
		switch msg := msg.(type) {
		case tea.QuitMsg:
			p.quit = true
		case tea.BatchMsg:
			for _, c := range msg {
				p.run(c)
			}
		default:
			if fmt.Sprintf("%T", msg) == fmt.Sprintf("%T", tea.SetClipboard("")()) {
				p.copied = fmt.Sprint(msg)
			}
		}
	case <-time.After(20 * time.Millisecond):
	}
}

func (p *player) show(f release.Frame) {
	p.t.Helper()
	p.model.take(f)
}

func (p *player) press(keys ...string) {
	p.t.Helper()
	for _, key := range keys {
		if strings.HasPrefix(key, `"`) {
			for _, r := range strings.ReplaceAll(strings.Trim(key, `"`), "␣", " ") {
				p.now = p.now.Add(p.pace)
				p.update(tea.KeyPressMsg{Code: r, Text: string(r)})
			}
			continue
		}
		p.now = p.now.Add(p.pace)
		p.update(keyPress(key))
	}
}

func keyPress(name string) tea.KeyPressMsg {
	codes := map[string]rune{
		"enter": tea.KeyEnter, "esc": tea.KeyEscape, "tab": tea.KeyTab, "up": tea.KeyUp, "down": tea.KeyDown, "pgdown": tea.KeyPgDown,
		"backspace": tea.KeyBackspace, "left": tea.KeyLeft, "home": tea.KeyHome, "end": tea.KeyEnd,
	}
	if code, ok := codes[name]; ok {
		return tea.KeyPressMsg{Code: code}
	}
	if name == "space" {
		return tea.KeyPressMsg{Code: tea.KeySpace, Text: " "}
	}
	if letter, ctrl := strings.CutPrefix(name, "ctrl+"); ctrl {
		return tea.KeyPressMsg{Code: rune(letter[0]), Mod: tea.ModCtrl}
	}
	return tea.KeyPressMsg{Code: rune(name[0]), Text: name}
}

// screen is what is on the screen, without its inks.
func (p *player) screen() string { return ansi.Strip(p.model.View().Content) }

func (p *player) sees(texts ...string) {
	p.t.Helper()
	flat := flatten(p.screen())
	for _, text := range texts {
		if !strings.Contains(flat, flatten(text)) {
			p.t.Errorf("the screen does not say %q:\n%s", text, p.screen())
		}
	}
}

func (p *player) seesNot(texts ...string) {
	p.t.Helper()
	flat := flatten(p.screen())
	for _, text := range texts {
		if strings.Contains(flat, flatten(text)) {
			p.t.Errorf("the screen says %q:\n%s", text, p.screen())
		}
	}
}

// flatten makes text comparable across line breaks.
func flatten(s string) string { return strings.Join(strings.Fields(s), " ") }

// asked fails unless exactly these intents were submitted, in this order.
func (p *player) asked(intents ...release.Intent) {
	p.t.Helper()
	if len(p.console.asked) != len(intents) {
		p.t.Fatalf("submitted %v, want %v", p.console.asked, intents)
	}
	for i, intent := range intents {
		if p.console.asked[i].intent != intent {
			p.t.Errorf("submitted %#v, want %#v", p.console.asked[i].intent, intent)
		}
	}
}
