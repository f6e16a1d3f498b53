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
// control characters, invalid UTF-8 and what reorders or hides text; white space
// becomes a space.
func Line(s string, bound int) string {
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
		case unicode.IsControl(r), Misleading(r), r == utf8.RuneError:
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

// Misleading tells characters that are not seen but change what is: bidi
// embeddings, overrides, isolates and marks, zero-width characters, tags and
// the other format characters.
func Misleading(r rune) bool {
	return unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Co, r) || unicode.Is(unicode.Zl, r) || unicode.Is(unicode.Zp, r)
}
