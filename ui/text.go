package ui

import (
	"regexp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/charmbracelet/x/ansi"
)

// cells is how many cells a text is wide.
func cells(s string) int {
	for i := 0; i < len(s); i++ {
		if s[i] >= utf8.RuneSelf || s[i] < ' ' {
			return ansi.StringWidth(s)
		}
	}
	return len(s)
}

// clean removes what could move the cursor, hide text or make it wider than it
// measures: escape sequences, control and format characters, combining marks.
// Line breaks and tabs become spaces.
func clean(s string) string {
	if strings.IndexFunc(s, unprintable) < 0 {
		return s
	}
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return ' '
		case unprintable(r):
			return -1
		}
		return r
	}, ansi.Strip(s))
}

func unprintable(r rune) bool {
	return r == utf8.RuneError || r >= 0x80 && (unicode.In(r, unicode.Cf, unicode.M) || joining(r)) || unicode.IsControl(r)
}

// joining tells whether a character melts with its neighbours, so that a text is
// not as wide as its parts: flags, skin tones, and the vowels and finals of
// Hangul.
func joining(r rune) bool {
	return r >= 0x1f1e6 && r <= 0x1f1ff || r >= 0x1f3fb && r <= 0x1f3ff || r >= 0x1100 && r <= 0x11ff ||
		r >= 0xa960 && r <= 0xa97f || r >= 0xd7b0 && r <= 0xd7ff
}

// cutEnd shortens prose to w cells: "nothing fai…".
func cutEnd(s string, w int, ellipsis string) string {
	switch {
	case cells(s) <= w:
		return s
	case w < cells(ellipsis):
		return ansi.Truncate(s, max(w, 0), "")
	}
	return cutBefore(s, ansi.Truncate(s, w-cells(ellipsis), ""), ellipsis) + ellipsis
}

// cutBefore is what is left of s before an ellipsis that follows cut: no half
// number, and no second ellipsis.
func cutBefore(s, cut, ellipsis string) string {
	if ellipsis == "" {
		return cut
	}
	return strings.TrimSuffix(wholeNumbers(s, cut), ellipsis)
}

// quantity is a number as it is written here, with its unit: "12,450", "0.41%",
// "1.2Gi", "4:39".
var quantity = regexp.MustCompile(`[0-9][0-9.,:]*(?:%|[A-Za-z]{1,2})?`)

// wholeNumbers takes from the end of a cut text what remains of a number or of
// its unit that was cut through: half of either is another number.
func wholeNumbers(s, cut string) string {
	if !strings.HasPrefix(s, cut) {
		return cut
	}
	word := strings.LastIndexAny(cut, " \t") + 1
	for _, at := range quantity.FindAllStringIndex(s[word:], -1) {
		if from, to := word+at[0], word+len(strings.TrimRight(s[word+at[0]:word+at[1]], ".,:"))+at[0]; from < len(cut) && len(cut) < to {
			return cut[:from]
		}
	}
	return cut
}

// cutMiddle shortens a name to w cells, keeping both ends: "datahub-…-7c9f".
func cutMiddle(s string, w int, ellipsis string) string {
	room := w - cells(ellipsis)
	switch {
	case cells(s) <= w:
		return s
	case room < 2:
		return cutEnd(s, w, "")
	}
	tail := room / 2
	return ansi.Truncate(s, room-tail, "") + ellipsis + ansi.TruncateLeft(s, cells(s)-tail, "")
}

// padRight fills s with spaces up to w cells; a longer s stays as it is.
func padRight(s string, w int) string { return s + spaces(w-cells(s)) }

// padLeft is padRight on the other side.
func padLeft(s string, w int) string { return spaces(w-cells(s)) + s }

func spaces(n int) string { return strings.Repeat(" ", max(n, 0)) }

// cutLeft removes the first n cells of s.
func cutLeft(s string, n int) string { return ansi.TruncateLeft(s, n, "") }

func repeat(s string, n int) string { return strings.Repeat(s, max(n, 0)) }

// share writes "2/5".
func share(n, of int) string { return strconv.Itoa(n) + "/" + strconv.Itoa(of) }

// lastPart is what follows the last slash: a link's readable name.
func lastPart(s string) string {
	s = strings.TrimRight(s, "/")
	return s[strings.LastIndexByte(s, '/')+1:]
}
