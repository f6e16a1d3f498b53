package ui

import (
	"image/color"
	"strings"

	"charm.land/lipgloss/v2"
)

// role is what a colour means. Hue is state and only state; everything else is
// luminance.
type role uint8

// The roles of the palette.
const (
	none role = iota // the terminal's own
	text
	bright // values, titles, keys
	quiet  // labels
	dim    // ages, waiting, hints
	border
	track // unfilled bars
	trail // sparklines, old shares
	strip // header and footer
	selection
	good
	goodBar
	bad
	badBar
	caution // a person must look
	moving
	movingBar
	unsure
	unsureBar
	alarmText // on a reversed headline
	alarmBad
	alarmCaution
	alarmUnsure
	badgeText
	badgeBack
	roles
)

// ink is how text is drawn.
type ink struct {
	fg, bg    role
	bold      bool
	underline bool
	link      string // OSC 8
}

// of is text in this ink.
func (k ink) of(s string) span { return span{clean(s), k} }

// The inks of text.
var (
	plain   = ink{fg: text}
	strong  = ink{fg: bright, bold: true}
	muted   = ink{fg: quiet}
	faint   = ink{fg: dim}
	lines   = ink{fg: border}
	passing = ink{fg: good}
	failing = ink{fg: bad}
	warning = ink{fg: caution}
	running = ink{fg: moving}
	unknown = ink{fg: unsure}
	badge   = ink{fg: badgeText, bg: badgeBack, bold: true}
	loudBad = ink{fg: alarmText, bg: alarmBad, bold: true}
	loudAsk = ink{fg: badgeText, bg: alarmCaution, bold: true}
	loudOff = ink{fg: alarmText, bg: alarmUnsure, bold: true}
)

// bolder is the ink in bold.
func (k ink) bolder() ink { k.bold = true; return k }

// depth is how many colours the terminal has.
type depth uint8

const (
	fullColour depth = iota
	sixteen
	noColour
)

// theme is everything about looks that does not depend on the release. It is a
// value, made anew when the terminal tells its background or its colours.
type theme struct {
	dark    bool
	depth   depth
	glyphs  glyphs
	palette [roles]color.Color
}

func newTheme(dark bool, d depth, ascii bool) theme {
	t := theme{dark: dark, depth: d, glyphs: unicodeGlyphs}
	if ascii {
		t.glyphs = asciiGlyphs
	}
	if d == noColour {
		return t
	}
	column := 0
	if !dark {
		column = 1
	}
	if d == sixteen {
		column += 2
	}
	for r, c := range palette {
		if code := c[column]; code != "" {
			t.palette[r] = lipgloss.Color(code)
		}
	}
	return t
}

// palette has each role's colour on dark and on light, and in 16 colours on
// dark and on light. The hexes are xterm-256 values, so that truecolor and 256
// colours look the same. An empty one is the terminal's own.
var palette = [roles][4]string{
	text:         {"#d0d0d0", "#303030", "", ""},
	bright:       {"#eeeeee", "#080808", "", ""},
	quiet:        {"#9e9e9e", "#585858", "7", "8"},
	dim:          {"#808080", "#6c6c6c", "8", "8"},
	border:       {"#444444", "#bcbcbc", "8", "7"},
	track:        {"#444444", "#d0d0d0", "8", "7"},
	trail:        {"#767676", "#949494", "8", "8"},
	strip:        {"#262626", "#eeeeee", "", ""},
	selection:    {"#303030", "#e4e4e4", "", ""},
	good:         {"#5fd787", "#008700", "10", "2"},
	goodBar:      {"#5f875f", "#5faf5f", "10", "2"},
	bad:          {"#ff5f5f", "#d70000", "9", "1"},
	badBar:       {"#ff5f5f", "#d70000", "9", "1"},
	caution:      {"#ffd75f", "#875f00", "11", "3"},
	moving:       {"#5fafff", "#005fd7", "12", "4"},
	movingBar:    {"#5f87af", "#5f87d7", "12", "4"},
	unsure:       {"#af87ff", "#8700af", "13", "5"},
	unsureBar:    {"#5f5f87", "#af87d7", "13", "5"},
	alarmText:    {"#ffffff", "#ffffff", "15", "15"},
	alarmBad:     {"#d70000", "#d70000", "1", "1"},
	alarmCaution: {"#ffd75f", "#ffd75f", "3", "3"},
	alarmUnsure:  {"#5f5faf", "#8700af", "5", "5"},
	badgeText:    {"#121212", "#ffffff", "0", "15"},
	badgeBack:    {"#d0d0d0", "#303030", "7", "0"},
}

// style is an ink as Lip Gloss draws it. Where the terminal lacks the colour of
// a background that carries meaning, the text is reversed instead, and then in
// no colour of its own.
func (t theme) style(k ink) lipgloss.Style {
	s := lipgloss.NewStyle().Inline(true).Bold(k.bold).Underline(k.underline)
	fg, bg := t.palette[k.fg], t.palette[k.bg]
	if bg == nil && k.bg != none && k.bg != strip {
		s, fg = s.Reverse(true), nil
	}
	if fg != nil {
		s = s.Foreground(fg)
	}
	if bg != nil {
		s = s.Background(bg)
	}
	if k.link != "" {
		s = s.Hyperlink(k.link)
	}
	return s
}

// someText is a text that is in no escape sequence and no link.
const someText = "\ue000"

// draw turns a block into text with escape sequences, one line per row. Lip
// Gloss is asked once for each ink what stands around a text in it.
func (t theme) draw(b block) string {
	styles := map[ink][2]string{}
	var out strings.Builder
	for i, r := range b {
		if i > 0 {
			out.WriteByte('\n')
		}
		for len(r) > 0 {
			k, same := r[0].ink, r[0].text
			for r = r[1:]; len(r) > 0 && (r[0].ink == k || invisible(r[0], k)); r = r[1:] {
				same += r[0].text
			}
			if same == "" {
				continue
			}
			around, ok := styles[k]
			if !ok {
				around[0], around[1], _ = strings.Cut(t.style(k).Render(someText), someText)
				styles[k] = around
			}
			out.WriteString(around[0])
			out.WriteString(t.glyphs.narrow(same))
			out.WriteString(around[1])
		}
	}
	return out.String()
}

// invisible tells whether a span looks the same in the ink k: spaces on the same
// background. Drawing them so saves a terminal far away some escape sequences.
func invisible(s span, k ink) bool {
	return s.ink.bg == k.bg && !s.ink.underline && !k.underline && k.link == "" && strings.Trim(s.text, " ") == ""
}
