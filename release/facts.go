package release

import (
	"maps"
	"slices"
)

// FactName names something that an item can find out. The kind of item that finds it
// says beside its settings what it means.
type FactName string

// The facts that several kinds of items know of.
const (
	FactDigest  FactName = "digest"  // of the image: "sha256:9f2c41d0…"
	FactVersion FactName = "version" // that answered
	FactRun     FactName = "run"     // the number of a run
	FactLink    FactName = "link"    // where a person can look
	FactOutput  FactName = "output"  // the file with what it wrote
	FactExit    FactName = "exit"    // its exit code
)

// Facts are what an item found out that later steps and the report can use. They are
// journalled with the item, and anew when one of them changes: what is another with
// each look, such as an age, belongs into the evidence instead.
type Facts map[FactName]string

// Bounds of the facts of one item: a record stays a few KiB.
const (
	mostFacts   = 24
	longestFact = 500 // runes
)

// bounded gives the facts as far as a record keeps them.
func (f Facts) bounded() Facts {
	if len(f) == 0 {
		return nil
	}
	kept := Facts{}
	for _, name := range slices.Sorted(maps.Keys(f)) {
		text := []rune(f[name])
		if len(kept) == mostFacts {
			break
		}
		if len(text) > 0 {
			kept[name] = string(text[:min(len(text), longestFact)])
		}
	}
	return kept
}

// Fact is what an item has found out, while that counts: an item that has failed, or
// cannot be looked at, vouches for nothing.
func (i Item) Fact(name FactName) string {
	if i.Status != Passed {
		return ""
	}
	return i.Facts[name]
}
