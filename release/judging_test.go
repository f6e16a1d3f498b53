package release_test

import (
	"reflect"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"

	"datahub.io/slipway/release"
)

func datadrivenOf(t *testing.T, line string) *datadriven.TestData {
	t.Helper()
	cmd, args, err := datadriven.ParseLine(line)
	if err != nil {
		t.Fatal(err)
	}
	return &datadriven.TestData{Cmd: cmd, CmdArgs: args}
}

// The record has the rounds and the budget as the driver's console shows them, and an
// onlooker shows the same.
func TestTheRecordHasTheRoundsAndTheBudget(t *testing.T) {
	w := baking(t)
	for _, line := range []string{"wait 5s looking", "pairs errorRate=3%/0.02% latencyP95=45ms/44ms rps=300", "wait 2s looking"} {
		w.run(t, datadrivenOf(t, line))
	}
	j := w.state.Judging
	tally := w.state.View.Judged.Tally
	if j == nil || tally.Pass == 0 || tally.Fail == 0 || j.Pass != tally.Pass || j.Fail != tally.Fail || j.NoData != tally.NoData {
		t.Fatalf("the record has %+v, the console %+v", j, tally)
	}
	if j.Losing[release.ErrorRate].Count == 0 || j.Losing[release.ErrorRate].Count != w.state.View.Judged.Losing[release.ErrorRate].Count {
		t.Errorf("budget: %+v, the console %+v", j.Losing, w.state.View.Judged.Losing)
	}
	compared := false
	for _, c := range j.Compared {
		if c.Metric == release.ErrorRate && c.Canary != nil && c.Stable != nil && c.Canary.Value > c.Stable.Value {
			compared = true
		}
	}
	if !compared {
		t.Errorf("compared: %+v", j.Compared)
	}

	o := onlooker(w)
	o.sees(release.Observed{Workload: w.look()})
	o.sees(release.ObservedCanary{Workload: w.lookCanary()})
	o.sees(release.ObservedSplit{Split: w.lookSplit()})
	o.sees(release.Recorded{Record: w.state.Record, Elsewhere: true})
	o.sees(release.Ticked{})
	theirs, _ := release.ViewCanary(o.plan, o.state, o.now)
	ours, _ := release.ViewCanary(w.plan, w.state, w.now)
	if theirs.Tally != ours.Tally || theirs.Used != ours.Used || !reflect.DeepEqual(theirs.Steps, ours.Steps) {
		t.Errorf("the onlooker shows %+v used %d, the driver %+v used %d", theirs.Tally, theirs.Used, ours.Tally, ours.Used)
	}
}

// After a kill the rounds are still those of this weight, and none of them counts as one
// in a row: nobody has looked meanwhile.
func TestRoundsSurviveAKill(t *testing.T) {
	w := baking(t)
	w.run(t, datadrivenOf(t, "wait 6s looking"))
	before := w.state.View.Judged.Tally
	w.run(t, datadrivenOf(t, "crash"))
	if now := w.state.View.Judged; now.Tally != before || now.Earlier != before.Pass || before.Pass == 0 {
		t.Errorf("%+v, before %+v", now, before)
	}
}

// A check that has failed is watched in full, also by a console that was killed since.
func TestAFailedCheckSurvivesAKill(t *testing.T) {
	w := newWorld()
	for _, line := range []string{
		"new unattended soaks", "cluster version=v2.4.0 revision=14 all=6", "metric errorRate=0.02%",
		"cluster version=v2.5.0 all=6 reason=NewReplicaSetAvailable since=2h", "do begin version=v2.5.0", "do deploy",
	} {
		w.run(t, datadrivenOf(t, line))
	}
	if w.state.Rollout.Stood.IsZero() || w.state.Phase != release.Verifying {
		t.Fatalf("%s, stood since %s", w.state.Phase, w.state.Rollout.Stood)
	}
	w.run(t, datadrivenOf(t, "metric errorRate=5%"))
	if j := w.state.Judging; j == nil || len(j.Failed) == 0 {
		t.Fatalf("the record has %+v", j)
	}
	failed := w.state.Judging.Failed
	w.now = w.now.Add(time.Second)
	w.run(t, datadrivenOf(t, "crash"))
	for _, id := range failed {
		if !w.state.View.Checks[id].Failed {
			t.Errorf("%s is forgotten: %+v", id, w.state.View.Checks)
		}
	}
}
