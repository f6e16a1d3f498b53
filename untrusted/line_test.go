package untrusted

import (
	"strings"
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
		{"e\u0301te\u0301", 20, "e\u0301te\u0301"},
		{"z\u0300\u0301\u0302\u0303\u0304\u0305algo", 20, "z\u0300\u0301\u0302algo"},
		{"\u0300first a\u20dd \u0301b", 20, "first a b"},
		{"na\u115fme\u3164 v\uffa02\u2800", 20, "name v2"},
		{"ok\ufe0f \U000e0100x", 20, "ok x"},
		{"หน้า ที่", 20, "หน้า ที่"},
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

func FuzzLine(f *testing.F) {
	for _, seed := range []string{"", "plain", "\x1b[31mred", "\x1b]0;t\x07", "\u202eabc", "e\u0301\u0301\u0301\u0301", "\xff\xfe", "\u3164"} {
		f.Add(seed, 10)
	}
	f.Fuzz(func(t *testing.T, in string, bound int) {
		if bound < 1 || bound > 1000 {
			return
		}
		out := Line(in, bound)
		if !utf8.ValidString(out) || utf8.RuneCountInString(out) > bound || Line(out, bound) != out {
			t.Errorf("Line(%q, %d) = %q", in, bound, out)
		}
	})
}

// What an interface holds is cleaned as well.
func TestCleanReachesInterfaces(t *testing.T) {
	type held struct{ Text string }
	all := struct {
		Any  any
		List []any
		Nil  any
	}{Any: held{"a\x1b[2Jb"}, List: []any{held{"c\x07"}, &held{"d\x07"}}}
	Clean(&all, 100)
	got := []string{all.Any.(held).Text, all.List[0].(held).Text, all.List[1].(*held).Text}
	for _, text := range got {
		if strings.ContainsAny(text, "\x1b\x07") {
			t.Errorf("%q is left", text)
		}
	}
}
