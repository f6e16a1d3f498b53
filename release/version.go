package release

import (
	"fmt"
	"strconv"
	"strings"
)

// longestTag is how long an image tag may be.
const longestTag = 128

// CheckVersion tells whether a version can be an image tag, by the grammar of
// the OCI distribution specification: [a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}. A digest
// may follow it: v2.5.0@sha256:…. Its error says what was found and what is
// accepted.
func CheckVersion(version string) error {
	tag, digest, pinned := strings.Cut(version, "@")
	ok := tag != "" && len(tag) <= longestTag && (!pinned || isDigest(digest))
	for i := range len(tag) {
		ok = ok && inTag(tag[i], i == 0)
	}
	if ok {
		return nil
	}
	return fmt.Errorf("version: found %s; accepted: an image tag of at most %d letters, digits, dots, dashes and underscores, such as v2.5.0; a digest may follow: v2.5.0@sha256:…", excerpt(version), longestTag)
}

// isDigest tells whether a text is a digest of the registered algorithms.
func isDigest(digest string) bool {
	algorithm, hex, _ := strings.Cut(digest, ":")
	lengths := map[string]int{"sha256": 64, "sha512": 128}
	return len(hex) == lengths[algorithm] && hex != "" && strings.Trim(hex, "0123456789abcdef") == ""
}

// Asks tells whether a version, as it was asked for, is what the record is about.
func (r Record) Asks(plan Plan, version string) bool {
	asked := plan.Image + ":" + version
	if r.To.Version != Version(asked) {
		return false
	}
	digest, has := ParseImage(asked).Digest, ParseImage(r.To.Image).Digest
	return digest == "" || digest == has
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
