package engine

import (
	"errors"
	"fmt"
	"time"

	"datahub.io/slipway/release"
)

// step is one turn: decide, write down, act. Where somebody else has written to the
// record, that is taken over, and the decision made again.
func (e *Engine) step(event release.Event) {
	const most = 5
	for range most {
		conflict := e.turn(event)
		if conflict == nil {
			return
		}
		e.takeOver(conflict.Entry)
	}
	// What is observed is observed again; a wish has to be told.
	if intended, ok := event.(release.Intended); ok {
		e.refuse(release.Refused{
			ID: intended.ID, Kind: release.KindOf(intended.Intent), Refusal: release.Refusal{Kind: release.RefusedMoved, Text: "somebody else keeps changing the record: look again"},
		})
	}
}

// turn is one decision. The conflict is with what somebody else wrote since; nothing has
// come of the decision then.
func (e *Engine) turn(event release.Event) *release.ConflictError {
	now := e.opts.Clock()
	next, effects := release.Step(e.opts.Plan, e.state, now, event)
	if e.resumes(next) && !e.written() {
		// The end of what was done beside it comes first.
		next, effects = e.passively(now, event)
	}
	lines := tells(effects, now)
	if next.Seq != e.state.Seq || next.ID != e.state.ID {
		seq, err := e.records.write(release.EntryOf(e.opts.Plan, e.state, next, event, effects, lines, now))
		var conflict *release.ConflictError
		switch {
		case errors.As(err, &conflict):
			return conflict
		case err == nil:
			next.Seq = seq
			e.broken, e.unlogged = "", false
		case !e.mayGoOn(event, err):
			e.unwritable(event, next, err)
			return nil
		case !wished(event):
			// A fact counts all the same; nothing is begun by itself because of it.
			next, effects = e.passively(now, event)
			lines = tells(effects, now)
		}
		e.unsaved = err != nil
	}
	e.state = next
	for _, line := range lines {
		e.log(line)
	}
	for _, effect := range effects {
		e.perform(effect)
	}
	e.compare()
	return nil
}

// passively is a turn in which nothing is decided automatically.
func (e *Engine) passively(now time.Time, event release.Event) (release.State, []release.Effect) {
	quiet := e.state
	quiet.View.Mode.Passive = true
	next, effects := release.Step(e.opts.Plan, quiet, now, event)
	next.View.Mode = e.state.View.Mode
	return next, effects
}

// takeOver adopts what somebody else wrote to this engine's own record.
func (e *Engine) takeOver(entry release.Entry) {
	now := e.opts.Clock()
	e.state, _ = release.Step(e.opts.Plan, e.state, now, release.Recorded{Record: entry.Record})
	e.unsaved, e.broken = false, ""
	for _, line := range entry.Tells {
		e.log(line)
	}
}

// lookOn adopts what the record of a release says that another process leads, and tells
// whether there is something new to show.
func (e *Engine) lookOn(entries []release.Entry) bool {
	seen := false
	for _, entry := range entries {
		next, _ := release.Step(e.opts.Plan, e.state, e.opts.Clock(), release.Recorded{Record: entry.Record, Elsewhere: true})
		if !next.View.Elsewhere {
			return seen // this console leads one of its own
		}
		e.state, seen = next, true
		for _, line := range entry.Tells {
			e.log(line)
		}
	}
	e.compare()
	return seen
}

// compare says what is to be compared from now on.
func (e *Engine) compare() {
	if c := release.Compares(e.opts.Plan, e.state.Record); c != e.comparing {
		e.comparing = c
		e.opts.Metrics.Compare(c)
	}
}

// resumes tells whether the planned release is taken up again with this step.
func (e *Engine) resumes(next release.State) bool {
	return !e.state.View.Elsewhere && e.state.Resumes != nil && next.ID != e.state.ID
}

// written tells whether the state is on the disk, once what is missing has been tried.
func (e *Engine) written() bool {
	e.catchUp()
	return !e.unsaved
}

func wished(event release.Event) bool {
	_, ok := event.(release.Intended)
	return ok
}

