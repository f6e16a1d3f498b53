package e2e

import (
	"strings"
	"syscall"
	"testing"
)

const (
	enter  = "\r"
	escape = "\x1b"
	tab    = "\t"
)

// A whole release in production, by keys alone: gates, typed name, rollout,
// checks, the last items by hand; then undone with two keys.
func TestReleaseByKeys(t *testing.T) {
	needSandbox(t)
	t.Parallel()
	reset(t, "datahub-production")
	s := newSetup(t, "kubeconfig")
	c := s.open(t, 120, 40, "--env", "production", "--version", "v2.5.0")
	c.see("v2.4.0 → v2.5.0", "PRODUCTION", "Deploy waits: not before 7 items", "eng-a")
	c.press("d")
	c.see("d: not before 7 items")

	for range 5 {
		tick(c)
	}
	c.see("Pre 5/5")
	tick(c)
	tick(c)
	c.see("Ready to deploy")
	c.press("d")
	c.see("Deploy v2.5.0", "type the environment's name", "same as", "set image")
	c.press("prod", enter)
	c.see("Deploy v2.5.0") // not complete: nothing happens
	c.press("uction")
	c.confirm(enter)
	c.told("set image gateway v2.4.0 → v2.5.0 ✓ accepted", "rollout complete: v2.5.0 on 6 of 6 pods")
	runs(t, "datahub-production", "v2.5.0")
	c.see("Waits for a person: Customer verification, Documentation updated")
	toItem(c, "Customer verification")
	tick(c)
	toItem(c, "Documentation updated")
	tick(c)
	c.see("Released", "v2.5.0 serves on 6 of 6 pods", "15/15")

	// Two keys.
	c.press("u")
	c.see("Undo datahub-gateway", "v2.4.0", "way back", "rollout undo", "--to-revision=")
	c.confirm("u")
	c.see("Rolled back")
	runs(t, "datahub-production", "v2.4.0")
	c.press("q")
	c.gone()
}

// tick ticks the selected item without a note.
func tick(c *screen) {
	c.t.Helper()
	before := c.text()
	c.press(" ")
	c.see("tick it")
	c.confirm(enter)
	eventually(c.t, "the tick taken", func() (bool, string) {
		text := c.text()
		return text != before && !strings.Contains(text, "tick it"), text
	})
}

// toItem moves the selection down to an item.
func toItem(c *screen, title string) {
	c.t.Helper()
	for range 20 {
		for line := range strings.Lines(c.text()) {
			if strings.Contains(line, "▸") && strings.Contains(line, title) {
				return
			}
		}
		c.press("j")
	}
	c.t.Fatalf("%s cannot be selected\n%s", title, c.text())
}

// Killed in the middle of a rollout: the next start says what was asked and
// what is found, and goes on only when told to.
func TestKilledConsoleContinues(t *testing.T) {
	needSandbox(t)
	t.Parallel()
	for name, signal := range map[string]syscall.Signal{"kill": syscall.SIGKILL} {
		t.Run(name, func(t *testing.T) {
			reset(t, "datahub-staging")
			s := newSetup(t, "kubeconfig")
			c := s.open(t, 120, 40, "--env", "staging", "--version", "v2.5.0")
			c.see("Ready to deploy", "eng-a")
			c.press("d")
			c.see("Deploy v2.5.0")
			c.confirm("y")
			c.told("✓ accepted")
			generation := get(t, "datahub-staging").Generation
			c.kill(signal)

			c = s.open(t, 120, 40, "--env", "staging")
			c.see("v2.4.0 → v2.5.0", "was left while")
			runs(t, "datahub-staging", "v2.5.0")
			c.see("y  continue", "were ignored") // it opened by itself: keys count by now
			c.press("y")
			c.see("Released", "v2.5.0 serves on 6 of 6 pods")
			if got := get(t, "datahub-staging").Generation; got != generation {
				t.Fatalf("continuing changed the Deployment: generation %d → %d", generation, got)
			}
			c.press("q")
			c.gone()
		})
	}
}

