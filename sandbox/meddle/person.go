// Package meddle is the other people and the controllers of a cluster: they change what a release is about while it goes on.
package meddle

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"

	"datahub.io/slipway/sandbox/gateway"
)

// Target is what somebody changes in an environment.
type Target string

// The targets.
const (
	Stable Target = "stable" // the Deployment that serves; where releases are rolling, the only one
	Canary Target = "canary" // the Deployment of a canary release, which is there only during one
	Route  Target = "route"  // the VirtualService or HTTPRoute
)

// Targets are all of them.
var Targets = []Target{Stable, Canary, Route}

// Person is somebody who changes an environment with kubectl. Nobody here looks whether somebody else is about to change the same.
type Person struct {
	typed   kubernetes.Interface
	dynamic dynamic.Interface
	e       gateway.Environment
	manager string
}

// As returns the person of a kubeconfig, who changes an environment. Changes carry the field manager; "" is that of the kubectl command that makes
// such a change.
func As(kubeconfig, environment, manager string) (*Person, error) {
	e, err := gateway.EnvironmentNamed(environment)
	if err != nil {
		return nil, err
	}
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return nil, err
	}
	typed, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, err
	}
	untyped, err := dynamic.NewForConfig(config)
	return &Person{typed, untyped, e, manager}, err
}

// container is the gateway's in the pods of every Deployment.
const container = "gateway"

// image is the gateway's, without its tag.
const image = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/datahub-gateway"

// deployment is the name of a target's Deployment.
func (p *Person) deployment(on Target) (string, error) {
	switch on {
	case Stable:
		return p.e.Deployment, nil
	case Canary:
		return gateway.App + "-canary", nil
	case Route:
		return "", fmt.Errorf("a route has no pods: only %s and %s", Stable, Canary)
	}
	return "", fmt.Errorf("%q is unknown; there are %v", on, Targets)
}

// as returns the options of a patch that a kubectl command makes.
func (p *Person) as(kubectl string) metav1.PatchOptions {
	if p.manager != "" {
		kubectl = p.manager
	}
	return metav1.PatchOptions{FieldManager: kubectl}
}

// patch patches a target's Deployment.
func (p *Person) patch(ctx context.Context, on Target, kubectl string, kind types.PatchType, patch any) error {
	name, err := p.deployment(on)
	if err != nil {
		return err
	}
	data, err := json.Marshal(patch)
	if err != nil {
		return err
	}
	_, err = p.typed.AppsV1().Deployments(p.e.Namespace).Patch(ctx, name, kind, data, p.as(kubectl))
	return err
}

type object = map[string]any

// template is a patch of a Deployment's pod template.
func template(of object) object { return object{"spec": object{"template": of}} }

// Restart is kubectl rollout restart.
func (p *Person) Restart(ctx context.Context, on Target, now time.Time) error {
	annotations := object{"kubectl.kubernetes.io/restartedAt": now.Format(time.RFC3339)}
	return p.patch(ctx, on, "kubectl-rollout", types.StrategicMergePatchType, template(object{"metadata": object{"annotations": annotations}}))
}

// Patch is kubectl set env: an environment variable of the gateway gets a value.
func (p *Person) Patch(ctx context.Context, on Target, variable, value string) error {
	return p.container(ctx, on, "env", []object{{"name": variable, "value": value}})
}

// Hotfix is kubectl set image: the gateway gets another version.
func (p *Person) Hotfix(ctx context.Context, on Target, version string) error {
	return p.container(ctx, on, "image", image+":"+version)
}

// container is a kubectl set of the gateway's container.
func (p *Person) container(ctx context.Context, on Target, field string, value any) error {
	containers := []object{{"name": container, field: value}}
	return p.patch(ctx, on, "kubectl-set", types.StrategicMergePatchType, template(object{"spec": object{"containers": containers}}))
}

// Scale asks for another number of pods.
func (p *Person) Scale(ctx context.Context, on Target, replicas int) error {
	return p.patch(ctx, on, "kubectl-patch", types.MergePatchType, object{"spec": object{"replicas": replicas}})
}

// Delete is kubectl delete.
func (p *Person) Delete(ctx context.Context, on Target) error {
	name, err := p.deployment(on)
	if err != nil {
		return err
	}
	return p.typed.AppsV1().Deployments(p.e.Namespace).Delete(ctx, name, metav1.DeleteOptions{})
}

// Revert puts a target back once: a Deployment as kubectl rollout undo does, all of a route's traffic to stable.
func (p *Person) Revert(ctx context.Context, on Target) error {
	if on == Route {
		return p.Weight(ctx, 0)
	}
	earlier, err := p.earlier(ctx, on)
	if err != nil {
		return err
	}
	delete(earlier.Spec.Template.Labels, appsv1.DefaultDeploymentUniqueLabelKey)
	return p.patch(ctx, on, "kubectl-rollout", types.JSONPatchType, []object{{"op": "replace", "path": "/spec/template", "value": earlier.Spec.Template}})
}

// earlier returns the second-newest revision of a target's Deployment.
func (p *Person) earlier(ctx context.Context, on Target) (*appsv1.ReplicaSet, error) {
	name, err := p.deployment(on)
	if err != nil {
		return nil, err
	}
	d, err := p.typed.AppsV1().Deployments(p.e.Namespace).Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return nil, err
	}
	all, err := p.typed.AppsV1().ReplicaSets(p.e.Namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, err
	}
	var own []*appsv1.ReplicaSet
	for i := range all.Items {
		if metav1.IsControlledBy(&all.Items[i], d) {
			own = append(own, &all.Items[i])
		}
	}
	slices.SortFunc(own, func(a, b *appsv1.ReplicaSet) int { return revision(b) - revision(a) })
	if len(own) < 2 {
		return nil, fmt.Errorf("deployment %s has no earlier revision", name)
	}
	return own[1], nil
}

// revision is a ReplicaSet's number in the history of its Deployment.
func revision(r *appsv1.ReplicaSet) (number int) {
	_, _ = fmt.Sscan(r.Annotations["deployment.kubernetes.io/revision"], &number)
	return number
}
