package kubelet

import (
	"context"
	"fmt"
	"hash/fnv"
	"log"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	typedcorev1 "k8s.io/client-go/kubernetes/typed/core/v1"
	corelisters "k8s.io/client-go/listers/core/v1"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/record"
	"k8s.io/client-go/util/workqueue"

	"datahub.io/slipway/sandbox/stages"
)

// runner lets the pods of all nodes live. What it knows of them is their status in the API and a memory of when it saw that: it can be killed at
// any time, and goes on with what it finds.
type runner struct {
	life   Life
	client kubernetes.Interface
	pods   corelisters.PodLister
	nodes  corelisters.NodeLister
	events *recorders
	queue  workqueue.TypedRateLimitingInterface[types.NamespacedName]
	seen   Memory

	mu        sync.Mutex
	addresses map[string]types.UID
}

// Live lets pods live and records events until the context ends.
func Live(ctx context.Context, client kubernetes.Interface, speed float64) {
	broadcaster := record.NewBroadcaster(record.WithContext(ctx))
	defer broadcaster.Shutdown()
	broadcaster.StartRecordingToSink(&typedcorev1.EventSinkImpl{Interface: client.CoreV1().Events("")})
	factory := informers.NewSharedInformerFactory(client, 0)
	pods, nodes := factory.Core().V1().Pods(), factory.Core().V1().Nodes()
	r := &runner{
		life: Life{speed}, client: client, pods: pods.Lister(), nodes: nodes.Lister(),
		events:    &recorders{broadcaster: broadcaster, of: map[string]record.EventRecorder{}},
		queue:     workqueue.NewTypedRateLimitingQueue(workqueue.NewTypedItemExponentialFailureRateLimiter[types.NamespacedName](50*time.Millisecond, 2*time.Second)),
		addresses: map[string]types.UID{},
	}
	defer r.queue.ShutDown()
	_, _ = pods.Informer().AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc: func(o any) { r.queue.Add(nameOf(o.(*corev1.Pod))) },
		UpdateFunc: func(before, after any) {
			Events(before.(*corev1.Pod), after.(*corev1.Pod), r.events)
			r.queue.Add(nameOf(after.(*corev1.Pod)))
		},
		DeleteFunc: func(o any) {
			if gone, ok := o.(cache.DeletedFinalStateUnknown); ok {
				o = gone.Obj
			}
			if pod, ok := o.(*corev1.Pod); ok {
				r.forget(pod)
			}
		},
	})
	_, _ = nodes.Informer().AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc:    func(o any) { r.node(o.(*corev1.Node).Name) },
		UpdateFunc: func(_, o any) { r.node(o.(*corev1.Node).Name) },
	})
	factory.Start(ctx.Done())
	factory.WaitForCacheSync(ctx.Done())
	for range 4 {
		go func() {
			for r.turn(ctx) {
			}
		}()
	}
	<-ctx.Done()
}

func nameOf(p *corev1.Pod) types.NamespacedName {
	return types.NamespacedName{Namespace: p.Namespace, Name: p.Name}
}

// node looks at all pods of a node again.
func (r *runner) node(name string) {
	all, _ := r.pods.List(labels.Everything())
	for _, p := range all {
		if p.Spec.NodeName == name {
			r.queue.Add(nameOf(p))
		}
	}
}

// turn takes the next pod. It returns false when there will be none.
func (r *runner) turn(ctx context.Context) bool {
	name, end := r.queue.Get()
	if end {
		return false
	}
	defer r.queue.Done(name)
	again, err := r.advance(ctx, name)
	switch {
	case err != nil:
		if !apierrors.IsConflict(err) { // of a pod that is newer by now, which is on its way
			log.Printf("pod %s: %v", name, err)
		}
		r.queue.AddRateLimited(name)
	case again > 0:
		r.queue.Forget(name)
		r.queue.AddAfter(name, again)
	default:
		r.queue.Forget(name)
	}
	return true
}

// advance lets one pod live up to now, and returns when it is to be looked at again.
func (r *runner) advance(ctx context.Context, name types.NamespacedName) (time.Duration, error) {
	pod, err := r.pods.Pods(name.Namespace).Get(name.Name)
	if err != nil || pod.Spec.NodeName == "" {
		return 0, nil // gone, or not yet on a node
	}
	node, err := r.nodes.Get(pod.Spec.NodeName)
	if err != nil {
		return time.Second, nil // its node is about to be seen
	}
	_, down := node.Annotations[stages.ShutdownAnnotation]
	now := time.Now()
	out := r.life.Advance(pod, Node{IP: addressOf(node), Down: down, PodIP: r.podIP}, &r.seen, now)
	if out.Changed {
		next := pod.DeepCopy()
		next.Status = out.Status
		if _, err := r.client.CoreV1().Pods(pod.Namespace).UpdateStatus(ctx, next, metav1.UpdateOptions{}); err != nil {
			return 0, ignoreGone(err)
		}
	}
	for _, e := range out.Events {
		r.events.Eventf(pod, e.Kind, e.Reason, "%s", e.Message)
	}
	if out.Delete {
		now, uid := int64(0), pod.UID
		return 0, ignoreGone(r.client.CoreV1().Pods(pod.Namespace).Delete(ctx, pod.Name, metav1.DeleteOptions{
			GracePeriodSeconds: &now, Preconditions: &metav1.Preconditions{UID: &uid},
		}))
	}
	if out.Next.IsZero() {
		return 0, nil
	}
	return max(out.Next.Sub(now), time.Millisecond), nil
}

func ignoreGone(err error) error {
	if apierrors.IsNotFound(err) {
		return nil
	}
	return err
}

func addressOf(n *corev1.Node) string {
	for _, a := range n.Status.Addresses {
		if a.Type == corev1.NodeInternalIP {
			return a.Address
		}
	}
	return ""
}

// podIP returns an address that no other pod has.
func (r *runner) podIP(pod types.UID) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	all, _ := r.pods.List(labels.Everything())
	for _, p := range all {
		if p.Status.PodIP != "" {
			r.addresses[p.Status.PodIP] = p.UID
		}
	}
	h := fnv.New32a()
	h.Write([]byte(pod))
	for n := h.Sum32(); ; n++ {
		ip := fmt.Sprintf("10.244.%d.%d", n>>8&0xff, 1+n%254)
		if owner, taken := r.addresses[ip]; !taken || owner == pod {
			r.addresses[ip] = pod
			return ip
		}
	}
}

// forget drops what is known of a pod that is gone.
func (r *runner) forget(pod *corev1.Pod) {
	r.seen.Forget(pod.UID)
	r.mu.Lock()
	defer r.mu.Unlock()
	for ip, owner := range r.addresses {
		if owner == pod.UID {
			delete(r.addresses, ip)
		}
	}
}
