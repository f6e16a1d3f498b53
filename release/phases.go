package release

import (
	"fmt"
	"slices"
)

// The machine of a release. Its phases are this table, with what leads on from each; nothing
// but enter changes the phase of a record. A record begins idle (an undo or an abort of its
// own) or planned. The graph is printed into testdata/machines/rolling.txt.

// The cues of phases.
const (
	cueAccepted   cue = "its change is accepted"
	cueComplete   cue = "the rollout is complete"
	cueEndsCanary cue = "the canary is over"
	cueItems      cue = "every item has passed or is waived"
	cueJudged     cue = "nothing is to change: what runs is judged"
	cueReturned   cue = "someone else returned it to what ran before"
	cueAbandon    cue = "a person abandons it"
	cueJudgedBad  cue = "what was only judged fails, or is no more"
)

// phases is the machine.
//
//exhaustive:enforce
var phases = map[Phase][]transition[Phase]{
	Idle: {{RollingBack, cueAccepted}, {RollingBack, cueBack}},
	Planned: {
		{Deploying, cueAccepted}, {Deploying, cueJudged}, {RollingBack, cueAccepted}, {RollingBack, cueBack}, {Abandoned, cueAbandon},
	},
	Deploying: {
		{Deploying, cueAccepted}, {Verifying, cueComplete}, {Verifying, cueEndsCanary},
		{RollingBack, cueAccepted}, {RollingBack, cueBack}, {RollingBack, cueReturned}, {Abandoned, cueAbandon}, {Abandoned, cueJudgedBad},
	},
	Verifying: {
		{Released, cueItems}, {RollingBack, cueAccepted}, {RollingBack, cueBack}, {RollingBack, cueReturned},
		{Abandoned, cueAbandon}, {Abandoned, cueJudgedBad},
	},
	Released: {{RollingBack, cueAccepted}},
	RollingBack: {
		{RollingBack, cueAccepted}, {RollingBack, cueBack}, {RolledBack, cueComplete}, {RolledBack, cueEndsCanary}, {Abandoned, cueAbandon},
	},
	RolledBack: {},
	Abandoned:  {},
}

// enter leads the release to a phase.
func (t *turn) enter(to Phase, when cue) *Record {
	r := t.record()
	t.step(slices.Contains(phases[r.Phase], transition[Phase]{to, when}), "rolling", string(r.Phase), string(to), when)
	r.Phase, r.Ended = to, zeroTime
	if to.Over() {
		r.Ended = t.now
	}
	return r
}

// step holds a step of a machine against its table. One that is not in it is told.
func (t *turn) step(known bool, machine, from, to string, when cue) {
	stepped(machine, from, to, string(when), known)
	if !known {
		t.tell(Itself, MarkAttention, fmt.Sprintf("unexpected: %s from %q to %q, because %s", machine, from, to, when))
	}
}

// stepped is told of each step of a machine; tests collect them.
var stepped = func(machine, from, to, when string, known bool) {}
