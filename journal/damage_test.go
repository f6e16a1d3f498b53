package journal

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"datahub.io/slipway/release"
	"datahub.io/slipway/untrusted"
)

func TestCrashAtEveryByte(t *testing.T) {
	var text []byte
	for seq := range 2 {
		line, _, err := encode(Entry{Seq: seq + 1, At: start, Event: "x", Record: release.Record{Format: release.RecordFormat, Phase: release.Deploying}}, line{})
		if err != nil {
			t.Fatal(err)
		}
		text = append(text, line...)
	}
	dir := t.TempDir()
	for cut := range len(text) + 1 {
		store := open(t, filepath.Join(dir, fmt.Sprint(cut)))
		if err := os.MkdirAll(store.path(), 0o700); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(store.path(), "r1.jsonl")
		if err := os.WriteFile(path, text[:cut], 0o600); err != nil {
			t.Fatal(err)
		}
		kept := bytes.Count(text[:cut], []byte{'\n'})
		j, entries, dropped, err := store.Reopen("r1")
		if kept == 0 {
			if err == nil {
				t.Fatalf("cut at %d: reopened without a line", cut)
			}
			continue
		}
		if err != nil || len(entries) != kept {
			t.Fatalf("cut at %d: %d entries, want %d: %v", cut, len(entries), kept, err)
		}
		torn := text[cut-1] != '\n'
		if torn != (dropped.Lines == 1) || dropped.Bytes != cut-1-bytes.LastIndexByte(text[:cut], '\n') {
			t.Fatalf("cut at %d: dropped %+v", cut, dropped)
		}
		if err := errors.Join(j.Append(entry(9, release.Released)), j.Close()); err != nil {
			t.Fatal(err)
		}
		if after, err := os.ReadFile(path); err != nil || !bytes.HasPrefix(after, text[:cut]) || torn && len(after) != cut {
			t.Fatalf("cut at %d: the file was changed: %v", cut, err)
		}
		again, _, err := store.Read("r1")
		if err != nil || len(again) != kept+1 || again[kept].Event != "event 9" {
			t.Fatalf("cut at %d: after going on: %v, %v", cut, seqs(again), err)
		}
		if list, err := store.List(); err != nil || len(list) != 1 || list[0].Record.Phase != release.Released {
			t.Fatalf("cut at %d: list: %+v, %v", cut, list, err)
		}
	}
}

func TestFlippedBits(t *testing.T) {
	store := open(t, t.TempDir())
	write(t, store, "r1", 4, release.Deploying)
	path := filepath.Join(store.path(), "r1.jsonl")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	original, _, err := store.Read("r1")
	if err != nil {
		t.Fatal(err)
	}
	for at := range text {
		flipped := bytes.Clone(text)
		flipped[at] ^= 1 << (at % 8)
		var r record
		r.join(path, flipped)
		if len(r.entries) < 2 || r.dropped.Lines == 0 {
			t.Fatalf("byte %d: %d entries, dropped %v", at, len(r.entries), r.dropped)
		}
		for _, e := range r.entries {
			if !reflect.DeepEqual(e, original[e.Seq-1]) {
				t.Fatalf("byte %d: an entry that was never written: %+v", at, e)
			}
		}
	}
}

func TestDamageInTheMiddle(t *testing.T) {
	store := open(t, t.TempDir())
	write(t, store, "r1", 4, release.Deploying)
	path := filepath.Join(store.path(), "r1.jsonl")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	damaged := bytes.Replace(text, []byte("event 2"), []byte("event X"), 1)
	if err := os.WriteFile(path, damaged, 0o600); err != nil {
		t.Fatal(err)
	}
	j, entries, dropped, err := store.Reopen("r1")
	if err != nil || !slices.Equal(seqs(entries), []int{1, 3, 4}) {
		t.Fatalf("reopen: %v, %v", seqs(entries), err)
	}
	defer j.Close()
	if j.Path() != path {
		t.Errorf("goes on in %s", j.Path())
	}
	length := len(bytes.SplitAfter(text, []byte{'\n'})[1])
	want := fmt.Sprintf("dropped 1 damaged line, %d bytes, left in place: r1.jsonl:2: the checksum does not hold", length)
	if dropped.String() != want {
		t.Errorf("dropped: %s\nwant:    %s", dropped, want)
	}
}

func TestNumbersRise(t *testing.T) {
	store := open(t, t.TempDir())
	write(t, store, "r1", 2, release.Deploying)
	path := filepath.Join(store.path(), "r1.jsonl")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, append(text, text...), 0o600); err != nil {
		t.Fatal(err)
	}
	entries, dropped, err := store.Read("r1")
	if err != nil || !slices.Equal(seqs(entries), []int{1, 2}) || dropped.Lines != 2 || !strings.Contains(dropped.Why, "r1.jsonl:3: number 1 does not follow 2") {
		t.Errorf("%v, %v, %v", seqs(entries), dropped, err)
	}
}

