package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// hangUp closes the terminal, as a dropped SSH link does.
func (c *screen) hangUp() {
	c.t.Helper()
	if err := c.pty.Close(); err != nil {
		c.t.Fatal(err)
	}
}

// alive tells whether the program still runs after a while, or has just ended.
func (c *screen) alive() bool {
	select {
	case err := <-c.ended:
		c.ended <- err
		return false
	default:
		return true
	}
}

// deployed opens a console in staging and deploys a version from it.
func deployed(t *testing.T, s setup, version string) *screen {
	t.Helper()
	reset(t, "datahub-staging")
	c := s.open(t, 120, 40, "--env", "staging", "--version", version)
	c.see("Ready to deploy", "eng-a")
	c.press("d")
	c.see("Deploy " + version)
	c.confirm("y")
	c.told("✓ accepted")
	return c
}

// A release goes on when its terminal hangs up, and ends with it; whoever comes back
// takes it over from where it is.
func TestTerminalHangsUp(t *testing.T) {
	needSandbox(t)
	t.Run("a good version is released", func(t *testing.T) {
		s := newSetup(t, "kubeconfig")
		c := deployed(t, s, "v2.5.0")
		c.hangUp()
		c.gone()
		s.run(t, "status", "--env", "staging").expect(t, 0, "released", "v2.5.0")
		recorded(t, s, "the terminal hung up", "✓ accepted")
	})
	t.Run("a bad one is undone, where a person would have been asked", func(t *testing.T) {
		s := newSetup(t, "kubeconfig").edit(t, "onMetrics: auto, after: 3}", "onMetrics: ask, after: 3}\nanswerAfter: 1s")
		c := deployed(t, s, "v2.5.0-errors")
		c.hangUp()
		c.gone()
		runs(t, "datahub-staging", "v2.4.0")
		s.run(t, "status", "--env", "staging").expect(t, 0, "rolled back")
	})
	t.Run("whoever comes back takes it over", func(t *testing.T) {
		s := newSetup(t, "kubeconfig").edit(t, "no-error-spikes, for: 3s", "no-error-spikes, for: 10m")
		c := deployed(t, s, "v2.5.0")
		c.hangUp()
		eventually(t, "the hang-up to be recorded", func() (bool, string) {
			text := records(t, s)
			return strings.Contains(text, "the terminal hung up"), text
		})
		if !c.alive() {
			t.Fatal("it ended with its terminal")
		}
		again := s.open(t, 120, 40, "--env", "staging")
		c.gone()
		again.told("attached: drives it from here")
		if text := again.text(); strings.Contains(text, "was left while") {
			t.Fatalf("it is held although it was handed over\n%s", text)
		}
		again.see("Verifying v2.5.0", "No error spikes")
		for range 5 {
			again.press("u")
			if again.shows(5*time.Second, "Undo datahub-gateway") {
				break
			}
		}
		again.see("Undo datahub-gateway", "v2.4.0")
		again.confirm("y")
		runs(t, "datahub-staging", "v2.4.0")
		again.see("Rolled back")
	})
}

func records(t *testing.T, s setup) string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(s.state, "*", "staging", "*.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		all.Write(text)
	}
	return all.String()
}

func recorded(t *testing.T, s setup, wanted ...string) {
	t.Helper()
	text := records(t, s)
	for _, want := range wanted {
		if !strings.Contains(text, want) {
			t.Errorf("the record lacks %q", want)
		}
	}
}
