package release_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"datahub.io/slipway/release"
)

// Every type of item is whole: it says what it does, a check is looked at in some way and
// not too often, and its settings are of its own type.
func TestItemTypes(t *testing.T) {
	plan := testPlan()
	for _, kind := range release.ItemTypes() {
		spec := release.ItemSpec{ID: "it", Title: "It", Type: kind, Settings: kind.Settings()}
		if words := release.WordsOf(plan, spec); words == "" || words == string(kind) {
			t.Errorf("%s says nothing of what it does", kind)
		}
		if s := kind.Settings(); s != nil && release.TypeOf(s) != kind {
			t.Errorf("%s has the settings of %s", kind, release.TypeOf(s))
		}
		switch kind.Class() {
		case release.Manual:
		case release.Check:
			if every, limit, stale := spec.Look(); kind.Probed() && (every <= 0 || limit <= 0 || stale < 2*every+limit || kind.ShortestEvery() <= 0 || kind.ShortestEvery() > every) {
				t.Errorf("%s: every %s (at least %s), limit %s, stale after %s", kind, every, kind.ShortestEvery(), limit, stale)
			}
		case release.Action:
			if deploys := spec.Deploys(); kind.Performs() == deploys {
				t.Errorf("%s: performs an operation %v", kind, kind.Performs())
			}
		default:
			t.Errorf("%s is of class %q", kind, kind.Class())
		}
	}
	if len(release.ItemTypes()) < 7 {
		t.Errorf("types: %v", release.ItemTypes())
	}
}

// What an item found out is journalled within bounds.
func TestFactsAreBounded(t *testing.T) {
	facts := release.Facts{"empty": "", release.FactLink: strings.Repeat("é", 2000)}
	for i := range 100 {
		facts[release.FactName(fmt.Sprintf("fact%03d", i))] = "x"
	}
	kept := release.Bounded(facts)
	if len(kept) != 24 || kept["fact023"] != "x" || kept["fact024"] != "" {
		t.Errorf("%d facts: %v", len(kept), kept)
	}
	if got := release.Bounded(release.Facts{"empty": "", "digest": "sha256:1"}); !reflect.DeepEqual(got, release.Facts{"digest": "sha256:1"}) {
		t.Errorf("%v", got)
	}
	if got := []rune(release.Bounded(release.Facts{release.FactLink: facts[release.FactLink]})[release.FactLink]); len(got) != 500 {
		t.Errorf("a fact of %d runes", len(got))
	}
	if release.Bounded(nil) != nil {
		t.Error("no facts are some")
	}
}
