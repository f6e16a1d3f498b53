package release_test

import (
	"testing"
	"time"

	"datahub.io/slipway/release"
)

// A command ends by what became of what it asked for.
func TestEnded(t *testing.T) {
	held := func(kind release.HoldKind) *release.Hold { return &release.Hold{Kind: kind, Reason: "why"} }
	last := func(kind release.OutcomeKind) *release.Outcome {
		return &release.Outcome{ID: "id", Kind: kind, Text: "forbidden", Of: "set image", What: "set image"}
	}
	for name, c := range map[string]struct {
		awaited release.Awaited
		record  release.Record
		want    release.Ending
		text    string
	}{
		"released":                    {release.Awaited{Kind: release.DoDeploy}, release.Record{Phase: release.Released}, release.EndsDone, ""},
		"rolled back":                 {release.Awaited{Kind: release.DoDeploy}, release.Record{Phase: release.RolledBack, Auto: "it failed", Rollout: release.Rollout{Goal: release.Target{Version: "v1"}}}, release.EndsBack, "rolled back to v1: it failed"},
		"given up":                    {release.Awaited{Kind: release.DoDeploy}, release.Record{Phase: release.Abandoned, Auto: "it failed"}, release.EndsUnfinished, "it failed"},
		"held by hand":                {release.Awaited{Kind: release.DoDeploy}, release.Record{Phase: release.Deploying, Held: held(release.HeldByHand)}, release.EndsUnfinished, "held: why"},
		"found on return":             {release.Awaited{Kind: release.DoDeploy}, release.Record{Phase: release.Deploying, Held: held(release.HeldOnReturn)}, release.GoesOn, ""},
		"deploy refused":              {release.Awaited{Kind: release.DoDeploy, ID: "id"}, release.Record{Phase: release.Planned, Last: last(release.Denied)}, release.EndsFailed, "set image refused: forbidden"},
		"pause accepted":              {release.Awaited{Kind: release.DoPause, ID: "id"}, release.Record{Last: last(release.Accepted)}, release.EndsDone, ""},
		"pause refused":               {release.Awaited{Kind: release.DoPause, ID: "id"}, release.Record{Last: last(release.Denied)}, release.EndsFailed, "pause refused: forbidden"},
		"pause not sent yet":          {release.Awaited{Kind: release.DoPause}, release.Record{Last: last(release.Denied)}, release.GoesOn, ""},
		"pause not answered yet":      {release.Awaited{Kind: release.DoPause, ID: "id"}, release.Record{Pending: &release.Pending{Change: release.Change{ID: "id"}}}, release.GoesOn, ""},
		"undo complete":               {release.Awaited{Kind: release.DoUndo, ID: "id"}, release.Record{Phase: release.RolledBack, Last: last(release.Accepted)}, release.EndsDone, ""},
		"undo accepted, not waited":   {release.Awaited{Kind: release.DoUndo, ID: "id", NoWait: true}, release.Record{Phase: release.RollingBack, Last: last(release.Accepted)}, release.EndsDone, ""},
		"undo accepted":               {release.Awaited{Kind: release.DoUndo, ID: "id"}, release.Record{Phase: release.RollingBack, Last: last(release.Accepted)}, release.GoesOn, ""},
		"undo refused":                {release.Awaited{Kind: release.DoUndo, ID: "id"}, release.Record{Phase: release.Released, Last: last(release.Denied)}, release.EndsFailed, "undo refused: forbidden"},
		"abort, back":                 {release.Awaited{Kind: release.DoAbort, ID: "id"}, release.Record{Phase: release.RolledBack}, release.EndsDone, ""},
		"advance, and it was aborted": {release.Awaited{Kind: release.DoAdvance, ID: "id"}, release.Record{Phase: release.RolledBack}, release.EndsBack, "rolled back to : by hand"},
	} {
		s := release.State{Record: c.record, View: goodFigures()}
		if got := release.Ended(figuresPlan(), s, noon, c.awaited); got.Ending != c.want || got.Text != c.text {
			t.Errorf("%s: %+v, want %s: %s", name, got, c.want, c.text)
		}
	}
}

// An item that had no data for long is not said to be past mending: only what no wait
// brings is.
func TestWhyOnlyAWaiverSettles(t *testing.T) {
	item := release.Item{Status: release.Unknown, Evidence: "query timed out", At: noon.Add(-3 * time.Minute)}
	for want, open := range map[string]release.OpenItem{
		"no data for 3:00 (query timed out)":          {Item: item},
		"query timed out; waiting does not mend that": {Item: item, Vain: true},
	} {
		if got := open.WhyWaiver(noon); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
