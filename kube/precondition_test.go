package kube

import (
	"context"
	"sync/atomic"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"datahub.io/slipway/release"
)

func TestConcurrentChange(t *testing.T) {
	w := sandbox(t)
	d := w.deploy("gateway", "gateway:v1")
	var n atomic.Int32
	c := w.client("gateway", patching(&n, func(n int32) {
		if n == 1 {
			w.write("gateway", image("v9"))
		}
	}))
	ch := release.SetImage{Guard: guardOf(d), Container: "gateway"}
	ch.Image = "gateway:v2"
	expect(t, c.Apply(t.Context(), ordered(ch)), release.Moved, "generation 1 → 2", "image is now v9", "by kubectl-edit")
	if got := w.get("gateway").Spec.Template.Spec.Containers[1].Image; got != "gateway:v9" {
		t.Errorf("image %s: somebody's change was overwritten", got)
	}
	if n.Load() != 1 {
		t.Errorf("%d patches", n.Load())
	}
}

// An autoscaler moves the generation, and is no reason to refuse an undo.
func TestScaledMeanwhile(t *testing.T) {
	w := sandbox(t)
	w.deploy("gateway", "gateway:v1")
	d := w.change("gateway", image("v2"))
	scale := func(replicas int32) {
		w.write("gateway", func(d *appsv1.Deployment) { d.Spec.Replicas = &replicas })
	}
	ch := w.undoOf(d, 1)
	scale(2)
	var n atomic.Int32
	c := w.client("gateway", patching(&n, func(n int32) {
		if n == 1 { // and once more between reading and patching
			scale(3)
		}
	}))
	out := c.Apply(t.Context(), ordered(ch))
	expect(t, out, release.Accepted)
	after := w.get("gateway")
	if got := after.Spec.Template.Spec.Containers[1].Image; got != "gateway:v1" || *after.Spec.Replicas != 3 {
		t.Errorf("%d replicas of %s", *after.Spec.Replicas, got)
	}
	if out.Generation != d.Generation+3 {
		t.Errorf("generation %d of %d", out.Generation, d.Generation)
	}
}

// A rollout that somebody paused or resumed is not the one that was confirmed.
func TestPausedMeanwhile(t *testing.T) {
	w := sandbox(t)
	w.deploy("gateway", "gateway:v1")
	looked := w.change("gateway", image("v2"))
	paused := w.change("gateway", func(d *appsv1.Deployment) { d.Spec.Paused = true })
	c := w.client("gateway", nil)
	set := release.SetImage{Guard: guardOf(looked), Container: "gateway"}
	set.Image = "gateway:v3"
	expect(t, c.Apply(t.Context(), ordered(set)), release.Moved, "paused or resumed meanwhile", "image is now v2, paused", "by kubectl-edit")
	expect(t, c.Apply(t.Context(), ordered(w.undoOf(looked, 1))), release.Moved, "paused or resumed meanwhile")

	w.change("gateway", func(d *appsv1.Deployment) { d.Spec.Paused = false })
	resume := w.undoOf(paused, 1)
	resume.Unpause = true
	expect(t, c.Apply(t.Context(), ordered(resume)), release.Moved, "paused or resumed meanwhile")
	if got := w.get("gateway").Spec.Template.Spec.Containers[1].Image; got != "gateway:v2" {
		t.Errorf("image %s", got)
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
	ch := release.SetImage{Guard: guardOf(d), Container: "gateway"}
	ch.Image = "gateway:v2"
	expect(t, c.Apply(t.Context(), ordered(ch)), release.Accepted)
	if n.Load() < 4 {
		t.Errorf("%d patches, expected at least 4", n.Load())
	}
	if after := w.get("gateway"); after.Generation != d.Generation+1 {
		t.Errorf("generation %d of %d", after.Generation, d.Generation)
	}

	n.Store(-1000) // never ends
	ch = release.SetImage{Guard: guardOf(w.get("gateway")), Container: "gateway"}
	ch.Image = "gateway:v3"
	expect(t, c.Apply(t.Context(), ordered(ch)), release.Denied, "nothing was done", "8 times")
	if got := w.get("gateway").Spec.Template.Spec.Containers[1].Image; got != "gateway:v2" {
		t.Errorf("image %s", got)
	}
}
