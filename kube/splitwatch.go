package kube

import (
	"context"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/fields"
	utilnet "k8s.io/apimachinery/pkg/util/net"

	"datahub.io/slipway/release"
)

const (
	obstaclesEvery = 10 * time.Second // between two looks at what belongs to the split
	unwatched      = time.Minute      // between two tries of a watch that is forbidden
)

// splitWatcher reads the object that splits the traffic again and again: every
// beatEvery, and at once when a watch says that it has changed. What it emits is
// what a request read, as of when it was sent; the watch only makes it soon. Without
// answers nothing is emitted for behindMax, and then only why: At stays what it was.
type splitWatcher struct {
	c    *Client
	emit func(release.Event)

	pokes chan struct{} // the object has changed
	ended chan error    // the watch has
	looks chan looked   // what stands in the way, read anew

	last      release.Split // without obstacles
	failing   time.Time     // since when there is no answer; zero: there is one
	asked     time.Time     // when the object was last asked for
	stop      func()        // ends the watch; nil: there is none
	again     time.Time     // not before then is a watch begun
	looking   bool          // obstacles are being read
	lookedAt  time.Time     // when they were last asked for
	obstacles *obstacles
}

type looked struct {
	obstacles
	err error
}

func (c *Client) watchSplit(ctx context.Context, emit func(release.Event)) {
	w := &splitWatcher{
		c: c, emit: emit,
		pokes: make(chan struct{}, 1), ended: make(chan error, 1), looks: make(chan looked, 1),
	}
	next := time.NewTimer(0)
	defer next.Stop()
	for {
		select {
		case <-ctx.Done():
			w.unfollow()
			return
		case l := <-w.looks:
			w.looking = false
			w.learn(l)
			w.publish()
			continue
		case err := <-w.ended:
			w.unfollow()
			w.again = time.Now().Add(beatEvery)
			if apierrors.IsForbidden(err) {
				w.again = time.Now().Add(unwatched)
			}
			continue
		case <-w.pokes:
			next.Reset(time.Until(w.asked.Add(buildGap)))
			continue
		case <-w.c.retrySplit:
			w.lookedAt = time.Time{}
		case <-next.C:
		}
		w.look(ctx)
		next.Reset(beatEvery)
	}
}

// look reads the object and emits what it found.
func (w *splitWatcher) look(ctx context.Context) {
	w.asked = time.Now()
	if !w.failing.IsZero() {
		// A connection that died in silence would be used again and again.
		utilnet.CloseIdleConnectionsFor(w.c.http.Transport)
	}
	obj, err := w.c.readTraffic(ctx)
	if ctx.Err() != nil {
		return
	}
	if split, answered := w.c.splitOf(w.asked, obj, err); answered {
		w.last, w.failing = split, time.Time{}
	} else {
		if w.failing.IsZero() {
			w.failing = time.Now()
		}
		w.unfollow() // its connection is not idle as long as it goes on
		if time.Since(w.failing) < behindMax {
			return
		}
		w.last.Err, w.last.Silent = short(err), true
	}
	if err == nil && w.stop == nil && time.Now().After(w.again) {
		w.followOn(ctx, obj)
	}
	if !w.looking && time.Since(w.lookedAt) >= obstaclesEvery {
		w.looking, w.lookedAt = true, time.Now()
		go func() {
			o, err := w.c.obstacles(ctx)
			w.looks <- looked{o, err}
		}()
	}
	w.publish()
}

// learn takes what stands in the way. Without an answer it is what it was, and
// before the first one that nobody knows is in the way.
func (w *splitWatcher) learn(l looked) {
	if l.err == nil {
		w.obstacles = &l.obstacles
		return
	}
	w.lookedAt = time.Time{} // again with the next heartbeat
	if w.obstacles == nil {
		w.obstacles = &obstacles{}
		w.obstacles.block("services and labels have not been read yet: " + short(l.err))
	}
}

// publish emits what is known. A split is not called usable before it is known
// what stands in the way.
func (w *splitWatcher) publish() {
	switch {
	case w.obstacles != nil:
		w.emit(release.ObservedSplit{Split: w.obstacles.on(w.last)})
	case w.last.Err != "":
		w.emit(release.ObservedSplit{Split: w.last})
	}
}

// followOn begins to watch the object as it was read.
func (w *splitWatcher) followOn(ctx context.Context, obj *unstructured.Unstructured) {
	ctx, w.stop = context.WithCancel(ctx)
	go func() {
		err := w.follow(ctx, obj)
		if ctx.Err() == nil {
			offer(w.ended, err)
		}
	}()
}

// unfollow ends the watch. What it still says is only a reason to look.
func (w *splitWatcher) unfollow() {
	if w.stop != nil {
		w.stop()
		w.stop = nil
	}
}

// follow watches the object until the watch ends, and says so for each change.
func (w *splitWatcher) follow(ctx context.Context, obj *unstructured.Unstructured) error {
	k := w.c.canary.Traffic.of()
	api, err := w.c.api(ctx, k)
	if err != nil {
		return err
	}
	changes, err := api.Watch(ctx, metav1.ListOptions{
		FieldSelector:   fields.OneTermEqualSelector(metav1.ObjectNameField, obj.GetName()).String(),
		ResourceVersion: obj.GetResourceVersion(),
	})
	if err != nil {
		return err
	}
	defer changes.Stop()
	for range changes.ResultChan() {
		offer(w.pokes, struct{}{})
	}
	return nil
}
