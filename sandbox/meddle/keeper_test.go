package meddle

import (
	"context"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"datahub.io/slipway/sandbox/gateway"
)

// keep runs a keeper, and returns what it tells.
func keep(t *testing.T, p *Person, on Target, after time.Duration) <-chan string {
	t.Helper()
	k, err := p.Keeper(t.Context(), on)
	if err != nil {
		t.Fatal(err)
	}
	told, ended := make(chan string, 100), make(chan struct{})
	ctx, cancel := context.WithCancel(t.Context())
	go func() { k.Run(ctx, after, func(text string) { told <- text }); close(ended) }()
	t.Cleanup(func() { cancel(); <-ended })
	return told
}

func hear(t *testing.T, told <-chan string) string {
	t.Helper()
	select {
	case text := <-told:
		return text
	case <-time.After(10 * time.Second):
		t.Fatal("nothing is put back")
		return ""
	}
}

func TestKeeperPutsARouteBackEachTime(t *testing.T) {
	p := in(t, "canary")
	told := keep(t, p, Route, 300*time.Millisecond)
	for _, weight := range []int{10, 50} {
		began := time.Now()
		if err := p.Weight(t.Context(), weight); err != nil {
			t.Fatal(err)
		}
		if text := hear(t, told); text != "datahub-gateway: put back as it was" || time.Since(began) < 300*time.Millisecond {
			t.Errorf("after %s: %s", time.Since(began), text)
		}
		if got := p.split(t); got != "map[canary:0 stable:1]" {
			t.Errorf("after %d%%: %s", weight, got)
		}
	}
}

// Nothing that was added stays, and a Deployment that is away is waited for.
func TestKeeperPutsADeploymentBack(t *testing.T) {
	p := in(t, "canary")
	k, err := p.Keeper(t.Context(), Stable)
	if err != nil {
		t.Fatal(err)
	}
	deployments := k.objects
	before, err := deployments.Get(t.Context(), gateway.Stable, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	told := keep(t, p, Stable, 200*time.Millisecond)
	if err := deployments.Delete(t.Context(), gateway.Stable, metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	again := before.DeepCopy()
	patch := `{"spec":{"replicas":1,"template":{"metadata":{"annotations":{"a":"b"}}}}}`
	if _, err := deployments.Create(t.Context(), again, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	if _, err := deployments.Patch(t.Context(), gateway.Stable, types.MergePatchType, []byte(patch), metav1.PatchOptions{}); err != nil {
		t.Fatal(err)
	}
	if text := hear(t, told); !strings.Contains(text, "put back") {
		t.Error(text)
	}
	now, err := deployments.Get(t.Context(), gateway.Stable, metav1.GetOptions{})
	if err != nil || !k.asKept(now) {
		t.Errorf("it is %v, %v", now, err)
	}
}

func TestKeeperNeedsItsObject(t *testing.T) {
	p := in(t, "canary")
	if err := p.dynamic.Resource(gateway.VirtualServices).Namespace(p.e.Namespace).Delete(t.Context(), gateway.App, metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Keeper(t.Context(), Route); err == nil || !strings.Contains(err.Error(), "not found") {
		t.Errorf("error: %v", err)
	}
	if _, err := in(t, "quiet").Keeper(t.Context(), Route); err == nil || !strings.Contains(err.Error(), "no route divides") {
		t.Errorf("error: %v", err)
	}
}
