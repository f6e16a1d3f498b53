package journal

import (
	"bufio"
	"bytes"
	"encoding/json"
	"os"
	"testing"

	"datahub.io/slipway/release"
)

// The way of a canary was two marks and the phase: records of each stage and each of
// these keep their meaning.
func TestWayOfAnEarlierCanary(t *testing.T) {
	text, err := os.ReadFile("../release/testdata/records/format1-canary.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	seen := map[release.Way]int{}
	lines := bufio.NewScanner(bytes.NewReader(text))
	lines.Buffer(nil, 1<<20)
	for n := 1; lines.Scan(); n++ {
		var was struct {
			Record struct {
				Phase  release.Phase
				Canary struct{ Back, Rolled bool }
			}
		}
		if err := json.Unmarshal(lines.Bytes(), &was); err != nil {
			t.Fatal(err)
		}
		object, err := upgraded(lines.Bytes(), 1)
		if err != nil {
			t.Fatal(err)
		}
		var is Entry
		if err := json.Unmarshal(object, &is); err != nil {
			t.Fatal(err)
		}
		want := release.Forward
		switch r := was.Record; {
		case r.Canary.Rolled:
			want = release.UndoAtOnce
		case r.Canary.Back:
			want = release.UndoByWeights
		case r.Phase == release.RollingBack, r.Phase == release.RolledBack:
			want = release.Back
		}
		if got := is.Record.Canary.Way; got != want {
			t.Errorf("line %d: %q, expected %q: %+v", n, got, want, was.Record)
		}
		seen[want]++
	}
	if len(seen) != 4 {
		t.Errorf("only %v", seen)
	}
}
