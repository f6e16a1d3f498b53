package gateway

import (
	"cmp"
	"context"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/dynamic/dynamicinformer"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	appslisters "k8s.io/client-go/listers/apps/v1"
	corelisters "k8s.io/client-go/listers/core/v1"
	"k8s.io/client-go/tools/cache"

	"datahub.io/slipway/sandbox/behaviour"
	"datahub.io/slipway/sandbox/traffic"
)

// cluster is what the gateway sees of the cluster. While the API server is away it stays as it was last seen.
type cluster struct {
	pods        corelisters.PodLister
	deployments appslisters.DeploymentLister
	routes      routes
	changed     chan struct{} // capacity 1: something may have changed since observe was last called
}

// watch returns once everything has been listed.
func watch(ctx context.Context, client kubernetes.Interface, untyped dynamic.Interface) *cluster {
	labelled := informers.NewSharedInformerFactoryWithOptions(client, 0,
		informers.WithTweakListOptions(func(o *metav1.ListOptions) { o.LabelSelector = "app" }))
	whole, objects := informers.NewSharedInformerFactory(client, 0), dynamicinformer.NewDynamicSharedInformerFactory(untyped, 0)
	pods, deployments, services := labelled.Core().V1().Pods(), labelled.Apps().V1().Deployments(), whole.Core().V1().Services()
	c := &cluster{
		pods: pods.Lister(), deployments: deployments.Lister(), changed: make(chan struct{}, 1),
		routes: routes{services.Lister(), map[schema.GroupVersionResource]cache.GenericLister{}},
	}
	all := []cache.SharedIndexInformer{pods.Informer(), deployments.Informer(), services.Informer()}
	for _, kind := range []schema.GroupVersionResource{VirtualServices, DestinationRules, HTTPRoutes} {
		informer := objects.ForResource(kind)
		c.routes.objects[kind] = informer.Lister()
		all = append(all, informer.Informer())
	}
	for _, informer := range all {
		_, _ = informer.AddEventHandler(cache.ResourceEventHandlerFuncs{
			AddFunc: func(any) { c.poke() }, UpdateFunc: func(any, any) { c.poke() }, DeleteFunc: func(any) { c.poke() },
		})
	}
	labelled.Start(ctx.Done())
	whole.Start(ctx.Done())
	objects.Start(ctx.Done())
	labelled.WaitForCacheSync(ctx.Done())
	whole.WaitForCacheSync(ctx.Done())
	objects.WaitForCacheSync(ctx.Done())
	return c
}

// poke says that something may have changed.
func (c *cluster) poke() {
	select {
	case c.changed <- struct{}{}:
	default:
	}
}

// Scale is what a Deployment asks for and has.
type Scale struct {
	Namespace, Name    string
	Desired, Available int32
}

func (s Scale) samples() []traffic.Sample {
	labels := []traffic.Label{{Name: "deployment", Value: s.Name}, {Name: "namespace", Value: s.Namespace}}
	return []traffic.Sample{
		{Name: "kube_deployment_spec_replicas", Labels: labels, Value: float64(s.Desired)},
		{Name: "kube_deployment_status_replicas_available", Labels: labels, Value: float64(s.Available)},
	}
}

// observation is the cluster at one moment.
type observation struct {
	pods   []traffic.Pod
	scales []Scale
	// splits are of all requests, health of a health check's.
	splits traffic.Splits
	health map[string][]traffic.Backend // by environment
}

// observe returns the cluster as it is now, in a fixed order.
func (c *cluster) observe() observation {
	o := observation{splits: traffic.Splits{}, health: map[string][]traffic.Backend{}}
	for _, e := range Environments {
		all, _ := c.pods.Pods(e.Namespace).List(labels.Everything()) // a lister has no other error than a bad index
		for _, p := range all {
			o.pods = append(o.pods, podOf(p))
		}
		deployments, _ := c.deployments.Deployments(e.Namespace).List(labels.Everything())
		for _, d := range deployments {
			o.scales = append(o.scales, scaleOf(d))
		}
		if backends, routed := c.routes.split(e, traffic.Kinds); routed {
			o.splits[e.Service] = backends
			o.health[e.Name], _ = c.routes.split(e, traffic.Plain)
		}
	}
	slices.SortFunc(o.pods, func(a, b traffic.Pod) int {
		return cmp.Or(cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name))
	})
	slices.SortFunc(o.scales, func(a, b Scale) int {
		return cmp.Or(cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name))
	})
	return o
}

func scaleOf(d *appsv1.Deployment) Scale {
	desired := int32(1)
	if d.Spec.Replicas != nil {
		desired = *d.Spec.Replicas
	}
	return Scale{d.Namespace, d.Name, desired, d.Status.AvailableReplicas}
}

// podOf takes the container "gateway" for the one that serves, or the first where none has that name.
func podOf(p *corev1.Pod) traffic.Pod {
	out := traffic.Pod{Namespace: p.Namespace, Name: p.Name, App: p.Labels["app"], Labels: p.Labels}
	serves := max(0, slices.IndexFunc(p.Spec.Containers, func(c corev1.Container) bool { return c.Name == "gateway" }))
	for i, c := range p.Spec.Containers {
		seen := containerOf(c, p.Status.ContainerStatuses)
		if i != serves {
			out.Beside = append(out.Beside, seen)
			continue
		}
		out.Container, out.Tag, out.CPULimit, out.MemoryLimit = seen.Name, seen.Tag, seen.CPULimit, seen.MemoryLimit
		out.Restarts, out.Running, out.Started = seen.Restarts, seen.Running, seen.Started
	}
	for _, c := range p.Spec.InitContainers {
		if c.RestartPolicy != nil && *c.RestartPolicy == corev1.ContainerRestartPolicyAlways {
			seen := containerOf(c, p.Status.InitContainerStatuses)
			seen.Native = true
			out.Beside = append(out.Beside, seen)
		}
	}
	for _, condition := range p.Status.Conditions {
		if condition.Type == corev1.PodReady {
			out.Serving = condition.Status == corev1.ConditionTrue && p.DeletionTimestamp == nil && out.Running
		}
	}
	return out
}

func containerOf(c corev1.Container, statuses []corev1.ContainerStatus) traffic.Container {
	out := traffic.Container{
		Name: c.Name, Tag: behaviour.Tag(c.Image),
		CPULimit: c.Resources.Limits.Cpu().AsApproximateFloat64(), MemoryLimit: c.Resources.Limits.Memory().AsApproximateFloat64(),
	}
	for _, s := range statuses {
		if s.Name != c.Name {
			continue
		}
		out.Restarts = int(s.RestartCount)
		if s.State.Running != nil {
			out.Running, out.Started = true, s.State.Running.StartedAt.Time
		}
	}
	return out
}
