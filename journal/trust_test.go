package journal

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"datahub.io/slipway/release"
)

// nobody is another user. Only root can make files theirs.
const nobody = 65534

func giveAway(t *testing.T, path string) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("only root can give a file away")
	}
	if err := os.Lchown(path, nobody, nobody); err != nil {
		t.Fatal(err)
	}
}

func chmod(t *testing.T, path string, mode os.FileMode) {
	t.Helper()
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
}

// soon fails where something waits for ever.
func soon(t *testing.T, what string, do func()) {
	t.Helper()
	done := make(chan struct{})
	go func() { do(); close(done) }()
	select {
	case <-done:
	case <-time.After(20 * time.Second):
		t.Fatalf("%s: it hangs", what)
	}
}

// Directories that others can write to, or have made, hold no records: nothing in
// them is read or written, and it is said what to do.
func TestDirectoriesOfOthers(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(t *testing.T, top, service, environment string)
		want  string
	}{
		"state directory for everyone": {func(t *testing.T, top, _, _ string) { chmod(t, top, 0o777) }, "writable by others (mode 0777); where its content is as it was: chmod go-w "},
		"state directory for a group":  {func(t *testing.T, top, _, _ string) { chmod(t, top, 0o770) }, "writable by others (mode 0770)"},
		"service for everyone":         {func(t *testing.T, _, service, _ string) { chmod(t, service, 0o777) }, "chmod go-w"},
		"environment for a group":      {func(t *testing.T, _, _, environment string) { chmod(t, environment, 0o720) }, "mode 0720"},
		"environment shared":           {func(t *testing.T, _, _, environment string) { chmod(t, environment, 0o777|os.ModeSticky) }, "mode 1777"},
		"state directory of another":   {func(t *testing.T, top, _, _ string) { giveAway(t, top) }, "owned by uid 65534, not by yours, 0"},
		"service of another":           {func(t *testing.T, _, service, _ string) { giveAway(t, service) }, "chown 0 "},
		"environment of another":       {func(t *testing.T, _, _, environment string) { giveAway(t, environment) }, "owned by uid 65534"},
		"state directory is a link":    {func(t *testing.T, top, _, _ string) { relink(t, top) }, "a symbolic link; accepted: a directory"},
		"environment is a link":        {func(t *testing.T, _, _, environment string) { relink(t, environment) }, "a symbolic link"},
		"state directory is a file": {func(t *testing.T, top, _, _ string) {
			if err := errors.Join(os.RemoveAll(top), os.WriteFile(top, nil, 0o600)); err != nil {
				t.Fatal(err)
			}
		}, "a regular file; accepted: a directory"},
	} {
		t.Run(name, func(t *testing.T) {
			top := filepath.Join(t.TempDir(), "state")
			store := open(t, top)
			write(t, store, "r1", 2, release.Deploying)
			c.spoil(t, top, filepath.Join(top, "gateway"), store.path())
			store = open(t, top)
			_, err := store.List()
			_, created := store.Create("r2")
			_, _, _, reopened := store.Reopen("r1")
			examined := store.Examine()
			if len(examined) == 0 {
				t.Fatal("check finds nothing")
			}
			for how, err := range map[string]error{"list": err, "create": created, "reopen": reopened, "check": examined[0]} {
				var untrusted *UntrustedError
				if !strings.Contains(toString(err), c.want) || (!errors.As(err, &untrusted) && name != "state directory is a file") {
					t.Errorf("%s: %v, want %q", how, err, c.want)
				}
			}
		})
	}
}

func toString(err error) string {
	if err == nil {
		return "no error"
	}
	return err.Error()
}

// relink moves a directory away and leaves a link to it.
func relink(t *testing.T, dir string) {
	t.Helper()
	if err := errors.Join(os.Rename(dir, dir+"-moved"), os.Symlink(dir+"-moved", dir)); err != nil {
		t.Fatal(err)
	}
}

// A state directory may be shared as /tmp is: what is in it is looked at itself.
func TestSharedStateDirectory(t *testing.T) {
	top := filepath.Join(t.TempDir(), "tmp")
	if err := os.Mkdir(top, 0o700); err != nil {
		t.Fatal(err)
	}
	chmod(t, top, 0o777|os.ModeSticky)
	store := open(t, top)
	write(t, store, "r1", 2, release.Deploying)
	if past, found, err := store.Unfinished(); err != nil || !found || past.ID != "r1" {
		t.Errorf("%+v, %v, %v", past, found, err)
	}
	if found := store.Examine(); len(found) > 0 {
		t.Error(found)
	}
}

