package release

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// missingFor is how long a canary that was just applied may stay unseen.
const missingFor = grace

// Underway tells whether a canary is being released or taken back.
func (s State) Underway() bool {
	return s.Canary != nil && s.Canary.Stage != Gone && (s.Phase == Deploying || s.Phase == RollingBack)
}

// run gives the durable state of the canary for writing.
func (t *turn) run() *CanaryRun {
	run := *t.s.Canary
	r := t.record()
	r.Canary = &run
	return &run
}

// steer leads a canary release on, from what is observed alone: the next change
// follows from the stage and from what is there, so that nothing is repeated or
// skipped when slipway was away. It sends one change at a time.
func (t *turn) steer() {
	t.unheard()
	if !t.s.Underway() || t.s.Pending != nil {
		return
	}
	if why := t.falter(); why != "" && t.s.Held == nil {
		t.rollInstead(why)
	}
	if unread(t.plan, t.s, t.now) != "" && t.s.Phase == RollingBack {
		t.blindly()
		return
	}
	if !seesCanary(t.plan, t.s, t.now) || !t.looked() {
		return
	}
	if t.leftToAnswer() {
		return
	}
	if t.bereft() {
		t.stepAside()
	}
	t.meddled()
	if t.s.Held != nil || (t.s.Asking != nil && t.s.Phase == Deploying) || (t.s.View.Mode.Passive && !t.wished && t.s.Phase == Deploying) {
		return
	}
	for before := CanaryStage(""); t.s.Underway() && t.s.Pending == nil && t.s.Canary.Stage != before; {
		before = t.s.Canary.Stage
		switch before {
		case Creating:
			t.create()
		case Shifting:
			t.shift()
		case Baking:
			t.bake()
		case Promoting:
			t.promoted()
		case Restoring:
			t.restore()
		case Returning:
			t.giveBack()
		case Removing:
			t.remove()
		}
	}
}

// looked tells whether what was changed last has been looked at since: on an older
// look the same change would be made again.
func (t *turn) looked() bool {
	last := t.s.Last
	if last == nil {
		return true
	}
	return t.s.View.seenAt(last.Of.subject()).After(last.At) || (last.Of == OpSetWeight && t.s.View.Split.Err != "")
}

// resting tells whether the last change came to nothing a moment ago, or was not needed:
// what is seen is then older than it seems.
func (t *turn) resting() bool {
	run, last := t.s.Canary, t.s.Last
	again := max(run.Tries, run.Sent-stageNeeds+1)
	if last != nil && last.Kind == Skipped {
		again = max(again, 1)
	}
	return again > 0 && last != nil && t.now.Sub(last.At) < retryAfter(again)
}

// stageNeeds is how many changes a stage needs at most: pods, then the weight.
const stageNeeds = 2

// follow sends a change that the stage calls for, on the authority of whoever
// asked for what is under way.
func (t *turn) follow(op Operation) { t.followTo(op, "", Target{}) }

// followTo is follow for a change that leads stable to a template.
func (t *turn) followTo(op Operation, cause string, goal Target) {
	run := t.s.Canary
	if t.resting() {
		return
	}
	if run.Sent >= stageNeeds+automaticTries {
		t.hold(HeldByOthers, fmt.Sprintf("what was done is undone by someone else again and again, last: %s", t.s.Last.What))
		return
	}
	t.follows = true
	t.send(Change{ID: t.changeID(Intended{}), By: run.By, Why: run.Why, Cause: cause, Do: op}, t.s.Phase, goal)
	t.s.Pending.Follows = true
}

// fallen counts a change of the way that came to nothing. It is made again after a
// while, from what is observed then; a person is needed when that does not help, or,
// on the way up, when its answer was lost. On the way back it has been seen that it
// was not done, and what would be made again is guarded and the same. Where a release was
// picked up the person is there already: Continue makes it again.
func (t *turn) fallen(p Pending, o Outcome) {
	run := t.run()
	run.Tries = min(run.Tries+1, automaticTries)
	if t.s.Phase == RollingBack || t.pickedUp() {
		return
	}
	if p.Unknown || run.Tries >= automaticTries {
		t.hold(HeldByFailure, fmt.Sprintf("%s was not done: %s", p.Change.Describe(), o.Text))
	}
}

// create waits for the canary's first pods.
func (t *turn) create() {
	w := t.s.View.Canary
	if !w.Found || !w.Runs(t.plan.Container, t.s.beside().Image) {
		return // a look from before it was applied arrives late: it says nothing
	}
	if run := t.s.Canary; run.UID != w.UID || run.Template != w.Template.Hash {
		run := t.run()
		run.UID, run.Template = w.UID, w.Template.Hash
	}
	if w.Convergence() != Complete || w.Available == 0 {
		return
	}
	if split := t.s.View.Split; t.plan.Canary.Route != "" && split.Err != "" {
		t.foreign("traffic: "+split.Err, "")
		return
	}
	t.tell(Itself, MarkPass, fmt.Sprintf("canary %d/%d available after %s", w.Available, w.Desired, Span(t.now.Sub(t.s.Canary.Since))))
	run := t.move(Shifting, cuePods)
	run.Rest, run.From = t.s.View.Split.Rest, t.s.View.Split.Canary
}

