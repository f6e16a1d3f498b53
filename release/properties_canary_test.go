package release_test

import (
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"datahub.io/slipway/release"
)

// canaryMachine drives a canary release with random events over a small cluster
// that does what it is told, mostly, and checks the invariants after each.
type canaryMachine struct {
	plan     release.Plan
	state    release.State
	now      time.Time
	story    *world // makes workloads
	pairs    []release.Pair
	inFlight *release.Change
	pods     int // that stable is to have
	ids      int
	once     bool // no other release begins after the first
	touches  int
	ours     map[string]bool // templates of stable that the release made, stood on, or was told to roll back
	reached  map[release.CanaryStage]int
	told     []string          // what was said
	evidence map[string]string // of what was sent, and the first change that it was for
	known    bool              // these steps are checked in another run of the test: they only lead somewhere
}

func TestCanaryInvariants(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		answers := []release.Answer{release.Auto, release.Ask, release.Off}
		m := newCanaryMachine(rapid.Bool().Draw(t, "auto"), release.Rollback{
			OnDeadline: rapid.SampledFrom(answers).Draw(t, "onDeadline"), OnMetrics: rapid.SampledFrom(answers).Draw(t, "onMetrics"), After: 2,
		})
		m.plan.Canary.UndoByWeights = rapid.Bool().Draw(t, "undo by weights")
		m.plan.Windows = someWindows(t, m.now)
		for range rapid.IntRange(0, 40).Draw(t, "smoothly") {
			m.smoothly(t)
		}
		for range rapid.IntRange(10, 120).Draw(t, "events") {
			m.step(t, m.event(t))
		}
	})
}

// Whatever someone else makes of stable, at whatever moment, can be accepted or left, and
// is rolled back only by who has read it.
func TestStableIsChangedAnywhere(t *testing.T) {
	t.Parallel()
	moments, stages := map[string]int{}, map[release.CanaryStage]bool{}
	for m, rounds := newCanaryMachine(false, release.Rollback{OnDeadline: release.Ask, OnMetrics: release.Ask, After: 2}), 0; rounds < 100; rounds++ {
		if m.once = true; m.state.Underway() {
			moment := string(m.state.Canary.Stage)
			if m.inFlight != nil {
				moment += string(m.inFlight.Kind())
			}
			moments[moment], stages[m.state.Canary.Stage] = rounds, true
		}
		m.smoothly(t)
	}
	if len(stages) != 6 {
		t.Fatalf("a canary has come to %v", stages)
	}
	for name, change := range map[string]func(m *canaryMachine){
		"restart":  func(m *canaryMachine) { m.touch() },
		"hotfix":   func(m *canaryMachine) { m.stable("v2.4.1", 6) },
		"promoted": func(m *canaryMachine) { m.stable("v2.5.0", 6) },
		"returned": func(m *canaryMachine) { m.stable("v2.4.0", 6) },
		"anew":     func(m *canaryMachine) { m.story.cluster.UID += "x" },
	} {
		for _, leave := range []release.Intent{release.Continue{}, release.Undo{}, release.Abort{}} {
			for moment, rounds := range moments {
				m := newCanaryMachine(false, release.Rollback{OnDeadline: release.Ask, OnMetrics: release.Ask, After: 2})
				m.once = true
				m.goes(t, rounds)
				change(m)
				if m.inFlight != nil {
					m.answered(t, release.Moved, false) // the patch tests what it was made from
				}
				made := m.story.ran()
				m.looking(t)
				held := m.state.Held != nil
				m.step(t, m.asked(leave))
				for i := 0; i < 60 && !m.state.Phase.Over() && m.state.Phase != release.Verifying; i++ {
					if m.state.Held != nil && m.state.Phase == release.Deploying {
						m.step(t, m.asked(release.Continue{}))
					}
					if m.state.Held != nil {
						m.step(t, m.asked(release.Abort{}))
					}
					m.smoothly(t)
				}
				if !m.state.Phase.Over() && m.state.Phase != release.Verifying {
					t.Fatalf("%s, %T at %s: %s, %+v, held %+v", name, leave, moment, m.state.Phase, m.state.Canary, m.state.Held)
				}
				_, aborted := leave.(release.Abort)
				if runs := m.story.ran(); held && aborted && !strings.HasPrefix(made, "v2.5.0") && runs != made {
					t.Fatalf("%s, aborted at %s: stable runs %s, someone else made it %s", name, moment, runs, made)
				}
			}
		}
	}
}

