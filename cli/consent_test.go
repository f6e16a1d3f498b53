package cli

import (
	"strings"
	"testing"
	"time"

	"datahub.io/slipway/release"
)

// deploying runs `slipway deploy --version v2` on the stage; attended means that
// a person at the terminal is asked.
func (s *stage) deploying(attended bool) <-chan error {
	r := &deployment{flags: deployFlags{version: "v2"}, consent: consent{attended: attended}, over: true}
	ended := make(chan error, 1)
	go func() { ended <- drive(s.cmd, s.options, time.Minute, r.next) }()
	return ended
}

func (s *stage) undoing(attended bool) <-chan error {
	r := &undoing{consent: consent{attended: attended}}
	ended := make(chan error, 1)
	go func() { ended <- drive(s.cmd, s.options, time.Minute, r.next) }()
	return ended
}

func (s *stage) ends(ended <-chan error, want int, words string) {
	s.t.Helper()
	select {
	case err := <-ended:
		if code(err) != want || (err != nil && !strings.Contains(err.Error(), words)) {
			s.t.Errorf("ended with %d, %v; want %d, %q\n%s", code(err), err, want, words, s.output)
		}
	case <-time.After(20 * time.Second):
		s.t.Fatalf("it did not end\n%s", s.output)
	}
}

// anew is the Deployment deleted and made again.
func anew() release.Workload {
	w := workload()
	w.UID = "2"
	return w
}

// A refusal that looking again cannot mend ends the command, once: a full disk
// does not keep it asking.
func TestRefusalEnds(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.journals.full = 2 // planning is written, the deploy is not
	s.cluster.identify()
	ended := s.deploying(false)
	s.cluster.looks(workload())
	s.ends(ended, exitError, "the record cannot be written, so nothing was sent: no space left on device")
	if n := s.output.lines(); n > 10 {
		t.Errorf("%d lines of output", n)
	}
	if n := len(s.cluster.sent()); n > 0 {
		t.Errorf("%d changes", n)
	}
}

// What moved after it was shown is shown again, to the person, before anything
// is sent, and not before there is a newer look.
func TestMovedIsAskedAgain(t *testing.T) {
	t.Parallel()
	for name, run := range map[string]struct {
		begin func(*stage, bool) <-chan error
		asks  string
	}{
		"deploy": {(*stage).deploying, "Deploy? y/N"},
		"undo":   {(*stage).undoing, "Undo? y/N"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t)
			s.cluster.identify()
			ended := run.begin(s, true)
			s.cluster.looks(workload())
			at := s.shows(run.asks, 0)
			s.cluster.looks(anew())
			s.types("y")
			at = s.shows("the Deployment was deleted and made anew since you looked", at)
			s.cluster.looks(anew())
			s.shows(run.asks, at)
			if n := len(s.cluster.sent()); n > 0 {
				t.Errorf("%d changes were sent unread", n)
			}
			s.types("n")
			s.ends(ended, exitError, "not confirmed")
		})
	}
}

// Without a person an undo that moved is not sent again: where it would go now
// may be where someone else has just come from.
func TestMovedUndoUnattended(t *testing.T) {
	u := &undoing{}
	d := &driver{refused: release.Refused{Kind: release.DoUndo, Refusal: release.Refusal{Kind: release.RefusedMoved, Text: "it moved since you looked"}}}
	if done, err := u.next(d, release.Frame{}); !done || code(err) != exitError {
		t.Errorf("done %v, %v", done, err)
	}
}

// What was confirmed while the API server had not yet said who asks is what is
// sent then, not what is true by then.
func TestConfirmedBeforeIdentified(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	ended := s.undoing(true)
	s.cluster.looks(workload())
	at := s.shows("Undo? y/N", 0)
	s.types("y")
	s.shows("confirmed; waits for the API server to say who asks", at)
	s.cluster.looks(anew())
	s.cluster.identify()
	s.shows("the Deployment was deleted and made anew since you looked", at)
	if n := len(s.cluster.sent()); n > 0 {
		t.Errorf("%d changes were sent unread", n)
	}
	s.cluster.looks(anew())
	s.types("n")
	s.ends(ended, exitError, "not confirmed")
}
