package ui

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"
	"github.com/charmbracelet/x/exp/golden"

	"datahub.io/slipway/release"
)

// sizes are the sizes that every view is drawn at.
var sizes = [][2]int{{60, 20}, {80, 24}, {120, 40}}

var (
	darkTheme  = newTheme(true, fullColour, false)
	lightTheme = newTheme(false, fullColour, false)
	ansiTheme  = newTheme(true, sixteen, false)
	asciiTheme = newTheme(true, noColour, true)
)

// drawn draws a frame at a size; prepare may change what is shown of it.
func drawn(f release.Frame, t theme, w, h int, prepare func(*screen, scene)) string {
	s, sc := newScreen(w, h), newScene(f, t.glyphs)
	s.arrange(f.Plan)
	if prepare != nil {
		prepare(&s, sc)
	}
	return t.draw(s.draw(sc, t))
}

// exact fails unless a screen is exactly w×h cells.
func exact(t *testing.T, screen string, w, h int) {
	t.Helper()
	rows := strings.Split(screen, "\n")
	if len(rows) != h {
		t.Errorf("%d rows, want %d", len(rows), h)
	}
	for i, row := range rows {
		if got := ansi.StringWidth(row); got != w {
			t.Errorf("row %d is %d cells wide, want %d: %q", i+1, got, w, ansi.Strip(row))
		}
	}
}

// golden compares a screen with its golden file, and writes it as NAME.ans and
// NAME.txt into $SLIPWAY_FRAMES, to be looked at.
func compare(t *testing.T, name, screen string, w, h int) {
	t.Helper()
	exact(t, screen, w, h)
	if dir := os.Getenv("SLIPWAY_FRAMES"); dir != "" {
		file := filepath.Join(dir, strings.ReplaceAll(name, "/", "-"))
		for suffix, text := range map[string]string{".ans": screen, ".txt": ansi.Strip(screen)} {
			if err := os.WriteFile(file+suffix, []byte(text+"\n"), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	golden.RequireEqual(t, screen)
}

func TestOverview(t *testing.T) {
	for name, frame := range situations {
		for _, size := range sizes {
			w, h := size[0], size[1]
			t.Run(fmt.Sprintf("%s-%dx%d", name, w, h), func(t *testing.T) {
				compare(t, t.Name(), drawn(frame(), darkTheme, w, h, nil), w, h)
			})
		}
	}
}

func TestCanaryLooks(t *testing.T) {
	for _, test := range []struct {
		name  string
		frame func() release.Frame
		theme theme
		w, h  int
		view  int // 0 is the overview
	}{
		{"light", frameCanary, lightTheme, 120, 40, 0},
		{"sixteen", frameCanaryFailing, ansiTheme, 120, 40, 0},
		{"nocolour", frameCanaryFailing, newTheme(true, noColour, false), 120, 40, 0},
		{"ascii", frameCanary, asciiTheme, 80, 24, 0},
		{"ascii-wide", frameCanaryFailing, asciiTheme, 120, 40, 0},
		{"ascii-view", frameCanaryFailing, asciiTheme, 120, 40, 2},
		{"light-view", frameCanaryFailing, lightTheme, 120, 40, 2},
		{"middle", frameCanary, darkTheme, 100, 30, 0},
		{"middle-failing", frameCanaryFailing, darkTheme, 100, 30, 0},
		{"huge", frameCanary, darkTheme, 200, 50, 0},
		{"too-small", frameCanary, darkTheme, 48, 12, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			show := func(s *screen, _ scene) { s.at = test.view }
			compare(t, t.Name(), drawn(test.frame(), test.theme, test.w, test.h, show), test.w, test.h)
		})
	}
}

func TestOverviewLooks(t *testing.T) {
	for _, test := range []struct {
		name  string
		theme theme
		w, h  int
		list  bool
	}{
		{"middle", darkTheme, 100, 30, false},
		{"light", lightTheme, 120, 40, false},
		{"sixteen", ansiTheme, 120, 40, false},
		{"nocolour", newTheme(true, noColour, false), 120, 40, false},
		{"ascii", asciiTheme, 80, 24, false},
		{"ascii-wide", asciiTheme, 120, 40, false},
		{"checklist", darkTheme, 80, 24, true},
		{"checklist-ascii", asciiTheme, 80, 24, true},
		{"checklist-tiny", darkTheme, 60, 20, true},
		{"huge", darkTheme, 200, 50, false},
		{"too-small", darkTheme, 48, 12, false},
		{"tiny", darkTheme, 20, 4, false},
		{"few-rows", darkTheme, 120, 24, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			show := func(s *screen, _ scene) { s.onList = test.list }
			compare(t, t.Name(), drawn(frameRolling(), test.theme, test.w, test.h, show), test.w, test.h)
		})
	}
}