// touch changes stable's pod template and not its image, as a restart does.
func (m *canaryMachine) touch() {
	m.touches++
	m.story.touch(strconv.Itoa(m.touches))
	m.stable(m.story.cluster.Version("gateway"), 6)
}

// Aborted at any moment of its way, a canary ends with all traffic on stable.
func TestCanaryAbortedAnywhere(t *testing.T) {
	t.Parallel()
	reached := map[release.CanaryStage]int{}
	for rounds := range 160 {
		m := newCanaryMachine(false, release.Rollback{OnDeadline: release.Ask, OnMetrics: release.Ask, After: 2})
		m.once, m.reached = true, reached
		m.known = rounds < 158 // the last two runs check all of the way
		for range rounds / 2 {
			m.smoothly(t)
		}
		m.known = false
		if rounds%2 == 1 {
			m.pods = 1 // an autoscaler found stable idle
			m.looking(t)
		}
		if !m.state.Underway() {
			continue
		}
		m.step(t, m.asked(release.Abort{}))
		if c := m.inFlight; c != nil && m.state.Phase == release.Deploying {
			continue // refused while a change is in flight: the next round aborts
		}
		for i := 0; i < 60 && (m.state.Phase != release.RolledBack || m.inFlight != nil); i++ {
			m.smoothly(t)
		}
		if m.state.Phase != release.RolledBack || m.story.split.Canary != 0 || m.story.cluster.Version("gateway") != "v2.4.0" || m.story.canary.Desired != 0 {
			t.Fatalf("aborted after %d rounds: %s, %d%% on the canary of %d pods, stable %s",
				rounds, m.state.Phase, m.story.split.Canary, m.story.canary.Desired, m.story.cluster.Version("gateway"))
		}
	}
	for _, stage := range []release.CanaryStage{
		release.Creating, release.Shifting, release.Baking, release.Promoting, release.Restoring, release.Returning, release.Removing, release.Gone,
	} {
		if reached[stage] == 0 {
			t.Errorf("no run has come to %q: nothing is known about it", stage)
		}
	}
}

func newCanaryMachine(auto bool, rollback release.Rollback) *canaryMachine {
	w := newWorld()
	w.plan.Items = []release.ItemSpec{{ID: "rolling", Title: "Rolling update in progress", Stage: release.During, Type: release.ItemDeploy}}
	w.plan.Metrics = append(w.plan.Metrics, release.MetricSpec{
		Name: release.RequestRate, Title: "Requests/sec", Unit: release.PerSecond, Bound: release.Bound{Kind: release.Range, Normal: 1200, Tolerance: 0.5},
	})
	w.plan.Traffic = release.Traffic{Least: 10, Window: 10 * time.Second}
	w.plan.Canary = &release.CanaryPlan{
		Deployment: "gateway-canary", Route: route, Steps: []int{10, 100}, Bake: 4 * time.Second, Pods: 1, Least: 500,
		Auto:  auto,
		Rules: []release.Rule{{Metric: release.ErrorRate, Above: 0.0005}},
	}
	w.plan.Rollback = rollback
	m := &canaryMachine{plan: w.plan, now: w.now, story: w, pods: 6}
	m.stable("v2.4.0", 6)
	m.story.split = release.Split{Rest: "rest", Writer: "slipway"}
	m.figures(0.0002)
	return m
}

