package kube

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/charmbracelet/x/ansi"
)

// The bounds, in runes, of text that comes from the cluster.
const (
	nameBound = 253
	textBound = 500
	lineBound = 2000
)

// clean makes text from the cluster fit for a terminal: one line, at most
// bound runes. Escape sequences go whole, as do control characters, invalid
// UTF-8 and what reorders or hides text; white space becomes a space.
// (CVE-2021-25743 was the lack of this in kubectl.)
func clean(s string, bound int) string {
	if plain(s) && len(s) <= bound {
		return s
	}
	s = strings.ToValidUTF8(ansi.Strip(s), "")
	var b strings.Builder
	n := 0
	for _, r := range s {
		switch {
		case unicode.IsSpace(r):
			r = ' '
		case unicode.IsControl(r), misleading(r), r == utf8.RuneError:
			continue
		}
		if n == bound {
			cut := []rune(b.String())
			return string(cut[:bound-1]) + "…"
		}
		b.WriteRune(r)
		n++
	}
	return strings.TrimRight(b.String(), " ")
}

// plain tells whether there is nothing to clean: printable ASCII only.
func plain(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

// misleading tells characters that are not seen but change what is: bidi
// embeddings, overrides, isolates and marks, zero-width characters, tags and
// the other format characters.
func misleading(r rune) bool {
	return unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Co, r) || unicode.Is(unicode.Zl, r) || unicode.Is(unicode.Zp, r)
}

// lastLine is the last line of text that says something, cleaned.
func lastLine(text string, bound int) string {
	lines := strings.Split(text, "\n")
	for i := len(lines) - 1; i >= 0; i-- {
		if line := strings.TrimSpace(clean(lines[i], bound)); line != "" {
			return line
		}
	}
	return ""
}
