package engine

import (
	"context"
	"slices"
	"sync"
	"time"

	"datahub.io/slipway/release"
	"datahub.io/slipway/untrusted"
)

// Performer performs the changes of the kinds that it is given for in Options.Performers.
// Changes of the workload are performed by the Cluster.
type Performer interface {
	// Perform makes a change, at most once, and returns when it is known what came of it.
	// Until then it may tell of its progress, as often as it likes. ctx ends at the
	// operation's deadline, or with [release.ErrCancelled] or [release.ErrLeaving] as its
	// cause: what is cancelled ends and says what is left; what can go on without this
	// process is Lost when it is left.
	Perform(ctx context.Context, c release.Change, progress func(release.Progress)) release.Outcome
	// Look says what became of a change whose answer is not known. The zero Look says
	// that it cannot be seen now.
	Look(ctx context.Context, c release.Change) release.Look
	// Stop ends a change that another process began, and says what is left of it.
	Stop(ctx context.Context, c release.Change) release.Outcome
}

// byCluster performs the changes of the workload.
type byCluster struct{ Cluster }

func (b byCluster) Perform(ctx context.Context, c release.Change, _ func(release.Progress)) release.Outcome {
	return b.Apply(ctx, c)
}

func (byCluster) Look(context.Context, release.Change) release.Look { return release.Look{} }

func (byCluster) Stop(context.Context, release.Change) release.Outcome {
	return release.Outcome{Kind: release.Lost, Text: "it cannot be taken back"}
}

// nobody performs what this console has no performer for.
type nobody struct{ byCluster }

func (nobody) Perform(_ context.Context, c release.Change, _ func(release.Progress)) release.Outcome {
	return release.Outcome{Kind: release.Denied, Text: "this console cannot do it: " + string(c.Kind())}
}

// performer is who performs the operations of a kind.
func (e *Engine) performer(do release.Operation) Performer {
	if do.Subject() != release.OffWorkload {
		return byCluster{e.cluster}
	}
	if p, known := e.opts.Performers[do.Kind()]; known {
		return p
	}
	return nobody{}
}

// What a task may tell, and how long one has to end and to answer.
const (
	tellEvery  = 200 * time.Millisecond
	lineBound  = 500 // runes of a line of output
	tailBound  = 200 // lines between two tellings
	leaveTasks = 5 * time.Second
	askTasks   = 20 * time.Second // one look, or one stop
)

// start performs a change. Its outcome comes back as Done.
func (e *Engine) start(c release.Change) {
	ctx, cancel := context.WithCancelCause(context.Background()) // leaving does not cut a change off
	deadline, task := c.Do.Deadline(), c.Do.Subject() == release.OffWorkload
	ctx, end := context.WithTimeout(ctx, deadline)
	e.inFlight++
	if task {
		e.tasks[c.ID] = cancel
	} else {
		e.longest = max(e.longest, deadline)
	}
	performer := e.performer(c.Do)
	go func() {
		defer end()
		m := &meter{id: c.ID, send: e.post}
		outcome := performer.Perform(ctx, c, m.tell)
		m.end()
		cancel(nil)
		if task {
			untrusted.Clean(&outcome, lineBound)
		}
		outcome.ID = c.ID
		e.send(release.Done{Outcome: outcome})
	}()
}

// stop ends a task: the one that runs here, or one that another process began.
func (e *Engine) stop(c release.Change) {
	if cancel, here := e.tasks[c.ID]; here {
		cancel(release.ErrCancelled)
		return
	}
	performer := e.performer(c.Do)
	e.inFlight++
	go func() {
		ctx, end := context.WithTimeout(context.Background(), askTasks)
		defer end()
		outcome := performer.Stop(ctx, c)
		untrusted.Clean(&outcome, lineBound)
		outcome.ID = c.ID
		e.send(release.Done{Outcome: outcome})
	}()
}

// find looks for what became of a task. What it finds comes back as Found.
func (e *Engine) find(c release.Change) {
	performer := e.performer(c.Do)
	go func() {
		ctx, end := context.WithTimeout(e.ctx, askTasks)
		defer end()
		look := performer.Look(ctx, c)
		untrusted.Clean(&look, lineBound)
		e.post(release.Found{ID: c.ID, Look: look})
	}()
}

// leave tells the tasks that run here that the console is left.
func (e *Engine) leave() (patience time.Duration) {
	patience = e.longest + time.Second
	for _, cancel := range e.tasks {
		cancel(release.ErrLeaving)
		patience = max(patience, leaveTasks)
	}
	return patience
}

// meter passes on what a task tells of its progress, now and then, with the newest of
// its output.
type meter struct {
	id   string
	send func(message any)

	mu    sync.Mutex
	next  release.Progress
	waits bool
	ended bool
}

// tell is safe for concurrent use, and never blocks.
func (m *meter) tell(p release.Progress) {
	m.mu.Lock()
	defer m.mu.Unlock()
	lines := slices.Concat(m.next.Lines, p.Lines)
	p.ID, p.Lines = m.id, slices.Clone(lines[max(0, len(lines)-tailBound):])
	if p.Text == "" {
		p.Text = m.next.Text
	}
	if p.Done == 0 && p.Total == 0 {
		p.Done, p.Total = m.next.Done, m.next.Total
	}
	m.next = p
	if !m.waits && !m.ended {
		m.waits = true
		time.AfterFunc(tellEvery, m.pass)
	}
}

func (m *meter) pass() {
	m.mu.Lock()
	p := m.next
	m.next.Lines, m.waits = nil, false
	m.mu.Unlock()
	untrusted.Clean(&p, lineBound)
	m.send(release.Progressed{Progress: p})
}

// end passes on what is left.
func (m *meter) end() {
	m.mu.Lock()
	left := m.waits
	m.ended = true
	m.mu.Unlock()
	if left {
		m.pass()
	}
}
