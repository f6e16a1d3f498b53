package e2e

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
)

const (
	repository = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/datahub-gateway"
	limit      = 3 * time.Minute // for anything that is waited for
)

var (
	dir    string // of the sandbox
	binary string // bin/slipway
	admin  kubernetes.Interface
	bare   dynamic.Interface // admin, for objects of no known type
)

func TestMain(m *testing.M) {
	dir = os.Getenv("SLIPWAY_SANDBOX")
	if dir != "" {
		if err := prepare(); err != nil {
			fmt.Fprintln(os.Stderr, "e2e:", err)
			os.Exit(1)
		}
	}
	os.Exit(m.Run())
}

func prepare() error {
	var err error
	if binary, err = filepath.Abs("../bin/slipway"); err != nil {
		return err
	}
	if _, err := os.Stat(binary); err != nil {
		return fmt.Errorf("%w; make build builds it", err)
	}
	config, err := clientcmd.BuildConfigFromFlags("", filepath.Join(dir, "admin.kubeconfig"))
	if err != nil {
		return err
	}
	config.QPS, config.Burst = 100, 200
	if admin, err = kubernetes.NewForConfig(config); err != nil {
		return err
	}
	bare, err = dynamic.NewForConfig(config)
	return err
}

// needSandbox skips a test where there is none.
func needSandbox(t testing.TB) {
	t.Helper()
	if dir == "" {
		t.Skip("needs a sandbox: make e2e")
	}
}

// endpoints reads the sandbox's ready file.
func endpoints(t testing.TB) map[string]string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, "ready"))
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for line := range strings.Lines(string(data)) {
		name, url, _ := strings.Cut(strings.TrimSpace(line), "=")
		all[name] = url
	}
	return all
}

// setup is one test's own configuration and records.
type setup struct {
	config string
	state  string
}

// newSetup writes a configuration with short checks. user is a kubeconfig of the
// sandbox: "kubeconfig", "responder.kubeconfig".
func newSetup(t testing.TB, user string) setup {
	t.Helper()
	at := endpoints(t)
	s := setup{config: filepath.Join(t.TempDir(), "slipway.yaml"), state: t.TempDir()}
	text := fmt.Sprintf(`
service: datahub-gateway
image: %s
kubeconfig: %s
stateDir: %s
prometheus: %s
deployment: {name: datahub-gateway, container: gateway}
environments:
  - name: staging
    context: staging
    namespace: datahub-staging
    health: %s
    checklist: {items: automatic}
    metrics: {requestRate: {normal: 600}}
  - name: production
    context: production
    namespace: datahub-production
    protected: true
    health: %s
rollback: {onDeadline: auto, onMetrics: auto, after: 3}
metrics:
  every: 1s
  window: 10s
  requestRate: {normal: 12000, tolerance: 60%%}
  memory: {limit: fromDeployment, warn: 75%%, rollback: true}
checklist:
  - {id: staging-verified}
  - {id: load-tests-passed}
  - {id: security-scan-clean}
  - {id: change-request-approved}
  - {id: rollback-plan-documented}
  - {id: database-backup-completed}
  - {id: migrations-run-successfully}
  - {id: rolling-update-in-progress}
  - {id: health-checks-passing, for: 2s}
  - {id: error-rate-normal, for: 3s}
  - {id: all-pods-healthy, for: 2s}
  - {id: metrics-normal, for: 3s}
  - {id: no-error-spikes, for: 3s}
  - {id: customer-verification}
  - {id: documentation-updated}
`, repository, filepath.Join(dir, user), s.state, at["prometheus"], at["health-staging"], at["health-production"])
	if err := os.WriteFile(s.config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return s
}

// edit changes a setup's configuration.
func (s setup) edit(t testing.TB, from, to string) setup {
	t.Helper()
	data, err := os.ReadFile(s.config)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(data, []byte(from)) {
		t.Fatalf("the configuration has no %q", from)
	}
	if err := os.WriteFile(s.config, bytes.Replace(data, []byte(from), []byte(to), 1), 0o600); err != nil {
		t.Fatal(err)
	}
	return s
}

// result is a command that ended.
type result struct {
	out  string // standard output and error
	code int
}

// run runs slipway without a terminal.
func (s setup) run(t testing.TB, args ...string) result {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 2*limit)
	defer cancel()
	out, err := s.command(ctx, args...).CombinedOutput()
	var failed *exec.ExitError
	switch {
	case err == nil:
		return result{string(out), 0}
	case errors.As(err, &failed) && ctx.Err() == nil:
		return result{string(out), failed.ExitCode()}
	}
	t.Fatalf("slipway %s: %v\n%s", strings.Join(args, " "), err, out)
	return result{}
}

