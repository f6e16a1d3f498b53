package kube

import (
	"slices"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	"datahub.io/slipway/release"
	"datahub.io/slipway/untrusted"
)

// notesShown bounds the events of a Workload.
const notesShown = 60

// notes are the events of the Deployment, its ReplicaSets and its pods, newest
// first. Events belong by UID; of pods that are gone, by what was seen of them.
func notes(d *appsv1.Deployment, owned []*appsv1.ReplicaSet, pods []judged, o objects) []release.Note {
	ours := map[types.UID]bool{d.UID: true}
	for _, rs := range owned {
		ours[rs.UID] = true
	}
	for _, j := range pods {
		ours[j.pod.UID] = true
	}
	var kept []*corev1.Event
	for _, e := range o.Events {
		if uid := e.InvolvedObject.UID; ours[uid] || o.Former[uid] {
			kept = append(kept, e)
		}
	}
	slices.SortStableFunc(kept, func(a, b *corev1.Event) int { return eventTime(b).Compare(eventTime(a)) })
	kept = kept[:min(len(kept), notesShown)]

	out := slices.Clone(o.Notices)
	for _, e := range kept {
		out = append(out, release.Note{
			At: eventTime(e), Reason: untrusted.Line(e.Reason, nameBound), Object: objectPart(d.Name, e.InvolvedObject),
			Text: shortened(e.Message, d, owned, e.InvolvedObject), Count: eventCount(e),
		})
	}
	return out
}

// objectPart is the part of a name that tells it from its siblings.
func objectPart(deployment string, ref corev1.ObjectReference) string {
	if ref.Kind == "Deployment" {
		return ""
	}
	name := strings.TrimPrefix(ref.Name, deployment)
	if i := strings.LastIndex(name, "-"); i > 0 {
		name = name[i:]
	}
	return untrusted.Line(name, nameBound)
}

// shortened is a message in which the ReplicaSets and the object itself go by
// their last part.
func shortened(message string, d *appsv1.Deployment, owned []*appsv1.ReplicaSet, ref corev1.ObjectReference) string {
	if i := strings.Index(message, " in pod "+ref.Name); i >= 0 {
		message = message[:i]
	}
	if ref.Kind == "Pod" {
		message = strings.ReplaceAll(message, ref.Name, objectPart(d.Name, ref))
	}
	for _, rs := range owned {
		message = strings.ReplaceAll(message, rs.Name, strings.TrimPrefix(rs.Name, d.Name))
	}
	return untrusted.Line(message, textBound)
}

// eventTime is when an event was last seen, in whichever of its four ways it
// says so.
func eventTime(e *corev1.Event) time.Time {
	switch {
	case e.Series != nil && !e.Series.LastObservedTime.IsZero():
		return e.Series.LastObservedTime.Time
	case !e.LastTimestamp.IsZero():
		return e.LastTimestamp.Time
	case !e.EventTime.IsZero():
		return e.EventTime.Time
	case !e.FirstTimestamp.IsZero():
		return e.FirstTimestamp.Time
	default:
		return e.CreationTimestamp.Time
	}
}

func eventCount(e *corev1.Event) int {
	if e.Series != nil && e.Series.Count > 0 {
		return int(e.Series.Count)
	}
	return max(1, int(e.Count))
}
