package cli

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"datahub.io/slipway/engine"
	"datahub.io/slipway/release"
)

const (
	slipwayYAML = `service: gateway
kubeconfig: kubeconfig
stateDir: state
image: registry.example/gateway
prometheus: http://127.0.0.1:1
deployment: {name: gateway, container: app}
environments:
  - {name: staging, context: elsewhere, namespace: staging, health: "http://127.0.0.1:1/health"}
`
	kubeconfig = `apiVersion: v1
kind: Config
clusters: [{name: c, cluster: {server: "https://127.0.0.1:1"}}]
users: [{name: u, user: {token: t}}]
contexts: [{name: elsewhere, context: {cluster: c, user: u}}]
current-context: elsewhere
`
)

// newSession is a session of a cluster that does not answer, and its flags.
func newSession(t *testing.T) (*session, *flags) {
	t.Helper()
	dir := t.TempDir()
	f := &flags{config: filepath.Join(dir, "slipway.yaml")}
	for name, text := range map[string]string{f.config: slipwayYAML, filepath.Join(dir, "kubeconfig"): kubeconfig} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s, err := open(&cobra.Command{}, f)
	if err != nil {
		t.Fatal(err)
	}
	return s, f
}

// A manifest that cannot be used is told of by its key and environment.
func TestOpenNamesTheManifest(t *testing.T) {
	_, f := newSession(t)
	dir := filepath.Dir(f.config)
	text := slipwayYAML + `  - {name: canary, context: elsewhere, namespace: n, health: "http://h/", strategy: canary, canary: {manifest: canary.yaml}}` + "\n"
	if err := os.WriteFile(f.config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	f.env = "canary"
	at := filepath.Join(dir, "canary.yaml")
	said := func(want string) {
		t.Helper()
		if _, err := open(&cobra.Command{}, f); err == nil || !strings.HasPrefix(err.Error(), "environment canary: canary.manifest: "+want) {
			t.Error(err)
		}
	}
	said("open " + at)
	if err := os.WriteFile(at, []byte("kind: Secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	said(at + ` holds kind "Secret" of ""; a Deployment of apps/v1 is accepted`)
}

// past writes a record, of what the session is about unless it says otherwise, and gives its file; at tells which one is newer.
func (s *session) past(t *testing.T, at time.Time, r release.Record) string {
	t.Helper()
	r.Format, r.Seq = release.RecordFormat, 1
	r.Cluster, r.Namespace, r.Deployment = cmp.Or(r.Cluster, "elsewhere"), cmp.Or(r.Namespace, "staging"), cmp.Or(r.Deployment, "gateway")
	j, err := s.store.Create(r.ID)
	if err != nil {
		t.Fatal(err)
	}
	if err := j.Append(release.Entry{Seq: 1, At: at, Record: r}); err != nil {
		t.Fatal(err)
	}
	path := j.Path()
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

func left() release.Record {
	return release.Record{
		ID: "r1", Phase: release.Deploying, By: release.Actor{Name: "eng-b"},
		From: release.Target{Version: "v1"}, To: release.Target{Version: "v2", Image: "registry.example/gateway:v2"},
	}
}

// What became of a version last is what is said of it: one that was released after it
// was rolled back is as good as any.
func TestLastWordOnAVersion(t *testing.T) {
	const template = "hash-v2"
	outcome := func(id string, phase release.Phase) release.Record {
		r := left()
		r.ID, r.Phase, r.To.Template, r.Auto = id, phase, template, "error rate"
		if phase == release.RolledBack {
			r.Rollout.Goal.Template = "hash-v1"
		}
		return r
	}
	for name, c := range map[string]struct {
		first, last release.Phase
		said        bool
	}{
		"rolled back":           {release.Released, release.RolledBack, true},
		"released after all":    {release.RolledBack, release.Released, false},
		"rolled back twice":     {release.RolledBack, release.RolledBack, true},
		"planned and abandoned": {release.RolledBack, release.Abandoned, true},
	} {
		t.Run(name, func(t *testing.T) {
			s, _ := newSession(t)
			began := time.Now().Add(-time.Hour)
			for i, phase := range []release.Phase{c.first, c.last} {
				r := outcome(fmt.Sprintf("20261123-12000%d", i), phase)
				r.Began = began.Add(time.Duration(i) * time.Minute)
				s.past(t, r.Began, r)
			}
			why, said := s.undone()[template]
			if said != c.said || said && !strings.Contains(why, "v2 was rolled back on ") {
				t.Errorf("said %q", why)
			}
		})
	}
}

// What ran before the last release is known from its record; not from one that was
// undone, that is of another image, or that is not the last word.
func TestWhatRanBefore(t *testing.T) {
	released := func(id string, spoil func(*release.Record)) release.Record {
		r := left()
		r.ID, r.Phase = id, release.Released
		r.From = release.Target{Version: "v1", Image: "registry.example/gateway:v1", Template: "hash-v1", Rest: "rest"}
		r.To.Template = "hash-v2"
		spoil(&r)
		return r
	}
	as := func(*release.Record) {}
	for name, c := range map[string]struct {
		spoils []func(*release.Record)
		want   string
	}{
		"released":           {[]func(*release.Record){as}, "hash-v2"},
		"undone since":       {[]func(*release.Record){as, func(r *release.Record) { r.Phase = release.RolledBack }}, ""},
		"of another image":   {[]func(*release.Record){func(r *release.Record) { r.From.Image = "registry.example/other:v1" }}, ""},
		"no image at all":    {[]func(*release.Record){func(r *release.Record) { r.From.Image = "" }}, ""},
		"of another cluster": {[]func(*release.Record){func(r *release.Record) { r.Cluster = "production" }}, ""},
		"judged again":       {[]func(*release.Record){as, func(r *release.Record) { r.From = r.To }}, "hash-v2"},
		"only planned since": {[]func(*release.Record){as, func(r *release.Record) { r.Phase, r.To.Template = release.Abandoned, "" }}, "hash-v2"},
		"an older record":    {[]func(*release.Record){func(r *release.Record) { r.To.Template = "hash-v0" }, as}, "hash-v2"},
	} {
		t.Run(name, func(t *testing.T) {
			s, _ := newSession(t)
			for i, spoil := range c.spoils {
				s.past(t, time.Now(), released(fmt.Sprintf("20261123-12000%d", i), spoil))
			}
			got := s.before()
			if got.Of != c.want || c.want != "" && got.Target.Image != "registry.example/gateway:v1" {
				t.Errorf("%+v, want that of %q", got, c.want)
			}
		})
	}
}

// Without a terminal the console watches: it neither writes into the unfinished
// release nor keeps it from those who would continue it.
func TestWatchingPicksNothingUp(t *testing.T) {
	s, f := newSession(t)
	path := s.past(t, time.Now(), left())
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}

	if err := runConsole(&cobra.Command{}, f, "v3"); code(err) != exitUsage || !strings.Contains(err.Error(), "there is no terminal") {
		t.Errorf("with a version: %v", err)
	}
	if past, _, _ := s.store.Unfinished(); past.Driver != nil {
		t.Errorf("with a version: held by %s", past.Driver)
	}

	st := newStage(t)
	ctx, cancel := context.WithCancel(st.cmd.Context())
	st.cmd.SetContext(ctx)
	ended := make(chan error, 1)
	go func() { ended <- runConsole(st.cmd, f, "") }()
	st.shows("API server unreachable", 0)
	if past, _, _ := s.store.Unfinished(); past.Driver != nil {
		t.Errorf("held by %s", past.Driver)
	}
	cancel()
	st.ends(ended, exitOK, "")
	if after, err := os.ReadFile(path); err != nil || !bytes.Equal(before, after) {
		t.Errorf("the record was written: %v\n%s", err, after)
	}
	if driven := s.watching().State.View.Driver.String(); !strings.Contains(driven, "the release of v2 by eng-b was left unfinished") {
		t.Errorf("driven %q", driven)
	}
}

// A record that cannot be opened stands neither against looking nor against an
// undo, and against a release beside it.
func TestRecordCannotBeOpened(t *testing.T) {
	s, _ := newSession(t)
	path := s.past(t, time.Now(), left())
	lock := strings.TrimSuffix(path, ".jsonl") + ".lock"
	if err := errors.Join(os.Remove(lock), os.Mkdir(lock, 0o700)); err != nil {
		t.Fatal(err)
	}
	if _, err := s.pickUp(); code(err) != exitError {
		t.Fatalf("it was opened: %v", err)
	}
	o := s.pickUpAnyway()
	if said := tellsOf(o); !strings.Contains(said, "lock record r1") || o.Journal != nil || o.State.ID != "" || o.State.View.Driver == nil {
		t.Errorf("said %q, driven %q, record %q", said, o.State.View.Driver, o.State.ID)
	}
	var other *release.DrivenError
	if _, err := o.Journals.Create("r2", true); !errors.As(err, &other) {
		t.Errorf("a release begins beside it: %v", err)
	}
	if j, err := o.Journals.Create("r3", false); err != nil {
		t.Errorf("an undo: %v", err)
	} else {
		j.Close()
	}
}

func tellsOf(o engine.Options) string {
	var b strings.Builder
	for _, entry := range o.Entries {
		for _, line := range entry.Tells {
			b.WriteString(line.Text + "\n")
		}
	}
	return b.String()
}
