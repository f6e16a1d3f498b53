package stages

import (
	"bytes"
	"errors"
	"io"
	"math"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/util/yaml"

	"datahub.io/slipway/sandbox/behaviour"
)

type stage struct {
	Kind     string
	Metadata struct{ Name string }
	Spec     struct {
		Delay struct{ DurationMilliseconds, JitterDurationMilliseconds int }
		Steps []map[string]any
	}
}

func decode(t *testing.T, speed float64) map[string]stage {
	t.Helper()
	data, err := Render(speed)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(data), "[[") && strings.Contains(string(data), "]]") {
		t.Errorf("a fragment was left in place")
	}
	out := map[string]stage{}
	decoder := yaml.NewYAMLOrJSONDecoder(bytes.NewReader(data), 4096)
	for {
		var s stage
		if err := decoder.Decode(&s); errors.Is(err, io.EOF) {
			return out
		} else if err != nil {
			t.Fatal(err)
		}
		if s.Kind == "" { // the empty document after the last separator
			continue
		}
		if s.Kind != "Stage" || len(s.Spec.Steps) == 0 || out[s.Metadata.Name].Kind != "" {
			t.Errorf("%s %q: a Stage with steps and a name of its own is wanted", s.Kind, s.Metadata.Name)
		}
		out[s.Metadata.Name] = s
	}
}

func TestSpeedDividesDelays(t *testing.T) {
	slow, fast := decode(t, 1), decode(t, 10)
	if len(slow) < 10 || len(slow) != len(fast) {
		t.Fatalf("%d stages at speed 1, %d at speed 10", len(slow), len(fast))
	}
	for name, s := range slow {
		if name == "node-heartbeat" { // heartbeats are the nodes' business, not the gateway's
			continue
		}
		if got, want := fast[name].Spec.Delay.DurationMilliseconds, s.Spec.Delay.DurationMilliseconds/10; got != want {
			t.Errorf("%s: delay %d ms at speed 10, want %d", name, got, want)
		}
	}
}

func TestSpeedMustBePositive(t *testing.T) {
	for _, speed := range []float64{0, -1, math.NaN()} {
		if _, err := Render(speed); err == nil {
			t.Errorf("speed %v was accepted", speed)
		}
	}
}

func TestEveryFailureOfPodsHasItsStage(t *testing.T) {
	data, err := Render(1)
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range behaviour.Table {
		if (b.NeverReady || b.Exhausts > 0) && !strings.Contains(string(data), "values: ["+b.Name+"]") {
			t.Errorf("no stage selects %s", b.Name)
		}
	}
}
