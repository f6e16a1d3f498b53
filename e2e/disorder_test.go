package e2e

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A second run of a pipeline's job is green only when what runs is; a version that
// crashes is not, and nobody undoes what they did not do.
func TestDisorderRunAgain(t *testing.T) {
	needSandbox(t)
	t.Parallel()
	resetQuiet(t)
	sandbox(t, "meddle", "hotfix", "quiet", "--version", "v2.5.0-crash")
	generation := get(t, quiet).Generation
	r := newQuietSetup(t, "kubeconfig").run(t, "deploy", "--env", "quiet", "--version", "v2.5.0-crash")
	r.expect(t, 5, "nothing is set, what runs is judged", "this release changed nothing, so nothing is undone")
	if got := get(t, quiet).Generation; got != generation {
		t.Errorf("generation %d → %d, want no change\n%s", generation, got, r.out)
	}
}

// A release that was left unfinished does not decide where an undo goes once somebody
// else has deployed.
func TestDisorderUndoPastOthers(t *testing.T) {
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
	sandbox(t, "meddle", "hotfix", "quiet", "--version", "v9.9.1")
	runs(t, quiet, "v9.9.1")
	s.run(t, "undo", "--env", "quiet", "--yes").expect(t, 0, "the unfinished release v2.4.0 → v2.5.0", "does not decide: v9.9.1 was deployed since", "undo to v2.5.0")
	runs(t, quiet, "v2.5.0")
}

// A controller that puts back what a release changes is named; the release ends, and
// does not fight it.
func TestDisorderReverted(t *testing.T) {
	needSandbox(t)
	t.Parallel()
	resetQuiet(t)
	sandbox(t, "meddle", "revert", "quiet", "--after", "1s")
	t.Cleanup(func() { sandbox(t, "meddle", "revert", "quiet", "--stop") })
	before := get(t, quiet).Generation
	r := newQuietSetup(t, "kubeconfig").run(t, "deploy", "--env", "quiet", "--version", "v2.5.0")
	r.expect(t, 3, "someone else returned it to v2.4.0 (argocd-controller)", "rolled back: v2.4.0 on 6 of 6 pods")
	runs(t, quiet, "v2.4.0")
	if got := get(t, quiet).Generation - before; got != 2 {
		t.Errorf("the Deployment was changed %d times, want once and back\n%s", got, r.out)
	}
}

// Whatever Prometheus answers with, memory stays bounded, nothing is decided on it, and
// an undo goes on at once.
func TestDisorderPrometheus(t *testing.T) {
	needSandbox(t)
	t.Parallel()
	resetQuiet(t)
	s := newQuietSetup(t, "kubeconfig")
	t.Cleanup(func() { sandbox(t, "prometheus", "--env", "quiet", "--reset") })
	c := s.open(t, 120, 40, "--env", "quiet", "--version", "v2.5.0")
	c.see("Ready to deploy", "eng-a", "0.02%")
	sandbox(t, "prometheus", "--env", "quiet", "--cut")
	c.press("d")
	c.see("Deploy v2.5.0", "way back")
	c.confirm("y")
	runs(t, quiet, "v2.5.0")
	for _, fault := range [][]string{
		{"--flood", "endless"}, {"--flood", "huge"}, {"--flood", "gzip"}, {"--flood", "trickle"}, {"--delay", "5s"}, {"--status", "503"},
	} {
		sandbox(t, append([]string{"prometheus", "--env", "quiet"}, fault...)...)
		s.run(t, "status", "--env", "quiet").expect(t, 0, "v2.5.0", "no data")
		if peak := c.peak(); peak > 160<<20 {
			t.Errorf("%s: %d MiB of memory", strings.Join(fault, " "), peak>>20)
		}
	}
	if text := c.text(); strings.Contains(text, "Released") || strings.Contains(text, "Rolled back") {
		t.Errorf("decided without data:\n%s", text)
	}
	c.press("u")
	c.see("Undo datahub-gateway", "v2.4.0")
	begin := time.Now()
	c.confirm("u")
	sets(t, quiet, "v2.4.0")
	if took := time.Since(begin); took > 5*time.Second {
		t.Errorf("the undo waited %s", took)
	}
	c.see("Rolled back")
	runs(t, quiet, "v2.4.0")
	c.kill(syscall.SIGKILL)
}

// peak is the most memory that the program has had, in bytes.
func (c *screen) peak() int {
	c.t.Helper()
	out, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", c.cmd.Process.Pid))
	if err != nil {
		c.t.Fatal(err)
	}
	for line := range strings.Lines(string(out)) {
		if f := strings.Fields(line); len(f) == 3 && f[0] == "VmHWM:" {
			return atoi(f[1]) << 10
		}
	}
	c.t.Fatalf("no VmHWM in\n%s", out)
	return 0
}