// looking looks at everything once.
func (m *canaryMachine) looking(t rapid.TB) {
	m.now = m.now.Add(time.Second)
	for _, look := range m.looks() {
		m.step(t, look)
	}
}

// smoothly goes one step further without anything in the way: random events alone
// seldom get far.
func (m *canaryMachine) smoothly(t rapid.TB) {
	m.now = m.now.Add(time.Second)
	if c := m.inFlight; c != nil {
		m.land(*c)
		m.inFlight = nil
		m.step(t, release.Done{Outcome: release.Outcome{ID: c.ID, Kind: release.Accepted, Generation: m.story.cluster.Generation}})
		return
	}
	m.well()
	for _, look := range m.looks() {
		m.step(t, look)
	}
	var intent release.Intent
	switch run := m.state.Canary; {
	case m.state.Phase.Over() && m.once && m.state.ID != "":
		return
	case m.state.Phase.Over():
		intent = release.Begin{Version: "v2.5.0"}
	case m.state.Phase == release.Planned:
		intent = release.Deploy{Adopt: true}
	case run != nil && run.Stage == release.Baking && m.now.Sub(run.Live) > m.plan.Canary.Bake:
		intent = release.Advance{}
	default:
		return
	}
	m.step(t, m.asked(intent))
}

// well makes everything as it should be.
func (m *canaryMachine) well() {
	c := &m.story.canary
	c.Available, c.Updated, c.Replicas, c.Causes = c.Desired, c.Desired, c.Desired, nil
	m.stable(m.story.cluster.Version("gateway"), m.pods)
	m.figures(0.0002)
	m.story.split.Err, m.story.split.Silent = "", false
}

// stable makes stable run a version with so many pods of it available.
func (m *canaryMachine) stable(version string, available int) {
	c := &m.story.cluster
	if c.UID == "" {
		c.UID = "uid-1"
	}
	c.Found, c.Desired, c.MaxSurge, c.MaxUnavail, c.Deadline = true, m.pods, 2, (m.pods+3)/6, time.Minute
	available = min(available, m.pods)
	m.story.setVersion(version)
	c.Observed = c.Generation
	c.Updated, c.Replicas, c.Available = available, m.pods, available
	c.Progressing = release.Condition{Status: "True", Reason: "ReplicaSetUpdated", Updated: m.now}
	m.story.revisions(true)
}

func (m *canaryMachine) figures(errors float64) {
	m.pairs = []release.Pair{
		{Metric: release.ErrorRate, Canary: sampleOf(release.ErrorRate, errors), Stable: sampleOf(release.ErrorRate, 0.0002)},
		{Metric: release.RequestRate, Canary: sampleOf(release.RequestRate, 300), Stable: sampleOf(release.RequestRate, 900)},
	}
}

func (m *canaryMachine) looks() []release.Event {
	m.story.now, m.story.pairs = m.now, m.pairs
	return []release.Event{
		release.Observed{Workload: m.story.look()},
		release.ObservedCanary{Workload: m.story.lookCanary()},
		release.ObservedSplit{Split: m.story.lookSplit()},
		release.Compared{Of: release.Compares(m.plan, m.state.Record), Pairs: m.story.lookPairs()},
	}
}

func (m *canaryMachine) event(t *rapid.T) release.Event {
	m.now = m.now.Add(time.Duration(rapid.SampledFrom([]int{0, 1, 1, 1, 2, 3, -1, 6}).Draw(t, "seconds")) * time.Second)
	switch rapid.IntRange(0, 29).Draw(t, "kind") {
	case 0:
		return release.Ticked{}
	case 1:
		m.state.View = startsAgain(m.state.View)
		aside := *m.plan.Canary // the configuration may have changed in between
		aside.Aside = rapid.IntRange(0, 3).Draw(t, "aside") == 0
		m.plan.Canary = &aside
		return release.Returned{By: eng}
	case 2:
		m.meddle(t)
	case 3, 4, 5, 6, 7, 8, 9:
		return m.wish(t)
	case 10, 11, 12, 13, 14:
		return m.answer(t)
	}
	m.heal(t)
	looks := m.looks()
	return looks[rapid.IntRange(0, len(looks)-1).Draw(t, "look")]
}

