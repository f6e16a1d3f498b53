package e2e

import (
	"encoding/json"
	"strings"
	"testing"
)

// A pipeline: one event a line, and 0 when it is released.
func TestDeployUnattended(t *testing.T) {
	needSandbox(t)
	t.Parallel()
	reset(t, "datahub-staging")
	s := newSetup(t, "kubeconfig")
	r := s.run(t, "deploy", "--env", "staging", "--version", "v2.5.0")
	r.expect(t, 0, "set image gateway v2.4.0 → v2.5.0", "✓ accepted", "rollout complete: v2.5.0 on 6 of 6 pods", "released: v2.5.0")
	runs(t, "datahub-staging", "v2.5.0")
	if cause := get(t, "datahub-staging").Annotations["kubernetes.io/change-cause"]; cause != "set image gateway v2.5.0 by eng-a, slipway" {
		t.Errorf("change-cause %q", cause)
	}
	// Once more is nothing to do, and no error.
	s.run(t, "deploy", "--env", "staging", "--version", "v2.5.0").expect(t, 0, "v2.5.0 is what deployment/datahub-gateway runs already")
}

// Each bad version is noticed, named, and undone by itself.
func TestBadVersionsAreUndone(t *testing.T) {
	needSandbox(t)
	t.Parallel()
	for _, bad := range []struct{ tag, cause string }{
		{"v2.5.0-crash", "CrashLoopBackOff, exit 1: "},
		{"v2.5.0-missing", "ImagePull"},
		{"v2.5.0-unready", "ProgressDeadlineExceeded"},
		{"v2.5.0-errors", "Error Rate out of bounds"},
		{"v2.5.0-slow", "Latency P95 out of bounds"},
		{"v2.5.0-leak", "Memory Usage out of bounds"},
		{"v2.5.0-late", "Error Rate out of bounds"},
	} {
		t.Run(bad.tag, func(t *testing.T) {
			reset(t, "datahub-staging")
			// Long enough for what turns bad only after a while.
			s := newSetup(t, "kubeconfig").edit(t, "no-error-spikes, for: 3s", "no-error-spikes, for: 60s")
			r := s.run(t, "deploy", "--env", "staging", "--version", bad.tag)
			r.expect(t, 3, bad.cause, "undo to v2.4.0", "rolled back: v2.4.0 on 6 of 6 pods")
			if n := lines(r.out, "✓ accepted"); n != 2 {
				t.Errorf("%d changes accepted, want set image and undo\n%s", n, r.out)
			}
			if strings.ContainsAny(r.out, "\x1b\x07") {
				t.Errorf("terminal escapes in the output:\n%q", r.out)
			}
			runs(t, "datahub-staging", "v2.4.0")
		})
	}
}

// Gates are enforced by the engine: unattended they end the run with 4 and the
// item's name.
func TestGates(t *testing.T) {
	needSandbox(t)
	t.Parallel()
	reset(t, "datahub-production")
	s := newSetup(t, "kubeconfig")
	deploy := []string{"deploy", "--env", "production", "--version", "v2.5.0"}
	s.run(t, deploy...).expect(t, 2, "production is protected", "--yes")
	deploy = append(deploy, "--yes")
	generation := get(t, "datahub-production").Generation
	s.run(t, deploy...).expect(t, 4, "Load tests passed", "Rollback plan documented")
	s.run(t, append(deploy, "--tick", "load-test=x")...).expect(t, 2, `found item "load-test"`, "load-tests-passed")
	s.run(t, append(deploy, "--waive", "load-tests-passed")...).expect(t, 2, "found no reason")
	if got := get(t, "datahub-production").Generation; got != generation {
		t.Fatalf("a refused deploy changed the Deployment: generation %d → %d", generation, got)
	}
	for _, id := range []string{
		"staging-verified", "load-tests-passed", "security-scan-clean", "change-request-approved",
		"database-backup-completed", "migrations-run-successfully",
	} {
		deploy = append(deploy, "--tick", id+"=CHG-2304")
	}
	deploy = append(deploy, "--waive", "rollback-plan-documented=drill")
	// Deployed and checked, but two items are open that only a person can settle.
	s.run(t, deploy...).expect(t, 4, `ticked Load tests passed: "CHG-2304"`, `waived Rollback plan documented: "drill"`,
		"rollout complete: v2.5.0", "open by hand: customer-verification, documentation-updated")
	runs(t, "datahub-production", "v2.5.0")
	// The same release goes on where it was left: nothing is deployed twice.
	again := get(t, "datahub-production").Generation
	r := s.run(t, "deploy", "--env", "production", "--version", "v2.5.0", "--yes",
		"--tick", "customer-verification=called", "--tick", "documentation-updated=wiki")
	r.expect(t, 0, "released: v2.5.0")
	if got := get(t, "datahub-production").Generation; got != again {
		t.Fatalf("continuing changed the Deployment: generation %d → %d", again, got)
	}
}

