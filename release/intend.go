package release

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// intended takes a person's wish: the choice that fits it must be allowed now,
// and must still be the one that was shown.
func (t *turn) intended(e Intended) {
	if e.Intent == nil {
		return
	}
	choice := find(t.plan, t.s, t.now, e.Intent)
	refused := choice.Refusals
	if choice.OK() {
		refused = first(refusal(RefusedMoved, t.moved(choice, e.Seen)), refusal(RefusedWish, t.wording(e.Intent, choice)))
	}
	if len(refused) > 0 {
		t.do(Refused{ID: e.ID, Kind: choice.Kind, Refusal: refused[0]})
		return
	}
	t.s.View.Taken = e.ID
	switch i := e.Intent.(type) {
	case Begin:
		t.start(e, i.Version)
	case Tick:
		t.mark(i.Item, Item{Status: Passed, By: e.By, Note: i.Note})
	case Waive:
		t.mark(i.Item, Item{Status: Waived, By: e.By, Reason: strings.TrimSpace(i.Reason)})
	case RunAction:
		t.runAction(e, i.Item)
	case WaiveWindow:
		t.waiveWindow(e.By, strings.TrimSpace(i.Reason))
	case Advance, Promote:
		t.advance(e, "")
	case Abort:
		t.back(e, "")
	case Cancel:
		t.cancel(e.By)
	case Deploy:
		if t.s.Unchanged() {
			t.judgeOnly(e.By)
			return
		}
		t.record().Ground, t.record().From.Rest = groundOf(t.s.View.Workload), t.s.View.Workload.Template.rest(t.plan.Container)
		if words := groundWords(t.plan, t.s); words != "" && t.s.View.Mode.Unattended {
			t.tell(Itself, MarkAttention, words) // no confirmation was read
		}
		if left := LeftBehind(t.plan, t.s.View.Workload); left != "" {
			t.tell(Itself, MarkAttention, left) // also where no confirmation was read
		}
		if t.plan.ByCanary() {
			t.apply(e)
			return
		}
		t.send(Change{
			ID: t.changeID(e), By: e.By,
			Cause: fmt.Sprintf("set image %s %s by %s%s, slipway", t.plan.Container, t.s.To.Version, e.By.Name, t.s.waivedWords()),
			Do:    SetImage{Container: t.plan.Container, Also: t.plan.also(), Version: t.s.To.Version, Image: t.plan.imageOf(t.s.To)},
		}, Deploying, t.s.To)
	case Pause:
		if holds(t.s) {
			t.holdHere(e.By)
			return
		}
		t.note(e)
		t.send(Change{ID: t.changeID(e), By: e.By, Do: PauseRollout{}}, t.s.Phase, Target{})
	case Resume:
		if holds(t.s) {
			t.carryOn(e.By)
			return
		}
		t.note(e)
		t.send(Change{ID: t.changeID(e), By: e.By, Do: ResumeRollout{}}, t.s.Phase, Target{})
	case Undo:
		if leadsBack(t.plan, t.s) {
			t.back(e, "")
			return
		}
		t.undo(e, choice.Seen.Revision, "")
	case HoldOn:
		t.holdHere(e.By)
	case Continue:
		t.carryOn(e.By)
	case Abandon:
		r := t.record()
		t.enter(Abandoned, cueAbandon)
		r.Held, r.Asking = nil, nil
		if r.Pending != nil {
			// Its answer is still looked for, and only told: nothing begins with it.
			given := *r.Pending
			given.Next, given.Goal, given.Stage, given.Follows = Abandoned, Target{}, "", false
			r.Pending = &given
		}
		t.tell(e.By, MarkAttention, "release abandoned; the cluster stays as it is")
	}
}

// holdHere holds the release by hand.
func (t *turn) holdHere(by Actor) {
	t.record().Held = &Hold{Kind: HeldByHand, Reason: "held by hand", By: by, At: t.now}
	t.record().Asking = nil
	t.tell(by, MarkAttention, "hold: nothing by itself until released")
}

