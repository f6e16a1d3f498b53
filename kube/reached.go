package kube

import (
	"context"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// reached looks whether a canary that is split by counts of pods gets traffic: one of
// the Services that select stable's pods has to select the canary's too. It is nil
// where no Service selects stable, and where Services may not be listed.
func (c *Client) reached(ctx context.Context, stable, canary *appsv1.Deployment) error {
	if stable == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	list, err := c.kube.CoreV1().Services(c.namespace).List(ctx, metav1.ListOptions{})
	switch {
	case apierrors.IsForbidden(err):
		return nil
	case err != nil:
		return c.name(err, "list", "services")
	}
	var missed []string
	for _, s := range list.Items {
		switch {
		case len(s.Spec.Selector) == 0 || !matches(s.Spec.Selector, labelsOf(stable)):
		case matches(s.Spec.Selector, labelsOf(canary)):
			return nil
		default:
			missed = append(missed, s.Name+" ("+shown(s.Spec.Selector)+")")
		}
	}
	if len(missed) == 0 {
		return nil
	}
	return found("the canary would get no traffic: service %s selects stable's pods and not the canary's; give its pods those labels, or name a traffic object in canary.traffic",
		strings.Join(missed, ", "))
}
