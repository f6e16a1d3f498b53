package kube

import (
	"context"
	"errors"
	"net/http"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"datahub.io/slipway/release"
)

func expect(t *testing.T, out release.Outcome, kind release.OutcomeKind, words ...string) {
	t.Helper()
	if out.Kind != kind {
		t.Fatalf("outcome %q (%s), expected %q", out.Kind, out.Text, kind)
	}
	for _, word := range words {
		if !strings.Contains(out.Text, word) {
			t.Errorf("outcome says %q, expected it to name %q", out.Text, word)
		}
	}
	if out.ID != "1" || out.At.IsZero() {
		t.Errorf("outcome has ID %q and time %v", out.ID, out.At)
	}
}

// patching counts the patches that pass and calls before with each.
func patching(n *atomic.Int32, before func(n int32)) func(http.RoundTripper) http.RoundTripper {
	return func(next http.RoundTripper) http.RoundTripper {
		return roundTrip(func(r *http.Request) (*http.Response, error) {
			if r.Method == http.MethodPatch {
				before(n.Add(1))
			}
			return next.RoundTrip(r)
		})
	}
}

func TestSetImage(t *testing.T) {
	w := sandbox(t)
	d := w.deploy("gateway", "gateway:v1")
	c := w.client("gateway", nil)

	ch := of(d, release.SetImage)
	ch.Image = "gateway:v2"
	out := c.Apply(t.Context(), ch)
	expect(t, out, release.Accepted)
	after := w.get("gateway")
	if got := after.Spec.Template.Spec.Containers; got[0].Image != "envoy:v1" || got[1].Image != "gateway:v2" {
		t.Errorf("images are %s and %s", got[0].Image, got[1].Image)
	}
	if out.Generation != after.Generation || after.Generation != d.Generation+1 {
		t.Errorf("generation %d, outcome says %d, was %d", after.Generation, out.Generation, d.Generation)
	}
	if a := after.Annotations; a[changeCauseAnnotation] != ch.Cause || a["team"] != "api" {
		t.Errorf("annotations are %v", a)
	}
	if by := writer(after); by != "slipway" {
		t.Errorf("written by %q", by)
	}

	expect(t, c.Apply(t.Context(), ch), release.Moved, "generation 1 → 2", "image is now v2", "by slipway")
	ch.Generation = after.Generation
	expect(t, c.Apply(t.Context(), ch), release.Skipped, "image unchanged")
	ch.Container = "gatway"
	expect(t, c.Apply(t.Context(), ch), release.Denied, `no container "gatway"`, "proxy, gateway")
	ch.UID = "00000000-0000-4000-8000-000000000000"
	expect(t, c.Apply(t.Context(), ch), release.Moved, "deleted and created again")
	expect(t, w.client("nothing", nil).Apply(t.Context(), ch), release.Moved, "no longer exists")
	if now := w.get("gateway"); now.Generation != after.Generation {
		t.Errorf("a refused change made generation %d of %d", now.Generation, after.Generation)
	}
}

func TestSetImageOfBareDeployment(t *testing.T) {
	w := sandbox(t)
	d := w.deploy("gateway", "gateway:v1")
	// Without the controller's own annotation there is none at all for a moment.
	ch := of(d, release.SetImage)
	ch.Image = "not an image:"
	expect(t, w.client("gateway", nil).Apply(t.Context(), ch), release.Accepted) // the API server takes any text
	bare := d.DeepCopy()
	bare.Annotations = nil
	if ops := setCause(bare, "x"); len(ops) != 1 || ops[0].Path != "/metadata/annotations" {
		t.Errorf("operations %v", ops)
	}
}

func TestPauseAndResume(t *testing.T) {
	w := sandbox(t)
	d := w.deploy("gateway", "gateway:v1")
	c := w.client("gateway", nil)
	expect(t, c.Apply(t.Context(), of(d, release.SetResume)), release.Skipped, "is not paused")
	expect(t, c.Apply(t.Context(), of(d, release.SetPaused)), release.Accepted)
	d = w.settled("gateway")
	if !d.Spec.Paused {
		t.Fatal("not paused")
	}
	expect(t, c.Apply(t.Context(), of(d, release.SetPaused)), release.Skipped, "is already paused")
	expect(t, c.Apply(t.Context(), of(d, release.SetResume)), release.Accepted)
	if w.get("gateway").Spec.Paused {
		t.Fatal("still paused")
	}
}

