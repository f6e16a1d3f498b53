package e2e

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// A good canary, unattended, over each kind of traffic object: through its steps,
// promoted, removed, and not one request failed.
func TestCanaryUnattended(t *testing.T) {
	needSandbox(t)
	t.Parallel()
	for environment, namespace := range map[string]string{"canary": "datahub-canary", "routes": "datahub-routes"} {
		t.Run(environment, func(t *testing.T) {
			resetCanary(t, namespace)
			s := newCanarySetup(t, "kubeconfig", "[10, 50, 100]")
			r := s.run(t, "deploy", "--env", environment, "--version", "v2.5.0")
			r.expect(t, 0, "apply canary datahub-gateway-canary: v2.5.0 on 1 pod", "weight 0 → 10", "weight 10 → 50", "weight 50 → 100",
				"canary passed at 10%", "set image gateway v2.4.0 → v2.5.0", "promoted: v2.5.0 on 6 of 6 stable pods", "weight 100 → 0",
				"delete deployment/datahub-gateway-canary", "canary removed", "released: v2.5.0")
			runs(t, namespace, "v2.5.0")
			weighs(t, namespace, 0)
			if n := canaryPods(t, namespace); n != -1 {
				t.Errorf("the canary is still there, with %d pods", n)
			}
			order(t, r.out, "weight 50 → 100 on", "set image gateway", "promoted:", "weight 100 → 0 on", "all traffic is on stable", "delete deployment/")
			if got := requestsOf(t, environment); got.Failed != 0 || got.Total < 10_000 {
				t.Errorf("%d of %d requests failed, want none\n%s", got.Failed, got.Total, r.out)
			}
			// The version before stays one command away.
			s.run(t, "undo", "--env", environment).expect(t, 0, "undo to v2.4.0", "rolled back: v2.4.0 on 6 of 6 pods")
			runs(t, namespace, "v2.4.0")
			if got := requestsOf(t, environment); got.Failed != 0 {
				t.Errorf("%d requests failed in the undo", got.Failed)
			}
		})
	}
}

// Without a traffic object, from a manifest of one's own: the pods are the split, and
// the console says how coarse that is.
func TestCanaryByPods(t *testing.T) {
	needSandbox(t)
	t.Parallel()
	const namespace = "datahub-staging"
	reset(t, namespace)
	forgetRequests(t, "staging")
	s := newCanarySetup(t, "admin.kubeconfig", "[15, 100]").
		edit(t, "[15, 100]", "[15, 50]"). // of the first environment: the second one has a traffic object
		edit(t, "namespace: datahub-canary", "namespace: "+namespace).
		edit(t, "context: canary", "context: staging").
		edit(t, "stable: datahub-gateway-stable", "stable: datahub-gateway").
		edit(t, "traffic: {istio: {virtualService: datahub-gateway, route: primary}}", "manifest: canary.yaml").
		edit(t, endpoints(t)["health-canary"], endpoints(t)["health-staging"]).
		edit(t, "normal: 1200", "normal: 600")
	manifest := `
apiVersion: apps/v1
kind: Deployment
metadata: {name: datahub-gateway-canary, labels: {app: datahub-gateway, track: canary}}
spec:
  replicas: 1
  selector: {matchLabels: {app: datahub-gateway, track: canary}}
  template:
    metadata: {labels: {app: datahub-gateway, track: canary}}
    spec:
      containers:
      - name: gateway
        image: filled-in-by-the-release
        readinessProbe: {httpGet: {path: /health/ready, port: 3001}}
        resources: {limits: {cpu: "2", memory: 2Gi}}
`
	if err := os.WriteFile(filepath.Join(filepath.Dir(s.config), "canary.yaml"), []byte(manifest), 0o600); err != nil {
		t.Fatal(err)
	}
	r := s.run(t, "deploy", "--env", "canary", "--version", "v2.5.0")
	r.expect(t, 0, "split by pods, no traffic object: 15% is 1 pod beside 6", "apply canary datahub-gateway-canary: v2.5.0 on 1 pod", "canary passed at 15%", "scale deployment/datahub-gateway-canary 1 → 6",
		"canary passed at 50%", "promoted: v2.5.0 on 6 of 6 stable pods", "delete deployment/datahub-gateway-canary", "released: v2.5.0")
	runs(t, namespace, "v2.5.0")
	if n := canaryPods(t, namespace); n != -1 {
		t.Errorf("the canary is still there, with %d pods", n)
	}
	noneFailed(t, "staging")
}

