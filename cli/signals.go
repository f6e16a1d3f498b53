package cli

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
	"time"
)

// interrupts ends the program on SIGINT and SIGTERM. While nothing is driven,
// the first one ends it at once. While a release is, the first one cancels the
// context: what is in flight is waited for, and its outcome is recorded. The
// second one always ends it, whatever it is blocked in.
type interrupts struct {
	driving atomic.Bool
	hungUp  chan struct{}          // closed when the terminal hangs up while something is driven
	restore atomic.Pointer[func()] // gives the terminal back
}

type interruptsKey struct{}

// unsignalled is the only thing that SIGPIPE may do: nothing. A reader that has
// gone away makes writing fail, and does not end a change half-way. The signal
// is caught instead of ignored, so that credential plugins do not inherit that.
func unsignalled() {
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
}

// interruptible gives the context of a command. SIGHUP, which a dropped SSH session
// sends, ends the process while nothing is driven. While a release is, it goes on: see
// hungUp.
func interruptible(stderr io.Writer) (ctx context.Context, stop func()) {
	i := &interrupts{hungUp: make(chan struct{})}
	ctx, cancel := context.WithCancel(context.WithValue(context.Background(), interruptsKey{}, i))
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	if !signal.Ignored(syscall.SIGHUP) {
		signal.Notify(signals, syscall.SIGHUP)
	}
	ended := make(chan struct{})
	go func() {
		again, gone := false, false
		for {
			select {
			case <-ended:
				return
			case s := <-signals:
				if s == syscall.SIGHUP && i.driving.Load() {
					if !gone {
						close(i.hungUp)
					}
					gone = true
					continue
				}
			}
			if again || !i.driving.Load() {
				i.end(stderr)
			}
			again = true
			cancel()
		}
	}()
	return ctx, func() {
		signal.Stop(signals)
		close(ended)
		cancel()
	}
}

// end ends the program now. Nothing that could block is waited for.
func (i *interrupts) end(stderr io.Writer) {
	code, text := exitError, "interrupted"
	if i.driving.Load() {
		code, text = exitUnfinished, "interrupted again: ended at once, without waiting for what is in flight"
	}
	said := make(chan struct{})
	go func() {
		if restore := i.restore.Load(); restore != nil {
			(*restore)()
		}
		fmt.Fprintln(stderr, "slipway: "+text)
		close(said)
	}()
	select {
	case <-said:
	case <-time.After(200 * time.Millisecond):
	}
	os.Exit(code)
}

// hungUp is closed when the terminal hangs up while a release is driven. What is driven
// goes on: nobody else guards it.
func hungUp(ctx context.Context) <-chan struct{} {
	if i, ok := ctx.Value(interruptsKey{}).(*interrupts); ok {
		return i.hungUp
	}
	return nil
}

// drives says that a release is driven from here on: an interrupt waits for
// what is in flight. restore gives the terminal back where the program has to
// end without waiting; it may be nil.
func drives(ctx context.Context, restore func()) {
	i, ok := ctx.Value(interruptsKey{}).(*interrupts)
	if !ok {
		return
	}
	if restore != nil {
		i.restore.Store(&restore)
	}
	i.driving.Store(true)
}
