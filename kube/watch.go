package kube

import (
	"context"
	"errors"
	"sync"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"

	"datahub.io/slipway/release"
)

const (
	buildGap   = 100 * time.Millisecond // between two builds
	buildShare = 20                     // a build takes at most one part in so many of the time
	buildAge   = 30 * time.Second       // after which a Workload is built again, for what depends on the time
	behindMax  = 5 * time.Second        // that a watch may lag behind the heartbeat
	syncMax    = 30 * time.Second       // that the first read of everything may take
)

// Watch observes the Deployment until ctx ends and never gives up before. It
// emits:
//
//   - Observed, with the whole Workload: at once when something changed, at
//     most about ten times a second, and with every heartbeat. At moves only
//     when the API server has proved that nothing newer exists.
//   - Identified, with what the cluster is known by, before the first Observed.
//   - Linked, when the link is lost, at each try that fails, and when it is
//     back, before the first Observed after it.
//   - For a canary also ObservedCanary, as Observed, LostCanary where that is not
//     to be had, and ObservedSplit where an object splits the traffic. There is no
//     Linked for these: what they last said only becomes old.
//
// Events of one kind come in order, and Linked is in order with Observed. Those of
// a canary release come from goroutines of their own: emit is called from several
// at the same time. None of them is left when Watch has returned.
func (c *Client) Watch(ctx context.Context, emit func(release.Event)) {
	var beside sync.WaitGroup
	if c.canary != nil {
		beside.Go(func() { c.second.watch(ctx, ofTheCanary(emit)) })
		if c.canary.Traffic.Kind != "" {
			beside.Go(func() { c.watchSplit(ctx, emit) })
		}
	}
	c.watch(ctx, emit)
	beside.Wait()
}

// ofTheCanary makes the events of a Watch those of the canary's.
func ofTheCanary(emit func(release.Event)) func(release.Event) {
	return func(e release.Event) {
		switch e := e.(type) {
		case release.Observed:
			emit(release.ObservedCanary(e))
		case release.Linked:
			if !e.Link.OK {
				emit(release.LostCanary{Err: e.Link.Err})
			}
		}
	}
}

func (c *Client) watch(ctx context.Context, emit func(release.Event)) {
	w := &watcher{
		c: c, emit: emit,
		beats: make(chan beat, 1), pokes: make(chan struct{}, 1), troubles: make(chan error, 1),
		next: time.NewTimer(0), build: time.NewTimer(time.Hour),
	}
	w.build.Stop()
	w.run(ctx)
}

// Retry tries a lost link again now, and reads what belongs to a canary anew.
func (c *Client) Retry() {
	offer(c.retry, struct{}{})
	if c.canary != nil {
		offer(c.second.retry, struct{}{})
		offer(c.retrySplit, struct{}{})
	}
}

// watcher is the state of one Watch. Only its own goroutine touches it.
type watcher struct {
	c    *Client
	emit func(release.Event)

	beats    chan beat
	pokes    chan struct{}
	troubles chan error
	next     *time.Timer // the next heartbeat
	build    *time.Timer // the next build

	identified string // the UID that was emitted
	asking     bool   // a heartbeat is under way
	asksAgain  bool   // another one has to follow it at once
	session    *session
	link       release.Link
	proof      beat      // the last heartbeat that succeeded
	behind     time.Time // since when the watch lags behind it; zero: it does not
	dirty      bool      // something changed since the last build
	scheduled  bool      // build will fire
	builder    builder
	built      time.Time     // of the last build
	took       time.Duration // by it
	last       release.Workload
}

func (w *watcher) run(ctx context.Context) {
	defer w.next.Stop()
	defer w.build.Stop()
	for {
		select {
		case <-ctx.Done():
			if w.session != nil {
				w.session.close()
				w.c.remember(nil)
			}
			return
		case <-w.next.C:
			w.ask(ctx)
		case <-w.c.retry:
			if !w.link.OK {
				w.ask(ctx)
			}
		case <-w.c.again:
			w.asksAgain = w.asking
			w.ask(ctx)
		case b := <-w.beats:
			w.asking = false
			if w.asksAgain {
				w.asksAgain = false
				w.ask(ctx)
			}
			if ctx.Err() == nil {
				w.heard(ctx, b)
			}
		case err := <-w.troubles:
			w.worry(ctx, err)
		case <-w.pokes:
			w.dirty = true
			w.schedule()
		case <-w.build.C:
			w.scheduled = false
			w.settle()
		}
	}
}