// order fails unless texts come one after the other.
func order(t *testing.T, out string, texts ...string) {
	t.Helper()
	at := 0
	for _, text := range texts {
		i := strings.Index(out[at:], text)
		if i < 0 {
			t.Fatalf("no %q after the ones before it in\n%s", text, out)
		}
		at += i + len(text)
	}
}

// Each bad version is noticed on the canary, and taken back by itself; stable is
// never touched, and what fails is bounded by the weight and the time.
func TestBadCanariesAreAborted(t *testing.T) {
	needSandbox(t)
	t.Parallel()
	const namespace = "datahub-canary"
	for _, bad := range []struct {
		tag, cause string
		failed     int64 // at most
	}{
		{"v2.5.0-crash", "CrashLoopBackOff, exit 1", 0},
		{"v2.5.0-missing", "ImagePull", 0},
		{"v2.5.0-errors", "Error Rate", 1200 * 10 / 100 * 3 / 100 * 60}, // 3 % of 10 % for a minute
		{"v2.5.0-slow", "canary Latency P95 fails in 3 rounds in a row", 0},
		{"v2.5.0-leak", "Memory Usage", 0},
		{"v2.5.0-unready", "no progress for", 0},
		{"v2.5.0-late", "Error Rate", 1200 * 10 / 100 * 4 / 100 * 60}, // 4 % of 10 % for a minute
	} {
		t.Run(bad.tag, func(t *testing.T) {
			resetCanary(t, namespace)
			generation := get(t, namespace).Generation
			s := newCanarySetup(t, "kubeconfig", "[10, 100]").edit(t, "bake: 10s", "bake: 60s")
			r := s.run(t, "deploy", "--env", "canary", "--version", bad.tag)
			r.expect(t, 3, bad.cause, "abort canary", "rolled back: all traffic on stable v2.4.0")
			weighs(t, namespace, 0)
			if n := canaryPods(t, namespace); n != 0 {
				t.Errorf("the canary has %d pods, want 0", n)
			}
			if got := get(t, namespace).Generation; got != generation {
				t.Errorf("stable was changed: generation %d → %d", generation, got)
			}
			if got := requestsOf(t, "canary"); got.Failed > bad.failed {
				t.Errorf("%d of %d requests failed, want at most %d\n%s", got.Failed, got.Total, bad.failed, r.out)
			}
		})
	}
}

// By keys: apply, hold, advance, promote, removed; each with its line before.
func TestCanaryByKeys(t *testing.T) {
	needSandbox(t)
	t.Parallel()
	const namespace = "datahub-canary"
	resetCanary(t, namespace)
	s := newCanarySetup(t, "kubeconfig", "[25, 100]")
	c := s.open(t, 120, 40, "--env", "canary", "--version", "v2.5.0")
	c.see("Ready to deploy", "eng-a", "istio")
	c.press("d")
	c.see("Deploy v2.5.0 as a canary", "way back")
	c.confirm("y")
	c.told("25% of the traffic is on the canary")
	c.press("a")
	c.see("not before its bake ends")
	c.see("Baked: a goes to 100%")
	weighs(t, namespace, 25)

	c.press("p")
	c.see("hold the canary at 25%")
	c.confirm("y")
	c.see("HELD")
	c.press("a")
	c.see("held")
	c.press("p")
	c.see("Go on with the canary")
	c.confirm("y")
	c.see("Baked: a goes to 100%")
	c.press("a")
	c.see("Advance the canary", "25% → 100%", "virtualservice/datahub-gateway")
	c.confirm("y")
	c.told("100% of the traffic is on the canary")
	c.see("Baked: a goes to promotion")
	runs(t, namespace, "v2.4.0")
	c.press("a")
	c.see("Promote v2.5.0", "stays on the canary")
	c.confirm("y")
	c.told("promoted: v2.5.0 on 6 of 6 stable pods", "canary removed")
	c.see("Released")
	weighs(t, namespace, 0)
	noneFailed(t, "canary")
	c.press("q")
	c.gone()
}

