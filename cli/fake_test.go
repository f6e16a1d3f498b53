package cli

import (
	"bufio"
	"context"
	"errors"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"datahub.io/slipway/engine"
	"datahub.io/slipway/release"
)

// stage is one command over a cluster, a journal and a terminal that the test
// plays the part of.
type stage struct {
	t        *testing.T
	cmd      *cobra.Command
	typed    io.Writer // the person's keyboard
	output   *transcript
	cluster  *fakeCluster
	journals *fakeJournals
	options  engine.Options
}

func newStage(t *testing.T) *stage {
	t.Helper()
	in, typed := io.Pipe()
	s := &stage{
		t: t, cmd: &cobra.Command{}, typed: typed, output: &transcript{},
		cluster: &fakeCluster{watched: make(chan struct{}), known: make(chan struct{})}, journals: &fakeJournals{},
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	t.Cleanup(cancel)
	t.Cleanup(func() { typed.Close() })
	s.cmd.SetContext(ctx)
	s.cmd.SetIn(in)
	s.cmd.SetOut(s.output)
	s.options = engine.Options{
		Plan: release.Plan{
			Service: "gateway", Image: "registry/gateway", Environment: "staging", Cluster: "staging", Namespace: "there",
			Deployment: "gateway", Container: "app",
			Items: []release.ItemSpec{{ID: "rolling", Title: "Rolling update", Stage: release.During, Type: release.ItemDeploy}},
			Stale: release.Staleness{Workload: time.Minute, Metric: time.Minute},
		},
		Cluster: s.cluster, Metrics: fakeMetrics{}, Journals: s.journals, Prober: fakeProber{}, Local: "eng-a@here",
	}
	return s
}

// workload is v1, complete, with one revision before it.
func workload() release.Workload {
	template := func(version string) release.Template {
		return release.Template{Hash: version, Fields: []release.Field{{Path: "containers[app]", Key: "image", Value: version}}}
	}
	revision := func(number int64, version string) release.Revision {
		return release.Revision{Number: number, Version: version, Image: "registry/gateway:" + version, Template: template(version), Current: version == "v1"}
	}
	return release.Workload{
		At: time.Now(), Found: true, Name: "gateway", Namespace: "there", UID: "1", Generation: 3, Observed: 3,
		Desired: 2, Replicas: 2, Updated: 2, Ready: 2, Available: 2, History: 10,
		Containers: []release.Container{{Name: "app", Image: "registry/gateway:v1"}}, Template: template("v1"),
		Revisions: []release.Revision{revision(3, "v1"), revision(2, "v0")},
	}
}

// shows waits for words in what the command has written since from, and gives
// where they end.
func (s *stage) shows(words string, from int) int {
	s.t.Helper()
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if at := strings.Index(s.output.String()[from:], words); at >= 0 {
			return from + at + len(words)
		}
	}
	s.t.Fatalf("%q was not shown in\n%s", words, s.output)
	return 0
}

func (s *stage) types(line string) {
	s.t.Helper()
	if _, err := io.WriteString(s.typed, line+"\n"); err != nil {
		s.t.Fatal(err)
	}
}

// code is the exit code that an error ends a command with.
func code(err error) int {
	var coded *exit
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &coded):
		return coded.code
	}
	return exitUsage
}

type transcript struct {
	mu   sync.Mutex
	text strings.Builder
}

func (o *transcript) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

func (o *transcript) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

func (o *transcript) lines() (n int) {
	for lines := bufio.NewScanner(strings.NewReader(o.String())); lines.Scan(); {
		n++
	}
	return n
}

// fakeCluster says what the test says, and answers changes as apply does.
type fakeCluster struct {
	watched chan struct{} // closed once there is somebody to tell
	known   chan struct{} // closed once it says who asks
	apply   func(release.Change) release.Outcome
	emit    func(release.Event)

	mu      sync.Mutex
	changes []release.Change
}

func (c *fakeCluster) Watch(ctx context.Context, emit func(release.Event)) {
	c.emit = emit
	close(c.watched)
	<-ctx.Done()
}

// looks returns when the look has been handed over: what is typed later comes
// later.
func (c *fakeCluster) looks(w release.Workload) {
	<-c.watched
	c.emit(release.Observed{Workload: w})
}

func (c *fakeCluster) identify() { close(c.known) }

func (c *fakeCluster) Apply(_ context.Context, change release.Change) release.Outcome {
	c.mu.Lock()
	c.changes = append(c.changes, change)
	c.mu.Unlock()
	if c.apply == nil {
		return release.Outcome{Kind: release.Denied, Text: "the test does not go on"}
	}
	return c.apply(change)
}

func (c *fakeCluster) sent() []release.Change {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.changes
}

func (c *fakeCluster) Logs(context.Context, string, func(string)) error { return nil }

func (c *fakeCluster) Whoami(ctx context.Context) (string, error) {
	select {
	case <-c.known:
		return "eng-a", nil
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

func (c *fakeCluster) Retry() {}

type fakeMetrics struct{}

func (fakeMetrics) Watch(ctx context.Context, _ func(release.Event), _ func(map[release.MetricName][]release.Point)) {
	<-ctx.Done()
}
func (fakeMetrics) Compare(release.Comparing) {}
func (fakeMetrics) Retry()                    {}

type fakeProber struct{}

func (fakeProber) Probe(context.Context, release.ItemSpec, release.State) release.Result {
	return release.Result{At: time.Now(), Verdict: release.NoData}
}

// fakeJournals write nothing, and fail from the entry number full on; err is why none
// begins.
type fakeJournals struct {
	full int
	err  error
}

func (j *fakeJournals) Create(string, bool) (engine.Journal, error) { return j, j.err }
func (j *fakeJournals) Driver() *release.Driver                     { return nil }
func (j *fakeJournals) Recover() (int, error)                       { return 0, errors.New("no space left on device") }
func (j *fakeJournals) Close() error                                { return nil }
func (j *fakeJournals) Discard() error                              { return nil }
func (j *fakeJournals) Read(release.Reading) error                  { return nil }

func (j *fakeJournals) Append(e release.Entry) error {
	if j.full > 0 && e.Seq >= j.full {
		return errors.New("no space left on device")
	}
	return nil
}
