package kube

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"

	"datahub.io/slipway/release"
	"datahub.io/slipway/untrusted"
)

// Annotations of the Deployment controller and of kubectl.
const (
	revisionAnnotation    = "deployment.kubernetes.io/revision"
	changeCauseAnnotation = "kubernetes.io/change-cause"
)

// objects is what a Workload is built from. buildWorkload only reads it.
type objects struct {
	Namespace   string
	Name        string             // of the Deployment
	Container   string             // the released container; empty: the first
	Deployment  *appsv1.Deployment // nil: it does not exist
	ReplicaSets []*appsv1.ReplicaSet
	Pods        []*corev1.Pod
	Events      []*corev1.Event
	Former      map[types.UID]bool  // pods that are gone and whose events still count
	Usage       map[string]podUsage // by pod name
	LastLines   map[crashed]string  // the last log line of containers that crashed
	Notices     []release.Note      // to be shown with the events: what could not be read
	Skew        time.Duration       // what to add to the cluster's time to get ours
}

// buildWorkload makes the whole Workload of real objects. Only what the
// Deployment owns, by UID, becomes part of it. It is a pure function; the
// result shares nothing with the objects.
func buildWorkload(o objects, now time.Time) release.Workload {
	return (&builder{}).build(o, now)
}

// builder remembers flattened templates from one build to the next. Objects do
// not change once they have been read, so a template is known by its address.
type builder struct {
	templates map[*corev1.PodTemplateSpec]release.Template
	pods      []judged // of the last build
}

func (b *builder) build(o objects, now time.Time) release.Workload {
	w := release.Workload{At: now, Skew: o.Skew, Name: o.Name, Namespace: o.Namespace}
	theirs := now.Add(-o.Skew)
	d := o.Deployment
	if d == nil {
		*b = builder{}
		return w
	}
	used := make(map[*corev1.PodTemplateSpec]release.Template, len(o.ReplicaSets)+1)
	flat := func(t *corev1.PodTemplateSpec) release.Template {
		f, ok := b.templates[t]
		if !ok {
			f = flatten(t)
		}
		used[t] = f
		return f
	}
	container := released(&d.Spec.Template.Spec, o.Container)

	describe(&w, d, flat(&d.Spec.Template))
	w.ChangeCause = causeOf(d.Annotations, &d.Spec.Template, container)
	owned := ownedReplicaSets(d, o.ReplicaSets)
	w.Revisions = revisions(owned, w.Template.Hash, container, flat)
	pods := judgePods(o, owned, container, theirs)
	current, _ := w.Current()
	limited(w.Containers, &d.Spec.Template.Spec, pods, current.Number)
	limited(w.Init, &d.Spec.Template.Spec, pods, current.Number)
	w.Pods, w.UsageAt = podRows(pods, o.Usage, o.Skew, now)
	w.Causes = causes(d, owned, pods, o, container, theirs)
	for i := range w.Causes {
		c := &w.Causes[i]
		c.First, c.Newest = shifted(c.First, o.Skew), shifted(c.Newest, o.Skew)
	}
	w.Events = notes(d, owned, pods, o)
	w.Managers = managers(d)
	b.templates, b.pods = used, pods
	return w
}

