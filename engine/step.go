package engine

import (
	"context"
	"fmt"
	"time"

	"datahub.io/slipway/release"
)

// applyTimeout bounds one change. A change without an answer by then is lost:
// the cluster is looked at, and it is not repeated.
const applyTimeout = 10 * time.Second

// step is one turn: decide, write down, act.
func (e *Engine) step(event release.Event) {
	now := e.opts.Clock()
	next, effects := release.Step(e.opts.Plan, e.state, now, event)
	lines := tells(effects, now)
	if next.Seq != e.state.Seq || next.ID != e.state.ID {
		if err := e.write(&next.Record, event, effects, lines, now); err != nil {
			e.unwritable(event, next, err)
			return
		}
	}
	e.state, e.broken = next, ""
	for _, line := range lines {
		e.log(line)
	}
	for _, effect := range effects {
		e.perform(effect)
	}
}

// write puts a durable change on disk before anything follows from it. After a
// write that failed the record is opened again, and numbered on from what is
// there.
func (e *Engine) write(record *release.Record, event release.Event, effects []release.Effect, lines []release.Line, now time.Time) error {
	if e.journal != nil && record.ID != e.state.ID {
		e.journal.Close()
		e.journal = nil
	}
	if e.journal == nil {
		if err := e.openJournal(record); err != nil {
			return err
		}
	}
	entry := release.Entry{Seq: record.Seq, At: now, By: release.Itself, Event: release.Name(event), Tells: lines, Record: *record}
	if intended, ok := event.(release.Intended); ok {
		entry.By = intended.By
	}
	for _, effect := range effects {
		if change, ok := effect.(release.Change); ok {
			entry.Effects = append(entry.Effects, change)
		}
	}
	if err := e.journal.Append(entry); err != nil {
		e.journal.Close()
		e.journal = nil
		return err
	}
	return nil
}

func (e *Engine) openJournal(record *release.Record) (err error) {
	if record.ID != e.state.ID {
		e.journal, err = e.opts.Journals.Create(record.ID)
		return err
	}
	journal, seq, err := e.opts.Journals.Reopen(record.ID)
	if err != nil {
		return err
	}
	e.journal, record.Seq = journal, max(record.Seq, seq+1)
	return nil
}

// unwritable keeps the durable half as it is on disk: nothing is done that was
// not written down first. What was only observed is kept; a wish is refused; an
// outcome is kept for another try.
func (e *Engine) unwritable(event release.Event, next release.State, err error) {
	e.state.View = next.View
	why := fmt.Sprintf("the record cannot be written, so nothing was sent: %v", err)
	switch intended := event.(type) {
	case release.Intended:
		e.refuse(release.Refused{Kind: release.KindOf(intended.Intent), Why: why})
		return
	case release.Done:
		e.unwritten = append(e.unwritten, event)
	}
	if e.broken != err.Error() {
		e.broken = err.Error()
		e.log(release.Line{At: e.opts.Clock(), By: release.Itself, Mark: release.MarkFail, Text: why})
	}
}

// retryUnwritten tries again to write the outcomes that could not be written.
func (e *Engine) retryUnwritten() {
	events := e.unwritten
	e.unwritten = nil
	for _, event := range events {
		e.step(event)
	}
}

// perform starts an effect. Its result comes back as an event.
func (e *Engine) perform(effect release.Effect) {
	switch effect := effect.(type) {
	case release.Change:
		e.effects.Add(1)
		go func() {
			defer e.effects.Done()
			// Not bound to the loop's context: leaving does not cut a change off.
			ctx, cancel := context.WithTimeout(context.Background(), applyTimeout)
			defer cancel()
			outcome := e.cluster.Apply(ctx, effect)
			outcome.ID = effect.ID
			e.events <- release.Done{Outcome: outcome}
		}()
	case release.Probe:
		state := e.state
		for _, spec := range e.opts.Plan.Items {
			if spec.ID == effect.Item {
				go func() {
					result := e.opts.Prober.Probe(e.ctx, spec, state)
					e.post(release.Probed{Item: spec.ID, Result: result})
				}()
			}
		}
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