// Status moves all the time during a rollout. That is nobody's change, and the
// patch is made again from what is there.
func TestStatusChurn(t *testing.T) {
	w := sandbox(t)
	d := w.deploy("gateway", "gateway:v1")
	churn := func() {
		now := w.get("gateway")
		now.Status.Conditions = append(now.Status.Conditions, appsv1.DeploymentCondition{
			Type: "Churn", Status: corev1.ConditionTrue, LastUpdateTime: metav1.Now(), Message: now.ResourceVersion,
		})
		now.Status.Conditions = now.Status.Conditions[len(now.Status.Conditions)-1:]
		if _, err := w.admin.AppsV1().Deployments(w.namespace).UpdateStatus(context.Background(), now, metav1.UpdateOptions{}); err != nil {
			t.Log(err) // the controller was faster: that is churn as well
		}
	}
	var n atomic.Int32
	c := w.client("gateway", patching(&n, func(n int32) {
		if n <= 3 {
			churn()
		}
	}))
	ch := of(d, release.SetImage)
	ch.Image = "gateway:v2"
	expect(t, c.Apply(t.Context(), ch), release.Accepted)
	if n.Load() < 4 {
		t.Errorf("%d patches, expected at least 4", n.Load())
	}
	if after := w.get("gateway"); after.Generation != d.Generation+1 {
		t.Errorf("generation %d of %d", after.Generation, d.Generation)
	}

	n.Store(-1000) // never ends
	ch.Generation, ch.Image = d.Generation+1, "gateway:v3"
	expect(t, c.Apply(t.Context(), ch), release.Denied, "nothing was done", "8 times")
	if got := w.get("gateway").Spec.Template.Spec.Containers[1].Image; got != "gateway:v2" {
		t.Errorf("image %s", got)
	}
}

func TestConcurrentChange(t *testing.T) {
	w := sandbox(t)
	d := w.deploy("gateway", "gateway:v1")
	var n atomic.Int32
	c := w.client("gateway", patching(&n, func(n int32) {
		if n == 1 {
			w.write("gateway", image("v9"))
		}
	}))
	ch := of(d, release.SetImage)
	ch.Image = "gateway:v2"
	expect(t, c.Apply(t.Context(), ch), release.Moved, "generation 1 → 2", "image is now v9", "by kubectl-edit")
	if got := w.get("gateway").Spec.Template.Spec.Containers[1].Image; got != "gateway:v9" {
		t.Errorf("image %s: somebody's change was overwritten", got)
	}
	if n.Load() != 1 {
		t.Errorf("%d patches", n.Load())
	}
}

// An answer that never comes is not known to be either, and is not tried again.
func TestLostAnswer(t *testing.T) {
	w := sandbox(t)
	d := w.deploy("gateway", "gateway:v1")
	var n atomic.Int32
	c := w.client("gateway", func(next http.RoundTripper) http.RoundTripper {
		return roundTrip(func(r *http.Request) (*http.Response, error) {
			answer, err := next.RoundTrip(r)
			if r.Method == http.MethodPatch && err == nil {
				n.Add(1)
				answer.Body.Close()
				return nil, errors.New("read: connection reset by peer")
			}
			return answer, err
		})
	})
	ch := of(d, release.SetImage)
	ch.Image = "gateway:v2"
	expect(t, c.Apply(t.Context(), ch), release.Lost, "connection reset by peer")
	if after := w.get("gateway"); after.Generation != d.Generation+1 || n.Load() != 1 {
		t.Errorf("generation %d of %d after %d patches", after.Generation, d.Generation, n.Load())
	}
}

func TestNothingSent(t *testing.T) {
	c := unreachable(t)
	out := c.Apply(t.Context(), release.Change{ID: "1", Kind: release.SetPaused})
	expect(t, out, release.Denied, "nothing was sent", "connection refused")
}

// A connection that is lost between reading and patching has sent nothing.
func TestNothingSentAfterReading(t *testing.T) {
	w := sandbox(t)
	d := w.deploy("gateway", "gateway:v1")
	refuse := unreachable(t)
	c := w.client("gateway", func(next http.RoundTripper) http.RoundTripper {
		return roundTrip(func(r *http.Request) (*http.Response, error) {
			if r.Method == http.MethodPatch {
				r = r.Clone(r.Context())
				r.URL.Host = strings.TrimPrefix(refuse.server, "https://")
				return refuse.http.Transport.RoundTrip(r)
			}
			return next.RoundTrip(r)
		})
	})
	expect(t, c.Apply(t.Context(), of(d, release.SetPaused)), release.Denied, "nothing was sent", "connection refused")
}

func TestForbiddenPatch(t *testing.T) {
	w := sandbox(t)
	c, err := Connect(Options{
		Kubeconfig: filepath.Join(w.dir, "viewer.kubeconfig"), Context: "production", Deployment: "datahub-gateway", Container: "gateway",
	})
	if err != nil {
		t.Fatal(err)
	}
	seen, err := c.Snapshot(t.Context())
	if err != nil || !seen.Found {
		t.Fatalf("found %v, %v", seen.Found, err)
	}
	out := c.Apply(t.Context(), release.Change{ID: "1", Kind: release.SetPaused, UID: seen.UID, Generation: seen.Generation})
	expect(t, out, release.Denied, "forbidden: patch deployments in namespace datahub-production", "deploy/rbac.yaml")
}
