package release

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// canaryPreview is the deploy's preview where it begins a canary.
func canaryPreview(plan Plan, s State, now time.Time, p Preview) Preview {
	first := plan.Canary.Steps[0]
	p.Title = fmt.Sprintf("Deploy %s as a canary", s.To.Version)
	p.Object = fmt.Sprintf("deployment/%s, then %s  in %s / %s", plan.Canary.Deployment, routeWords(plan), plan.Cluster, plan.Namespace)
	p.How = canaryHow(plan, s)
	p.Back = "b: all traffic to stable " + s.View.Workload.Version(plan.Container) + ", canary to 0"
	p.SameAs = noCommand("slipway makes the canary's Deployment itself")
	p.Line = fmt.Sprintf("deploy %s as a canary, first %d%% of the traffic", s.To.Version, first)
	p.BackKey = "b"
	p.Facts = append(p.Facts, canaryFacts(plan, s, now)...)
	return p
}

// canaryHow says how a canary goes.
func canaryHow(plan Plan, s State) string {
	c := plan.Canary
	steps := make([]string, len(c.Steps))
	for i, w := range c.Steps {
		steps[i] = fmt.Sprintf("%d", w)
	}
	text := fmt.Sprintf("canary: %s, then %s%% of the traffic, each baked %s", Count(canaryPods(plan, s, c.Steps[0]), "pod"), strings.Join(steps, " → "), Span(c.Bake))
	if c.Auto || s.View.Mode.Unattended {
		return text + "; goes on by itself, promotion included"
	}
	return text + "; a advances"
}

// coarse says how coarse a split by pods is.
func coarse(plan Plan, s State) string {
	stable := s.View.Workload.Desired
	var shares []string
	for _, weight := range plan.Canary.Steps {
		n := canaryPods(plan, s, weight)
		shares = append(shares, fmt.Sprintf("%d%% is %s beside %d, %d%%", weight, Count(n, "pod"), stable, (200*n/max(n+stable, 1)+1)/2))
	}
	return "split by pods, no traffic object: " + strings.Join(shares, "; ")
}

// canaryFacts is what could stop a canary, for the confirmation of its deploy.
func canaryFacts(plan Plan, s State, now time.Time) []Fact {
	var facts []Fact
	w := s.View.Canary
	switch left := leftover(plan, s); {
	case left != "" && plan.Canary.Route != "" && s.View.Split.Canary > 0:
		facts = append(facts, Fact{FactCanary, MarkFail, left + ": left from an earlier attempt; b puts that back first"})
	case left != "":
		facts = append(facts, Fact{FactCanary, MarkAttention, left + ": left from an earlier attempt, taken over with this"})
	case w.Found:
		facts = append(facts, Fact{FactCanary, MarkPass, fmt.Sprintf("deployment/%s is there, scaled to 0, with %s: it gets %s", plan.Canary.Deployment, cmp.Or(w.Version(plan.Container), "?"), s.To.Version)})
	}
	for _, note := range s.View.Split.Notes {
		facts = append(facts, Fact{"traffic", MarkNone, note})
	}
	facts = append(facts, otherFacts(s)...)
	if plan.Canary.Route == "" {
		facts = append(facts, Fact{"traffic", MarkAttention, coarse(plan, s)})
	}
	if why := unseenCanary(plan, s, now); why != "" {
		facts = append(facts, Fact{FactFresh, MarkUnknown, why})
	}
	return facts
}

func advancePreview(plan Plan, s State, now time.Time) Preview {
	run, c := s.Canary, plan.Canary
	next := c.Steps[run.Step+1]
	change := fmt.Sprintf("%d%% → %d%%", canaryWeight(plan, s), next)
	p := Preview{
		Title:  "Advance the canary",
		Object: fmt.Sprintf("%s in %s / %s", routeWords(plan), plan.Cluster, plan.Namespace),
		Change: change,
		How:    podsFor(plan, s, next) + fmt.Sprintf("then the weight, then %s of bake", Span(c.Bake)),
		Back:   "b: all traffic to stable",
		SameAs: advanceCommands(plan, s, now, next),
	}
	p.Line = fmt.Sprintf("advance canary %s on %s", change, routeWords(plan))
	p.BackKey = "b"
	return p
}

// podsFor says what has to be scaled before a weight.
func podsFor(plan Plan, s State, weight int) string {
	if need, has := canaryPods(plan, s, weight), s.View.Canary.Desired; need > has {
		return fmt.Sprintf("first the canary %d → %s, ", has, Count(need, "pod"))
	}
	return ""
}

func promotePreview(plan Plan, s State, now time.Time) Preview {
	w := s.View.Workload
	p := Preview{
		Title:  "Promote " + s.To.Version,
		Object: fmt.Sprintf("deployment/%s  container %s  in %s / %s", plan.Deployment, plan.Container, plan.Cluster, plan.Namespace),
		Change: fmt.Sprintf("%s → %s", w.Version(plan.Container), s.To.Version),
		How:    "stable is updated while the traffic is on the canary; then the traffic goes back to stable, and once that is seen the canary is deleted",
		Back:   "u: stable gets " + s.From.Version + " back, then the traffic",
		SameAs: promoteCommands(plan, s, now),
	}
	p.Line = fmt.Sprintf("promote %s on deployment/%s, the traffic stays on the canary", s.To.Version, plan.Deployment)
	p.BackKey = "u"
	if plan.Canary.Route == "" {
		p.How = "stable is updated while the canary's pods serve beside it; once it is complete the canary is deleted"
		p.Back = "u: stable gets " + s.From.Version + " back"
		p.Line = fmt.Sprintf("promote %s on deployment/%s, the canary's pods stay beside it", s.To.Version, plan.Deployment)
	}
	p.Facts = append(append(p.Facts, carriedFacts(plan, s)...), otherFacts(s)...)
	if w.Paused {
		p.Facts = append(p.Facts, Fact{"paused", MarkAttention, "stable's rollout is paused: it gets the image, and nothing rolls out until p resumes it"})
	}
	if plan.Protected {
		p.Confirm = plan.Environment
	}
	return p
}

