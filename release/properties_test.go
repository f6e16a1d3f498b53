package release_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"datahub.io/slipway/release"
)

// machine drives Step with random events and checks the invariants of the
// release machine after each.
type machine struct {
	plan     release.Plan
	state    release.State
	now      time.Time
	workload release.Workload
	inFlight []release.Change // sent and not concluded
	auto     int              // automatic changes sent in this release
	accepted bool             // one of them was accepted
	ids      int
	touches  int
	ours     map[string]bool // templates that the release, or a person who was told, stands on
}

func TestInvariants(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		m := newMachine(t)
		m.prologue(t)
		m.plan.Windows = someWindows(t, m.now)
		for range rapid.IntRange(1, 120).Draw(t, "events") {
			m.step(t, m.event(t))
		}
	})
}

// startsAgain is what another process knows before it has seen anything: how it leads, and
// what the records tell.
func startsAgain(v release.View) release.View {
	return release.View{Mode: v.Mode, Driver: v.Driver, Undone: v.Undone, Before: v.Before}
}

func newMachine(t *rapid.T) *machine {
	m := &machine{plan: testPlan(), now: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)}
	answers := []release.Answer{release.Auto, release.Ask, release.Off}
	m.plan.Rollback.OnDeadline = rapid.SampledFrom(answers).Draw(t, "onDeadline")
	m.plan.Rollback.OnMetrics = rapid.SampledFrom(answers).Draw(t, "onMetrics")
	m.state.View.Mode.Unattended = rapid.Bool().Draw(t, "unattended")
	m.deployment("v2.4.0", true)
	m.workload.Revisions = append(m.workload.Revisions, release.Revision{
		Number: 1, Version: "v2.3.0", Image: "registry/datahub-gateway:v2.3.0", Template: template("v2.3.0"),
	})
	return m
}

// prologue leads some of the runs to where a release is under way: random
// wishes alone seldom get that far.
func (m *machine) prologue(t *rapid.T) {
	if rapid.IntRange(0, 3).Draw(t, "prologue") == 0 {
		return
	}
	look := m.workload
	look.At = m.now
	m.step(t, release.Observed{Workload: look})
	m.step(t, release.Sampled{Samples: []release.Sample{{Metric: release.ErrorRate, At: m.now}}})
	for i, intent := range []release.Intent{release.Begin{Version: "v2.5.0"}, release.Tick{Item: "approved"}, release.Deploy{}} {
		seen := release.SeenBy(m.plan, m.state, m.now, intent)
		m.step(t, release.Intended{Intent: intent, By: eng, Seen: seen, ID: string(rune('a' + i))})
	}
	m.deployment("v2.5.0", false)
	m.now = m.now.Add(time.Second)
	m.step(t, release.Done{Outcome: release.Outcome{ID: "c", Kind: release.Accepted, Generation: m.workload.Generation}})
	if m.state.Phase != release.Deploying {
		t.Fatalf("the prologue leads to %q", m.state.Phase)
	}
}

// deployment makes the cluster run a version, fully or not yet.
func (m *machine) deployment(version string, complete bool) {
	w := &m.workload
	w.Found, w.Desired, w.MaxSurge, w.MaxUnavail, w.Deadline = true, 6, 2, 1, time.Minute
	if w.UID == "" {
		w.UID = "uid"
	}
	if w.Version("gateway") != version {
		w.Generation++
		w.Containers = []release.Container{{Name: "gateway", Image: "registry/datahub-gateway:" + version}}
		w.Template = template(version)
		next := int64(2)
		var kept []release.Revision
		for _, r := range w.Revisions {
			next = max(next, r.Number+1)
			r.Current = false
			if r.Version != version {
				kept = append(kept, r)
			}
		}
		w.Revisions = append([]release.Revision{{
			Number: next, Version: version, Image: "registry/datahub-gateway:" + version, Template: template(version), Current: true,
		}}, kept...)
	}
	w.Observed = w.Generation
	w.Progressing = release.Condition{Status: "True", Reason: "ReplicaSetUpdated", Updated: m.now}
	w.Updated, w.Replicas, w.Available = 6, 6, 6
	if !complete {
		w.Updated, w.Replicas, w.Available = 2, 8, 5
	}
}

