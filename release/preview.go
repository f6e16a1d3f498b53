package release

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

func object(plan Plan) string {
	return fmt.Sprintf("deployment/%s in %s / %s", plan.Deployment, plan.Cluster, plan.Namespace)
}

func deployPreview(plan Plan, s State, now time.Time) Preview {
	if s.Phase == Planned && s.Unchanged() {
		return unchangedPreview(plan, s, now)
	}
	w := s.View.Workload
	p := Preview{
		Title:  "Deploy " + s.To.Version,
		Object: fmt.Sprintf("deployment/%s  container %s  in %s / %s", plan.Deployment, plan.Container, plan.Cluster, plan.Namespace),
		Change: fmt.Sprintf("%s → %s", w.Version(plan.Container), PinnedVersion(s.To.Image)),
		How:    how(plan, s),
		Back:   "u: undo to " + w.Version(plan.Container),
		SameAs: same(setImageCommand(plan, plan.imageOf(s.To))),
		Gates:  gates(plan, s),
		Facts:  slices.Concat(windowFacts(plan, s, now), containerFacts(plan, w), groundFacts(plan, s), figureFacts(plan, s, now), worldFacts(plan, s, now)),
	}
	p.Back += keptWords(w)
	p.Line, p.BackKey = fmt.Sprintf("deploy %s on deployment/%s", p.Change, plan.Deployment), "u"
	if plan.ByCanary() {
		p = canaryPreview(plan, s, now, p)
	} else if why := unseenBeside(plan, s); why != "" {
		p.Facts = append(p.Facts, Fact{"canary", MarkAttention, why})
	}
	if plan.Protected {
		p.Confirm = plan.Environment
	}
	return p
}

// unchangedPreview is the confirmation of a deploy that sets nothing.
func unchangedPreview(plan Plan, s State, now time.Time) Preview {
	w := s.View.Workload
	return Preview{
		Title: "Judge " + s.To.Version, Object: object(plan),
		Line:   fmt.Sprintf("judge %s, which runs already · changes nothing", s.To.Version),
		Change: "none: it runs already", How: fmt.Sprintf("waits until %s run it and are available, then the checks", Count(w.Desired, "pod")),
		Back:   "none needed: nothing is changed, and nothing is undone",
		SameAs: same(rolloutCommand(plan, "status", plan.Deployment)),
		Facts:  worldFacts(plan, s, now),
	}
}

// how says how the pods are replaced, and what happens without progress.
func how(plan Plan, s State) string {
	w := s.View.Workload
	text := fmt.Sprintf("rolling, %s, %d at most, never below %d", Count(w.Desired, "pod"), w.Ceiling(), w.Floor())
	if w.Deadline <= 0 {
		return text
	}
	text += "; " + Span(w.Deadline) + " without progress "
	switch s.View.Mode.answered(plan.Rollback.OnDeadline) {
	case Auto:
		return text + "undoes by itself"
	case Ask:
		return text + "asks to undo"
	default:
		return text + "is shown, nothing more"
	}
}

// gates is the checklist up to the deploy, as the confirmation shows it.
func gates(plan Plan, s State) []Gate {
	var gates []Gate
	for i, spec := range plan.Items {
		if spec.Deploys() {
			break
		}
		if i >= len(s.Items) {
			continue
		}
		item := s.Items[i]
		gates = append(gates, Gate{Title: spec.Title, Mark: markOf(item.Status), How: settledWords(item)})
	}
	return gates
}

// groundFacts tells what a rollback of the deploy will not have to return to.
func groundFacts(plan Plan, s State) []Fact {
	w := s.View.Workload
	if words := groundWords(plan, s); words != "" {
		return []Fact{{"ground", MarkAttention, words}}
	}
	if !w.Found || w.Convergence() == Complete && w.Failures() == "" {
		return nil
	}
	text := fmt.Sprintf("current version %s is unhealthy: %d of %d available", cmp.Or(w.Version(plan.Container), "?"), w.Available, w.Desired)
	return []Fact{{"ground", MarkAttention, text + because(w.Failures()) + "; an undo returns to it"}}
}

// figureFacts tells of what is out of bounds before the deploy, for which the failure
// budget makes allowance, and of what cannot be judged at all.
func figureFacts(plan Plan, s State, now time.Time) []Fact {
	var facts []Fact
	for _, j := range Judgements(plan, s.View, now) {
		if j.Spec.Rollback && j.Verdict == Fail {
			facts = append(facts, Fact{"figures", MarkAttention, fmt.Sprintf("%s: %s already: only twice as much undoes, until it has been in bounds", j.Spec.Title, j.Why)})
		}
	}
	for _, u := range Unjudged(plan, s, now) {
		fact := Fact{"figures", MarkUnknown, u.String()}
		if len(u.Items) > 0 {
			fact.Mark, fact.Text = MarkAttention, fact.Text+"; or waive "+u.titles()
		}
		facts = append(facts, fact)
	}
	return facts
}

func settledWords(item Item) string {
	switch {
	case item.Status == Waived:
		return fmt.Sprintf("waived by %s %s: %q", item.By.Name, item.At.Format(time.TimeOnly), item.Reason)
	case item.Note != "":
		return fmt.Sprintf("%s, %q", item.By.Name, item.Note)
	case item.Status == Passed && item.By != Itself:
		return item.By.Name + ", " + item.At.Format(time.TimeOnly)
	case item.Status == Passed:
		return item.Evidence
	default:
		return "open"
	}
}

