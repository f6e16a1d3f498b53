package kube

import (
	"cmp"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
)

func TestLastWords(t *testing.T) {
	for in, want := range map[string]string{
		"one\ntwo\n\n": "two",
		"panic: boom\n\ngoroutine 1 [running]:\nmain.main()\n\t/x.go:3\nexit status 2\n": "panic: boom",
		"\x1b[31mpanic: red\x1b[0m\n": "panic: red",
		"":                            "",
	} {
		if got := telling(in); got != want {
			t.Errorf("telling(%q) = %q, expected %q", in, got, want)
		}
	}
}

// A version is text of a stranger; an image without one is named whole.
func TestImageVersion(t *testing.T) {
	for in, want := range map[string]string{
		"repo/app:v2.4.0":                       "v2.4.0",
		"repo/app:v2\x1b[31m.4":                 "v2.4",
		"app@sha256:0123456789abcdef0123456789": "0123456789ab",
		"localhost:5000/app":                    "",
	} {
		if got := imageVersion(in); got != want {
			t.Errorf("imageVersion(%q) = %q, expected %q", in, got, want)
		}
		spec := &corev1.PodSpec{Containers: []corev1.Container{{Name: "app", Image: in}}}
		if got := versionOrImage(spec, ""); got != cmp.Or(want, in) {
			t.Errorf("%q is called %q", in, got)
		}
	}
}

func template() *corev1.PodTemplateSpec {
	t := &corev1.PodTemplateSpec{}
	t.Labels = map[string]string{"app": "gateway", "pod-template-hash": "1"}
	t.Spec.ServiceAccountName = "gateway"
	t.Spec.Volumes = []corev1.Volume{{Name: "tmp", VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}}}
	t.Spec.Containers = []corev1.Container{{
		Name: "gateway", Image: "gateway:v1", Args: []string{"serve", "--a<b"},
		Env: []corev1.EnvVar{
			{Name: "KEY_ROTATION", Value: "on"},
			{Name: "REDIS_POOL", Value: "64"},
			{Name: "MOTD", Value: "red \x1b[31m"},
			{Name: "TOKEN", ValueFrom: &corev1.EnvVarSource{SecretKeyRef: &corev1.SecretKeySelector{Key: "token", LocalObjectReference: corev1.LocalObjectReference{Name: "gateway"}}}},
		},
		Ports:        []corev1.ContainerPort{{ContainerPort: 3001}},
		VolumeMounts: []corev1.VolumeMount{{Name: "tmp", MountPath: "/tmp"}, {Name: "tmp", MountPath: "/var/tmp"}},
		Resources:    corev1.ResourceRequirements{Limits: corev1.ResourceList{"memory": resource.MustParse("2Gi"), "cpu": resource.MustParse("2")}},
	}}
	return t
}

func TestFlatten(t *testing.T) {
	got := map[string]string{}
	for _, f := range flatten(template()).Fields {
		if _, twice := got[f.Path+" "+f.Key]; twice {
			t.Errorf("%s %s twice", f.Path, f.Key)
		}
		got[f.Path+" "+f.Key] = f.Value
	}
	for key, want := range map[string]string{
		"spec serviceAccountName":                           "gateway",
		"metadata.labels app":                               "gateway",
		"volumes[tmp] emptyDir":                             "{}",
		"containers[gateway] image":                         "gateway:v1",
		"containers[gateway] args":                          `["serve","--a<b"]`,
		"containers[gateway].env KEY_ROTATION":              `"on"`,
		"containers[gateway].env REDIS_POOL":                `"64"`,
		"containers[gateway].env MOTD":                      `"red \x1b[31m"`,
		"containers[gateway].env TOKEN":                     `from {"secretKeyRef":{"key":"token","name":"gateway"}}`,
		"containers[gateway].ports[3001/TCP] containerPort": "3001",
		"containers[gateway].volumeMounts[/var/tmp] name":   "tmp",
		"containers[gateway].resources.limits memory":       "2Gi",
		"containers[gateway].resources.limits cpu":          `"2"`,
	} {
		if got[key] != want {
			t.Errorf("%s is %q, expected %q", key, got[key], want)
		}
	}
	if v, ok := got["metadata.labels pod-template-hash"]; ok {
		t.Errorf("the controller's own label is there: %s", v)
	}
}

// Two templates have one hash exactly when the controller takes them for equal.
func TestTemplateHash(t *testing.T) {
	base := flatten(template()).Hash
	for name, change := range map[string]func(*corev1.PodTemplateSpec){
		"hash label":  func(t *corev1.PodTemplateSpec) { t.Labels["pod-template-hash"] = "2" },
		"empty lists": func(t *corev1.PodTemplateSpec) { t.Spec.Tolerations = []corev1.Toleration{} },
		"equal numbers": func(t *corev1.PodTemplateSpec) {
			t.Spec.Containers[0].Resources.Limits["cpu"] = resource.MustParse("2000m")
		},
	} {
		other := template()
		change(other)
		if flatten(other).Hash != base {
			t.Errorf("%s makes another template", name)
		}
	}
	for name, change := range map[string]func(*corev1.PodTemplateSpec){
		"image":       func(t *corev1.PodTemplateSpec) { t.Spec.Containers[0].Image = "gateway:v2" },
		"label":       func(t *corev1.PodTemplateSpec) { t.Labels["version"] = "v2" },
		"env order":   func(t *corev1.PodTemplateSpec) { e := t.Spec.Containers[0].Env; e[0], e[1] = e[1], e[0] },
		"long values": func(t *corev1.PodTemplateSpec) { t.Spec.Containers[0].Env[0].Value = strings.Repeat("x", 5000) },
	} {
		other := template()
		change(other)
		if flatten(other).Hash == base {
			t.Errorf("%s does not make another template", name)
		}
	}
	if a, b := bounded(strings.Repeat("x", 5000)+"a"), bounded(strings.Repeat("x", 5000)+"b"); a == b || len(a) > lineBound {
		t.Errorf("cut values %q and %q", a, b)
	}
}
