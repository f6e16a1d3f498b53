package engine

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"datahub.io/slipway/release"
)

// cluster is a fake for faults that a real API server cannot be made to show at
// will: an answer that is lost, or that never comes.
type cluster struct {
	mu      sync.Mutex
	look    release.Workload
	emit    func(release.Event)
	applied []release.Change
	answer  func(release.Change) release.Outcome
	before  func() // called when a change arrives
}

func (c *cluster) Watch(ctx context.Context, emit func(release.Event)) {
	c.mu.Lock()
	c.emit = emit
	look := c.look
	c.mu.Unlock()
	look.At = time.Now()
	emit(release.Observed{Workload: look})
	<-ctx.Done()
}

func (c *cluster) Apply(_ context.Context, change release.Change) release.Outcome {
	c.before()
	c.mu.Lock()
	c.applied = append(c.applied, change)
	c.mu.Unlock()
	return c.answer(change)
}

func (c *cluster) Logs(ctx context.Context, pod string, emit func(string)) error {
	emit("one line of " + pod)
	<-ctx.Done()
	return nil
}
func (c *cluster) Whoami(context.Context) (string, error) { return "eng-a", nil }
func (c *cluster) Retry()                                 {}

type figures struct{}

func (figures) Watch(ctx context.Context, _ func(release.Event), _ func(map[release.MetricName][]release.Point)) {
	<-ctx.Done()
}
func (figures) Compare(release.Comparing) {}
func (figures) Retry()                    {}

type prober struct{}

func (prober) Probe(context.Context, release.ItemSpec, release.State) release.Result {
	return release.Result{At: time.Now(), Verdict: release.NoData}
}

// shelf is a journal in memory that can be made to fail. As the real one, it
// takes nothing more after a failed write until it is recovered, and begins no
// record twice.
type shelf struct {
	mu      sync.Mutex
	entries []release.Entry
	made    map[string]bool
	broken  error         // of every Append
	hangs   chan struct{} // every Append waits until it is closed
	spoiled bool
}

func (b *shelf) Create(id string, _ bool) (Journal, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.made[id] {
		return nil, errors.New("file exists")
	}
	if b.made == nil {
		b.made = map[string]bool{}
	}
	b.made[id], b.spoiled = true, false
	return &bound{b, id}, nil
}
func (b *shelf) Driver() *release.Driver { return nil }

// bound is one record on the shelf.
type bound struct {
	*shelf
	id string
}

func (b *bound) Close() error { return nil }

func (b *bound) Read(release.Reading) error { return nil }

func (b *bound) Discard() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.made, b.id)
	return nil
}

func (b *shelf) Recover() (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.broken != nil {
		return 0, b.broken
	}
	b.spoiled = false
	if len(b.entries) == 0 {
		return 0, nil
	}
	return b.entries[len(b.entries)-1].Seq, nil
}

func (b *shelf) Append(e release.Entry) error {
	b.mu.Lock()
	hangs := b.hangs
	b.mu.Unlock()
	if hangs != nil {
		<-hangs
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.broken != nil || b.spoiled {
		b.spoiled = true
		return errors.Join(b.broken, errors.New("spoiled"))
	}
	if e.Seq <= 0 {
		return errors.New("an entry without a number")
	}
	b.entries = append(b.entries, e)
	return nil
}

// fail makes the disk full, or empty again.
func (b *shelf) fail(err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.broken = err
}

// hang makes the disk not answer until the returned function is called.
func (b *shelf) hang() (resume func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	hangs := make(chan struct{})
	b.hangs = hangs
	return func() {
		b.mu.Lock()
		b.hangs = nil
		b.mu.Unlock()
		close(hangs)
	}
}

func (b *shelf) last() release.Entry {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.entries) == 0 {
		return release.Entry{}
	}
	return b.entries[len(b.entries)-1]
}

// rig is an engine on fakes, with a release of v2.5.0 ready to be planned.
type rig struct {
	*Engine
	cluster *cluster
	book    *shelf
	frame   release.Frame
	leave   func() // ends the engine and waits for it
}

func template(version string) release.Template { return release.Template{Hash: "hash-" + version} }