func describe(w *release.Workload, d *appsv1.Deployment, template release.Template) {
	w.Found = true
	w.UID, w.ResourceVersion = string(d.UID), d.ResourceVersion
	w.Generation, w.Observed = d.Generation, d.Status.ObservedGeneration
	w.Paused = d.Spec.Paused
	w.Writer = untrusted.Line(writer(d), nameBound)
	w.Desired = 1
	if d.Spec.Replicas != nil {
		w.Desired = int(*d.Spec.Replicas)
	}
	w.Replicas, w.Updated = int(d.Status.Replicas), int(d.Status.UpdatedReplicas)
	w.Ready, w.Available = int(d.Status.ReadyReplicas), int(d.Status.AvailableReplicas)
	w.MaxSurge, w.MaxUnavail = fences(d.Spec.Strategy, w.Desired)
	w.History = 10 // the API's default
	if d.Spec.RevisionHistoryLimit != nil {
		w.History = int(*d.Spec.RevisionHistoryLimit)
	}
	w.Deadline = 600 * time.Second // the API's default
	if s := d.Spec.ProgressDeadlineSeconds; s != nil {
		w.Deadline = time.Duration(*s) * time.Second
		if *s == math.MaxInt32 {
			w.Deadline = 0
		}
	}
	w.Progressing = condition(d, appsv1.DeploymentProgressing)
	w.Containers = containers(d.Spec.Template.Spec.Containers)
	w.Init = containers(d.Spec.Template.Spec.InitContainers)
	for i, c := range d.Spec.Template.Spec.InitContainers {
		w.Init[i].Init = true
		w.Init[i].Sidecar = sidecar(c)
	}
	w.Template = template
}

// fences resolves maxSurge and maxUnavailable to pods as the controller does:
// surge rounds up, unavailable down, and both zero means one unavailable.
func fences(s appsv1.DeploymentStrategy, desired int) (surge, unavailable int) {
	if s.Type == appsv1.RecreateDeploymentStrategyType {
		return 0, desired
	}
	quarter := intstr.FromString("25%") // the API's default for both
	maxSurge, maxUnavailable := &quarter, &quarter
	if r := s.RollingUpdate; r != nil {
		maxSurge, maxUnavailable = cmp.Or(r.MaxSurge, maxSurge), cmp.Or(r.MaxUnavailable, maxUnavailable)
	}
	surge, err := intstr.GetScaledValueFromIntOrPercent(maxSurge, desired, true)
	if err != nil {
		surge = 0
	}
	unavailable, err = intstr.GetScaledValueFromIntOrPercent(maxUnavailable, desired, false)
	if err != nil {
		unavailable = 0
	}
	if surge == 0 && unavailable == 0 {
		unavailable = 1
	}
	return surge, min(unavailable, desired)
}

func condition(d *appsv1.Deployment, kind appsv1.DeploymentConditionType) release.Condition {
	for _, c := range d.Status.Conditions {
		if c.Type == kind {
			return release.Condition{
				Status: string(c.Status), Reason: untrusted.Line(c.Reason, nameBound), Message: untrusted.Line(c.Message, textBound),
				Updated: c.LastUpdateTime.Time,
			}
		}
	}
	return release.Condition{}
}

func containers(cs []corev1.Container) []release.Container {
	out := make([]release.Container, 0, len(cs))
	for _, c := range cs {
		out = append(out, release.Container{
			Name: untrusted.Line(c.Name, nameBound), Image: untrusted.Line(c.Image, textBound),
			Readiness: probe(c),
		})
	}
	return out
}

// probe says what a readiness probe asks: "GET :3001/health/ready".
func probe(c corev1.Container) string {
	p := c.ReadinessProbe
	switch {
	case p == nil:
		return ""
	case p.HTTPGet != nil:
		return untrusted.Line(fmt.Sprintf("GET :%s%s", port(c, p.HTTPGet.Port), p.HTTPGet.Path), textBound)
	case p.TCPSocket != nil:
		return untrusted.Line("TCP :"+port(c, p.TCPSocket.Port), textBound)
	case p.GRPC != nil:
		return fmt.Sprintf("gRPC :%d", p.GRPC.Port)
	case p.Exec != nil:
		return untrusted.Line(fmt.Sprintf("exec %v", p.Exec.Command), textBound)
	default:
		return ""
	}
}

func port(c corev1.Container, p intstr.IntOrString) string {
	for _, named := range c.Ports {
		if p.Type == intstr.String && named.Name == p.StrVal {
			return strconv.Itoa(int(named.ContainerPort))
		}
	}
	return p.String()
}

