package journal

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"datahub.io/slipway/release"
)

// fixtures are records that earlier slipways wrote, by name: "1-canary".
func fixtures(t *testing.T) map[string][]byte {
	t.Helper()
	paths, err := filepath.Glob("testdata/formats/*.jsonl")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no fixtures: %v", err)
	}
	all := map[string][]byte{}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		all[strings.TrimSuffix(filepath.Base(path), ".jsonl")] = text
	}
	return all
}

// put lays a record's file down as it is.
func put(t *testing.T, store *Store, id string, text []byte) {
	t.Helper()
	if err := os.MkdirAll(store.path(), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(store.path(), id+suffix), text, 0o600); err != nil {
		t.Fatal(err)
	}
}

// Each format up to today's has a way to the next one, and records to try it on.
func TestEveryFormatHasItsUpgradeAndItsFixtures(t *testing.T) {
	have := map[int]bool{}
	for name := range fixtures(t) {
		format, _, _ := strings.Cut(name, "-")
		n, err := strconv.Atoi(format)
		if err != nil {
			t.Fatalf("%s does not begin with its format", name)
		}
		have[n] = true
	}
	for format := oldestFormat; format <= release.RecordFormat; format++ {
		if !have[format] {
			t.Errorf("no record of format %d in testdata/formats", format)
		}
		if _, ok := upgrades[format]; ok != (format < release.RecordFormat) {
			t.Errorf("format %d: upgrade there: %v", format, ok)
		}
	}
}

// What an earlier slipway wrote is read whole: every member that it wrote is one of
// today's, with the value that it had, and the record goes on.
func TestEarlierRecordsAreRead(t *testing.T) {
	for name, text := range fixtures(t) {
		t.Run(name, func(t *testing.T) {
			store := open(t, t.TempDir())
			put(t, store, "r1", text)
			lines := strings.Split(strings.TrimSpace(string(text)), "\n")
			j, entries, dropped, err := store.Reopen("r1")
			if err != nil || len(entries) != len(lines) || dropped.Lines != 0 {
				t.Fatalf("%d entries of %d, %v, %v", len(entries), len(lines), dropped, err)
			}
			defer j.Close()
			for i, e := range entries {
				var wrote, reads any
				object, err := unsum([]byte(lines[i]))
				if err != nil {
					t.Fatal(err)
				}
				if err := json.Unmarshal(object, &wrote); err != nil {
					t.Fatal(err)
				}
				again, err := json.Marshal(e)
				if err != nil {
					t.Fatal(err)
				}
				if err := json.Unmarshal(again, &reads); err != nil {
					t.Fatal(err)
				}
				for _, lost := range missing("", wrote, reads) {
					if strings.HasPrefix(lost, ".record.canary.back ") || strings.HasPrefix(lost, ".record.canary.rolled ") {
						continue // a canary's way says it now: TestWayOfAnEarlierCanary
					}
					t.Errorf("line %d: %s", i+1, lost)
				}
			}
			next := entries[len(entries)-1]
			next.Seq++
			next.Record.Seq++
			if err := j.Append(next); err != nil {
				t.Fatal(err)
			}
			v, err := store.Verify("r1")
			if err != nil || len(v.Problems) != 0 || v.Lines != len(lines)+1 {
				t.Errorf("verified: %+v, %v", v, err)
			}
			after, _, err := store.Read("r1")
			if err != nil || !reflect.DeepEqual(after[:len(entries)], entries) || after[len(entries)].Record.Format != release.RecordFormat {
				t.Errorf("after going on: %v", err)
			}
		})
	}
}

// missing names what of one value is not in another.
func missing(at string, wrote, reads any) (lost []string) {
	switch wrote := wrote.(type) {
	case map[string]any:
		inner, _ := reads.(map[string]any)
		for name, value := range wrote {
			switch there, ok := inner[name]; {
			case name == "format" || name == "prev":
			case !ok && !empty(value):
				lost = append(lost, fmt.Sprintf("%s.%s is lost: %v", at, name, value))
			case ok:
				lost = append(lost, missing(at+"."+name, value, there)...)
			}
		}
	case []any:
		inner, _ := reads.([]any)
		if len(inner) != len(wrote) {
			return []string{fmt.Sprintf("%s has %d elements, had %d", at, len(inner), len(wrote))}
		}
		for i := range wrote {
			lost = append(lost, missing(fmt.Sprintf("%s[%d]", at, i), wrote[i], inner[i])...)
		}
	default:
		if !reflect.DeepEqual(wrote, reads) {
			return []string{fmt.Sprintf("%s is %v, was %v", at, reads, wrote)}
		}
	}
	return lost
}

// empty tells whether leaving a value out says the same.
func empty(v any) bool {
	return v == nil || v == "" || v == 0.0 || v == false || v == "0001-01-01T00:00:00Z"
}

