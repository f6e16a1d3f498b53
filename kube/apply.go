package kube

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http/httptrace"
	"strings"
	"sync/atomic"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"datahub.io/slipway/release"
	"datahub.io/slipway/untrusted"
)

// applyTries bounds how often a patch is made again because the controller
// wrote status between reading and patching.
const applyTries = 8

// Apply performs one change of the Deployment, as one JSON patch, at most
// once. It reads the Deployment first, and what it read must still have the
// UID, the pod template and the pause that the change was decided on; the patch
// tests the resourceVersion it was made from, so that nothing can come between.
// Scaling in between, as an autoscaler does, is no obstacle.
//
// Changes of the canary's Deployment and of the traffic's weights are made in the
// same way, under the preconditions of [release.Operation]; the canary's is also
// created and deleted, each as one request.
//
// What could not be sent, or was refused, is Denied; what may have happened
// without an answer is Lost, and is not tried again. Apply takes as long as ctx
// lets it: give a patch more time than a read, for giving up early turns a slow
// success into an outcome that nobody knows.
func (c *Client) Apply(ctx context.Context, ch release.Change) release.Outcome {
	out := c.apply(ctx, ch)
	out.ID, out.At = ch.ID, time.Now()
	return out
}

func (c *Client) apply(ctx context.Context, ch release.Change) release.Outcome {
	switch do := ch.Do.(type) {
	case release.SetImage:
		return c.patchDeployment(ctx, subject{do.Guard, do.Container, do.Image, true}, func(d *appsv1.Deployment) ([]op, release.Outcome) {
			return setImage(d, do, ch.Cause)
		})
	case release.UndoTo:
		return c.patchDeployment(ctx, subject{do.Guard, do.Container, "", true}, func(d *appsv1.Deployment) ([]op, release.Outcome) {
			return c.undo(ctx, d, do, ch.Cause)
		})
	case release.PauseRollout:
		return c.patchDeployment(ctx, subject{Guard: do.Guard}, func(d *appsv1.Deployment) ([]op, release.Outcome) { return setPaused(d, true, ch.Cause) })
	case release.ResumeRollout:
		return c.patchDeployment(ctx, subject{Guard: do.Guard}, func(d *appsv1.Deployment) ([]op, release.Outcome) { return setPaused(d, false, ch.Cause) })
	case release.ScaleStable:
		return c.patchDeployment(ctx, subject{Guard: do.Guard}, scale(do.Scaling, ch.Cause))
	case release.ApplyCanary, release.ScaleCanary, release.DeleteCanary:
		return c.changeCanary(ctx, ch)
	case release.SetWeight:
		return c.setWeight(ctx, do)
	default:
		return denied("nothing was sent: %s is no change of the cluster", ch.Kind())
	}
}

// subject is what a patch is made for: the Deployment as it was decided on, and the
// container and image that matter. Where paused is true its pause matters as well.
type subject struct {
	release.Guard
	container, image string
	paused           bool
}

// planner makes the operations of a patch of d, or says why there is none to send.
type planner func(d *appsv1.Deployment) ([]op, release.Outcome)

// patchDeployment makes one change of the Deployment that exists.
func (c *Client) patchDeployment(ctx context.Context, of subject, plan planner) release.Outcome {
	return guarded("deployment "+c.deployment, func() look {
		d, err := c.get(ctx)
		if err != nil {
			return look{out: denied("nothing was sent: read deployment %s: %s", c.deployment, short(err))}
		}
		if moved, ok := movedSince(d, of, c.deployment); ok {
			return look{out: moved}
		}
		ops, out := plan(d)
		if len(ops) == 0 {
			return look{version: d.ResourceVersion, out: out}
		}
		patch, out := guardedPatch(d.ResourceVersion, ops)
		return look{version: d.ResourceVersion, patch: patch, out: out}
	}, func(patch []byte) (release.Outcome, bool, error) {
		after, sent, err := c.send(ctx, patch)
		if err != nil {
			return release.Outcome{}, sent, err
		}
		return release.Outcome{Kind: release.Accepted, Generation: after.Generation, Stored: stored(after, of.container), Text: accepted(after, of.container, of.image)}, true, nil
	})
}

// look is an object as it was read, and what that comes to.
type look struct {
	version string // its resourceVersion
	patch   []byte // tests that version first; nil: out says why there is none
	out     release.Outcome
}

// guarded reads an object and sends the patch that was made of it, again as long as
// only what the change does not depend on has moved in between. sent tells whether
// any of the patch may have left.
func guarded(name string, read func() look, send func(patch []byte) (out release.Outcome, sent bool, err error)) release.Outcome {
	var refused error
	for range applyTries {
		l := read()
		if l.patch == nil {
			return l.out
		}
		if refused != nil && refusedVersion(refused) == l.version {
			return denied("%s", short(refused)) // not the test on resourceVersion: that one held
		}
		out, sent, err := send(l.patch)
		switch {
		case err == nil:
			return out
		case apierrors.IsConflict(err), apierrors.IsInvalid(err):
			refused = &refusal422{version: l.version, err: err}
		default:
			return unanswered(err, sent)
		}
	}
	return denied("nothing was done: %s changed %d times while the patch was made; last: %s", name, applyTries, short(refused))
}