func (m *machine) event(t *rapid.T) release.Event {
	m.now = m.now.Add(time.Duration(rapid.IntRange(-2, 8).Draw(t, "seconds")) * time.Second)
	switch rapid.IntRange(0, 15).Draw(t, "kind") {
	case 0, 1:
		return release.Ticked{}
	case 14:
		// Killed and come back: only the record is left.
		m.state.View = startsAgain(m.state.View)
		return release.Returned{By: eng}
	case 15:
		return m.sample(t)
	case 2, 3, 4:
		m.shake(t)
		look := m.workload
		look.At = m.now
		return release.Observed{Workload: look}
	case 5:
		return m.sample(t)
	case 6:
		verdict := rapid.SampledFrom([]release.Verdict{release.Pass, release.Fail, release.NoData}).Draw(t, "verdict")
		return release.Probed{Item: "health", Of: m.state.ID, Result: release.Result{At: m.now, Verdict: verdict, Short: "200"}}
	case 7:
		ok := rapid.Bool().Draw(t, "up")
		return release.Linked{Source: release.Kubernetes, Link: release.Link{OK: ok, Since: m.now, Last: m.now}}
	case 8, 9:
		return m.outcome(t)
	default:
		return m.intent(t)
	}
}

// shake lets the cluster, and other people, do something.
func (m *machine) shake(t *rapid.T) {
	w := &m.workload
	switch rapid.IntRange(0, 11).Draw(t, "cluster") {
	case 10:
		m.touch()
	case 11:
		m.touch()
		m.deployment(w.Version("gateway"), false)
	case 0:
		m.deployment(rapid.SampledFrom([]string{"v2.4.0", "v2.5.0", "v2.9.9"}).Draw(t, "version"), false)
	case 1:
		w.Progressing = release.Condition{Status: "False", Reason: "ProgressDeadlineExceeded", Updated: m.now}
		w.Updated, w.Available = 2, 5
	case 2:
		w.Generation++ // scaled, annotated, paused: the template stays
	case 3:
		w.Paused = !w.Paused
	case 4:
		w.Found = !w.Found
		if w.Found && rapid.Bool().Draw(t, "anew") {
			w.UID, w.Generation, w.Observed = w.UID+"x", 1, 1
		}
	default:
		m.deployment(w.Version("gateway"), true)
	}
}

// touch is somebody's restart or changed variable: the image stays, the pod template does not.
func (m *machine) touch() {
	w := &m.workload
	if !w.Found {
		return
	}
	m.touches++
	w.Template.Hash += fmt.Sprintf("+%d", m.touches)
	w.Template.Fields = append(slices.Clone(w.Template.Fields), release.Field{Path: "annotations", Key: "touched", Value: fmt.Sprint(m.touches)})
	w.Generation++
	next := int64(2)
	for i := range w.Revisions {
		next = max(next, w.Revisions[i].Number+1)
	}
	revisions := slices.Clone(w.Revisions)
	for i := range revisions {
		revisions[i].Current = false
	}
	version := w.Version("gateway")
	w.Revisions = append([]release.Revision{{
		Number: next, Version: version, Image: "registry/datahub-gateway:" + version, Template: w.Template, Current: true,
	}}, revisions...)
	m.deployment(version, true)
}

func (m *machine) sample(t *rapid.T) release.Event {
	s := release.Sample{Metric: release.ErrorRate, At: m.now.Add(-time.Duration(rapid.SampledFrom([]int{0, 1, 3, 60}).Draw(t, "age")) * time.Second)}
	switch rapid.IntRange(0, 3).Draw(t, "value") {
	case 0, 1:
		s.Value = 0.05
	case 2:
		s.Err = "empty"
	}
	return release.Sampled{Samples: []release.Sample{s}}
}

