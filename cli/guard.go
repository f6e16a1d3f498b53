package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"datahub.io/slipway/engine"
	"datahub.io/slipway/journal"
	"datahub.io/slipway/release"
)

// What a handover may take: the process without a screen looks this often whether it is
// asked, and then ends what is in flight.
const (
	handoverEvery = 200 * time.Millisecond
	handoverTime  = 5 * time.Second
)

// hasHungUp tells whether what hungUp gave is closed.
func hasHungUp(gone <-chan struct{}) bool {
	select {
	case <-gone:
		return true
	default:
		return false
	}
}

// guard drives on without a terminal, until nothing is left to do without a person, until
// somebody takes the release over, or until ctx ends. What happens goes into the log in
// the state directory.
func (s *session) guard(ctx context.Context, e *engine.Engine) {
	tick := time.NewTicker(handoverEvery)
	defer tick.Stop()
	var frame release.Frame
	lines, marked := 0, ""
	looked := time.Now()
	for {
		select {
		case <-ctx.Done():
			return
		case frame = <-e.Frames():
			for _, line := range frame.Activity {
				if line.Seq > lines {
					lines = line.Seq
					slog.Info(plainLine(line)) // what was told before stands in the record
				}
			}
		case <-tick.C:
		}
		state := frame.State
		switch {
		case frame.Now.IsZero():
			if time.Since(looked) > patience {
				return // the engine says nothing: nothing is driven
			}
			continue
		case marked == "" && !release.OutlivesTerminal(frame.Plan, state):
			return
		case marked == "":
			e.HungUp()
		case state.ID != "" && s.store.HandoverAsked(state.ID), release.AloneIsDone(frame.Plan, state, frame.Now):
			return
		}
		if id := state.ID; id != marked {
			marked = id
			if err := s.store.GoHeadless(id); err != nil {
				slog.Error(err.Error()) // no console can ask for a handover; the release goes on
			}
		}
	}
}

// takeOver gives the options of a console's engine. A release that a process on this host
// drives without a screen is taken over from it.
func (s *session) takeOver(say io.Writer) engine.Options {
	past, unfinished, err := s.store.Unfinished()
	if err != nil || !unfinished || past.Driver == nil || !past.Driver.Headless || !past.Driver.Here() {
		return s.pickUpAnyway()
	}
	fmt.Fprintf(say, "slipway goes on without a terminal (%s): taking the release of %s over …\n", past.Driver, past.Record.To.Version)
	if err := s.store.AskHandover(past.ID); err != nil {
		o := s.pickUpAnyway()
		o.Entries = append(o.Entries, remark(err.Error()))
		return o
	}
	for until := time.Now().Add(handoverTime); time.Now().Before(until); time.Sleep(handoverEvery / 4) {
		j, _, _, err := s.store.Reopen(past.ID)
		var held *journal.HeldError
		if errors.As(err, &held) {
			continue
		}
		if err == nil {
			_ = j.Close() // it is free: it is opened again as any unfinished one is
		}
		o := s.pickUpAnyway()
		o.Handed = o.Journal != nil
		return o
	}
	return s.pickUpAnyway()
}
