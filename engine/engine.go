// Package engine runs a release: it feeds observations and wishes to
// release.Step, writes what must last to the journal, performs the effects,
// and publishes frames for whoever shows them.
//
// The order for each event is fixed: Step, then the journal (fsynced), then the
// effects. All of it happens on one goroutine; the effects run on their own
// and come back as events.
package engine

import (
	"context"
	"time"

	"datahub.io/slipway/release"
)

// Cluster observes one Deployment, and a canary beside it, and changes them.
type Cluster interface {
	// Watch emits Observed and Linked, and of a canary ObservedCanary and
	// ObservedSplit, until ctx ends.
	Watch(ctx context.Context, emit func(release.Event))
	// Apply makes one guarded change. It never repeats what may have happened.
	Apply(ctx context.Context, c release.Change) release.Outcome
	// Logs follows a pod's log until ctx ends or the log does.
	Logs(ctx context.Context, pod string, emit func(line string)) error
	// Whoami is the name that the API server knows the caller by.
	Whoami(ctx context.Context) (string, error)
	// Retry tries a lost link again now.
	Retry()
}

// Metrics samples the figures of the dashboard.
type Metrics interface {
	// Watch emits Sampled and Linked, and series for sparklines, until ctx ends.
	Watch(ctx context.Context, emit func(release.Event), series func(map[release.MetricName][]release.Point))
	// Compare says what Watch is to compare from now on, with Compared; the zero
	// value ends it. It never blocks.
	Compare(release.Comparing)
	Retry()
}

// Prober looks at the outside world for one checklist item.
type Prober interface {
	Probe(ctx context.Context, spec release.ItemSpec, state release.State) release.Result
}

// Journal is the record of one release.
type Journal interface {
	// Append returns when the entry is on disk. Where somebody else has written since,
	// nothing is, and the error is a *release.ConflictError with the newest entry.
	Append(release.Entry) error
	// Recover makes a journal whose Append failed take entries again, without
	// letting go of it, and gives the Seq of the last entry that is on disk: the
	// write that failed may have arrived. It finds what somebody else wrote as Append does.
	Recover() (seq int, err error)
	Close() error
	// Discard closes a record of which nothing came, and removes it.
	Discard() error
	// Read keeps a round of figures beside the record. One that is lost is missing in
	// the report, and nothing else.
	Read(release.Reading) error
}

// Journals makes the records of new releases.
type Journals interface {
	// Create begins a record. sole asks that no other release of the service is
	// unfinished in this environment.
	Create(id string, sole bool) (Journal, error)
	// Driver is who else leads an unfinished release, or left one; nil: nobody.
	Driver() *release.Driver
}

// introduction is how long a planned release waits for the API server to say
// who plans it.
const introduction = 3 * time.Second

// Options is what an engine is made of.
type Options struct {
	Plan    release.Plan
	Cluster Cluster
	Metrics Metrics
	Prober  Prober
	// Performers run what is not a change of the workload, such as a command; by kind.
	Performers map[release.OpKind]Performer
	Journals   Journals
	Local      string // the local account, "eng-a@host"
	// Windows resolves the change windows around now; nil: those of the plan stay.
	Windows func(now time.Time) release.Windows
	Version string // the version to plan a release of once the workload is seen, or ""

	// State and Journal are those of an unfinished release that is picked up;
	// Entries are its past. Planned is the record of the release that goes on after it.
	// The zero values begin with nothing.
	State   release.State
	Journal Journal
	Planned Journal
	Entries []release.Entry
	// Handed: the release was handed over by the process that drove it until now.
	Handed bool
	// Follow emits what the record of a release says that another process leads: first all
	// of it, then what is added, until ctx ends. nil: this engine does not look on.
	Follow func(ctx context.Context, emit func([]release.Entry))

	Clock func() time.Time // time.Now when nil
	Ticks <-chan time.Time // each makes what only ages be looked at; a second apart when nil
}

// Engine is one running release.
type Engine struct {
	opts    Options
	cluster Cluster
	events  chan any // release.Event, or one of the engine's own messages
	frames  *mailbox[release.Frame]
	answers chan release.Refused
	ended   chan struct{} // closed when Run has ended

	// Owned by the goroutine of Run.
	ctx        context.Context
	state      release.State
	user       release.Actor
	identified bool
	version    string
	started    time.Time
	records    recorder
	series     map[release.MetricName][]release.Point
	activity   []release.Line
	lines      int
	logs       release.PodLog
	stopLogs   context.CancelFunc
	inFlight   int                                // changes that are not answered
	longest    time.Duration                      // that one of the workload may take
	tasks      map[string]context.CancelCauseFunc // those that run here, by the ID of the change
	unsaved    bool                               // the state is not what is on disk, or may not be
	broken     string                             // why the journal cannot be written, as last told
	unlogged   bool                               // an undo or abort was sent although it could not be written down
	comparing  release.Comparing                  // what Metrics was last told to compare
	probing    map[string]bool                    // items whose probe has not come back
	windowsAt  time.Time                          // when the change windows were resolved
}

