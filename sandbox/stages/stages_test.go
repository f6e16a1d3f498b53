package stages

import (
	"bytes"
	"errors"
	"io"
	"testing"

	"k8s.io/apimachinery/pkg/util/yaml"
)

// A node is under one Stage at a time: what tells them apart is the annotation.
func TestStagesOfNodes(t *testing.T) {
	data, err := All()
	if err != nil {
		t.Fatal(err)
	}
	operators := map[string]string{}
	decoder := yaml.NewYAMLOrJSONDecoder(bytes.NewReader(data), 4096)
	for {
		var s struct {
			Kind     string
			Metadata struct{ Name string }
			Spec     struct {
				ResourceRef struct{ Kind string }
				Selector    struct {
					MatchExpressions []struct {
						JQ struct{ Key, Operator string }
					}
				}
				Steps []map[string]any
			}
		}
		if err := decoder.Decode(&s); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		if s.Kind != "Stage" || s.Spec.ResourceRef.Kind != "Node" || len(s.Spec.Steps) == 0 {
			t.Errorf("%s %q: a Stage of nodes with steps is wanted", s.Kind, s.Metadata.Name)
		}
		for _, e := range s.Spec.Selector.MatchExpressions {
			if e.JQ.Key == `.metadata.annotations["`+ShutdownAnnotation+`"]` {
				operators[s.Metadata.Name] = e.JQ.Operator
			}
		}
	}
	if len(operators) != 2 || operators["node-heartbeat"] != "DoesNotExist" || operators["node-shutdown"] != "Exists" {
		t.Errorf("on %s: %v", ShutdownAnnotation, operators)
	}
}