// outcome answers the change in flight, or something nobody asked.
func (m *machine) outcome(t *rapid.T) release.Event {
	kinds := []release.OutcomeKind{release.Accepted, release.Accepted, release.Skipped, release.Moved, release.Denied, release.Lost}
	o := release.Outcome{ID: "nobody's", Kind: rapid.SampledFrom(kinds).Draw(t, "outcome"), Generation: m.workload.Generation}
	if n := len(m.inFlight); n > 0 && rapid.IntRange(0, 5).Draw(t, "whose") > 0 {
		c := m.inFlight[rapid.IntRange(0, n-1).Draw(t, "which")]
		o.ID = c.ID
		landed := o.Kind == release.Accepted || (o.Kind == release.Lost && rapid.Bool().Draw(t, "landed"))
		switch op := c.Do.(type) {
		case release.SetImage:
			if landed && m.workload.Found {
				m.deployment(release.Version(op.Image), false)
			}
		case release.UndoTo:
			if r, ok := m.workload.Revision(op.Revision); landed && ok {
				m.undone(r)
			}
		}
		o.Generation = m.workload.Generation
	}
	return release.Done{Outcome: o}
}

// undone has the cluster run a revision again: it becomes the newest.
func (m *machine) undone(r release.Revision) {
	w := &m.workload
	w.Revisions = slices.DeleteFunc(slices.Clone(w.Revisions), func(x release.Revision) bool { return x.Template.Hash == r.Template.Hash })
	newest := r.Number
	for i := range w.Revisions {
		w.Revisions[i].Current = false
		newest = max(newest, w.Revisions[i].Number)
	}
	r.Number, r.Current = newest+1, true
	w.Revisions = append([]release.Revision{r}, w.Revisions...)
	w.Template, w.Containers = r.Template, []release.Container{{Name: "gateway", Image: r.Image}}
	w.Generation++
	m.deployment(r.Version, false)
}

// own follows what the release stands on: what ran when it began, what it set, what a
// person accepted, and what they were told would be rolled back.
func (m *machine) own(before, next release.State, event release.Event) {
	if m.ours == nil || before.ID != next.ID {
		m.ours = map[string]bool{}
	}
	m.ours[next.From.Template], m.ours[next.Rollout.Goal.Template] = true, true
	e, wish := event.(release.Intended)
	if !wish || next.View.Taken != e.ID {
		return
	}
	if i, ok := e.Intent.(release.Undo); ok && i.Over {
		m.ours[next.View.Workload.Template.Hash] = true
	}
}

// over: an undo of a release under way rolls nothing back that someone else made of the
// version under release, unless a person was told; never by itself.
func (m *machine) over(t *rapid.T, before release.State, c release.Change) {
	w := before.View.Workload
	under := before.Phase == release.Deploying || before.Phase == release.Verifying || before.Phase == release.RollingBack
	late := w.UID == before.Rollout.UID && w.Generation < before.Rollout.Generation
	newest := before.Phase != release.RollingBack && !w.Runs("gateway", before.To.Image) // somebody else's version: it is what is undone
	unseen := before.Rollout.Goal.Template == "" && w.Runs("gateway", before.To.Image)   // of its own change no template was seen yet
	if c.Kind() != release.OpUndoTo || !under || late || unseen || newest && c.By != release.Itself {
		return
	}
	if !m.ours[w.Template.Hash] {
		t.Fatalf("%s undoes %s, which someone else made and nobody was shown, in %s", c.By.Name, w.Template.Hash, before.Phase)
	}
}

