package release

import (
	"fmt"
	"strconv"
)

// longestTag is how long an image tag may be.
const longestTag = 128

// CheckVersion tells whether a version can be an image tag, by the grammar of
// the OCI distribution specification: [a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}. Its
// error says what was found and what is accepted.
func CheckVersion(version string) error {
	ok := version != "" && len(version) <= longestTag
	for i := range len(version) {
		ok = ok && inTag(version[i], i == 0)
	}
	if ok {
		return nil
	}
	return fmt.Errorf("version: found %s; accepted: an image tag of at most %d letters, digits, dots, dashes and underscores, such as v2.5.0", excerpt(version), longestTag)
}

// inTag tells whether a tag may have the byte, and begin with it.
func inTag(c byte, first bool) bool {
	switch {
	case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '_':
		return true
	}
	return !first && (c == '.' || c == '-')
}

// excerpt quotes the beginning of a text, so that nothing in it reaches the
// terminal as it is.
func excerpt(s string) string {
	const longest = 120
	if runes := []rune(s); len(runes) > longest {
		s = string(runes[:longest]) + "…"
	}
	return strconv.Quote(s)
}
