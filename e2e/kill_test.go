package e2e

import (
	"bytes"
	"context"
	"errors"
	"math/rand/v2"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// Killed at twenty random moments, over several releases: whatever the moment,
// the same command started again brings the release to its end, with no change
// lost and none made twice.
func TestKilledAtRandomMoments(t *testing.T) {
	needSandbox(t)
	t.Parallel()
	const namespace, kills = "datahub-staging", 20
	reset(t, namespace)
	s := newSetup(t, "kubeconfig")
	versions := []string{"v2.5.0", "v2.5.1", "v2.5.2", "v2.5.3", "v2.5.4"}
	random := rand.New(rand.NewPCG(1, 2))
	killed := 0
	for i := 0; killed < kills; i++ {
		version := versions[i%len(versions)]
		before := get(t, namespace)
		for {
			var out bytes.Buffer
			moment := time.Duration(random.Int64N(int64(6 * time.Second)))
			if killed == kills {
				moment = 2 * limit
			}
			code, died := s.runFor(t, &out, moment, "deploy", "--env", "staging", "--version", version)
			if died {
				killed++
				continue
			}
			if code != 0 {
				t.Fatalf("%s, after %d kills: exit code %d\n%s", version, killed, code, out.String())
			}
			break
		}
		runs(t, namespace, version)
		if after := get(t, namespace); after.Generation != before.Generation+1 {
			t.Fatalf("%s: the Deployment was changed %d times, want once", version, after.Generation-before.Generation)
		}
		records, err := filepath.Glob(filepath.Join(s.state, "*", "staging", "*.jsonl"))
		if err != nil || len(records) < i+1 {
			t.Fatalf("%d releases left %d records: %v", i+1, len(records), err)
		}
	}
}

// runFor runs a command and kills it after a while, unless it ends before.
func (s setup) runFor(t *testing.T, out *bytes.Buffer, moment time.Duration, args ...string) (code int, killed bool) {
	t.Helper()
	cmd := s.command(context.Background(), args...)
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	var err error
	select {
	case err = <-ended:
	case <-time.After(moment):
		cmd.Process.Kill()
		err = <-ended
	}
	var failed *exec.ExitError
	switch {
	case err == nil:
		return 0, false
	case errors.As(err, &failed):
		return failed.ExitCode(), failed.ExitCode() == -1
	}
	t.Fatal(err)
	return 0, false
}
