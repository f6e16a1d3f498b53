package journal

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"datahub.io/slipway/release"
)

func itoa(n int) string { return strconv.Itoa(n) }

// years writes the records of many releases that are over.
func years(t testing.TB, store *Store, n int) {
	t.Helper()
	write(t, store, name(0), 6, release.Released)
	text, err := os.ReadFile(filepath.Join(store.path(), name(0)+".jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	for i := 1; i < n; i++ {
		at := filepath.Join(store.path(), name(i))
		if err := errors.Join(os.WriteFile(at+".jsonl", text, 0o600), os.WriteFile(at+".lock", []byte("7\n"), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
}

func name(i int) string { return fmt.Sprintf("20260101T%06dZ-00000000", i) }

// A release that is over is looked into once, whichever process does.
func TestSettledRecordsAreNotReadAgain(t *testing.T) {
	store := open(t, t.TempDir())
	years(t, store, 3*recent)
	write(t, store, "20260102T000000Z-0", 1, release.Verifying)
	if past, found, err := store.Unfinished(); err != nil || !found || past.ID != "20260102T000000Z-0" {
		t.Fatalf("%+v, %v, %v", past, found, err)
	}
	// Whoever reads an old one again finds that it cannot be read.
	for i := range recent {
		if err := os.Truncate(filepath.Join(store.path(), name(i)+".jsonl"), 10); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 {
		store = open(t, store.stateDir)
		list, err := store.List()
		if err != nil || len(list) != recent {
			t.Fatalf("%d records, %v", len(list), err)
		}
		for _, past := range list {
			if past.Err != "" {
				t.Errorf("%s was read again: %s", past.ID, past.Err)
			}
		}
	}
	// It is only a memory: without it they are read, and without permission to
	// write it as well.
	if err := os.Remove(filepath.Join(store.path(), settledName)); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(store.path(), settledName), 0o700); err != nil {
		t.Fatal(err)
	}
	store = open(t, store.stateDir)
	if list, err := store.List(); err != nil || len(list) != 2*recent {
		t.Errorf("%d records, %v", len(list), err)
	}
}

// A release that is over can be undone by the console that has it open: it is not
// settled before that is gone.
func TestHeldRecordsAreNotSettled(t *testing.T) {
	store := open(t, t.TempDir())
	j, err := store.Create("a")
	if err != nil {
		t.Fatal(err)
	}
	if err := j.Append(entry(1, release.Released)); err != nil {
		t.Fatal(err)
	}
	years(t, store, 2*recent) // newer ones, by their names
	other := open(t, store.stateDir)
	if _, found, err := other.Unfinished(); found || err != nil {
		t.Fatalf("%v, %v", found, err)
	}
	if err := j.Append(entry(2, release.RollingBack)); err != nil {
		t.Fatal(err)
	}
	for name, store := range map[string]*Store{"again": other, "another": open(t, store.stateDir)} {
		if past, found, err := store.Unfinished(); !found || err != nil || past.ID != "a" {
			t.Errorf("%s: %+v, %v, %v", name, past, found, err)
		}
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	if past, found, err := other.Unfinished(); !found || err != nil || past.ID != "a" || past.Driver != nil {
		t.Errorf("left: %+v, %v, %v", past, found, err)
	}
}

// A record that comes is seen at once, however the directory is remembered.
func TestNewRecordsAreSeen(t *testing.T) {
	store := open(t, t.TempDir())
	years(t, store, 3)
	old := time.Now().Add(-time.Hour)
	if err := os.Chtimes(store.path(), old, old); err != nil {
		t.Fatal(err)
	}
	if list, err := store.List(); err != nil || len(list) != 3 {
		t.Fatalf("%d, %v", len(list), err)
	}
	write(t, open(t, store.stateDir), "20270101T000000Z-0", 1, release.Planned)
	if past, found, err := store.Unfinished(); !found || err != nil || past.ID != "20270101T000000Z-0" {
		t.Errorf("%+v, %v, %v", past, found, err)
	}
}

// A record of something else is listed, and stands against nothing.
func TestForeignRecords(t *testing.T) {
	store := open(t, t.TempDir())
	write(t, store, "r1", 2, release.Deploying)
	store.Foreign = func(r release.Record) string { return "cluster other" }
	if _, found, err := store.Unfinished(); found || err != nil {
		t.Errorf("%v, %v", found, err)
	}
	if list, err := store.List(); err != nil || len(list) != 1 || list[0].Foreign != "cluster other" {
		t.Errorf("%+v, %v", list, err)
	}
	if j, err := store.Begin("r2"); err != nil {
		t.Error(err)
	} else if err := j.Close(); err != nil {
		t.Error(err)
	}
}

// Clusters are remembered by their addresses, each on its own.
func TestRemembered(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state")
	if got := Remembered(dir, "s1"); got != "" {
		t.Errorf("%q", got)
	}
	for _, pair := range [][2]string{{"s1", "u1"}, {"s2", "u2"}, {"s1", "u3"}} {
		if err := Remember(dir, pair[0], pair[1]); err != nil {
			t.Fatal(err)
		}
	}
	if a, b := Remembered(dir, "s1"), Remembered(dir, "s2"); a != "u3" || b != "u2" {
		t.Errorf("%q, %q", a, b)
	}
	chmod(t, filepath.Join(dir, clustersName), 0o666)
	if got := Remembered(dir, "s1"); got != "" {
		t.Errorf("what others can write is believed: %q", got)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 {
		t.Errorf("left behind: %v, %v", entries, err)
	}
}

// What a start and an idle console cost with 2,000 releases behind them, and with
// none: the start opens the store anew, idling looks again.
func BenchmarkManyRecords(b *testing.B) {
	for _, n := range []int{1, 2000} {
		store := open(b, b.TempDir())
		years(b, store, n)
		if _, err := store.List(); err != nil {
			b.Fatal(err)
		}
		old := time.Now().Add(-time.Hour)
		if err := os.Chtimes(store.path(), old, old); err != nil {
			b.Fatal(err)
		}
		look := func(b *testing.B, store *Store) {
			if _, found, err := store.Unfinished(); found || err != nil {
				b.Fatal(found, err)
			}
		}
		b.Run(fmt.Sprintf("start/%d", n), func(b *testing.B) {
			for b.Loop() {
				look(b, open(b, store.stateDir))
			}
		})
		b.Run(fmt.Sprintf("idle/%d", n), func(b *testing.B) {
			look(b, store)
			for b.Loop() {
				look(b, store)
			}
		})
	}
}
