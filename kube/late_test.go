package kube

import (
	"strings"
	"sync"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"
	metricsfake "k8s.io/metrics/pkg/client/clientset/versioned/fake"

	"datahub.io/slipway/release"
)

// refusing is an API server that answers for everything but one resource, once
// it is told to.
type refusing struct {
	mu      sync.Mutex
	refuses bool
	watches []*watch.RaceFreeFakeWatcher
}

func (r *refusing) client(resource string, objects ...runtime.Object) *Client {
	set := fake.NewClientset(objects...)
	set.PrependReactor("list", resource, func(clienttesting.Action) (bool, runtime.Object, error) {
		r.mu.Lock()
		defer r.mu.Unlock()
		return r.refuses, nil, apierrors.NewTooManyRequestsError("slow down")
	})
	set.PrependWatchReactor(resource, func(clienttesting.Action) (bool, watch.Interface, error) {
		r.mu.Lock()
		defer r.mu.Unlock()
		if r.refuses {
			return true, nil, apierrors.NewTooManyRequestsError("slow down")
		}
		w := watch.NewRaceFreeFake()
		r.watches = append(r.watches, w)
		return true, w, nil
	})
	return newClient(set, metricsfake.NewSimpleClientset(), Options{Namespace: "there", Deployment: "gateway", Container: "app"})
}

// turns makes it refuse, which ends the watches too, or answer again.
func (r *refusing) turns(refuses bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.refuses = refuses
	for _, w := range r.watches {
		w.Stop()
	}
	r.watches = nil
}

// The Deployment can be read, its pods or ReplicaSets cannot: what is old does
// not stay under a new age.
func TestPartsCannotBeRead(t *testing.T) {
	quiet()
	labels := map[string]string{"app": "gateway"}
	d := &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Name: "gateway", Namespace: "there", UID: "1"},
		Spec: appsv1.DeploymentSpec{
			Selector: &metav1.LabelSelector{MatchLabels: labels},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: labels},
				Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "app", Image: "gateway:v1"}}},
			},
		},
	}
	for _, resource := range []string{"pods", "replicasets"} {
		t.Run(resource, func(t *testing.T) {
			t.Parallel()
			server := &refusing{}
			c := server.client(resource, d.DeepCopy())
			s := (&world{t: t}).watch(c)
			s.sees("the Deployment", 0, func(w release.Workload) bool { return w.Found })

			since := time.Now()
			server.turns(true)
			lost, n := s.hears("lost", 0, func(l release.Link) bool { return !l.OK })
			if !strings.Contains(lost.Err, " "+resource+": ") || !strings.Contains(lost.Err, "slow down") {
				t.Errorf("lost: %+v", lost)
			}
			// Until someone grants it again, nothing is live.
			_, n = s.hears("still lost", n, func(l release.Link) bool { return !l.OK && l.Tries > 1 })
			for _, e := range s.events() {
				if o, ok := e.(release.Observed); ok && o.Workload.At.After(since.Add(behindMax+2*beatEvery)) {
					t.Errorf("observed as of %s after it was refused", o.Workload.At.Sub(since))
				}
			}
			server.turns(false)
			c.Retry()
			_, n = s.hears("back", n, func(l release.Link) bool { return l.OK })
			s.sees("anything", n, func(w release.Workload) bool { return w.Found })
		})
	}
}
