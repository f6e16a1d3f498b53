package kube

import (
	"cmp"
	"slices"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"datahub.io/slipway/release"
	"datahub.io/slipway/untrusted"
)

// refusalsCount is how long an event of a refused pod counts without the
// condition that goes with it.
const refusalsCount = 2 * time.Minute

// causes groups the faults of pods by reason, exit code and version, and adds
// what keeps pods from being created at all. Worst first: what cannot heal, what
// may, what is over; then by number of pods, then the newest.
func causes(d *appsv1.Deployment, owned []*appsv1.ReplicaSet, pods []judged, o objects, container string, now time.Time) []release.Cause {
	type key struct {
		reason, version string
		soft            bool
	}
	var order []key
	groups := map[key]*release.Cause{}
	spoken := map[key]time.Time{} // of the log line that speaks for the group
	for _, j := range pods {
		for _, f := range j.faults {
			k := key{f.reason, j.version, f.soft}
			g := groups[k]
			if g == nil {
				g = &release.Cause{Reason: f.reason, Version: j.version, Soft: f.soft, Over: f.over, Node: f.node, Text: f.text, First: f.first}
				groups[k] = g
				order = append(order, k)
			}
			g.Pods = append(g.Pods, untrusted.Line(j.pod.Name, nameBound))
			if f.first.Before(g.First) {
				g.First = f.first
			}
			if f.newest.After(g.Newest) {
				g.Newest = f.newest
			}
			if line := said(f, o.LastLines); line != "" && f.newest.After(spoken[k]) {
				g.Text, spoken[k] = line, f.newest
			}
			g.Text = cmp.Or(g.Text, f.text)
		}
	}
	var out []release.Cause
	if c, ok := refusal(d, owned, o.Events, container, now); ok {
		out = append(out, c)
	}
	for _, k := range order {
		out = append(out, *groups[k])
	}
	slices.SortStableFunc(out, func(a, b release.Cause) int {
		return cmp.Or(weight(a)-weight(b), cmp.Compare(len(b.Pods), len(a.Pods)), b.Newest.Compare(a.Newest), cmp.Compare(a.Reason, b.Reason))
	})
	return out
}

// weight orders causes: what fails, what may heal, what is over.
func weight(c release.Cause) int {
	switch {
	case c.Over:
		return 2
	case c.Soft:
		return 1
	}
	return 0
}

// said is the last line of the crash, or of the newest crash before it while
// that line is still being read.
func said(f fault, lines map[crashed]string) string {
	if f.crashed == nil {
		return ""
	}
	if line, ok := lines[*f.crashed]; ok {
		return line
	}
	var before crashed
	for c := range lines {
		if c.Pod == f.crashed.Pod && c.Container == f.crashed.Container && c.At < f.crashed.At && c.At > before.At {
			before = c
		}
	}
	return lines[before]
}

// refusal is a quota or an admission plugin that refuses new pods: the
// ReplicaSet's condition, the Deployment's, or, before either is written, the
// ReplicaSet's events.
func refusal(d *appsv1.Deployment, owned []*appsv1.ReplicaSet, events []*corev1.Event, container string, now time.Time) (release.Cause, bool) {
	for _, rs := range owned {
		for _, c := range rs.Status.Conditions {
			if c.Type == appsv1.ReplicaSetReplicaFailure && c.Status == corev1.ConditionTrue {
				return release.Cause{
					Reason: untrusted.Line(c.Reason, nameBound), Text: refusalText(c.Message), Version: imageVersion(imageOf(&rs.Spec.Template.Spec, container)),
					First: c.LastTransitionTime.Time, Newest: c.LastTransitionTime.Time,
				}, true
			}
		}
	}
	for _, c := range d.Status.Conditions {
		if c.Type == appsv1.DeploymentReplicaFailure && c.Status == corev1.ConditionTrue {
			return release.Cause{
				Reason: untrusted.Line(c.Reason, nameBound), Text: refusalText(c.Message), Version: imageVersion(imageOf(&d.Spec.Template.Spec, container)),
				First: c.LastTransitionTime.Time, Newest: c.LastUpdateTime.Time,
			}, true
		}
	}
	for _, rs := range owned {
		short := rs.Spec.Replicas != nil && rs.Status.Replicas < *rs.Spec.Replicas
		for _, e := range events {
			at := eventTime(e)
			if short && e.InvolvedObject.UID == rs.UID && e.Reason == "FailedCreate" && now.Sub(at) < refusalsCount {
				return release.Cause{
					Reason: "FailedCreate", Text: refusalText(e.Message), Version: imageVersion(imageOf(&rs.Spec.Template.Spec, container)),
					First: at, Newest: at,
				}, true
			}
		}
	}
	return release.Cause{}, false
}

// refusalText leaves out the name of the pod that was never created: each try
// has another.
func refusalText(message string) string {
	message = strings.TrimPrefix(message, "Error creating: ")
	if strings.HasPrefix(message, `pods "`) {
		if _, rest, ok := strings.Cut(message, `" is forbidden: `); ok {
			message = rest
		}
	}
	return untrusted.Line(message, textBound)
}
