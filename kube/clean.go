package kube

import (
	"strings"

	"datahub.io/slipway/untrusted"
)

// The bounds, in runes, of text that comes from the cluster.
const (
	nameBound = 253
	textBound = 500
	lineBound = 2000
)

// lastLine is the last line of text that says something, cleaned.
func lastLine(text string, bound int) string {
	lines := strings.Split(text, "\n")
	for i := len(lines) - 1; i >= 0; i-- {
		if line := strings.TrimSpace(untrusted.Line(lines[i], bound)); line != "" {
			return line
		}
	}
	return ""
}
