// Package stages holds the life cycle of the sandbox's nodes and pods as kwok Stages (https://kwok.sigs.k8s.io/docs/user/stages-configuration/).
// The files are templates twice over: [[ ]] is filled here, once, with the speed and with shared fragments; {{ }} by kwok for each object.
package stages

import (
	"bytes"
	"embed"
	"fmt"
	"io/fs"
	"strconv"
	"text/template"
	"time"

	"datahub.io/slipway/sandbox/behaviour"
	"datahub.io/slipway/sandbox/kubelet"
)

//go:embed *.yaml
var files embed.FS

// SettledAnnotation on a pod that is not yet scheduled makes it ready at once, with its container started at the time that the annotation gives.
const SettledAnnotation = "sandbox.datahub.io/running-since"

// Render returns all Stages as one YAML stream, for a sandbox that is speed times faster than life.
func Render(speed float64) ([]byte, error) {
	if !(speed > 0) {
		return nil, fmt.Errorf("speed %v: a number above 0 is needed", speed)
	}
	leak := time.Duration(0)
	for _, b := range behaviour.Table {
		leak = max(leak, b.Exhausts)
	}
	functions := template.FuncMap{
		"ms":      func(n float64) int { return int(n / speed) },
		"speed":   func() float64 { return speed },
		"settled": func() string { return SettledAnnotation },
		"crash":   func() string { return strconv.Quote(kubelet.CrashLines) },
		"leak":    func() int { return int(leak.Seconds() / speed) },
	}
	all, err := template.New("").Delims("[[", "]]").Funcs(functions).ParseFS(files, "*.yaml")
	if err != nil {
		return nil, err
	}
	names, err := fs.Glob(files, "*-*.yaml")
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	for _, name := range names {
		if err := all.ExecuteTemplate(&out, name, nil); err != nil {
			return nil, err
		}
		out.WriteString("\n---\n")
	}
	return out.Bytes(), nil
}
