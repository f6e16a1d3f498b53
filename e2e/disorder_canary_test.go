package e2e

import (
	"strings"
	"testing"
)

// Others restart stable and give it a hotfix during a canary: a person accepts the one,
// and an abort leaves the other alone.
func TestDisorderStableTouched(t *testing.T) {
	needSandbox(t)
	t.Parallel()
	const namespace = "datahub-routes"
	restore(t, namespace)
	resetCanary(t, namespace)
	c := newCanarySetup(t, "kubeconfig", "[25, 100]").begin(t, "routes", 25)
	sandbox(t, "meddle", "restart", "routes")
	c.see("HELD", "the pod template of v2.4.0 was changed")
	c.press("h")
	c.see("Continue the release of v2.5.0")
	c.confirm("y")
	c.told("continues")
	runs(t, namespace, "v2.4.0") // the restart, to its last pod
	c.see("Baked: a goes to 100%")

	sandbox(t, "meddle", "hotfix", "routes", "--version", "v2.4.1")
	c.see("HELD", "v2.4.0 was replaced by v2.4.1")
	c.press("b")
	c.see("Abort the canary", "stable stays as it is")
	c.confirm("y")
	c.see("Rolled back")
	weighs(t, namespace, 0)
	runs(t, namespace, "v2.4.1")
	noneFailed(t, "routes")
	c.press("q")
	c.gone()
}

// Unattended nobody accepts it: the release is left for a person, and the hotfix stays.
func TestDisorderStableTouchedUnattended(t *testing.T) {
	needSandbox(t)
	t.Parallel()
	const namespace = "datahub-routes"
	restore(t, namespace)
	resetCanary(t, namespace)
	ended := newCanarySetup(t, "kubeconfig", "[25, 100]").edit(t, "bake: 10s", "bake: 60s").edit(t, "bake: 10s", "bake: 60s").
		start(t, "deploy", "--env", "routes", "--version", "v2.5.0")
	weighs(t, namespace, 25)
	sandbox(t, "meddle", "hotfix", "routes", "--version", "v2.4.1")
	(<-ended).expect(t, 5, "v2.4.0 was replaced by v2.4.1")
	runs(t, namespace, "v2.4.1")
	weighs(t, namespace, 25)
	noneFailed(t, "routes")
	// Whoever comes next ends it, without the record.
	newCanarySetup(t, "responder.kubeconfig", "[25, 100]").run(t, "canary", "abort", "--env", "routes").expect(t, 0, "rolled back: all traffic on stable v2.4.1")
	weighs(t, namespace, 0)
	runs(t, namespace, "v2.4.1")
}

// A controller that puts the route back during a canary ends the release with a word,
// and no weight is fought over.
func TestDisorderRouteReverted(t *testing.T) {
	needSandbox(t)
	t.Parallel()
	const namespace = "datahub-canary"
	resetCanary(t, namespace)
	sandbox(t, "meddle", "revert", "canary", "--on", "route", "--after", "3s")
	t.Cleanup(func() { sandbox(t, "meddle", "revert", "canary", "--on", "route", "--stop") })
	before := splitObject(t, namespace).GetGeneration()
	r := newCanarySetup(t, "kubeconfig", "[25, 100]").run(t, "deploy", "--env", "canary", "--version", "v2.5.0")
	r.expect(t, 5, "all traffic back on stable")
	weighs(t, namespace, 0)
	if got := splitObject(t, namespace).GetGeneration() - before; got != 2 {
		t.Errorf("the route was changed %d times, want once and back\n%s", got, r.out)
	}
	if strings.Contains(r.out, "promoted") {
		t.Errorf("promoted without traffic\n%s", r.out)
	}
	runs(t, namespace, "v2.4.0")
	noneFailed(t, "canary")
}