func (s setup) command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, binary, append([]string{"--config", s.config}, args...)...)
	cmd.Env = append(os.Environ(), "NO_COLOR=", "SLIPWAY_CONFIG=")
	return cmd
}

// expect fails unless a command ended with a code and said all of what is
// wanted.
func (r result) expect(t testing.TB, code int, wanted ...string) {
	t.Helper()
	if r.code != code {
		t.Fatalf("exit code %d, want %d\n%s", r.code, code, r.out)
	}
	for _, text := range wanted {
		if !strings.Contains(r.out, text) {
			t.Fatalf("no %q in\n%s", text, r.out)
		}
	}
}

// deploymentIn is the name of the Deployment that is released in a namespace: of
// stable, where releases are canaries.
func deploymentIn(namespace string) string {
	if _, canary := divided[namespace]; canary {
		return "datahub-gateway-stable"
	}
	return "datahub-gateway"
}

// get reads the Deployment as it is.
func get(t testing.TB, namespace string) *appsv1.Deployment {
	t.Helper()
	d, err := admin.AppsV1().Deployments(namespace).Get(context.Background(), deploymentIn(namespace), metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func version(d *appsv1.Deployment) string {
	image := d.Spec.Template.Spec.Containers[0].Image
	return image[strings.LastIndexByte(image, ':')+1:]
}

// runs waits until a version is complete on all pods, and nothing else is left.
func runs(t testing.TB, namespace, want string) {
	t.Helper()
	eventually(t, want+" complete in "+namespace, func() (bool, string) {
		d := get(t, namespace)
		s := d.Status
		done := version(d) == want && s.ObservedGeneration >= d.Generation &&
			s.UpdatedReplicas == *d.Spec.Replicas && s.Replicas == s.UpdatedReplicas && s.AvailableReplicas == s.UpdatedReplicas
		return done, fmt.Sprintf("%s, %+v", version(d), s)
	})
}

// reset gives a namespace its good version back, by other means than slipway's, and
// keeps it for this test.
func reset(t testing.TB, namespace string) {
	t.Helper()
	claim(t, namespace)
	patch := fmt.Sprintf(`{"spec":{"paused":false,"template":{"spec":{"containers":[{"name":"gateway","image":"%s:v2.4.0"}]}}}}`, repository)
	_, err := admin.AppsV1().Deployments(namespace).Patch(context.Background(), deploymentIn(namespace), types.StrategicMergePatchType, []byte(patch), metav1.PatchOptions{})
	if err != nil {
		t.Fatal(err)
	}
	runs(t, namespace, "v2.4.0")
}

// eventually waits for a condition; look says whether it holds, and what was
// seen.
func eventually(t testing.TB, what string, look func() (bool, string)) {
	t.Helper()
	deadline := time.Now().Add(limit)
	for {
		ok, seen := look()
		if ok {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("never: %s; last seen: %s", what, seen)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// plug pulls one part's plug or puts it back.
func plug(t testing.TB, action, part string) {
	t.Helper()
	out, err := exec.Command("../bin/sandbox", action, part, "--dir", dir).CombinedOutput()
	if err != nil {
		t.Fatalf("sandbox %s %s: %v\n%s", action, part, err, out)
	}
}

// lines counts the lines that contain a text.
func lines(out, text string) int {
	n := 0
	scanner := bufio.NewScanner(strings.NewReader(out))
	for scanner.Scan() {
		if strings.Contains(scanner.Text(), text) {
			n++
		}
	}
	return n
}