// Files that others wrote, or could have, are neither read nor written, and no link
// is followed: not for records, not for locks.
func TestFilesOfOthers(t *testing.T) {
	for name, c := range map[string]struct {
		file  string
		spoil func(t *testing.T, path string)
		want  string
	}{
		"record for everyone": {"r1.jsonl", func(t *testing.T, path string) { chmod(t, path, 0o666) }, "writable by others (mode 0666)"},
		"record for a group":  {"r1.jsonl", func(t *testing.T, path string) { chmod(t, path, 0o620) }, "chmod go-w"},
		"record of another":   {"r1.jsonl", giveAway, "owned by uid 65534"},
		"record is a link":    {"r1.jsonl", relinkFile, "a symbolic link; accepted: a regular file; links are not followed"},
		"record is a pipe":    {"r1.jsonl", pipe, "a pipe; accepted: a regular file"},
		"record is a socket":  {"r1.jsonl", socket, "a socket"},
		"record is a device":  {"r1.jsonl", device, "a device"},
		"record is a directory": {"r1.jsonl", func(t *testing.T, path string) {
			if err := errors.Join(os.Remove(path), os.Mkdir(path, 0o700)); err != nil {
				t.Fatal(err)
			}
		}, "a directory; accepted: a regular file"},
		"lock for everyone":    {"r1.lock", func(t *testing.T, path string) { chmod(t, path, 0o666) }, "writable by others (mode 0666)"},
		"lock of another":      {"r1.lock", giveAway, "owned by uid 65534"},
		"lock is a link":       {"r1.lock", relinkFile, "a symbolic link"},
		"lock is a pipe":       {"r1.lock", pipe, "a pipe"},
		"begin lock is a link": {"begin.lock", relinkFile, "a symbolic link"},
		"begin lock is a pipe": {"begin.lock", pipe, "a pipe"},
	} {
		t.Run(name, func(t *testing.T) {
			store := open(t, t.TempDir())
			write(t, store, "r1", 2, release.Released)
			j, err := store.Begin("r0")
			if err != nil {
				t.Fatal(err)
			}
			if err := j.Discard(); err != nil {
				t.Fatal(err)
			}
			path := filepath.Join(store.path(), c.file)
			c.spoil(t, path)
			store = open(t, store.stateDir)
			said := ""
			soon(t, "look", func() {
				_, err := store.List()
				said += toString(err)
			})
			soon(t, "reopen", func() {
				j, _, _, err := store.Reopen("r1")
				if err == nil {
					j.Close()
				}
				said += toString(err)
			})
			soon(t, "begin", func() {
				_, err := store.Begin("r2")
				said += toString(err)
			})
			if !strings.Contains(said, c.want) {
				t.Errorf("said %q, want %q", said, c.want)
			}
			if found := store.Examine(); len(found) != 1 || !strings.Contains(found[0].Error(), c.want) {
				t.Errorf("check: %v, want %q", found, c.want)
			}
			if strings.HasSuffix(c.file, ".jsonl") {
				var suspect *SuspectError
				if _, _, err := store.Unfinished(); !errors.As(err, &suspect) {
					t.Errorf("it may be unfinished: %v", err)
				}
			}
		})
	}
}

// victim is what a link leads to: nothing may come of it.
const victim = "something that matters"

func relinkFile(t *testing.T, path string) {
	t.Helper()
	other := filepath.Join(t.TempDir(), "victim")
	if err := errors.Join(os.WriteFile(other, []byte(victim), 0o600), os.Remove(path), os.Symlink(other, path)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if text, err := os.ReadFile(other); err != nil || string(text) != victim {
			t.Errorf("the link was followed: %q, %v", text, err)
		}
	})
}

func pipe(t *testing.T, path string) {
	t.Helper()
	if err := errors.Join(os.Remove(path), unix.Mkfifo(path, 0o600)); err != nil {
		t.Fatal(err)
	}
}

func socket(t *testing.T, path string) {
	t.Helper()
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	short := filepath.Join("/proc/self/fd", openDir(t, filepath.Dir(path)), filepath.Base(path)) // a socket's path is short
	l, err := net.Listen("unix", short)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
}

