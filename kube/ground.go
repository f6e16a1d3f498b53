package kube

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	scheduling "k8s.io/component-helpers/scheduling/corev1"
	"k8s.io/component-helpers/scheduling/corev1/nodeaffinity"
	"k8s.io/klog/v2"
)

// They are what an item of type image asks for besides, and exactly what
// the roles slipway-nodes and slipway-pull-secrets of deploy/rbac.yaml grant.
var (
	nodePermissions   = []permission{{resource: "nodes", verbs: []string{"list"}, optional: "no platforms of the nodes for items of type image"}}
	secretPermissions = []permission{{resource: "secrets", object: "regcred", verbs: []string{"get"}, optional: "no pull secrets for items of type image"}}
)

// Platforms counts the nodes that the Deployment's pods may be scheduled to, by their
// platform: "linux/amd64".
func (c *Client) Platforms(ctx context.Context) (map[string]int, error) {
	d, err := c.get(ctx)
	if err != nil {
		return nil, err
	}
	if d == nil {
		return nil, fmt.Errorf("deployment %q not found", c.deployment)
	}
	nodes, err := c.kube.CoreV1().Nodes().List(ctx, metav1.ListOptions{ResourceVersion: "0"})
	if err != nil {
		return nil, c.name(err, "list", "nodes")
	}
	spec := d.Spec.Template.Spec
	wanted := nodeaffinity.GetRequiredNodeAffinity(&corev1.Pod{Spec: spec})
	found := map[string]int{}
	for i := range nodes.Items {
		node := &nodes.Items[i]
		if fits, err := wanted.Match(node); err != nil || !fits || repels(node, spec.Tolerations) {
			continue
		}
		found[node.Status.NodeInfo.OperatingSystem+"/"+node.Status.NodeInfo.Architecture]++
	}
	return found, nil
}

// repels tells whether a node takes no new pods with these tolerations for good. One that
// is cordoned, not ready or under pressure comes back.
func repels(node *corev1.Node, tolerations []corev1.Toleration) bool {
	lasting := func(t *corev1.Taint) bool {
		switch t.Key {
		case corev1.TaintNodeUnschedulable, corev1.TaintNodeNotReady, corev1.TaintNodeUnreachable, corev1.TaintNodeMemoryPressure,
			corev1.TaintNodeDiskPressure, corev1.TaintNodePIDPressure, corev1.TaintNodeNetworkUnavailable:
			return false
		}
		return t.Effect == corev1.TaintEffectNoSchedule || t.Effect == corev1.TaintEffectNoExecute
	}
	_, found := scheduling.FindMatchingUntoleratedTaint(klog.Background(), node.Spec.Taints, tolerations, lasting, true)
	return found
}

// PullSecrets tells of each Secret that the Deployment's pods pull their images with
// whether it exists: those of the pod template, or else those that their service account
// gave the pods that run. Only the Secret's metadata is read.
func (c *Client) PullSecrets(ctx context.Context) (map[string]bool, error) {
	d, err := c.get(ctx)
	if err != nil {
		return nil, err
	}
	if d == nil {
		return nil, fmt.Errorf("deployment %q not found", c.deployment)
	}
	named := d.Spec.Template.Spec.ImagePullSecrets
	if len(named) == 0 {
		selector, err := metav1.LabelSelectorAsSelector(d.Spec.Selector)
		if err != nil {
			return nil, err
		}
		pods, err := c.listPods(ctx, selector.String())
		if err != nil {
			return nil, err
		}
		for _, pod := range pods {
			named = append(named, pod.Spec.ImagePullSecrets...)
		}
	}
	found := map[string]bool{}
	for _, secret := range named {
		if _, known := found[secret.Name]; known || secret.Name == "" {
			continue
		}
		_, err := c.objects.Resource(corev1.SchemeGroupVersion.WithResource("secrets")).Namespace(c.namespace).Get(ctx, secret.Name, metav1.GetOptions{})
		switch {
		case apierrors.IsNotFound(err):
			found[secret.Name] = false
		case err != nil:
			return nil, c.name(err, "get", "secrets/"+secret.Name)
		default:
			found[secret.Name] = true
		}
	}
	return found, nil
}
