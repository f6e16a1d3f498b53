package checklist

import (
	"strings"
	"testing"
)

func TestQuery(t *testing.T) {
	for name, c := range map[string]struct{ text, body, value, err string }{
		"a string":       {".status", `{"status":"ok"}`, "ok", ""},
		"a number":       {".n", `{"n":12345678901234567890}`, "12345678901234567890", ""},
		"its digits":     {".n", `{"n":1.50}`, "1.50", ""},
		"a truth":        {`.checks | all(.ok)`, `{"checks":[{"ok":true},{"ok":true}]}`, "true", ""},
		"an object":      {".a", `{"a":{"b":1}}`, `{"b":1}`, ""},
		"nothing":        {".gone", `{}`, "", "it finds nothing"},
		"no value":       {"empty", `{}`, "", "it finds nothing"},
		"several":        {".[]", `[1,2]`, "", "it finds several values"},
		"an error":       {".a.b", `{"a":1}`, "", "expected an object"},
		"then an error":  {`1, error("x")`, `{}`, "", "x"},
		"without end":    {"def f: f; f", `{}`, "", "it has no end within 1s"},
		"no JSON":        {".", `<html>`, "", "the answer is not JSON"},
		"two":            {".", `{} {}`, "", "more than one JSON value"},
		"no environment": {"env.HOME // \"none\"", `{}`, "none", ""},
		"no expression":  {".[", `{}`, "", "unexpected EOF"},
	} {
		t.Run(name, func(t *testing.T) {
			value, err := query(t.Context(), c.text, []byte(c.body))
			if value != c.value || (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
				t.Errorf("%q, %v; want %q, %q", value, err, c.value, c.err)
			}
		})
	}
}

func TestEqual(t *testing.T) {
	for _, c := range []struct {
		value, wanted string
		equal         bool
	}{
		{"ok", "ok", true}, {"ok", "OK", false}, {"1.50", "1.5", true}, {"12345678901234567890", "12345678901234567891", false},
		{"true", "true", true}, {"", "0", false}, {"-0", "0", true}, {"1e999999999", "1", false},
	} {
		if equal(c.value, c.wanted) != c.equal {
			t.Errorf("%q and %q: not %t", c.value, c.wanted, c.equal)
		}
	}
}
