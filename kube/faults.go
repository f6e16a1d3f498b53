package kube

import (
	"cmp"
	"fmt"
	"regexp"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	"datahub.io/slipway/untrusted"
)

// fault is why one pod does not serve.
type fault struct {
	reason  string // what pods are grouped by: "CrashLoopBackOff, exit 1"
	text    string // the cluster's words for it
	crashed *crashed
	soft    bool // may heal by itself
	over    bool // counts against nobody: release.Cause.Over
	node    bool // the pod's node did it: release.Cause.Node
	first   time.Time
	newest  time.Time
}

// short is the reason without the exit code, for the pod's own row.
func (f fault) short(prefix string) string {
	reason, _, _ := strings.Cut(strings.TrimPrefix(f.reason, prefix), ",")
	return prefix + reason
}

// of names the container that the fault is of, unless it is the released one.
func (f fault) of(container, released string) fault {
	if container == released {
		return f
	}
	container = untrusted.Line(container, nameBound)
	if f.over {
		f.reason = container + " " + f.reason
		return f
	}
	reason, exit, _ := strings.Cut(f.reason, ",")
	if f.reason = reason + " of " + container; exit != "" {
		f.reason += "," + exit
	}
	return f
}

// crashed names one crash of one container, so that its last log line is read
// once.
type crashed struct {
	Pod       types.UID
	Container string
	At        int64 // seconds since 1970 at which it ended
}

// crash tells why a container does not run, from its status alone:
// waiting for something that went wrong, ended badly, or in the moment between
// two crashes, in which it runs and looks well. A container that is back and
// ready is reported as a soft fault for a while: a crash after a completed
// rollout shows nowhere else.
func crash(p *corev1.Pod, s corev1.ContainerStatus, ready bool, now time.Time) (fault, bool) {
	f := fault{first: notReadySince(p), newest: notReadySince(p)}
	end, current := s.LastTerminationState.Terminated, s.State.Terminated
	if current != nil {
		end = current
	}
	if end != nil {
		f.newest = end.FinishedAt.Time
	}
	wait := s.State.Waiting
	switch {
	case wait != nil && wait.Reason == "CrashLoopBackOff" && end != nil:
		return ofEnd(f, p, s, end, "CrashLoopBackOff"), true
	case wait != nil && wait.Reason != "" && !benign[wait.Reason]:
		return ofWait(f, p, s, wait), true
	case current != nil && (current.ExitCode != 0 || current.Reason == oomKilled):
		reason := "CrashLoopBackOff" // it has been here before
		if s.RestartCount == 0 {
			reason = cmp.Or(current.Reason, "Error")
		}
		return ofEnd(f, p, s, current, reason), true
	case end == nil || s.RestartCount == 0 || end.ExitCode == 0 || now.Sub(end.FinishedAt.Time) > recently:
		return fault{}, false
	case ready:
		f = ofEnd(f, p, s, end, "restarted after "+cmp.Or(end.Reason, "Error"))
		f.soft, f.over, f.first = true, true, end.FinishedAt.Time
		return f, true
	case !s.Ready:
		return ofEnd(f, p, s, end, "CrashLoopBackOff"), true
	default:
		return fault{}, false
	}
}

const oomKilled = "OOMKilled"

// benign are the reasons to wait that are part of every start. All others are
// errors of the kubelet (pkg/kubelet/images and kuberuntime).
var benign = map[string]bool{"ContainerCreating": true, "PodInitializing": true}

func ofEnd(f fault, p *corev1.Pod, s corev1.ContainerStatus, end *corev1.ContainerStateTerminated, reason string) fault {
	f.crashed = &crashed{Pod: p.UID, Container: s.Name, At: end.FinishedAt.Unix()}
	f.text = lastLine(end.Message, textBound)
	if end.Reason == oomKilled {
		if !strings.HasPrefix(reason, "restarted") {
			reason = oomKilled
		}
		f.text, f.crashed = memoryLimit(p, s.Name), nil // it had no time for last words
	}
	if w := s.State.Waiting; f.text == "" && w != nil {
		f.text = tidy(w.Message, p)
	}
	f.reason = fmt.Sprintf("%s, exit %d", untrusted.Line(reason, nameBound), end.ExitCode)
	return f
}

