package journal

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"datahub.io/slipway/release"
)

// another opens the record a second time, as a console would that does not see the lock:
// one on another host of a volume without them.
func another(t *testing.T, store *Store, j *Journal) *Journal {
	t.Helper()
	read, err := store.read(j.id)
	if err != nil {
		t.Fatal(err)
	}
	f, size, err := store.openEnd(read)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return &Journal{store: store, id: j.id, file: f, end: size, last: read.last, lock: f}
}

// Where somebody else has written, nothing is written, what they wrote comes back, and
// what is decided on that goes on after it.
func TestAppendComparesAndSwaps(t *testing.T) {
	store := open(t, t.TempDir())
	j, err := store.Create("r1")
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	if err := j.Append(entry(1, release.Deploying)); err != nil {
		t.Fatal(err)
	}
	theirs := another(t, store, j)
	if err := theirs.Append(entry(2, release.Verifying)); err != nil {
		t.Fatal(err)
	}
	for _, seq := range []int{2, 3} { // whatever number it would have
		ours := another(t, store, j)
		ours.last, ours.end = j.last, j.end
		var conflict *release.ConflictError
		if err := ours.Append(entry(seq, release.RollingBack)); !errors.As(err, &conflict) || conflict.Entry.Event != "event 2" || conflict.Entry.Record.Phase != release.Verifying {
			t.Fatalf("number %d: %v", seq, err)
		}
		if err := ours.Append(entry(2, release.RollingBack)); err == nil {
			t.Error("a number that was given was given again")
		}
	}
	var conflict *release.ConflictError
	if err := j.Append(entry(2, release.RollingBack)); !errors.As(err, &conflict) {
		t.Fatalf("append: %v", err)
	}
	if err := j.Append(entry(3, release.RollingBack)); err != nil {
		t.Fatal(err)
	}
	entries, _, err := store.Read("r1")
	if err != nil || !slices.Equal(seqs(entries), []int{1, 2, 3}) || entries[2].Record.Phase != release.RollingBack {
		t.Errorf("%v, %v", seqs(entries), err)
	}
	if v, err := store.Verify("r1"); err != nil || len(v.Problems) != 0 {
		t.Errorf("%+v, %v", v, err)
	}
}

// What another one left half written is no entry: it is left where it is.
func TestAppendAfterAnothersTornWrite(t *testing.T) {
	store := open(t, t.TempDir())
	j, err := store.Create("r1")
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	if err := j.Append(entry(1, release.Deploying)); err != nil {
		t.Fatal(err)
	}
	appendTo(t, store, "r1", []byte(`{"seq":2,"at":`))
	if err := j.Append(entry(2, release.Verifying)); err != nil {
		t.Fatal(err)
	}
	entries, dropped, err := store.Read("r1")
	if err != nil || !slices.Equal(seqs(entries), []int{1, 2}) || dropped.Lines != 1 {
		t.Errorf("%v, %v, %v", seqs(entries), dropped, err)
	}
}

// A write of ours whose answer was lost is told apart from one of somebody else.
func TestRecoverMeetsAnothersEntry(t *testing.T) {
	store := open(t, t.TempDir())
	j, err := store.Create("r1")
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	if err := j.Append(entry(1, release.Deploying)); err != nil {
		t.Fatal(err)
	}
	if err := another(t, store, j).Append(entry(2, release.Verifying)); err != nil {
		t.Fatal(err)
	}
	j.err = errors.New("i/o error")
	var conflict *release.ConflictError
	if _, err := j.Recover(); !errors.As(err, &conflict) || conflict.Entry.Seq != 2 {
		t.Fatalf("recover: %v", err)
	}
	if seq, err := j.Recover(); err != nil || seq != 2 {
		t.Errorf("once that is known: %d, %v", seq, err)
	}
	if err := j.Append(entry(3, release.Released)); err != nil {
		t.Error(err)
	}
}

// Many that write at once: each entry is there once, after one that its writer had seen.
func TestManyWriters(t *testing.T) {
	store := open(t, t.TempDir())
	j, err := store.Create("r1")
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	if err := j.Append(entry(1, release.Deploying)); err != nil {
		t.Fatal(err)
	}
	const writers, each = 4, 10
	var all sync.WaitGroup
	for range writers {
		w := another(t, store, j)
		all.Go(func() {
			last := w.last.entry
			for done := 0; done < each; {
				next := entry(last.Seq+1, release.Deploying)
				next.Record.Tries = last.Record.Tries + 1
				err := w.Append(next)
				var conflict *release.ConflictError
				switch {
				case errors.As(err, &conflict):
					last = conflict.Entry
				case err != nil:
					t.Error(err)
					return
				default:
					last, done = next, done+1
				}
			}
		})
	}
	all.Wait()
	entries, dropped, err := store.Read("r1")
	if err != nil || dropped.Lines != 0 || len(entries) != 1+writers*each || entries[len(entries)-1].Record.Tries != writers*each {
		t.Fatalf("%d entries, %v, %v", len(entries), dropped, err)
	}
}

// A file that somebody took away takes nothing more: what is written to it is lost.
func TestAppendToARemovedFile(t *testing.T) {
	store := open(t, t.TempDir())
	j, err := store.Create("r1")
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	if err := j.Append(entry(1, release.Deploying)); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(store.path(), "r1"+suffix)); err != nil {
		t.Fatal(err)
	}
	if err := j.Append(entry(2, release.Deploying)); err == nil || !strings.Contains(err.Error(), "the file was removed") {
		t.Errorf("%v", err)
	}
}

// Each line names the one before: one that was changed, with a sum to match, or that is
// gone from the middle or the beginning, is seen.
func TestVerify(t *testing.T) {
	store := open(t, t.TempDir())
	write(t, store, "r1", 4, release.Deploying)
	path := filepath.Join(store.path(), "r1"+suffix)
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.SplitAfter(string(text), "\n")[:4]
	resum := func(text string) string {
		object := text[:len(text)-tailLen-1] + "}"
		return object[:len(object)-1] + sumKey + sumOf([]byte(object)) + sumEnd + "\n"
	}
	for name, c := range map[string]struct {
		lines []string
		want  string
	}{
		"as it was":         {lines, ""},
		"one less":          {slices.Delete(slices.Clone(lines), 1, 2), "r1.jsonl:2: the line before it is missing or was changed"},
		"the first is gone": {lines[1:], "r1.jsonl:1: the line before it is missing or was changed"},
		"one rewritten":     {[]string{lines[0], resum(strings.Replace(lines[1], "event 2", "nothing", 1)), lines[2], lines[3]}, "r1.jsonl:3: the line before it is missing or was changed"},
		"one damaged":       {[]string{lines[0], strings.Replace(lines[1], "event 2", "event X", 1), lines[2], lines[3]}, "r1.jsonl:3: the line before it is missing"},
		"unchained":         {[]string{lines[0], resum(strings.Replace(lines[1], `,"prev":"`, `,"was":"`, 1)), lines[2], lines[3]}, "r1.jsonl:2: the line does not say which one it follows"},
	} {
		t.Run(name, func(t *testing.T) {
			if err := os.WriteFile(path, []byte(strings.Join(c.lines, "")), 0o600); err != nil {
				t.Fatal(err)
			}
			v, err := store.Verify("r1")
			if err != nil || (c.want == "") != (len(v.Problems) == 0) || !strings.Contains(strings.Join(v.Problems, "\n"), c.want) {
				t.Errorf("%+v, %v, want %q", v, err, c.want)
			}
		})
	}
}
