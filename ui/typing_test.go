package ui

import (
	"strings"
	"testing"

	"datahub.io/slipway/release"
)

// While letters are typed the screen names no key that would type one.
func TestTypingNamesTheKeysThatWork(t *testing.T) {
	for name, test := range map[string]struct {
		frame func() release.Frame
		keys  string
		wants []string
	}{
		"pods":     {frameRolling, "2 /", []string{"enter keep the filter", "esc clear it"}},
		"log":      {frameRolling, "4 /", []string{"enter keep the filter", "esc clear it"}},
		"pod log":  {frameRolling, "l /", []string{"enter keep the filter", "esc clear it"}},
		"name":     {frameReady, "d", []string{"enter deploy", "esc leave as it is"}},
		"waive":    {framePlanned, "j w", []string{"enter waive it", "esc leave as it is"}},
		"note":     {framePlanned, "j j space", []string{"enter tick it", "esc leave as it is"}},
		"version":  {frameIdle, "d", []string{"enter plan the release", "esc leave as it is"}},
		"in ASCII": {frameRolling, "2 /", []string{"enter keep the filter", "esc clear it"}},
	} {
		for _, size := range sizes {
			th := darkTheme
			if name == "in ASCII" {
				th = asciiTheme
			}
			keysTo := strings.Fields(test.keys)
			if oneColumn(size[0]) && keysTo[0] == "j" {
				keysTo = append([]string{"c"}, keysTo...) // the items are a view of their own there
			}
			p := play(t, test.frame(), th, size[0], size[1], keysTo...)
			rows := p.rows()
			undo, keys := rows[len(rows)-2], flatten(rows[len(rows)-1])
			if !strings.HasPrefix(undo, " ctrl+z ") || strings.Contains(undo, "u again") {
				t.Errorf("%s %v: the row above the keys is %q", name, size, undo)
			}
			if next := rows[len(rows)-3]; size[1] >= tallEnough && !strings.Contains(flatten(next), test.wants[0]) {
				t.Errorf("%s %v: the row of enter is %q", name, size, next)
			}
			for _, want := range append(test.wants, "ctrl+z undo") {
				if !strings.Contains(keys, want) {
					t.Errorf("%s %v: the keys are %q, want %q", name, size, keys, want)
				}
			}
			for _, not := range []string{"q leave", "r revisions", "j/k", "p pause", "? help", " u undo"} {
				if strings.Contains(keys, not) {
					t.Errorf("%s %v: the keys are %q, and say %q", name, size, keys, not)
				}
			}
		}
	}
}

// A filter that is kept is no typing any more.
func TestKeptFilterIsNoTyping(t *testing.T) {
	p := plain40(t, frameRolling(), "2", "/", `"v2"`, "enter")
	if keys := p.rows()[39]; !strings.HasPrefix(keys, " u undo") || !strings.Contains(keys, "q leave") {
		t.Errorf("the keys are %q", keys)
	}
}