// released is the container whose image is the version.
func released(spec *corev1.PodSpec, name string) string {
	if name == "" && len(spec.Containers) > 0 {
		return spec.Containers[0].Name
	}
	return name
}

func imageOf(spec *corev1.PodSpec, container string) string {
	for _, list := range [][]corev1.Container{spec.Containers, spec.InitContainers} {
		for _, c := range list {
			if c.Name == container {
				return c.Image
			}
		}
	}
	return ""
}

// sidecar tells an init container that goes on beside the others.
func sidecar(c corev1.Container) bool {
	return c.RestartPolicy != nil && *c.RestartPolicy == corev1.ContainerRestartPolicyAlways
}

// lasting are the containers that are meant to go on: those of the pod, and its sidecars.
func lasting(spec *corev1.PodSpec) []corev1.Container {
	out := slices.Clone(spec.Containers)
	for _, c := range spec.InitContainers {
		if sidecar(c) {
			out = append(out, c)
		}
	}
	return out
}

// lastingStatuses are the statuses of those containers.
func lastingStatuses(p *corev1.Pod) []corev1.ContainerStatus {
	out := slices.Clone(p.Status.ContainerStatuses)
	for _, s := range p.Status.InitContainerStatuses {
		if slices.ContainsFunc(p.Spec.InitContainers, func(c corev1.Container) bool { return c.Name == s.Name && sidecar(c) }) {
			out = append(out, s)
		}
	}
	return out
}

// ownedReplicaSets are those that the Deployment controls, newest revision
// first. Names and labels do not count: another Deployment may share them.
func ownedReplicaSets(d *appsv1.Deployment, all []*appsv1.ReplicaSet) []*appsv1.ReplicaSet {
	var owned []*appsv1.ReplicaSet
	for _, rs := range all {
		if metav1.IsControlledBy(rs, d) && rs.DeletionTimestamp == nil {
			owned = append(owned, rs)
		}
	}
	slices.SortFunc(owned, func(a, b *appsv1.ReplicaSet) int {
		return cmp.Or(cmp.Compare(revisionOf(b), revisionOf(a)), b.CreationTimestamp.Compare(a.CreationTimestamp.Time),
			cmp.Compare(a.Name, b.Name))
	})
	return owned
}

// revisionOf is the revision of a ReplicaSet, 0 when it has none (yet).
func revisionOf(rs *appsv1.ReplicaSet) int64 {
	n, err := strconv.ParseInt(rs.Annotations[revisionAnnotation], 10, 64)
	if err != nil || n < 0 {
		return 0
	}
	return n
}

func revisions(owned []*appsv1.ReplicaSet, current, container string, flat func(*corev1.PodTemplateSpec) release.Template) []release.Revision {
	var out []release.Revision
	running := -1 // of equal templates the controller takes the oldest ReplicaSet
	for _, rs := range owned {
		if revisionOf(rs) == 0 {
			continue
		}
		image := imageOf(&rs.Spec.Template.Spec, container)
		r := release.Revision{
			Number: revisionOf(rs), ReplicaSet: untrusted.Line(rs.Name, nameBound), UID: string(rs.UID), Created: rs.CreationTimestamp.Time,
			Cause: causeOf(rs.Annotations, &rs.Spec.Template, container),
			Image: untrusted.Line(image, textBound), Version: imageVersion(image),
			Ready: int(rs.Status.ReadyReplicas), Available: int(rs.Status.AvailableReplicas), Template: flat(&rs.Spec.Template),
		}
		if rs.Spec.Replicas != nil {
			r.Desired = int(*rs.Spec.Replicas)
		}
		out = append(out, r)
		i := len(out) - 1
		if r.Template.Hash == current && (running < 0 || r.Created.Before(out[running].Created)) {
			running = i
		}
	}
	if running >= 0 {
		out[running].Current = true
	}
	return out
}
