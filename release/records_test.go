package release_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"datahub.io/slipway/release"
)

// Records of earlier versions open, and lose nothing: with a change of every kind in
// flight.
func TestEarlierRecordsOpen(t *testing.T) {
	files, _ := filepath.Glob("testdata/records/*.jsonl")
	kinds := map[release.OpKind]bool{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(bytes.NewReader(text))
		lines.Buffer(nil, 1<<20)
		for n := 1; lines.Scan(); n++ {
			var e release.Entry
			if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
				t.Fatalf("%s:%d: %v", file, n, err)
			}
			again, err := json.Marshal(e)
			if err != nil {
				t.Fatal(err)
			}
			if lost := kept(missing(object(t, lines.Bytes()), object(t, again), "")); len(lost) > 0 {
				t.Errorf("%s:%d: lost %s", file, n, strings.Join(lost, ", "))
			}
			if p := e.Record.Pending; p != nil {
				kinds[p.Change.Kind()] = true
				if p.Change.Describe() == "" || p.Change.Do.Deadline() == 0 {
					t.Errorf("%s:%d: %+v", file, n, p.Change)
				}
			}
		}
	}
	for _, kind := range []release.OpKind{
		release.OpSetImage, release.OpUndoTo, release.OpPause, release.OpResume, release.OpApplyCanary,
		release.OpScaleCanary, release.OpScaleStable, release.OpSetWeight, release.OpDeleteCanary,
	} {
		if !kinds[kind] {
			t.Errorf("no earlier record has %q in flight", kind)
		}
	}
}

// kept leaves out what the journal has upgraded before: the two marks that were a
// canary's way.
func kept(lost []string) []string {
	return slices.DeleteFunc(lost, func(path string) bool {
		return strings.HasSuffix(path, ".canary.back") || strings.HasSuffix(path, ".canary.rolled")
	})
}

func object(t *testing.T, text []byte) map[string]any {
	t.Helper()
	var o map[string]any
	if err := json.Unmarshal(text, &o); err != nil {
		t.Fatal(err)
	}
	return o
}

// missing lists what of one value another has not, or has otherwise. What is empty may
// be missing.
func missing(want, got any, at string) (paths []string) {
	switch w := want.(type) {
	case map[string]any:
		g, _ := got.(map[string]any)
		for key, value := range w {
			paths = append(paths, missing(value, g[key], at+"."+key)...)
		}
	case []any:
		g, _ := got.([]any)
		for i, value := range w {
			if i >= len(g) {
				return append(paths, at)
			}
			paths = append(paths, missing(value, g[i], at)...)
		}
	default:
		empty := want == nil || reflect.ValueOf(want).IsZero()
		if !reflect.DeepEqual(want, got) && (!empty || got != nil) {
			paths = append(paths, at)
		}
	}
	return paths
}

// A change of a kind that this version does not know is refused, not taken for another.
func TestUnknownOperationIsRefused(t *testing.T) {
	var c release.Change
	err := json.Unmarshal([]byte(`{"id":"a","kind":"fly","by":{"name":"eng-a"}}`), &c)
	if err == nil || !strings.Contains(err.Error(), `"fly"`) {
		t.Errorf("it is read as %+v, %v", c, err)
	}
}