// worldFacts is what could stop a change or work against it.
func worldFacts(plan Plan, s State, now time.Time) []Fact {
	w := s.View.Workload
	others := Fact{"others", MarkPass, "no GitOps controller owns this Deployment"}
	if len(w.Managers) > 0 {
		others = Fact{"others", MarkAttention, "may be changed back by " + strings.Join(w.Managers, ", ")}
	}
	fresh := Fact{FactFresh, MarkPass, fmt.Sprintf("read %s ago, generation %d", Age(now.Sub(w.At)), w.Generation)}
	if why := offline(plan, s, now); !why.None() {
		fresh = Fact{FactFresh, MarkUnknown, why.Text}
	}
	return []Fact{others, fresh, {FactGuard, MarkPass, "rejected, not forced, if the Deployment changes first"}}
}

func undoPreview(plan Plan, s State, now time.Time, r Revision) Preview {
	w := s.View.Workload
	from := cmp.Or(w.Version(plan.Container), "what runs")
	p := Preview{
		Title:  "Undo " + plan.Service,
		Line:   "undo to " + revisionWords(r.Version, r.Number),
		Object: object(plan),
		Change: fmt.Sprintf("%s → %s", from, cmp.Or(r.Version, revisionWords("", r.Number))),
		How:    fmt.Sprintf("rolling, %s, %d at most, never below %d", Count(w.Desired, "pod"), w.Ceiling(), w.Floor()),
		Back:   fmt.Sprintf("r, then %s: it becomes revision %d", from, newest(w)+2),
		SameAs: same(undoCommands(plan, w, r.Number)...),
		Diff:   Diff(w.Template, r.Template),
	}
	if byWeights(plan, s) {
		p.Line += ", by weights"
		p.How = fmt.Sprintf("by weights: %s of %s beside stable get all traffic, then stable is restored under them, then the traffic goes back", Count(canaryPods(plan, s, 100), "pod"), r.Version)
		p.SameAs = noCommand("slipway makes the pods beside stable itself")
		p.Facts = append(p.Facts, Fact{"how", MarkNone, p.How})
	}
	if w.Paused {
		p.Facts = append(p.Facts, Fact{"paused", MarkAttention, "the rollout is paused: it is resumed in the same step"})
	}
	p.Facts = append(append(p.Facts, staysFacts(s)...), worldFacts(plan, s, now)...)
	capacity := Fact{"capacity", MarkPass, fmt.Sprintf("at least %d of %d stay available throughout", w.Floor(), w.Desired)}
	if w.Available < w.Floor() {
		capacity = Fact{"capacity", MarkAttention, fmt.Sprintf("%d of %d are available now, floor %d", w.Available, w.Desired, w.Floor())}
	}
	p.Facts = append(p.Facts, capacity)
	if why := ignored(plan, s); why != "" {
		p.Facts = append([]Fact{{"record", MarkAttention, why}}, p.Facts...)
	}
	if over := overFacts(plan, s); over != nil {
		p.Line += ", over someone else's change"
		p.Facts = slices.Concat(over, p.Facts)
	}
	if why := s.View.Undone[r.Template.Hash]; why != "" {
		p.Line += ", which was rolled back"
		p.Facts = append([]Fact{{"before", MarkFail, why}}, p.Facts...)
	}
	if p.Diff == nil {
		p.Facts = append(p.Facts, Fact{"template", MarkNone, "equal to the current one"})
	}
	return p
}

// imagePreview is the confirmation of an undo by setting the image that ran before.
func imagePreview(plan Plan, s State, now time.Time, to Target) Preview {
	w := s.View.Workload
	kept := fmt.Sprintf("no revision of %s is kept (revisionHistoryLimit %d); nothing else of the pod template differs", to.Version, w.History)
	return Preview{
		Title:  "Undo " + plan.Service,
		Line:   fmt.Sprintf("undo to %s by setting its image", to.Version),
		Object: object(plan),
		Change: fmt.Sprintf("%s → %s", w.Version(plan.Container), PinnedVersion(to.Image)),
		How:    fmt.Sprintf("rolling, %s, %d at most, never below %d", Count(w.Desired, "pod"), w.Ceiling(), w.Floor()),
		Back:   "d: deploy " + w.Version(plan.Container),
		SameAs: same(setImageCommand(plan, plan.imageOf(to))),
		Facts:  append([]Fact{{"revision", MarkAttention, kept}}, worldFacts(plan, s, now)...),
	}
}

// keptWords says which revision a later undo of a deploy goes to, or that none is kept.
func keptWords(w Workload) string {
	current, ok := w.Current()
	switch {
	case !ok:
		return ""
	case !w.keeps(current):
		return ", by setting its image: no revision is kept"
	}
	return fmt.Sprintf(", revision %d", current.Number)
}

// newest is the highest revision number that exists.
func newest(w Workload) int64 {
	n := int64(0)
	for _, r := range w.Revisions {
		n = max(n, r.Number)
	}
	return n
}

func markOf(status Status) Mark {
	switch status {
	case Passed:
		return MarkPass
	case Failed:
		return MarkFail
	case Running:
		return MarkRunning
	case Waived:
		return MarkWaived
	case Unknown:
		return MarkUnknown
	default:
		return MarkWaiting
	}
}
