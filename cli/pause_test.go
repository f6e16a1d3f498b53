package cli

import (
	"strings"
	"testing"
	"time"

	"datahub.io/slipway/release"
)

func (s *stage) pausing(attended bool) <-chan error {
	one := &simple{intent: release.Pause{}, consent: consent{attended: attended}}
	ended := make(chan error, 1)
	go func() { ended <- drive(s.cmd, s.options, time.Minute, one.next) }()
	return ended
}

// Object, change, way back and the kubectl command are said before a pause is
// sent, and at a terminal nothing is sent before the y.
func TestPauseAsks(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.cluster.identify()
	s.cluster.apply = func(release.Change) release.Outcome { return release.Outcome{Kind: release.Accepted} }
	ended := s.pausing(true)
	s.cluster.looks(workload())
	s.shows("Pause gateway? y/N: ", 0)
	for _, want := range []string{"way back: p", "rolling → paused  deployment/gateway in staging / there", "same as   kubectl --context staging -n there rollout pause deployment/gateway"} {
		if !strings.Contains(s.output.String(), want) {
			t.Errorf("%q is not said in\n%s", want, s.output)
		}
	}
	if n := len(s.cluster.sent()); n > 0 {
		t.Errorf("%d changes before the answer", n)
	}
	s.types("y")
	s.ends(ended, exitOK, "")
	if sent := s.cluster.sent(); len(sent) != 1 || sent[0].Kind() != release.OpPause {
		t.Errorf("sent %+v", sent)
	}
}

func TestPauseIsNotConfirmed(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.cluster.identify()
	ended := s.pausing(true)
	s.cluster.looks(workload())
	s.shows("Pause gateway? y/N: ", 0)
	s.types("")
	s.ends(ended, exitError, "not confirmed: nothing was changed")
	if n := len(s.cluster.sent()); n > 0 {
		t.Errorf("%d changes", n)
	}
}

// With --yes, or where nobody can be asked, it is said all the same.
func TestPauseUnattended(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.cluster.identify()
	s.cluster.apply = func(release.Change) release.Outcome { return release.Outcome{Kind: release.Accepted} }
	ended := s.pausing(false)
	s.cluster.looks(workload())
	s.ends(ended, exitOK, "")
	said := s.output.String()
	if at := strings.Index(said, "rollout pause deployment/gateway"); at < 0 || at > strings.Index(said, "✓ accepted") {
		t.Errorf("not said before it was done:\n%s", said)
	}
}
