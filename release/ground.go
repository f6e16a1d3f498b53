package release

import (
	"cmp"
	"fmt"
)

// The ground of a release is what runs before it. An automatic rollback goes to what
// was seen serving, and before anything changes it is known what that is.

// ground is the revision that an automatic rollback goes to: what runs, if it serves;
// otherwise the newest other revision that still does. ok is false when none does.
func (w Workload) ground() (r Revision, ok bool) {
	current, known := w.Current()
	whole := known && w.cameUp() && w.Available >= max(w.Floor(), 1)
	if whole {
		return current, true
	}
	for _, r := range w.Revisions {
		if !r.Current && r.Available > 0 {
			return r, true
		}
	}
	return current, known && w.cameUp() && w.Available > 0
}

// cameUp tells whether what runs has been complete once.
func (w Workload) cameUp() bool {
	return w.Convergence() == Complete || w.Progressing.Reason == "NewReplicaSetAvailable"
}

// groundOf is the target of an automatic rollback of a release that begins now. Its
// template is empty where there is none.
func groundOf(w Workload) *Target {
	r, ok := w.ground()
	if !ok {
		return &Target{}
	}
	to := r.target()
	return &to
}

// backTo is where an automatic rollback of the release goes; ok is false when nothing
// was seen serving when it began. A record of an earlier slipway does not say.
func (r Record) backTo() (to Target, ok bool) {
	if r.Ground == nil {
		return r.From, true
	}
	return *r.Ground, r.Ground.Template != ""
}

// keeps tells whether a revision will still be there when the release is complete:
// Kubernetes deletes the oldest ones beyond the limit then.
func (w Workload) keeps(to Revision) bool {
	newer := 0
	for _, r := range w.Revisions {
		if r.Number > to.Number {
			newer++
		}
	}
	return newer < w.History
}

// CheckHistory says how many revisions an undo can choose from once a release is
// complete; ok is false when there is not even the one that ran before.
func CheckHistory(w Workload) (found string, ok bool) {
	switch {
	case w.History == 0:
		return "revisionHistoryLimit is 0: no earlier revision is kept, and an undo of a complete release can only set its earlier image again", false
	case w.History == 1:
		return "revisionHistoryLimit is 1: only the revision that ran before is kept", true
	case len(w.Revisions) < 2:
		return "no earlier revision yet", true
	}
	return Count(len(w.Revisions)-1, "earlier revision"), true
}

// groundWords says before a deploy what there will not be to return to, or "".
func groundWords(plan Plan, s State) string {
	w := s.View.Workload
	if !w.Found || len(w.Revisions) == 0 {
		return ""
	}
	current, _ := w.Current()
	to, ok := w.ground()
	runs := cmp.Or(w.Version(plan.Container), "what runs")
	switch {
	case !ok:
		return fmt.Sprintf("%s does not serve, %d of %d available%s, and no earlier revision does: there is no automatic rollback", runs, w.Available, w.Desired, because(w.Failures()))
	case to.Number != current.Number:
		text := fmt.Sprintf("%s does not serve, %d of %d available%s: an automatic rollback goes to %s, revision %d", runs, w.Available, w.Desired, because(w.Failures()), to.Version, to.Number)
		if !w.keeps(to) {
			text += ", until the release is complete: revisionHistoryLimit is " + fmt.Sprint(w.History)
		}
		return text
	case !w.keeps(to):
		return fmt.Sprintf("revisionHistoryLimit is %d: no revision is kept once the release is complete; an undo sets the image of %s again", w.History, runs)
	}
	return ""
}

// owns tells whether what runs is what the release set, touched since or not, or what
// it began from. What somebody else deployed since is not undone past.
func (s State) owns() bool {
	w := s.View.Workload
	for _, c := range w.everyContainer() {
		if (!c.Init || c.Sidecar) && SameVersion(s.To.Image, c.Image) {
			return true
		}
	}
	return s.To.Template == "" || w.Template.Hash == s.To.Template || w.Template.Hash == s.From.Template || w.Generation < s.Rollout.Generation
}

