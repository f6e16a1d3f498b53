package e2e

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func TestSandbox(t *testing.T) {
	s := up(t, "--speed", "10", "--deadline", "30s")
	s.history(t)
	s.accounts(t)
	t.Run("weights", func(t *testing.T) { s.on(t).weights(t) })
	t.Run("outage", func(t *testing.T) { s.on(t).outage(t) })
	t.Run("tags", func(t *testing.T) { s.on(t).tags(t) })
	t.Run("parts", func(t *testing.T) { s.on(t).parts(t) })
}

// history checks the past: revisions with their causes, and an hour of metrics that the present continues.
func (s *sandbox) history(t *testing.T) {
	sets, err := s.as("kubeconfig").AppsV1().ReplicaSets(namespace).List(context.Background(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	causes := map[string]string{}
	for _, set := range sets.Items {
		causes[set.Annotations["deployment.kubernetes.io/revision"]] = set.Annotations["kubernetes.io/change-cause"]
	}
	for revision, version := range map[string]string{"1": "v2.3.0", "2": "v2.3.1", "3": "v2.3.2", "4": "v2.4.0"} {
		if !strings.Contains(causes[revision], version) {
			t.Errorf("revision %s has the cause %q, want one of %s", revision, causes[revision], version)
		}
	}
	s.eventually("scrapes after the history", func() error { // the seam is in the middle of what is looked at
		n, err := s.query(`min(count_over_time(up[1m]))`)
		if err == nil && n < 8 {
			return fmt.Errorf("%v scrapes", n)
		}
		return err
	})
	for _, c := range []struct {
		window     string
		span, step int // seconds
	}{{"1m", 15 * 60, 5}, {"10s", 3 * 60, 1}} {
		end := time.Now().Unix()
		result, err := s.get("/api/v1/query_range?" + url.Values{
			"query": {fmt.Sprintf(`sum(rate(http_requests_total{namespace=%q}[%s]))`, namespace, c.window)},
			"start": {fmt.Sprint(end - int64(c.span))}, "end": {fmt.Sprint(end)}, "step": {fmt.Sprint(c.step)},
		}.Encode())
		if err != nil || len(result) != 1 {
			t.Fatalf("%d series, %v", len(result), err)
		}
		if got, want := len(result[0].Values), c.span/c.step+1; got != want {
			t.Errorf("%d points, want %d: there is a gap", got, want)
		}
		for _, v := range result[0].Values {
			if rate, _ := strconv.ParseFloat(v[1].(string), 64); math.Abs(rate-12000) > 1500 {
				t.Errorf("over %s the rate at %.0f is %v, want about 12000", c.window, v[0], rate)
			}
		}
	}
}

// accounts checks what each account may do.
func (s *sandbox) accounts(t *testing.T) {
	ctx := context.Background()
	for file, patches := range map[string]bool{"kubeconfig": true, "eng-b.kubeconfig": true, "responder.kubeconfig": true, "viewer.kubeconfig": false} {
		client := s.as(file)
		if err := s.setImage(client, "v2.4.0"); patches && err != nil || !patches && !apierrors.IsForbidden(err) {
			t.Errorf("%s: patch: %v", file, err)
		}
		if _, err := client.CoreV1().Pods(namespace).List(ctx, metav1.ListOptions{}); err != nil {
			t.Errorf("%s: %v", file, err)
		}
		if _, err := client.CoreV1().Nodes().List(ctx, metav1.ListOptions{}); !apierrors.IsForbidden(err) {
			t.Errorf("%s may list nodes: %v", file, err)
		}
		err := client.AppsV1().Deployments(namespace).Delete(ctx, deployment, metav1.DeleteOptions{DryRun: []string{metav1.DryRunAll}})
		if !apierrors.IsForbidden(err) {
			t.Errorf("%s may delete the Deployment: %v", file, err)
		}
		path := "/apis/metrics.k8s.io/v1beta1/namespaces/" + namespace + "/pods"
		data, err := client.CoreV1().RESTClient().Get().AbsPath(path).Param("labelSelector", "app=datahub-gateway").DoRaw(ctx)
		if n := strings.Count(string(data), `"usage"`); err != nil || n != 6 {
			t.Errorf("%s: usage of %d pods, %v", file, n, err)
		}
	}
}

// outage stops the API server for longer than a node may be silent elsewhere (50 s), and checks that pods and traffic went on: no node and no pod
// was taken for dead, not for a moment, and no request failed.
func (s *sandbox) outage(t *testing.T) {
	const stopped, after = 75 * time.Second, 20 * time.Second // the controllers look at the nodes every 5 s
	since, failed := s.readySince(), s.requests()["production"].Failed
	s.run("stop", "apiserver")
	time.Sleep(stopped)
	s.run("start", "apiserver")
	time.Sleep(after)
	now := s.readySince()
	if len(since) != 3+5*6 || len(now) != len(since) {
		t.Errorf("%d nodes and pods were ready, %d are, want 33", len(since), len(now))
	}
	for name, at := range since {
		if !now[name].Equal(at) {
			t.Errorf("%s was ready since %s, and is since %s", name, at, now[name])
		}
	}
	if n := s.requests()["production"].Failed - failed; n != 0 {
		t.Errorf("%d requests failed, want none", n)
	}
}

// readySince returns since when each node and each pod that is ready is so.
func (s *sandbox) readySince() map[string]time.Time {
	s.t.Helper()
	admin, out := s.as("admin.kubeconfig"), map[string]time.Time{}
	nodes, err := admin.CoreV1().Nodes().List(context.Background(), metav1.ListOptions{})
	if err != nil {
		s.t.Fatal(err)
	}
	for _, n := range nodes.Items {
		for _, c := range n.Status.Conditions {
			if c.Type == corev1.NodeReady && c.Status == corev1.ConditionTrue {
				out[n.Name] = c.LastTransitionTime.Time
			}
		}
	}
	pods, err := admin.CoreV1().Pods("").List(context.Background(), metav1.ListOptions{})
	if err != nil {
		s.t.Fatal(err)
	}
	for _, p := range pods.Items {
		for _, c := range p.Status.Conditions {
			if c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue {
				out[p.Namespace+"/"+p.Name] = c.LastTransitionTime.Time
			}
		}
	}
	return out
}

// tags checks that each tag of the table shows what it is said to show.
func (s *sandbox) tags(t *testing.T) {
	client := s.as("kubeconfig")
	s.release(client, "v2.4.0")
	state := func(tag string, is func(corev1.ContainerStatus) bool) func() error {
		return func() error {
			pods := s.pods(client, tag)
			for _, p := range pods {
				for _, c := range p.Status.ContainerStatuses {
					if is(c) {
						return nil
					}
				}
			}
			return fmt.Errorf("none of %d pods", len(pods))
		}
	}
	above := func(query string, bound float64) func() error {
		return func() error {
			v, err := s.query(query)
			if err == nil && !(v > bound) {
				return fmt.Errorf("%v, want more than %v", v, bound)
			}
			return err
		}
	}
	waits := func(reason string) func(corev1.ContainerStatus) bool {
		return func(c corev1.ContainerStatus) bool { return c.State.Waiting != nil && c.State.Waiting.Reason == reason }
	}
	// Of one version: another one's figures linger.
	errorRate := func(tag string) string {
		of := fmt.Sprintf(`namespace=%q,version=%q`, namespace, tag)
		return fmt.Sprintf(`sum(rate(http_requests_total{%s,code=~"5.."}[10s])) / sum(rate(http_requests_total{%[1]s}[10s]))`, of)
	}
	p95 := func(tag string) string {
		return fmt.Sprintf(`histogram_quantile(0.95, sum by (le) (rate(http_request_duration_seconds_bucket{namespace=%q,version=%q}[10s])))`, namespace, tag)
	}
	for tag, shows := range map[string]func() error{
		"v2.5.0-slow":   above(p95("v2.5.0-slow"), 0.15),
		"v2.5.0-errors": above(errorRate("v2.5.0-errors"), 0.02),
		"v2.5.0-late":   above(errorRate("v2.5.0-late"), 0.03),
		"v2.5.0-flaky":  above(errorRate("v2.5.0-flaky"), 0.02),
		"v2.5.0-coarse": s.between(p95("v2.5.0-coarse"), 0.099, 0.1001),
		"v2.5.0-flawless": func() error {
			if err := s.between(`sum(rate(http_requests_total{version="v2.5.0-flawless"}[10s]))`, 1000, 13000)(); err != nil {
				return err
			}
			failed, err := s.get("/api/v1/query?" + url.Values{"query": {`http_requests_total{version="v2.5.0-flawless",code=~"5.."} or gateway_errors_total{version="v2.5.0-flawless"}`}}.Encode())
			if err == nil && len(failed) > 0 {
				t.Errorf("a flawless version has %d series of errors", len(failed))
			}
			return err
		},
		"v2.5.0-missing": state("v2.5.0-missing", waits("ImagePullBackOff")),
		"v2.5.0-crash": state("v2.5.0-crash", func(c corev1.ContainerStatus) bool {
			return waits("CrashLoopBackOff")(c) && c.LastTerminationState.Terminated.ExitCode == 1 && c.RestartCount > 1
		}),
		"v2.5.0-leak": state("v2.5.0-leak", func(c corev1.ContainerStatus) bool {
			return c.LastTerminationState.Terminated != nil && c.LastTerminationState.Terminated.Reason == "OOMKilled"
		}),
		"v2.5.0-unready": func() error {
			events, err := client.CoreV1().Events(namespace).List(context.Background(), metav1.ListOptions{})
			if err != nil {
				return err
			}
			for _, p := range s.pods(client, "v2.5.0-unready") {
				for _, e := range events.Items {
					if e.InvolvedObject.Name == p.Name && e.Reason == "Unhealthy" && e.Count > 2 {
						return nil
					}
				}
			}
			return errors.New("no repeated Unhealthy event")
		},
	} {
		if err := s.setImage(client, tag); err != nil {
			t.Fatal(err)
		}
		s.eventually(tag, shows)
		if tag == "v2.5.0-crash" {
			pod := s.pods(client, tag)[0].Name
			data, err := client.CoreV1().Pods(namespace).GetLogs(pod, &corev1.PodLogOptions{Previous: true}).DoRaw(context.Background())
			if err != nil || !strings.HasSuffix(string(data), "no such host\n") {
				t.Errorf("log of the crash: %q, %v", data, err)
			}
		}
		s.release(client, "v2.4.0")
	}
	response, err := http.Get(s.endpoints["health-production"])
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if body, _ := io.ReadAll(response.Body); !strings.Contains(string(body), `"version":"v2.4.0"`) {
		t.Errorf("health answers %s", body)
	}
}

// parts pulls every part's plug once, and checks that a release works when all are back.
func (s *sandbox) parts(t *testing.T) {
	before := s.processes()
	for part, pid := range before {
		s.run("stop", part)
		if !gone(pid) {
			t.Errorf("%s still runs after its stop: process %d", part, pid)
		}
		s.run("start", part)
	}
	if after := s.processes(); len(before) != 8 || len(after) != len(before) {
		t.Errorf("%d parts ran, then %d, want 8", len(before), len(after))
	}
	s.release(s.as("kubeconfig"), "v2.6.0")
	s.eventually("scrapes", func() error {
		n, err := s.query(`sum(rate(http_requests_total{namespace="datahub-production",version="v2.6.0"}[20s]))`)
		if err == nil && n < 6000 {
			return fmt.Errorf("%v requests/s", n)
		}
		return err
	})
	if n, err := s.query(`count(count_over_time(http_requests_total{namespace="datahub-production",version="v2.4.0"}[1h]))`); err != nil || n == 0 {
		t.Errorf("Prometheus lost its data: %v, %v", n, err)
	}
}

func TestEnd(t *testing.T) {
	for name, end := range map[string]syscall.Signal{"interrupted": syscall.SIGINT, "killed": syscall.SIGKILL} {
		t.Run(name, func(t *testing.T) {
			s := up(t)
			pids := s.processes()
			s.process.Process.Signal(end)
			err := s.process.Wait()
			if end == syscall.SIGINT {
				if err != nil {
					t.Errorf("exit: %v", err)
				}
				if _, err := os.Stat(filepath.Join(s.dir, "ready")); err == nil {
					t.Error("ready is still there")
				}
			}
			for part, pid := range pids {
				s.eventually(part+" ends", func() error {
					if !gone(pid) {
						return fmt.Errorf("process %d is there", pid)
					}
					return nil
				})
			}
		})
	}
}
