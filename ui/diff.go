package ui

import (
	"strings"

	"datahub.io/slipway/release"
)

// diffRow is one line of a diff in w cells, cut in its middle; where w is 0 it is
// not cut and an image's registry is left out instead.
func diffRow(l release.DiffLine, w int) row {
	content := l.Text
	if w > 0 {
		content = cutMiddle(content, w-2, "…")
	} else if key, image, ok := strings.Cut(content, "image: "); ok && strings.TrimSpace(key) == "" {
		content = key + "image: " + release.ShortImage(image)
	}
	switch l.Op {
	case release.Added:
		return line(passing.of("+ " + content))
	case release.Removed:
		return line(failing.of("- " + content))
	case release.Head:
		return line(muted.of("  " + content))
	default:
		return line(faint.of("  " + content))
	}
}

func changedLines(diff []release.DiffLine) int {
	n := 0
	for _, l := range diff {
		if l.Op == release.Added || l.Op == release.Removed {
			n++
		}
	}
	return n
}

// onlyChanged leaves paths and context out.
func onlyChanged(diff []release.DiffLine) []release.DiffLine {
	var out []release.DiffLine
	for _, l := range diff {
		if l.Op == release.Added || l.Op == release.Removed {
			out = append(out, l)
		}
	}
	return out
}
