package kube

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/tools/cache"

	"datahub.io/slipway/release"
)

// session is what is watched while the link holds. It is thrown away when the
// link is lost and made anew when it is back, so that nothing from before can
// be taken for fresh, and so that nothing waits for a reflector's own backoff
// of up to half a minute.
type session struct {
	c       *Client
	ctx     context.Context
	cancel  context.CancelFunc
	began   time.Time
	poke    func()      // something changed
	trouble func(error) // a list or a watch failed

	deployment *table[*appsv1.Deployment]
	family     *family
	lines      *lines

	mu     sync.Mutex
	former map[types.UID]bool // pods that were here and are gone
	notice string             // why there are no events
}

// family is what belongs to one incarnation of the Deployment.
type family struct {
	uid         types.UID
	selector    string
	began       time.Time
	cancel      context.CancelFunc
	replicaSets *table[*appsv1.ReplicaSet]
	pods        *table[*corev1.Pod]
	events      *table[*corev1.Event]
	usage       *usage
}

func (c *Client) open(ctx context.Context, poke func(), trouble func(error)) *session {
	ctx, cancel := context.WithCancel(ctx)
	s := &session{
		c: c, ctx: ctx, cancel: cancel, began: time.Now(), poke: poke, trouble: trouble,
		former: map[types.UID]bool{}, deployment: &table[*appsv1.Deployment]{keep: keepDeployment, changed: poke},
	}
	s.lines = newLines(s)
	api := c.kube.AppsV1().Deployments(c.namespace)
	only := fields.OneTermEqualSelector(metav1.ObjectNameField, c.deployment).String()
	follow(s, ctx, s.deployment, &appsv1.Deployment{}, source[*appsv1.DeploymentList]{
		resource: "deployments", list: api.List, watch: api.Watch,
		narrow: func(o *metav1.ListOptions) { o.FieldSelector = only },
	})
	return s
}

// close ends everything and waits for nothing: a reflector may be in the
// middle of its backoff. What it still says goes nowhere.
func (s *session) close() { s.cancel() }

// pace is how a reflector backs off while the link as a whole holds; its own
// default goes up to a minute.
func pace() *wait.Backoff {
	return &wait.Backoff{Duration: 500 * time.Millisecond, Factor: 2, Jitter: 0.5, Steps: 10, Cap: 5 * time.Second}
}

// adopt watches what belongs to d. A Deployment that was made again, or whose
// selector is another, has another family.
func (s *session) adopt(d *appsv1.Deployment) {
	selector := metav1.FormatLabelSelector(d.Spec.Selector)
	if f := s.family; f != nil {
		if f.uid == d.UID && f.selector == selector {
			return
		}
		s.disown()
	}
	ctx, cancel := context.WithCancel(s.ctx)
	f := &family{
		uid: d.UID, selector: selector, began: time.Now(), cancel: cancel,
		replicaSets: &table[*appsv1.ReplicaSet]{keep: keepReplicaSet(d.UID), changed: s.poke},
		pods:        &table[*corev1.Pod]{keep: keepPod, changed: s.poke, gone: s.remember},
		events:      &table[*corev1.Event]{keep: keepEvent(d.Name), changed: s.poke, trim: trimEvents},
	}
	s.family = f
	ours := func(o *metav1.ListOptions) { o.LabelSelector = selector }
	sets, pods := s.c.kube.AppsV1().ReplicaSets(s.c.namespace), s.c.kube.CoreV1().Pods(s.c.namespace)
	follow(s, ctx, f.replicaSets, &appsv1.ReplicaSet{}, source[*appsv1.ReplicaSetList]{
		resource: "replicasets", list: sets.List, watch: sets.Watch, narrow: ours,
	})
	follow(s, ctx, f.pods, &corev1.Pod{}, source[*corev1.PodList]{
		resource: "pods", list: pods.List, watch: pods.Watch, narrow: ours,
	})
	s.followEvents(ctx, f.events)
	f.usage = newUsage(s.c, selector, s.poke)
	go f.usage.poll(ctx)
}