// foreign makes an entry one of another format.
func foreign(e Entry) Entry {
	e.Record.Format = release.RecordFormat + 1
	return e
}

func TestForeignFormat(t *testing.T) {
	store := open(t, t.TempDir())
	j, err := store.Create("r1")
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(j.Append(foreign(entry(1, release.Deploying))), j.Close()); err != nil {
		t.Fatal(err)
	}
	var other *FormatError
	if _, _, err := store.Read("r1"); !errors.As(err, &other) || other.Found != release.RecordFormat+1 || !strings.Contains(err.Error(), "r1.jsonl: record format 3 is newer than this slipway; accepted: 1 to 2") {
		t.Errorf("read: %v", err)
	}
	if _, _, _, err := store.Reopen("r1"); !errors.As(err, &other) {
		t.Errorf("reopen: %v", err)
	}
	list, err := store.List()
	if err != nil || len(list) != 1 || !strings.Contains(list[0].Err, "record format 3") || list[0].Unfinished() {
		t.Errorf("list: %+v, %v", list, err)
	}
	j, _, _, err = store.Reopen("r1")
	if err == nil {
		j.Close()
		t.Error("reopened")
	}

	// It may be unfinished, so nothing begins beside it; an undo does.
	var suspect *SuspectError
	if _, err := store.Begin("r2"); !errors.As(err, &suspect) || !strings.Contains(err.Error(), "record r1 may be of an unfinished release") {
		t.Errorf("begin beside it: %v", err)
	}
	if j, err := store.Create("r3"); err != nil {
		t.Errorf("an undo: %v", err)
	} else if err := j.Close(); err != nil {
		t.Error(err)
	}
}

// Releases of another slipway that are over stand against nothing, and one line of
// another format makes no record unreadable that goes on in ours.
func TestForeignFormatsThatDoNotMatter(t *testing.T) {
	store := open(t, t.TempDir())
	for id, entries := range map[string][]Entry{
		"over":  {entry(1, release.Deploying), foreign(entry(2, release.Released))},
		"mixed": {entry(1, release.Deploying), foreign(entry(2, release.Deploying)), entry(3, release.Verifying)},
	} {
		j, err := store.Create(id)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			err = errors.Join(err, j.Append(e))
		}
		if err := errors.Join(err, j.Close()); err != nil {
			t.Fatal(err)
		}
	}
	if entries, _, err := store.Read("mixed"); err != nil || !slices.Equal(seqs(entries), []int{1, 3}) {
		t.Errorf("mixed: %v, %v", seqs(entries), err)
	}
	past, found, err := store.Unfinished()
	if err != nil || !found || past.ID != "mixed" {
		t.Fatalf("%+v, %v, %v", past, found, err)
	}
	j, _, _, err := store.Reopen("mixed")
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(j.Append(entry(4, release.Released)), j.Close()); err != nil {
		t.Fatal(err)
	}
	if j, err := store.Begin("next"); err != nil {
		t.Errorf("beside one that is over: %v", err)
	} else if err := j.Close(); err != nil {
		t.Error(err)
	}
}

func TestNothingAcknowledgedIsLost(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		dir, err := os.MkdirTemp(t.TempDir(), "")
		if err != nil {
			rt.Fatal(err)
		}
		store := open(t, dir)
		j, err := store.Create("r1")
		if err != nil {
			rt.Fatal(err)
		}
		defer func() { j.Close() }()
		var want []string
		for range rapid.IntRange(1, 12).Draw(rt, "steps") {
			switch rapid.IntRange(0, 2).Draw(rt, "step") {
			case 0, 1:
				e := entry(len(want)+1, release.Deploying)
				e.Event = rapid.String().Draw(rt, "event")
				if err := j.Append(e); err != nil {
					rt.Fatal(err)
				}
				want = append(want, untrusted.Line(e.Event, textBound))
			default: // killed in the middle of a write
				line, _, err := encode(entry(len(want)+1, release.Deploying), line{})
				if err != nil {
					rt.Fatal(err)
				}
				torn := line[:rapid.IntRange(0, len(line)-1).Draw(rt, "torn")]
				if _, err := j.file.Write(torn); err != nil {
					rt.Fatal(err)
				}
				if err := j.Close(); err != nil {
					rt.Fatal(err)
				}
				next, _, _, err := store.Reopen("r1")
				if len(want) == 0 {
					if err == nil {
						rt.Fatal("reopened without a line")
					}
					return
				}
				if err != nil {
					rt.Fatal(err)
				}
				j = next
			}
		}
		entries, _, err := store.Read("r1")
		if err != nil {
			rt.Fatal(err)
		}
		var got []string
		for _, e := range entries {
			got = append(got, e.Event)
		}
		if !slices.Equal(got, want) {
			rt.Fatalf("got %q\nwant %q", got, want)
		}
	})
}