// heal lets pods come up, mostly.
func (m *canaryMachine) heal(t *rapid.T) {
	if rapid.IntRange(0, 3).Draw(t, "heals") > 0 {
		m.well()
	}
}

// meddle lets something break, or someone else act.
func (m *canaryMachine) meddle(t *rapid.T) {
	c, split := &m.story.canary, &m.story.split
	switch rapid.IntRange(0, 14).Draw(t, "meddle") {
	case 0:
		split.Canary = rapid.SampledFrom([]int{0, 30, 100}).Draw(t, "weight")
	case 1:
		split.Rest += "x"
	case 2:
		split.Err, split.Silent = "missing", rapid.Bool().Draw(t, "silent")
	case 3:
		c.Available = 0
	case 4:
		m.stable(m.story.cluster.Version("gateway"), 2)
	case 5:
		m.figures(0.05)
	case 6:
		*c = release.Workload{}
	case 7:
		m.stable("v2.9.9", 6)
	case 8:
		m.pairs = nil
	case 9:
		m.pods = rapid.SampledFrom([]int{1, 3, 6}).Draw(t, "pods")
		m.stable(m.story.cluster.Version("gateway"), m.pods)
	case 10, 11:
		m.touch()
	case 12:
		m.stable(rapid.SampledFrom([]string{"v2.4.0", "v2.5.0"}).Draw(t, "version"), 6)
	case 13:
		m.story.cluster.UID += "x"
	case 14:
		split.Routes = nil
		if rapid.Bool().Draw(t, "routed") {
			split.Routes = []string{rapid.SampledFrom([]string{"a", "b"}).Draw(t, "route")}
		}
	}
}

// answer ends the change in flight, and lets it happen, or not.
func (m *canaryMachine) answer(t *rapid.T) release.Event {
	if m.inFlight == nil {
		return release.Ticked{}
	}
	c := *m.inFlight
	o := release.Outcome{ID: c.ID, Kind: release.Accepted}
	landed := true
	if rapid.IntRange(0, 5).Draw(t, "answered") == 0 {
		o.Kind = rapid.SampledFrom([]release.OutcomeKind{release.Skipped, release.Moved, release.Denied, release.Lost}).Draw(t, "outcome")
		landed = o.Kind == release.Lost && rapid.Bool().Draw(t, "landed")
	}
	if landed {
		m.land(c)
	}
	m.inFlight = nil
	o.Generation = m.story.cluster.Generation
	return release.Done{Outcome: o}
}

// land makes a change true.
func (m *canaryMachine) land(c release.Change) {
	canary := &m.story.canary
	switch c := c.Do.(type) {
	case release.ApplyCanary:
		if canary.UID == "" {
			canary.UID = "uid-canary"
		}
		canary.Found, canary.Desired, canary.Generation = true, c.Replicas, canary.Generation+1
		canary.Observed = canary.Generation
		canary.Containers = []release.Container{{Name: "gateway", Image: c.Image}}
		canary.Template = template(release.Version(c.Image))
		canary.Available = 0
	case release.ScaleCanary:
		canary.Desired = c.Replicas
	case release.ScaleStable:
		m.pods = c.Replicas
		m.stable(m.story.cluster.Version("gateway"), m.story.cluster.Available)
	case release.SetWeight:
		m.story.split.Canary = c.Weight
	case release.DeleteCanary:
		*canary = release.Workload{}
	case release.SetImage:
		m.stable(release.Version(c.Image), 2)
	case release.UndoTo:
		if r, ok := m.story.cluster.Revision(c.Revision); ok {
			m.story.setTemplate(strings.TrimPrefix(r.Template.Hash, "hash-"))
			m.stable(r.Version, 3)
		}
	}
	m.mine(m.story.cluster.Template.Hash)
}