// Before is what ran before a release that is over.
type Before struct {
	Of     string // the pod template that the release led to
	Target Target
}

// BeforeIt is what ran before a release, as its record tells; it is empty where the record
// does not lead back: it changed nothing, it was undone, or what ran is not of this
// configuration.
func (p Plan) BeforeIt(r Record) Before {
	if r.Phase != Released || r.Unchanged() || !SameRepository(p.Image, ParseImage(r.From.Image).Repository) {
		return Before{}
	}
	return Before{r.To.Template, r.From}
}

// imageBack is what ran before, where setting its image gives the pod template that ran:
// it is of the service, nothing else of the template differs, and no revision has it. The
// record of an earlier release decides only where there is no revision at all.
func (s State) imageBack(plan Plan) (to Target, ok bool) {
	w := s.View.Workload
	_, others := w.Previous()
	switch {
	case s.Underway():
	case (s.Phase == Deploying || s.Phase == Verifying || s.Phase == Released) && w.Template.Hash == s.To.Template && !s.Unchanged():
		to = s.From
	case (s.Phase.Over() || s.Phase == Planned) && !others && returning(s) == "" && w.Template.Hash == s.View.Before.Of:
		to = s.View.Before.Target
	}
	if to.Image == "" || to.Rest == "" || !SameRepository(plan.Image, ParseImage(to.Image).Repository) {
		return to, false
	}
	for _, r := range w.Revisions {
		if r.Template.Hash == to.Template {
			return to, false
		}
	}
	return to, w.Template.rest(plan.Container) == to.Rest
}

// passedOver tells whether the record of an unfinished release does not decide where an
// undo goes.
func (s State) passedOver() bool {
	return (s.Phase == Deploying || s.Phase == Verifying) && !s.Underway() && !s.owns()
}

// touched tells whether what runs is what someone else made of it while a rolling release
// is under way, accepted by nobody: an undo rolls that back with the release. Where the
// record does not decide, what somebody else deployed is what is undone.
func (s State) touched(plan Plan) bool {
	w, r := s.View.Workload, s.Rollout
	switch s.Phase {
	case Deploying, Verifying, RollingBack:
	default:
		return false
	}
	switch {
	case !w.Found, s.Underway(), s.passedOver(), w.UID == r.UID && w.Generation < r.Generation:
		return false
	case w.Template.Hash == r.Goal.Template, w.Template.Hash == s.From.Template:
		return false
	case r.Goal.Template == "" && w.Runs(plan.Container, r.Goal.Image):
		return false // not seen yet since it was set
	}
	return s.Pending == nil || w.Template.Hash != s.Pending.Goal.Template
}

// RecordTarget is the revision that the record of an unfinished release would lead back
// to, where it does not decide and that is not where an undo goes.
func (s State) RecordTarget() (Revision, bool) {
	previous, has := s.WayBack()
	if !has || !s.passedOver() {
		return Revision{}, false
	}
	for _, r := range s.View.Workload.Revisions {
		if r.Template.Hash == s.From.Template && !r.Current && r.Number != previous.Number {
			return r, true
		}
	}
	return Revision{}, false
}

// ignored says which record does not decide where an undo goes, or "".
func ignored(plan Plan, s State) string {
	if !s.passedOver() {
		return ""
	}
	text := fmt.Sprintf("the unfinished release %s → %s of %s does not decide: %s was deployed since", s.From.Version, s.To.Version, s.By.Name,
		cmp.Or(s.View.Workload.Version(plan.Container), "something else"))
	for _, r := range s.View.Workload.Revisions {
		if r.Template.Hash == s.From.Template && !r.Current {
			text += fmt.Sprintf("; revision %d is its %s", r.Number, r.Version)
		}
	}
	return text
}
