package checklist

import (
	"strings"
	"unicode"

	"github.com/charmbracelet/x/ansi"
)

const longest = 300 // runes of one finding

// clean makes text of a stranger fit to be shown: one line, without escape
// sequences, control, formatting or invalid characters, not endless.
func clean(s string) string {
	var b strings.Builder
	n := 0
	for _, r := range ansi.Strip(strings.ToValidUTF8(s, "?")) {
		if n == longest {
			b.WriteRune('…')
			break
		}
		switch {
		case r == '\n' || r == '\t' || r == '\r':
			r = ' '
		case !unicode.IsGraphic(r):
			continue
		}
		b.WriteRune(r)
		n++
	}
	return strings.TrimSpace(b.String())
}
