package main

import (
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// The edges between our packages, as ARCHITECTURE.md draws them. Any other edge
// fails: the shape of the program is decided here.
var edges = map[string][]string{
	"release":         {},
	"untrusted":       {},
	"config":          {"release", "untrusted"},
	"kube":            {"release", "untrusted", "deploy"},
	"deploy":          {},
	"metrics":         {"release", "untrusted"},
	"checklist":       {"release", "untrusted"},
	"journal":         {"release", "untrusted"},
	"database":        {"untrusted"},
	"command":         {"release", "untrusted"},
	"database/pgtest": {},
	"engine":          {"release", "untrusted"},
	"report":          {"release"},
	"ui":              {"release"},
	"cli":             {"release", "untrusted", "config", "kube", "metrics", "checklist", "command", "journal", "engine", "ui", "report"},
	"e2e":             {},
	"":                {"cli"},
}

const module = "datahub.io/slipway"

func TestImports(t *testing.T) {
	out, err := exec.Command("go", "list", "-json=ImportPath,Imports", "./...").Output()
	if err != nil {
		t.Fatal(err)
	}
	decoder := json.NewDecoder(strings.NewReader(string(out)))
	seen := map[string]bool{}
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
		name := strings.TrimPrefix(strings.TrimPrefix(p.ImportPath, module), "/")
		seen[name] = true
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
		}
	}
	for name := range edges {
		if !seen[name] {
			t.Errorf("package %q is in ARCHITECTURE.md and does not exist", name)
		}
	}
}

// pure is all that release may import: nothing in it does I/O, waits or knows of
// anything but its arguments, save for the functions of impure.
var (
	pure = []string{
		"cmp", "crypto/sha256", "encoding/hex", "encoding/json", "errors", "fmt", "maps", "math", "slices", "strconv", "strings", "time",
		"unicode", "unicode/utf8",
	}
	impure = map[string][]string{
		"time": {"Now", "Since", "Until", "After", "AfterFunc", "Tick", "Sleep", "NewTimer", "NewTicker"},
		"fmt": {
			"Print", "Printf", "Println", "Fprint", "Fprintf", "Fprintln",
			"Scan", "Scanf", "Scanln", "Fscan", "Fscanf", "Fscanln",
		},
		"encoding/hex":  {"Dumper", "NewEncoder", "NewDecoder"},
		"encoding/json": {"NewEncoder", "NewDecoder"},
	}
)

// The core has no clock and does no I/O.
func TestReleaseIsPure(t *testing.T) {
	files, err := filepath.Glob("release/*.go")
	if err != nil {
		t.Fatal(err)
	}
	files = slices.DeleteFunc(files, func(name string) bool { return strings.HasSuffix(name, "_test.go") })
	if len(files) == 0 {
		t.Fatal("no files of release")
	}
	for _, name := range files {
		positions := token.NewFileSet()
		file, err := parser.ParseFile(positions, name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, fault := range impurities(t, file) {
			t.Errorf("%s: %s", positions.Position(fault.at), fault.what)
		}
	}
}

// The test above finds what it looks for, under another name too.
func TestImpuritiesAreFound(t *testing.T) {
	const text = `package release
import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	clock "time"
)
var hash = hex.EncodeToString(sha256.New().Sum(nil))
var dump = hex.Dumper
var now = clock.Now
func f(c struct{ Now func() clock.Time }) string {
	<-clock.After(clock.Second)
	fmt.Println(c.Now(), os.Args)
	return fmt.Sprint(clock.Time{}.After(clock.Time{}))
}`
	file, err := parser.ParseFile(token.NewFileSet(), "release.go", text, 0)
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, fault := range impurities(t, file) {
		found = append(found, fault.what)
	}
	if want := []string{"imports os", "uses encoding/hex.Dumper", "uses time.Now", "uses time.After", "uses fmt.Println"}; !slices.Equal(found, want) {
		t.Errorf("found %q, want %q", found, want)
	}
}

type impurity struct {
	at   token.Pos
	what string
}

func impurities(t *testing.T, file *ast.File) (found []impurity) {
	t.Helper()
	packages := map[string]string{} // by the name that the file gives them
	for _, spec := range file.Imports {
		imported, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Contains(pure, imported) {
			found = append(found, impurity{spec.Pos(), "imports " + imported})
		}
		name := path.Base(imported)
		if spec.Name != nil {
			name = spec.Name.Name
		}
		if name == "." {
			found = append(found, impurity{spec.Pos(), "imports " + imported + " without its name"})
		}
		packages[name] = imported
	}
	ast.Inspect(file, func(n ast.Node) bool {
		selector, ok := n.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		if of, ok := selector.X.(*ast.Ident); ok && slices.Contains(impure[packages[of.Name]], selector.Sel.Name) {
			found = append(found, impurity{selector.Pos(), "uses " + packages[of.Name] + "." + selector.Sel.Name})
		}
		return true
	})
	return found
}