// generation is that of the Deployment that an operation was decided on.
func generation(do release.Operation) int64 {
	switch do := do.(type) {
	case release.SetImage:
		return do.Generation
	case release.UndoTo:
		return do.Generation
	}
	return 0
}

func newRig(t *testing.T, change func(*Options)) *rig {
	t.Helper()
	c := &cluster{
		before: func() {},
		answer: func(change release.Change) release.Outcome {
			return release.Outcome{Kind: release.Accepted, Generation: generation(change.Do) + 1}
		},
		look: release.Workload{
			Found: true, UID: "uid", Generation: 1, Observed: 1, Desired: 1, Replicas: 1, Updated: 1, Ready: 1, Available: 1,
			Containers: []release.Container{{Name: "gateway", Image: "registry/gateway:v2.4.0"}}, Template: template("v2.4.0"),
			Revisions: []release.Revision{
				{Number: 2, Version: "v2.4.0", Current: true, Template: template("v2.4.0")},
				{Number: 1, Version: "v2.3.0", Template: template("v2.3.0")},
			},
		},
	}
	r := &rig{cluster: c, book: &shelf{}}
	o := Options{
		Plan: release.Plan{
			Service: "gateway", Image: "registry/gateway", Environment: "staging", Deployment: "gateway", Container: "gateway",
			Items: []release.ItemSpec{{ID: "rolling", Title: "Rolling update in progress", Stage: release.During, Type: release.ItemDeploy}},
			Stale: release.Staleness{Workload: time.Minute, Metric: time.Minute},
		},
		Cluster: c, Metrics: figures{}, Prober: prober{}, Journals: r.book, Local: "test@host",
	}
	if change != nil {
		change(&o)
	}
	r.Engine = New(o)
	r.records.patience = 200 * time.Millisecond
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { r.Run(ctx); close(ended) }()
	r.leave = func() { cancel(); <-ended }
	t.Cleanup(r.leave)
	return r
}

// until reads frames until one is as wanted.
func (r *rig) until(t *testing.T, what string, ok func(release.Frame) bool) release.Frame {
	t.Helper()
	limit := time.After(30 * time.Second)
	for {
		if !r.frame.Now.IsZero() && ok(r.frame) {
			return r.frame
		}
		select {
		case r.frame = <-r.Frames():
		case <-limit:
			t.Fatalf("never seen: %s; last: %s %+v", what, r.frame.State.Phase, r.frame.State.Record)
		}
	}
}

// want asks for something as soon as it is allowed.
func (r *rig) want(t *testing.T, intent release.Intent) {
	t.Helper()
	var found release.Choice
	r.until(t, string(release.KindOf(intent))+" allowed", func(f release.Frame) bool {
		for _, c := range f.Choices {
			if c.Kind == release.KindOf(intent) && c.OK() && f.Identified {
				found = c
				return true
			}
		}
		return false
	})
	r.Submit(intent, found.Seen)
}

// An effect is performed only after its entry is on disk, and so is its outcome.
func TestJournalComesFirst(t *testing.T) {
	r := newRig(t, func(o *Options) { o.Version = "v2.5.0" })
	var atApply release.Entry
	r.cluster.before = func() { atApply = r.book.last() }
	r.want(t, release.Deploy{})
	r.until(t, "deploying", func(f release.Frame) bool { return f.State.Phase == release.Deploying })
	if atApply.Record.Pending == nil || len(atApply.Effects) != 1 || atApply.By.Name != "eng-a" || atApply.Event != "intended deploy" {
		t.Fatalf("when the change was made, the journal ended in %+v", atApply)
	}
	last := r.book.last()
	if last.Event != "done accepted" || last.Record.Pending != nil || last.Record.Last.Kind != release.Accepted {
		t.Fatalf("after the change the journal ends in %+v", last)
	}
	if len(r.cluster.applied) != 1 {
		t.Fatalf("applied %d changes", len(r.cluster.applied))
	}
}

