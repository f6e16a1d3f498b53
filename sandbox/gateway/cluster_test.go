package gateway

import (
	"reflect"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"datahub.io/slipway/sandbox/traffic"
)

// Whatever stands beside it and in whatever order, the gateway's container is the one that serves.
func TestPodOfSeveralContainers(t *testing.T) {
	started := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	runs := corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: metav1.NewTime(started)}}
	always := corev1.ContainerRestartPolicyAlways
	got := podOf(&corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: "a"},
		Spec: corev1.PodSpec{
			InitContainers: []corev1.Container{{Name: "migrate", Image: "gateway:v2"}, {Name: "shipper", Image: "shipper:v1", RestartPolicy: &always}},
			Containers: []corev1.Container{{Name: "proxy", Image: "proxy:v1"}, {
				Name: "gateway", Image: "gateway:v2-slow",
				Resources: corev1.ResourceRequirements{Limits: corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("2")}},
			}},
		},
		Status: corev1.PodStatus{
			Conditions:            []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue}},
			InitContainerStatuses: []corev1.ContainerStatus{{Name: "migrate"}, {Name: "shipper", State: runs, RestartCount: 3}},
			ContainerStatuses:     []corev1.ContainerStatus{{Name: "proxy", RestartCount: 1}, {Name: "gateway", State: runs}},
		},
	})
	want := traffic.Pod{
		Namespace: "ns", Name: "a", Container: "gateway", Tag: "v2-slow", Serving: true, Running: true, Started: started, CPULimit: 2,
		Beside: []traffic.Container{
			{Name: "proxy", Tag: "v1", Restarts: 1},
			{Name: "shipper", Tag: "v1", Native: true, Running: true, Started: started, Restarts: 3},
		},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}
