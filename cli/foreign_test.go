package cli

import (
	"testing"

	"datahub.io/slipway/release"
)

// An undo beside an unfinished release rolls back with it what someone else has made of
// the pods since: where nobody can be asked it is refused, and at a terminal it says so.
func TestUndoOverSomebodysChange(t *testing.T) {
	t.Parallel()
	const words = "someone else changed the Deployment: it runs v1 with another pod template (kubectl-rollout)"
	for name, attended := range map[string]bool{"nobody to be asked": false, "at a terminal": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t)
			w := workload()
			w.Template.Hash, w.Writer, w.Generation, w.Observed = "v1, restarted", "kubectl-rollout", 4, 4
			w.Revisions[0].Current = false
			w.Revisions = append([]release.Revision{{Number: 4, Version: "v1", Image: "registry/gateway:v1", Template: w.Template, Current: true}}, w.Revisions...)
			s.options.State.Record = release.Record{
				Format: release.RecordFormat, Seq: 1, ID: "r1", Phase: release.Verifying, By: release.Actor{Name: "eng-b"},
				From: release.Target{Version: "v0", Image: "registry/gateway:v0", Template: "v0"}, To: release.Target{Version: "v1", Image: "registry/gateway:v1", Template: "v1"},
				Rollout: release.Rollout{Goal: release.Target{Version: "v1", Image: "registry/gateway:v1", Template: "v1"}, UID: "1", Generation: 3},
			}
			s.options.Journal = s.journals
			s.cluster.identify()
			ended := s.undoing(attended)
			s.cluster.looks(w)
			if !attended {
				s.ends(ended, exitUnfinished, words+"; this is rolled back: nothing was rolled back; confirm it at a terminal")
				if sent := s.cluster.sent(); len(sent) > 0 {
					t.Errorf("sent %+v", sent)
				}
				return
			}
			s.shows(words+"; this is rolled back", s.shows("undo to v0, revision 2, over someone else's change", 0))
			s.types("y")
			s.ends(ended, exitError, "the test does not go on")
			if sent := s.cluster.sent(); len(sent) != 1 || !undoes(sent[0], 2) {
				t.Errorf("sent %+v\n%s", sent, s.output)
			}
		})
	}
}

// A second pipeline does not cut the first one's rollout off: it ends with whose it is,
// and sends nothing.
func TestSecondPipeline(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	w := workload()
	w.Generation, w.Observed, w.Updated, w.Replicas, w.Writer, w.ChangeCause = 4, 4, 1, 3, "slipway", "set image app v1 by ci-a, slipway"
	w.Progressing = release.Condition{Status: "True", Reason: "ReplicaSetUpdated"}
	ended := s.begun("v2", w)
	s.ends(ended, exitUnfinished, `v1 is being rolled out (slipway: "set image app v1 by ci-a, slipway"), 0 of 2 replaced: wait until it is complete, undo it, or replace it with --abandon`)
	if sent := s.cluster.sent(); len(sent) > 0 {
		t.Errorf("sent %+v", sent)
	}
}