// What cannot be written down is not done.
func TestUnwritableJournalSendsNothing(t *testing.T) {
	r := newRig(t, func(o *Options) { o.Version = "v2.5.0" })
	r.until(t, "planned", func(f release.Frame) bool { return f.State.Phase == release.Planned })
	r.book.fail(errors.New("no space left on device"))
	r.want(t, release.Deploy{})
	select {
	case refused := <-r.Answers():
		if refused.Kind != release.DoDeploy || !strings.Contains(refused.Refusal.Text, "the record cannot be written, so nothing was sent: no space left on device") {
			t.Fatalf("refused with %+v", refused)
		}
	case <-time.After(30 * time.Second):
		t.Fatal("no answer")
	}
	f := r.until(t, "still planned", func(f release.Frame) bool { return f.State.Phase == release.Planned })
	if f.State.Pending != nil || len(r.cluster.applied) != 0 {
		t.Fatalf("pending %+v, applied %v", f.State.Pending, r.cluster.applied)
	}
}

// A person's undo is never stood against, not even by a full disk; it says so,
// and is written down as soon as that is possible again.
func TestUndoGoesOnUnrecorded(t *testing.T) {
	r := newRig(t, func(o *Options) { o.Version = "v2.5.0" })
	r.until(t, "planned", func(f release.Frame) bool { return f.State.Phase == release.Planned })
	r.book.fail(errors.New("no space left on device"))
	r.want(t, release.Undo{})
	r.until(t, "rolling back", func(f release.Frame) bool { return f.State.Phase == release.RollingBack })
	told := false
	for _, line := range r.frame.Activity {
		told = told || strings.HasPrefix(line.Text, "NOT RECORDED")
	}
	if !told || len(r.cluster.applied) != 1 {
		t.Fatalf("told %v, applied %v", told, r.cluster.applied)
	}
	r.book.fail(nil)
	r.want(t, release.HoldOn{})
	r.until(t, "written", func(release.Frame) bool { return r.book.last().Record.Phase == release.RollingBack })
}

// A record that could not be written from its beginning is written later all
// the same, as one whose beginning was refused is not there at all.
func TestUndoFromIdleUnrecorded(t *testing.T) {
	r := newRig(t, nil)
	r.book.fail(errors.New("no space left on device"))
	r.want(t, release.Pause{})
	select {
	case <-r.Answers():
	case <-time.After(30 * time.Second):
		t.Fatal("no answer")
	}
	r.want(t, release.Undo{})
	r.until(t, "rolling back", func(f release.Frame) bool { return f.State.Phase == release.RollingBack })
	r.book.fail(nil)
	r.until(t, "written", func(release.Frame) bool { return r.book.last().Record.Phase == release.RollingBack })
	r.book.mu.Lock()
	defer r.book.mu.Unlock()
	if len(r.book.made) != 1 || !r.book.made[r.frame.State.ID] {
		t.Fatalf("records %v", r.book.made)
	}
}

// Found again on a full disk: what was in flight is looked at, nothing is decided
// by itself, and undo stays open.
func TestPickedUpOnAFullDisk(t *testing.T) {
	full := &shelf{broken: errors.New("no space left on device")}
	r := newRig(t, func(o *Options) {
		o.State.Record = release.Record{
			Format: 1, Seq: 7, ID: "id-1", Phase: release.Planned, To: release.Target{Version: "v2.5.0", Image: "registry/gateway:v2.5.0"},
			Items: []release.Item{{ID: "rolling", Status: release.Waiting}},
			Pending: &release.Pending{
				Change: release.Change{ID: "c-1", Do: release.SetImage{Guard: release.Guard{UID: "uid", Before: "hash-v2.3.0"}, Container: "gateway", Image: "registry/gateway:v2.5.0"}},
				Since:  time.Now().Add(-time.Minute), Next: release.Deploying, Goal: release.Target{Version: "v2.5.0", Image: "registry/gateway:v2.5.0"},
			},
		}
		o.Journal = &bound{shelf: full, id: "id-1"}
	})
	f := r.until(t, "held", func(f release.Frame) bool { return f.State.Held != nil })
	if f.State.Pending != nil && !f.State.Pending.Unknown {
		t.Fatal("still taken for in flight")
	}
	r.until(t, "undo is open", func(f release.Frame) bool {
		return slices.ContainsFunc(f.Choices, func(c release.Choice) bool { return c.Kind == release.DoUndo && c.OK() })
	})
	full.fail(nil)
	r.until(t, "written", func(release.Frame) bool { return full.last().Record.Held != nil })
}