// apply begins a canary: its Deployment comes first, the traffic when its pods are
// available.
func (t *turn) apply(e Intended) {
	steps := t.plan.Canary.Steps
	if t.plan.Canary.Route == "" {
		t.tell(Itself, MarkAttention, coarse(t.plan, t.s)) // also where no confirmation was read
	}
	for _, fact := range otherFacts(t.s) {
		t.tell(Itself, fact.Mark, fact.Text)
	}
	t.send(Change{
		ID: t.changeID(e), By: e.By,
		Cause: fmt.Sprintf("canary of %s by %s%s, slipway", t.s.To.Version, e.By.Name, t.s.waivedWords()),
		Do: ApplyCanary{
			Container: t.plan.Container, Also: t.plan.also(), Version: t.s.To.Version, Image: t.plan.imageOf(t.s.To),
			Replicas: canaryPods(t.plan, t.s, steps[0]),
		},
	}, Deploying, t.s.To)
	t.s.Pending.Stage = Creating
}

// find gives the choice that an intent is about.
func find(plan Plan, s State, now time.Time, intent Intent) Choice {
	kind, item, revision := intent.intent(), "", int64(0)
	switch i := intent.(type) {
	case Tick:
		item = i.Item
	case Waive:
		item = i.Item
	case RunAction:
		item = i.Item
	case Undo:
		revision = i.Revision
	case Begin:
		return beginChoice(plan, s, now, i.Version)
	}
	for _, c := range Allowed(plan, s, now) {
		if c.Kind != kind || c.Item != item {
			continue
		}
		if kind == DoUndo && revision != 0 && c.Seen.Revision != revision {
			continue
		}
		return c
	}
	c := Choice{Kind: kind, Item: item, Refusals: blocks(plan, s, now, intent)}
	if c.OK() {
		return c.Refuse(RefusedUnknown, "not possible") // nobody was shown it
	}
	return c
}

// moved says what changed since the confirmation was read, or "". Nobody
// confirms something other than what they read.
func (t *turn) moved(c Choice, seen Seen) string {
	if c.Seen == (Seen{}) || c.Seen == seen {
		return ""
	}
	w := t.s.View.Workload
	switch {
	case seen == (Seen{}):
		return "nothing was shown before it was confirmed"
	case seen.Task != c.Seen.Task:
		return "it moved since you looked: something else is running; look again"
	case seen.Task != c.Seen.Task:
		return "it moved since you looked: it was run or cancelled meanwhile; look again"
	case seen.UID != c.Seen.UID:
		return "the Deployment was deleted and made anew since you looked"
	case seen.Before != c.Seen.Before:
		return fmt.Sprintf("it moved since you looked: the pod template changed, it runs %s, generation %d; look again", w.Version(t.plan.Container), w.Generation)
	case seen.Canary != c.Seen.Canary:
		return "it moved since you looked: the canary's Deployment is another one; look again"
	case seen.Weight != c.Seen.Weight:
		return fmt.Sprintf("it moved since you looked: the canary had %d%% of the traffic, it has %d%%; look again", seen.Weight, c.Seen.Weight)
	case seen.Routes != c.Seen.Routes:
		return "it moved since you looked: other routes lead to the canary; look again"
	case !seen.Held.Equal(c.Seen.Held):
		return "it moved since you looked: " + cmp.Or(heldWords(t.s), "nothing is held any more") + "; look again"
	case seen.Paused != c.Seen.Paused:
		return "it moved since you looked: the rollout was paused or resumed; look again"
	case seen.Revision == c.Seen.Revision:
		return "it moved since you looked: the target has another pod template; look again"
	default:
		return fmt.Sprintf("it moved since you looked: the target was revision %d, is %d; look again", seen.Revision, c.Seen.Revision)
	}
}

