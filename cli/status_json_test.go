package cli

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"datahub.io/slipway/release"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// statusExamples are releases that show every member of the schema.
func statusExamples(t *testing.T) map[string]statusReport {
	t.Helper()
	noon := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	plan, s := canaryPlan(newStage(t).options.Plan), baking(1)
	plan.Rollback.After = 3
	plan.Items = append(plan.Items, release.ItemSpec{ID: "approved", Title: "Change request approved", Stage: release.Pre, Type: release.ItemManual})
	eng := release.Actor{Name: "eng-a", Local: "eng-a@ops-1"}
	s.View.Workload.At = noon
	s.Record.By, s.Began, s.From.Revision = eng, noon.Add(-time.Hour), 14
	s.From.Image, s.To.Image = "registry/gateway:v1", "registry/gateway:v2"
	s.Canary.Live = noon.Add(-time.Minute)
	s.Items = []release.Item{
		{ID: "approved", Status: release.Waived, By: eng, At: noon.Add(-30 * time.Minute), Reason: "CHG-20418 is late"},
		{ID: "gone", Status: release.Passed, Evidence: "6 of 6", At: noon, By: release.Itself, Note: "of an item that was configured then"},
	}
	s.Judging = &release.Judging{Pass: 11, Fail: 1, NoData: 2, Losing: map[release.MetricName]release.Failing{release.ErrorRate: {Count: 1, Newest: noon}}}
	s.Asking = &release.Question{Trouble: release.Figures, Reason: "canary Error Rate fails", At: noon}
	s.Pending = &release.Pending{Since: noon, Unknown: true, Change: release.Change{ID: "c1", By: eng, Do: release.PauseRollout{}}}
	s.Last = &release.Outcome{ID: "c0", Kind: release.Accepted, By: eng, What: "apply canary", Text: "ok", At: noon}
	under := s.Record

	over := release.Record{
		ID: "r0", Phase: release.RolledBack, By: eng, Began: noon.Add(-2 * time.Hour), Ended: noon.Add(-time.Hour),
		From: release.Target{Version: "v1"}, To: release.Target{Version: "v2"}, Auto: "no progress for 5:00",
		Held:    &release.Hold{Kind: release.HeldByHand, Reason: "lunch", By: eng, At: noon},
		Resumes: &release.Record{ID: "planned"},
	}
	return map[string]statusReport{
		"status-canary": newReport(plan, s, &under, noon),
		"status-over":   newReport(plan, s, &over, noon),
		"status-none":   newReport(plan, s, nil, noon),
	}
}

// What status -o json prints is an interface: a golden file holds it, and each member is
// described.
func TestStatusJSON(t *testing.T) {
	described, err := os.ReadFile("../docs/status-json.md")
	if err != nil {
		t.Fatal(err)
	}
	for name, r := range statusExamples(t) {
		var out bytes.Buffer
		cmd := &cobra.Command{}
		cmd.SetOut(&out)
		if err := printAs(cmd, "json", r); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join("testdata", name+".json")
		if *update {
			if err := os.WriteFile(path, out.Bytes(), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil || !bytes.Equal(want, out.Bytes()) {
			t.Errorf("%s: %v; got:\n%s", path, err, out.String())
		}
		var all any
		if err := json.Unmarshal(out.Bytes(), &all); err != nil {
			t.Fatal(err)
		}
		for _, member := range membersOf(all) {
			if !regexp.MustCompile("`([a-z]+\\.)?" + member + "`").Match(described) {
				t.Errorf("%s: docs/status-json.md says nothing of %q", name, member)
			}
		}
	}
	if !strings.Contains(string(described), "`schema` 1") {
		t.Errorf("docs/status-json.md is not of schema %d", statusSchema)
	}
}

// The schema is not the record: a field that comes to that one does not come out here.
func TestStatusDoesNotPublishTheRecord(t *testing.T) {
	var walk func(of reflect.Type, at string)
	seen := map[reflect.Type]bool{}
	walk = func(of reflect.Type, at string) {
		for of.Kind() == reflect.Pointer || of.Kind() == reflect.Slice || of.Kind() == reflect.Map {
			of = of.Elem()
		}
		if of.Kind() != reflect.Struct || seen[of] || of == reflect.TypeFor[time.Time]() {
			return
		}
		seen[of] = true
		if strings.HasSuffix(of.PkgPath(), "/release") && of != reflect.TypeFor[release.Actor]() {
			t.Errorf("%s is release.%s", at, of.Name())
		}
		for _, f := range reflect.VisibleFields(of) {
			if f.IsExported() {
				walk(f.Type, at+"."+f.Name)
			}
		}
	}
	walk(reflect.TypeFor[statusReport](), "report")
	walk(reflect.TypeFor[canaryReport](), "canaryReport")
}

func membersOf(v any) (names []string) {
	switch v := v.(type) {
	case map[string]any:
		for name, inner := range v {
			names = append(append(names, name), membersOf(inner)...)
		}
	case []any:
		for _, inner := range v {
			names = append(names, membersOf(inner)...)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}