// A disk that does not answer holds nothing up: the frames go on, undo goes on,
// and what was done is written when it answers again.
func TestDiskThatHangs(t *testing.T) {
	r := newRig(t, func(o *Options) { o.Version = "v2.5.0" })
	r.until(t, "planned", func(f release.Frame) bool { return f.State.Phase == release.Planned })
	resume := r.book.hang()
	r.want(t, release.HoldOn{})
	select {
	case refused := <-r.Answers():
		if !strings.Contains(refused.Refusal.Text, errSlow.Error()) {
			t.Fatalf("refused with %+v", refused)
		}
	case <-time.After(30 * time.Second):
		t.Fatal("no answer")
	}
	r.want(t, release.Undo{})
	r.until(t, "rolling back", func(f release.Frame) bool { return f.State.Phase == release.RollingBack })
	at := r.frame.Now
	r.until(t, "frames go on", func(f release.Frame) bool { return f.Now.Sub(at) > time.Second })
	resume()
	r.until(t, "written", func(release.Frame) bool { return r.book.last().Record.Phase == release.RollingBack })
}

// A wish that was refused because the disk did not answer in time may be written
// later all the same: the record is put right.
func TestLateWriteOfARefusedWish(t *testing.T) {
	r := newRig(t, func(o *Options) { o.Version = "v2.5.0" })
	r.until(t, "planned", func(f release.Frame) bool { return f.State.Phase == release.Planned })
	resume := r.book.hang()
	r.want(t, release.Abandon{})
	select {
	case <-r.Answers():
	case <-time.After(30 * time.Second):
		t.Fatal("no answer")
	}
	resume()
	r.until(t, "put right", func(release.Frame) bool {
		r.book.mu.Lock()
		defer r.book.mu.Unlock()
		n := len(r.book.entries)
		return n > 1 && r.book.entries[n-2].Record.Phase == release.Abandoned && r.book.entries[n-1].Record.Phase == release.Planned
	})
	if r.frame.State.Phase != release.Planned {
		t.Fatalf("phase %s", r.frame.State.Phase)
	}
}

// Who is led back to a version that was rolled back in this session is told.
func TestRolledBackIsRemembered(t *testing.T) {
	r := newRig(t, func(o *Options) {
		o.State.Record = release.Record{
			Format: 1, Seq: 7, ID: "id-1", Phase: release.RollingBack,
			To:      release.Target{Version: "v2.5.0", Template: "hash-v2.5.0"},
			Rollout: release.Rollout{Goal: release.Target{Version: "v2.4.0", Template: "hash-v2.4.0"}, UID: "uid", Began: time.Now(), Generation: 1},
		}
		o.Journal = &bound{shelf: &shelf{}, id: "id-1"}
	})
	r.until(t, "rolled back", func(f release.Frame) bool { return f.State.Phase == release.RolledBack })
	r.until(t, "remembered", func(f release.Frame) bool {
		return strings.HasPrefix(f.State.View.Undone["hash-v2.5.0"], "v2.5.0 was rolled back on ")
	})
}

// A version that is released after all is no longer said to have been rolled back.
func TestReleasedIsNoLongerRolledBack(t *testing.T) {
	r := newRig(t, func(o *Options) {
		o.State.View.Undone = map[string]string{"hash-v2.4.0": "v2.4.0 was rolled back", "hash-v2.3.0": "v2.3.0 was rolled back"}
		o.Plan.Items = nil
		o.State.Record = release.Record{
			Format: 1, Seq: 7, ID: "id-1", Phase: release.Verifying,
			From:    release.Target{Version: "v2.3.0", Template: "hash-v2.3.0"},
			To:      release.Target{Version: "v2.4.0", Template: "hash-v2.4.0"},
			Rollout: release.Rollout{Goal: release.Target{Version: "v2.4.0", Template: "hash-v2.4.0"}, UID: "uid", Began: time.Now(), Generation: 1},
		}
		o.Journal = &bound{shelf: &shelf{}, id: "id-1"}
	})
	r.until(t, "held", func(f release.Frame) bool { return f.State.Held != nil })
	r.want(t, release.Continue{})
	r.until(t, "released", func(f release.Frame) bool { return f.State.Phase == release.Released })
	f := r.until(t, "forgotten", func(f release.Frame) bool { return f.State.View.Undone["hash-v2.4.0"] == "" })
	if f.State.View.Undone["hash-v2.3.0"] == "" {
		t.Error("another version is forgotten")
	}
}

