package ui

import (
	"strings"
	"time"

	"datahub.io/slipway/release"
)

// box is the set of characters that a frame is drawn with.
type box struct {
	h, v                    string
	topLeft, topRight       string
	bottomLeft, bottomRight string
	left, right, down, both string // where divider lines join: ├ ┤ ┴ ┼
}

// glyphs is everything that is drawn and is not a letter. Each is one cell
// wide, except the marks in ASCII, which are three.
type glyphs struct {
	ascii bool

	marks map[release.Mark]string
	tock  string // a running mark on odd seconds
	pods  map[release.PodState]string
	was   string // a pod that was last seen long ago

	full, empty   string // bars
	thick, thin   string // bars where rows touch
	bound, beyond string
	spark         [8]string
	change, gap   string // in a sparkline: the last change, no data
	done, todo    string // time
	pip, pipLeft  string // the failure budget
	link          string

	selected, arrow, ellipsis, dot, times, plusMinus string

	frame, heavy box
}

var unicodeGlyphs = glyphs{
	marks: map[release.Mark]string{
		release.MarkNone: " ", release.MarkPass: "✓", release.MarkFail: "✗", release.MarkRunning: "◐",
		release.MarkWaiting: "○", release.MarkWaived: "⊘", release.MarkUnknown: "?", release.MarkStale: "~",
		release.MarkAttention: "!",
	},
	tock: "◑",
	pods: map[release.PodState]string{
		release.PodServing: "●", release.PodStarting: "◐", release.PodPending: "○",
		release.PodDraining: "◌", release.PodReplaced: "◌", release.PodFailing: "✗",
	},
	was:  "○",
	full: "█", empty: "░", thick: "▆", thin: "▁", bound: "┃", beyond: "▶",
	spark:  [8]string{"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"},
	change: "┊", gap: "╌", done: "━", todo: "─", pip: "●", pipLeft: "○", link: "●",
	selected: "▸", arrow: "→", ellipsis: "…", dot: "·", times: "×", plusMinus: "±",
	frame: box{"─", "│", "╭", "╮", "╰", "╯", "├", "┤", "┴", "┼"},
	heavy: box{"━", "┃", "┏", "┓", "┗", "┛", "┣", "┫", "┻", "╋"},
}

var asciiGlyphs = glyphs{
	ascii: true,
	marks: map[release.Mark]string{
		release.MarkNone: "   ", release.MarkPass: "[x]", release.MarkFail: "[!]", release.MarkRunning: "[>]",
		release.MarkWaiting: "[ ]", release.MarkWaived: "[-]", release.MarkUnknown: "[?]", release.MarkStale: "[~]",
		release.MarkAttention: "(!)",
	},
	tock: "[>]",
	pods: map[release.PodState]string{
		release.PodServing: "#", release.PodStarting: "o", release.PodPending: ".",
		release.PodDraining: "=", release.PodReplaced: "=", release.PodFailing: "X",
	},
	was:  ".",
	full: "#", empty: ".", thick: "#", thin: ".", bound: "|", beyond: ">",
	spark:  [8]string{"_", "_", "-", "=", "+", "+", "#", "#"},
	change: ":", gap: " ", done: "=", todo: "-", pip: "#", pipLeft: ".", link: "ok",
	selected: ">", arrow: "->", ellipsis: "...", dot: "|", times: "x", plusMinus: "+-",
	frame: box{"-", "|", "+", "+", "+", "+", "+", "+", "+", "+"},
	heavy: box{"=", "|", "+", "+", "+", "+", "+", "+", "+", "+"},
}

// mark is a state's glyph in its hue; a running one turns on each second.
func (t theme) mark(m release.Mark, now time.Time) span {
	glyph := t.glyphs.marks[m]
	if m == release.MarkRunning && now.Second()%2 == 1 {
		glyph = t.glyphs.tock
	}
	return span{glyph, markInk(m)}
}

// markInk is the ink of a mark and of the word beside it.
func markInk(m release.Mark) ink {
	switch m {
	case release.MarkPass:
		return passing
	case release.MarkFail:
		return failing.bolder()
	case release.MarkRunning:
		return running.bolder()
	case release.MarkWaived, release.MarkAttention:
		return warning
	case release.MarkUnknown, release.MarkStale:
		return unknown.bolder()
	default:
		return faint
	}
}

// longhand spells out in ASCII what takes more than one character, before
// anything is laid out.
var longhand = strings.NewReplacer("→", "->", "…", "...", "≤", "<=", "≥", ">=", "±", "+-",
	"✓", "[x]", "✗", "[!]", "⊘", "[-]", "“", `"`, "”", `"`)

// shorthand replaces what is left, cell by cell, when the screen is drawn.
var shorthand = strings.NewReplacer("·", "|", "×", "x", "—", "-", "–", "-", "‘", "'", "’", "'", "°", "o", "µ", "u")

// say writes text in the characters that the terminal has. It may make the
// text longer, so it comes before everything that measures.
func (g glyphs) say(s string) string {
	if !g.ascii {
		return s
	}
	return longhand.Replace(s)
}

// narrow replaces every character that is not ASCII by one that is, cell by
// cell. It is the last line of defence and changes no width.
func (g glyphs) narrow(s string) string {
	if !g.ascii {
		return s
	}
	s = shorthand.Replace(s)
	var out strings.Builder
	for _, r := range s {
		if r < 0x80 {
			out.WriteRune(r)
			continue
		}
		out.WriteString(strings.Repeat("?", cells(string(r))))
	}
	return out.String()
}
