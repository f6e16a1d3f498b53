package journal

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"datahub.io/slipway/release"
)

var start = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// entry is a plausible change; n makes it distinct.
func entry(n int, phase release.Phase) Entry {
	at := start.Add(time.Duration(n) * time.Second)
	return Entry{
		Seq: n, At: at, By: release.Actor{Name: "eng-a", Local: "a@laptop"}, Event: fmt.Sprintf("event %d", n),
		Effects: []release.Change{{ID: fmt.Sprint("c", n), Do: release.SetImage{Image: "r/gateway:v2.5.0"}}},
		Tells:   []release.Line{{Seq: n, At: at, Mark: release.MarkPass, Text: "line of \"text\" ✓"}},
		Record:  release.Record{Format: release.RecordFormat, Seq: n, ID: "r1", Phase: phase, Items: []release.Item{{ID: "i", Evidence: strings.Repeat("x", n%7)}}},
	}
}

func open(t testing.TB, dir string) *Store {
	t.Helper()
	store, err := Open(dir, "gateway", "production")
	if err != nil {
		t.Fatal(err)
	}
	return store
}

// write makes a record of n entries and lets go of it.
func write(t testing.TB, store *Store, id string, n int, phase release.Phase) {
	t.Helper()
	j, err := store.Create(id)
	if err != nil {
		t.Fatal(err)
	}
	for i := range n {
		if err := j.Append(entry(i+1, phase)); err != nil {
			t.Fatal(err)
		}
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
}

// folderOf opens the directory of the records for as long as the test runs.
func folderOf(t testing.TB, store *Store) folder {
	t.Helper()
	d, err := store.folder(false)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.close)
	return d
}

func holderOf(t testing.TB, store *Store, id string) *Holder {
	t.Helper()
	return folderOf(t, store).holder(id)
}

func seqs(entries []Entry) []int {
	var all []int
	for _, e := range entries {
		all = append(all, e.Seq)
	}
	return all
}

func TestRoundTrip(t *testing.T) {
	dir := t.TempDir()
	store := open(t, filepath.Join(dir, "deep", "state"))
	write(t, store, "20261123-120000-v2.5.0", 3, release.Deploying)

	j, entries, dropped, err := store.Reopen("20261123-120000-v2.5.0")
	if err != nil || dropped.Lines != 0 || !slices.Equal(seqs(entries), []int{1, 2, 3}) {
		t.Fatalf("reopen: %v, %v, %v", seqs(entries), dropped, err)
	}
	if want := entry(2, release.Deploying); !reflect.DeepEqual(entries[1], want) {
		t.Errorf("entry:\n%+v\nwant\n%+v", entries[1], want)
	}
	if err := j.Append(entry(3, release.Verifying)); err == nil || !strings.Contains(err.Error(), "entry 3 does not follow 3") {
		t.Errorf("the same number again: %v", err)
	}
	if err := errors.Join(j.Append(entry(4, release.Verifying)), j.Append(entry(5, release.Released))); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(j.Close(), j.Close()); err != nil {
		t.Error(err)
	}
	if err := j.Append(entry(6, release.Released)); !errors.Is(err, os.ErrClosed) {
		t.Errorf("append to a closed journal: %v", err)
	}
	if entries, _, err := store.Read("20261123-120000-v2.5.0"); err != nil || !slices.Equal(seqs(entries), []int{1, 2, 3, 4, 5}) {
		t.Errorf("read: %v, %v", seqs(entries), err)
	}

	for path, mode := range map[string]os.FileMode{
		"deep": 0o700, "deep/state/gateway/production": 0o700, "deep/state/gateway/production/20261123-120000-v2.5.0.jsonl": 0o600,
	} {
		if info, err := os.Stat(filepath.Join(dir, path)); err != nil || info.Mode().Perm() != mode {
			t.Errorf("%s: %v %v, want %v", path, info.Mode(), err, mode)
		}
	}
}

