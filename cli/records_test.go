package cli

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"datahub.io/slipway/journal"
	"datahub.io/slipway/release"
)

// beside is a session of the same service, environment and state directory, whose
// context leads to another address.
func beside(t *testing.T, f *flags) *session {
	t.Helper()
	dir := t.TempDir()
	other := &flags{config: filepath.Join(dir, "slipway.yaml")}
	state := filepath.Join(filepath.Dir(f.config), "state")
	for name, text := range map[string]string{
		other.config:                     strings.Replace(slipwayYAML, "stateDir: state", "stateDir: "+state, 1),
		filepath.Join(dir, "kubeconfig"): strings.Replace(kubeconfig, "127.0.0.1:1", "127.0.0.1:2", 1),
	} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s, err := open(&cobra.Command{}, other)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// A release of another cluster is not picked up, whatever its context is called: its
// ticks do not count, it stands against nothing, and it is named.
func TestRecordOfAnotherCluster(t *testing.T) {
	a, f := newSession(t)
	record := left()
	record.ClusterID = a.plan.ClusterID
	record.Phase, record.Items = release.Planned, []release.Item{{ID: "load-tests-passed", Status: release.Passed}}
	a.past(t, time.Now(), record)

	b := beside(t, f)
	o, err := b.pickUp()
	if err != nil || o.Journal != nil || o.State.ID != "" || len(o.State.Items) > 0 || o.State.View.Driver != nil {
		t.Fatalf("picked up %q with %d items, driven %q, %v", o.State.ID, len(o.State.Items), o.State.View.Driver, err)
	}
	if said := tellsOf(o); !strings.Contains(said, "the unfinished release of v2 by eng-b is of another cluster than context elsewhere leads to now") {
		t.Errorf("said %q", said)
	}
	if j, err := o.Journals.Create("r2", true); err != nil {
		t.Errorf("a release of its own: %v", err)
	} else if err := j.Close(); err != nil {
		t.Error(err)
	}
	if last := b.last(); last != nil {
		t.Errorf("the last release here: %+v", last)
	}
	if rows := b.records(); len(rows) < 2 || !strings.Contains(rows[len(rows)-1].found, "another cluster") {
		t.Errorf("check: %+v", rows)
	}

	if o, err := a.pickUp(); err != nil || o.State.ID != "r1" {
		t.Errorf("where it belongs: %q, %v", o.State.ID, err)
	} else if err := o.Journal.Close(); err != nil {
		t.Error(err)
	}
}

// One of an earlier slipway has no identity: its context, namespace and Deployment
// are what it belongs to.
func TestRecordWithoutIdentity(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(*release.Record)
		want  string
	}{
		"of this context": {func(*release.Record) {}, "r1"},
		"of another":      {func(r *release.Record) { r.Cluster = "production" }, ""},
		"namespace":       {func(r *release.Record) { r.Namespace = "production" }, ""},
		"deployment":      {func(r *release.Record) { r.Deployment = "worker" }, ""},
	} {
		s, _ := newSession(t)
		record := left()
		c.spoil(&record)
		s.past(t, time.Now(), record)
		o, err := s.pickUp()
		if err != nil || o.State.ID != c.want {
			t.Errorf("%s: picked up %q, %v", name, o.State.ID, err)
		}
		if o.Journal != nil {
			if err := o.Journal.Close(); err != nil {
				t.Error(err)
			}
		}
	}
}

// A record that names another image than the configuration is not acted on, and
// stands against no undo.
func TestRecordOfAnotherImage(t *testing.T) {
	s, _ := newSession(t)
	record := left()
	record.To.Image = "evil.example/gateway:v2"
	s.past(t, time.Now(), record)
	if _, err := s.pickUp(); code(err) != exitError || !strings.Contains(err.Error(), `it releases the image "evil.example/gateway:v2" as "v2"; the configuration says registry.example/gateway`) {
		t.Errorf("%v", err)
	}
	o := s.pickUpAnyway()
	if o.Journal != nil || o.State.ID != "" || !strings.Contains(tellsOf(o), "evil.example") {
		t.Errorf("picked up %q, said %q", o.State.ID, tellsOf(o))
	}
	if j, err := o.Journals.Create("r2", false); err != nil {
		t.Errorf("an undo: %v", err)
	} else if err := j.Close(); err != nil {
		t.Error(err)
	}
}

