// Package untrusted makes text of strangers fit to be shown: messages, logs,
// names and annotations from a cluster, answers of servers. Such text can carry
// terminal escapes (CVE-2021-25743 was kubectl showing them).
package untrusted

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/charmbracelet/x/ansi"
)

// Line makes one line of at most bound runes. Escape sequences go whole, as do
// control characters, invalid UTF-8 and what reorders, hides or covers text; white
// space becomes a space.
func Line(s string, bound int) string {
	if plain(s) && len(s) <= bound {
		return s
	}
	s = strings.ToValidUTF8(ansi.Strip(s), "")
	var b strings.Builder
	n, marks := 0, mostMarks // of the character before; none belongs to nothing
	for _, r := range s {
		if unicode.Is(unicode.M, r) {
			if marks++; marks > mostMarks {
				continue
			}
		}
		switch {
		case unicode.IsSpace(r):
			r = ' '
		case unicode.IsControl(r), Misleading(r), r == utf8.RuneError:
			continue
		}
		if !unicode.Is(unicode.M, r) {
			if marks = 0; r == ' ' {
				marks = mostMarks
			}
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

// mostMarks is how many combining marks a character keeps: more than any language
// needs would be drawn over the lines above and below.
const mostMarks = 3

// Misleading tells characters that are not seen but change what is: bidi
// embeddings, overrides, isolates and marks, zero-width characters, tags and
// the other format characters, variation selectors, letters that are blank, and
// marks that go around the character before.
func Misleading(r rune) bool {
	switch r {
	case 0x034f, 0x115f, 0x1160, 0x17b4, 0x17b5, 0x2800, 0x3164, 0xffa0: // a joiner, fillers, blanks
		return true
	}
	return unicode.Is(unicode.Variation_Selector, r) || unicode.Is(unicode.Me, r) || unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Co, r) || unicode.Is(unicode.Zl, r) || unicode.Is(unicode.Zp, r)
}