func (s *session) disown() {
	if s.family != nil {
		s.family.cancel()
		s.family = nil
	}
}

// synced tells whether everything that a first Workload needs has been read.
// Events are not waited for.
func (f *family) synced() bool {
	sets, _ := f.replicaSets.state()
	pods, _ := f.pods.state()
	return sets && pods
}

// late says why pods or revisions are older than they may be under an answer that
// is new: the Deployment can be read, and what belongs to it cannot.
func (f *family) late() error {
	return cmp.Or(f.replicaSets.late(behindMax), f.pods.late(behindMax))
}

// formerKept bounds the pods whose events still count when they are gone.
const formerKept = 2000

func (s *session) remember(p *corev1.Pod) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.former) >= formerKept {
		clear(s.former)
	}
	s.former[p.UID] = true
}

// objects is what has been read, for buildWorkload.
func (s *session) objects(d *appsv1.Deployment, now time.Time) objects {
	o := objects{Namespace: s.c.namespace, Name: s.c.deployment, Container: s.c.container, Deployment: d, Skew: s.c.clock.Skew()}
	if d == nil || s.family == nil {
		return o
	}
	o.ReplicaSets, _, _ = s.family.replicaSets.read()
	o.Pods, _, _ = s.family.pods.read()
	o.Events, _, _ = s.family.events.read()
	o.Usage = s.family.usage.read()
	o.LastLines = s.lines.read()
	s.mu.Lock()
	defer s.mu.Unlock()
	o.Former = make(map[types.UID]bool, len(s.former))
	for uid := range s.former {
		o.Former[uid] = true
	}
	if s.notice != "" {
		o.Notices = []release.Note{{At: now, Reason: "Forbidden", Text: s.notice, Count: 1}}
	}
	return o
}

// source is one kind of object at the API server.
type source[L runtime.Object] struct {
	resource string
	list     func(context.Context, metav1.ListOptions) (L, error)
	watch    func(context.Context, metav1.ListOptions) (watch.Interface, error)
	narrow   func(*metav1.ListOptions)
}

// follow keeps t as the API server has it until ctx ends.
func follow[T interface {
	runtime.Object
	metav1.Object
}, L runtime.Object](s *session, ctx context.Context, t *table[T], kind T, src source[L]) {
	note := func(ctx context.Context, began time.Time, err error, verb string) {
		if err == nil {
			return
		}
		err = s.c.name(err, verb, src.resource)
		t.fails(began, fmt.Errorf("%s %s: %w", verb, src.resource, err))
		s.report(ctx, err)
	}
	lw := &cache.ListWatch{
		ListWithContextFunc: func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) {
			src.narrow(&o)
			began := time.Now()
			t.lists()
			list, err := src.list(ctx, o)
			note(ctx, began, err, "list")
			return list, err
		},
		WatchFuncWithContext: func(ctx context.Context, o metav1.ListOptions) (watch.Interface, error) {
			src.narrow(&o)
			began, lists := time.Now(), o.SendInitialEvents != nil && *o.SendInitialEvents
			if lists {
				t.lists()
			}
			w, err := src.watch(ctx, o)
			note(ctx, began, err, "watch")
			if err == nil && !lists {
				// A proxy may keep the answer back until the first event: that it
				// has not come yet says nothing.
				t.watches()
			}
			return w, err
		},
	}
	r := cache.NewReflectorWithOptions(cache.ToListWatcherWithWatchListSemantics(lw, s.c.kube), kind, t,
		cache.ReflectorOptions{Name: src.resource, Backoff: pace()})
	go r.RunWithContext(ctx)
}

// report passes on a failure that is not part of a watch's ordinary life.
func (s *session) report(ctx context.Context, err error) {
	switch {
	case ctx.Err() != nil, errors.Is(err, context.Canceled):
	case apierrors.IsResourceExpired(err), apierrors.IsGone(err):
	default:
		s.trouble(err)
	}
}
