package journal

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"datahub.io/slipway/release"
)

// What another process writes is seen as it comes, across the parts of the record, each
// entry once; what is half written is not seen until it is whole.
func TestFollowReadsWhatIsAdded(t *testing.T) {
	store := open(t, t.TempDir())
	j, err := store.Create("r1")
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	f := followed{part: part{id: "r1"}}
	if got := f.look(store); len(got) != 0 {
		t.Errorf("of nothing: %v", seqs(got))
	}
	if err := errors.Join(j.Append(entry(1, release.Planned)), j.Append(entry(2, release.Deploying))); err != nil {
		t.Fatal(err)
	}
	if got := f.look(store); !slices.Equal(seqs(got), []int{1, 2}) {
		t.Errorf("at first: %v", seqs(got))
	}
	if got := f.look(store); len(got) != 0 {
		t.Errorf("again: %v", seqs(got))
	}
	text, _, err := encode(entry(3, release.Verifying), j.last)
	if err != nil {
		t.Fatal(err)
	}
	appendTo(t, store, "r1", text[:20])
	if got := f.look(store); len(got) != 0 {
		t.Errorf("half a line: %v", seqs(got))
	}
	appendTo(t, store, "r1", text[20:])
	if got := f.look(store); !slices.Equal(seqs(got), []int{3}) || got[0].Record.Phase != release.Verifying {
		t.Errorf("the whole line: %v", seqs(got))
	}
	appendTo(t, store, "r1", []byte(`{"seq":4,"at":`)) // killed here; it goes on in the next part
	var conflict *release.ConflictError
	if err := j.Append(entry(4, release.Verifying)); !errors.As(err, &conflict) {
		t.Fatal(err)
	}
	if err := j.Append(entry(4, release.Released)); err != nil {
		t.Fatal(err)
	}
	if got := f.look(store); !slices.Equal(seqs(got), []int{4}) {
		t.Errorf("in the next part: %v", seqs(got))
	}
}

// One's own record is not followed, nor one that nobody holds: that is picked up.
func TestFollowWhomever(t *testing.T) {
	store := open(t, t.TempDir())
	write(t, store, "left", 2, release.Deploying)
	seen := make(chan []Entry, 16)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go store.Follow(ctx, func(entries []Entry) { seen <- entries })

	holder := exec.Command("flock", filepath.Join(store.path(), "left.lock"), "sh", "-c", "echo held; exec cat")
	if _, err := exec.LookPath("flock"); err != nil {
		t.Skip("no flock(1) here")
	}
	in, err := holder.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := holder.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	select {
	case got := <-seen:
		t.Fatalf("followed what nobody holds: %v", seqs(got))
	default:
	}
	if err := holder.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { in.Close(); _ = holder.Wait() }()
	if _, err := out.Read(make([]byte, 8)); err != nil {
		t.Fatal(err)
	}
	// It is another process that has it, with a name of its own in the lock.
	if err := os.WriteFile(filepath.Join(store.path(), "left.lock"), []byte("4711 0123456789abcdef ops-1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	select {
	case got := <-seen:
		if !slices.Equal(seqs(got), []int{1, 2}) {
			t.Errorf("%v", seqs(got))
		}
	case <-time.After(20 * time.Second):
		t.Fatal("it is not followed")
	}
}