func (m *machine) intent(t *rapid.T) release.Event {
	m.ids++
	intents := []release.Intent{
		release.Begin{Version: "v2.5.0"},
		release.Begin{Version: "v2.5.0"},
		release.Tick{Item: "approved"},
		release.Tick{Item: "customer"},
		release.Waive{Item: "health", Reason: "drill"},
		release.Waive{Item: "errors"},
		release.Waive{Item: "rolling", Reason: "no"},
		release.Deploy{},
		release.Deploy{},
		release.Pause{},
		release.Resume{},
		release.Undo{},
		release.Undo{Revision: 1},
		release.Undo{Revision: 99},
		release.HoldOn{},
		release.Continue{},
		release.Continue{},
		release.Abandon{},
		release.WaiveWindow{Reason: "drill"},
		nil,
	}
	intent := rapid.SampledFrom(intents).Draw(t, "intent")
	seen := release.Seen{}
	if intent != nil {
		seen = release.SeenBy(m.plan, m.state, m.now, intent)
	}
	if undo, ok := intent.(release.Undo); ok && rapid.IntRange(0, 4).Draw(t, "read") > 0 {
		for _, c := range release.Allowed(m.plan, m.state, m.now) {
			if c.Kind == release.DoUndo && (undo.Revision == 0 || c.Seen.Revision == undo.Revision) {
				intent = c.Intent // as a dialog does, it says what it rolls back
				break
			}
		}
	}
	if rapid.IntRange(0, 9).Draw(t, "moved") == 0 {
		seen.Before += "?"
	}
	return release.Intended{Intent: intent, By: eng, Seen: seen, ID: "id-" + m.now.Format(time.TimeOnly) + string(rune('a'+m.ids%26))}
}

func (m *machine) step(t *rapid.T, event release.Event) {
	before := m.state
	next, effects := steps(t, m.plan, before, m.now, event)
	m.own(before, next, event)
	m.durability(t, before, next, event, effects)
	m.duplicate(t, next, event)
	m.effects(t, before, next, event, effects)
	m.outcomes(t, before, next)
	m.phases(t, before, next, event)
	goesOn(t, before, next, event)
	survives(t, before, next, m.now, event)
	m.state = next
	m.undoable(t)
	leavable(t, m.plan, m.state, m.now)
	neverClosed(t, m.plan, before, m.state, m.now)
	for _, intent := range release.Allowed(m.plan, m.state, m.now) {
		for _, r := range intent.Refusals {
			if r.None() || r.Text == "" || r.Wait && r.Kind == release.RefusedLack {
				t.Fatalf("%s is refused without a reason: %+v", intent.Kind, r)
			}
		}
	}
	wellWritten(t, release.HeadlineOf(m.plan, m.state, m.now))
	release.Checklist(m.plan, m.state, m.now)
}

// durability: 9, and the promise of Step about Seq.
func (m *machine) durability(t *rapid.T, before, next release.State, event release.Event, effects []release.Effect) {
	same := encode(t, before.Record) == encode(t, next.Record)
	switch {
	case same:
	case before.Resumes != nil && next.ID == before.Resumes.ID:
		if next.Seq != before.Resumes.Seq+1 {
			t.Fatalf("a planned release comes back with seq %d after %d", next.Seq, before.Resumes.Seq)
		}
	case next.ID != before.ID:
		if next.Seq != 1 {
			t.Fatalf("a new record begins with seq %d", next.Seq)
		}
	case next.Seq != before.Seq+1:
		t.Fatalf("record changed by %#v, seq %d → %d", event, before.Seq, next.Seq)
	}
	if done, ok := event.(release.Done); ok && (before.Pending == nil || before.Pending.Change.ID != done.Outcome.ID) {
		if next.Last != before.Last && next.Last.ID == done.Outcome.ID {
			t.Fatalf("an outcome that nobody waits for was recorded")
		}
	}
	if _, ticked := event.(release.Ticked); ticked && m.now.Before(before.View.Clock) && !same {
		t.Fatalf("time going backwards changed the record")
	}
	for _, e := range effects {
		if _, ok := e.(release.Change); ok && same {
			t.Fatalf("a change without a record of it") // 2
		}
	}
}

