package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// TestOthers disturbs a sandbox's traffic, its metrics and its objects.
func TestOthers(t *testing.T) {
	s := up(t, "--speed", "10", "--deadline", "30s")
	t.Run("traffic", func(t *testing.T) { s.on(t).disturbed(t) })
	t.Run("lag", func(t *testing.T) { s.on(t).lag(t) })
	t.Run("prometheus", func(t *testing.T) { s.on(t).faults(t) })
	t.Run("people", func(t *testing.T) { s.on(t).people(t) })
	t.Run("routes", func(t *testing.T) { s.on(t).secondRoutes(t) })
	t.Run("controller", func(t *testing.T) { s.on(t).controller(t) })
}

// between is an error unless a query's value is between two others.
func (s *sandbox) between(query string, low, high float64) func() error {
	return func() error {
		v, err := s.query(query)
		if err == nil && (v < low || v > high) {
			err = fmt.Errorf("%s is %v, want %v to %v", query, v, low, high)
		}
		return err
	}
}

// failing waits until a share of an environment's requests fails, counted anew each time that it is looked at.
func (s *sandbox) failing(environment string, low, high float64) {
	s.t.Helper()
	s.requests("--reset")
	s.eventually("requests to "+environment+" that fail", func() error {
		time.Sleep(2 * time.Second) // is counted
		n := s.requests("--reset")[environment]
		if share := float64(n.Failed) / float64(n.Total); n.Total == 0 || share < low || share > high {
			return fmt.Errorf("%d of %d, want %v to %v of them", n.Failed, n.Total, low, high)
		}
		return nil
	})
}

func (s *sandbox) disturbed(t *testing.T) {
	rate := func(environment string) string {
		return fmt.Sprintf(`sum(rate(http_requests_total{namespace="datahub-%s"}[20s]))`, environment)
	}
	s.eventually("a quiet environment", s.between(rate("quiet"), 4, 6))
	s.run("load", "staging", "5")
	s.eventually("staging is quiet", s.between(rate("staging"), 4, 6))
	s.run("load", "staging")
	s.eventually("staging is as busy as ever", s.between(rate("staging"), 500, 700))

	s.requests("--reset")
	s.run("burst", "quiet", "--errors", "50%", "--for", "10s")
	s.run("burst", "production", "--errors", "5%", "--for", "10s", "--version", "v9.9.9")
	s.eventually("a burst", func() error {
		if n := s.requests()["quiet"]; n.Total < 75 { // 15 seconds
			return fmt.Errorf("%d of %d requests failed", n.Failed, n.Total)
		}
		return nil
	})
	if n := s.requests()["quiet"].Failed; n < 20 || n > 30 {
		t.Errorf("%d requests failed in the burst, want half of 50", n)
	}
	if n := s.requests()["production"].Failed; n != 0 {
		t.Errorf("%d requests of another version failed", n)
	}
	s.eventually("the errors that pods count", s.between(`sum(gateway_errors_total{namespace="datahub-quiet"})`, 20, 60))
}

// lag gives all traffic to a canary without pods: what the data plane does shows at once in what fails.
func (s *sandbox) lag(t *testing.T) {
	const by = 5 * time.Second
	s.run("lag", "canary", by.String())
	s.requests("--reset")
	began := time.Now()
	s.run("meddle", "weight", "canary", "--canary", "100")
	s.eventually("the data plane follows", func() error {
		if s.requests()["canary"].Failed == 0 {
			return errors.New("no request fails")
		}
		return nil
	})
	if after := time.Since(began); after < by || after > by+5*time.Second {
		t.Errorf("it followed after %s, want %s", after, by)
	}
	s.run("lag", "canary", "0s")
	s.run("meddle", "revert", "canary", "--on", "route")
	s.failing("canary", 0, 0)
}

