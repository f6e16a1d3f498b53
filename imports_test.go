package main

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// The edges between our packages, as ARCHITECTURE.md draws them. Any other edge
// fails: the shape of the program is decided here.
var edges = map[string][]string{
	"release":   {},
	"config":    {"release"},
	"untrusted": {},
	"kube":      {"release", "untrusted"},
	"metrics":   {"release", "untrusted"},
	"checklist": {"release", "untrusted"},
	"journal":   {"release"},
	"engine":    {"release", "checklist"},
	"ui":        {"release", "checklist"},
	"cli":       {"release", "config", "kube", "metrics", "checklist", "journal", "engine", "ui"},
	"deploy":    {},
	"e2e":       {},
	"":          {"cli"},
}

const module = "datahub.io/slipway"

func TestImports(t *testing.T) {
	out, err := exec.Command("go", "list", "-json=ImportPath,Imports", "./...").Output()
	if err != nil {
		t.Fatal(err)
	}
	decoder := json.NewDecoder(strings.NewReader(string(out)))
	seen := 0
	for {
		var p struct {
			ImportPath string
			Imports    []string
		}
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		seen++
		name := strings.TrimPrefix(strings.TrimPrefix(p.ImportPath, module), "/")
		allowed, known := edges[name]
		if !known {
			t.Errorf("package %q is not in ARCHITECTURE.md", name)
			continue
		}
		for _, imported := range p.Imports {
			ours, ok := strings.CutPrefix(imported, module+"/")
			if ok && !slices.Contains(allowed, ours) {
				t.Errorf("%s imports %s", name, ours)
			}
			if name == "release" && strings.Contains(imported, ".") {
				t.Errorf("release imports %s: it uses the standard library only", imported)
			}
		}
	}
	if seen < 5 {
		t.Fatalf("only %d packages were looked at", seen)
	}
}

// The pure core has no clock and does no I/O.
func TestReleaseIsPure(t *testing.T) {
	out, err := exec.Command("go", "list", "-f", "{{join .Imports \" \"}}", "./release").Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, imported := range strings.Fields(string(out)) {
		for _, bad := range []string{"os", "io", "net", "net/http", "os/exec", "bufio", "log", "context", "sync", "math/rand", "crypto/rand"} {
			if imported == bad {
				t.Errorf("release imports %s", imported)
			}
		}
	}
	calls, _ := exec.Command("grep", "-rnE", `time\.(Now|Since|Until|After|Tick|Sleep)\(`, "--include=*.go", "--exclude=*_test.go", "release").Output()
	if len(calls) > 0 {
		t.Errorf("release reads a clock:\n%s", calls)
	}
}