// An outcome that cannot be written is a fact all the same, undo stays open, and
// the record catches up.
func TestOutcomeIsWrittenLater(t *testing.T) {
	r := newRig(t, func(o *Options) { o.Version = "v2.5.0" })
	full := errors.New("no space left on device")
	r.cluster.before = func() { r.book.fail(full) }
	r.want(t, release.Deploy{})
	r.until(t, "deploying", func(f release.Frame) bool { return f.State.Phase == release.Deploying })
	if r.book.last().Record.Pending == nil {
		t.Fatal("the journal does not say what was asked")
	}
	f := r.until(t, "undo is open", func(f release.Frame) bool {
		for _, c := range f.Choices {
			if c.Kind == release.DoUndo && c.OK() {
				return true
			}
		}
		return false
	})
	if f.State.Pending != nil {
		t.Fatal("still in flight")
	}
	r.book.fail(nil)
	r.until(t, "written", func(release.Frame) bool {
		last := r.book.last().Record
		return last.Phase == release.Deploying && last.Pending == nil
	})
}

// A state with a change in flight is picked up as unknown, held, and found out
// by looking; nothing is sent again.
func TestPickedUpIsLookedAt(t *testing.T) {
	r := newRig(t, func(o *Options) {
		o.State.Record = release.Record{
			Format: 1, Seq: 7, ID: "id-1", Phase: release.Planned, To: release.Target{Version: "v2.4.0", Image: "registry/gateway:v2.4.0"},
			Items: []release.Item{{ID: "rolling", Status: release.Waiting}},
			Pending: &release.Pending{
				Change: release.Change{ID: "c-1", Do: release.SetImage{Guard: release.Guard{UID: "uid", Before: "hash-v2.3.0"}, Container: "gateway", Image: "registry/gateway:v2.4.0"}},
				Since:  time.Now().Add(-time.Minute), Next: release.Deploying, Goal: release.Target{Version: "v2.4.0", Image: "registry/gateway:v2.4.0"},
			},
		}
		o.Journal = &bound{shelf: &shelf{}, id: "id-1"}
	})
	f := r.until(t, "found out", func(f release.Frame) bool { return f.State.Pending == nil })
	if f.State.Held == nil || f.State.Held.Kind != release.HeldOnReturn {
		t.Fatalf("not held: %+v", f.State.Held)
	}
	if f.State.Phase == release.Planned || len(r.cluster.applied) != 0 {
		t.Fatalf("phase %s, applied %v", f.State.Phase, r.cluster.applied)
	}
}

// Leaving waits for the answer of a change in flight.
func TestLeavingWaitsForTheAnswer(t *testing.T) {
	answered := make(chan struct{})
	r := newRig(t, func(o *Options) { o.Version = "v2.5.0" })
	r.cluster.answer = func(change release.Change) release.Outcome {
		<-answered
		return release.Outcome{Kind: release.Accepted, Generation: 2}
	}
	r.want(t, release.Deploy{})
	r.until(t, "sent", func(f release.Frame) bool { return f.State.Pending != nil })
	time.AfterFunc(100*time.Millisecond, func() { close(answered) })
	r.leave()
	if last := r.book.last(); last.Event != "done accepted" {
		t.Errorf("the journal ends in %s", last.Event)
	}
}

// The latest log lines of a followed pod ride in the frame; following another
// pod starts anew.
func TestFollow(t *testing.T) {
	r := newRig(t, nil)
	r.Follow("pod-a")
	r.until(t, "the log", func(f release.Frame) bool { return len(f.Logs.Lines) == 1 && f.Logs.Lines[0] == "one line of pod-a" })
	r.Follow("pod-b")
	r.until(t, "the other log", func(f release.Frame) bool { return f.Logs.Pod == "pod-b" && len(f.Logs.Lines) == 1 })
	r.Follow("")
	r.until(t, "none", func(f release.Frame) bool { return f.Logs.Pod == "" })
}
