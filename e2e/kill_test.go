package e2e

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"os/exec"
	"path/filepath"
	"regexp"
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
			ctx, cancel := context.WithTimeout(context.Background(), moment)
			code, died := s.runFor(ctx, t, &out, "deploy", "--env", "staging", "--version", version)
			cancel()
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

// runFor runs a command and kills it with SIGKILL when ctx is done, unless it ends
// before.
func (s setup) runFor(ctx context.Context, t *testing.T, out io.Writer, args ...string) (code int, killed bool) {
	t.Helper()
	cmd := s.command(ctx, args...)
	cmd.Stdout, cmd.Stderr = out, out
	err := cmd.Run()
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

// announced keeps what a command prints, and calls then as soon as it has announced a
// change that was not announced before: between the record and the cluster.
type announced struct {
	all  *bytes.Buffer
	then func()
}

var change = regexp.MustCompile(`.* (apply canary|scale|weight|set image|delete) [^✓]*\n`)

func (a announced) Write(p []byte) (int, error) {
	if line := change.Find(p); line != nil && !bytes.Contains(a.all.Bytes(), line) {
		a.then()
	}
	return a.all.Write(p)
}