func (s *sandbox) faults(t *testing.T) {
	ask := func(environment string) (int, string, error) {
		query := url.Values{"query": {fmt.Sprintf(`sum(http_requests_total{namespace="datahub-%s"})`, environment)}}
		response, err := http.PostForm(s.endpoints["prometheus"]+"/api/v1/query", query)
		if err != nil {
			return 0, "", err
		}
		defer response.Body.Close()
		body, err := io.ReadAll(io.LimitReader(response.Body, 100<<20))
		return response.StatusCode, string(body), err
	}
	good := func(body string) bool {
		var answer struct {
			Status string
			Data   struct{ Result []any }
		}
		return json.Unmarshal([]byte(body), &answer) == nil && answer.Status == "success" && len(answer.Data.Result) == 1
	}
	for _, c := range []struct {
		flags []string
		is    func(status int, body string, err error) bool
	}{
		{[]string{"--status", "401"}, func(status int, _ string, err error) bool { return status == 401 && err == nil }},
		{[]string{"--header", "X-Scope-OrgID=team-a"}, func(status int, _ string, err error) bool { return status == 401 && err == nil }},
		{[]string{"--basic-auth", "u:p"}, func(status int, _ string, err error) bool { return status == 401 && err == nil }},
		{[]string{"--cut"}, func(_ int, _ string, err error) bool { return errors.Is(err, io.ErrUnexpectedEOF) }},
		{[]string{"--flood", "endless"}, func(_ int, body string, err error) bool { return len(body) == 100<<20 && err == nil }},
		{[]string{"--warnings"}, func(status int, body string, err error) bool {
			return status == 200 && err == nil && good(body) && strings.Contains(body, `"warnings":[`)
		}},
	} {
		if says := s.run(append([]string{"prometheus", "--env", "quiet"}, c.flags...)...); !strings.HasPrefix(says, "datahub-quiet: ") {
			t.Errorf("%v: says %s", c.flags, says)
		}
		if status, body, err := ask("quiet"); !c.is(status, body, err) {
			t.Errorf("%v: %d %.200s (%d bytes), %v", c.flags, status, body, len(body), err)
		}
		if status, body, err := ask("staging"); status != 200 || err != nil || !good(body) {
			t.Errorf("%v: staging is answered %d %.200s, %v", c.flags, status, body, err)
		}
	}
	s.run("prometheus", "--delay", "1s")
	began := time.Now()
	if status, body, err := ask("staging"); status != 200 || err != nil || !good(body) || time.Since(began) < time.Second {
		t.Errorf("a slow answer after %s: %d %.200s, %v", time.Since(began), status, body, err)
	}
	if says := s.run("prometheus", "--reset"); says != "no faults\n" {
		t.Errorf("says %s", says)
	}
	if status, body, err := ask("quiet"); status != 200 || err != nil || !good(body) || strings.Contains(body, "warnings") {
		t.Errorf("without faults: %d %.200s, %v", status, body, err)
	}
}

// refused runs the sandbox's command line on this sandbox, which refuses it, and returns what it says.
func (s *sandbox) refused(args ...string) string {
	s.t.Helper()
	out, err := exec.Command(os.Getenv("SANDBOX_BIN"), append(args, "--dir", s.dir)...).CombinedOutput()
	if err == nil {
		s.t.Errorf("sandbox %s is not refused: %s", strings.Join(args, " "), out)
	}
	return string(out)
}

func (s *sandbox) staging() *appsv1.Deployment {
	s.t.Helper()
	d, err := s.as("kubeconfig").AppsV1().Deployments("datahub-staging").Get(context.Background(), deployment, metav1.GetOptions{})
	if err != nil {
		s.t.Fatal(err)
	}
	return d
}

// observed waits until the controller has made a revision of what staging runs.
func (s *sandbox) observed() {
	s.t.Helper()
	s.eventually("a revision", func() error {
		if d := s.staging(); d.Status.ObservedGeneration < d.Generation {
			return fmt.Errorf("generation %d of %d is observed", d.Status.ObservedGeneration, d.Generation)
		}
		return nil
	})
}

// managed tells whether a field manager has changed an object.
func managed(o metav1.Object, manager string) bool {
	return slices.ContainsFunc(o.GetManagedFields(), func(f metav1.ManagedFieldsEntry) bool { return f.Manager == manager })
}

