package cli

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"datahub.io/slipway/release"
)

// full is a disk without room.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no space left on device") }

func TestOutputCannotBeWritten(t *testing.T) {
	var stderr bytes.Buffer
	if got := Main([]string{"version"}, strings.NewReader(""), full{}, &stderr); got != exitError {
		t.Errorf("version: exit code %d", got)
	}
	if !strings.Contains(stderr.String(), "write output: no space left on device") {
		t.Errorf("said %q", &stderr)
	}
	for name, print := range map[string]func(*cobra.Command) error{
		"status": func(cmd *cobra.Command) error {
			return newReport(release.Plan{}, release.State{}, nil, time.Now()).print(cmd)
		},
		"history": func(cmd *cobra.Command) error { return listRevisions(cmd, workload()) },
		"revision": func(cmd *cobra.Command) error {
			return showRevision(cmd, workload(), 2)
		},
		"check": func(cmd *cobra.Command) error {
			return printRows(cmd, []row{{part: "config", name: "file", ok: true}})
		},
		"check that fails": func(cmd *cobra.Command) error { return printRows(cmd, []row{{part: "config", name: "file"}}) },
	} {
		cmd := &cobra.Command{RunE: printing(func(cmd *cobra.Command, _ []string) error { return print(cmd) })}
		cmd.SetOut(full{})
		if err := cmd.RunE(cmd, nil); code(err) != exitError || !strings.Contains(err.Error(), "write output") {
			t.Errorf("%s: %d, %v", name, code(err), err)
		}
	}
}
