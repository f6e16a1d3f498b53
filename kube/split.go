package kube

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"datahub.io/slipway/release"
	"datahub.io/slipway/untrusted"
)

// Split reads once how the traffic is divided, with what stands in a canary's way.
// It is the zero Split where pods are the split. Without an answer of the API
// server there is an error, and Split.Err where the answer is that it cannot be
// used.
func (c *Client) Split(ctx context.Context) (release.Split, error) {
	if c.canary == nil || c.canary.Traffic.Kind == "" {
		return release.Split{}, nil
	}
	asked := time.Now()
	obj, err := c.readTraffic(ctx)
	split, ok := c.splitOf(asked, obj, err)
	if !ok {
		return release.Split{}, fmt.Errorf("read %s: %w", c.canary.Traffic.Object(), plainly(err))
	}
	o, err := c.obstacles(ctx)
	if err != nil {
		return release.Split{}, fmt.Errorf("read what belongs to %s: %w", c.canary.Traffic.Object(), plainly(err))
	}
	return o.on(split), nil
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
	s.Writer = untrusted.Line(writerOf(obj.GetManagedFields()), nameBound)
	d, err := divide(c.canary.Traffic, c.namespace, obj)
	if err != nil {
		s.Err = untrusted.Line(c.canary.Traffic.Object()+" "+err.Error(), textBound)
		return s, true
	}
	s.Canary, s.Rest, s.Notes = d.percent, d.rest, d.notes
	if c.canary.Traffic.Kind == HTTPRoute {
		s.Notes = append(s.Notes, routeTroubles(obj)...)
	}
	s.StablePath, s.CanaryPath = d.stable.path+"/weight", d.canary.path+"/weight"
	return s, true
}

// obstacles is why no canary may begin, and what is worth knowing, apart from the
// object itself.
type obstacles struct{ blocked, notes []string }

func (o obstacles) on(s release.Split) release.Split {
	s.Blocked = slices.Clone(o.blocked)
	s.Notes = slices.Concat(s.Notes, o.notes)
	return s
}

func (o *obstacles) block(text string) { o.blocked = appendNew(o.blocked, text) }
func (o *obstacles) note(text string)  { o.notes = appendNew(o.notes, text) }

func appendNew(to []string, text string) []string {
	if text = untrusted.Line(text, textBound); slices.Contains(to, text) {
		return to
	}
	return append(to, text)
}