func (m *canaryMachine) wish(t *rapid.T) release.Event {
	intents := []release.Intent{
		release.Begin{Version: "v2.5.0"},
		release.Begin{Version: "v2.5.0"},
		release.Deploy{Adopt: true},
		release.Deploy{},
		release.Advance{},
		release.Advance{},
		release.Advance{},
		release.Promote{},
		release.Pause{},
		release.Resume{},
		release.HoldOn{},
		release.Continue{},
		release.Continue{},
		release.Continue{},
		release.Continue{},
	}
	if rapid.IntRange(0, 7).Draw(t, "back") == 0 {
		intents = []release.Intent{release.Abort{}, release.Undo{}, release.Abandon{}}
	}
	return m.asked(rapid.SampledFrom(intents).Draw(t, "intent"))
}

// mine keeps a template of stable that may be rolled back.
func (m *canaryMachine) mine(template string) {
	if m.ours == nil {
		m.ours = map[string]bool{}
	}
	m.ours[template] = true
}

// own follows what the release stands on: what ran when it began, what a person accepted,
// and what they were told would be rolled back.
func (m *canaryMachine) own(before, next release.State, event release.Event) {
	e, wish := event.(release.Intended)
	if !wish || next.View.Taken != e.ID {
		return
	}
	over := false
	switch i := e.Intent.(type) {
	case release.Begin, release.Continue, release.Resume:
		over = true
	case release.Undo:
		over = i.Over || !before.Underway()
	case release.Abort:
		over = i.Over || !before.Underway()
	}
	if over {
		m.mine(next.View.Workload.Template.Hash)
	}
}

func (m *canaryMachine) asked(intent release.Intent) release.Event {
	m.ids++
	for _, c := range release.Allowed(m.plan, m.state, m.now) {
		_, undo := c.Intent.(release.Undo)
		if release.KindOf(intent) == c.Kind && (undo && c.Seen.Revision == 0 || c.Kind == release.DoAbort) {
			intent = c.Intent // as a dialog does, it says what it rolls back
		}
	}
	return release.Intended{Intent: intent, By: eng, Seen: release.SeenBy(m.plan, m.state, m.now, intent), ID: "id-" + string(rune('a'+m.ids%26)) + m.now.Format(time.TimeOnly)}
}

func (m *canaryMachine) step(t rapid.TB, event release.Event) {
	before := m.state
	if m.known {
		m.lead(event)
		return
	}
	durable := encode(t, before.Record)
	next, effects := steps(t, m.plan, before, m.now, event)
	if same := encode(t, next.Record) == durable; !same && next.ID == before.ID && next.Seq != before.Seq+1 {
		t.Fatalf("record changed by %#v, seq %d → %d", event, before.Seq, next.Seq)
	}
	m.own(before, next, event)
	sent := 0
	for _, e := range effects {
		if tell, ok := e.(release.Tell); ok {
			m.told = append(m.told, tell.Text)
		}
		if c, ok := e.(release.Change); ok {
			if c.Why != "" && m.evidence != nil {
				m.evidence[c.Why] = string(c.Kind())
			}
			sent++
			m.sent(t, before, next, c, event)
			m.inFlight = &c
		}
	}
	if sent > 1 {
		t.Fatalf("1: %d changes at once", sent)
	}
	if sent > 0 && encode(t, next.Record) == durable {
		t.Fatalf("2: a change without a record of it")
	}
	m.rises(t, before, next)
	m.ends(t, before, next)
	goesOn(t, before, next, event)
	survives(t, before, next, m.now, event)
	m.state = next
	m.wayBack(t)
	leavable(t, m.plan, m.state, m.now)
	neverClosed(t, m.plan, before, m.state, m.now)
	if m.reached != nil && next.Canary != nil {
		m.reached[next.Canary.Stage]++
	}
	wellWritten(t, release.HeadlineOf(m.plan, m.state, m.now))
	release.Checklist(m.plan, m.state, m.now)
	release.ViewCanary(m.plan, m.state, m.now)
}

