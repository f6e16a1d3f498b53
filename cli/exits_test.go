package cli

import (
	"errors"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"datahub.io/slipway/release"
)

// exits runs a program and checks its exit code: exits CODE PROGRAM ARGS…
// Its output goes to $WORK/out, standard output and error together.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE PROGRAM ARGS…")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	cmd := exec.Command(args[1], args[2:]...)
	cmd.Dir = ts.MkAbs(".")
	cmd.Env = append(cmd.Environ(), "PATH="+ts.Getenv("PATH"), "HOME="+ts.Getenv("HOME"), "XDG_CONFIG_HOME="+ts.Getenv("XDG_CONFIG_HOME"))
	out, err := cmd.CombinedOutput()
	ts.Check(writeFile(ts.MkAbs("out"), out))
	got := 0
	var failed *exec.ExitError
	switch {
	case errors.As(err, &failed):
		got = failed.ExitCode()
	case err != nil:
		ts.Fatalf("%v", err)
	}
	if got != want {
		ts.Fatalf("%s: exit code %d, want %d\n%s", strings.Join(args[1:], " "), got, want, out)
	}
}

func writeFile(name string, data []byte) error { return os.WriteFile(name, data, 0o600) }

// Every way to end has an exit code, and no refusal is a success.
func TestEndingsHaveExitCodes(t *testing.T) {
	t.Parallel()
	for _, ending := range release.Endings {
		if code, known := exitCodes[ending]; !known || (code == exitOK) != (ending == release.EndsDone) {
			t.Errorf("%s ends with %d, known %v", ending, code, known)
		}
	}
	if len(exitCodes) != len(release.Endings) {
		t.Errorf("%d exit codes for %d endings", len(exitCodes), len(release.Endings))
	}
	for _, kind := range release.RefusalKinds {
		if code := code(against(release.Refusal{Kind: kind, Text: "no"})); code == exitOK || code == exitRolledBack {
			t.Errorf("%s ends with %d", kind, code)
		}
	}
}