// A bad canary under a person's eyes: it is named, and taken back with two keys;
// someone else's weight is adopted.
func TestCanaryAbortByKeys(t *testing.T) {
	needSandbox(t)
	t.Parallel()
	const namespace = "datahub-canary"
	resetCanary(t, namespace)
	s := newCanarySetup(t, "kubeconfig", "[10, 50, 100]").edit(t, "onMetrics: auto", "onMetrics: off")
	c := s.open(t, 80, 24, "--env", "canary", "--version", "v2.5.0-errors")
	c.see("Ready to deploy", "eng-a")
	c.press("d")
	c.see("Deploy v2.5.0-errors as a canary")
	c.confirm("y")
	c.see("CANARY FAILING")
	weigh(t, namespace, "/spec/http/1/route", 80, 20)
	c.told("weight 10 → 20", "adopted, bakes anew")
	// Anything but the two weights is asked about, and stands against no way back.
	patchSplit(t, namespace, fmt.Sprintf(`[{"op":"add","path":"/spec/http/1/timeout","value":"%dms"}]`, 5000+time.Now().UnixMilli()%1000))
	c.see("HELD", "was changed by")
	c.press("u")
	c.see("Abort the canary")
	c.confirm("u")
	c.see("Rolled back")
	weighs(t, namespace, 0)
	c.press("q")
	c.gone()
	s.run(t, "canary", "status", "--env", "canary").expect(t, 0, "0% of the traffic", "virtualservice/datahub-gateway")
}

// Two consoles, each with a record of its own, lead the same canary on at the same
// moment: one of them does it, the other sees it done. And two that begin one at the
// same moment begin one.
func TestTwoConsolesAtOnce(t *testing.T) {
	needSandbox(t)
	t.Parallel()
	const namespace = "datahub-routes"
	resetCanary(t, namespace)
	var setups []setup
	var consoles []*screen
	for range 2 {
		s := newCanarySetup(t, "kubeconfig", "[25, 50, 100]")
		c := s.open(t, 120, 40, "--env", "routes", "--version", "v2.5.0")
		c.see("Ready to deploy", "eng-a")
		c.press("d")
		c.see("as a canary")
		setups, consoles = append(setups, s), append(consoles, c)
	}
	time.Sleep(250 * time.Millisecond)
	for _, c := range consoles {
		c.press("y")
	}
	weighs(t, namespace, 25)
	driver := -1
	eventually(t, "one of them to drive", func() (bool, string) {
		for i, c := range consoles {
			if strings.Contains(c.text(), "Canary at 25%") {
				driver = i
			}
		}
		return driver >= 0, consoles[0].text()
	})
	if n := canaryPods(t, namespace); n != 2 { // the other one was refused, or took over what it was shown
		t.Errorf("two that begin a canary made one of %d pods, want 2", n)
	}
	for _, c := range consoles {
		c.kill(syscall.SIGKILL)
	}

	// The same record on two machines: both people press a.
	first, second := setups[driver], newCanarySetup(t, "responder.kubeconfig", "[25, 50, 100]")
	if err := os.CopyFS(second.state, os.DirFS(first.state)); err != nil {
		t.Fatal(err)
	}
	consoles = nil
	for _, s := range []setup{first, second} {
		c := s.open(t, 120, 40, "--env", "routes")
		c.see("was left while", "y  continue", "were ignored") // it opened by itself: keys count by now
		c.press("y")
		c.see("Baked: a goes to 50%")
		c.press("a")
		c.see("Advance the canary", "25% → 50%")
		consoles = append(consoles, c)
	}
	time.Sleep(250 * time.Millisecond)
	for _, c := range consoles {
		c.press("y")
	}
	for _, c := range consoles { // what the other did may have moved what one of them was reading
		c.see("Canary at 50%")
	}
	weighs(t, namespace, 50)
	for _, c := range consoles {
		c.kill(syscall.SIGKILL)
	}

	// And by commands.
	results := make(chan result, 2)
	for _, s := range []setup{first, second} {
		go func() { results <- s.run(t, "canary", "advance", "--env", "routes") }()
	}
	for range 2 {
		(<-results).expect(t, 0, "100% of the traffic is on the canary")
	}
	weighs(t, namespace, 100)
	runs(t, namespace, "v2.4.0") // the second one does not go on to the promotion
	if n := canaryPods(t, namespace); n != 6 {
		t.Errorf("the canary has %d pods, want 6", n)
	}
	first.run(t, "canary", "abort", "--env", "routes").expect(t, 0, "rolled back: all traffic on stable v2.4.0")
	weighs(t, namespace, 0)
	noneFailed(t, "routes")
}