// lead is step without its checks.
func (m *canaryMachine) lead(event release.Event) {
	before := m.state
	next, effects := release.Step(m.plan, before, m.now, event)
	m.own(before, next, event)
	for _, e := range effects {
		switch e := e.(type) {
		case release.Tell:
			m.told = append(m.told, e.Text)
		case release.Change:
			m.inFlight = &e
		}
	}
	m.state = next
	if m.reached != nil && next.Canary != nil {
		m.reached[next.Canary.Stage]++
	}
}

// goes takes so many steps with nothing in the way, which are checked in another run.
func (m *canaryMachine) goes(t rapid.TB, rounds int) {
	m.known = true
	for range rounds {
		m.smoothly(t)
	}
	m.known = false
}

// sent checks what a change was sent on.
func (m *canaryMachine) sent(t rapid.TB, before, next release.State, c release.Change, event release.Event) {
	_, wished := event.(release.Intended)
	canary, split, stable := next.View.Canary, next.View.Split, next.View.Workload
	if before.Pending != nil && !before.Pending.Unknown && next.Last == before.Last {
		t.Fatalf("1: %s was sent while %s was in flight", c.Kind(), before.Pending.Change.Kind())
	}
	if before.Held != nil && next.Held != nil && !wished {
		t.Fatalf("a held release sent %s by itself", c.Kind())
	}
	if c.By == release.Itself && c.Why == "" {
		t.Fatalf("2: %s by itself, without evidence", c.Kind())
	}
	stale := func(at time.Time) bool { return at.IsZero() || m.now.Sub(at) > m.plan.Stale.Workload }
	ofStable := c.Kind() == release.OpPause || c.Kind() == release.OpResume || c.Kind() == release.OpUndoTo // of what it is sees it fresh
	if next.Underway() && !ofStable && (stale(canary.At) || stale(split.At)) {
		t.Fatalf("%s was decided on an old look", c.Kind())
	}
	switch op := c.Do.(type) {
	case release.UndoTo:
		// Who takes a promoted version back takes it back with what others did to its pods.
		aborted := next.Canary != nil && next.Canary.Promoted && c.By != release.Itself && stable.Runs("gateway", next.To.Image)
		if before := stable.Template.Hash; !m.ours[before] && !aborted {
			t.Fatalf("%s rolls stable back over %s, which someone else made and nobody was shown", c.By.Name, before)
		}
	case release.SetWeight:
		if op.WeightFrom != split.Canary {
			t.Fatalf("a weight is set from %d, and is %d", op.WeightFrom, split.Canary)
		}
		if op.Weight > 0 && (canary.Available < 1 || canary.Available*100 < op.Weight*stable.Desired) {
			t.Fatalf("12: %d%% to a canary with %d pods", op.Weight, canary.Available)
		}
		if op.Weight == 0 && canary.Available > 0 && stable.Available < stable.Floor() {
			t.Fatalf("12: traffic back to a stable with %d of %d", stable.Available, stable.Desired)
		}
		// What the canary's pods carry, stable's must: to a quarter, as a rolling update may.
		gets, carried := split.Canary-op.Weight, min(canary.Available, 6)
		if gets > 0 && split.Canary == 100 && canary.Available > 1 && 4*100*stable.Available < 3*gets*carried {
			t.Fatalf("12: %d%% of what %d canary pods carry goes to %d stable pods", gets, canary.Available, stable.Available)
		}
	case release.ScaleCanary:
		if op.Replicas == 0 && split.Canary != 0 {
			t.Fatalf("12: the canary is scaled to 0 with %d%% of the traffic", split.Canary)
		}
		if op.Replicas == 0 {
			m.cut(t, next)
		}
	case release.DeleteCanary:
		m.cut(t, next)
		serves := next.To.Version
		if next.Canary.Way.Undoes() {
			serves = next.From.Version
		}
		if split.Canary != 0 || stable.Version("gateway") != serves {
			t.Fatalf("12: the canary is deleted with %d%% of the traffic, stable is %s", split.Canary, stable.Version("gateway"))
		}
	case release.SetImage:
		if !next.Underway() && split.Canary > 0 {
			t.Fatalf("12: a rolling update beside a canary with %d%% of the traffic", split.Canary)
		}
		if next.Underway() && (split.Canary != 100 || canary.Available < stable.Desired) {
			t.Fatalf("12: stable is promoted with %d%% of the traffic on %d canary pods", split.Canary, canary.Available)
		}
	}
}

