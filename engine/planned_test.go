package engine

import (
	"errors"
	"slices"
	"testing"
	"time"

	"datahub.io/slipway/release"
)

// returned lets the cluster show the earlier version, complete.
func (r *rig) returned() {
	r.cluster.mu.Lock()
	look := r.cluster.look
	emit := r.cluster.emit
	r.cluster.mu.Unlock()
	look.At, look.Generation, look.Observed = time.Now(), 2, 2
	look.Template, look.Containers = template("v2.3.0"), []release.Container{{Name: "gateway", Image: "registry/gateway:v2.3.0"}}
	look.Revisions = []release.Revision{
		{Number: 3, Version: "v2.3.0", Current: true, Template: template("v2.3.0")},
		{Number: 2, Version: "v2.4.0", Template: template("v2.4.0")},
	}
	emit(release.Observed{Workload: look})
}

// stations are the records that were written, with the phase of each, in their order.
func (b *shelf) stations() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	var all []string
	for _, e := range b.entries {
		text := e.Record.ID + " " + string(e.Record.Phase)
		if len(all) == 0 || all[len(all)-1] != text {
			all = append(all, text)
		}
	}
	return all
}

// The record of a release that is only planned goes on after an undo: in its own
// record, once the end of the undo has been written down in another, also where that
// takes a while.
func TestPlannedReleaseComesBack(t *testing.T) {
	for name, full := range map[string]bool{"written": false, "on a disk that is full for a while": true} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, func(o *Options) { o.Version = "v2.5.0" })
			planned := r.until(t, "planned", func(f release.Frame) bool { return f.State.Phase == release.Planned }).State.ID
			if full {
				r.book.fail(errors.New("no space left on device"))
			}
			r.want(t, release.Undo{})
			undo := r.until(t, "rolling back", func(f release.Frame) bool { return f.State.Phase == release.RollingBack }).State.ID
			if undo == planned {
				t.Fatal("the undo has the record of the planned release")
			}
			r.returned()
			if full {
				r.until(t, "rolled back", func(f release.Frame) bool { return f.State.Phase == release.RolledBack })
				at := r.frame.Now
				r.until(t, "more ticks", func(f release.Frame) bool { return f.Now.Sub(at) > 2*time.Second })
				if r.frame.State.ID != undo {
					t.Fatal("the planned release is back, and the undo was not written down")
				}
				r.book.fail(nil)
			}
			f := r.until(t, "planned again", func(f release.Frame) bool { return f.State.Phase == release.Planned })
			if f.State.ID != planned || f.State.From.Version != "v2.3.0" || f.State.View.Ended.ID != undo {
				t.Fatalf("planned again: %s from %s, after %+v", f.State.ID, f.State.From.Version, f.State.View.Ended)
			}
			want := []string{planned + " planned", undo + " ", undo + " rolling back", undo + " rolled back", planned + " planned"}
			if full {
				want = slices.Delete(want, 1, 3)
			}
			if got := r.book.stations(); !slices.Equal(got, want) {
				t.Fatalf("written: %q, want %q", got, want)
			}
			if !r.book.made[planned] {
				t.Fatal("the planned release was discarded")
			}
			r.want(t, release.Deploy{})
			r.until(t, "deploying", func(f release.Frame) bool { return f.State.Phase == release.Deploying })
			if last := r.book.last(); last.Record.ID != planned || last.Record.Resumes != nil {
				t.Fatalf("deployed as %s", last.Record.ID)
			}
		})
	}
}
