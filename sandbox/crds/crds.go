// Package crds holds the CustomResourceDefinitions of Istio's networking API and, of the Gateway API's standard channel, those for HTTP, as they are
// shipped, but without their descriptions. Go embeds only what lies here, and the sandbox needs no network: the definitions are copied from the modules by
//
//	go generate ./crds
package crds

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"errors"
	"io"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

//go:generate go run ./generate definitions.json

//go:embed definitions.json
var definitions []byte

// All returns the definitions.
func All() ([]*unstructured.Unstructured, error) {
	decoder := json.NewDecoder(bytes.NewReader(definitions))
	var all []*unstructured.Unstructured
	for {
		var object map[string]any
		if err := decoder.Decode(&object); errors.Is(err, io.EOF) {
			return all, nil
		} else if err != nil {
			return nil, err
		}
		all = append(all, &unstructured.Unstructured{Object: object})
	}
}