// The engine's own messages.
type (
	seriesRead map[release.MetricName][]release.Point
	userKnown  string
	others     []release.Entry
	follow     string
	probeEnded string // the item
	logLine    struct{ pod, line string }
	logEnded   struct {
		pod string
		err error
	}
	wish struct {
		id     string
		intent release.Intent
		seen   release.Seen
	}
)

// New makes an engine. Nothing runs before Run.
func New(o Options) *Engine {
	if o.Clock == nil {
		o.Clock = time.Now
	}
	e := &Engine{
		opts: o, cluster: o.Cluster, state: o.State, version: o.Version,
		events:  make(chan any, 256),
		answers: make(chan release.Refused, 16),
		ended:   make(chan struct{}),
		probing: map[string]bool{},
		frames:  newMailbox[release.Frame](),
		tasks:   map[string]context.CancelCauseFunc{},
		records: recorder{journals: o.Journals, current: book{journal: o.Journal, id: o.State.ID}, patience: patience},
		user:    release.Actor{Name: "(" + o.Local + ")", Local: o.Local},
	}
	if planned := o.State.Resumes; planned != nil {
		e.records.aside = book{journal: o.Planned, id: planned.ID}
	}
	for _, entry := range o.Entries {
		for _, line := range entry.Tells {
			e.log(line)
		}
	}
	return e
}

// Frames is a mailbox of capacity one: it holds the latest frame.
func (e *Engine) Frames() <-chan release.Frame { return e.frames.out }

// Answers are the refusals of what was submitted. They are dropped when nobody
// reads them.
func (e *Engine) Answers() <-chan release.Refused { return e.answers }

// Submit asks for something; seen is what the confirmation showed. It never
// blocks. The wish's ID comes back in a Refused, or as View.Taken.
func (e *Engine) Submit(intent release.Intent, seen release.Seen) (id string) {
	id = newID(e.opts.Clock())
	e.post(wish{id, intent, seen})
	return id
}

// HungUp says that the terminal is gone and that the release goes on without it.
func (e *Engine) HungUp() { e.post(release.HungUp{}) }

// Follow follows a pod's log in the frames; "" stops.
func (e *Engine) Follow(pod string) { e.post(follow(pod)) }

// Retry tries lost links again now.
func (e *Engine) Retry() {
	e.cluster.Retry()
	e.opts.Metrics.Retry()
}

// post hands a message to the loop without ever blocking its caller. After Run
// has ended it is dropped.
func (e *Engine) post(message any) {
	select {
	case e.events <- message:
	default:
		go e.send(message)
	}
}

// send hands a message to the loop, and waits until it is taken.
func (e *Engine) send(message any) {
	select {
	case e.events <- message:
	case <-e.ended:
	}
}

// Run runs until ctx ends. It returns when the changes in flight have been
// answered, at the latest when they have been given up: what is not answered
// then is found out by the next start.
func (e *Engine) Run(ctx context.Context) {
	ctx, cancel := context.WithCancel(ctx)
	defer close(e.ended)
	defer cancel()
	e.ctx, e.started = ctx, e.opts.Clock()
	if e.state.ID != "" {
		e.step(release.Returned{By: e.user, Handed: e.opts.Handed})
	}
	e.publish()
	emit := func(event release.Event) {
		select {
		case e.events <- event:
		case <-ctx.Done():
		}
	}
	go e.cluster.Watch(ctx, emit)
	go e.opts.Metrics.Watch(ctx, emit, func(s map[release.MetricName][]release.Point) { e.post(seriesRead(s)) })
	go e.identify(ctx)
	go e.lookForOthers(ctx)
	if e.opts.Follow != nil {
		go e.opts.Follow(ctx, func(entries []release.Entry) {
			select {
			case e.events <- others(entries):
			case <-ctx.Done():
			}
		})
	}

	ticks := e.opts.Ticks
	if ticks == nil {
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		ticks = tick.C
	}
	for {
		select {
		case <-ctx.Done():
			e.drain()
			return
		case <-ticks:
			e.catchUp()
			e.refreshWindows()
			e.plan()
			e.step(release.Ticked{})
			e.publish()
		case message := <-e.events:
			if e.handle(message) {
				e.publish()
			}
		}
	}
}

