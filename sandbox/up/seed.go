package up

import (
	"bytes"
	"context"
	"embed"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	utilnet "k8s.io/apimachinery/pkg/util/net"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"

	"datahub.io/slipway/sandbox/gateway"
	"datahub.io/slipway/sandbox/kubelet"
)

//go:embed manifests/*.yaml
var manifests embed.FS

// image is the gateway's, without its tag.
const image = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/datahub-gateway"

// revision is one entry of the history that every environment starts with.
type revision struct{ version, cause string }

// past is that history, oldest first; its last entry is what runs.
var past = []revision{
	{"v2.3.0", "release v2.3.0: dataset lineage API"},
	{"v2.3.1", "release v2.3.1: fix pagination of search results"},
	{"v2.3.2", "release v2.3.2: raise Redis pool to 64 connections"},
	{"v2.4.0", "release v2.4.0: rate limits per API key"},
}

// nodes are the sandbox's machines, one in each zone of the region.
var nodes = []struct{ name, zone string }{
	{"ip-10-0-1-17.eu-west-1.compute.internal", "eu-west-1a"},
	{"ip-10-0-2-41.eu-west-1.compute.internal", "eu-west-1b"},
	{"ip-10-0-3-86.eu-west-1.compute.internal", "eu-west-1c"},
}

// seeder fills a new cluster, as its administrator.
type seeder struct {
	typed    kubernetes.Interface
	dynamic  dynamic.Interface
	deadline time.Duration
}

func newSeeder(kubeconfig string, deadline time.Duration) (*seeder, error) {
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return nil, err
	}
	config.QPS, config.Burst = 200, 400
	typed, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, err
	}
	untyped, err := dynamic.NewForConfig(config)
	return &seeder{typed, untyped, deadline}, err
}

// resources says where an object of each kind in the manifests is sent.
var resources = map[schema.GroupKind]schema.GroupVersionResource{
	{Group: "apps", Kind: "Deployment"}:                   appsv1.SchemeGroupVersion.WithResource("deployments"),
	{Kind: "Service"}:                                     corev1.SchemeGroupVersion.WithResource("services"),
	{Group: rbacv1.GroupName, Kind: "ClusterRole"}:        rbacv1.SchemeGroupVersion.WithResource("clusterroles"),
	{Group: rbacv1.GroupName, Kind: "RoleBinding"}:        rbacv1.SchemeGroupVersion.WithResource("rolebindings"),
	{Group: rbacv1.GroupName, Kind: "ClusterRoleBinding"}: rbacv1.SchemeGroupVersion.WithResource("clusterrolebindings"),
	{Group: "apiregistration.k8s.io", Kind: "APIService"}: {Group: "apiregistration.k8s.io", Version: "v1", Resource: "apiservices"},
	definitions:                               {Group: definitions.Group, Version: "v1", Resource: "customresourcedefinitions"},
	{Group: istio, Kind: "Gateway"}:           {Group: istio, Version: "v1", Resource: "gateways"},
	{Group: istio, Kind: "VirtualService"}:    gateway.VirtualServices,
	{Group: gatewayAPI, Kind: "GatewayClass"}: {Group: gatewayAPI, Version: "v1", Resource: "gatewayclasses"},
	{Group: gatewayAPI, Kind: "Gateway"}:      {Group: gatewayAPI, Version: "v1", Resource: "gateways"},
	{Group: gatewayAPI, Kind: "HTTPRoute"}:    gateway.HTTPRoutes,
}

// apply creates the objects of a manifest, in a namespace if they name none, after change has had its say.
func (s *seeder) apply(ctx context.Context, manifest, namespace string, change func(*unstructured.Unstructured) error) error {
	data, err := manifests.ReadFile("manifests/" + manifest)
	if err != nil {
		return err
	}
	decoder := yaml.NewYAMLOrJSONDecoder(bytes.NewReader(data), 4096)
	for {
		var object unstructured.Unstructured
		if err := decoder.Decode(&object); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return fmt.Errorf("%s: %w", manifest, err)
		}
		if err := change(&object); err != nil {
			return fmt.Errorf("%s: %w", manifest, err)
		}
		if object.GetNamespace() == "" {
			object.SetNamespace(namespace)
		}
		if err := s.create(ctx, &object); err != nil {
			return err
		}
	}
}