// send sends the patch. sent tells whether any of it may have left.
func (c *Client) send(ctx context.Context, patch []byte) (d *appsv1.Deployment, sent bool, err error) {
	ctx, connected := sending(ctx)
	d, err = c.kube.AppsV1().Deployments(c.namespace).Patch(ctx, c.deployment, types.JSONPatchType, patch,
		metav1.PatchOptions{FieldManager: fieldManager})
	if err == nil {
		c.wrote(d.ResourceVersion)
	}
	return d, connected.Load(), c.name(err, "patch", "deployments")
}

// sending tells of the one request with that context whether any of it may have
// left.
func sending(ctx context.Context) (context.Context, *atomic.Bool) {
	connected := &atomic.Bool{}
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GotConn: func(httptrace.GotConnInfo) { connected.Store(true) },
	}), connected
}

// unanswered sorts the errors that are not about the precondition. The API
// server's refusals are final; its own failures (5xx, timeouts) may come after
// the write, unless an admission webhook was what failed.
func unanswered(err error, sent bool) release.Outcome {
	var status apierrors.APIStatus
	answered := errors.As(err, &status)
	switch {
	case answered && status.Status().Code < 500:
		return denied("%s", short(err))
	case answered && strings.Contains(status.Status().Message, "failed calling webhook"):
		return denied("%s", short(err))
	case answered || sent:
		return release.Outcome{Kind: release.Lost, Text: "no answer to the patch: " + short(err)}
	default:
		return denied("nothing was sent: %s", short(err))
	}
}

// refusal422 is a patch that was refused as a conflict or as invalid, with the
// resourceVersion that it was made from.
type refusal422 struct {
	version string
	err     error
}

func (e *refusal422) Error() string { return e.err.Error() }
func (e *refusal422) Unwrap() error { return e.err }

func refusedVersion(err error) string {
	var r *refusal422
	if errors.As(err, &r) && apierrors.IsInvalid(r.err) {
		return r.version
	}
	return ""
}

// movedSince compares the precondition of a change with what is there now.
func movedSince(d *appsv1.Deployment, of subject, name string) (release.Outcome, bool) {
	moved := func(format string, args ...any) (release.Outcome, bool) { return movedOn(format, args...), true }
	switch {
	case d == nil:
		return moved("deployment %s no longer exists", name)
	case string(d.UID) != of.UID:
		return moved("deployment %s was deleted and created again", name)
	case flatten(&d.Spec.Template).Hash != of.Before:
		return moved("generation %d → %d: %s", of.Generation, d.Generation, present(d, of.container))
	case of.paused && d.Spec.Paused != of.Paused:
		return moved("it was paused or resumed meanwhile: %s", present(d, of.container))
	default:
		return release.Outcome{}, false
	}
}

// present says what the Deployment is now and who made it so: "image is now
// v2.5.1, by kubectl-set".
func present(d *appsv1.Deployment, container string) string {
	text := "image is now " + versionOrImage(&d.Spec.Template.Spec, container)
	if d.Spec.Paused {
		text += ", paused"
	}
	if who := writer(d); who != "" {
		text += ", by " + who
	}
	if cause := causeOf(d.Annotations, &d.Spec.Template, released(&d.Spec.Template.Spec, container)); cause != "" {
		text += fmt.Sprintf(" (%s)", cause)
	}
	return text
}

// versionOrImage is the version of the released container; the whole image
// where it has none.
func versionOrImage(spec *corev1.PodSpec, container string) string {
	image := imageOf(spec, released(spec, container))
	return cmp.Or(imageVersion(image), untrusted.Line(image, textBound))
}

// writer is the field manager that last wrote the pod template, to the second:
// managedFields knows no more.
func writer(d *appsv1.Deployment) string { return writerOf(d.ManagedFields, "f:template") }

// writerOf is the field manager that last wrote a field of that name.
func writerOf(fields []metav1.ManagedFieldsEntry, name string) string {
	var newest metav1.ManagedFieldsEntry
	for _, f := range fields {
		if f.Subresource == "status" || f.Time == nil || f.FieldsV1 == nil || !strings.Contains(f.FieldsV1.GetRawString(), `"`+name+`"`) {
			continue
		}
		if newest.Time == nil || !f.Time.Before(newest.Time) {
			newest = f
		}
	}
	return newest.Manager
}

// accepted says what came of a change, with what admission made of its image.
func accepted(d *appsv1.Deployment, container, image string) string {
	text := fmt.Sprintf("generation %d", d.Generation)
	if is := stored(d, container).Image; image != "" && is != image {
		text += ", stored as " + release.ShortImage(is)
	}
	return text
}

// stored is what the API server made of a change.
func stored(d *appsv1.Deployment, container string) release.Stored {
	spec := &d.Spec.Template.Spec
	return release.Stored{
		Image:    untrusted.Line(imageOf(spec, released(spec, container)), textBound),
		Template: flatten(&d.Spec.Template).Hash,
	}
}

func denied(format string, args ...any) release.Outcome {
	return release.Outcome{Kind: release.Denied, Text: untrusted.Line(fmt.Sprintf(format, args...), textBound)}
}

func movedOn(format string, args ...any) release.Outcome {
	return release.Outcome{Kind: release.Moved, Text: untrusted.Line(fmt.Sprintf(format, args...), textBound)}
}

func skipped(format string, args ...any) release.Outcome {
	return release.Outcome{Kind: release.Skipped, Text: untrusted.Line(fmt.Sprintf(format, args...), textBound)}
}
