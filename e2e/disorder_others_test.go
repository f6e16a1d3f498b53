package e2e

import (
	"context"
	"io"
	"testing"
)

// An undo of a release whose pods somebody restarted since rolls that back too: where
// nobody can be asked it is refused, and nothing changes.
func TestDisorderTouchedRolling(t *testing.T) {
	needSandbox(t)
	t.Parallel()
	resetQuiet(t)
	s := newQuietSetup(t, "kubeconfig").edit(t, "no-error-spikes, for: 3s", "no-error-spikes, for: 10m")
	ctx, leave := context.WithCancel(context.Background())
	defer leave()
	left := make(chan bool, 1)
	go func() {
		_, killed := s.runFor(ctx, t, io.Discard, "deploy", "--env", "quiet", "--version", "v2.5.0")
		left <- killed
	}()
	runs(t, quiet, "v2.5.0")
	leave()
	if !<-left {
		t.Fatal("the release ended before it was left")
	}
	sandbox(t, "meddle", "restart", "quiet")
	generation := get(t, quiet).Generation
	s.run(t, "undo", "--env", "quiet", "--yes").expect(t, 5, "someone else changed the Deployment: it runs v2.5.0 with another pod template", "nothing was rolled back; confirm it at a terminal")
	if got := get(t, quiet).Generation; got != generation {
		t.Errorf("generation %d → %d, want no change", generation, got)
	}
}

// A second pipeline says whose rollout is under way, and leaves it alone; the first one
// ends as if nobody had come.
func TestDisorderTwoPipelines(t *testing.T) {
	needSandbox(t)
	t.Parallel()
	resetQuiet(t)
	first := newQuietSetup(t, "kubeconfig").start(t, "deploy", "--env", "quiet", "--version", "v2.5.0-unready")
	sets(t, quiet, "v2.5.0-unready")
	generation := get(t, quiet).Generation
	newQuietSetup(t, "responder.kubeconfig").run(t, "deploy", "--env", "quiet", "--version", "v2.6.0").
		expect(t, 5, "v2.5.0-unready is being rolled out (slipway", "wait until it is complete, undo it, or replace it with --abandon")
	if got := get(t, quiet).Generation; got != generation {
		t.Errorf("generation %d → %d, want no change", generation, got)
	}
	(<-first).expect(t, 3, "no progress for", "rolled back: v2.4.0 on 6 of 6 pods")
	runs(t, quiet, "v2.4.0")
}
