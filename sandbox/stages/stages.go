// Package stages holds the life of the sandbox's nodes as kwok Stages (https://kwok.sigs.k8s.io/docs/user/stages-configuration/). Pods live by
// package kubelet: each of their containers has a life of its own, and a Stage is of a whole object.
package stages

import (
	"bytes"
	"embed"
	"io/fs"
)

//go:embed *.yaml
var files embed.FS

// ShutdownAnnotation on a node shuts it down; without it the node is ready.
const ShutdownAnnotation = "sandbox.datahub.io/shutdown"

// All returns the Stages as one YAML stream.
func All() ([]byte, error) {
	names, err := fs.Glob(files, "*.yaml")
	if err != nil {
		return nil, err
	}
	var documents [][]byte
	for _, name := range names {
		data, err := files.ReadFile(name)
		if err != nil {
			return nil, err
		}
		documents = append(documents, data)
	}
	return bytes.Join(documents, []byte("---\n")), nil
}