// duplicate: 9. What comes a second time sends nothing, and an outcome that
// does changes nothing durable.
func (m *machine) duplicate(t *rapid.T, after release.State, event release.Event) {
	if _, wish := event.(release.Intended); wish {
		return
	}
	again, effects := release.Step(m.plan, after, m.now, event)
	for _, e := range effects {
		if c, ok := e.(release.Change); ok && after.Pending != nil {
			t.Fatalf("9: the same event again sent %s", c.Kind())
		}
	}
	if done, ok := event.(release.Done); ok && after.Pending == nil && again.Last != after.Last && again.Last.ID == done.Outcome.ID {
		t.Fatalf("9: the same outcome again was recorded again")
	}
}

// effects: 1, 2, 3, 5.
func (m *machine) effects(t *rapid.T, before, next release.State, event release.Event, effects []release.Effect) {
	if next.ID != before.ID {
		m.auto, m.accepted = 0, false
	}
	if p := before.Pending; p != nil && p.Change.By == release.Itself && next.Last != before.Last && next.Last.Kind == release.Accepted {
		m.accepted = true
	}
	sent := 0
	for _, e := range effects {
		c, ok := e.(release.Change)
		if !ok {
			continue
		}
		sent++
		m.inFlight = append(m.inFlight, c)
		m.over(t, before, c)
		if next.Pending == nil || encode(t, release.Record{Pending: &release.Pending{Change: next.Pending.Change}}) != encode(t, release.Record{Pending: &release.Pending{Change: c}}) {
			t.Fatalf("1: %s was sent and is not pending", c.Kind())
		}
		if before.Pending != nil && (!before.Pending.Unknown || c.Kind() != release.OpUndoTo) && !concluded(before, next, event) {
			t.Fatalf("1: %s was sent while %s was in flight", c.Kind(), before.Pending.Change.Kind())
		}
		if c.Kind() == release.OpSetImage {
			if gate := release.GateOf(m.plan, before, m.now); !gate.None() {
				t.Fatalf("3: set image past the gate: %s", gate.Text)
			}
		}
		if c.By == release.Itself {
			if c.Why == "" || c.Kind() != release.OpUndoTo {
				t.Fatalf("2: %s by itself, without evidence", c.Kind())
			}
			if m.auto++; m.auto > 5 || m.accepted {
				t.Fatalf("5: an automatic answer was given again")
			}
			if before.Held != nil && next.Held != nil {
				t.Fatalf("a held release acted by itself")
			}
		}
	}
	if sent > 1 {
		t.Fatalf("1: %d changes at once", sent)
	}
}

// outcomes: an accepted change holds nothing up by itself.
func (m *machine) outcomes(t *rapid.T, before, next release.State) {
	if next.Last == nil || next.Last == before.Last || next.Last.Kind != release.Accepted || next.Held == nil {
		return
	}
	if before.Held == nil && next.Held.Kind == release.HeldByFailure {
		t.Fatalf("held by %q after an accepted change", next.Held.Reason)
	}
}

// concluded tells whether the change in flight ended in this very step.
func concluded(before, next release.State, event release.Event) bool {
	return next.Last != before.Last
}

// phases: 4, and the arrows of the phase diagram.
func (m *machine) phases(t *rapid.T, before, next release.State, event release.Event) {
	if next.Phase == release.Released && before.Phase != release.Released {
		for _, item := range next.Items {
			if !item.Settled() {
				t.Fatalf("4: released with %s %s", item.ID, item.Status)
			}
		}
		for i, spec := range m.plan.Items {
			if spec.Class() == release.Check && next.Items[i].Status == release.Passed && release.Looks(m.plan, next, spec, m.now) != release.Pass {
				t.Fatalf("6: released, and %s does not pass now", spec.ID)
			}
		}
		w := next.View.Workload
		if w.Convergence() != release.Complete || w.Image("gateway") != next.To.Image {
			t.Fatalf("4: released while the workload is %s at %s", w.Convergence(), w.Image("gateway"))
		}
	}
	if before.ID != next.ID {
		return
	}
	allowed := map[release.Phase][]release.Phase{
		release.Idle:        {release.RollingBack, release.RolledBack},
		release.Planned:     {release.Deploying, release.Verifying, release.RollingBack, release.RolledBack, release.Abandoned},
		release.Deploying:   {release.Verifying, release.Released, release.RollingBack, release.RolledBack, release.Abandoned},
		release.Verifying:   {release.Released, release.RollingBack, release.RolledBack, release.Abandoned},
		release.Released:    {release.RollingBack, release.RolledBack},
		release.RollingBack: {release.RolledBack, release.RollingBack, release.Abandoned},
	}
	if before.Phase == next.Phase {
		return
	}
	if next.Held != nil && before.Held != nil && next.Held.Kind == release.HeldByHand && next.Phase == release.Released {
		t.Fatalf("a held release was released by itself")
	}
	for _, p := range allowed[before.Phase] {
		if p == next.Phase {
			return
		}
	}
	t.Fatalf("%q → %q on %#v", before.Phase, next.Phase, event)
}

