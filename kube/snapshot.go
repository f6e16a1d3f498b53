package kube

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"datahub.io/slipway/release"
)

// Snapshot reads the workload once, with the last words of what crashed. A
// Deployment that does not exist is no error: Found is false.
func (c *Client) Snapshot(ctx context.Context) (release.Workload, error) {
	d, err := c.get(ctx)
	if err != nil {
		return release.Workload{}, fmt.Errorf("read deployment %s: %w", c.deployment, plainly(err))
	}
	o := objects{Namespace: c.namespace, Name: c.deployment, Container: c.container, Deployment: d, Skew: c.clock.Skew()}
	if d == nil {
		return buildWorkload(o, time.Now()), nil
	}
	selector := metav1.FormatLabelSelector(d.Spec.Selector)
	lists, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	var wg sync.WaitGroup
	var setsErr, podsErr error
	wg.Go(func() { o.ReplicaSets, setsErr = c.listReplicaSets(lists, d) })
	wg.Go(func() { o.Pods, podsErr = c.listPods(lists, selector) })
	wg.Go(func() { // of what follows, a lack is only shown
		events, err := listEvents(lists, c.kube.CoreV1().Events(c.namespace).List, keepEvent(d.Name))
		if err != nil {
			o.Notices = []release.Note{{At: time.Now(), Reason: "Events", Text: short(c.name(err, "list", "events")), Count: 1}}
			return
		}
		for i := range events.Items {
			o.Events = append(o.Events, &events.Items[i])
		}
	})
	wg.Go(func() {
		if usage, err := c.measure(lists, selector); err == nil {
			o.Usage = usage
		}
	})
	wg.Wait()
	if err := errors.Join(setsErr, podsErr); err != nil {
		return release.Workload{}, fmt.Errorf("read deployment %s: %w", c.deployment, plainly(err))
	}
	now := time.Now()
	b := builder{}
	w := b.build(o, now)
	if o.LastLines = c.allLastWords(ctx, crashes(b.pods)); len(o.LastLines) > 0 {
		w = b.build(o, now)
	}
	return w, nil
}

func (c *Client) listPods(ctx context.Context, selector string) ([]*corev1.Pod, error) {
	list, err := c.kube.CoreV1().Pods(c.namespace).List(ctx, metav1.ListOptions{LabelSelector: selector})
	if err != nil {
		return nil, c.name(err, "list", "pods")
	}
	out := make([]*corev1.Pod, len(list.Items))
	for i := range list.Items {
		out[i] = &list.Items[i]
	}
	return out, nil
}

// allLastWords reads the last words of several crashes, as many as can be had.
func (c *Client) allLastWords(ctx context.Context, refs []crashRef) map[crashed]string {
	out := map[crashed]string{}
	var mu sync.Mutex
	var wg sync.WaitGroup
	for chunk := range slices.Chunk(refs, linesAtOnce) {
		for _, ref := range chunk {
			wg.Go(func() {
				line, err := c.lastWords(ctx, ref)
				if err != nil {
					return
				}
				mu.Lock()
				defer mu.Unlock()
				out[ref.crashed] = line
			})
		}
		wg.Wait()
	}
	return out
}

// plainly keeps an error for errors.Is and says it for people.
func plainly(err error) error { return &plainError{err} }

type plainError struct{ err error }

func (e *plainError) Error() string { return short(e.err) }
func (e *plainError) Unwrap() error { return e.err }
