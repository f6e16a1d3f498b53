package ui

import (
	"fmt"
	"slices"
	"time"

	"datahub.io/slipway/release"
)

// canaryScene is what is said about a canary release.
type canaryScene struct {
	release.CanaryView
	known bool            // there is a canary release to show, under way or ended
	under bool            // it is under way
	pods  map[string]bool // the names of the canary's pods
	live  bool            // they were seen lately
	age   time.Duration   // since they were last seen
}

func newCanaryScene(f release.Frame) canaryScene {
	c := canaryScene{}
	if f.Plan.Canary == nil {
		return c
	}
	c.CanaryView, c.known = release.ViewCanary(f.Plan, f.State, f.Now)
	c.under = c.known && f.State.Underway()
	w := f.State.View.Canary
	c.age = f.Now.Sub(w.At)
	c.live = !w.At.IsZero() && c.age <= f.Plan.Stale.Workload
	c.pods = make(map[string]bool, len(w.Pods))
	for _, p := range w.Pods {
		c.pods[p.Name] = true
	}
	return c
}

// spell rewrites its words in ASCII.
func (c *canaryScene) spell(g glyphs) {
	for _, text := range []*string{&c.LiveWord, &c.UsedBy, &c.UsedWords, &c.Waits} {
		*text = g.say(*text)
	}
	for i := range c.Steps {
		c.Steps[i].Word = g.say(c.Steps[i].Word)
	}
	for i := range c.Rows {
		r := &c.Rows[i]
		for _, text := range []*string{&r.Title, &r.Stable, &r.Canary, &r.Difference, &r.Rule, &r.Word, &r.Why, &r.Trying} {
			*text = g.say(*text)
		}
	}
}

// failing tells whether the judgement, or a pod of the canary, is against it.
func (c canaryScene) failing(sc scene) bool {
	if c.Used > 0 || sc.State.View.Canary.Failures() != "" {
		return true
	}
	for _, r := range c.Rows {
		if r.Verdict == release.Fail {
			return true
		}
	}
	return false
}

// back tells whether a canary is being taken back.
func (s scene) back() bool { return s.canary.under && s.State.Phase == release.RollingBack }

// paired tells whether pods of a canary are there beside those of stable.
func (s scene) paired() bool {
	w := s.State.View.Canary
	return s.Plan.Canary != nil && (s.canary.under || w.Found && (w.Desired > 0 || len(w.Pods) > 0))
}

// pods are those of stable and those of the canary, what fails first; a canary's that
// is under way come before stable's.
func (s scene) pods() []release.Pod {
	stable, canary := s.workload().Pods, s.State.View.Canary.Pods
	if len(canary) == 0 {
		return stable
	}
	all := slices.Concat(stable, canary)
	if s.canary.under {
		all = slices.Concat(canary, stable)
	}
	fails := func(p release.Pod) int {
		if p.State == release.PodFailing {
			return 0
		}
		return 1
	}
	slices.SortStableFunc(all, func(a, b release.Pod) int { return fails(a) - fails(b) })
	return all
}

// owner is the Deployment that a pod belongs to.
func (s scene) owner(p release.Pod) release.Workload {
	if s.canary.pods[p.Name] {
		return s.State.View.Canary
	}
	return s.workload()
}

// fresh tells whether what is shown of a pod was seen lately.
func (s scene) fresh(p release.Pod) bool {
	if s.canary.pods[p.Name] {
		return s.live && s.canary.live
	}
	return s.live
}

// change is the last change of what serves, and its words: the sparklines mark it.
func (s scene) change() (at time.Time, words string) {
	run := s.State.Canary
	if !s.canary.under {
		return s.State.Rollout.Began, rolloutWord(s)
	}
	at = run.Since
	switch {
	case s.State.Phase == release.RollingBack && run.Way.Undoes():
		return s.State.Rollout.Began, "undo"
	case s.State.Phase == release.RollingBack:
		return s.State.Rollout.Began, "abort"
	case run.Stage == release.Promoting:
		return at, "promote"
	case run.Stage == release.Creating:
		return at, "canary made"
	case run.Promoted, run.Weight == 0:
		return at, "traffic back"
	}
	if !run.Live.IsZero() {
		at = run.Live
	}
	from := 0
	if i := run.Step - 1; i >= 0 && i < len(s.Plan.Canary.Steps) {
		from = s.Plan.Canary.Steps[i]
	}
	return at, fmt.Sprintf("weight %d → %d at", from, run.Weight)
}

// stageWords says where a canary is: "at 25%".
func stageWords(sc scene) string {
	run := sc.State.Canary
	switch {
	case run.Stage == release.Baking:
		return fmt.Sprintf("at %d%%", run.Weight)
	case run.Stage == release.Gone && run.Way.Undoes():
		return "removed"
	case run.Stage == release.Gone && sc.State.Phase == release.RolledBack:
		return "aborted"
	case run.Stage == release.Gone:
		return "promoted and removed"
	case run.Stage == release.Removing && sc.back() && !run.Way.Undoes():
		return "scaling to 0"
	}
	return string(run.Stage)
}