// undoable: 8. While the API server answers and nothing unanswered is in
// flight, the way back is open in every phase.
func (m *machine) undoable(t *rapid.T) {
	w := m.state.View.Workload
	fresh := m.now.Sub(w.At) <= m.plan.Stale.Workload && !w.At.IsZero()
	if !w.Found || !fresh || !m.state.View.Links[release.Kubernetes].OK || w.Observed < w.Generation {
		return
	}
	if m.state.Pending != nil && !m.state.Pending.Unknown {
		return
	}
	previous, ok := m.state.WayBack()
	if !ok {
		return
	}
	noop := false
	for _, c := range release.Allowed(m.plan, m.state, m.now) {
		switch {
		case c.Kind != release.DoUndo:
		case c.Refused(release.RefusedAlready) && c.Seen.Revision == 0:
			// Only while the way back is what runs, or is not seen yet: "previous"
			// is what is being left then, and has to be chosen by its number.
			goal := m.state.Rollout.Goal.Template
			if w.Template.Hash != goal && w.Generation >= m.state.Rollout.Generation {
				t.Fatalf("8: u says %q, and %s runs", c.Why(), w.Version("gateway"))
			}
			noop = true
		case c.Seen.Template == w.Template.Hash:
		case !c.OK():
			t.Fatalf("8: undo to revision %d is refused in phase %q: %s", c.Seen.Revision, m.state.Phase, c.Why())
		case !noop && c.Seen.Revision != previous.Number:
			t.Fatalf("8: u goes to revision %d in phase %q, the way back is %d", c.Seen.Revision, m.state.Phase, previous.Number)
		default:
			return
		}
	}
	t.Fatalf("8: no way back is offered in phase %q", m.state.Phase)
}

// steps is Step, and checks 10: the same input gives the same output, and the input
// is left alone.
func steps(t rapid.TB, plan release.Plan, before release.State, now time.Time, event release.Event) (release.State, []release.Effect) {
	durable := encode(t, before.Record)
	next, effects := release.Step(plan, before, now, event)
	again, effects2 := release.Step(plan, before, now, event)
	if !reflect.DeepEqual(next, again) || !reflect.DeepEqual(effects, effects2) {
		t.Fatalf("10: not deterministic on %#v", event)
	}
	if encode(t, before.Record) != durable {
		t.Fatalf("10: the input was changed by %#v", event)
	}
	return next, effects
}

func encode(t rapid.TB, r release.Record) string {
	b, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// A record read back is the record that was written: recovery loses nothing.
func TestRecordSurvivesJSON(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		m := newMachine(t)
		for range rapid.IntRange(1, 60).Draw(t, "events") {
			m.step(t, m.event(t))
		}
		var back release.Record
		if err := json.Unmarshal([]byte(encode(t, m.state.Record)), &back); err != nil {
			t.Fatal(err)
		}
		if encode(t, back) != encode(t, m.state.Record) {
			t.Fatalf("lost in JSON:\n%s\n%s", encode(t, m.state.Record), encode(t, back))
		}
	})
}
