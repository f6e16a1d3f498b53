package kube

import (
	"cmp"
	"context"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"datahub.io/slipway/release"
)

// undo puts the template of an existing revision back. It keeps kubectl's
// contract and words (pkg/polymorphichelpers/rollback.go), but keeps unrelated
// annotations and refuses a revision whose template is no longer the one that
// was shown.
func (c *Client) undo(ctx context.Context, d *appsv1.Deployment, do release.UndoTo, cause string) ([]op, release.Outcome) {
	sets, err := c.replicaSets(ctx, d, do.Revision, do.Template)
	if err != nil {
		return nil, denied("nothing was sent: read the revisions of deployment %s: %s", d.Name, short(err))
	}
	return undoTo(d, sets, do, cause)
}

// undoTo is undo with the ReplicaSets at hand.
func undoTo(d *appsv1.Deployment, sets []*appsv1.ReplicaSet, do release.UndoTo, cause string) ([]op, release.Outcome) {
	target, out, ok := shownRevision(d, sets, do.Revision, do.Template, do.Container)
	if !ok {
		return nil, out
	}
	template := flatten(&target.Spec.Template)
	switch {
	case d.Spec.Paused && !do.Unpause:
		return nil, denied("you cannot rollback a paused deployment; resume it first with 'kubectl rollout resume' and try again")
	case template.Hash == flatten(&d.Spec.Template).Hash:
		return nil, skipped("skipped rollback (current template already matches revision %d)", revisionOf(target))
	}
	ops := []op{{Op: "replace", Path: "/spec/template", Value: withoutHash(&target.Spec.Template)}}
	if d.Spec.Paused {
		ops = append(ops, pausing(false)...)
	}
	cause = cmp.Or(cause, target.Annotations[changeCauseAnnotation])
	if _, stale := d.Annotations[changeCauseAnnotation]; stale && cause == "" {
		ops = append(ops, op{Op: "remove", Path: annotationPath(changeCauseAnnotation)}) // it is the cause of what is being undone
	}
	return append(ops, setCause(d, cause, &target.Spec.Template, do.Container)...), release.Outcome{}
}

// shownRevision is the ReplicaSet of a revision, if its template is the
// one that was shown; ok is false where out says why not.
func shownRevision(d *appsv1.Deployment, sets []*appsv1.ReplicaSet, revision int64, template, container string) (rs *appsv1.ReplicaSet, out release.Outcome, ok bool) {
	rs, err := findRevision(d, sets, revision)
	if err != nil {
		return nil, denied("%s", err), false
	}
	if flatten(&rs.Spec.Template).Hash != template {
		return nil, release.Outcome{
			Kind: release.Moved,
			Text: fmt.Sprintf("revision %d is no longer the template that was shown: its image is %s", revisionOf(rs),
				versionOrImage(&rs.Spec.Template.Spec, container)),
		}, false
	}
	return rs, release.Outcome{}, true
}

// findRevision is the ReplicaSet of a revision.
func findRevision(d *appsv1.Deployment, sets []*appsv1.ReplicaSet, revision int64) (*appsv1.ReplicaSet, error) {
	for _, rs := range ownedReplicaSets(d, sets) {
		if n := revisionOf(rs); n != 0 && n == revision {
			return rs, nil
		}
	}
	return nil, fmt.Errorf("unable to find specified revision %d in history", revision)
}

// replicaSets takes the ReplicaSets from the running Watch when they hold the
// revision that was shown, and lists them otherwise. What the Watch has may be
// old; the template that goes back is the one that was confirmed all the same.
func (c *Client) replicaSets(ctx context.Context, d *appsv1.Deployment, revision int64, template string) ([]*appsv1.ReplicaSet, error) {
	c.mu.Lock()
	h := c.history
	c.mu.Unlock()
	if h != nil && h.uid == d.UID {
		rs, err := findRevision(d, h.sets, revision)
		if err == nil && flatten(&rs.Spec.Template).Hash == template {
			return h.sets, nil
		}
	}
	return c.listReplicaSets(ctx, d)
}

func (c *Client) listReplicaSets(ctx context.Context, d *appsv1.Deployment) ([]*appsv1.ReplicaSet, error) {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	list, err := c.kube.AppsV1().ReplicaSets(c.namespace).List(ctx, metav1.ListOptions{
		LabelSelector: metav1.FormatLabelSelector(d.Spec.Selector),
	})
	if err != nil {
		return nil, c.name(err, "list", "replicasets")
	}
	out := make([]*appsv1.ReplicaSet, len(list.Items))
	for i := range list.Items {
		out[i] = &list.Items[i]
	}
	return out, nil
}