func (s *sandbox) people(t *testing.T) {
	began := s.staging()
	s.run("meddle", "restart", "staging")
	s.run("meddle", "patch", "staging", "--set", "LOG_LEVEL=trace", "--manager", "reloader")
	s.observed()
	d := s.staging()
	if !managed(d, "kubectl-rollout") || !managed(d, "reloader") || d.Generation != began.Generation+2 {
		t.Errorf("generation %d, was %d; managed by %+v", d.Generation, began.Generation, d.ManagedFields)
	}
	s.run("meddle", "hotfix", "staging", "--version", "v2.4.7")
	s.observed()
	if d := s.staging(); d.Spec.Template.Spec.Containers[0].Image != image+":v2.4.7" || !managed(d, "kubectl-set") {
		t.Errorf("it runs %s", d.Spec.Template.Spec.Containers[0].Image)
	}
	s.run("meddle", "revert", "staging")
	if d := s.staging(); d.Spec.Template.Spec.Containers[0].Image != image+":v2.4.0" || d.Spec.Template.Spec.Containers[0].Env[0].Value != "trace" {
		t.Errorf("after the revert it runs %+v", d.Spec.Template.Spec.Containers[0])
	}
	s.run("meddle", "scale", "staging", "--replicas", "3")
	if d := s.staging(); *d.Spec.Replicas != 3 {
		t.Errorf("%d replicas", *d.Spec.Replicas)
	}
	if said := s.refused("meddle", "delete", "canary", "--on", "stable"); !strings.Contains(said, "forbidden") {
		t.Errorf("eng-b deletes stable: %s", said)
	}
	if said := s.refused("meddle", "hotfix", "canary", "--on", "canary"); !strings.Contains(said, "not found") {
		t.Errorf("eng-b changes a canary that is not there: %s", said)
	}
}

// secondRoutes opens each second way to a canary without pods: what takes it fails.
func (s *sandbox) secondRoutes(t *testing.T) {
	for _, environment := range []string{"canary", "routes"} {
		for way, share := range map[string]float64{"header": 0.02, "path": 0, "object": 0.01} {
			t.Run(environment+" "+way, func(t *testing.T) {
				s := s.on(t)
				s.run("meddle", "route", environment, "--by", way)
				s.failing(environment, 0.9*share, 1.1*share)
				s.run("meddle", "route", environment, "--by", way, "--undo")
				s.failing(environment, 0, 0)
			})
		}
	}
}

// controller has a controller put stable and a route back, and ends it.
func (s *sandbox) controller(t *testing.T) {
	const after = time.Second
	s.run("meddle", "revert", "staging", "--after", after.String())
	s.run("meddle", "revert", "routes", "--on", "route", "--after", after.String())
	kept := s.staging().Spec.Template.Spec.Containers[0].Image
	for _, version := range []string{"v2.4.8", "v2.4.9"} {
		began := time.Now()
		s.run("meddle", "hotfix", "staging", "--version", version)
		s.eventually(version+" is put back", func() error {
			if now := s.staging().Spec.Template.Spec.Containers[0].Image; now != kept {
				return fmt.Errorf("it runs %s", now)
			}
			return nil
		})
		if took := time.Since(began); took < after {
			t.Errorf("%s was put back after %s", version, took)
		}
	}
	if !managed(s.staging(), "argocd-controller") {
		t.Errorf("managed by %+v", s.staging().ManagedFields)
	}
	s.requests("--reset")
	s.run("meddle", "weight", "routes", "--canary", "100")
	s.eventually("the weight is felt", func() error {
		if s.requests()["routes"].Failed == 0 {
			return errors.New("no request fails")
		}
		return nil
	})
	s.failing("routes", 0, 0)
	s.run("meddle", "revert", "--stop")
	if said := s.refused("meddle", "revert", "--stop"); !strings.Contains(said, "no such controller") {
		t.Errorf("stopped twice: %s", said)
	}
	s.run("meddle", "hotfix", "staging", "--version", "v2.4.8")
	time.Sleep(3 * after) // in which it would be put back
	if now := s.staging().Spec.Template.Spec.Containers[0].Image; now != image+":v2.4.8" {
		t.Errorf("after the controller's end it runs %s", now)
	}
}
