package cli

import (
	"strings"
	"testing"
	"time"

	"datahub.io/slipway/release"
)

// begun runs `slipway deploy --version …` over a Deployment as it is.
func (s *stage) begun(version string, w release.Workload) <-chan error {
	s.options.State.View.Mode.Unattended = true
	r := &deployment{flags: deployFlags{version: version}, over: true}
	ended := make(chan error, 1)
	go func() { ended <- drive(s.cmd, s.options, time.Minute, r.next) }()
	s.cluster.identify()
	s.cluster.looks(w)
	return ended
}

// A version that runs already ends green only when what runs is complete, and a
// rollout that somebody else has under way is not cut off. Nothing is sent.
func TestDeployOfWhatRuns(t *testing.T) {
	t.Parallel()
	stuck := func(reason string) release.Workload {
		w := workload()
		w.Updated, w.Available, w.Replicas = 1, 1, 3
		w.Progressing = release.Condition{Status: "False", Reason: reason, Updated: time.Now()}
		w.Writer = "kubectl-set"
		return w
	}
	for name, c := range map[string]struct {
		version string
		w       release.Workload
		code    int
		words   string // of the error
	}{
		"complete":                {"v1", workload(), exitOK, ""},
		"past its deadline":       {"v1", stuck("ProgressDeadlineExceeded"), exitUnfinished, "ProgressDeadlineExceeded"},
		"rolled out by others":    {"v2", stuck("ReplicaSetUpdated"), exitUnfinished, "v1 is being rolled out (kubectl-set), 0 of 2 replaced"},
		"stuck, and mended by v2": {"v2", stuck("ProgressDeadlineExceeded"), exitError, "the test does not go on"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t)
			s.ends(s.begun(c.version, c.w), c.code, c.words)
			if sent := len(s.cluster.sent()); sent > 0 != (c.code == exitError) {
				t.Errorf("%d changes\n%s", sent, s.output)
			}
			if unchanged := strings.Contains(s.output.String(), "unchanged: v1 is what deployment/gateway runs already"); unchanged != (c.version == "v1") {
				t.Errorf("said:\n%s", s.output)
			}
		})
	}
}

// What runs comes to its end, or is replaced, while it is waited for.
func TestDeployOfWhatRunsWaits(t *testing.T) {
	t.Parallel()
	rolling := workload()
	rolling.Updated, rolling.Available = 1, 1
	rolling.Progressing = release.Condition{Status: "True", Reason: "ReplicaSetUpdated"}
	other := workload()
	other.Containers = []release.Container{{Name: "app", Image: "registry/gateway:v9"}}
	other.Template.Hash, other.Generation, other.Observed = "v9", 4, 4
	for name, c := range map[string]struct {
		then  release.Workload
		code  int
		words string
	}{
		"complete": {workload(), exitOK, ""},
		"replaced": {other, exitUnfinished, "v1 was replaced by v9"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t)
			ended := s.begun("v1", rolling)
			s.shows("waits until v1 is complete", 0)
			c.then.At = time.Now()
			s.cluster.looks(c.then)
			s.ends(ended, c.code, c.words)
		})
	}
}
