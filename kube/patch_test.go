package kube

import (
	"encoding/json"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"datahub.io/slipway/release"
)

// Containers that are released together get the image in one patch, each where its name
// still is; what has it already is left alone, and nothing is sent where one is missing.
func TestSetImageOfSeveral(t *testing.T) {
	d := &appsv1.Deployment{}
	d.Name = "datahub-gateway"
	d.Spec.Template.Spec = corev1.PodSpec{
		InitContainers: []corev1.Container{{Name: "schema", Image: "schema:1"}, {Name: "migrate", Image: "gateway:v2.4.0"}},
		Containers:     []corev1.Container{{Name: "gateway", Image: "gateway:v2.4.0"}, {Name: "agent", Image: "agent:1"}, {Name: "worker", Image: "gateway:v2.5.0"}},
	}
	ch := release.SetImage{Container: "gateway", Image: "gateway:v2.5.0", Also: []string{"worker", "migrate"}}
	ops, out := setImage(d, ch, "")
	got, err := json.Marshal(ops)
	if err != nil {
		t.Fatal(err)
	}
	want := `[{"op":"test","path":"/spec/template/spec/containers/0/name","value":"gateway"},{"op":"replace","path":"/spec/template/spec/containers/0/image","value":"gateway:v2.5.0"},` +
		`{"op":"test","path":"/spec/template/spec/initContainers/1/name","value":"migrate"},{"op":"replace","path":"/spec/template/spec/initContainers/1/image","value":"gateway:v2.5.0"}]`
	if string(got) != want {
		t.Errorf("the patch is %s (%+v)", got, out)
	}

	ch.Also = []string{"wroker"}
	if ops, out := setImage(d, ch, ""); len(ops) != 0 || out.Kind != release.Denied || !strings.Contains(out.Text, `no container "wroker"; it has gateway, agent, worker, schema, migrate`) {
		t.Errorf("a container that is not there: %v, %+v", ops, out)
	}

	ch.Container, ch.Also, ch.Image = "gateway", []string{"migrate"}, "gateway:v2.4.0"
	if ops, out := setImage(d, ch, ""); len(ops) != 0 || out.Kind != release.Skipped {
		t.Errorf("all have it already: %v, %+v", ops, out)
	}

	canary := d.DeepCopy()
	apply := release.ApplyCanary{Container: "gateway", Also: []string{"worker", "migrate"}, Image: "gateway:v2.6.0"}
	if !dress(canary, apply, "gateway", "") {
		t.Fatal("a canary cannot be made")
	}
	spec := canary.Spec.Template.Spec
	if spec.Containers[0].Image != apply.Image || spec.Containers[2].Image != apply.Image || spec.InitContainers[1].Image != apply.Image || spec.Containers[1].Image != "agent:1" || spec.InitContainers[0].Image != "schema:1" {
		t.Errorf("the canary runs %+v", spec)
	}
	apply.Also = []string{"wroker"}
	if dress(canary, apply, "gateway", "") {
		t.Error("a canary without one of its containers is made")
	}
}
