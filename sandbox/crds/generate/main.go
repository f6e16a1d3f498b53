// Generate writes the CustomResourceDefinitions for package crds to a file, one a line.
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"

	"k8s.io/apimachinery/pkg/util/yaml"
)

// sources are the files to take, the definitions of which group, and from which module. Of the Gateway API only what HTTP needs: each definition
// delays the start by some 0.1 s of the API server's time.
var sources = []struct{ module, files, group string }{
	{"istio.io/api@v1.31.1", "kubernetes/customresourcedefinitions.gen.yaml", "networking.istio.io"},
	{"sigs.k8s.io/gateway-api@v1.6.3", "config/crd/standard/*_gatewayclasses.yaml", "gateway.networking.k8s.io"},
	{"sigs.k8s.io/gateway-api@v1.6.3", "config/crd/standard/*_gateways.yaml", "gateway.networking.k8s.io"},
	{"sigs.k8s.io/gateway-api@v1.6.3", "config/crd/standard/*_httproutes.yaml", "gateway.networking.k8s.io"},
	{"sigs.k8s.io/gateway-api@v1.6.3", "config/crd/standard/*_referencegrants.yaml", "gateway.networking.k8s.io"},
}

func main() {
	var out bytes.Buffer
	for _, s := range sources {
		if err := copyDefinitions(&out, s.module, s.files, s.group); err != nil {
			fmt.Fprintf(os.Stderr, "%s: %v\n", s.module, err)
			os.Exit(1)
		}
	}
	if err := os.WriteFile(os.Args[1], out.Bytes(), 0o644); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// copyDefinitions writes the definitions of a group in the files of a module.
func copyDefinitions(out io.Writer, module, pattern, group string) error {
	data, err := exec.Command("go", "mod", "download", "-json", module).Output()
	if err != nil {
		return err
	}
	var download struct{ Dir string }
	if err := json.Unmarshal(data, &download); err != nil {
		return err
	}
	files, err := filepath.Glob(filepath.Join(download.Dir, pattern))
	if err != nil {
		return err
	}
	if len(files) == 0 {
		return fmt.Errorf("no files %s", pattern)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		decoder := yaml.NewYAMLOrJSONDecoder(bytes.NewReader(data), 4096)
		for {
			var object map[string]any
			if err := decoder.Decode(&object); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				return fmt.Errorf("%s: %w", file, err)
			}
			spec, _ := object["spec"].(map[string]any)
			if object["kind"] != "CustomResourceDefinition" || spec["group"] != group {
				continue
			}
			delete(object, "status")
			strip(object)
			if err := json.NewEncoder(out).Encode(object); err != nil {
				return err
			}
		}
	}
	return nil
}

// strip removes descriptions, which are most of a definition. A property that has this name is not text, and stays.
func strip(value any) {
	switch v := value.(type) {
	case map[string]any:
		if _, ok := v["description"].(string); ok {
			delete(v, "description")
		}
		for _, inner := range v {
			strip(inner)
		}
	case []any:
		for _, inner := range v {
			strip(inner)
		}
	}
}
