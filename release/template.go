package release

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
)

// Diff is what changes in a pod template when from is replaced by to, grouped
// under the path that it belongs to. Equal templates give nothing.
func Diff(from, to Template) []DiffLine {
	var lines []DiffLine
	path := ""
	emit := func(op DiffOp, f Field) {
		if f.Path != path {
			path = f.Path
			lines = append(lines, DiffLine{Head, path})
		}
		lines = append(lines, DiffLine{op, f.Key + ": " + f.Value})
	}
	a, b := from.Fields, to.Fields
	for len(a) > 0 || len(b) > 0 {
		switch order := compareFields(a, b); {
		case order < 0:
			emit(Removed, a[0])
			a = a[1:]
		case order > 0:
			emit(Added, b[0])
			b = b[1:]
		default:
			if a[0].Value != b[0].Value {
				emit(Removed, a[0])
				emit(Added, b[0])
			}
			a, b = a[1:], b[1:]
		}
	}
	return lines
}

// compareFields orders the heads of two sorted field lists by path and key; an
// empty list comes last.
func compareFields(a, b []Field) int {
	switch {
	case len(a) == 0:
		return 1
	case len(b) == 0:
		return -1
	}
	return cmp.Or(cmp.Compare(a[0].Path, b[0].Path), cmp.Compare(a[0].Key, b[0].Key))
}

// follows tells whether a pod template is the one asked for, but for what admission
// does to images: the same versions, with a digest or from a mirror.
func (t Template) follows(asked Template) bool {
	return len(t.Fields) > 0 && slices.EqualFunc(t.Fields, asked.Fields, func(runs, asked Field) bool {
		return runs == asked || runs.image() && runs.Path == asked.Path && runs.Key == asked.Key && SameVersion(asked.Value, runs.Value)
	})
}

// rest is a hash of the template without the image of a container.
func (t Template) rest(container string) string {
	var text []byte
	for _, f := range t.Fields {
		if !f.image() || f.Path != "containers["+container+"]" {
			text = fmt.Appendf(text, "%q %q %q\n", f.Path, f.Key, f.Value)
		}
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])[:24]
}

// image tells whether the field is the image of a container.
func (f Field) image() bool {
	of, _, _ := strings.Cut(f.Path, "[")
	return f.Key == "image" && strings.HasSuffix(f.Path, "]") && (of == "containers" || of == "initContainers")
}