// What another slipway put into a record, and this one does not know, stays there while
// this one goes on with it; what belonged to something that is over goes with it.
func TestUnknownMembersAreCarriedOn(t *testing.T) {
	store := open(t, t.TempDir())
	e := entry(1, release.Deploying)
	e.Record.Held = &release.Hold{Kind: release.HeldByHand, Reason: "lunch"}
	e.Record.Canary = &release.CanaryRun{Stage: release.Baking}
	text, _, err := encode(e, line{})
	if err != nil {
		t.Fatal(err)
	}
	object := string(text[:len(text)-tailLen-1])
	for at, add := range map[string]string{
		`"record":{`:         `"record":{"approvals":[{"by":"eng-b"}],`,
		`"canary":{`:         `"canary":{"mirror":{"to":"shadow"},`,
		`"held":{`:           `"held":{"until":"noon",`,
		`"items":[{"id":"i"`: `"items":[{"id":"i","facts":{"digest":"sha256:9f"}`,
	} {
		if !strings.Contains(object, at) {
			t.Fatalf("no %s in %s", at, object)
		}
		object = strings.Replace(object, at, add, 1)
	}
	object += "}"
	put(t, store, "r1", []byte(object[:len(object)-1]+sumKey+sumOf([]byte(object))+sumEnd+"\n"))

	j, entries, _, err := store.Reopen("r1")
	if err != nil || len(entries) != 1 {
		t.Fatal(err)
	}
	defer j.Close()
	next := entries[0]
	next.Seq, next.Record.Seq, next.Record.Phase = 2, 2, release.Verifying
	if err := j.Append(next); err != nil {
		t.Fatal(err)
	}
	next.Seq, next.Record.Seq, next.Record.Held = 3, 3, nil
	next.Record.Items = append(slices.Clone(next.Record.Items), release.Item{ID: "new"})
	if err := j.Append(next); err != nil {
		t.Fatal(err)
	}
	file, err := os.ReadFile(filepath.Join(store.path(), "r1"+suffix))
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(string(file), "\n")
	for _, want := range []string{`"approvals":[{"by":"eng-b"}]`, `"mirror":{"to":"shadow"}`, `"facts":{"digest":"sha256:9f"}`} {
		for n, text := range lines[:3] {
			if !strings.Contains(text, want) {
				t.Errorf("line %d has lost %s", n+1, want)
			}
		}
	}
	if !strings.Contains(lines[1], `"until":"noon"`) || strings.Contains(lines[2], `"until":"noon"`) {
		t.Errorf("of the hold:\n%s\n%s", lines[1], lines[2])
	}
	again, _, err := store.Read("r1")
	if err != nil || len(again) != 3 || again[2].Record.Phase != release.Verifying || len(again[2].Record.Items) != 2 {
		t.Errorf("%+v, %v", again, err)
	}
}

// A record of a later format is refused by name, and nothing is written to it.
func TestLaterFormatsAreNeverWrittenTo(t *testing.T) {
	store := open(t, t.TempDir())
	j, err := store.Create("r1")
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(j.Append(entry(1, release.Deploying)), j.Append(foreign(entry(2, release.Deploying))), j.Close()); err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadFile(filepath.Join(store.path(), "r1"+suffix))
	if err != nil {
		t.Fatal(err)
	}
	var other *FormatError
	_, _, _, err = store.Reopen("r1")
	if !errors.As(err, &other) || !strings.Contains(err.Error(), "r1.jsonl: record format 3 is newer than this slipway; accepted: 1 to 2") {
		t.Errorf("reopen: %v", err)
	}
	if after, err := os.ReadFile(filepath.Join(store.path(), "r1"+suffix)); err != nil || string(after) != string(before) {
		t.Errorf("it was changed: %v", err)
	}
}

// A console that has a record open when a later slipway writes to it writes nothing more.
func TestLaterFormatWrittenMeanwhile(t *testing.T) {
	store := open(t, t.TempDir())
	j, err := store.Create("r1")
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	if err := j.Append(entry(1, release.Deploying)); err != nil {
		t.Fatal(err)
	}
	text, _, err := encode(foreign(entry(2, release.Deploying)), j.last)
	if err != nil {
		t.Fatal(err)
	}
	appendTo(t, store, "r1", text)
	var other *FormatError
	if err := j.Append(entry(2, release.Verifying)); !errors.As(err, &other) {
		t.Errorf("append: %v", err)
	}
	if _, err := j.Recover(); !errors.As(err, &other) {
		t.Errorf("recover: %v", err)
	}
}

func appendTo(t *testing.T, store *Store, id string, text []byte) {
	t.Helper()
	f, err := os.OpenFile(filepath.Join(store.path(), id+suffix), os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write(text); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}
