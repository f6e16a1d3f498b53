// Package disorder makes the sandbox's tidy world untidy: templates with more than one container, quotas, policies that rewrite images, autoscalers,
// pods that are evicted and nodes that shut down. Each disorder is one that releases meet on real clusters, and can be taken back.
package disorder

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"

	"datahub.io/slipway/sandbox/gateway"
)

// manager is who the API server says made these changes.
const manager = "sandbox"

// Cluster is that of a running sandbox, seen by its administrator.
type Cluster struct {
	typed   kubernetes.Interface
	untyped dynamic.Interface
	// every is the time between two looks of a wait.
	every time.Duration
}

// Open returns the cluster of the sandbox that runs in a directory.
func Open(dir string) (*Cluster, error) {
	file := filepath.Join(dir, "admin.kubeconfig")
	if _, err := os.Stat(filepath.Join(dir, "ready")); errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("no sandbox is ready in %s; start one with: sandbox up --dir DIR", dir)
	}
	config, err := clientcmd.BuildConfigFromFlags("", file)
	if err != nil {
		return nil, err
	}
	config.QPS, config.Burst = 100, 200
	typed, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, err
	}
	untyped, err := dynamic.NewForConfig(config)
	return &Cluster{typed, untyped, 100 * time.Millisecond}, err
}

// Environment returns the environment of a name.
func Environment(name string) (gateway.Environment, error) {
	var names []string
	for _, e := range gateway.Environments {
		if e.Name == name {
			return e, nil
		}
		names = append(names, e.Name)
	}
	return gateway.Environment{}, fmt.Errorf("--env %s: there is no such environment; there are %s", name, strings.Join(names, ", "))
}

// until waits until a condition holds. An error says what is still missing, and is returned when the context ends.
func (c *Cluster) until(ctx context.Context, missing func() error) error {
	var last error
	err := wait.PollUntilContextCancel(ctx, c.every, true, func(context.Context) (bool, error) {
		err := missing()
		if last == nil || ctx.Err() == nil { // afterwards every request fails for that
			last = err
		}
		return err == nil, nil
	})
	if err != nil && last != nil {
		return fmt.Errorf("%w; is kwok stopped? See: sandbox status", last)
	}
	return err
}

// deployment returns the Deployment that serves an environment.
func (c *Cluster) deployment(ctx context.Context, e gateway.Environment) (*appsv1.Deployment, error) {
	return c.typed.AppsV1().Deployments(e.Namespace).Get(ctx, e.Deployment, metav1.GetOptions{})
}

// patch changes that Deployment by a strategic merge patch.
func (c *Cluster) patch(ctx context.Context, e gateway.Environment, patch string, dry bool) (*appsv1.Deployment, error) {
	options := metav1.PatchOptions{FieldManager: manager}
	if dry {
		options.DryRun = []string{metav1.DryRunAll}
	}
	return c.typed.AppsV1().Deployments(e.Namespace).Patch(ctx, e.Deployment, types.StrategicMergePatchType, []byte(patch), options)
}

// complete waits until the Deployment serves what it asks for, and nothing else.
func (c *Cluster) complete(ctx context.Context, e gateway.Environment) error {
	return c.until(ctx, func() error {
		d, err := c.deployment(ctx, e)
		if err != nil {
			return err
		}
		s, want := d.Status, *d.Spec.Replicas
		if s.ObservedGeneration < d.Generation || s.UpdatedReplicas != want || s.Replicas != want || s.AvailableReplicas != want {
			return fmt.Errorf("deployment %s has %d updated and %d available of %d pods", d.Name, s.UpdatedReplicas, s.AvailableReplicas, want)
		}
		return nil
	})
}

// container returns the gateway's container.
func container(d *appsv1.Deployment) corev1.Container {
	all := d.Spec.Template.Spec.Containers
	for _, c := range all {
		if c.Name == "gateway" {
			return c
		}
	}
	return all[0]
}
