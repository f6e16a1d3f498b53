package kube

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"datahub.io/slipway/release"
	"datahub.io/slipway/untrusted"
)

// changeAnnotation stands beside a change-cause of slipway's and says of which pod
// template it is. Kubernetes copies the annotations of a Deployment to each revision
// that follows: without it the next one, somebody else's, would have the cause too.
const changeAnnotation = "slipway.datahub.io/change"

// causeOf is the change-cause of a Deployment or a ReplicaSet with that pod template;
// one of slipway's that was copied from an earlier revision is none.
func causeOf(annotations map[string]string, t *corev1.PodTemplateSpec, container string) string {
	cause := untrusted.Line(annotations[changeCauseAnnotation], textBound)
	rest, of, ok := strings.Cut(annotations[changeAnnotation], " ")
	of, version, _ := strings.Cut(of, " ")
	if !ok || of != shortSum([]byte(annotations[changeCauseAnnotation])) {
		return cause // whoever wrote it last was not slipway
	}
	image := release.ParseImage(imageOf(&t.Spec, container))
	if rest != restOf(t, container) || image.Tag != "" && image.Tag != version {
		return ""
	}
	return cause
}

// changeOf is the annotation for a change-cause of a pod template.
func changeOf(cause string, t *corev1.PodTemplateSpec, container string) string {
	return restOf(t, container) + " " + shortSum([]byte(cause)) + " " + release.Version(imageOf(&t.Spec, container))
}

// restOf is a hash of a pod template without the image of the released container, and
// with the versions of the others: admission may pin them.
func restOf(t *corev1.PodTemplateSpec, container string) string {
	t = withoutHash(t)
	for _, list := range [][]corev1.Container{t.Spec.Containers, t.Spec.InitContainers} {
		for i := range list {
			if list[i].Image = release.Version(list[i].Image); list[i].Name == container {
				list[i].Image = ""
			}
		}
	}
	raw, err := json.Marshal(t)
	if err != nil {
		return "" // a typed object always marshals
	}
	return shortSum(raw)
}

func shortSum(raw []byte) string {
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:])[:16]
}

// setCause sets the change-cause of what becomes of a Deployment's pods, and leaves all
// other annotations alone. An empty cause leaves that one alone as well. Nobody but
// slipway changes a canary's Deployment: without a template the cause stands alone.
func setCause(d *appsv1.Deployment, cause string, t *corev1.PodTemplateSpec, container string) []op {
	if cause == "" {
		return nil
	}
	set := map[string]string{changeCauseAnnotation: cause}
	if t != nil {
		set[changeAnnotation] = changeOf(cause, t, released(&t.Spec, container))
	}
	if len(d.Annotations) == 0 {
		return []op{{Op: "add", Path: "/metadata/annotations", Value: set}}
	}
	var ops []op
	for _, name := range slices.Sorted(maps.Keys(set)) {
		ops = append(ops, op{Op: "add", Path: annotationPath(name), Value: set[name]})
	}
	return ops
}

func annotationPath(name string) string {
	return "/metadata/annotations/" + strings.ReplaceAll(name, "/", "~1")
}