// A record that others can write is not acted on either, and check says what to do.
func TestRecordThatOthersCanWrite(t *testing.T) {
	s, f := newSession(t)
	path := s.past(t, time.Now(), left())
	if err := os.Chmod(path, 0o666); err != nil {
		t.Fatal(err)
	}
	var suspect *journal.SuspectError
	if _, err := s.pickUp(); code(err) != exitError || !errors.As(err, &suspect) || !strings.Contains(err.Error(), "chmod go-w "+path) {
		t.Errorf("%v", err)
	}
	o := s.pickUpAnyway()
	if o.State.ID != "" || !strings.Contains(tellsOf(o), "writable by others") {
		t.Errorf("picked up %q, said %q", o.State.ID, tellsOf(o))
	}
	if _, err := o.Journals.Create("r2", true); !errors.As(err, &suspect) {
		t.Errorf("a release begins beside it: %v", err)
	}
	out := &transcript{}
	cmd := &cobra.Command{}
	cmd.SetOut(out)
	if err := printRows(cmd, s.records()); code(err) != exitError || !strings.Contains(out.String(), "MISSING") || !strings.Contains(out.String(), "chmod go-w "+path) {
		t.Errorf("%v\n%s", err, out)
	}
	if _, err := open(&cobra.Command{}, f); err != nil {
		t.Errorf("it stands against looking: %v", err)
	}
}

// Releases of another slipway are counted, not told of one by one.
func TestRecordsOfAnotherFormat(t *testing.T) {
	s, _ := newSession(t)
	for _, id := range []string{"r1", "r2", "r3"} {
		record := left()
		record.ID, record.Phase = id, release.Released
		path := s.past(t, time.Now(), record)
		j, _, _, err := s.store.Reopen(id)
		if err != nil {
			t.Fatal(err)
		}
		record.Format, record.Seq = release.RecordFormat+1, 2
		if err := errors.Join(j.Append(release.Entry{Seq: 2, Record: record}), j.Close()); err != nil {
			t.Fatal(path, err)
		}
	}
	o, err := s.pickUp()
	if said := tellsOf(o); err != nil || said != "3 records of another slipway not read: format 3; this one reads up to 2\n" {
		t.Errorf("%v, said %q", err, said)
	}
}

// Without a state directory, and where it cannot be trusted, a person can still
// undo; it is not recorded, and it is said how it would be.
func TestUndoWithoutAStateDirectory(t *testing.T) {
	t.Parallel()
	store, err := journal.Open("", "gateway", "staging")
	if err != nil {
		t.Fatal(err)
	}
	st := newStage(t)
	st.options.Journals = records{store}
	st.cluster.apply = func(c release.Change) release.Outcome {
		return release.Outcome{Kind: release.Accepted, Generation: 4}
	}
	st.cluster.identify()
	u := &undoing{flags: undoFlags{noWait: true}}
	ended := make(chan error, 1)
	go func() { ended <- drive(st.cmd, st.options, time.Minute, u.next) }()
	st.cluster.looks(workload())
	st.ends(ended, exitOK, "")
	if n := len(st.cluster.sent()); n != 1 {
		t.Errorf("%d changes were sent", n)
	}
	for _, want := range []string{"NOT RECORDED", "--state-dir"} {
		if !strings.Contains(st.output.String(), want) {
			t.Errorf("%q was not said in\n%s", want, st.output)
		}
	}
}

// The file that takes what others write to standard error is ours, follows no link,
// and has an end.
func TestStderrLog(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "stderr.log")
	victim := filepath.Join(t.TempDir(), "victim")
	if err := errors.Join(os.WriteFile(victim, []byte("kept"), 0o600), os.Symlink(victim, name)); err != nil {
		t.Fatal(err)
	}
	write := func() {
		t.Helper()
		log := openLog(dir)
		defer log.Close()
		if _, err := log.Write(bytes.Repeat([]byte("x"), logBound)); err != nil {
			t.Fatal(err)
		}
		bounded(log)
		if _, err := log.WriteString("newest"); err != nil {
			t.Fatal(err)
		}
	}
	write()
	if text, err := os.ReadFile(victim); err != nil || string(text) != "kept" {
		t.Errorf("the link was followed: %q, %v", text, err)
	}
	if err := os.Remove(name); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		write()
	}
	if text, err := os.ReadFile(name); err != nil || string(text) != "newest" {
		t.Errorf("%d bytes, %v", len(text), err)
	}
}
