package cli

import (
	"io"
	"sync"
	"time"
)

// outletHolds is how much an outlet keeps for a reader that does not read, and
// outletWaits how long its end waits for one.
const (
	outletHolds = 1 << 20
	outletWaits = 5 * time.Second
)

// outlet writes without ever blocking its caller: a pipe that nobody reads, or
// that was closed, must not hold up a change. What finds no room is dropped, and
// after a write that failed nothing more is written.
type outlet struct {
	wake    chan struct{} // capacity 1: there is something new
	drained chan struct{} // closed when nothing more comes and all is written
	gone    chan struct{} // closed when nobody can read it any more

	mu     sync.Mutex
	text   []byte // not written yet
	closed bool
	failed bool
}

func newOutlet(to io.Writer) *outlet {
	o := &outlet{wake: make(chan struct{}, 1), drained: make(chan struct{}), gone: make(chan struct{})}
	go o.pump(to)
	return o
}

// Write never fails: how a change ends does not depend on who reads of it.
func (o *outlet) Write(p []byte) (int, error) {
	o.mu.Lock()
	if !o.failed && len(o.text)+len(p) <= outletHolds {
		o.text = append(o.text, p...)
	}
	o.mu.Unlock()
	o.poke()
	return len(p), nil
}

// close waits until everything is written, or for as long as a reader is given.
func (o *outlet) close() {
	o.mu.Lock()
	o.closed = true
	o.mu.Unlock()
	o.poke()
	select {
	case <-o.drained:
	case <-time.After(outletWaits):
	}
}

func (o *outlet) poke() {
	select {
	case o.wake <- struct{}{}:
	default:
	}
}

func (o *outlet) pump(to io.Writer) {
	defer close(o.drained)
	for range o.wake {
		o.mu.Lock()
		text, closed := o.text, o.closed
		o.text = nil
		o.mu.Unlock()
		if len(text) > 0 {
			if _, err := to.Write(text); err != nil {
				o.mu.Lock()
				o.failed, o.text = true, nil
				o.mu.Unlock()
				close(o.gone)
			}
		}
		if closed {
			return
		}
	}
}