// wording says what is wrong with the words that came with an intent, or "".
func (t *turn) wording(intent Intent, c Choice) string {
	switch i := intent.(type) {
	case Begin:
		if err := CheckVersion(i.Version); err != nil {
			return err.Error()
		}
	case WaiveWindow:
		if strings.TrimSpace(i.Reason) == "" {
			return "a waiver needs a reason"
		}
	case Waive:
		if strings.TrimSpace(i.Reason) == "" {
			return "a waiver needs a reason"
		}
	case Deploy:
		if wants, ok := c.Intent.(Deploy); ok && wants.Adopt && !i.Adopt {
			return "a canary was left from an earlier attempt: it has to be said that it is taken over, or aborted first"
		}
		if wants, ok := c.Intent.(Deploy); ok && wants.Replace != i.Replace {
			return wants.Replace + ": nobody confirmed that its image is to be replaced"
		}
		return typed(i.Confirm, c)
	case Abort:
		if wants, ok := c.Intent.(Abort); ok && wants.Over && !i.Over {
			return unsaid(t.plan, t.s)
		}
	case Undo:
		if wants, ok := c.Intent.(Undo); ok && wants.Over && !i.Over {
			return unsaid(t.plan, t.s)
		}
	case Advance:
		return typed(i.Confirm, c)
	case Promote:
		return typed(i.Confirm, c)
	}
	return ""
}

// typed says that the environment's name was not typed where it has to be.
func typed(word string, c Choice) string {
	if c.Preview.Confirm == "" || word == c.Preview.Confirm {
		return ""
	}
	return fmt.Sprintf("typed %q, expected %q: the environment's name confirms", word, c.Preview.Confirm)
}

// changeID names a change: the id that came with the wish, or, for a change
// that slipway makes by itself, the release and its sequence number.
func (t *turn) changeID(e Intended) string {
	if e.ID != "" {
		return e.ID
	}
	return fmt.Sprintf("%s.%d", t.s.ID, t.s.Seq+1)
}

// start begins a release of a version.
func (t *turn) start(e Intended, version string) {
	w := t.s.View.Workload
	items := make([]Item, 0, len(t.plan.Items))
	for _, spec := range t.plan.Items {
		items = append(items, Item{ID: spec.ID, Status: Waiting})
	}
	t.file(e, Planned)
	t.s.View.Checks, t.s.View.Probes = nil, nil // they were of another release
	r := t.record()
	r.From, r.To, r.Items = running(t.plan, w), asked(t.plan, version), items
	if w.runsAll(t.plan.released(), r.To.Image) {
		r.To = r.From
		t.planUnchanged(e.By)
		return
	}
	t.tell(e.By, MarkNone, fmt.Sprintf("release %s → %s planned", r.From.Version, PinnedVersion(r.To.Image)))
}

// asked is the target that a version names: its tag, and the image with the digest,
// where one was given.
func asked(plan Plan, version string) Target {
	image := plan.Image + ":" + version
	return Target{Version: Version(image), Image: image}
}

// note makes sure that there is a record to write a change into.
func (t *turn) note(e Intended) {
	if t.s.ID == "" {
		now := running(t.plan, t.s.View.Workload)
		t.file(e, Idle)
		t.record().From, t.record().To = now, now
	}
}

// file starts a new record. The one before is over, or only planned and kept in it.
func (t *turn) file(e Intended, phase Phase) {
	planned, task := t.aside(), t.s.Task
	if planned != nil {
		task = nil // it goes on with what is planned
	}
	t.dirty = true
	t.s.Record = Record{
		Format: RecordFormat, Seq: t.s.Seq, ID: e.ID,
		Service: t.plan.Service, Environment: t.plan.Environment, Cluster: t.plan.Cluster,
		Namespace: t.plan.Namespace, Deployment: t.plan.Deployment,
		Phase: phase, Began: t.now, By: e.By, Resumes: planned, Task: task,
	}
}

// running is what the Deployment's template names now.
func running(plan Plan, w Workload) Target {
	target := Target{Version: w.Version(plan.Container), Image: w.Image(plan.Container), Template: w.Template.Hash}
	if current, ok := w.Current(); ok {
		target.Revision = current.Number
	}
	return target
}

// undo returns to an existing revision. Without a release under way, or beside one that
// is only planned, it begins a record of its own: of what is being undone.
func (t *turn) undo(e Intended, revision int64, why string) {
	w := t.s.View.Workload
	target, kept := w.Revision(revision)
	goal := target.target()
	if !kept {
		goal, _ = t.s.imageBack(t.plan)
		goal.Revision = 0
	}
	if why := ignored(t.plan, t.s); why != "" {
		t.tell(Itself, MarkAttention, why)
	}
	id := t.changeID(e)
	now := running(t.plan, w)
	released := t.s.Phase == Released && t.s.To.Template == now.Template
	if t.s.Phase.Over() && !released || t.s.onlyPlanned() {
		t.file(e, Idle)
		t.record().From, t.record().To = goal, now
	}
	if kept && byWeights(t.plan, t.s) {
		t.undoByWeights(id, e, goal, why)
		return
	}
	t.rollBack(id, e, goal, why)
}