// mayGoOn tells whether to act although it could not be written down. An
// outcome is a fact: after a crash it would be found out by looking. That a
// release was left and found again makes it more careful, and sends nothing. A
// person's undo or abort is never stood against, not even by a full disk; the
// cluster has it in its change-cause, and what follows from it is followed. So is
// the way back of a canary once it is decided: each change of it follows from what is seen.
func (e *Engine) mayGoOn(event release.Event, err error) bool {
	unlogged := func(what string) {
		e.unlogged = true
		e.log(release.Line{At: e.opts.Clock(), By: release.Itself, Mark: release.MarkFail, Text: fmt.Sprintf("NOT RECORDED: continuing with the %s anyway: %v", what, err)})
	}
	switch event := event.(type) {
	case release.Intended:
		kind := release.KindOf(event.Intent)
		if kind != release.DoUndo && kind != release.DoAbort {
			return false
		}
		unlogged(string(kind))
		return true
	case release.Done, release.Returned:
		return true
	default:
		if !e.unlogged && e.state.Phase == release.RollingBack && e.state.Underway() {
			unlogged("way back of the canary")
		}
		return e.unlogged
	}
}

// unwritable keeps the durable half as it is on disk: nothing is done that was
// not written down first. What was only observed is kept; a wish is refused.
func (e *Engine) unwritable(event release.Event, next release.State, err error) {
	if next.ID != e.state.ID {
		e.records.refuse(next.ID)
	} else {
		e.unsaved = true // the write may still arrive: what was refused must not stand there
	}
	taken := e.state.View.Taken
	e.state.View = next.View
	e.state.View.Taken = taken
	if intended, ok := event.(release.Intended); ok {
		e.refuse(release.Refused{
			ID: intended.ID, Kind: release.KindOf(intended.Intent), Refusal: unrecorded(err),
		})
		return
	}
	if e.broken != err.Error() {
		e.broken = err.Error()
		e.log(release.Line{At: e.opts.Clock(), By: release.Itself, Mark: release.MarkFail, Text: fmt.Sprintf("the record cannot be written; until it can, nothing but an undo or abort is done: %v", err)})
	}
}

// unrecorded says why a wish is refused that could not be written down.
func unrecorded(err error) release.Refusal {
	if driven := new(release.DrivenError); errors.As(err, &driven) {
		return release.Refusal{Kind: release.RefusedDriven, Text: driven.Error()}
	}
	return release.Refusal{Kind: release.RefusedUnrecorded, Text: fmt.Sprintf("the record cannot be written, so nothing was sent: %v", err)}
}

// catchUp writes down what went on without its record, as soon as that is
// possible again.
func (e *Engine) catchUp() {
	if !e.records.collect() || !e.unsaved || e.state.ID == "" {
		return
	}
	next := e.state
	next.Seq++
	seq, err := e.records.write(release.EntryOf(e.opts.Plan, e.state, next, release.Ticked{}, nil, nil, e.opts.Clock()))
	var conflict *release.ConflictError
	switch {
	case errors.As(err, &conflict):
		e.takeOver(conflict.Entry)
	case err == nil:
		e.state.Seq = seq
		e.unsaved, e.unlogged, e.broken = false, false, ""
	}
}

// perform starts an effect. Its result comes back as an event.
func (e *Engine) perform(effect release.Effect) {
	switch effect := effect.(type) {
	case release.Change:
		e.start(effect)
	case release.Stop:
		e.stop(effect.Change)
	case release.Find:
		e.find(effect.Change)
	case release.Probe:
		e.probe(effect)
	case release.Tell: // a line of activity
	case release.Refused:
		e.refuse(effect)
	}
}

func (e *Engine) refuse(r release.Refused) {
	select {
	case e.answers <- r:
	default:
	}
}

func tells(effects []release.Effect, now time.Time) []release.Line {
	var lines []release.Line
	for _, effect := range effects {
		if tell, ok := effect.(release.Tell); ok {
			lines = append(lines, release.Line{At: now, By: tell.By, Mark: tell.Mark, Text: tell.Text})
		}
	}
	return lines
}
