package kube

import (
	"context"
	"errors"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	"datahub.io/slipway/release"
)

// setWeight writes the two weights, as shares of 100, and nothing else of the
// object. The rest of it and the canary's weight must be what they were when it was
// decided; each weight is written only where its destination still is.
func (c *Client) setWeight(ctx context.Context, do release.SetWeight) release.Outcome {
	object := ""
	if c.canary != nil {
		object = c.canary.Traffic.Object()
	}
	if out, refused := c.noCanary(do.Kind(), do.Object, object); refused {
		return out
	}
	if do.Weight < 0 || do.Weight > 100 {
		return denied("nothing was sent: a weight of %d for %s; 0 to 100 are accepted", do.Weight, object)
	}
	return guarded(object, func() look {
		obj, err := c.readTraffic(ctx)
		var f *finding
		switch {
		case errors.As(err, &f):
			return look{out: denied("nothing was sent: %s", f.text)}
		case err != nil:
			return look{out: denied("nothing was sent: read %s: %s", object, short(err))}
		}
		d, err := divide(c.canary.Traffic, c.namespace, obj)
		if err != nil {
			return look{out: denied("nothing was sent: %s %s", object, err)}
		}
		patch, out := weigh(object, obj, d, do)
		return look{version: obj.GetResourceVersion(), patch: patch, out: out}
	}, func(patch []byte) (release.Outcome, bool, error) { return c.sendWeights(ctx, object, patch) })
}

// weigh makes the patch, or says why there is none.
func weigh(object string, obj *unstructured.Unstructured, d division, do release.SetWeight) ([]byte, release.Outcome) {
	by := ""
	if who := writerOf(obj.GetManagedFields(), "f:spec"); who != "" {
		by = ", by " + who
	}
	switch {
	case d.rest != do.Rest:
		return nil, movedOn("%s was changed meanwhile, and not only its weights%s: look again", object, by)
	case d.percent == do.Weight && d.exact:
		return nil, skipped("%s is %s already", object, shares(d.percent))
	case d.percent != do.WeightFrom:
		return nil, movedOn("%s is %s now%s", object, shares(d.percent), by)
	}
	var ops []op
	for _, e := range []end{d.stable, d.canary} {
		ops = append(ops, e.same...)
	}
	ops = append(ops,
		op{Op: "add", Path: d.stable.path + "/weight", Value: 100 - do.Weight},
		op{Op: "add", Path: d.canary.path + "/weight", Value: do.Weight})
	return guardedPatch(obj.GetResourceVersion(), ops)
}

// shares writes a split as stable's share and the canary's.
func shares(canary int) string { return fmt.Sprintf("%d/%d", 100-canary, canary) }

func (c *Client) sendWeights(ctx context.Context, object string, patch []byte) (release.Outcome, bool, error) {
	k := c.canary.Traffic.of()
	api, err := c.api(ctx, k)
	if err != nil {
		return release.Outcome{}, false, err
	}
	ctx, sent := sending(ctx)
	after, err := api.Patch(ctx, c.canary.Traffic.Name, types.JSONPatchType, patch, metav1.PatchOptions{FieldManager: fieldManager})
	if err != nil {
		return release.Outcome{}, sent.Load(), c.name(err, "patch", k.resource)
	}
	text := object + " changed"
	if d, err := divide(c.canary.Traffic, c.namespace, after); err == nil {
		text = fmt.Sprintf("%s is %s", object, shares(d.percent))
	}
	return release.Outcome{Kind: release.Accepted, Text: text}, true, nil
}
