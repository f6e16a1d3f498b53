package release

import "time"

// A console that does not lead a release shows the record of whoever does: it adopts it
// whenever that has changed. What it sees itself of the cluster and the metrics stands
// beside it, and decides nothing. Its own wishes are those of a console without a
// release: an undo or an abort begins a record of its own.

// recorded adopts a record that somebody else has written.
func (s State) recorded(plan Plan, e Recorded) State {
	own := s.ID != "" && !s.View.Elsewhere
	switch {
	case !e.Elsewhere && (!own || e.Record.ID != s.ID):
		return s // it is of a release that this console has let go of
	case e.Elsewhere && own && (s.Phase != Idle || s.Pending != nil):
		return s // what this console leads itself comes first
	}
	if Compares(plan, s.Record) != Compares(plan, e.Record) {
		s.View.Judged = Judged{}
	}
	if !s.Rollout.Began.Equal(e.Record.Rollout.Began) || s.ID != e.Record.ID {
		s.View.Failing, s.View.Blind, s.View.Checks, s.View.Probes = nil, nil, nil, nil
	}
	s.Record, s.View.Elsewhere = e.Record, e.Elsewhere
	s.View = s.View.recall(s.Judging, false)
	return s
}

// alone is the state without the record of somebody else.
func (s State) alone() State {
	if s.View.Elsewhere {
		s.Record, s.View.Elsewhere = Record{}, false
	}
	return s
}

// watch is Step while somebody else leads the release.
func watch(plan Plan, s State, now time.Time, event Event) (State, []Effect) {
	if _, wished := event.(Intended); wished {
		next, effects := step(plan, s.alone(), now, event)
		if next.ID == "" {
			next.Record, next.View.Elsewhere = s.Record, true
		}
		return next, effects
	}
	quiet := s
	quiet.View.Mode.Passive = true
	next, effects := step(plan, quiet, now, event)
	decided := next.Seq != s.Seq || next.ID != s.ID
	next.Record, next.View.Ended, next.View.Mode = s.Record, s.View.Ended, s.View.Mode
	next.View = next.View.recall(s.Judging, false)
	var kept []Effect
	for _, effect := range effects {
		switch effect.(type) {
		case Probe:
			kept = append(kept, effect)
		case Tell:
			if !decided { // what it tells of is for the other one to decide, and to tell
				kept = append(kept, effect)
			}
		}
	}
	return next, kept
}

// watched lists what a console may ask for while somebody else leads the release.
func watched(plan Plan, s State, now time.Time) []Choice {
	return Allowed(plan, s.alone(), now)
}