// handle takes one message, and tells whether there is something new to show
// at once; what only ages is shown with the next tick.
func (e *Engine) handle(message any) bool {
	switch m := message.(type) {
	case wish:
		e.step(release.Intended{Intent: m.intent, By: e.user, Seen: m.seen, ID: m.id})
	case release.Observed:
		before := e.state
		e.step(m)
		e.plan()
		return e.state.Seq != before.Seq || visible(before.View.Workload, e.state.View.Workload)
	case release.ObservedCanary:
		before := e.state
		e.step(m)
		return e.state.Seq != before.Seq || visible(before.View.Canary, e.state.View.Canary)
	case release.ObservedSplit:
		before := e.state
		e.step(m)
		return e.state.Seq != before.Seq || divided(before.View.Split, e.state.View.Split)
	case release.Sampled:
		seq := e.state.Seq
		e.step(m)
		if r, ok := release.ReadingOf(e.opts.Plan, e.state, e.opts.Clock()); ok {
			e.records.read(e.state.ID, r)
		}
		return e.state.Seq != seq
	case probeEnded:
		delete(e.probing, string(m))
		return false
	case release.Done:
		e.inFlight--
		delete(e.tasks, m.Outcome.ID)
		e.step(m)
	case release.Event:
		e.step(m)
	case seriesRead:
		first := e.series == nil
		e.series = m
		return first
	case userKnown:
		e.user.Name, e.identified = string(m), true
		e.plan()
	case release.DrivenBy:
		same := e.state.View.Driver.Same(m.Driver)
		e.state, _ = release.Step(e.opts.Plan, e.state, e.opts.Clock(), m)
		return !same
	case others:
		return e.lookOn(m)
	case follow:
		e.followLog(string(m))
	case logLine:
		return e.addLog(m)
	case logEnded:
		e.endLog(m)
	}
	return true
}

// plan asks for the release that the command line named, once it can be, and
// once the API server has said who asks. Another one that is under way keeps it
// from being planned, and the refusal says so.
func (e *Engine) plan() {
	if e.version == "" || !e.state.View.Workload.Found || e.state.Pending != nil {
		return
	}
	if !e.identified && e.opts.Clock().Sub(e.started) < introduction {
		return
	}
	version := e.version
	e.version = ""
	if e.state.Phase.Over() || !e.state.Asks(e.opts.Plan, version) {
		e.handle(wish{id: newID(e.opts.Clock()), intent: release.Begin{Version: version}})
	}
}

// drain ends what is in flight before leaving: wishes that were pressed just
// before are still taken, answers are waited for, and nothing is begun by
// itself any more.
func (e *Engine) drain() {
	e.state.View.Mode.Passive = true
	if e.stopLogs != nil {
		e.stopLogs()
	}
	limit := time.After(e.leave())
	for {
		select {
		case message := <-e.events:
			e.last(message)
			continue
		default:
		}
		if e.inFlight == 0 {
			break
		}
		select {
		case message := <-e.events:
			e.last(message)
			continue
		case <-limit:
		}
		break
	}
	e.publish()
	e.records.close()
}

// last takes what still counts while leaving.
func (e *Engine) last(message any) {
	switch m := message.(type) {
	case wish:
		e.handle(m)
	case release.Done:
		e.handle(m)
	}
}

// lookForOthers looks every few seconds whether another console holds an
// unfinished release.
func (e *Engine) lookForOthers(ctx context.Context) {
	tick := time.NewTicker(2 * time.Second)
	defer tick.Stop()
	for {
		e.post(release.DrivenBy{Driver: e.opts.Journals.Driver()})
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// identify asks who presses the keys until the API server has said it.
func (e *Engine) identify(ctx context.Context) {
	for wait := time.Second; ; wait = min(2*wait, 10*time.Second) {
		asked, cancel := context.WithTimeout(ctx, 5*time.Second)
		name, err := e.cluster.Whoami(asked)
		cancel()
		if err == nil && name != "" {
			e.post(userKnown(name))
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
		}
	}
}

// refreshWindows resolves the change windows anew once a day: a console may stay open for
// longer than they reach.
func (e *Engine) refreshWindows() {
	if now := e.opts.Clock(); e.opts.Windows != nil && now.Sub(e.windowsAt) >= 24*time.Hour {
		e.windowsAt = now
		e.opts.Plan.Windows = e.opts.Windows(now)
	}
}
