package release

import (
	"fmt"
	"strings"
	"time"
)

// Limits of the checks.
const (
	probeEvery   = 2 * time.Second  // between two probes of an item
	probeTimeout = 20 * time.Second // after which a lost probe is sent again
	probeStale   = 15 * time.Second // after which a result decides nothing
	lookGap      = 10 * time.Second // between two looks that count as one stretch
)

// finding is what a look at an item says now.
type finding struct {
	verdict  Verdict
	evidence string
	pending  bool // nothing has been looked at yet: neither good nor unknown
}

// due tells whether an item is looked at in this phase: a metric item from the
// moment of the deploy, all other checks once the rollout is complete.
func due(spec ItemSpec, phase Phase) bool {
	switch {
	case !spec.Check():
		return false
	case phase == Verifying:
		return true
	default:
		return phase == Deploying && spec.Stage == During && spec.Type == ItemMetric
	}
}

// check looks at every item that a machine settles.
func (t *turn) check() {
	for i, spec := range t.plan.Items {
		if i >= len(t.s.Items) || t.s.Items[i].ID != spec.ID || t.s.Items[i].Status == Waived {
			continue
		}
		switch {
		case spec.Type == ItemDeploy:
			t.action(i)
		case due(spec, t.s.Phase):
			f := look(t.plan, t.s, spec, t.now)
			t.stretch(spec.ID, f.verdict)
			t.grade(i, spec, f)
		}
	}
}

// action follows the deploy item: it runs while the rollout does, and passes
// when the rollout is complete.
func (t *turn) action(i int) {
	w := t.s.View.Workload
	switch {
	case t.s.Phase == Deploying && t.s.Items[i].Status == Waiting:
		t.set(i, Running, "")
	case t.s.Phase == Verifying && t.s.Items[i].Status != Passed:
		t.set(i, Passed, fmt.Sprintf("%d of %d pods on %s", w.Available, w.Desired, t.s.To.Version))
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
		t.set(i, Running, "")
	case f.verdict == Fail:
		t.set(i, Failed, f.evidence)
	case f.verdict == NoData:
		t.set(i, Unknown, f.evidence)
	case t.s.View.Checks[spec.ID].For >= t.s.soak(spec):
		t.set(i, Passed, f.evidence)
	default:
		t.set(i, Running, "")
	}
}

// set writes a new status. The evidence recorded is that of the moment of the
// change; equal statuses change nothing durable.
func (t *turn) set(i int, status Status, evidence string) {
	before := t.s.Items[i].Status
	if before == status {
		return
	}
	item := &t.record().Items[i]
	item.Status, item.Evidence, item.At, item.By = status, evidence, t.now, Itself
	title := t.plan.Items[i].Title
	switch status {
	case Passed:
		t.tell(Itself, MarkPass, join(title, evidence))
	case Failed:
		t.tell(Itself, MarkFail, join(title, evidence))
	case Unknown:
		t.tell(Itself, MarkUnknown, join(title, "unknown: "+evidence))
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
	switch spec.Type {
	case ItemMetric:
		return lookMetric(plan, s, spec, now)
	case ItemMetrics:
		return lookMetrics(plan, s, now)
	case ItemPods:
		return lookPods(plan, s, now)
	default:
		return lookProbe(s, spec, now)
	}
}

func lookMetric(plan Plan, s State, spec ItemSpec, now time.Time) finding {
	for _, m := range plan.Metrics {
		if m.Name != spec.Metric {
			continue
		}
		j := Judge(plan, s.View, m, now)
		if j.Verdict == Pass {
			return finding{verdict: Pass, evidence: Format(m.Unit, j.Value)}
		}
		_, any := s.View.Samples[m.Name]
		return finding{verdict: j.Verdict, evidence: j.Why, pending: !any}
	}
	return finding{verdict: NoData, evidence: fmt.Sprintf("metric %q is not configured", spec.Metric)}
}

func lookMetrics(plan Plan, s State, now time.Time) finding {
	if len(plan.Metrics) == 0 {
		return finding{verdict: NoData, evidence: "no metrics configured"}
	}
	var failing, missing []string
	for _, j := range Judgements(plan, s.View, now) {
		switch j.Verdict {
		case Fail:
			failing = append(failing, j.Spec.Title+" "+j.Why)
		case NoData:
			missing = append(missing, j.Spec.Title+": "+j.Why)
		}
	}
	switch {
	case len(failing) > 0:
		return finding{verdict: Fail, evidence: strings.Join(failing, ", ")}
	case len(missing) > 0:
		return finding{verdict: NoData, evidence: strings.Join(missing, ", "), pending: len(s.View.Samples) == 0 || s.View.Workload.At.IsZero()}
	}
	return finding{verdict: Pass, evidence: fmt.Sprintf("%d of %d in bounds", len(plan.Metrics), len(plan.Metrics))}
}

func lookPods(plan Plan, s State, now time.Time) finding {
	w := s.View.Workload
	switch failures := w.Failures(); {
	case w.At.IsZero():
		return finding{verdict: NoData, pending: true}
	case !Live(plan, s, now):
		return finding{verdict: NoData, evidence: "last seen " + Age(now.Sub(w.At)) + " ago"}
	case w.Template.Hash != s.To.Template:
		return finding{verdict: Fail, evidence: "runs " + w.Version(plan.Container)}
	case w.Desired == 0:
		return finding{verdict: Fail, evidence: "scaled to 0"}
	case failures != "":
		return finding{verdict: Fail, evidence: failures}
	case w.Convergence() != Complete:
		return finding{verdict: Fail, evidence: fmt.Sprintf("%d of %d available", w.Available, w.Desired)}
	}
	if r := w.restarted(zeroTime, now); r.counts > 0 {
		return finding{verdict: Fail, evidence: r.String()}
	}
	return finding{verdict: Pass, evidence: fmt.Sprintf("%d of %d", w.Available, w.Desired)}
}

func lookProbe(s State, spec ItemSpec, now time.Time) finding {
	result := s.View.Probes[spec.ID].Result
	switch age := now.Sub(result.At); {
	case result.At.IsZero():
		return finding{verdict: NoData, pending: true}
	case result.Early:
		return finding{verdict: NoData, evidence: result.Detail, pending: true}
	case age > probeStale:
		return finding{verdict: NoData, evidence: "last looked " + Age(age) + " ago"}
	}
	evidence := result.Short
	if result.Verdict != Pass {
		evidence = result.Detail
	}
	return finding{verdict: result.Verdict, evidence: evidence}
}

// probe sends for what can only be learned outside.
func (t *turn) probe() {
	for i, spec := range t.plan.Items {
		if !spec.Probed() || !due(spec, t.s.Phase) || i >= len(t.s.Items) || t.s.Items[i].Status == Waived {
			continue
		}
		p := t.s.View.Probes[spec.ID]
		inFlight := !p.Sent.IsZero() && t.now.Sub(p.Sent) < probeTimeout
		if inFlight || t.now.Sub(p.Result.At) < probeEvery {
			continue
		}
		p.Sent = t.now
		t.s.View.Probes = put(t.s.View.Probes, spec.ID, p)
		t.do(Probe{Item: spec.ID})
	}
}
