package kube

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"datahub.io/slipway/release"
)

// noCanary refuses a change of what is not configured, or is configured otherwise by now.
func (c *Client) noCanary(kind release.OpKind, decided, object string) (release.Outcome, bool) {
	switch {
	case c.canary == nil || object == "":
		return denied("nothing was sent: %s needs a canary, and none is configured", kind), true
	case decided != "" && decided != object:
		return denied("nothing was sent: %s was decided on %s, and %s is configured now", kind, decided, object), true
	}
	return release.Outcome{}, false
}

// changeCanary makes one change of the canary's Deployment.
func (c *Client) changeCanary(ctx context.Context, ch release.Change) release.Outcome {
	object := ""
	if c.canary != nil {
		object = "deployment/" + c.canary.Deployment
	}
	refuse := func(guard release.Guard, ends bool, routes []string) (release.Outcome, bool) {
		if out, refused := c.noCanary(ch.Kind(), guard.Object, object); refused || !ends {
			return out, refused
		}
		return c.stillRouted(ctx, routes)
	}
	switch do := ch.Do.(type) {
	case release.ScaleCanary:
		if out, refused := refuse(do.Guard, do.Replicas == 0, do.Routes); refused {
			return out
		}
		return c.second.patchDeployment(ctx, subject{Guard: do.Guard}, scale(do.Scaling, ch.Cause))
	case release.DeleteCanary:
		if out, refused := refuse(do.Guard, true, do.Routes); refused {
			return out
		}
		return c.second.remove(ctx, do)
	case release.ApplyCanary:
		if out, refused := refuse(do.Guard, false, nil); refused {
			return out
		}
		return c.applyCanary(ctx, do, ch.Cause)
	default:
		return denied("nothing was sent: %s is no change of a canary", ch.Kind())
	}
}

// applyCanary makes the canary's Deployment, or brings the one that is there to it.
func (c *Client) applyCanary(ctx context.Context, do release.ApplyCanary, cause string) release.Outcome {
	wanted, out, ok := c.wanted(ctx, do, cause)
	switch {
	case !ok:
		return out
	case do.UID == "":
		return c.second.create(ctx, wanted, do)
	}
	return c.second.patchDeployment(ctx, subject{Guard: do.Guard, container: do.Container, image: do.Image}, func(d *appsv1.Deployment) ([]op, release.Outcome) {
		return renew(d, wanted, do.Container, cause)
	})
}

// wanted is the canary's Deployment as the change wants it; ok is false where out
// says why it cannot be made.
func (c *Client) wanted(ctx context.Context, do release.ApplyCanary, cause string) (d *appsv1.Deployment, out release.Outcome, ok bool) {
	if do.Image == "" {
		return nil, denied("nothing was sent: no image is named for deployment %s", c.canary.Deployment), false
	}
	stable, err := c.get(ctx)
	if err != nil {
		return nil, denied("nothing was sent: read deployment %s: %s", c.deployment, short(err)), false
	}
	d, err = c.blueprint(ctx, stable)
	if err == nil && do.UID == "" && c.canary.Traffic.Kind == "" {
		err = c.reached(ctx, stable, d)
	}
	if err != nil {
		return nil, denied("nothing was sent: make deployment %s: %s", c.canary.Deployment, short(err)), false
	}
	if do.Revision != 0 {
		if out, ok := c.wear(ctx, d, stable, do); !ok {
			return nil, out, false
		}
	}
	container := released(&d.Spec.Template.Spec, cmp.Or(do.Container, c.container))
	if !dress(d, do, container, cause) {
		return nil, denied("nothing was sent: deployment %s would not have all of the containers %s; it would have %s", d.Name, strings.Join(append([]string{container}, do.Also...), ", "), strings.Join(containerNames(d), ", ")), false
	}
	return d, release.Outcome{}, true
}

// wear gives a blueprint the pods of a revision of stable, which must still be what
// was shown; the labels stay the canary's.
func (c *Client) wear(ctx context.Context, d, stable *appsv1.Deployment, do release.ApplyCanary) (out release.Outcome, ok bool) {
	if stable == nil {
		return denied("nothing was sent: deployment %s does not exist", c.deployment), false
	}
	sets, err := c.replicaSets(ctx, stable, do.Revision, do.Template)
	if err != nil {
		return denied("nothing was sent: read the revisions of deployment %s: %s", stable.Name, short(err)), false
	}
	rs, out, ok := shownRevision(stable, sets, do.Revision, do.Template, do.Container)
	if ok {
		d.Spec.Template.Spec = *rs.Spec.Template.Spec.DeepCopy()
		d.Spec.Template.Annotations = maps.Clone(rs.Spec.Template.Annotations)
	}
	return out, ok
}

// create creates the canary's Deployment, which must not exist.
func (c *Client) create(ctx context.Context, wanted *appsv1.Deployment, do release.ApplyCanary) release.Outcome {
	now, err := c.get(ctx)
	switch {
	case err != nil:
		return denied("nothing was sent: read deployment %s: %s", c.deployment, short(err))
	case now != nil:
		return movedOn("deployment %s exists already: %s", c.deployment, present(now, c.container))
	}
	ctx, sent := sending(ctx)
	after, err := c.kube.AppsV1().Deployments(c.namespace).Create(ctx, wanted, metav1.CreateOptions{FieldManager: fieldManager})
	switch {
	case err == nil:
		c.wrote(after.ResourceVersion)
		return release.Outcome{Kind: release.Accepted, Generation: after.Generation, Stored: stored(after, do.Container), Text: fmt.Sprintf("deployment %s created, %s", after.Name, accepted(after, do.Container, do.Image))}
	case apierrors.IsAlreadyExists(err):
		return c.whose(ctx, wanted)
	}
	return unanswered(c.name(err, "create", "deployments"), sent.Load())
}

