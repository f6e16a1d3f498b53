package kube

import (
	"context"
	"errors"
	"fmt"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"datahub.io/slipway/release"
	"datahub.io/slipway/untrusted"
)

// obstacles is why no canary may begin, and what is worth knowing, apart from the
// object itself.
type obstacles struct {
	blocked, notes []string
	routes         []string // of other objects, to the canary
	unlisted       string   // why those are not known, or ""
}

func (o obstacles) on(s release.Split) release.Split {
	s.Blocked = slices.Clone(o.blocked)
	s.Notes = slices.Concat(s.Notes, o.notes)
	s.Routes, s.RoutesErr = slices.Concat(s.Routes, o.routes), o.unlisted
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

// obstacles looks at what traffic goes through besides the object that splits it:
// Services, subsets, selectors and labels. Its error means that there was no
// answer; what may not be read is a note.
func (c *Client) obstacles(ctx context.Context) (obstacles, error) {
	var o obstacles
	stable, err := c.get(ctx)
	if err != nil {
		return o, err
	}
	canary, err := c.second.get(ctx)
	if err != nil {
		return o, err
	}
	pods := podLabels{canary: labelsOf(canary)}
	if canary == nil {
		planned, err := c.blueprint(ctx, stable)
		if err := o.takes(err); err != nil {
			return o, err
		}
		pods.canary = labelsOf(planned)
	}
	pods.stable = labelsOf(stable)
	if c.canary.Traffic.bySubset() {
		err = c.subsetObstacles(ctx, &o, pods)
	} else {
		err = c.serviceObstacles(ctx, &o, pods)
	}
	if err == nil {
		err = c.otherRoutes(ctx, &o)
	}
	if err != nil {
		return o, err
	}
	if stable != nil && pods.canary != nil && selects(stable.Spec.Selector, pods.canary) {
		o.block(fmt.Sprintf("deployment/%s selects the canary's pods too (selector %s): give them a label of their own", stable.Name, metav1.FormatLabelSelector(stable.Spec.Selector)))
	}
	if canary != nil && pods.stable != nil && selects(canary.Spec.Selector, pods.stable) {
		o.block(fmt.Sprintf("deployment/%s selects stable's pods too (selector %s): delete it, or give its pods a label of their own", canary.Name, metav1.FormatLabelSelector(canary.Spec.Selector)))
	}
	return o, nil
}

// podLabels are those of each version's pods; nil where they are not known.
type podLabels struct{ stable, canary map[string]string }

func labelsOf(d *appsv1.Deployment) map[string]string {
	if d == nil {
		return nil
	}
	return overlaid(d.Spec.Template.Labels, nil)
}

// takes notes an error that is an answer, and passes any other on.
func (o *obstacles) takes(err error) error {
	var f *finding
	var access *accessError
	switch {
	case errors.As(err, &f):
		o.block(f.text)
	case errors.As(err, &access):
		o.note("not checked: " + short(err))
	default:
		return err
	}
	return nil
}

func (c *Client) serviceObstacles(ctx context.Context, o *obstacles, pods podLabels) error {
	t := c.canary.Traffic
	for _, s := range []struct {
		host, whose, others string
		own, other          map[string]string
	}{
		{t.Stable, "stable's", "the canary's", pods.stable, pods.canary},
		{t.Canary, "the canary's", "stable's", pods.canary, pods.stable},
	} {
		name, ok := serviceOf(s.host, c.namespace)
		if !ok {
			o.note(fmt.Sprintf("host %s is not a Service of namespace %s: what it selects is not checked", s.host, c.namespace))
			continue
		}
		selector, err := c.selectorOf(ctx, name)
		switch {
		case err != nil:
			if err := o.takes(err); err != nil {
				return err
			}
		case len(selector) == 0:
			o.note(fmt.Sprintf("service/%s has no selector: what it sends to is not checked", name))
		case s.other != nil && matches(selector, s.other):
			o.block(fmt.Sprintf("service/%s selects %s pods too (selector %s): give them a label of their own", name, s.others, shown(selector)))
		case s.own != nil && !matches(selector, s.own):
			o.block(fmt.Sprintf("service/%s does not select %s pods (selector %s): traffic for them would get 503", name, s.whose, shown(selector)))
		}
	}
	return nil
}

// subsetObstacles looks at the one host of both subsets.
func (c *Client) subsetObstacles(ctx context.Context, o *obstacles, pods podLabels) error {
	t := c.canary.Traffic
	s, err := c.subsets(ctx)
	if err != nil {
		return o.takes(err)
	}
	for _, x := range []struct {
		subset, whose, others string
		labels, own, other    map[string]string
	}{
		{t.StableSubset, "stable's", "the canary's", s.stable, pods.stable, pods.canary},
		{t.CanarySubset, "the canary's", "stable's", s.canary, pods.canary, pods.stable},
	} {
		switch {
		case x.other != nil && matches(x.labels, x.other):
			o.block(fmt.Sprintf("subset %s of destinationrule/%s selects %s pods too (%s): give them a label of their own", x.subset, s.rule, x.others, shown(x.labels)))
		case x.own != nil && !matches(x.labels, x.own):
			o.block(fmt.Sprintf("subset %s of destinationrule/%s does not select %s pods (%s): traffic for them would get 503", x.subset, s.rule, x.whose, shown(x.labels)))
		}
	}
	name, ok := serviceOf(s.host, c.namespace)
	if !ok {
		o.note(fmt.Sprintf("host %s is not a Service of namespace %s: what it selects is not checked", s.host, c.namespace))
		return nil
	}
	selector, err := c.selectorOf(ctx, name)
	if err != nil {
		return o.takes(err)
	}
	if len(selector) > 0 && pods.canary != nil && !matches(selector, pods.canary) {
		o.block(fmt.Sprintf("service/%s does not select the canary's pods (selector %s): traffic for them would get 503", name, shown(selector)))
	}
	return nil
}

func matches(selector, pod map[string]string) bool {
	return labels.SelectorFromSet(selector).Matches(labels.Set(pod))
}

// selectorOf reads what a Service selects.
func (c *Client) selectorOf(ctx context.Context, name string) (map[string]string, error) {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	s, err := c.kube.CoreV1().Services(c.namespace).Get(ctx, name, metav1.GetOptions{})
	switch {
	case apierrors.IsNotFound(err):
		return nil, found("service/%s does not exist: traffic for it would get 503; create it, or correct canary.traffic", name)
	case err != nil:
		return nil, c.name(err, "get", "services")
	}
	return s.Spec.Selector, nil
}