func ofWait(f fault, p *corev1.Pod, s corev1.ContainerStatus, wait *corev1.ContainerStateWaiting) fault {
	reason := wait.Reason
	f.text = tidy(wait.Message, p)
	switch reason {
	case "ErrImagePull", "ImagePullBackOff": // the kubelet alternates between them
		reason = "ImagePullBackOff"
		fallthrough
	case "InvalidImageName", "ErrImageNeverPull", "ImageInspectError":
		f.text = untrusted.Line(imageTrouble(wait.Message, cmp.Or(imageOf(&p.Spec, s.Name), s.Image)), textBound)
	}
	f.reason = untrusted.Line(reason, nameBound)
	return f
}

// imageTrouble names the image once and says what is wrong with it. Container
// runtimes wrap one error in another, each with the image in it; the innermost
// is the one that tells.
func imageTrouble(message, image string) string {
	i := strings.LastIndex(message, image)
	switch {
	case i < 0 && message == "":
		return image
	case i < 0:
		return image + ": " + message
	case strings.HasPrefix(message[i+len(image):], ": "):
		return message[i:]
	default:
		return message
	}
}

func memoryLimit(p *corev1.Pod, container string) string {
	for _, c := range lasting(&p.Spec) {
		if q, ok := c.Resources.Limits[corev1.ResourceMemory]; ok && c.Name == container {
			return "memory limit " + q.String()
		}
	}
	return "no memory limit of its own: the node ran out"
}

// notReadySince is when a pod's trouble began, as far as its conditions say.
func notReadySince(p *corev1.Pod) time.Time {
	if c := podCondition(p, corev1.PodReady); c != nil && c.Status != corev1.ConditionTrue && !c.LastTransitionTime.IsZero() {
		return c.LastTransitionTime.Time
	}
	return p.CreationTimestamp.Time
}

// tidy leaves out of a message what names the pod at length.
func tidy(message string, p *corev1.Pod) string {
	for _, at := range []string{" in pod ", " pod="} {
		if i := strings.Index(message, at+p.Name); i >= 0 {
			message = message[:i]
		}
	}
	return untrusted.Line(message, textBound)
}

// probeFailures are the newest Unhealthy events, by pod.
func probeFailures(events []*corev1.Event) map[types.UID]*corev1.Event {
	newest := map[types.UID]*corev1.Event{}
	for _, e := range events {
		if e.Reason != "Unhealthy" || !strings.Contains(e.Message, " probe failed") {
			continue
		}
		if old := newest[e.InvolvedObject.UID]; old == nil || eventTime(old).Before(eventTime(e)) {
			newest[e.InvolvedObject.UID] = e
		}
	}
	return newest
}

var statusCode = regexp.MustCompile(`statuscode: (\d{3})`)

// probeFault is a probe that has failed since the container began to run.
func probeFault(p *corev1.Pod, e *corev1.Event) (fault, bool) {
	if e == nil {
		return fault{}, false
	}
	for _, s := range lastingStatuses(p) {
		if r := s.State.Running; r != nil && eventTime(e).Before(r.StartedAt.Time) {
			return fault{}, false // of the container before
		}
	}
	kind, said, _ := strings.Cut(e.Message, " probe failed")
	text := untrusted.Line(strings.TrimSpace(strings.TrimLeft(said, ": ")), textBound)
	if m := statusCode.FindStringSubmatch(text); m != nil {
		text = m[1]
		for _, c := range lasting(&p.Spec) {
			if ask := probe(c); ask != "" && kind == "Readiness" {
				text = ask + " → " + m[1]
				break
			}
		}
	}
	if n := eventCount(e); n > 1 {
		text += fmt.Sprintf(", %d times", n)
	}
	return fault{
		reason: untrusted.Line(strings.ToLower(kind), nameBound) + " probe failing", text: text, soft: true,
		first: notReadySince(p), newest: eventTime(e),
	}, true
}
