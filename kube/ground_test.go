package kube

import (
	"maps"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/fake"
	metadatafake "k8s.io/client-go/metadata/fake"
	clienttesting "k8s.io/client-go/testing"
	metricsfake "k8s.io/metrics/pkg/client/clientset/versioned/fake"
)

func node(name, architecture string, change ...func(*corev1.Node)) *corev1.Node {
	n := &corev1.Node{
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{corev1.LabelArchStable: architecture}},
		Status:     corev1.NodeStatus{NodeInfo: corev1.NodeSystemInfo{OperatingSystem: "linux", Architecture: architecture}},
	}
	for _, c := range change {
		c(n)
	}
	return n
}

func tainted(key string, effect corev1.TaintEffect) func(*corev1.Node) {
	return func(n *corev1.Node) { n.Spec.Taints = append(n.Spec.Taints, corev1.Taint{Key: key, Effect: effect}) }
}

// groundOf is a client of a cluster with a Deployment of this pod spec.
func groundOf(spec corev1.PodSpec, secrets []string, objects ...runtime.Object) *Client {
	d := &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Name: "gateway", Namespace: "there"}}
	d.Spec.Selector = &metav1.LabelSelector{MatchLabels: map[string]string{"app": "gateway"}}
	d.Spec.Template.Spec = spec
	set := fake.NewClientset(append(objects, d)...)
	c := newClient(set, metricsfake.NewSimpleClientset(), Options{Namespace: "there", Deployment: "gateway", Container: "app"})
	scheme := metadatafake.NewTestScheme()
	if err := metav1.AddMetaToScheme(scheme); err != nil {
		panic(err)
	}
	var there []runtime.Object
	for _, name := range secrets {
		there = append(there, &metav1.PartialObjectMetadata{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Secret"}, ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: "there"}})
	}
	c.objects = metadatafake.NewSimpleMetadataClient(scheme, there...)
	return c
}

func TestPlatforms(t *testing.T) {
	nodes := []runtime.Object{
		node("a", "amd64"), node("b", "amd64", tainted(corev1.TaintNodeUnschedulable, corev1.TaintEffectNoSchedule)),
		node("c", "arm64"), node("gpu", "riscv64", tainted("gpu", corev1.TaintEffectNoSchedule)), node("soft", "amd64", tainted("busy", corev1.TaintEffectPreferNoSchedule)),
	}
	for name, c := range map[string]struct {
		spec corev1.PodSpec
		want map[string]int
	}{
		"all that take pods": {corev1.PodSpec{}, map[string]int{"linux/amd64": 3, "linux/arm64": 1}},
		"by node selector":   {corev1.PodSpec{NodeSelector: map[string]string{corev1.LabelArchStable: "arm64"}}, map[string]int{"linux/arm64": 1}},
		"with a toleration":  {corev1.PodSpec{Tolerations: []corev1.Toleration{{Key: "gpu", Operator: corev1.TolerationOpExists}}}, map[string]int{"linux/amd64": 3, "linux/arm64": 1, "linux/riscv64": 1}},
		"none":               {corev1.PodSpec{NodeSelector: map[string]string{"zone": "elsewhere"}}, map[string]int{}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := groundOf(c.spec, nil, nodes...).Platforms(t.Context())
			if err != nil || !maps.Equal(got, c.want) {
				t.Errorf("%v, %v; want %v", got, err, c.want)
			}
		})
	}
	c := groundOf(corev1.PodSpec{}, nil)
	c.kube.(*fake.Clientset).PrependReactor("list", "nodes", func(clienttesting.Action) (bool, runtime.Object, error) {
		return true, nil, apierrors.NewForbidden(corev1.Resource("nodes"), "", nil)
	})
	if got, err := c.Platforms(t.Context()); err == nil || !strings.Contains(err.Error(), "nodes is forbidden") {
		t.Errorf("%v, %v", got, err)
	}
}

func TestPullSecrets(t *testing.T) {
	named := func(names ...string) (refs []corev1.LocalObjectReference) {
		for _, name := range names {
			refs = append(refs, corev1.LocalObjectReference{Name: name})
		}
		return refs
	}
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "gateway-1", Namespace: "there", Labels: map[string]string{"app": "gateway"}}, Spec: corev1.PodSpec{ImagePullSecrets: named("of-the-account")}}
	for name, c := range map[string]struct {
		spec    corev1.PodSpec
		secrets []string
		objects []runtime.Object
		want    map[string]bool
	}{
		"none":              {corev1.PodSpec{}, nil, nil, map[string]bool{}},
		"there, and gone":   {corev1.PodSpec{ImagePullSecrets: named("regcred", "other", "")}, []string{"regcred"}, []runtime.Object{pod}, map[string]bool{"regcred": true, "other": false}},
		"of the account":    {corev1.PodSpec{}, []string{"of-the-account"}, []runtime.Object{pod}, map[string]bool{"of-the-account": true}},
		"gone, of accounts": {corev1.PodSpec{}, nil, []runtime.Object{pod}, map[string]bool{"of-the-account": false}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := groundOf(c.spec, c.secrets, c.objects...).PullSecrets(t.Context())
			if err != nil || !maps.Equal(got, c.want) {
				t.Errorf("%v, %v; want %v", got, err, c.want)
			}
		})
	}
	c := groundOf(corev1.PodSpec{ImagePullSecrets: named("regcred")}, nil)
	c.objects.(*metadatafake.FakeMetadataClient).PrependReactor("get", "secrets", func(clienttesting.Action) (bool, runtime.Object, error) {
		return true, nil, apierrors.NewForbidden(corev1.Resource("secrets"), "regcred", nil)
	})
	if got, err := c.PullSecrets(t.Context()); err == nil || !strings.Contains(err.Error(), "forbidden") {
		t.Errorf("%v, %v", got, err)
	}
}
