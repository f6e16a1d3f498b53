package disorder

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"datahub.io/slipway/sandbox/stages"
)

// node finds a node by its name, or by its beginning up to a dot.
func (c *Cluster) node(ctx context.Context, name string) (*corev1.Node, error) {
	all, err := c.typed.CoreV1().Nodes().List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, err
	}
	var names []string
	for i := range all.Items {
		node := &all.Items[i]
		if first, _, _ := strings.Cut(node.Name, "."); node.Name == strings.TrimPrefix(name, "node/") || first == name {
			return node, nil
		}
		names = append(names, node.Name)
	}
	return nil, fmt.Errorf("there is no node %q; there are %s", name, strings.Join(names, ", "))
}

// Shutdown shuts a node down, and returns how many pods it ended when it has ended all that it had.
func (c *Cluster) Shutdown(ctx context.Context, name string) (*corev1.Node, int, error) {
	node, err := c.node(ctx, name)
	if err != nil {
		return nil, 0, err
	}
	before, err := c.alive(ctx, node.Name)
	if err != nil {
		return nil, 0, err
	}
	down := "true"
	if err := c.mark(ctx, node, &down); err != nil {
		return nil, 0, err
	}
	return node, before, c.until(ctx, func() error {
		now, err := c.node(ctx, node.Name)
		if err != nil {
			return err
		}
		left, err := c.alive(ctx, node.Name)
		if err == nil && (left > 0 || isReady(now)) {
			return fmt.Errorf("node %s still has %d pods", node.Name, left)
		}
		return err
	})
}

// StartNode starts a node again, and returns when it is ready.
func (c *Cluster) StartNode(ctx context.Context, name string) (*corev1.Node, error) {
	node, err := c.node(ctx, name)
	if err != nil {
		return nil, err
	}
	if err := c.mark(ctx, node, nil); err != nil {
		return nil, err
	}
	return node, c.until(ctx, func() error {
		now, err := c.node(ctx, node.Name)
		if err == nil && !isReady(now) {
			return fmt.Errorf("node %s is not ready", node.Name)
		}
		return err
	})
}

// mark sets the annotation that kwok and the kubelet act on, or removes it.
func (c *Cluster) mark(ctx context.Context, node *corev1.Node, value *string) error {
	patch, err := json.Marshal(map[string]any{"metadata": map[string]any{"annotations": map[string]*string{stages.ShutdownAnnotation: value}}})
	if err != nil {
		return err
	}
	_, err = c.typed.CoreV1().Nodes().Patch(ctx, node.Name, types.MergePatchType, patch, metav1.PatchOptions{FieldManager: manager})
	return err
}

// alive counts the pods of a node that have not ended.
func (c *Cluster) alive(ctx context.Context, node string) (int, error) {
	pods, err := c.typed.CoreV1().Pods("").List(ctx, metav1.ListOptions{})
	if err != nil {
		return 0, err
	}
	n := 0
	for _, p := range pods.Items {
		if p.Spec.NodeName == node && p.Status.Phase != corev1.PodFailed && p.Status.Phase != corev1.PodSucceeded {
			n++
		}
	}
	return n, nil
}

func isReady(n *corev1.Node) bool {
	for _, c := range n.Status.Conditions {
		if c.Type == corev1.NodeReady {
			return c.Status == corev1.ConditionTrue
		}
	}
	return false
}
