package kube

import (
	"fmt"
	"sync"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/cache"
)

// table is what a reflector keeps up to date: the newest objects of one kind,
// reduced to what is needed of them. It takes the place of an informer: the
// workload is rebuilt from what is here now, so that no queue of changes, no
// second copy of the objects and no tombstones are needed. Objects in it are
// never changed.
type table[T metav1.Object] struct {
	keep    func(T) (T, bool) // reduces an object, or says that it does not belong
	changed func()            // called after every change, must not block
	gone    func(T)           // called for each object that went, may be nil
	trim    func(map[types.UID]T)

	mu     sync.Mutex
	items  map[types.UID]T
	synced bool
	news   time.Time // when the API server last said something
	trying time.Time // since when it is asked for what is missing here; zero: nothing is
	failed error     // how the last try ended
}

// read is a copy of what is here, whether it is complete, and how old the last
// word of the API server is.
func (t *table[T]) read() (items []T, synced bool, news time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	items = make([]T, 0, len(t.items))
	for _, item := range t.items {
		items = append(items, item)
	}
	return items, t.synced, t.news
}

// state is read without the items.
func (t *table[T]) state() (synced bool, news time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.synced, t.news
}

// lists is called before everything is read (again): until Replace, what is here
// is not known to be up to date.
func (t *table[T]) lists() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.trying.IsZero() {
		t.trying = time.Now()
	}
}

// fails says that a list or a watch that began then could not be had. It is tried
// again.
func (t *table[T]) fails(began time.Time, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.trying.IsZero() {
		t.trying = began
	}
	t.failed = err
}

// watches says that a watch goes on from what is here.
func (t *table[T]) watches() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.trying, t.failed = time.Time{}, nil
}

// late says why what is here has not been up to date for longer than limit; nil
// means that it has. A first read that is only slow is not late.
func (t *table[T]) late(limit time.Duration) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case t.trying.IsZero() || time.Since(t.trying) <= limit:
		return nil
	case t.failed == nil && t.synced:
		return errSilent
	}
	return t.failed
}

// Add and the methods after it are cache.ReflectorStore.
func (t *table[T]) Add(obj any) error {
	item, ok := obj.(T)
	if !ok {
		return fmt.Errorf("unexpected object %T", obj)
	}
	kept, belongs := t.keep(item)
	t.mu.Lock()
	t.news = time.Now()
	_, had := t.items[item.GetUID()]
	if belongs {
		t.put(kept)
	} else {
		delete(t.items, item.GetUID())
	}
	t.mu.Unlock()
	if belongs || had {
		t.changed()
	}
	return nil
}

func (t *table[T]) put(item T) {
	if t.items == nil {
		t.items = map[types.UID]T{}
	}
	t.items[item.GetUID()] = item
	if t.trim != nil {
		t.trim(t.items)
	}
}

// Update is Add: an object may begin or cease to belong.
func (t *table[T]) Update(obj any) error { return t.Add(obj) }

// Delete forgets an object.
func (t *table[T]) Delete(obj any) error {
	item, ok := obj.(T)
	if !ok {
		return fmt.Errorf("unexpected object %T", obj)
	}
	t.mu.Lock()
	t.news = time.Now()
	old, had := t.items[item.GetUID()]
	delete(t.items, item.GetUID())
	t.mu.Unlock()
	if had {
		if t.gone != nil {
			t.gone(old)
		}
		t.changed()
	}
	return nil
}

// Replace takes a whole list: what is not in it is gone.
func (t *table[T]) Replace(list []any, _ string) error {
	items := make(map[types.UID]T, len(list))
	for _, obj := range list {
		item, ok := obj.(T)
		if !ok {
			return fmt.Errorf("unexpected object %T", obj)
		}
		if kept, belongs := t.keep(item); belongs {
			items[item.GetUID()] = kept
		}
	}
	t.mu.Lock()
	old := t.items
	t.items, t.synced, t.news = items, true, time.Now()
	t.trying, t.failed = time.Time{}, nil
	if t.trim != nil {
		t.trim(t.items)
	}
	t.mu.Unlock()
	for uid, item := range old {
		if _, still := items[uid]; !still && t.gone != nil {
			t.gone(item)
		}
	}
	t.changed()
	return nil
}

// Resync has no meaning here.
func (t *table[T]) Resync() error { return nil }

// Bookmark says that the watch is alive and nothing has changed.
func (t *table[T]) Bookmark(string) error {
	t.mu.Lock()
	t.news = time.Now()
	t.mu.Unlock()
	return nil
}

// Transformer reduces objects while a list is still being streamed.
func (t *table[T]) Transformer() cache.TransformFunc {
	return func(obj any) (any, error) {
		if item, ok := obj.(T); ok {
			if kept, belongs := t.keep(item); belongs {
				return kept, nil
			}
		}
		return obj, nil
	}
}
