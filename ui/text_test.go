package ui

import (
	"testing"

	"pgregory.net/rapid"
)

func TestCutEnd(t *testing.T) {
	for _, test := range []struct {
		in   string
		w    int
		want string
	}{
		{"nothing failing", 15, "nothing failing"},
		{"nothing failing", 11, "nothing fa…"},
		{"Limit: 12,450 more", 11, "Limit: …"},       // not "Limit: 12,…": half a number is another one
		{"Limit: 12,450 more", 14, "Limit: 12,450…"}, // the number is whole
		{"deadline in 4:39.", 15, "deadline in …"},
		{"rate 0.41%, 0.6%", 10, "rate …"}, // not "rate 0.41…": a number without its unit is another one
		{"rate 0.41%, 0.6%", 12, "rate 0.41%,…"},
		{"takes 45ms or more", 10, "takes …"},
		{"ip-10-0-1-17…nal", 13, "ip-10-0-1-17…"}, // one ellipsis is enough
		{"v2.4.0", 1, "…"},
		{"v2.4.0", 0, ""},
	} {
		if got := cutEnd(test.in, test.w, "…"); got != test.want {
			t.Errorf("cutEnd(%q, %d) = %q, want %q", test.in, test.w, got, test.want)
		}
	}
}

func TestCutMiddle(t *testing.T) {
	for _, test := range []struct {
		in   string
		w    int
		want string
	}{
		{"datahub-gateway-5d8f7c9b64", 26, "datahub-gateway-5d8f7c9b64"},
		{"datahub-gateway-5d8f7c9b64", 15, "datahub…7c9b64"[:7] + "…" + "f7c9b64"},
		{"ab", 1, "a"},
	} {
		if got := cutMiddle(test.in, test.w, "…"); got != test.want {
			t.Errorf("cutMiddle(%q, %d) = %q, want %q", test.in, test.w, got, test.want)
		}
	}
}

func TestCleanRemovesWhatMovesTheCursor(t *testing.T) {
	for in, want := range map[string]string{
		"plain":                        "plain",
		"\x1b[2J\x1b[31mred\x1b[0m":    "red",
		"one\ntwo\tthree\r":            "one two three",
		"\x1b]8;;http://evil\x07x":     "x",
		"\u202eevil\u202c":             "evil",
		"bell\a and \x9b31m and \x00.": "bell and  and .",
	} {
		if got := clean(in); got != want {
			t.Errorf("clean(%q) = %q, want %q", in, got, want)
		}
	}
}

// Whatever the cluster writes, a row is exactly as wide as it was asked to be
// and carries no control character.
func TestRowsAreExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		parts := rapid.SliceOfN(rapid.String(), 0, 5).Draw(t, "parts")
		w := rapid.IntRange(0, 40).Draw(t, "w")
		r := make(row, 0, len(parts))
		for _, part := range parts {
			r = append(r, plain.of(part))
		}
		for _, ellipsis := range []string{"…", "...", ""} {
			got := r.fit(w, ellipsis)
			if got.width() != w {
				t.Fatalf("%q fitted to %d is %d wide", got.plain(), w, got.width())
			}
			if text := got.plain(); clean(text) != text {
				t.Fatalf("%q is not clean", text)
			}
		}
		if got := spread(r, r, w, "…").width(); got != w {
			t.Fatalf("spread to %d is %d wide", w, got)
		}
		a := rapid.IntRange(0, w).Draw(t, "a")
		if got := r.fit(w, "…").slice(a, w).width(); got != w-a {
			t.Fatalf("slice %d:%d is %d wide", a, w, got)
		}
	})
}
