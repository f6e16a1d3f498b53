package cli

import (
	"testing"

	"github.com/spf13/cobra"

	"datahub.io/slipway/release"
)

// A revision that does not exist is refused in the same words everywhere.
func TestNoRevision(t *testing.T) {
	const want = "unable to find specified revision 9 in history; existing: 3, 2"
	if err := showRevision(&cobra.Command{}, workload(), 9); code(err) != exitError || err.Error() != want {
		t.Errorf("history: %v", err)
	}
	f := release.Frame{State: release.State{View: release.View{Workload: workload()}}}
	if c := undoTarget(f, 9); c.OK() || c.Why() != want {
		t.Errorf("undo: %q", c.Why())
	}
}