// create creates an object. What it needs may still be on its way: its namespace, or the definition of its kind.
func (s *seeder) create(ctx context.Context, object *unstructured.Unstructured) error {
	kind := object.GroupVersionKind().GroupKind()
	err := create(ctx, func() error {
		_, err := s.dynamic.Resource(resources[kind]).Namespace(object.GetNamespace()).Create(ctx, object, metav1.CreateOptions{})
		if apierrors.IsNotFound(err) {
			return pending(err.Error())
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("create %s %s: %w", object.GetKind(), object.GetName(), err)
	}
	return nil
}

func unchanged(*unstructured.Unstructured) error { return nil }

// accounts creates the namespaces and what the accounts may do in them, and registers the metrics part with the API server.
func (s *seeder) accounts(ctx context.Context, metricsPort int, authority []byte) error {
	for _, e := range gateway.Environments {
		namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: e.Namespace}}
		err := create(ctx, func() error {
			_, err := s.typed.CoreV1().Namespaces().Create(ctx, namespace, metav1.CreateOptions{})
			return err
		})
		if err != nil {
			return fmt.Errorf("create namespace %s: %w", e.Namespace, err)
		}
	}
	for _, manifest := range []string{"rbac.yaml", "bindings.yaml"} {
		if err := s.apply(ctx, manifest, "", unchanged); err != nil {
			return err
		}
	}
	// The API server makes this namespace itself, a moment after it is ready.
	err := until(ctx, func() error {
		_, err := s.typed.CoreV1().Namespaces().Get(ctx, metav1.NamespaceSystem, metav1.GetOptions{})
		if apierrors.IsNotFound(err) {
			return pending(err.Error())
		}
		return err
	})
	if err != nil {
		return err
	}
	return s.apply(ctx, "metrics.yaml", "", func(o *unstructured.Unstructured) error {
		if o.GetKind() != "APIService" {
			return nil
		}
		if err := unstructured.SetNestedField(o.Object, int64(metricsPort), "spec", "service", "port"); err != nil {
			return err
		}
		return unstructured.SetNestedField(o.Object, base64Of(authority), "spec", "caBundle")
	})
}

// rollOut gives an environment its Deployment and Service, and the Deployment its history: one revision after another, each seen by the controller,
// without pods. Then it asks for six pods, and marks them as running since before; they stay unscheduled as long as there are no nodes.
func (s *seeder) rollOut(ctx context.Context, e gateway.Environment) error {
	err := s.apply(ctx, "gateway.yaml", e.Namespace, func(o *unstructured.Unstructured) error {
		if o.GetKind() != "Deployment" {
			return nil
		}
		o.SetAnnotations(map[string]string{causeAnnotation: past[0].cause})
		if e.Routed {
			if err := onTrack(o, e.Deployment, "stable"); err != nil {
				return err
			}
		}
		containers, _, err := unstructured.NestedSlice(o.Object, "spec", "template", "spec", "containers")
		if err != nil {
			return err
		}
		containers[0].(map[string]any)["image"] = image + ":" + past[0].version
		if err := unstructured.SetNestedSlice(o.Object, containers, "spec", "template", "spec", "containers"); err != nil {
			return err
		}
		return unstructured.SetNestedField(o.Object, int64(s.deadline.Seconds()), "spec", "progressDeadlineSeconds")
	})
	if err != nil {
		return err
	}
	for i, r := range past {
		if i > 0 {
			patch := fmt.Sprintf(`{"metadata":{"annotations":{%q:%q}},"spec":{"template":{"spec":{"containers":[{"name":"gateway","image":%q}]}}}}`,
				causeAnnotation, r.cause, image+":"+r.version)
			if err := s.patch(ctx, e, patch); err != nil {
				return err
			}
		}
		if err := s.revision(ctx, e, fmt.Sprint(i+1)); err != nil {
			return fmt.Errorf("revision %d: %w", i+1, err)
		}
	}
	const replicas = 6
	if err := s.patch(ctx, e, fmt.Sprintf(`{"spec":{"replicas":%d}}`, replicas)); err != nil {
		return err
	}
	return s.settle(ctx, e.Namespace, replicas)
}

const (
	causeAnnotation    = "kubernetes.io/change-cause"
	revisionAnnotation = "deployment.kubernetes.io/revision"
)

func (s *seeder) patch(ctx context.Context, e gateway.Environment, patch string) error {
	return until(ctx, func() error {
		_, err := s.typed.AppsV1().Deployments(e.Namespace).Patch(ctx, e.Deployment, types.StrategicMergePatchType, []byte(patch), metav1.PatchOptions{})
		return err
	})
}

// revision waits until the controller has made a revision of what was asked last.
func (s *seeder) revision(ctx context.Context, e gateway.Environment, number string) error {
	return until(ctx, func() error {
		d, err := s.typed.AppsV1().Deployments(e.Namespace).Get(ctx, e.Deployment, metav1.GetOptions{})
		if err == nil && (d.Annotations[revisionAnnotation] != number || d.Status.ObservedGeneration < d.Generation) {
			return pending(fmt.Sprintf("the controller has made revision %q", d.Annotations[revisionAnnotation]))
		}
		return err
	})
}

