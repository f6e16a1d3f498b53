package cli

import (
	"errors"
	"testing"
	"time"

	"datahub.io/slipway/release"
)

// Of two deploys that begin at once the second is somebody else's to finish: exit code 5.
func TestSecondDeployEndsUnfinished(t *testing.T) {
	t.Parallel()
	a, _ := newSession(t)
	a.past(t, time.Now(), left())
	_, err := records{a.store}.Create("r2", true)
	var driven *release.DrivenError
	if !errors.As(err, &driven) || driven.Driver == nil || driven.Driver.Name != "eng-b" {
		t.Fatalf("%v", err)
	}
	s := newStage(t)
	s.journals.err = &release.DrivenError{Driver: &release.Driver{Name: "eng-b", Version: "v2", Host: "gateway-ci-7"}}
	s.cluster.identify()
	ended := s.deploying(false)
	s.cluster.looks(workload())
	s.ends(ended, exitUnfinished, "the release of v2 by eng-b is driven from gateway-ci-7; you can still undo")
}
