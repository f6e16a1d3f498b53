package release

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// Kubernetes' own acts are told under its name.
var cluster = Actor{Name: "k8s"}

// observed takes a look at the workload. A look older than the last one is
// dropped (invariant 9).
func (t *turn) observed(w Workload) {
	before := t.s.View.Workload
	if w.At.Before(before.At) {
		return
	}
	t.s.View.Workload = w
	switch {
	case w.Observed >= w.Generation:
		t.s.View.Unseen = zeroTime
	case t.s.View.Unseen.IsZero():
		t.s.View.Unseen = t.now
	}
	link := t.s.View.Links[Kubernetes]
	if link.Last = w.At; !link.OK {
		link = Link{OK: true, Since: t.now, Last: w.At}
	}
	t.s.View.Links = put(t.s.View.Links, Kubernetes, link)
	if before.At.IsZero() || !before.Found || !w.Found || before.UID != w.UID {
		return
	}
	t.narrate(before, w)
}

// narrate tells what changed between two looks, in the words of the Activity
// panel.
func (t *turn) narrate(before, after Workload) {
	if after.Desired != before.Desired {
		t.tell(cluster, MarkNone, fmt.Sprintf("scaled %d → %d", before.Desired, after.Desired))
	}
	if after.Paused != before.Paused {
		t.tell(cluster, MarkAttention, map[bool]string{true: "rollout paused", false: "rollout resumed"}[after.Paused])
	}
	if current, ok := after.Current(); ok {
		if _, had := before.Revision(current.Number); !had && len(before.Revisions) > 0 {
			t.tell(cluster, MarkNone, strings.TrimSpace(fmt.Sprintf("revision %d %s", current.Number, current.Version))+deadlineWords(after))
		}
	}
	t.newCauses(before, after, "")
	if after.Convergence() == Complete && before.Convergence() == Complete {
		return
	}
	ready := map[string]bool{}
	for _, p := range before.Pods {
		ready[p.Name] = !p.ReadyAt.IsZero()
	}
	for _, p := range after.Pods {
		if was, had := ready[p.Name]; had && !was && !p.ReadyAt.IsZero() && p.State == PodServing {
			t.tell(Itself, MarkNone, fmt.Sprintf("pod %s ready after %s", PodSuffix(p.Name), Span(p.ReadyAt.Sub(p.Created))))
		}
	}
	if n := after.Replaced(); n != before.Replaced() && after.Template.Hash == before.Template.Hash {
		t.tell(Itself, MarkNone, fmt.Sprintf("%d of %d replaced", n, after.Desired)+drainingWords(before, after))
	}
}

// newCauses tells what keeps pods from serving, once.
func (t *turn) newCauses(before, after Workload, of string) {
	known := map[string]bool{}
	for _, c := range before.Causes {
		known[c.Reason+c.Version] = !c.Soft || c.Over || c.stalls(before.At)
	}
	for _, c := range after.Causes {
		switch {
		case known[c.Reason+c.Version]:
		case !c.Soft:
			t.tell(cluster, MarkFail, of+c.String())
		case c.Over:
			t.tell(cluster, MarkNone, of+c.String())
		case c.stalls(after.At):
			t.tell(cluster, MarkAttention, of+c.String())
		}
	}
}

func deadlineWords(w Workload) string {
	if w.Deadline <= 0 {
		return ""
	}
	return ", deadline " + Span(w.Deadline) + " from last progress"
}

// drainingWords names the pods that began to drain between two looks.
func drainingWords(before, after Workload) string {
	draining := map[string]bool{}
	for _, p := range before.Pods {
		draining[p.Name] = p.State == PodDraining
	}
	var names []string
	for _, p := range after.Pods {
		if p.State == PodDraining && !draining[p.Name] {
			names = append(names, PodSuffix(p.Name))
		}
	}
	if len(names) == 0 {
		return ""
	}
	return "; draining " + strings.Join(names, " ")
}

// linked takes news of a link. What was observed over it stays, and ages.
func (t *turn) linked(e Linked) {
	before, known := t.s.View.Links[e.Source]
	t.s.View.Links = put(t.s.View.Links, e.Source, e.Link)
	switch {
	case (!known || before.OK) && !e.Link.OK:
		t.tell(Itself, MarkUnknown, sourceName(e.Source)+" unreachable: "+e.Link.Err)
	case known && !before.OK && e.Link.OK:
		t.tell(Itself, MarkPass, fmt.Sprintf("%s answers again after %s", sourceName(e.Source), Age(t.now.Sub(before.Since))))
	}
}

