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

	ch := release.SetImage{Guard: guardOf(d), Container: "gateway"}
	ch.Image = "gateway:v2"
	out := c.Apply(t.Context(), ordered(ch))
	expect(t, out, release.Accepted)
	after := w.get("gateway")
	if got := after.Spec.Template.Spec.Containers; got[0].Image != "envoy:v1" || got[1].Image != "gateway:v2" {
		t.Errorf("images are %s and %s", got[0].Image, got[1].Image)
	}
	if out.Generation != after.Generation || after.Generation != d.Generation+1 {
		t.Errorf("generation %d, outcome says %d, was %d", after.Generation, out.Generation, d.Generation)
	}
	if a := after.Annotations; a[changeCauseAnnotation] != ordered(ch).Cause || a["team"] != "api" {
		t.Errorf("annotations are %v", a)
	}
	if by := writer(after); by != "slipway" {
		t.Errorf("written by %q", by)
	}

	expect(t, c.Apply(t.Context(), ordered(ch)), release.Moved, "generation 1 → 2", "image is now v2", "by slipway")
	again := release.SetImage{Guard: guardOf(after), Container: "gateway"}
	again.Image = ch.Image
	ch = again
	expect(t, c.Apply(t.Context(), ordered(ch)), release.Skipped, "image unchanged")
	ch.Container = "gatway"
	expect(t, c.Apply(t.Context(), ordered(ch)), release.Denied, `no container "gatway"`, "proxy, gateway")
	ch.UID = "00000000-0000-4000-8000-000000000000"
	expect(t, c.Apply(t.Context(), ordered(ch)), release.Moved, "deleted and created again")
	expect(t, w.client("nothing", nil).Apply(t.Context(), ordered(ch)), release.Moved, "no longer exists")
	if now := w.get("gateway"); now.Generation != after.Generation {
		t.Errorf("a refused change made generation %d of %d", now.Generation, after.Generation)
	}
}

func TestSetImageOfBareDeployment(t *testing.T) {
	w := sandbox(t)
	d := w.deploy("gateway", "gateway:v1")
	// Without the controller's own annotation there is none at all for a moment.
	ch := release.SetImage{Guard: guardOf(d), Container: "gateway"}
	ch.Image = "not an image:"
	expect(t, w.client("gateway", nil).Apply(t.Context(), ordered(ch)), release.Accepted) // the API server takes any text
	bare := d.DeepCopy()
	bare.Annotations = nil
	if ops := setCause(bare, "x", nil, ""); len(ops) != 1 || ops[0].Path != "/metadata/annotations" {
		t.Errorf("operations %v", ops)
	}
}

func TestPauseAndResume(t *testing.T) {
	w := sandbox(t)
	d := w.deploy("gateway", "gateway:v1")
	c := w.client("gateway", nil)
	expect(t, c.Apply(t.Context(), ordered(release.ResumeRollout{Guard: guardOf(d)})), release.Skipped, "is not paused")
	expect(t, c.Apply(t.Context(), ordered(release.PauseRollout{Guard: guardOf(d)})), release.Accepted)
	d = w.settled("gateway")
	if !d.Spec.Paused {
		t.Fatal("not paused")
	}
	expect(t, c.Apply(t.Context(), ordered(release.PauseRollout{Guard: guardOf(d)})), release.Skipped, "is already paused")
	expect(t, c.Apply(t.Context(), ordered(release.ResumeRollout{Guard: guardOf(d)})), release.Accepted)
	if w.get("gateway").Spec.Paused {
		t.Fatal("still paused")
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
	ch := release.SetImage{Guard: guardOf(d), Container: "gateway"}
	ch.Image = "gateway:v2"
	expect(t, c.Apply(t.Context(), ordered(ch)), release.Lost, "connection reset by peer")
	if after := w.get("gateway"); after.Generation != d.Generation+1 || n.Load() != 1 {
		t.Errorf("generation %d of %d after %d patches", after.Generation, d.Generation, n.Load())
	}
}

// The caller's context ends the wait for an answer: whether it was done is then
// not known.
func TestContextEndsPatch(t *testing.T) {
	w := sandbox(t)
	d := w.deploy("gateway", "gateway:v1")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	c := w.client("gateway", func(next http.RoundTripper) http.RoundTripper {
		return roundTrip(func(r *http.Request) (*http.Response, error) {
			answer, err := next.RoundTrip(r)
			if r.Method == http.MethodPatch && err == nil {
				answer.Body.Close()
				cancel()
				<-r.Context().Done()
				return nil, r.Context().Err()
			}
			return answer, err
		})
	})
	ch := release.SetImage{Guard: guardOf(d), Container: "gateway"}
	ch.Image = "gateway:v2"
	expect(t, c.Apply(ctx, ordered(ch)), release.Lost, "no answer to the patch")
}

func TestNothingSent(t *testing.T) {
	c := unreachable(t)
	out := c.Apply(t.Context(), ordered(release.PauseRollout{}))
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
	expect(t, c.Apply(t.Context(), ordered(release.PauseRollout{Guard: guardOf(d)})), release.Denied, "nothing was sent", "connection refused")
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
	out := c.Apply(t.Context(), ordered(release.PauseRollout{Guard: release.Guard{UID: seen.UID, Before: seen.Template.Hash, Paused: seen.Paused}}))
	expect(t, out, release.Denied, "forbidden: patch deployments in namespace datahub-production", "deploy/rbac.yaml")
}

// Admission may add to what was sent: the outcome says what was stored.
func TestAcceptedSaysWhatWasStored(t *testing.T) {
	d := &appsv1.Deployment{}
	d.Generation = 8
	d.Spec.Template.Spec.Containers = []corev1.Container{{Name: "proxy", Image: "envoy:v1"}, {Name: "gateway", Image: "mirror.corp/x/gw:v2.5.0@sha256:0123456789"}}
	ch := release.SetImage{Container: "gateway", Image: "ghcr.io/x/gw:v2.5.0"}
	got := stored(d, ch.Container)
	if got.Image != "mirror.corp/x/gw:v2.5.0@sha256:0123456789" || got.Template != flatten(&d.Spec.Template).Hash {
		t.Errorf("stored %+v", got)
	}
	if text := accepted(d, ch.Container, ch.Image); text != "generation 8, stored as …/gw:v2.5.0@sha256:0123…" {
		t.Error(text)
	}
	ch.Image = got.Image
	if text := accepted(d, ch.Container, ch.Image); text != "generation 8" {
		t.Error(text)
	}
}
