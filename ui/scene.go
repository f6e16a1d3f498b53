package ui

import (
	"time"

	"datahub.io/slipway/release"
)

// scene is a frame with everything that is said about it, in the characters
// that the terminal has. It is made once for each frame and read by every
// panel; nobody changes it.
type scene struct {
	release.Frame
	head   release.Headline
	items  []release.ItemView
	stages []release.StageView
	judged []release.Judgement
	canary canaryScene   // the canary release under way, if any
	live   bool          // the API server answers
	age    time.Duration // since it last did

	sampled time.Time // the timestamp of the newest sample, zero when there is none
	stale   bool      // even that one is too old to decide anything
}

func newScene(f release.Frame, g glyphs) scene {
	s := scene{
		Frame:  f,
		head:   release.HeadlineOf(f.Plan, f.State, f.Now),
		items:  release.Checklist(f.Plan, f.State, f.Now),
		stages: release.StageViews(f.Plan, f.State, f.Now),
		judged: release.Judgements(f.Plan, f.State.View, f.Now),
	}
	s.age = f.Now.Sub(f.State.View.Workload.At)
	s.live = release.Live(f.Plan, f.State, f.Now)
	s.canary = newCanaryScene(f)
	for _, j := range s.judged {
		if j.Has && j.At.After(s.sampled) {
			s.sampled, s.stale = j.At, j.Lack == release.OldSample
		}
	}
	if g.ascii {
		s.spell(g)
	}
	return s
}

func (s scene) workload() release.Workload { return s.State.View.Workload }

func (s scene) link(of release.Source) release.Link { return s.State.View.Links[of] }

// lost tells whether a link was tried and is down.
func (s scene) lost(to release.Source) bool {
	l := s.link(to)
	return !l.OK && l.Err != ""
}

// choice finds the first choice of a kind, for an item where items have one each.
func (s scene) choice(kind release.IntentKind, item string) (release.Choice, bool) {
	for _, c := range s.Choices {
		if c.Kind == kind && (item == "" || c.Item == item) {
			return c, true
		}
	}
	return release.Choice{}, false
}

// undo is the choice of going back to the previous revision.
func (s scene) undo() release.Choice {
	c, _ := s.choice(release.DoUndo, "")
	return c
}

// goesTo is the revision that u goes back to; ok is false while it goes nowhere.
func (s scene) goesTo() (r release.Revision, ok bool) {
	return s.workload().Revision(s.undo().Seen.Revision)
}

// under tells whether a release is under way.
func (s scene) under() bool { return !s.State.Phase.Over() }