// carriedFacts says that more of the canary's pods carry the traffic than stable has to
// take it back: without traffic an autoscaler takes its pods away.
func carriedFacts(plan Plan, s State) []Fact {
	canary, stable := s.View.Canary.Available, s.View.Workload.Desired
	need, grows := growsTo(plan, s)
	if !grows {
		return nil
	}
	return []Fact{{"capacity", MarkAttention, fmt.Sprintf("%s of the canary %s %d%% of the traffic, and stable has %d: it is scaled to %d before it gets all of it",
		Count(canary, "pod"), carryWord(canary), canaryWeight(plan, s), stable, need)}}
}

func carryWord(n int) string {
	if n == 1 {
		return "carries"
	}
	return "carry"
}

func abortPreview(plan Plan, s State, now time.Time, undo bool) Preview {
	w, canary := s.View.Workload, s.View.Canary
	stable := w.Version(plan.Container)
	weight := canaryWeight(plan, s)
	var steps []string
	back := "" // the template that stable gets, where it gets another one
	undone, undoing := undoneTo(plan, s)
	to, over, restores := restored(plan, s, undo)
	if s.Underway() && restores {
		undone = to.target()
	}
	if restores = restores || !s.Underway() && undoing && w.Template.Hash != undone.Template; restores {
		steps = append(steps, "stable back to "+undone.Version)
		stable, back = undone.Version, undone.Template
	}
	unseen := unread(plan, s, now)
	if need, grows := growsTo(plan, s); grows && unseen == "" {
		steps = append(steps, fmt.Sprintf("stable scaled %d → %d", w.Desired, need))
	}
	switch {
	case plan.Canary.Route == "":
	case unseen != "":
		steps = append(steps, fmt.Sprintf("traffic to stable %s as soon as it can be read", stable))
	case weight > 0:
		steps = append(steps, fmt.Sprintf("traffic 100%% to stable %s", stable))
	}
	switch {
	case undoing && canary.Found:
		steps = append(steps, "deployment/"+plan.Canary.Deployment+" deleted")
	case canary.Found && canary.Desired > 0:
		steps = append(steps, Count(canary.Desired, "canary pod")+" → 0")
	}
	if len(steps) == 0 {
		steps = []string{"nothing of it serves"}
	}
	p := Preview{
		Title:  "Abort the canary of " + cmp.Or(canary.Version(plan.Container), s.To.Version),
		Object: fmt.Sprintf("%s and deployment/%s in %s / %s", routeWords(plan), plan.Canary.Deployment, plan.Cluster, plan.Namespace),
		Change: strings.Join(steps, ", then "),
		How:    "the canary's pods go when the traffic has been seen away from them",
		Back:   "d: a new release",
		SameAs: abortCommands(plan, s, now, back, undoing),
	}
	p.Line = "abort canary: " + p.Change
	switch {
	case s.onlyPlanned():
		p.Back = "d: the release of " + s.To.Version
	case plan.ByCanary():
		p.Back = fmt.Sprintf("d: a new canary from %d%%", plan.Canary.Steps[0])
	}
	if undoing {
		p.Title, p.Line = "Undo to "+undone.Version+" at once", "undo: "+p.Change
		if restores {
			p.How = fmt.Sprintf("stable is rolled back now; what has the traffic keeps it until stable serves %s", undone.Version)
		}
		p.Back = "r, then " + w.Version(plan.Container)
	}
	ok := Fact{FactSafe, MarkPass, fmt.Sprintf("stable %s is %d/%d available", w.Version(plan.Container), w.Available, w.Desired)}
	if !undoing && (s.Canary != nil || straying(plan, s)) {
		if why := stableHealth(plan, backing(s)); why != "" {
			ok = Fact{FactSafe, MarkFail, why + "; the traffic stays on the canary until it can"}
		}
	}
	switch {
	case over:
		p.Facts, p.Diff = append(p.Facts, Fact{FactOver, MarkFail, overWords(plan, s) + "; this is rolled back"}), Diff(w.Template, to.Template)
		p.Line += ", over someone else's change"
	case theirs(plan, s):
		p.Facts = append(p.Facts, Fact{"stable", MarkAttention, overWords(plan, s) + "; it stays as it is"})
		p.Line += "; stable stays as it is"
	}
	p.Facts = slices.Concat(p.Facts, []Fact{ok}, staysFacts(s), carriedFacts(plan, s), worldFacts(plan, s, now), otherFacts(s))
	if unseen != "" {
		p.Facts = append(p.Facts, Fact{"traffic", MarkUnknown, unseen})
	}
	return p
}

// backing is the state as it would be on the way back, for looking ahead.
func backing(s State) State {
	s.Phase = RollingBack
	return s
}

// routeWords names what divides the traffic.
func routeWords(plan Plan) string {
	return cmp.Or(plan.Canary.Route, "deployment/"+plan.Canary.Deployment)
}
