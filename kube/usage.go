package kube

import (
	"context"
	"maps"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/metrics/pkg/apis/metrics/v1beta1"
)

// podUsage is what the containers of a pod use together.
type podUsage struct {
	At     time.Time // when it was measured
	CPU    float64   // cores
	Memory float64   // bytes
}

const (
	usageEvery  = 15 * time.Second // as metrics-server measures
	usageAbsent = time.Minute      // between looks for an API that is not there
	usageKept   = 5 * time.Minute  // after which a figure is no longer shown
)

// usage polls metrics.k8s.io. A cluster without it is an ordinary one.
type usage struct {
	c        *Client
	selector string
	changed  func()

	mu   sync.Mutex
	pods map[string]podUsage
}

func newUsage(c *Client, selector string, changed func()) *usage {
	return &usage{c: c, selector: selector, changed: changed}
}

func (u *usage) read() map[string]podUsage {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.pods
}

func (u *usage) poll(ctx context.Context) {
	for {
		wait := usageEvery
		pods, err := u.c.measure(ctx, u.selector)
		switch {
		case err == nil:
			u.mu.Lock()
			same := maps.Equal(u.pods, pods)
			u.pods = pods
			u.mu.Unlock()
			if !same {
				u.changed()
			}
		case apierrors.IsNotFound(err), apierrors.IsForbidden(err):
			wait = usageAbsent
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
		}
	}
}

// measure is what pods use now, by name.
func (c *Client) measure(ctx context.Context, selector string) (map[string]podUsage, error) {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	list, err := c.metrics.MetricsV1beta1().PodMetricses(c.namespace).List(ctx, metav1.ListOptions{LabelSelector: selector})
	if err != nil {
		return nil, err
	}
	out := make(map[string]podUsage, len(list.Items))
	for _, m := range list.Items {
		out[m.Name] = total(m)
	}
	return out, nil
}

func total(m v1beta1.PodMetrics) podUsage {
	u := podUsage{At: m.Timestamp.Time}
	for _, c := range m.Containers {
		u.CPU += c.Usage.Cpu().AsApproximateFloat64()
		u.Memory += c.Usage.Memory().AsApproximateFloat64()
	}
	return u
}