// Losing the API server or Prometheus never ends the program and never freezes
// keys; what was seen ages, and comes back by itself.
func TestPlugsPulled(t *testing.T) {
	needSandbox(t)
	reset(t, "datahub-production")
	s := newSetup(t, "kubeconfig")
	c := s.open(t, 120, 40, "--env", "production", "--version", "v2.5.0")
	c.see("Deploy waits", "✓ pass", "eng-a")

	plug(t, "stop", "prometheus")
	c.see("~ stale")
	c.press("?")
	c.see("Keys, and what each does now")
	c.press(escape)
	plug(t, "start", "prometheus")
	c.see("✓ pass", "Prometheus answers again")

	plug(t, "stop", "apiserver")
	c.see("NOT LIVE", "slipway cannot undo now")
	c.press("u")
	c.see("API server unreachable")
	c.told("release v2.4.0 → v2.5.0 planned")
	plug(t, "start", "apiserver")
	c.see("Deploy waits", "API server answers again")

	// Any size, at any moment; undo stays two keys away.
	c.resize(80, 24)
	c.see("DEPLOYMENT MONITORING DASHBOARD", "u undo")
	c.resize(48, 12)
	c.see("48×12", "60×20")
	c.resize(60, 20)
	c.press("u")
	c.see("Undo datahub-gateway")
	c.press(escape)
	c.resize(120, 40)
	c.see("Checklist", "Activity")
	c.press("q")
	c.see("Leave slipway", "goes on")
	c.confirm("q")
	c.gone()
}

// A crash-looping version is named within seconds, and undone with two keys
// before the deadline.
func TestCauseAndUndoByKeys(t *testing.T) {
	needSandbox(t)
	t.Parallel()
	reset(t, "datahub-staging")
	s := newSetup(t, "kubeconfig").edit(t, "onDeadline: auto", "onDeadline: off") // the keys are to undo it, not the deadline
	c := s.open(t, 80, 24, "--env", "staging", "--version", "v2.5.0-crash")
	c.see("Ready to deploy", "eng-a")
	c.press("d")
	c.see("Deploy v2.5.0-crash")
	c.confirm("y")
	c.see("CrashLoopBackOff, exit 1", "redis-b: no such host")
	c.press("u")
	c.see("Undo datahub-gateway")
	c.confirm("y")
	c.see("Rolled back")
	runs(t, "datahub-staging", "v2.4.0")
	c.press("q")
	c.gone()
}

// Two consoles on one machine: the second one watches and says who drives; an
// undo is its own all the same.
func TestSecondConsoleWatches(t *testing.T) {
	needSandbox(t)
	t.Parallel()
	reset(t, "datahub-staging")
	s := newSetup(t, "kubeconfig").edit(t, "no-error-spikes, for: 3s", "no-error-spikes, for: 10m")
	idle := s.open(t, 120, 40, "--env", "staging") // opened before anything begins
	idle.see("No release under way")

	first := s.open(t, 120, 40, "--env", "staging", "--version", "v2.5.0")
	first.see("Ready to deploy")
	first.press("d")
	first.see("Deploy v2.5.0")
	first.confirm("y")
	first.told("rollout complete: v2.5.0")

	idle.press("d")
	idle.see("is driven on this machine")
	s.run(t, "deploy", "--env", "staging", "--version", "v2.6.0").expect(t, 5, "is driven on this machine")

	second := s.open(t, 120, 40, "--env", "staging")
	second.see("v2.5.0 serves on 6 of 6 pods")
	second.press("u")
	second.see("Undo datahub-gateway", "v2.4.0")
	second.confirm("y")
	runs(t, "datahub-staging", "v2.4.0")
	// The one that drives notices, and ends as rolled back.
	first.see("Rolled back")
	first.told("someone else returned it to v2.4.0")
}