func sourceName(s Source) string {
	if s == Kubernetes {
		return "API server"
	}
	return "Prometheus"
}

// sampled takes a round of samples and counts consecutive failures. A sample
// already counted, from before the change, or without data, counts neither way.
func (t *turn) sampled(samples []Sample) {
	var fresh []Sample
	for _, sample := range samples {
		before := t.s.View.Samples[sample.Metric]
		if sample.Err != "" && !before.At.IsZero() {
			// What was last known stays visible, and is told apart by its age.
			sample.At, sample.Value = before.At, before.Value
		}
		if sample.Err == "" && sample.At.Before(before.At) && !before.At.After(t.now.Add(ahead)) {
			continue // unless the clock was set back: the older one is of a time that has not come
		}
		t.s.View.Samples = put(t.s.View.Samples, sample.Metric, sample)
		if sample.Err == "" && !sample.At.Equal(before.At) {
			fresh = append(fresh, sample)
		}
	}
	for _, sample := range fresh { // once all of the round are there: some are judged by others
		t.count(sample)
	}
}

func (t *turn) count(sample Sample) {
	for _, spec := range t.plan.Metrics {
		if spec.Name != sample.Metric {
			continue
		}
		switch Judge(t.plan, t.s.View, spec, t.now).Verdict {
		case Pass:
			t.excuse(spec.Name)
			t.s.View.Failing = put(t.s.View.Failing, spec.Name, Run{})
		case Fail:
			before, excused := t.s.Rollout.Excused[spec.Name]
			if (!excused || sample.Value > 2*before) && !sample.At.Before(t.s.Rollout.Began) {
				t.fail(spec, sample)
			}
		}
	}
}

// excuse ends the allowance for a metric that was out of bounds before.
func (t *turn) excuse(name MetricName) {
	if _, excused := t.s.Rollout.Excused[name]; excused {
		left := maps.Clone(t.s.Rollout.Excused)
		delete(left, name)
		t.record().Rollout.Excused = left
	}
}

// fail counts a failing sample, if it is far enough from the one before that
// counted. A gap without data begins the count anew: what lies on its two sides
// is not in a row.
func (t *turn) fail(spec MetricSpec, sample Sample) {
	run := t.s.View.Failing[spec.Name].failed(sample, apart(t.plan, spec), t.plan.Stale.Metric, t.plan.Rollback.After)
	t.s.View.Failing = put(t.s.View.Failing, spec.Name, run)
}

// failed is the run with one failing sample more: counted when it is newer and far enough
// from the one before, and the first of a new run after a gap.
func (r Run) failed(sample Sample, apart, gap time.Duration, after int) Run {
	switch since := sample.At.Sub(r.Newest); {
	case r.Count == 0:
	case since > gap, since < -gap: // or the clock was set back
		r = Run{}
	case since <= 0:
		return r // it was counted
	}
	r.Newest = sample.At
	if n := len(r.Samples); n == 0 || sample.At.Sub(r.Samples[n-1].At) >= apart {
		counted := append(slices.Clone(r.Samples), sample)
		r.Count, r.Samples = r.Count+1, counted[max(0, len(counted)-max(after, 1)):]
	}
	return r
}

// missing notes since when a figure that could undo is not there to be judged.
func (t *turn) missing() {
	if t.plan.Canary != nil {
		t.darken()
	}
	for _, spec := range t.plan.Metrics {
		_, blind := t.s.View.Blind[spec.Name]
		nodata := spec.Rollback && Judge(t.plan, t.s.View, spec, t.now).Verdict == NoData
		switch {
		case nodata && !blind:
			t.s.View.Blind = put(t.s.View.Blind, spec.Name, t.now)
		case !nodata && blind:
			t.s.View.Blind = maps.Clone(t.s.View.Blind)
			delete(t.s.View.Blind, spec.Name)
		}
	}
}

// probed takes a probe's result. A result older than the last one, or asked for another
// record, is dropped.
func (t *turn) probed(e Probed) {
	probe := t.s.View.Probes[e.Item]
	if e.Of != t.s.ID || e.Result.At.Before(probe.Result.At) {
		return
	}
	e.Result.Facts = e.Result.Facts.bounded()
	t.s.View.Probes = put(t.s.View.Probes, e.Item, ProbeState{Result: e.Result})
}
