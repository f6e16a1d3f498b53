package kube

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/kubernetes/scheme"
)

// manifestBound is more than the API server accepts of one object, in bytes.
const manifestBound = 4 << 20

// ManifestError is what is wrong with the file that canary.manifest names.
type ManifestError struct{ err error }

func (e *ManifestError) Error() string { return "canary.manifest: " + e.err.Error() }

func (e *ManifestError) Unwrap() error { return e.err }

// readManifest reads the file with the canary's Deployment: exactly one document,
// an apps/v1 Deployment of that name, with the released container, and in the
// namespace if it names one. Fields that Kubernetes does not know are errors. Its
// error is a *ManifestError.
func readManifest(path, name, namespace, container string) (*appsv1.Deployment, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, &ManifestError{err}
	}
	defer file.Close()
	raw, err := io.ReadAll(io.LimitReader(file, manifestBound+1))
	switch {
	case err != nil:
		return nil, &ManifestError{err}
	case len(raw) > manifestBound:
		return nil, &ManifestError{fmt.Errorf("%s is larger than %d MiB; one Deployment is accepted", path, manifestBound>>20)}
	}
	d, err := parseManifest(raw)
	if err == nil {
		err = fitsRelease(d, name, namespace, container)
	}
	if err != nil {
		return nil, &ManifestError{fmt.Errorf("%s %w", path, err)}
	}
	return d, nil
}

// strictly decodes as the API server does with fieldValidation=Strict.
var strictly = serializer.NewCodecFactory(scheme.Scheme, serializer.EnableStrict).UniversalDeserializer()

func parseManifest(raw []byte) (*appsv1.Deployment, error) {
	doc, err := onlyDocument(raw)
	if err != nil {
		return nil, err
	}
	var kind metav1.TypeMeta
	if err := yaml.Unmarshal(doc, &kind); err != nil {
		return nil, fmt.Errorf("cannot be read: %w", err)
	}
	if kind.APIVersion != "apps/v1" || kind.Kind != "Deployment" {
		return nil, fmt.Errorf("holds kind %q of %q; a Deployment of apps/v1 is accepted", kind.Kind, kind.APIVersion)
	}
	obj, _, err := strictly.Decode(doc, nil, nil)
	if err != nil {
		return nil, fmt.Errorf("cannot be read: %w", err)
	}
	d, ok := obj.(*appsv1.Deployment)
	if !ok {
		return nil, fmt.Errorf("holds %T; a Deployment of apps/v1 is accepted", obj)
	}
	return d, nil
}

// onlyDocument is the one document of a YAML file that says something.
func onlyDocument(raw []byte) ([]byte, error) {
	var found [][]byte
	for r := yaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(raw))); ; {
		doc, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("cannot be read: %w", err)
		}
		var value any
		if err := yaml.Unmarshal(doc, &value); err != nil {
			return nil, fmt.Errorf("cannot be read: %w", err)
		}
		if value != nil {
			found = append(found, doc)
		}
	}
	if len(found) != 1 {
		return nil, fmt.Errorf("holds %d documents; exactly one, the canary's Deployment, is accepted", len(found))
	}
	return found[0], nil
}

func fitsRelease(d *appsv1.Deployment, name, namespace, container string) error {
	switch {
	case d.Name != name:
		return fmt.Errorf("holds deployment %q; %s is accepted, as canary.canary names it", d.Name, name)
	case d.Namespace != "" && d.Namespace != namespace:
		return fmt.Errorf("is of namespace %s; the release's %s is accepted, or none", d.Namespace, namespace)
	case len(d.Spec.Template.Spec.Containers) == 0:
		return errors.New("has no containers")
	}
	if names := containerNames(d); container != "" && !slices.Contains(names, container) {
		return fmt.Errorf("has no container %q; it has %s", container, strings.Join(names, ", "))
	}
	selector, err := metav1.LabelSelectorAsSelector(d.Spec.Selector)
	switch {
	case err != nil:
		return fmt.Errorf("has a selector that cannot be read: %w", err)
	case selector.Empty() || !selector.Matches(labels.Set(d.Spec.Template.Labels)):
		return errors.New("does not select its own pods: spec.selector must match the labels of spec.template")
	}
	return nil
}