// However much of the file a crash leaves, every whole line is kept, the record
// goes on, and not one byte of what is there changes.
// A flipped bit loses the line it is in (two, when it was the newline between
// them) and nothing else. It never yields an entry that was not written.
// A damaged line in the middle does not hide what came after it: every line
// carries the whole record.
// Lines whose numbers do not rise are someone's copy, not this record's past.
// TestMain lets this binary be the other process of TestHeld.
func TestMain(m *testing.M) {
	if dir := os.Getenv("JOURNAL_TEST_HOLD"); dir != "" {
		store, err := Open(dir, "gateway", "production")
		if err == nil {
			_, _, _, err = store.Reopen("r1")
		}
		fmt.Println("held", err)
		_, _ = os.Stdin.Read(make([]byte, 1)) // until killed
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func TestHeldByAnotherProcess(t *testing.T) {
	dir := t.TempDir()
	store := open(t, dir)
	write(t, store, "r1", 2, release.Deploying)

	other := exec.Command(os.Args[0])
	other.Env = append(os.Environ(), "JOURNAL_TEST_HOLD="+dir)
	if _, err := other.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := other.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := other.Start(); err != nil {
		t.Fatal(err)
	}
	line := make([]byte, 64)
	if n, err := out.Read(line); err != nil || !strings.HasPrefix(string(line[:n]), "held <nil>") {
		t.Fatalf("the other process: %s %v", line[:n], err)
	}

	var held *HeldError
	if _, _, _, err := store.Reopen("r1"); !errors.As(err, &held) || held.By.PID != other.Process.Pid || held.By.Self || held.ID != "r1" {
		t.Errorf("reopen: %v, want held by %d", err, other.Process.Pid)
	}
	if past, found, err := store.Unfinished(); err != nil || !found || past.Driver == nil || past.Driver.PID != other.Process.Pid || past.Driver.Self {
		t.Errorf("unfinished: %+v %v %v", past, found, err)
	}
	if entries, _, err := store.Read("r1"); err != nil || len(entries) != 2 {
		t.Errorf("reading needs no lock: %v", err)
	}
	if j, err := store.Create("r2"); err != nil {
		t.Errorf("another record: %v", err)
	} else if err := j.Close(); err != nil {
		t.Error(err)
	}

	if err := other.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = other.Wait() // killed
	j, _, _, err := store.Reopen("r1")
	if err != nil {
		t.Fatalf("after the holder was killed: %v", err)
	}
	if err := j.Close(); err != nil {
		t.Error(err)
	}
	if past, _, err := store.Unfinished(); err != nil || past.Driver != nil {
		t.Errorf("nobody drives: %+v %v", past, err)
	}
}

func TestCreate(t *testing.T) {
	store := open(t, t.TempDir())
	write(t, store, "r1", 1, release.Deploying)
	if _, err := store.Create("r1"); !errors.Is(err, os.ErrExist) {
		t.Errorf("the same id twice: %v", err)
	}
	for _, id := range []string{"", "../r", "a/b", ".", "a+1", "a\x00", "-x"} {
		if _, err := store.Create(id); err == nil {
			t.Errorf("id %q is accepted", id)
		}
	}
	for _, name := range []string{"", "..", "a/b", "../../etc"} {
		if _, err := Open(t.TempDir(), name, "production"); err == nil {
			t.Errorf("service %q is accepted", name)
		}
		if _, err := Open(t.TempDir(), "gateway", name); err == nil {
			t.Errorf("environment %q is accepted", name)
		}
	}
	if _, _, _, err := store.Reopen("absent"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("an id that is not there: %v", err)
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := open(t, file).Create("r1"); err == nil || !strings.Contains(err.Error(), "a regular file; accepted: a directory") {
		t.Errorf("below a file: %v", err)
	}
}

// fullDisk takes no writes.
type fullDisk struct {
	file
	full *os.File
}

func (d fullDisk) Write(p []byte) (int, error) { return d.full.Write(p) }

// A full disk, really: /dev/full refuses every write with ENOSPC. After it,
// nothing more is written until the journal has recovered, and the record is
// held all the while.
func TestFullDisk(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skipf("no /dev/full here: %v", err)
	}
	store := open(t, t.TempDir())
	j, err := store.Create("r1")
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	if err := j.Append(entry(1, release.Deploying)); err != nil {
		t.Fatal(err)
	}
	disk := j.file
	j.file = fullDisk{disk, full}
	if err := j.Append(entry(2, release.Deploying)); err == nil || !strings.Contains(err.Error(), "no space left on device") {
		t.Errorf("full: %v", err)
	}
	j.file = disk
	if err := j.Append(entry(3, release.Deploying)); err == nil || !strings.Contains(err.Error(), "an earlier write failed") {
		t.Errorf("after that: %v", err)
	}
	if entries, _, err := store.Read("r1"); err != nil || !slices.Equal(seqs(entries), []int{1}) {
		t.Errorf("on disk: %v %v", seqs(entries), err)
	}
	if seq, err := j.Recover(); err != nil || seq != 1 {
		t.Fatalf("recovered at %d: %v", seq, err)
	}
	if by := holderOf(t, store, "r1"); by == nil || !by.Self {
		t.Error("recovering let the record go")
	}
	if err := j.Append(entry(2, release.Deploying)); err != nil {
		t.Fatal(err)
	}
	if entries, _, err := store.Read("r1"); err != nil || !slices.Equal(seqs(entries), []int{1, 2}) {
		t.Errorf("on disk: %v %v", seqs(entries), err)
	}
}

// A record that could not be written from its first line is given up, and can
// be begun anew under the same name, or it recovers.
func TestFullDiskAtTheBeginning(t *testing.T) {
	store := open(t, t.TempDir())
	begin := func() *Journal {
		j, err := store.Create("r1")
		if err != nil {
			t.Fatal(err)
		}
		full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
		if err != nil {
			t.Skipf("no /dev/full here: %v", err)
		}
		j.file.Close()
		j.file = full
		if err := j.Append(entry(1, release.Planned)); err == nil {
			t.Fatal("a full disk took it")
		}
		return j
	}
	if err := begin().Discard(); err != nil {
		t.Fatal(err)
	}
	if list, err := store.List(); err != nil || len(list) != 0 {
		t.Fatalf("left behind: %+v %v", list, err)
	}
	j := begin()
	defer j.Close()
	if seq, err := j.Recover(); err != nil || seq != 0 {
		t.Fatalf("recovered at %d: %v", seq, err)
	}
	if err := j.Append(entry(1, release.Planned)); err != nil {
		t.Fatal(err)
	}
}

// A write that failed may have arrived: the numbers go on from what is there,
// and a torn line is left where it is.
func TestRecoverFromATornWrite(t *testing.T) {
	store := open(t, t.TempDir())
	j, err := store.Create("r1")
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	if err := j.Append(entry(1, release.Deploying)); err != nil {
		t.Fatal(err)
	}
	whole, l, err := encode(entry(2, release.Verifying), j.last)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := j.file.Write(append(whole, `{"seq":3,"at":`...)); err != nil {
		t.Fatal(err)
	}
	j.err, j.tried = errors.New("i/o error"), l.sum
	if seq, err := j.Recover(); err != nil || seq != 2 {
		t.Fatalf("recovered at %d: %v", seq, err)
	}
	if err := j.Append(entry(3, release.Released)); err != nil {
		t.Fatal(err)
	}
	if entries, dropped, err := store.Read("r1"); err != nil || !slices.Equal(seqs(entries), []int{1, 2, 3}) || dropped.Lines != 1 {
		t.Errorf("on disk: %v, %v, %v", seqs(entries), dropped, err)
	}
}

// One release at a time: of those that begin together one wins, and while it is
// unfinished nobody else begins. What is no release is not held up.
func TestBegin(t *testing.T) {
	store := open(t, t.TempDir())
	const many = 8
	won := make(chan *Journal, many)
	var all sync.WaitGroup
	for i := range many {
		all.Go(func() {
			j, err := store.Begin(fmt.Sprintf("r%d", i))
			if err != nil {
				return
			}
			if err := j.Append(entry(1, release.Planned)); err != nil {
				t.Error(err)
			}
			won <- j
		})
	}
	all.Wait()
	if len(won) != 1 {
		t.Fatalf("%d of %d began", len(won), many)
	}
	first := <-won
	var unfinished *UnfinishedError
	if _, err := store.Begin("later"); !errors.As(err, &unfinished) || unfinished.Past.Driver == nil || !unfinished.Past.Driver.Self {
		t.Errorf("while it is unfinished: %v", err)
	}
	if j, err := store.Create("undo"); err != nil {
		t.Errorf("an undo: %v", err)
	} else {
		j.Close()
	}
	if err := first.Append(entry(2, release.Released)); err != nil {
		t.Fatal(err)
	}
	next, err := store.Begin("next")
	if err != nil {
		t.Fatalf("after it: %v", err)
	}
	next.Close()
	first.Close()
}

// recorder is a file that keeps the order of what is asked of it.
type recorder struct {
	file
	calls []string
	sync  error
}

func (r *recorder) Write(p []byte) (int, error) {
	r.calls = append(r.calls, "write")
	return r.file.Write(p)
}

func (r *recorder) Sync() error {
	r.calls = append(r.calls, "sync")
	return r.sync
}

func TestOneWriteThenSync(t *testing.T) {
	store := open(t, t.TempDir())
	j, err := store.Create("r1")
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	r := &recorder{file: j.file}
	j.file = r
	if err := j.Append(entry(1, release.Deploying)); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(r.calls, []string{"write", "sync"}) {
		t.Errorf("calls: %v", r.calls)
	}
	r.sync = errors.New("input/output error")
	if err := j.Append(entry(3, release.Deploying)); !errors.Is(err, r.sync) {
		t.Errorf("a failed sync: %v", err)
	}
	r.sync = nil
	if err := j.Append(entry(4, release.Deploying)); err == nil {
		t.Error("goes on after a failed sync")
	}
}

func TestUnfinished(t *testing.T) {
	store := open(t, t.TempDir())
	if _, found, err := store.Unfinished(); found || err != nil {
		t.Errorf("nothing yet: %v %v", found, err)
	}
	write(t, store, "a", 5, release.Verifying)
	write(t, store, "b", 9, release.Released)
	if past, found, err := store.Unfinished(); err != nil || !found || past.ID != "a" || past.Record.Phase != release.Verifying {
		t.Errorf("the unfinished one: %+v %v %v", past, found, err)
	}

	j, err := store.Create("c")
	if err != nil {
		t.Fatal(err)
	}
	e := entry(12, release.Idle)
	e.Record.Pending = &release.Pending{Change: release.Change{ID: "x", Do: release.PauseRollout{}}, Since: start}
	if err := errors.Join(j.Append(e), j.Close()); err != nil {
		t.Fatal(err)
	}
	if past, found, err := store.Unfinished(); err != nil || !found || past.ID != "c" {
		t.Errorf("a change without an outcome: %+v %v %v", past, found, err)
	}

	// Killed before the first line was written: nothing was begun. In its middle:
	// something was.
	for name, text := range map[string]string{"d.jsonl": `{"seq":1,`, "e.jsonl": ""} {
		if err := os.WriteFile(filepath.Join(store.path(), name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	list, err := store.List()
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, past := range list {
		ids = append(ids, past.ID)
	}
	if !slices.Equal(ids, []string{"c", "b", "a", "d"}) || list[3].Err != "no intact line" {
		t.Errorf("list: %v %+v", ids, list[3])
	}
}

// The end of a long file is found without reading all of it, damage or not.
func TestLastOfALongFile(t *testing.T) {
	store := open(t, t.TempDir())
	write(t, store, "r1", 1, release.Deploying)
	path := filepath.Join(store.path(), "r1.jsonl")
	const n = 2000
	var text []byte
	for i := range n {
		line, _, err := encode(entry(i+1, release.Deploying), line{})
		if err != nil {
			t.Fatal(err)
		}
		text = append(text, line...)
	}
	if len(text) < 4*tailBlock {
		t.Fatalf("only %d bytes", len(text))
	}
	garbage := append(bytes.Clone(text), bytes.Repeat([]byte("garbage "), tailBlock/4)...)
	for name, text := range map[string][]byte{"whole": text, "garbage behind": garbage} {
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		if e, found, err := folderOf(t, store).lastIn("r1.jsonl"); err != nil || !found || e.Seq != n {
			t.Errorf("%s: %d %v %v", name, e.Seq, found, err)
		}
	}
}

// Whatever is appended, lost and reopened in whatever order: what Append
// acknowledged is read back, in order, and nothing else.