// byImage tells whether an undo sets the image of its target: no revision of it is kept.
func (t *turn) byImage(goal Target) bool {
	if goal.Revision == 0 {
		return true
	}
	_, kept := t.s.View.Workload.Revision(goal.Revision)
	back, ok := t.s.imageBack(t.plan)
	return !kept && ok && back.Template == goal.Template
}

// rollBack sends stable back to a revision or, where that is not kept, to its image.
func (t *turn) rollBack(id string, e Intended, goal Target, why string) {
	if t.byImage(goal) {
		t.send(Change{
			ID: id, By: e.By, Why: why,
			Cause: fmt.Sprintf("undo to %s by its image, by %s, slipway", goal.Version, e.By.Name),
			Do:    SetImage{Container: t.plan.Container, Version: goal.Version, Image: t.plan.imageOf(goal), Unpause: t.s.View.Workload.Paused},
		}, RollingBack, goal)
		return
	}
	t.send(Change{
		ID: id, By: e.By, Why: why,
		Cause: fmt.Sprintf("undo to %s, by %s, slipway", revisionWords(goal.Version, goal.Revision), e.By.Name),
		Do: UndoTo{
			Container: t.plan.Container, Version: goal.Version, Revision: goal.Revision, Template: goal.Template,
			Unpause: t.s.View.Workload.Paused,
		},
	}, RollingBack, goal)
}

// mark settles an item by hand.
func (t *turn) mark(id string, item Item) {
	r := t.record()
	for i := range r.Items {
		if r.Items[i].ID != id {
			continue
		}
		item.ID, item.At = id, t.now
		item.Evidence = r.Items[i].Evidence
		r.Items[i] = item
	}
	title := id
	for _, spec := range t.plan.Items {
		if spec.ID == id {
			title = spec.Title
		}
	}
	switch {
	case item.Status == Waived:
		t.tell(item.By, MarkWaived, fmt.Sprintf("waived %s: %q", title, item.Reason))
	case item.Note != "":
		t.tell(item.By, MarkPass, fmt.Sprintf("ticked %s: %q", title, item.Note))
	default:
		t.tell(item.By, MarkPass, "ticked "+title)
	}
}

// carryOn ends a hold, or answers a question with "leave it".
func (t *turn) carryOn(by Actor) {
	r := t.record()
	text := "continues"
	if r.Asking != nil {
		text = "no undo: " + r.Asking.Reason
	}
	if r.Held != nil && r.Held.Kind == HeldByOthers {
		t.adopt()
	}
	if r.Held != nil && t.s.Underway() {
		run := t.run()
		if r.Held.Kind == HeldByRoute {
			text = cutting(t.plan, t.s)
			run.Cut = slices.Concat(run.Cut, leading(t.plan, t.s))
		}
		run.Tries, run.Sent = 0, 0
		if run.Stage != Baking {
			run.Since = t.now // no deadline ran while it was held
		}
	}
	r.Held, r.Asking = nil, nil
	t.tell(by, MarkNone, text)
}

func itemList(plan Plan) string {
	ids := make([]string, len(plan.Items))
	for i, spec := range plan.Items {
		ids[i] = spec.ID
	}
	return strings.Join(ids, ", ")
}

// NoRevision says in kubectl's words that a revision does not exist, and which do.
func NoRevision(w Workload, revision int64) Refusal {
	numbers := make([]string, len(w.Revisions))
	for i, r := range w.Revisions {
		numbers[i] = fmt.Sprint(r.Number)
	}
	return refusal(RefusedUnknown, fmt.Sprintf("unable to find specified revision %d in history; existing: %s", revision, cmp.Or(strings.Join(numbers, ", "), "none")))
}