// cut: the canary's pods go only where nobody's requests come to them by another route, or
// a person has given those up.
func (m *canaryMachine) cut(t rapid.TB, s release.State) {
	for _, route := range s.View.Split.Routes {
		if s.View.Canary.Available > 0 && !slices.Contains(s.Canary.Cut, route) {
			t.Fatalf("12: the canary ends while %s sends requests to %d of its pods", route, s.View.Canary.Available)
		}
	}
}

// rises: 11. A step is left for the next one only when its bake is over and every
// measure passes now.
func (m *canaryMachine) rises(t rapid.TB, before, next release.State) {
	b, n := before.Canary, next.Canary
	if b == nil || n == nil || before.ID != next.ID || b.Stage != release.Baking || next.Phase != release.Deploying {
		return
	}
	promoted := next.Pending != nil && next.Pending.Change.Kind() == release.OpSetImage && before.Pending == nil
	adopted := n.Weight == next.View.Split.Canary || before.Held != nil
	if !promoted && (n.Weight <= b.Weight || adopted) {
		return
	}
	if m.now.Sub(b.Live) < m.plan.Canary.Bake {
		t.Fatalf("11: up after %s of bake", m.now.Sub(b.Live))
	}
	for _, row := range release.Comparisons(m.plan, next, m.now) {
		if row.Verdict != release.Pass {
			t.Fatalf("11: up with %s %s: %s", row.Title, row.Verdict, row.Why)
		}
	}
}

// ends: a canary's release ends only when its traffic was seen to be at 0.
func (m *canaryMachine) ends(t rapid.TB, before, next release.State) {
	if before.Phase == next.Phase || before.ID != next.ID {
		return
	}
	verifying := before.Phase == release.Deploying && next.Phase == release.Verifying
	back := next.Phase == release.RolledBack && before.Canary != nil && before.Canary.Stage != release.Gone
	if w := next.View.Workload; back && next.Canary.Way.Undoes() && w.Template.Hash != next.From.Template {
		t.Fatalf("rolled back to %s, and stable runs %s", next.From.Version, w.Version("gateway"))
	}
	if (verifying || back) && next.View.Split.Canary != 0 {
		t.Fatalf("%s with %d%% of the traffic on the canary", next.Phase, next.View.Split.Canary)
	}
	if verifying && next.View.Workload.Version("gateway") != next.To.Version {
		t.Fatalf("verifying %s, and stable is %s", next.To.Version, next.View.Workload.Version("gateway"))
	}
}

// wayBack: 8. While stable is seen and nothing unanswered is in flight, the way back
// of a canary is open, whatever cannot be read.
func (m *canaryMachine) wayBack(t rapid.TB) {
	s := m.state
	fresh := func(at time.Time) bool { return !at.IsZero() && m.now.Sub(at) <= m.plan.Stale.Workload }
	w := s.View.Workload
	seen := w.Found && fresh(w.At)
	if !s.Underway() || !seen || s.Pending != nil && !s.Pending.Unknown {
		return
	}
	for _, c := range release.Allowed(m.plan, s, m.now) {
		if c.Kind == release.DoAbort && !c.OK() && !c.Refused(release.RefusedAlready) {
			t.Fatalf("8: abort is refused in %s/%s: %s", s.Phase, s.Canary.Stage, c.Why())
		}
	}
}
