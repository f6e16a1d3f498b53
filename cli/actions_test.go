package cli

import (
	"strings"
	"testing"
	"time"

	"datahub.io/slipway/command"
	"datahub.io/slipway/engine"
	"datahub.io/slipway/release"
)

// Every action of the checklist has somebody here who performs it.
func TestActionsHavePerformers(t *testing.T) {
	opened := performers(t.TempDir())
	for _, kind := range release.ItemTypes() {
		if !kind.Performs() {
			continue
		}
		if op := release.OperationOf(kind); opened[op] == nil {
			t.Errorf("nobody performs %s, for items of type %s", op, kind)
		}
	}
}

// An unattended deploy runs the actions in their order, each once, before the deploy. One
// that fails ends it as a gate does, and nothing after it is run.
func TestUnattendedDeployRunsActions(t *testing.T) {
	item := func(id, script string) release.ItemSpec {
		return release.ItemSpec{ID: id, Title: id, Stage: release.Pre, Type: release.ItemCommand, Settings: release.CommandAction{Argv: []string{script}, Shell: true, Limit: time.Minute}}
	}
	for name, c := range map[string]struct {
		scripts  [2]string
		code     int
		deployed bool
		says     string
	}{
		"both succeed":    {[2]string{"echo one-{version}", "echo two"}, exitError, true, "one-v2"}, // the test refuses the deploy itself
		"the first fails": {[2]string{"echo broken; exit 3", "echo two"}, exitGate, false, "failed: exit 3: broken"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t)
			s.options.Performers = map[release.OpKind]engine.Performer{release.OpRunCommand: command.Performer{Dir: t.TempDir()}}
			s.options.Plan.Items = append([]release.ItemSpec{item("first", c.scripts[0]), item("second", c.scripts[1])}, s.options.Plan.Items...)
			s.ends(s.begun("v2", workload()), c.code, "")
			output := s.output.String()
			if sent := len(s.cluster.sent()) > 0; sent != c.deployed || !strings.Contains(output, c.says) {
				t.Errorf("deployed %v\n%s", sent, output)
			}
			one, two := strings.Count(output, "run echo"), strings.Index(output, "run echo two")
			if ran := two >= 0; ran != c.deployed || ran && two < strings.Index(output, "run echo one") {
				t.Errorf("%d runs\n%s", one, output)
			}
		})
	}
}