// The statistical judge holds a step until it has its windows, and says in one line
// why it passed.
func TestCanaryTrial(t *testing.T) {
	needSandbox(t)
	t.Parallel()
	const namespace = "datahub-routes"
	resetCanary(t, namespace)
	s := newCanarySetup(t, "kubeconfig", "[50, 100]").edit(t, "window: 10s", "window: 8s").
		edit(t, "judge: {confidence: off}", "judge: {confidence: 98%}").edit(t, "judge: {confidence: off}", "judge: {confidence: 98%}").
		edit(t, "bake: 10s", "bake: 32s").edit(t, "bake: 10s", "bake: 32s")
	c := s.begin(t, "routes", 50)
	c.press("3")
	c.see("windows to try")
	c.see("not higher than stable, p ")
	c.press("1")
	c.see("Baked: a goes to 100%")
	c.press("b")
	c.see("Abort the canary")
	c.confirm("y")
	c.see("Rolled back")
}

// Led by commands, each a process of its own.
func TestCanaryByCommands(t *testing.T) {
	needSandbox(t)
	t.Parallel()
	const namespace = "datahub-routes"
	resetCanary(t, namespace)
	s := newCanarySetup(t, "kubeconfig", "[20, 100]")
	c := s.begin(t, "routes", 20)
	s.run(t, "canary", "advance", "--env", "routes").expect(t, 5, "is driven on this machine")
	c.kill(9)

	s.run(t, "canary", "promote", "--env", "routes").expect(t, 1, "not before 100%")
	s.run(t, "canary", "advance", "--env", "routes").expect(t, 0, "advance canary 20% → 100%", "100% of the traffic is on the canary")
	r := s.run(t, "canary", "status", "--env", "routes")
	r.expect(t, 0, "Canary at 100%", "v2.5.0 on 6 of 6 pods, 100% of the traffic", "Error Rate", "httproute/datahub-gateway")
	s.run(t, "canary", "promote", "--env", "routes").expect(t, 0, "promoted: v2.5.0", "canary removed")
	runs(t, namespace, "v2.5.0")
	s.run(t, "deploy", "--env", "routes", "--version", "v2.5.0").expect(t, 0, "released: v2.5.0")
	noneFailed(t, "routes")
}

// Someone else's canary, of which there is no record here, is ended all the same.
func TestAbortWithoutARecord(t *testing.T) {
	needSandbox(t)
	t.Parallel()
	const namespace = "datahub-canary"
	resetCanary(t, namespace)
	first := newCanarySetup(t, "kubeconfig", "[25, 100]").edit(t, "bake: 10s", "bake: 10m")
	c := first.begin(t, "canary", 25)

	// Another machine: its own records, its own person.
	second := newCanarySetup(t, "responder.kubeconfig", "[25, 100]")
	second.run(t, "deploy", "--env", "canary", "--version", "v2.6.0").expect(t, 1, "a canary was left with 25% of the traffic", "abort (b)")
	second.run(t, "canary", "abort", "--env", "canary").expect(t, 0, "abort canary: 25% of the traffic back to stable", "rolled back: all traffic on stable v2.4.0")
	weighs(t, namespace, 0)
	c.see("HELD", "put all traffic back on stable")
	// What is left of it has no pods: it is taken over without asking. With pods it has to be said.
	if n := canaryPods(t, namespace); n != 0 {
		t.Errorf("the canary has %d pods", n)
	}
	scaleCanary(t, namespace, 1)
	second.run(t, "deploy", "--env", "canary", "--version", "v2.5.1", "--abandon").expect(t, 5, "left from an earlier attempt", "--adopt") // v2.6.0 is still planned
	noneFailed(t, "canary")
}

