package ui

import (
	"strings"
	"time"
)

// Options is what the screen needs to know about the terminal and its user.
type Options struct {
	Dark    bool // until the terminal tells its background
	NoColor bool // bold, underline and reverse only
	ASCII   bool
	Clock   func() time.Time // when keys come; time.Now when nil
}

// DetectOptions reads the environment. NO_COLOR counts with any value that is
// not empty (https://no-color.org). ASCII is chosen by NO_UTF8, by a terminal
// that cannot do better, and by a locale that is not UTF-8; the first of
// LC_ALL, LC_CTYPE and LANG that is set decides, as in setlocale(3), and none
// at all means UTF-8.
func DetectOptions(env func(string) string) Options {
	o := Options{Dark: true}
	o.NoColor = env("NO_COLOR") != "" || env("TERM") == "dumb"
	o.ASCII = env("NO_UTF8") != "" || env("TERM") == "dumb" || !utf8Locale(env)
	return o
}

func utf8Locale(env func(string) string) bool {
	for _, name := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if locale := env(name); locale != "" {
			upper := strings.ToUpper(locale)
			return strings.Contains(upper, "UTF-8") || strings.Contains(upper, "UTF8")
		}
	}
	return true
}