// whose tells a Deployment that came between looking and creating. The Kubernetes
// client repeats a creation that the API server asks it to repeat: what looks like
// the one that was asked for may be it.
func (c *Client) whose(ctx context.Context, wanted *appsv1.Deployment) release.Outcome {
	now, err := c.get(ctx)
	cause := wanted.Annotations[changeCauseAnnotation]
	if err != nil || now == nil || writer(now) == fieldManager && now.Annotations[changeCauseAnnotation] == cause {
		return release.Outcome{Kind: release.Lost, Text: fmt.Sprintf("deployment %s came while it was created, perhaps by this", c.deployment)}
	}
	return movedOn("deployment %s was created meanwhile: %s", c.deployment, present(now, c.container))
}

// renew brings a canary that exists to what would be created: pod template,
// replicas, not paused. Its selector cannot be changed.
func renew(d, wanted *appsv1.Deployment, container, cause string) ([]op, release.Outcome) {
	if !equality.Semantic.DeepEqual(d.Spec.Selector, wanted.Spec.Selector) {
		return nil, denied("deployment %s selects %s and would have to select %s, which cannot be changed: delete it first, kubectl delete deployment %s",
			d.Name, metav1.FormatLabelSelector(d.Spec.Selector), metav1.FormatLabelSelector(wanted.Spec.Selector), d.Name)
	}
	same := flatten(&d.Spec.Template).Hash == flatten(&wanted.Spec.Template).Hash
	if same && !d.Spec.Paused && d.Spec.Replicas != nil && *d.Spec.Replicas == *wanted.Spec.Replicas {
		return nil, skipped("deployment %s is so already: %d replicas of %s", d.Name, *d.Spec.Replicas, versionOrImage(&d.Spec.Template.Spec, container))
	}
	ops := []op{{Op: "add", Path: "/spec/replicas", Value: wanted.Spec.Replicas}}
	if !same {
		ops = append(ops, op{Op: "replace", Path: "/spec/template", Value: &wanted.Spec.Template})
	}
	if d.Spec.Paused {
		ops = append(ops, pausing(false)...)
	}
	return slices.Concat(ops, setCause(d, cause, nil, ""), setManaged(d)), release.Outcome{}
}

// setManaged says that slipway manages a Deployment of which nothing says who does.
func setManaged(d *appsv1.Deployment) []op {
	switch {
	case d.Labels[managedByLabel] != "":
		return nil
	case len(d.Labels) == 0:
		return []op{{Op: "add", Path: "/metadata/labels", Value: map[string]string{managedByLabel: managedBy}}}
	default:
		return []op{{Op: "add", Path: "/metadata/labels/" + strings.ReplaceAll(managedByLabel, "/", "~1"), Value: managedBy}}
	}
}

// scale plans another number of replicas.
func scale(do release.Scaling, cause string) planner {
	return func(d *appsv1.Deployment) ([]op, release.Outcome) {
		now := 1 // the API's default
		if d.Spec.Replicas != nil {
			now = int(*d.Spec.Replicas)
		}
		switch {
		case do.Replicas < 0:
			return nil, denied("nothing was sent: %d replicas of deployment %s; 0 or more are accepted", do.Replicas, d.Name)
		case now == do.Replicas:
			return nil, skipped("deployment %s has %d replicas already", d.Name, now)
		case now != do.ReplicasFrom:
			return nil, movedOn("deployment %s has %d replicas now, not %d: somebody else scales it", d.Name, now, do.ReplicasFrom)
		}
		ops := []op{{Op: "add", Path: "/spec/replicas", Value: do.Replicas}}
		return append(ops, setCause(d, cause, nil, "")...), release.Outcome{}
	}
}

// remove deletes the canary's Deployment with its ReplicaSets and pods, as it was looked
// at: an edit in between is looked at first.
func (c *Client) remove(ctx context.Context, do release.DeleteCanary) release.Outcome {
	var refused error
	for range applyTries {
		d, err := c.get(ctx)
		switch {
		case err != nil:
			return denied("nothing was sent: read deployment %s: %s", c.deployment, short(err))
		case d == nil:
			return gone(c.deployment)
		}
		if moved, ok := movedSince(d, subject{Guard: do.Guard}, c.deployment); ok {
			return moved
		}
		background := metav1.DeletePropagationBackground
		ctx, sent := sending(ctx)
		err = c.kube.AppsV1().Deployments(c.namespace).Delete(ctx, c.deployment, metav1.DeleteOptions{
			Preconditions: &metav1.Preconditions{UID: &d.UID, ResourceVersion: &d.ResourceVersion}, PropagationPolicy: &background,
		})
		switch {
		case err == nil:
			c.wrote("")
			return release.Outcome{Kind: release.Accepted, Text: fmt.Sprintf("deployment %s deleted", c.deployment)}
		case apierrors.IsNotFound(err):
			return gone(c.deployment)
		case !apierrors.IsConflict(err):
			return unanswered(c.name(err, "delete", "deployments"), sent.Load())
		}
		refused = err
	}
	return denied("nothing was done: deployment %s changed %d times while it was deleted; last: %s", c.deployment, applyTries, short(refused))
}

func gone(name string) release.Outcome { return skipped("deployment %s is gone already", name) }
