package kube

import (
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/kubectl/pkg/cmd/util"
	"k8s.io/kubectl/pkg/polymorphichelpers"

	"datahub.io/slipway/release"
)

// TestUndoAgainstKubectl gives the same history to two Deployments and undoes
// one with kubectl's own code and the other with ours: the words, the template
// and the revision numbers afterwards must be the same.
func TestUndoAgainstKubectl(t *testing.T) {
	pause := func(d *appsv1.Deployment) { d.Spec.Paused = true }
	for _, test := range []struct {
		name     string
		history  []func(*appsv1.Deployment)
		revision int64
		kind     release.OutcomeKind
	}{
		{"previous", []func(*appsv1.Deployment){image("v2"), image("v3")}, 2, release.Accepted},
		{"chosen", []func(*appsv1.Deployment){image("v2"), image("v3")}, 1, release.Accepted},
		{"to the current one", []func(*appsv1.Deployment){image("v2")}, 2, release.Skipped},
		{"unknown revision", []func(*appsv1.Deployment){image("v2")}, 7, release.Denied},
		{"no earlier revision", nil, 2, release.Denied},
		{"paused", []func(*appsv1.Deployment){image("v2"), pause}, 1, release.Denied},
		{"renumbered by an undo", []func(*appsv1.Deployment){image("v2"), image("v1"), image("v3")}, 3, release.Accepted},
		{"revision that an undo has renumbered", []func(*appsv1.Deployment){image("v2"), image("v1")}, 1, release.Denied},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := sandbox(t)
			for _, name := range []string{"theirs", "ours"} {
				w.deploy(name, "gateway:v1")
				for _, f := range test.history {
					w.change(name, f)
				}
			}
			oracle, err := polymorphichelpers.RollbackerFor(schema.GroupKind{Group: "apps", Kind: "Deployment"}, w.admin)
			if err != nil {
				t.Fatal(err)
			}
			words, err := oracle.Rollback(w.get("theirs"), nil, test.revision, util.DryRunNone)
			if err != nil {
				words = err.Error()
			}

			d := w.get("ours")
			out := w.client("ours", nil).Apply(t.Context(), ordered(w.undoOf(d, test.revision)))
			if test.kind == release.Accepted {
				words = "generation" // kubectl says "rolled back"
			}
			expect(t, out, test.kind, replaceName(words))

			theirs, ours := w.settled("theirs"), w.settled("ours")
			if a, b := theirs.Annotations[revisionAnnotation], ours.Annotations[revisionAnnotation]; a != b {
				t.Errorf("revision %s, kubectl's is %s", b, a)
			}
			if a, b := versions(w, theirs), versions(w, ours); a != b {
				t.Errorf("history %s, kubectl's is %s", b, a)
			}
			if a, b := theirs.Spec.Template.Spec.Containers, ours.Spec.Template.Spec.Containers; a[1].Image != b[1].Image {
				t.Errorf("image %s, kubectl's is %s", b[1].Image, a[1].Image)
			}
			if ours.Annotations["team"] != "api" {
				t.Error("an unrelated annotation is gone")
			}
		})
	}
}

// replaceName makes kubectl's words about one Deployment words about the other.
func replaceName(words string) string { return strings.ReplaceAll(words, `"theirs"`, `"ours"`) }

// versions is the history of a Deployment: "4:v1 3:v3 2:v2".
func versions(w *world, d *appsv1.Deployment) string {
	var b strings.Builder
	for _, rs := range w.sets(d) {
		fmt.Fprintf(&b, "%d:%s ", revisionOf(rs), imageVersion(imageOf(&rs.Spec.Template.Spec, "gateway")))
	}
	return b.String()
}

func TestUndoPaused(t *testing.T) {
	w := sandbox(t)
	w.deploy("gateway", "gateway:v1")
	w.change("gateway", image("v2"))
	d := w.change("gateway", func(d *appsv1.Deployment) { d.Spec.Paused = true })
	ch := w.undoOf(d, 1)
	ch.Unpause = true
	expect(t, w.client("gateway", nil).Apply(t.Context(), ordered(ch)), release.Accepted)
	after := w.settled("gateway")
	if after.Spec.Paused || after.Spec.Template.Spec.Containers[1].Image != "gateway:v1" {
		t.Errorf("paused %v with %s", after.Spec.Paused, after.Spec.Template.Spec.Containers[1].Image)
	}
	if after.Annotations[changeCauseAnnotation] != ordered(ch).Cause {
		t.Errorf("change-cause %q", after.Annotations[changeCauseAnnotation])
	}
}

// What goes back is what was confirmed, or nothing does.
func TestUndoOfAnotherTemplate(t *testing.T) {
	w := sandbox(t)
	w.deploy("gateway", "gateway:v1")
	d := w.change("gateway", image("v2"))
	ch := w.undoOf(d, 1)
	ch.Template = flatten(&d.Spec.Template).Hash
	expect(t, w.client("gateway", nil).Apply(t.Context(), ordered(ch)), release.Moved, "revision 1 is no longer the template that was shown", "v1")
}

// An undo takes the ReplicaSets of the running Watch, and asks when it has none.
func TestUndoFromWatch(t *testing.T) {
	w := sandbox(t)
	w.deploy("gateway", "gateway:v1")
	d := w.change("gateway", image("v2"))
	var lists atomic.Int32
	c := w.client("gateway", func(next http.RoundTripper) http.RoundTripper {
		return roundTrip(func(r *http.Request) (*http.Response, error) {
			if strings.HasSuffix(r.URL.Path, "/replicasets") {
				lists.Add(1)
			}
			return next.RoundTrip(r)
		})
	})
	c.remember(&history{uid: d.UID, sets: w.sets(d)})
	expect(t, c.Apply(t.Context(), ordered(w.undoOf(d, 1))), release.Accepted)
	if lists.Load() != 0 {
		t.Errorf("%d lists of what was known", lists.Load())
	}
	d = w.settled("gateway")
	c.remember(&history{uid: d.UID}) // knows less than there is
	expect(t, c.Apply(t.Context(), ordered(w.undoOf(d, 2))), release.Accepted)
	if lists.Load() != 1 {
		t.Errorf("%d lists of what was not known", lists.Load())
	}
}