// Where releases are rolling, a canary that is there all the same is seen: nothing is
// released beside its traffic, and one that was left is led to its end.
func TestCanaryWhereReleasesAreRolling(t *testing.T) {
	needSandbox(t)
	t.Parallel()
	const namespace = "datahub-canary"
	resetCanary(t, namespace)
	s := newCanarySetup(t, "kubeconfig", "[25, 100]")
	c := s.begin(t, "canary", 25)
	other := newCanarySetup(t, "responder.kubeconfig", "[25, 100]").edit(t, "strategy: canary", "strategy: rolling")
	other.run(t, "deploy", "--env", "canary", "--version", "v2.6.0").expect(t, 1, "a canary has traffic", "which a rolling update would leave there", "25% of the traffic")
	other.run(t, "status", "--env", "canary").expect(t, 0, "a canary has traffic", "25% of the traffic")
	c.kill(9)

	s = s.edit(t, "strategy: canary", "strategy: rolling")
	whole, err := os.ReadFile(s.config)
	if err != nil {
		t.Fatal(err)
	}
	block := regexp.MustCompile(`(?s)    canary:\n.*?judge: {confidence: off}\n`)
	without := strings.Replace(string(whole), block.FindString(string(whole)), "", 1)
	without = strings.Replace(without, "deployment: {name: datahub-gateway,", "deployment: {name: datahub-gateway-stable,", 1)
	if err := os.WriteFile(s.config, []byte(without), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, command := range [][]string{{"status"}, {"deploy", "--version", "v2.5.0"}, {"pause"}} {
		s.run(t, append(command, "--env", "canary")...).expect(t, 2, "the unfinished release of v2.5.0 is a canary, and environment canary has no canary block any more")
	}
	if err := os.WriteFile(s.config, whole, 0o600); err != nil {
		t.Fatal(err)
	}
	s.run(t, "canary", "status", "--env", "canary").expect(t, 0, "v2.5.0 on 2 of 2 pods, 25% of the traffic")
	s.run(t, "deploy", "--env", "canary", "--version", "v2.5.0").expect(t, 0, "promoted: v2.5.0", "released: v2.5.0")
	weighs(t, namespace, 0)
	s.run(t, "deploy", "--env", "canary", "--version", "v2.5.1").expect(t, 0, "set image gateway v2.5.0 → v2.5.1", "released: v2.5.1")
	noneFailed(t, "canary")
}

// Killed at random moments, and at times with a change on its way: the same command
// brings the canary to its end, no weight is skipped, and not one request fails.
func TestCanaryKilledAtRandomMoments(t *testing.T) {
	needSandbox(t)
	t.Parallel()
	const namespace, kills = "datahub-canary", 12
	resetCanary(t, namespace)
	s := newCanarySetup(t, "kubeconfig", "[10, 50, 100]")
	random := rand.New(rand.NewPCG(3, 4))
	killed := 0
	for i := 0; killed < kills; i++ {
		version := []string{"v2.5.0", "v2.5.1", "v2.5.2", "v2.5.3"}[i%4]
		var all bytes.Buffer
		for ended := false; !ended; {
			moment := time.Second + time.Duration(random.Int64N(int64(9*time.Second)))
			if killed >= kills {
				moment = 2 * limit
			}
			ctx, cancel := context.WithTimeout(context.Background(), moment)
			var out io.Writer = &all
			if killed%4 == 3 && killed < kills {
				out = announced{&all, cancel}
			}
			code, died := s.runFor(ctx, t, out, "deploy", "--env", "canary", "--version", version)
			cancel()
			switch {
			case died:
				killed++
				all.WriteString("--- killed ---\n")
			case code != 0:
				t.Fatalf("after %d kills: exit code %d\n%s", killed, code, all.String())
			default:
				ended = true
			}
		}
		runs(t, namespace, version)
		weighs(t, namespace, 0)
		if got := requestsOf(t, "canary"); got.Failed != 0 {
			t.Fatalf("%d of %d requests failed after %d kills\n%s", got.Failed, got.Total, killed, all.String())
		}
		for _, step := range []string{"weight 0 → 10 on", "weight 10 → 50 on", "weight 50 → 100 on", "weight 100 → 0 on"} {
			if lines(all.String(), step) == 0 {
				t.Fatalf("%q was skipped\n%s", step, all.String())
			}
		}
	}
}

// A promoted version is undone with two keys, by weights: the earlier one serves
// beside it, gets all traffic, and stable follows. Not one request fails.
func TestUndoByWeights(t *testing.T) {
	needSandbox(t)
	t.Parallel()
	const namespace = "datahub-canary"
	resetCanary(t, namespace)
	s := newCanarySetup(t, "kubeconfig", "[50, 100]").edit(t, "bake: 10s", "undo: weights\n      bake: 10s")
	s.run(t, "deploy", "--env", "canary", "--version", "v2.5.0").expect(t, 0, "released: v2.5.0")
	forgetRequests(t, "canary")
	c := s.open(t, 120, 40, "--env", "canary")
	c.see("v2.5.0 serves on 6 of 6 pods", "eng-a")
	c.press("u")
	c.see("way back", "by weights") // of the dialog, not of the line above the keys
	c.confirm("u")
	c.weighs(namespace, 100)
	c.see("Rolled back")
	runs(t, namespace, "v2.4.0")
	weighs(t, namespace, 0)
	if n := canaryPods(t, namespace); n != -1 {
		t.Errorf("the canary is still there, with %d pods", n)
	}
	c.told("all traffic is on v2.4.0, beside stable", "undo to v2.4.0", "delete deployment/datahub-gateway-canary")
	c.kill(9)
	noneFailed(t, "canary")
	// By a command, and back again.
	s.run(t, "undo", "--env", "canary", "--no-wait").expect(t, 0, "all traffic is on v2.5.0, beside stable", "rolled back: all traffic on stable v2.5.0")
	runs(t, namespace, "v2.5.0")

	// Left in the middle, and led to its end from another machine: not back to what was
	// to be left.
	forgetRequests(t, "canary")
	c = s.open(t, 120, 40, "--env", "canary")
	c.see("v2.5.0 serves on 6 of 6 pods", "eng-a")
	c.press("u")
	c.see("way back", "by weights") // of the dialog, not of the line above the keys
	c.confirm("u")
	c.weighs(namespace, 100)
	c.kill(9)
	other := newCanarySetup(t, "responder.kubeconfig", "[50, 100]")
	other.run(t, "undo", "--env", "canary").expect(t, 0, "rolled back: all traffic on stable v2.4.0")
	runs(t, namespace, "v2.4.0")
	weighs(t, namespace, 0)
	noneFailed(t, "canary")
}

// An object that cannot be used, in each of the ways, is said before anything
// changes.
func TestCanaryBadObjects(t *testing.T) {
	needSandbox(t)
	t.Parallel()
	const namespace = "datahub-canary"
	s := newCanarySetup(t, "kubeconfig", "[10, 100]")
	destination := `{"destination":{"host":"datahub-gateway-%s"},"weight":%d}`
	both := fmt.Sprintf(destination+","+destination, "stable", 100, "canary", 0)
	for _, bad := range []struct {
		name, patch string
		unnamed     bool
		wanted      []string
	}{
		{"a third destination", `[{"op":"replace","path":"/spec/http/1/route","value":[` + both + `,` + fmt.Sprintf(destination, "other", 0) + `]}]`, false, []string{"3 destinations", "datahub-gateway-other"}},
		{"ambiguous routes", `[{"op":"add","path":"/spec/http/1","value":{"name":"second","match":[{"headers":{"x-tier":{"exact":"gold"}}}],"route":[` + both + `]}}]`, true, []string{"2 http routes", "primary", "second"}},
		{"only tls", `[{"op":"remove","path":"/spec/http"},{"op":"add","path":"/spec/tls","value":[{"match":[{"port":443,"sniHosts":["gateway.datahub.io"]}],"route":[` + fmt.Sprintf(destination, "stable", 100) + `]}]}]`, false, []string{"tls", "http"}},
	} {
		t.Run(bad.name, func(t *testing.T) {
			resetCanary(t, namespace)
			patchSplit(t, namespace, bad.patch)
			use := s
			if bad.unnamed {
				use = newCanarySetup(t, "kubeconfig", "[10, 100]").edit(t, "virtualService: datahub-gateway, route: primary", "virtualService: datahub-gateway")
			}
			use.run(t, "deploy", "--env", "canary", "--version", "v2.5.0").expect(t, 1, bad.wanted...)
			if n := canaryPods(t, namespace); n != -1 {
				t.Errorf("a refused deploy left a canary with %d pods", n)
			}
		})
	}
	t.Run("a selector that takes the canary's pods too", func(t *testing.T) {
		resetCanary(t, namespace)
		selector(t, namespace, `{"app":"datahub-gateway","track":null}`)
		defer selector(t, namespace, `{"app":"datahub-gateway","track":"stable"}`)
		s.run(t, "deploy", "--env", "canary", "--version", "v2.5.0").expect(t, 1, "service/datahub-gateway-stable selects the canary's pods too")
		s.run(t, "check", "--env", "canary").expect(t, 1, "selects the canary's pods too")
	})
}

// selector sets that of stable's Service.
func selector(t *testing.T, namespace, to string) {
	t.Helper()
	_, err := admin.CoreV1().Services(namespace).Patch(context.Background(), "datahub-gateway-stable", types.MergePatchType, []byte(`{"spec":{"selector":`+to+`}}`), metav1.PatchOptions{})
	if err != nil {
		t.Fatal(err)
	}
}

// What cannot work is said before anything changes.
func TestCanaryBadInput(t *testing.T) {
	needSandbox(t)
	t.Parallel()
	const namespace = "datahub-canary"
	resetCanary(t, namespace)
	generation := splitObject(t, namespace).GetGeneration()
	base := func() setup { return newCanarySetup(t, "kubeconfig", "[10, 100]") }
	deploy := []string{"deploy", "--env", "canary", "--version", "v2.5.0"}
	for name, bad := range map[string]struct {
		s      setup
		code   int
		wanted []string
	}{
		"steps that do not rise": {newCanarySetup(t, "kubeconfig", "[50, 10, 100]"), 2, []string{"steps", "rise"}},
		"a step over 100":        {newCanarySetup(t, "kubeconfig", "[10, 120]"), 2, []string{"steps", "120"}},
		"a route that is not there": {
			base().edit(t, "route: primary", "route: secondary"), 1, []string{"secondary", "primary"},
		},
		"no such object": {
			base().edit(t, "virtualService: datahub-gateway,", "virtualService: gatewai,"), 1, []string{"virtualservice/gatewai"},
		},
		"another namespace": {
			base().edit(t, "virtualService: datahub-gateway,", "namespace: istio-system, virtualService: datahub-gateway,"), 2, []string{"istio-system", "datahub-canary"},
		},
		"a query without the version": {
			base().edit(t, "  memory: {", "  errorRate: {query: 'sum(rate(http_requests_total[1m]))'}\n  memory: {"), 2, []string{"errorRate", "{pods}", "{version}"},
		},
		"the version that runs": {base(), 0, []string{"v2.4.0 is what deployment/datahub-gateway-stable runs already"}},
	} {
		t.Run(name, func(t *testing.T) {
			args := deploy
			if bad.code == 0 {
				args = []string{"deploy", "--env", "canary", "--version", "v2.4.0"}
			}
			bad.s.run(t, args...).expect(t, bad.code, bad.wanted...)
		})
	}
	newCanarySetup(t, "viewer.kubeconfig", "[10, 100]").run(t, "check", "--env", "canary").expect(t, 1, "patch virtualservices", "MISSING")
	base().run(t, "check", "--env", "canary").expect(t, 0, "virtualservice")
	newSetup(t, "kubeconfig").run(t, "canary", "advance", "--env", "staging").expect(t, 2, "environment staging has no canary block")
	if n := canaryPods(t, namespace); n != -1 {
		t.Errorf("a refused deploy left a canary with %d pods", n)
	}
	if got := splitObject(t, namespace).GetGeneration(); got != generation {
		t.Errorf("a refused deploy changed the split: generation %d → %d", generation, got)
	}
}