// settle waits for the pods and marks each as running since some moment of yesterday.
func (s *seeder) settle(ctx context.Context, namespace string, replicas int) error {
	var pods *corev1.PodList
	err := until(ctx, func() (err error) {
		pods, err = s.typed.CoreV1().Pods(namespace).List(ctx, metav1.ListOptions{})
		if err == nil && len(pods.Items) != replicas {
			return pending(fmt.Sprintf("the controller has made %d of %d pods", len(pods.Items), replicas))
		}
		return err
	})
	if err != nil {
		return err
	}
	rollout := time.Now().Add(-27 * time.Hour)
	for i, pod := range pods.Items {
		since := rollout.Add(time.Duration(i*8) * time.Second).UTC().Format(time.RFC3339)
		patch := fmt.Sprintf(`{"metadata":{"annotations":{%q:%q}}}`, kubelet.SettledAnnotation, since)
		err := until(ctx, func() error {
			_, err := s.typed.CoreV1().Pods(namespace).Patch(ctx, pod.Name, types.MergePatchType, []byte(patch), metav1.PatchOptions{})
			return err
		})
		if err != nil {
			return fmt.Errorf("pod %s: %w", pod.Name, err)
		}
	}
	return nil
}

// machines creates the nodes, with a kubelet at a port of the loopback interface.
func (s *seeder) machines(ctx context.Context, kubelet int) error {
	for _, n := range nodes {
		capacity := corev1.ResourceList{
			corev1.ResourceCPU: resource.MustParse("16"), corev1.ResourceMemory: resource.MustParse("64Gi"), corev1.ResourcePods: resource.MustParse("110"),
		}
		node := &corev1.Node{
			ObjectMeta: metav1.ObjectMeta{Name: n.name, Labels: map[string]string{
				corev1.LabelHostname: n.name, corev1.LabelTopologyZone: n.zone, corev1.LabelTopologyRegion: "eu-west-1",
				corev1.LabelArchStable: "amd64", corev1.LabelOSStable: "linux",
			}},
			Status: corev1.NodeStatus{
				Capacity: capacity, Allocatable: capacity,
				Addresses:       []corev1.NodeAddress{{Type: corev1.NodeInternalIP, Address: "127.0.0.1"}, {Type: corev1.NodeHostName, Address: n.name}},
				DaemonEndpoints: corev1.NodeDaemonEndpoints{KubeletEndpoint: corev1.DaemonEndpoint{Port: int32(kubelet)}},
				NodeInfo: corev1.NodeSystemInfo{
					Architecture: "amd64", OperatingSystem: "linux", KubeletVersion: "v1.37.2", ContainerRuntimeVersion: "containerd://2.1.0",
				},
			},
		}
		err := create(ctx, func() error {
			_, err := s.typed.CoreV1().Nodes().Create(ctx, node, metav1.CreateOptions{})
			return err
		})
		if err != nil {
			return fmt.Errorf("create node %s: %w", n.name, err)
		}
	}
	return nil
}

// available waits until an environment's Deployment is complete.
func (s *seeder) available(ctx context.Context, e gateway.Environment) error {
	return until(ctx, func() error {
		d, err := s.typed.AppsV1().Deployments(e.Namespace).Get(ctx, e.Deployment, metav1.GetOptions{})
		if err == nil && (d.Status.AvailableReplicas != *d.Spec.Replicas || d.Status.ObservedGeneration < d.Generation) {
			return pending(fmt.Sprintf("%d of %d pods are available", d.Status.AvailableReplicas, *d.Spec.Replicas))
		}
		return err
	})
}

// served waits until the aggregated metrics API answers through the API server.
func (s *seeder) served(ctx context.Context) error {
	return until(ctx, func() error {
		err := s.typed.CoreV1().RESTClient().Get().AbsPath("/apis/metrics.k8s.io/v1beta1").Do(ctx).Error()
		if err != nil {
			return pending(err.Error())
		}
		return nil
	})
}

// pending says what a wait waits for: how far it is, or an answer that will change.
type pending string

func (p pending) Error() string { return string(p) }

// until asks again and again until there is no error, one that does not pass, or the end of the context, with what stood in the way last.
func until(ctx context.Context, ask func() error) error {
	var last error
	for {
		err := ask()
		if err == nil || ctx.Err() == nil && !passes(err) {
			return err
		}
		if ctx.Err() == nil {
			last = err
		}
		select {
		case <-ctx.Done():
			if last == nil {
				return ctx.Err()
			}
			return fmt.Errorf("%w: %w", ctx.Err(), last)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// passes tells whether the same request may well succeed a moment later: a new API server under load refuses and times out.
func passes(err error) bool {
	var p pending
	var status apierrors.APIStatus
	switch {
	case errors.As(err, &p):
		return true
	case errors.As(err, &status):
		return status.Status().Code >= 500 || apierrors.IsTooManyRequests(err) || apierrors.IsTimeout(err)
	}
	var failure net.Error // also of a request that reached its own time limit
	return utilnet.IsConnectionRefused(err) || utilnet.IsConnectionReset(err) || utilnet.IsProbableEOF(err) || errors.As(err, &failure) && failure.Timeout()
}

// create repeats a creation like until. What is there has been created by an attempt that was not answered.
func create(ctx context.Context, attempt func() error) error {
	return until(ctx, func() error {
		err := attempt()
		if apierrors.IsAlreadyExists(err) {
			return nil
		}
		return err
	})
}
