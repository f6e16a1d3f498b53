package kube

import (
	"context"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/tools/cache"
)

// eventPage is how many events of the namespace are in memory at once while
// ours are looked for.
const eventPage = 250

// eventSource lists and watches the events of the namespace and keeps only
// those that pass keepEvent.
//
// Events cannot be selected by owner, and events of one pod at a time would
// cost the API server a pass over all of the namespace's for each pod (they
// have no index and no watch cache). So there is one pass, page by page, each
// page sieved and dropped before the next is asked for, beside and never
// before the first Workload; and one watch. Memory does not grow with what
// else lives in the namespace; time does, by what decoding a foreign event
// costs (3 µs, BenchmarkForeignEvents).
type eventSource struct {
	*cache.ListWatch
}

// IsWatchListSemanticsUnSupported keeps the reflector from streaming the whole
// list into memory.
func (eventSource) IsWatchListSemanticsUnSupported() bool { return true }

func (s *session) followEvents(ctx context.Context, t *table[*corev1.Event]) {
	api := s.c.kube.CoreV1().Events(s.c.namespace)
	lw := eventSource{&cache.ListWatch{
		ListWithContextFunc: func(ctx context.Context, _ metav1.ListOptions) (runtime.Object, error) {
			list, err := listEvents(ctx, api.List, t.keep)
			s.noEvents(s.c.name(err, "list", "events"))
			return list, err
		},
		WatchFuncWithContext: func(ctx context.Context, o metav1.ListOptions) (watch.Interface, error) {
			w, err := api.Watch(ctx, o)
			s.noEvents(s.c.name(err, "watch", "events"))
			return w, err
		},
	}}
	r := cache.NewReflectorWithOptions(lw, &corev1.Event{}, t, cache.ReflectorOptions{Name: "events", Backoff: pace()})
	go r.RunWithContext(ctx)
}

// noEvents notes a missing permission. A release can be driven without events:
// it is said, and nothing is held up by it.
func (s *session) noEvents(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.notice = ""
	if err != nil && apierrors.IsForbidden(err) {
		s.notice = short(err)
	}
}

// listEvents reads all events page by page and returns those that are kept,
// with the resourceVersion to watch from.
func listEvents(
	ctx context.Context,
	list func(context.Context, metav1.ListOptions) (*corev1.EventList, error),
	keep func(*corev1.Event) (*corev1.Event, bool),
) (*corev1.EventList, error) {
	out := &corev1.EventList{}
	opts := metav1.ListOptions{Limit: eventPage}
	for {
		page, err := list(ctx, opts)
		if err != nil {
			return nil, err
		}
		for i := range page.Items {
			if e, ok := keep(&page.Items[i]); ok {
				out.Items = append(out.Items, *e)
			}
		}
		out.ResourceVersion = page.ResourceVersion
		if page.Continue == "" {
			return out, nil
		}
		opts.Continue = page.Continue
	}
}