// heard takes the answer to a heartbeat.
func (w *watcher) heard(ctx context.Context, b beat) {
	if b.err != nil {
		w.lose(b.err)
		return
	}
	w.next.Reset(beatEvery)
	w.proof = b
	if id := w.c.ID(); id.UID != w.identified {
		w.identified = id.UID
		w.emit(release.Identified{UID: id.UID})
	}
	if w.session == nil {
		w.session = w.c.open(ctx, func() { offer(w.pokes, struct{}{}) }, func(err error) { offer(w.troubles, err) })
		w.behind, w.dirty = time.Time{}, true
	}
	if b.deployment != nil && w.session.family == nil {
		w.session.adopt(b.deployment) // need not wait for the watch
	}
	if time.Since(w.built) > buildAge {
		w.dirty = true
	}
	w.settle()
}

// worry takes a failed list or watch. A missing permission is final until
// someone grants it; anything else is for the heartbeat to judge, now.
func (w *watcher) worry(ctx context.Context, err error) {
	if w.session == nil {
		return
	}
	if apierrors.IsForbidden(err) || apierrors.IsUnauthorized(err) {
		w.lose(err)
		return
	}
	w.ask(ctx)
}

// schedule lets the build timer fire once, not sooner than the pace allows.
func (w *watcher) schedule() {
	if w.scheduled || w.session == nil {
		return
	}
	w.scheduled = true
	w.build.Reset(time.Until(w.built.Add(max(buildGap, buildShare*w.took))))
}

// settle emits what is known, if it is complete and as new as the last
// heartbeat. Otherwise it waits: for the next change, or, when that does not
// come, for a session made anew.
func (w *watcher) settle() {
	s := w.session
	if s == nil {
		return
	}
	found, synced, news := s.deployment.read()
	if !synced {
		w.wait(s.began, syncMax)
		return
	}
	var d *appsv1.Deployment
	if len(found) > 0 {
		d = found[0]
	}
	if !atLeast(d, news, w.proof) || !w.c.lastWrite().since(d, w.proof) {
		if w.behind.IsZero() {
			w.behind = time.Now()
		}
		w.wait(w.behind, behindMax)
		return
	}
	w.behind = time.Time{}
	if d == nil {
		s.disown()
	} else {
		s.adopt(d)
		if err := s.family.late(); err != nil {
			w.lose(err)
			return
		}
		if !s.family.synced() {
			w.wait(s.family.began, syncMax)
			return
		}
	}
	if w.dirty {
		w.rebuild(s, d)
	}
	w.last.At = w.fresh(news)
	w.regain(w.last.At)
	w.emit(release.Observed{Workload: w.last})
}

// errSilent is a link over which only requests are answered.
var errSilent = errors.New("the API server answers, but its watches do not")

// wait gives up on a session that stays incomplete, or behind, for too long.
func (w *watcher) wait(since time.Time, limit time.Duration) {
	if time.Since(since) > limit {
		w.lose(errSilent)
	}
}

func (w *watcher) rebuild(s *session, d *appsv1.Deployment) {
	begin := time.Now()
	w.dirty = false
	o := s.objects(d, begin)
	w.last = w.builder.build(o, begin)
	s.lines.want(w.builder.pods, begin)
	if d == nil {
		w.c.remember(nil)
	} else {
		w.c.remember(&history{uid: d.UID, sets: ownedReplicaSets(d, o.ReplicaSets)})
	}
	w.built = time.Now()
	w.took = w.built.Sub(begin)
}

// fresh is the time as of which the workload is known: when the last heartbeat was
// asked for, or when the watch of the Deployment has said something since. Word of a pod
// or a ReplicaSet says nothing of the Deployment. Only called when that watch is known to
// be as new as the last heartbeat and as this client's own last change, and those of what
// belongs to it are not late.
func (w *watcher) fresh(news time.Time) time.Time {
	if news.After(w.proof.asked) {
		return news
	}
	return w.proof.asked
}

// history is the ReplicaSets of a Deployment, for an undo that need not ask.
type history struct {
	uid  types.UID
	sets []*appsv1.ReplicaSet
}

func (c *Client) remember(h *history) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.history = h
}

// offer puts a value into a channel of capacity 1 unless one is there.
func offer[T any](ch chan T, v T) {
	select {
	case ch <- v:
	default:
	}
}