// kubectl's contract for undo, in the words of kubectl.
func TestUndoContract(t *testing.T) {
	needSandbox(t)
	t.Parallel()
	const namespace = "datahub-staging"
	reset(t, namespace)
	s := newSetup(t, "responder.kubeconfig")
	s.run(t, "deploy", "--env", "staging", "--version", "v2.5.0").expect(t, 0)
	before := revision(t, namespace)

	s.run(t, "undo", "--env", "staging", "--to-revision", "999").expect(t, 1, "unable to find specified revision 999 in history")
	s.run(t, "undo", "--env", "staging", "--to-revision", before).expect(t, 0, "skipped rollback (current template already matches revision "+before+")")
	if got := revision(t, namespace); got != before {
		t.Fatalf("skipped, and yet revision %s → %s", before, got)
	}

	s.run(t, "undo", "--env", "staging").expect(t, 0, "undo to v2.4.0", "rolled back: v2.4.0 on 6 of 6 pods")
	runs(t, namespace, "v2.4.0")
	d := get(t, namespace)
	if cause := d.Annotations["kubernetes.io/change-cause"]; !strings.Contains(cause, "undo to v2.4.0") || !strings.Contains(cause, "by responder, slipway") {
		t.Errorf("change-cause %q", cause)
	}
	// The restored revision is the newest now, and undoing again toggles.
	if got := revision(t, namespace); atoi(got) != atoi(before)+1 {
		t.Fatalf("revision %s after %s", got, before)
	}
	s.run(t, "undo", "--env", "staging").expect(t, 0, "undo to v2.5.0")
	runs(t, namespace, "v2.5.0")

	// Paused: kubectl refuses; slipway resumes and undoes in one step.
	s.run(t, "pause", "--env", "staging").expect(t, 0, "pause rollout ✓ accepted")
	s.run(t, "pause", "--env", "staging").expect(t, 1, `deployment "datahub-gateway" is already paused`)
	s.run(t, "undo", "--env", "staging").expect(t, 0, "undo to v2.4.0")
	runs(t, namespace, "v2.4.0")
	if get(t, namespace).Spec.Paused {
		t.Error("still paused")
	}
	s.run(t, "resume", "--env", "staging").expect(t, 1, `deployment "datahub-gateway" is not paused`)
	s.run(t, "history", "--env", "staging").expect(t, 0, "REVISION", "v2.4.0", "v2.5.0", "undo to v2.4.0")
}

func TestStatus(t *testing.T) {
	needSandbox(t)
	t.Parallel()
	reset(t, "datahub-production")
	s := newSetup(t, "viewer.kubeconfig")
	s.run(t, "status", "--env", "production").expect(t, 0, "v2.4.0 serves on 6 of 6 pods", "Error Rate", "Threshold: 0.1%", "Limit: 2Gi")
	var status struct {
		Version string
		Rollout struct{ Status string }
		Metrics []struct {
			Name, Verdict string
			Value         *float64
		}
	}
	r := s.run(t, "status", "--env", "production", "-o", "json")
	if err := json.Unmarshal([]byte(r.out), &status); err != nil {
		t.Fatalf("%v\n%s", err, r.out)
	}
	if status.Version != "v2.4.0" || status.Rollout.Status != "complete" || len(status.Metrics) != 5 {
		t.Fatalf("status %+v", status)
	}
	for _, m := range status.Metrics {
		if m.Verdict != "pass" || m.Value == nil {
			t.Errorf("%s: %s", m.Name, m.Verdict)
		}
	}
}

// Bad input says what was found, what is accepted, and what to do next.
func TestBadInput(t *testing.T) {
	needSandbox(t)
	t.Parallel()
	reset(t, "datahub-staging")
	s := newSetup(t, "kubeconfig")
	s.run(t, "deploy", "--env", "nowhere", "--version", "v1").expect(t, 2, "nowhere", "staging", "production")
	s.run(t, "deploy", "--env", "staging", "--version", "v2 5").expect(t, 2, "v2 5")
	s.run(t, "deploy", "--env", "staging").expect(t, 2, "version")
	s.run(t, "status", "--env", "staging", "-o", "yaml").expect(t, 2, `found "yaml"`, "json")
	s.run(t, "frobnicate").expect(t, 2, "frobnicate")
	newSetup(t, "kubeconfig").edit(t, "context: staging", "context: stagin").run(t, "status", "--env", "staging").expect(t, 2, "stagin", "canary, production, quiet, routes, staging")
	newSetup(t, "kubeconfig").edit(t, "name: datahub-gateway,", "name: gatewai,").run(t, "status", "--env", "staging").expect(t, 1, "gatewai", "datahub-gateway")
	for _, command := range []string{"undo", "pause", "resume"} {
		newSetup(t, "kubeconfig").edit(t, "name: datahub-gateway,", "name: gatewai,").run(t, command, "--env", "staging").expect(t, 1, "deployment/gatewai does not exist")
	}
	newSetup(t, "kubeconfig").edit(t, "container: gateway}", "container: app}").run(t, "deploy", "--env", "staging", "--version", "v2.5.0").expect(t, 1, `no container "app"`, "gateway")
	// A viewer may look, and is told what is missing to do more.
	viewer := newSetup(t, "viewer.kubeconfig")
	viewer.run(t, "undo", "--env", "staging").expect(t, 1, "patch", "deployments", "deploy/rbac.yaml")
	viewer.run(t, "check", "--env", "staging").expect(t, 1, "patch deployments", "MISSING")
	newSetup(t, "kubeconfig").run(t, "check", "--env", "staging").expect(t, 0, "patch deployments", "latencyP95")
	newSetup(t, "kubeconfig").edit(t, "memory: {", "memory: {query: 'sum(rate(', ").run(t, "check", "--env", "staging").expect(t, 1, "memory", "parse error")
	newSetup(t, "kubeconfig").edit(t, "memory: {", "memory: {query: 'max(container_memory_working_set_bytes)', ").run(t, "check", "--env", "staging").expect(t, 0)
	newSetup(t, "kubeconfig").edit(t, "memory: {", "memory: {query: 'kube_pod_status_ready', ").run(t, "check", "--env", "staging").expect(t, 1, "series")
}