func openDir(t *testing.T, dir string) (fd string) {
	t.Helper()
	f, err := os.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return strings.TrimPrefix(filepath.Join("/", itoa(int(f.Fd()))), "/")
}

func device(t *testing.T, path string) {
	t.Helper()
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if err := unix.Mknod(path, unix.S_IFCHR|0o600, int(unix.Mkdev(1, 5))); err != nil { // /dev/zero never ends
		t.Skip(err)
	}
}

// An endless file is no record, however regular it is.
func TestEndlessRecord(t *testing.T) {
	store := open(t, t.TempDir())
	write(t, store, "r1", 2, release.Deploying)
	if err := os.Truncate(filepath.Join(store.path(), "r1.jsonl"), partBound+1); err != nil { // sparse
		t.Fatal(err)
	}
	if _, _, err := store.Read("r1"); err == nil || !strings.Contains(err.Error(), "larger than 64 MiB") {
		t.Errorf("%v", err)
	}
	if list, err := store.List(); err != nil || len(list) != 1 {
		t.Errorf("%v, %v", list, err)
	}
}

// Without a state directory there are no records, and it is said how to name one.
func TestNoStateDirectory(t *testing.T) {
	store := open(t, "")
	_, err := store.List()
	_, created := store.Create("r1")
	for how, err := range map[string]error{"list": err, "create": created, "check": store.Examine()[0]} {
		if !errors.Is(err, errNoStateDir) || !strings.Contains(err.Error(), "--state-dir") {
			t.Errorf("%s: %v", how, err)
		}
	}
}

// A lock says which process has it; another one with the same number, of another
// container on the same volume, is not this one.
func TestHolderIsNotItsNumber(t *testing.T) {
	store := open(t, t.TempDir())
	j, err := store.Create("r1")
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	if by := holderOf(t, store, "r1"); by == nil || !by.Self || by.PID != os.Getpid() {
		t.Errorf("%+v", by)
	}
	path := filepath.Join(store.path(), "r1.lock")
	for text, want := range map[string]Holder{
		itoa(os.Getpid()) + " 0123456789abcdef gateway-ci-7\n": {PID: os.Getpid(), Host: "gateway-ci-7"},
		itoa(os.Getpid()) + "\n":                               {PID: os.Getpid()}, // of an earlier slipway
		"":                                                     {},
		"\x1b[31m x y\n":                                       {Host: "y"},
	} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if by := holderOf(t, store, "r1"); by == nil || *by != want {
			t.Errorf("%q: %+v, want %+v", text, by, want)
		}
	}
	if said := (Holder{PID: 1, Host: "gateway-ci-7"}).String(); said != "process 1 on gateway-ci-7" {
		t.Error(said)
	}
}

// What a record says is text of strangers: it carries no escapes to a terminal.
func TestRecordsAreCleaned(t *testing.T) {
	store := open(t, t.TempDir())
	j, err := store.Create("r1")
	if err != nil {
		t.Fatal(err)
	}
	const nasty = "v2\x1b[2J\x1b]0;owned\x07\u202e"
	e := entry(1, release.Deploying)
	e.By.Name, e.Record.To.Version, e.Record.Items[0].Note, e.Tells[0].Text = nasty, nasty, nasty, nasty
	e.Record.Held = &release.Hold{Reason: nasty}
	e.Record.Rollout.Excused = map[release.MetricName]float64{nasty: 1}
	if err := errors.Join(j.Append(e), j.Close()); err != nil {
		t.Fatal(err)
	}
	entries, _, err := store.Read("r1")
	if err != nil {
		t.Fatal(err)
	}
	past, _, err := store.Unfinished()
	if err != nil {
		t.Fatal(err)
	}
	e = entries[0]
	for name, got := range map[string]string{
		"by": e.By.Name, "version": e.Record.To.Version, "note": e.Record.Items[0].Note, "tells": e.Tells[0].Text,
		"held": e.Record.Held.Reason, "listed": past.Record.To.Version,
	} {
		if got != "v2" {
			t.Errorf("%s: %q", name, got)
		}
	}
	if _, ok := e.Record.Rollout.Excused["v2"]; !ok || len(e.Record.Rollout.Excused) != 1 {
		t.Errorf("keys of a map: %v", e.Record.Rollout.Excused)
	}
}