// shift brings the canary to its weight: pods enough for it first, then the weight,
// and it counts once it is seen.
func (t *turn) shift() {
	w, run := t.s.View.Canary, t.s.Canary
	need := canaryPods(t.plan, t.s, run.Weight)
	switch {
	case t.steppedAside():
		t.follow(SetWeight{Weight: 0})
	case w.Desired < need:
		t.follow(ScaleCanary{Scaling: Scaling{Replicas: need}})
	case w.Convergence() != Complete || w.Available < need:
	case t.plan.Canary.Route != "" && canaryWeight(t.plan, t.s) != run.Weight:
		t.follow(SetWeight{Weight: run.Weight})
	case run.Way.Undoes():
		t.tell(Itself, MarkPass, fmt.Sprintf("all traffic is on %s, beside stable; stable follows", t.s.From.Version))
		t.move(Restoring, cueAllTraffic)
	default:
		t.live()
	}
}

// live begins the bake: the weight is seen.
func (t *turn) live() {
	run := t.move(Baking, cueLive)
	run.Live, run.Passing, run.Failed = t.now, zeroTime, false
	t.s.View.Judged = Judged{}
	t.tell(Itself, MarkPass, fmt.Sprintf("%d%% of the traffic is on the canary; bakes %s", run.Weight, Span(t.plan.Canary.Bake)))
}

// bake leads on by itself where that is configured. Until then the canary gets the
// pods that its weight needs, should stable have been scaled up meanwhile.
func (t *turn) bake() {
	w, run, need := t.s.View.Canary, t.s.Canary, canaryPods(t.plan, t.s, t.s.Canary.Weight)
	switch last := t.s.Last; {
	case w.Desired < need && w.Convergence() == Complete && w.Available > 0 && run.Sent < stageNeeds+automaticTries:
		t.follow(ScaleCanary{Scaling: Scaling{Replicas: need}})
		return
	case w.Desired >= need && run.Sent > 0 && last != nil && t.now.Sub(last.At) > retryAfter(automaticTries):
		t.run().Sent = 0 // nobody undid it
	}
	if (t.plan.Canary.Auto || t.s.View.Mode.Unattended) && !t.s.View.Mode.Passive && window(t.plan, t.s, t.now).None() && ready(t.plan, t.s, t.now).None() {
		why := fmt.Sprintf("canary passed at %d%%: %s, %s baked", t.s.Canary.Weight, Count(t.s.View.Judged.inARow(), "round"), Span(t.s.Canary.baked(t.now)))
		t.advance(Intended{By: Itself}, why+because(passedWords(t.plan, t.s, t.now)))
	}
}

// passedWords writes the samples that a step has passed on, each time once: "12:00:20
// Error Rate 0.02%, stable 0.02% · Latency P95 45ms, stable 44ms".
func passedWords(plan Plan, s State, now time.Time) string {
	var words []string
	before := ""
	for _, row := range Comparisons(plan, s, now) {
		if row.Metric == Restarts || row.Metric == RequestRate {
			continue // not compared
		}
		text := row.Title + " " + row.Canary
		if s.Canary.Weight < 100 {
			text += ", stable " + row.Stable
		}
		if at := row.At.In(now.Location()).Format(time.TimeOnly); at != before {
			before, text = at, at+" "+text
		}
		words = append(words, text)
	}
	return strings.Join(words, " · ")
}

// advance goes from a step that has passed to the next weight, or to promotion.
func (t *turn) advance(e Intended, why string) {
	next := t.s.Canary.Step + 1
	if next >= len(t.plan.Canary.Steps) {
		run := t.run()
		run.By, run.Why = e.By, why
		t.send(Change{
			ID: t.changeID(e), By: e.By, Why: why,
			Cause: fmt.Sprintf("promote canary: set image %s %s by %s%s, slipway", t.plan.Container, t.s.To.Version, e.By.Name, t.s.waivedWords()),
			Do:    SetImage{Container: t.plan.Container, Also: t.plan.also(), Version: t.s.To.Version, Image: t.plan.imageOf(t.s.To)},
		}, Deploying, t.s.To)
		t.s.Pending.Stage = Promoting
		return
	}
	from := t.s.Canary.Weight
	run := t.move(Shifting, cueNext)
	run.Step, run.Weight, run.From, run.Live, run.By, run.Why = next, t.plan.Canary.Steps[next], from, zeroTime, e.By, why
	t.tell(e.By, MarkNone, fmt.Sprintf("advance canary %d%% → %d%%", from, run.Weight)+because(why))
}

func because(why string) string {
	if why == "" {
		return ""
	}
	return ": " + why
}

// promoted waits until stable serves the new version. All the while the traffic
// stays on the canary.
func (t *turn) promoted() {
	w := t.s.View.Workload
	if !t.atGoal() {
		return
	}
	if w.Convergence() == Complete {
		t.tell(Itself, MarkPass, fmt.Sprintf("promoted: %s on %d of %d stable pods after %s", t.s.To.Version, w.Available, w.Desired, Span(t.now.Sub(t.s.Rollout.Began))))
		t.record().Rollout.Completed = t.now
		run := t.returning(cueServes)
		run.Live, run.Why = zeroTime, ""
		if run.By == Itself {
			run.Why = "stable serves " + t.s.To.Version
		}
	}
}

// atGoal tells whether stable has been seen to have the template that it is to have.
func (t *turn) atGoal() bool {
	w, rollout := t.s.View.Workload, t.s.Rollout
	return w.Found && w.UID == rollout.UID && w.Generation >= rollout.Generation && w.Template.Hash == rollout.Goal.Template
}

// stepOf is the index of the last step that a weight has reached; -1: of none.
func (p *CanaryPlan) stepOf(weight int) int {
	i := slices.IndexFunc(p.Steps, func(w int) bool { return w > weight })
	if i < 0 {
		i = len(p.Steps)
	}
	return i - 1
}
