package release

import (
	"maps"
	"time"
)

// Limits of the checks.
const (
	lookGap   = 10 * time.Second // between two looks that count as one stretch
	probeLost = 5 * time.Second  // after its time limit, when a probe that is not answered is sent again
)

// finding is what a look at an item says now.
type finding struct {
	verdict  Verdict
	evidence string
	facts    Facts
	pending  bool   // it is too early to tell, or nothing has been looked at yet: neither good nor unknown
	short    string // of one that is pending, where something is known: for the right edge
}

// check looks at every item that a machine settles.
func (t *turn) check() {
	for i, spec := range t.plan.Items {
		if i >= len(t.s.Items) || t.s.Items[i].ID != spec.ID || t.s.Items[i].Status == Waived {
			continue
		}
		switch {
		case spec.Deploys():
			t.action(i)
		case due(t.plan, spec, t.s.Phase):
			f := look(t.plan, t.s, spec, t.now)
			t.stretch(spec.ID, f.verdict)
			t.grade(i, spec, f)
			t.pinImage(spec, t.s.Items[i])
		}
	}
}

// stretch counts how long a check has held. Time without data is not counted, and
// a failure starts it anew.
func (t *turn) stretch(id string, verdict Verdict) {
	h := t.s.View.Checks[id]
	switch verdict {
	case Pass:
		if gap := t.now.Sub(h.Last); !h.Last.IsZero() && gap > 0 && gap <= lookGap {
			h.For += gap
		}
		h.Last = t.now
	case Fail:
		h = Holding{Failed: true}
	default:
		h.Last = zeroTime
	}
	t.s.View.Checks = put(t.s.View.Checks, id, h)
}

// grade turns a finding into the item's status.
func (t *turn) grade(i int, spec ItemSpec, f finding) {
	switch {
	case f.pending:
		// Also what passed before slipway was gone: it is looked at again.
		t.set(i, Running, finding{})
	case f.verdict == Fail:
		t.set(i, Failed, f)
	case f.verdict == NoData:
		t.set(i, Unknown, f)
	case t.s.View.Checks[spec.ID].For >= t.s.soak(spec):
		t.set(i, Passed, f)
	default:
		t.set(i, Running, finding{})
	}
}

// set writes a new status. The evidence recorded is that of the moment of the
// change; an equal status with equal facts changes nothing durable.
func (t *turn) set(i int, status Status, f finding) {
	was := t.s.Items[i]
	if was.Status == status && maps.Equal(was.Facts, f.facts) {
		return
	}
	item := &t.record().Items[i]
	item.Status, item.Evidence, item.Facts, item.At, item.By = status, f.evidence, f.facts, t.now, Itself
	title := t.plan.Items[i].Title
	switch {
	case status == Passed && was.Status == Passed:
		t.tell(Itself, MarkAttention, join(title, "found otherwise: "+f.evidence))
	case status == was.Status:
	case status == Passed:
		t.tell(Itself, MarkPass, join(title, f.evidence))
	case status == Failed:
		t.tell(Itself, MarkFail, join(title, f.evidence))
	case status == Unknown:
		t.tell(Itself, MarkUnknown, join(title, "unknown: "+f.evidence))
	}
}

func join(title, evidence string) string {
	if evidence == "" {
		return title
	}
	return title + ": " + evidence
}

// look judges an item by what is observed now.
func look(plan Plan, s State, spec ItemSpec, now time.Time) finding {
	if k := kinds[spec.Type]; k.look != nil {
		return k.look(plan, s, spec, now)
	}
	return lookProbe(s, spec, now)
}

// holds tells whether an item lets a gate open now. A check has to hold at this moment
// as well: what has become stale since it passed counts for nothing.
func (i Item) holds(plan Plan, s State, spec ItemSpec, now time.Time) bool {
	if i.Status == Passed && due(plan, spec, s.Phase) {
		return look(plan, s, spec, now).verdict == Pass
	}
	return i.Settled()
}

func lookProbe(s State, spec ItemSpec, now time.Time) finding {
	result := s.View.Probes[spec.ID].Result
	_, _, stale := spec.Look()
	switch age := now.Sub(result.At); {
	case result.At.IsZero():
		return finding{verdict: NoData, pending: true}
	case result.Early:
		return finding{verdict: NoData, evidence: result.Detail, pending: true, short: result.Short}
	case age > stale:
		return finding{verdict: NoData, evidence: "last looked " + Age(age) + " ago"}
	}
	evidence := result.Short
	if result.Verdict != Pass {
		evidence = result.Detail
	}
	return finding{verdict: result.Verdict, evidence: evidence, facts: result.Facts}
}

// probe sends for what can only be learned outside. Each item has its own turn: one
// whose probe hangs delays no other.
func (t *turn) probe() {
	for i, spec := range t.plan.Items {
		if !spec.Type.Probed() || !due(t.plan, spec, t.s.Phase) || i >= len(t.s.Items) || t.s.Items[i].Status == Waived {
			continue
		}
		p := t.s.View.Probes[spec.ID]
		every, timeout, _ := spec.Look()
		inFlight := !p.Sent.IsZero() && t.now.Sub(p.Sent) < timeout+probeLost
		if inFlight || t.now.Sub(p.Result.At) < max(every, p.Result.Wait) {
			continue
		}
		p.Sent = t.now
		t.s.View.Probes = put(t.s.View.Probes, spec.ID, p)
		t.do(Probe{Item: spec.ID, Of: t.s.ID})
	}
}
