package kube

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"datahub.io/slipway/release"
	"datahub.io/slipway/untrusted"
)

// Requests can come to the canary by other ways than by the two weights: by a route of
// the same object, for a header or a path, or of another object for the same host. They
// are not changed; while one is there the canary's pods serve, whatever the weights are.

// waysOf reads every way of a specification, in the order in which it has them, http
// routes first.
func waysOf(t Traffic, namespace string, spec map[string]any) (ways []way) {
	if t.Kind == HTTPRoute {
		for i, rule := range objectsIn(spec, "rules") {
			ways = append(ways, gatewayWay(t, namespace, rule, i))
		}
		return ways
	}
	for _, kind := range []string{"http", "tls", "tcp"} {
		for i, route := range objectsIn(spec, kind) {
			ways = append(ways, istioWay(t, namespace, kind, route, i))
		}
	}
	return ways
}

// leadsTo tells whether requests come to the canary by a way. A weight that is no count
// is not taken for none.
func (w way) leadsTo(canary end) bool {
	return w.instead == "" && slices.ContainsFunc(w.ends, func(e end) bool {
		return e.side == ofCanary && e.host == canary.host && (e.weight > 0 || e.bad || e.alone)
	})
}

// of names a way with the object that has it.
func (w way) of(object string) string {
	return untrusted.Line(fmt.Sprintf("%s %s of %s", w.noun, w.label, object), textBound)
}

// otherRoutes looks which other objects of the kind in the namespace send requests to the
// canary. What may not be read is not known.
func (c *Client) otherRoutes(ctx context.Context, o *obstacles) error {
	t := c.canary.Traffic
	list, err := c.listTraffic(ctx)
	if err != nil {
		if f := new(finding); errors.As(err, &f) {
			o.unlisted = untrusted.Line(short(err), textBound)
			return nil
		}
		return err
	}
	var canary *end
	for i := range list {
		if list[i].GetName() != t.Name {
			continue
		}
		if d, err := divide(t, c.namespace, &list[i]); err == nil {
			canary = &d.canary
		}
	}
	if canary == nil {
		return nil // what is wrong with the object itself is said where it is read
	}
	for i := range list {
		if list[i].GetName() == t.Name {
			continue
		}
		other := t
		other.Name = untrusted.Line(list[i].GetName(), nameBound)
		spec, _ := list[i].Object["spec"].(map[string]any)
		for _, w := range waysOf(t, c.namespace, spec) {
			if w.leadsTo(*canary) {
				o.routes = append(o.routes, w.of(other.Object()))
			}
		}
	}
	return nil
}

// listTraffic lists the objects of the namespace that could split the traffic.
func (c *Client) listTraffic(ctx context.Context) ([]unstructured.Unstructured, error) {
	k := c.canary.Traffic.of()
	api, err := c.api(ctx, k)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	list, err := api.List(ctx, metav1.ListOptions{})
	switch {
	case apierrors.IsNotFound(err):
		return nil, found("%s are not served", k.resource)
	case apierrors.IsForbidden(err):
		return nil, found("%s", short(c.name(err, "list", k.resource)))
	case err != nil:
		return nil, err
	}
	return list.Items, nil
}

// stillRouted refuses to take the canary's pods away where requests come to them: by the
// weight, or by a way that was not known when it was decided.
func (c *Client) stillRouted(ctx context.Context, known []string) (out release.Outcome, refused bool) {
	if c.canary == nil || c.canary.Traffic.Kind == "" {
		return out, false
	}
	asked := time.Now()
	obj, err := c.readTraffic(ctx)
	split, answered := c.splitOf(asked, obj, err)
	if !answered {
		return denied("nothing was sent: read %s: %s", c.canary.Traffic.Object(), short(err)), true
	}
	if split.Err == "" && split.Canary > 0 {
		offer(c.retrySplit, struct{}{})
		return movedOn("%s gives the canary %d%% of the traffic now", c.canary.Traffic.Object(), split.Canary), true
	}
	var o obstacles
	if err := c.otherRoutes(ctx, &o); err != nil {
		return denied("nothing was sent: look for other routes to the canary: %s", short(err)), true
	}
	for _, route := range o.on(split).Routes {
		if !slices.Contains(known, route) {
			offer(c.retrySplit, struct{}{})
			return movedOn("%s sends requests to the canary now", route), true
		}
	}
	return out, false
}
