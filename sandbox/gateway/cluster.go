package gateway

import (
	"cmp"
	"context"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
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
	changed     chan struct{} // capacity 1: something may have changed since observe was last called
}

// watch returns once everything has been listed.
func watch(ctx context.Context, client kubernetes.Interface) *cluster {
	factory := informers.NewSharedInformerFactoryWithOptions(client, 0,
		informers.WithTweakListOptions(func(o *metav1.ListOptions) { o.LabelSelector = "app" }))
	pods, deployments := factory.Core().V1().Pods(), factory.Apps().V1().Deployments()
	c := &cluster{pods: pods.Lister(), deployments: deployments.Lister(), changed: make(chan struct{}, 1)}
	poke := func() {
		select {
		case c.changed <- struct{}{}:
		default:
		}
	}
	for _, informer := range []cache.SharedIndexInformer{pods.Informer(), deployments.Informer()} {
		_, _ = informer.AddEventHandler(cache.ResourceEventHandlerFuncs{
			AddFunc: func(any) { poke() }, UpdateFunc: func(any, any) { poke() }, DeleteFunc: func(any) { poke() },
		})
	}
	factory.Start(ctx.Done())
	factory.WaitForCacheSync(ctx.Done())
	return c
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

// observe returns the pods and Deployments as they are now, in a fixed order.
func (c *cluster) observe() ([]traffic.Pod, []Scale) {
	var pods []traffic.Pod
	var scales []Scale
	for _, e := range Environments {
		all, _ := c.pods.Pods(e.Namespace).List(labels.Everything()) // a lister has no other error than a bad index
		for _, p := range all {
			pods = append(pods, podOf(p))
		}
		deployments, _ := c.deployments.Deployments(e.Namespace).List(labels.Everything())
		for _, d := range deployments {
			scales = append(scales, scaleOf(d))
		}
	}
	slices.SortFunc(pods, func(a, b traffic.Pod) int {
		return cmp.Or(cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name))
	})
	slices.SortFunc(scales, func(a, b Scale) int {
		return cmp.Or(cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name))
	})
	return pods, scales
}

func scaleOf(d *appsv1.Deployment) Scale {
	desired := int32(1)
	if d.Spec.Replicas != nil {
		desired = *d.Spec.Replicas
	}
	return Scale{d.Namespace, d.Name, desired, d.Status.AvailableReplicas}
}

// podOf takes the first container for the gateway's.
func podOf(p *corev1.Pod) traffic.Pod {
	out := traffic.Pod{Namespace: p.Namespace, Name: p.Name, App: p.Labels["app"]}
	c := p.Spec.Containers[0]
	out.Container, out.Tag = c.Name, behaviour.Tag(c.Image)
	out.CPULimit = c.Resources.Limits.Cpu().AsApproximateFloat64()
	out.MemoryLimit = c.Resources.Limits.Memory().AsApproximateFloat64()
	for _, s := range p.Status.ContainerStatuses {
		if s.Name == c.Name {
			out.Restarts = int(s.RestartCount)
			if s.State.Running != nil {
				out.Running, out.Started = true, s.State.Running.StartedAt.Time
			}
		}
	}
	for _, condition := range p.Status.Conditions {
		if condition.Type == corev1.PodReady {
			out.Serving = condition.Status == corev1.ConditionTrue && p.DeletionTimestamp == nil && out.Running
		}
	}
	return out
}
