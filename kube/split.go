package kube

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"datahub.io/slipway/release"
	"datahub.io/slipway/untrusted"
)

// readTraffic reads the object that splits the traffic.
func (c *Client) readTraffic(ctx context.Context) (*unstructured.Unstructured, error) {
	t := c.canary.Traffic
	if t.Namespace != "" && t.Namespace != c.namespace {
		return nil, found("%s is in namespace %s; only objects of the release's namespace %s are read and changed: move it there, or name one that is there in canary.traffic",
			t.Object(), t.Namespace, c.namespace)
	}
	k := t.of()
	api, err := c.api(ctx, k)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	obj, err := api.Get(ctx, t.Name, metav1.GetOptions{})
	switch {
	case apierrors.IsNotFound(err):
		c.serves(k, "") // it may be the kind that is gone
		return nil, found("%s does not exist in namespace %s: create it with both destinations, or correct canary.traffic", t.Object(), c.namespace)
	case apierrors.IsForbidden(err):
		return nil, found("%s", short(c.name(err, "get", k.resource)))
	case err != nil:
		return nil, err
	}
	return obj, nil
}

// splitOf is what was read; ok is false where there was no answer. It is as of when
// it was asked for: a change that was made before then is in it.
func (c *Client) splitOf(asked time.Time, obj *unstructured.Unstructured, err error) (s release.Split, ok bool) {
	s.At = asked
	if err != nil {
		var f *finding
		answered := errors.As(err, &f)
		if answered {
			s.Err = untrusted.Line(f.text, textBound)
		}
		return s, answered
	}
	s.Writer = untrusted.Line(writerOf(obj.GetManagedFields(), "f:spec"), nameBound)
	d, err := divide(c.canary.Traffic, c.namespace, obj)
	if err != nil {
		s.Err = untrusted.Line(c.canary.Traffic.Object()+" "+err.Error(), textBound)
		return s, true
	}
	s.Canary, s.Rest, s.Notes, s.Routes = d.percent, d.rest, d.notes, d.routes
	if c.canary.Traffic.Kind == HTTPRoute {
		s.Notes = append(s.Notes, routeTroubles(obj)...)
	}
	s.StablePath, s.CanaryPath = d.stable.path+"/weight", d.canary.path+"/weight"
	for _, e := range []end{d.stable, d.canary} {
		s.Same = append(s.Same, e.tests()...)
	}
	return s, true
}

// tests are those of a patch that the destination, and its weight, are what was read.
func (e end) tests() (tests []release.PatchTest) {
	ops := e.same
	if e.written != nil {
		ops = append(slices.Clone(ops), op{Op: "test", Path: e.path + "/weight", Value: e.written})
	}
	for _, o := range ops {
		value, err := json.Marshal(o.Value)
		if err == nil {
			tests = append(tests, release.PatchTest{Path: o.Path, Value: string(value)})
		}
	}
	return tests
}
