package cli

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"datahub.io/slipway/journal"
	"datahub.io/slipway/release"
)

// approvedPlan is a release that is planned, and approved by somebody.
func approvedPlan() release.Record {
	r := left()
	r.Phase = release.Planned
	r.From, r.To = release.Target{Version: "v1", Template: "v1"}, release.Target{Version: "v2", Image: "registry/gateway:v2"}
	r.Items = []release.Item{{ID: "rolling", Status: release.Waiting}, {ID: "approved", Status: release.Passed, By: release.Actor{Name: "eng-b"}}}
	return r
}

// The command undo, beside a release that is only planned, ends as the undo does, and
// leaves the planned release for whoever goes on with it.
func TestUndoBesideAPlannedRelease(t *testing.T) {
	for name, c := range map[string]struct {
		outcome release.Outcome
		code    int
	}{
		"done":    {release.Outcome{Kind: release.Accepted, Generation: 4}, exitOK},
		"refused": {release.Outcome{Kind: release.Denied, Text: "forbidden"}, exitError},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			session, _ := newSession(t)
			planned := approvedPlan()
			planned.Cluster, planned.Namespace = "staging", "there"
			session.store.Foreign = func(release.Record) string { return "" } // the stage's plan is the one that counts
			session.past(t, time.Now(), planned)
			j, entries, _, err := session.store.Reopen(planned.ID)
			if err != nil {
				t.Fatal(err)
			}
			s := newStage(t)
			s.options.Plan.Items = append(s.options.Plan.Items, release.ItemSpec{ID: "approved", Stage: release.Pre, Type: release.ItemManual})
			s.options.Journals, s.options.Journal, s.options.State.Record = records{session.store}, j, entries[0].Record
			s.cluster.apply = func(release.Change) release.Outcome {
				w := workload()
				w.Generation, w.Observed, w.Template = 4, 4, w.Revisions[1].Template
				w.Containers[0].Image = "registry/gateway:v0"
				w.Revisions[0].Current, w.Revisions[1].Current = false, true
				if c.outcome.Kind == release.Accepted {
					go s.cluster.looks(w)
				}
				return c.outcome
			}
			r := &undoing{flags: undoFlags{yes: true}}
			ended := make(chan error, 1)
			go func() { ended <- drive(s.cmd, s.options, time.Minute, r.next) }()
			<-s.cluster.watched
			s.cluster.identify()
			s.cluster.looks(workload())
			if err := <-ended; code(err) != c.code {
				t.Fatalf("exit code %d, %v, want %d\n%s", code(err), err, c.code, s.output)
			}
			if len(s.cluster.sent()) != 1 {
				t.Fatalf("sent %+v", s.cluster.sent())
			}
			past, unfinished, err := session.store.Unfinished()
			if err != nil || !unfinished || past.ID != planned.ID || past.Record.Phase != release.Planned || past.Driver != nil {
				t.Fatalf("left: %+v, %v, %v", past, unfinished, err)
			}
			if items := past.Record.Items; len(items) != 2 || !reflect.DeepEqual(items[1], planned.Items[1]) && !reflect.DeepEqual(items[0], planned.Items[1]) {
				t.Errorf("its items: %+v", items)
			}
		})
	}
}

// Who picks an unfinished undo up holds the planned release as well that goes on after it:
// nobody else takes that up meanwhile. Where somebody has, nothing goes on after the undo.
func TestUndoIsPickedUpWithThePlannedRelease(t *testing.T) {
	for name, taken := range map[string]bool{"alone": false, "taken by somebody else": true} {
		t.Run(name, func(t *testing.T) {
			s, _ := newSession(t)
			planned := approvedPlan()
			s.past(t, time.Now(), planned)
			undo := left()
			undo.ID, undo.Phase, undo.Resumes = "r2", release.RollingBack, &planned
			s.past(t, time.Now(), undo)
			if taken {
				j, _, _, err := s.store.Reopen(planned.ID)
				if err != nil {
					t.Fatal(err)
				}
				defer j.Close()
			}
			o, err := s.pickUp()
			if err != nil || o.State.ID != "r2" {
				t.Fatalf("picked up %q, %v", o.State.ID, err)
			}
			defer o.Journal.Close()
			if taken {
				if o.State.Resumes != nil || o.Planned != nil || !strings.Contains(tellsOf(o), "the planned release of v2 is not taken up again after this") {
					t.Fatalf("goes on with %+v, said %q", o.State.Resumes, tellsOf(o))
				}
				return
			}
			defer o.Planned.Close()
			var held *journal.HeldError
			if _, _, _, err := s.store.Reopen(planned.ID); !errors.As(err, &held) {
				t.Errorf("somebody else can take it up: %v", err)
			}
			if o.State.Resumes == nil || len(o.State.Resumes.Items) != 2 || !reflect.DeepEqual(o.State.Resumes.Items[1], planned.Items[1]) {
				t.Errorf("goes on with %+v", o.State.Resumes)
			}
		})
	}
}
