package engine

import (
	"context"
	"testing"
	"time"

	"datahub.io/slipway/release"
)

// contested is a shelf on which somebody else writes an entry just before one of ours.
type contested struct {
	*shelf
	theirs func(last release.Entry) release.Entry
	after  int // how many of ours come first
}

func (c *contested) Create(id string, sole bool) (Journal, error) {
	if _, err := c.shelf.Create(id, sole); err != nil {
		return nil, err
	}
	return &contestedBook{&bound{c.shelf, id}, c}, nil
}

type contestedBook struct {
	*bound
	with *contested
}

func (b *contestedBook) Append(e release.Entry) error {
	if len(b.entries) == b.with.after && b.with.theirs != nil {
		theirs := b.with.theirs(b.last())
		b.with.theirs = nil
		if err := b.bound.Append(theirs); err != nil {
			return err
		}
		return &release.ConflictError{Entry: theirs}
	}
	return b.bound.Append(e)
}

// What somebody else wrote is taken over, and the decision made again on it: here the
// deploy that was asked for meets a hold, and is not sent.
func TestAConflictIsDecidedAgain(t *testing.T) {
	c := &contested{shelf: &shelf{}, after: 2, theirs: func(last release.Entry) release.Entry {
		e := last
		e.Seq, e.Event, e.By = last.Seq+1, "intended hold", release.Actor{Name: "eng-b"}
		e.Record.Seq, e.Record.Held = e.Seq, &release.Hold{Kind: release.HeldByHand, Reason: "eng-b held it", By: e.By, At: time.Now()}
		e.Tells = []release.Line{{By: e.By, Text: "held by eng-b"}}
		return e
	}}
	r := newRig(t, func(o *Options) {
		o.Version, o.Journals = "v2.5.0", c
		o.Plan.Items = append(o.Plan.Items, release.ItemSpec{ID: "note", Title: "Customer verification", Stage: release.Post, Type: release.ItemManual})
	})
	r.until(t, "planned", func(f release.Frame) bool { return f.State.Phase == release.Planned })
	r.want(t, release.HoldOn{}) // the second entry of ours, or the first that meets theirs
	f := r.until(t, "their hold", func(f release.Frame) bool { return f.State.Held != nil })
	r.want(t, release.Continue{})
	f = r.until(t, "goes on", func(f release.Frame) bool { return f.State.Held == nil })
	r.want(t, release.Deploy{})
	f = r.until(t, "deploying", func(f release.Frame) bool { return f.State.Phase == release.Deploying })
	c.mu.Lock()
	defer c.mu.Unlock()
	told := false
	for _, line := range f.Activity {
		told = told || line.Text == "held by eng-b"
	}
	for i, e := range c.entries {
		if e.Seq != i+1 || e.Record.Seq != e.Seq {
			t.Errorf("entry %d has number %d, its record %d", i, e.Seq, e.Record.Seq)
		}
	}
	if c.theirs != nil || !told {
		t.Errorf("their entry was met: %v, told: %v", c.theirs == nil, told)
	}
}

// A wish that meets somebody else's entry is decided on that entry, not on what was shown.
func TestAWishMeetsAnothersEntry(t *testing.T) {
	c := &contested{shelf: &shelf{}, after: 1, theirs: func(last release.Entry) release.Entry {
		e := last
		e.Seq, e.Event = last.Seq+1, "intended abandon"
		e.Record.Seq, e.Record.Phase, e.Record.Ended = e.Seq, release.Abandoned, time.Now()
		return e
	}}
	r := newRig(t, func(o *Options) { o.Version, o.Journals = "v2.5.0", c })
	r.until(t, "planned", func(f release.Frame) bool { return f.State.Phase == release.Planned })
	r.want(t, release.Deploy{})
	select {
	case refused := <-r.Answers():
		if refused.Kind != release.DoDeploy || refused.Refusal.None() {
			t.Errorf("refused with %+v", refused)
		}
	case <-time.After(20 * time.Second):
		t.Fatal("the deploy was not refused")
	}
	if f := r.until(t, "abandoned", func(f release.Frame) bool { return f.State.Phase == release.Abandoned }); f.State.Pending != nil || f.State.Seq != 2 {
		t.Errorf("%+v", f.State.Record)
	}
	if n := len(r.cluster.applied); n != 0 {
		t.Errorf("%d changes were sent", n)
	}
}

// A console beside the driver's shows what that one writes, and its lines.
func TestFollowShowsTheDriversRecord(t *testing.T) {
	written := make(chan []release.Entry)
	r := newRig(t, func(o *Options) {
		o.State.View.Driver = &release.Driver{Name: "eng-a", Version: "v2.5.0", Local: true}
		o.Journals = drivenShelf{&shelf{}, o.State.View.Driver}
		o.Follow = func(ctx context.Context, emit func([]release.Entry)) {
			for {
				select {
				case entries := <-written:
					emit(entries)
				case <-ctx.Done():
					return
				}
			}
		}
	})
	line := func(seq int, phase release.Phase, text string) release.Entry {
		return release.Entry{
			Seq: seq, At: time.Now(), Tells: []release.Line{{At: time.Now(), By: release.Itself, Text: text}},
			Record: release.Record{
				Format: release.RecordFormat, Seq: seq, ID: "r1", Phase: phase, From: release.Target{Version: "v2.4.0", Template: "hash-v2.4.0"},
				To: release.Target{Version: "v2.5.0"}, Items: []release.Item{{ID: "rolling", Status: release.Running}},
			},
		}
	}
	written <- []release.Entry{line(1, release.Planned, "planned"), line(2, release.Deploying, "deploying")}
	f := r.until(t, "the record", func(f release.Frame) bool { return f.State.ID == "r1" && f.State.Seq == 2 })
	if !f.State.View.Elsewhere || f.State.Phase != release.Deploying || len(f.State.Items) != 1 {
		t.Errorf("%+v", f.State.Record)
	}
	written <- []release.Entry{line(3, release.Released, "released")}
	f = r.until(t, "the end", func(f release.Frame) bool { return f.State.Seq == 3 })
	said := map[string]bool{}
	for _, l := range f.Activity {
		said[l.Text] = true
	}
	if !said["planned"] || !said["deploying"] || !said["released"] || f.State.Phase != release.Released {
		t.Errorf("%s, said %v", f.State.Phase, said)
	}
	if len(r.book.entries) != 0 || len(r.cluster.applied) != 0 {
		t.Errorf("it wrote %v, sent %v", r.book.entries, r.cluster.applied)
	}
}

type drivenShelf struct {
	*shelf
	by *release.Driver
}

func (d drivenShelf) Driver() *release.Driver { return d.by }
