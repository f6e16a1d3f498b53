package kube

import (
	"context"
	"fmt"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer/protobuf"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes/scheme"

	"datahub.io/slipway/release"
)

// BenchmarkBuild is one rebuild of the Workload, templates already flattened.
func BenchmarkBuild(b *testing.B) {
	for _, pods := range []int{6, 4000} {
		b.Run(fmt.Sprintf("pods=%d", pods), func(b *testing.B) {
			o := load(b, "gateway", "crashloop")
			o.Name, o.Container = "datahub-gateway", "gateway"
			some := o.Pods
			o.Pods = nil
			for i := range pods {
				p, _ := keepPod(some[i%len(some)].DeepCopy())
				p.UID, p.Name = types.UID(fmt.Sprint(i)), fmt.Sprintf("%s-%d", p.Name, i)
				o.Pods = append(o.Pods, p)
			}
			var builder builder
			now := time.Now()
			b.ReportAllocs()
			for b.Loop() {
				builder.build(o, now)
			}
		})
	}
}

// BenchmarkForeignEvents is the cost of one event in the namespace that is not
// ours: decoded as it comes over the wire, and dropped.
func BenchmarkForeignEvents(b *testing.B) {
	events := load(b, "crashloop").Events
	page := &corev1.EventList{}
	for i := range eventPage {
		e := events[i%len(events)].DeepCopy()
		e.InvolvedObject.Name = fmt.Sprintf("somebody-elses-%d", i)
		page.Items = append(page.Items, *e)
	}
	codec := protobuf.NewSerializer(scheme.Scheme, scheme.Scheme)
	page.GetObjectKind().SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind("EventList"))
	raw, err := runtime.Encode(codec, page)
	if err != nil {
		b.Fatal(err)
	}
	list := func(context.Context, metav1.ListOptions) (*corev1.EventList, error) {
		obj, _, err := codec.Decode(raw, nil, nil)
		return obj.(*corev1.EventList), err
	}
	keep := keepEvent("datahub-gateway")
	b.ReportAllocs()
	for b.Loop() {
		ours, err := listEvents(b.Context(), list, keep)
		if err != nil || len(ours.Items) != 0 {
			b.Fatalf("%d kept, %v", len(ours.Items), err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/eventPage, "ns/event")
}

// BenchmarkApply is a change from the call to the API server's answer, on a
// warm connection: an undo to and fro.
func BenchmarkApply(b *testing.B) {
	w := sandbox(b)
	w.deploy("gateway", "gateway:v1")
	w.change("gateway", image("v2"))
	c := w.client("gateway", nil)
	for b.Loop() {
		b.StopTimer()
		d := w.settled("gateway")
		sets := w.sets(d)
		ch := w.undoOf(d, revisionOf(sets[1]))
		c.remember(&history{uid: d.UID, sets: sets})
		b.StartTimer()
		if out := c.Apply(b.Context(), ordered(ch)); out.Kind != release.Accepted {
			b.Fatalf("%s: %s", out.Kind, out.Text)
		}
	}
}
