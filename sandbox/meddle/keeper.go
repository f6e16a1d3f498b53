package meddle

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"

	"datahub.io/slipway/sandbox/gateway"
)

// manager is the field manager of a controller that puts things back.
const manager = "argocd-controller"

// Keeper is a controller for which an object's spec is to be as it was when it came, as a GitOps controller with self-healing: what anybody changes
// in it is put back after a while.
type Keeper struct {
	objects dynamic.ResourceInterface
	name    string
	spec    any
	manager string
}

// Keeper returns a controller for a target as it is now.
func (p *Person) Keeper(ctx context.Context, on Target) (*Keeper, error) {
	kind, name := schema.GroupVersionResource{Group: "apps", Version: "v1", Resource: "deployments"}, gateway.App
	if on == Route {
		d, err := p.dialect()
		if err != nil {
			return nil, err
		}
		kind = d.kind
	} else {
		var err error
		if name, err = p.deployment(on); err != nil {
			return nil, err
		}
	}
	k := &Keeper{objects: p.dynamic.Resource(kind).Namespace(p.e.Namespace), name: name, manager: p.as(manager).FieldManager}
	o, err := k.objects.Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return nil, err
	}
	k.spec = o.Object["spec"]
	return k, nil
}

// Run puts the object back until the context ends: each time the time after somebody changed it. While the object or the API server is away it
// waits. It tells what it did, and what went wrong with it.
func (k *Keeper) Run(ctx context.Context, after time.Duration, tell func(string)) {
	const interval = 100 * time.Millisecond
	tick := time.NewTicker(interval)
	defer tick.Stop()
	var changed time.Time
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		o, err := k.objects.Get(ctx, k.name, metav1.GetOptions{})
		switch {
		case err != nil, k.asKept(o):
			changed = time.Time{}
		case changed.IsZero():
			changed = time.Now()
		}
		if changed.IsZero() || time.Since(changed) < after {
			continue
		}
		changed = time.Time{}
		if err := k.putBack(ctx); err != nil {
			tell(fmt.Sprintf("%s: not put back: %v", k.name, err))
			continue
		}
		tell(fmt.Sprintf("%s: put back as it was", k.name))
	}
}

func (k *Keeper) asKept(o *unstructured.Unstructured) bool {
	return reflect.DeepEqual(o.Object["spec"], k.spec)
}

func (k *Keeper) putBack(ctx context.Context) error {
	data, err := json.Marshal([]object{{"op": "replace", "path": "/spec", "value": k.spec}})
	if err != nil {
		return err
	}
	_, err = k.objects.Patch(ctx, k.name, types.JSONPatchType, data, metav1.PatchOptions{FieldManager: k.manager})
	return err
}
