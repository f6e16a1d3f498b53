package untrusted

import (
	"testing"
	"unicode"
	"unicode/utf8"

	"pgregory.net/rapid"
)

func TestLine(t *testing.T) {
	for _, test := range []struct {
		in    string
		bound int
		want  string
	}{
		{"plain text", 20, "plain text"},
		{"\x1b[31mred\x1b[0m", 20, "red"},
		{"\x1b]0;title\x07after", 20, "after"},
		{"\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\", 20, "link"},
		{"\x1bPq#0~\x1b\\sixel", 20, "sixel"},
		{"a\tb\r\nc", 20, "a b  c"},
		{"bell\a back\b null\x00 del\x7f", 40, "bell back null del"},
		{"c1 \u009b31m csi", 20, "c1 31m csi"},
		{"bi\u202edi \u2066iso\u2069 mark\u200f zero\u200bwidth \ufeffbom", 60, "bidi iso mark zerowidth bom"},
		{"bad \xff\xfe utf8", 20, "bad  utf8"},
		{"ünïcode → ok", 20, "ünïcode → ok"},
		{"0123456789", 5, "0123…"},
		{"0123456789", 10, "0123456789"},
		{"ääääääääää", 5, "ääää…"},
		{"", 5, ""},
	} {
		if got := Line(test.in, test.bound); got != test.want {
			t.Errorf("Line(%q, %d) = %q, expected %q", test.in, test.bound, got, test.want)
		}
	}
}

func TestLineAlways(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := string(rapid.SliceOf(rapid.Byte()).Draw(t, "bytes")) + rapid.String().Draw(t, "text")
		bound := rapid.IntRange(1, 60).Draw(t, "bound")
		out := Line(in, bound)
		if !utf8.ValidString(out) || utf8.RuneCountInString(out) > bound {
			t.Fatalf("Line(%q, %d) = %q", in, bound, out)
		}
		for _, r := range out {
			if unicode.IsControl(r) || Misleading(r) {
				t.Fatalf("Line(%q) = %q keeps %q", in, out, r)
			}
		}
		if again := Line(out, bound); again != out {
			t.Fatalf("Line(%q) = %q, and then %q", in, out, again)
		}
	})
}
