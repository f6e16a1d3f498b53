package release

import "slices"

// The machine of a canary. Its direction is its [Way]; its stages are this table, with what
// each waits for and what leads on from it. Nothing but move changes a stage. The table is
// drawn in testdata/machines/canary.txt, and held against every step that a test takes.

// cue is what leads from one stage to another.
type cue string

// The cues.
const (
	cueApplied     cue = "its Deployment is accepted"
	cuePods        cue = "its pods are available"
	cueLive        cue = "its weight is seen"
	cueNext        cue = "it has passed: the next weight is wanted"
	cuePromote     cue = "stable's new image is accepted"
	cueServes      cue = "stable serves the new version"
	cueSettled     cue = "all traffic was seen on stable for a moment"
	cueGone        cue = "its pods are gone"
	cueBack        cue = "it is taken back"
	cueRestored    cue = "stable serves the earlier version again"
	cueAllTraffic  cue = "the earlier version has all traffic"
	cueAtOnce      cue = "the earlier version does not get its traffic"
	cueLostPods    cue = "its node took its pods"
	cueLate        cue = "a promotion comes through late"
	cueTheirWeight cue = "someone else set its weight"
	cueTheirs      cue = "someone else's promotion is accepted"
	cueOtherStable cue = "someone else's stable is accepted to bake beside"
	cueLeft        cue = "someone else changed stable, which stays so"
	cueMoreTraffic cue = "someone gave it traffic again"
)

// transition is where something leads.
type transition[S ~string] struct {
	to   S
	when cue
}

// stage is what there is to know of a stage.
type stage struct {
	waits string // until when it stays
	on    []transition[CanaryStage]
}

// noCanaryYet is where every canary comes from.
const noCanaryYet CanaryStage = ""

// stages is the machine.
//
//exhaustive:enforce
var stages = map[CanaryStage]stage{
	noCanaryYet: {"there is none", []transition[CanaryStage]{
		{Creating, cueApplied}, {Restoring, cueBack}, {Returning, cueBack}, {Removing, cueBack},
	}},
	Creating: {"until its pods are available", []transition[CanaryStage]{
		{Shifting, cuePods}, {Promoting, cueTheirs}, {Restoring, cueBack}, {Restoring, cueAtOnce}, {Returning, cueBack}, {Returning, cueLeft},
		{Removing, cueBack},
	}},
	Shifting: {"until it has the pods for its weight, and then its weight", []transition[CanaryStage]{
		{Shifting, cueTheirWeight}, {Baking, cueLive}, {Promoting, cueTheirs}, {Restoring, cueAllTraffic}, {Restoring, cueAtOnce},
		{Restoring, cueBack}, {Returning, cueBack}, {Returning, cueLeft}, {Removing, cueBack},
	}},
	Baking: {"until it has passed for long enough and the next step is wanted", []transition[CanaryStage]{
		{Shifting, cueNext}, {Shifting, cueLostPods}, {Shifting, cueTheirWeight}, {Shifting, cueOtherStable},
		{Promoting, cuePromote}, {Promoting, cueTheirs}, {Restoring, cueBack}, {Returning, cueBack}, {Removing, cueBack},
	}},
	Promoting: {"until stable serves the new version; the traffic stays on the canary", []transition[CanaryStage]{
		{Returning, cueServes}, {Restoring, cueBack}, {Shifting, cueOtherStable},
	}},
	Restoring: {"until stable has its earlier version again; the traffic stays", []transition[CanaryStage]{
		{Returning, cueRestored}, {Returning, cueLeft}, {Restoring, cueLate}, {Restoring, cueBack}, {Returning, cueBack}, {Removing, cueBack},
	}},
	Returning: {"until all traffic is on stable", []transition[CanaryStage]{
		{Removing, cueSettled}, {Restoring, cueLate}, {Restoring, cueBack}, {Returning, cueBack}, {Removing, cueBack},
	}},
	Removing: {"until its pods are gone", []transition[CanaryStage]{
		{Gone, cueGone}, {Returning, cueMoreTraffic}, {Restoring, cueLate}, {Restoring, cueBack}, {Returning, cueBack}, {Removing, cueBack},
	}},
	Gone: {"it is over", nil},
}

// move leads the canary to a stage, and begins it.
func (t *turn) move(to CanaryStage, when cue) *CanaryRun {
	from := t.s.Canary.Stage
	t.step(slices.Contains(stages[from].on, transition[CanaryStage]{to, when}), "canary", string(from), string(to), when)
	run := t.run()
	run.Stage, run.Since, run.Tries, run.Sent, run.Aside = to, t.now, 0, 0, false
	t.s.Told, t.s.Figures = nil, nil // what fails here is another failure
	return run
}
