package release

import (
	"fmt"
	"math"
	"slices"
	"time"
)

// Convergence is how far a Deployment is with its current template.
type Convergence string

// The states of convergence, in the order in which they are judged; the rules
// are those of kubectl's rollout_status.go and of the Deployment controller.
const (
	Absent      Convergence = "absent"      // the Deployment does not exist
	Unobserved  Convergence = "unobserved"  // the controller has not seen this generation
	Paused      Convergence = "paused"      // kubectl waits for ever here
	Exceeded    Convergence = "exceeded"    // ProgressDeadlineExceeded
	Updating    Convergence = "updating"    // fewer updated pods than desired
	Terminating Convergence = "terminating" // old pods still count
	Unavailable Convergence = "unavailable" // updated pods not yet available
	Complete    Convergence = "complete"
)

// Convergence judges the Deployment's status.
func (w Workload) Convergence() Convergence {
	switch {
	case !w.Found:
		return Absent
	case w.Observed < w.Generation:
		return Unobserved
	case w.Paused && (w.Updated != w.Desired || w.Replicas != w.Desired || w.Available != w.Desired):
		return Paused
	case w.Progressing.Reason == "ProgressDeadlineExceeded":
		return Exceeded
	case w.Updated < w.Desired:
		return Updating
	case w.Replicas > w.Updated:
		return Terminating
	case w.Available < w.Updated:
		return Unavailable
	default:
		return Complete
	}
}

// ProgressEnds is when the Deployment's progress deadline passes if there is no
// progress until then. It has none while it is paused, complete or unlimited, nor
// once the deadline has passed.
func (w Workload) ProgressEnds() (time.Time, bool) {
	unlimited := w.Deadline <= 0 || w.Deadline >= math.MaxInt32*time.Second
	if !w.Found || unlimited || w.Paused || w.Progressing.Updated.IsZero() {
		return time.Time{}, false
	}
	if c := w.Convergence(); c == Complete || c == Exceeded {
		return time.Time{}, false
	}
	return w.Progressing.Updated.Add(w.Deadline + w.Skew), true
}

// Version is the version that the Deployment's template names for a container.
func (w Workload) Version(container string) string { return Version(w.Image(container)) }

// Image is the image that the Deployment's template names for a container, or "".
func (w Workload) Image(container string) string {
	for _, c := range w.everyContainer() {
		if c.Name == container {
			return c.Image
		}
	}
	return ""
}

// Runs tells whether the Deployment's template names, for a container, the version
// that an image asks for.
func (w Workload) Runs(container, image string) bool {
	return SameVersion(image, w.Image(container))
}

// runsAll tells whether each of the containers runs that version.
func (w Workload) runsAll(containers []string, image string) bool {
	return !slices.ContainsFunc(containers, func(name string) bool { return !w.Runs(name, image) })
}

// Current is the revision whose template the Deployment has now, if its
// ReplicaSet exists already.
func (w Workload) Current() (Revision, bool) {
	for _, r := range w.Revisions {
		if r.Current {
			return r, true
		}
	}
	return Revision{}, false
}

// Revision finds an existing revision by its number.
func (w Workload) Revision(number int64) (Revision, bool) {
	for _, r := range w.Revisions {
		if r.Number == number {
			return r, true
		}
	}
	return Revision{}, false
}

// Previous is the revision that an undo goes to: the newest whose template is
// not the current one. Kubectl takes the second-highest revision instead, which
// right after a change, before the controller has made the new ReplicaSet, is
// one too far back.
func (w Workload) Previous() (Revision, bool) {
	for _, r := range w.Revisions {
		if r.Template.Hash != w.Template.Hash {
			return r, true
		}
	}
	return Revision{}, false
}

// earlier finds the revision with a pod template that is not the current one.
func (w Workload) earlier(template string) (Revision, bool) {
	for _, r := range w.Revisions {
		if r.Template.Hash == template && !r.Current {
			return r, true
		}
	}
	return Revision{}, false
}

// rolling tells whether the newest change is still being rolled out. Pods that
// fail after it was complete do not count, nor does a pause: the controller
// says then that it is available, or paused, or says nothing.
func (w Workload) rolling() bool {
	if w.Convergence() == Complete {
		return false
	}
	switch w.Progressing.Reason {
	case "NewReplicaSetCreated", "FoundNewReplicaSet", "ReplicaSetUpdated", "ProgressDeadlineExceeded":
		return true
	}
	return w.Updated < w.Desired || w.Replicas > w.Updated
}

// underWay tells whether a rollout is under way that may still come to its end: not
// one that has passed its deadline. Scaling is none.
func (w Workload) underWay() bool {
	switch w.Convergence() {
	case Absent, Complete, Exceeded, Paused:
		return false
	}
	if _, made := w.Current(); !made {
		return true // its ReplicaSet does not exist yet
	}
	switch w.Progressing.Reason {
	case "NewReplicaSetCreated", "FoundNewReplicaSet", "ReplicaSetUpdated":
		return true
	case "":
		return w.Updated < w.Desired || w.Replicas > w.Updated
	}
	return false
}

// WayBack is the revision that an undo goes to: during a release, and after it,
// as long as it is what runs, what ran before it; on a way back that someone
// else has changed, where that leads; otherwise the previous one.
func (s State) WayBack() (Revision, bool) {
	w := s.View.Workload
	back := ""
	switch {
	case (s.Phase == Deploying || s.Phase == Verifying) && s.owns(),
		s.Phase == Released && w.Template.Hash == s.To.Template:
		if s.From.Template != s.To.Template {
			back = s.From.Template
		}
	case s.Phase == RollingBack:
		back = s.Rollout.Goal.Template
	}
	for _, r := range w.Revisions {
		if back != "" && r.Template.Hash == back && r.Template.Hash != w.Template.Hash {
			return r, true
		}
	}
	return w.Previous()
}

// Tally counts the pods of one revision, or of all with revision 0, by state.
func (w Workload) Tally(revision int64) map[PodState]int {
	tally := map[PodState]int{}
	for _, p := range w.Pods {
		if revision == 0 || p.Revision == revision {
			tally[p.State]++
		}
	}
	return tally
}

// Replaced is how many of the desired pods run the current template and are
// available.
func (w Workload) Replaced() int {
	current, ok := w.Current()
	if !ok {
		return 0
	}
	return min(w.Tally(current.Number)[PodServing], w.Desired)
}

// Floor is the number of pods that a rolling update keeps available.
func (w Workload) Floor() int { return max(w.Desired-w.MaxUnavail, 0) }

// Ceiling is the number of pods that a rolling update has at most.
func (w Workload) Ceiling() int { return w.Desired + w.MaxSurge }

// Restarts counts the container restarts of the pods that exist.
func (w Workload) Restarts() int {
	n := 0
	for _, p := range w.Pods {
		n += p.Restarts
	}
	return n
}

// Failures says what fails, worst first, in one line; "" when nothing does.
func (w Workload) Failures() string { return w.FailuresOf("") }

// FailuresOf says what fails in pods of one version, or in any with "".
func (w Workload) FailuresOf(version string) string {
	for _, c := range w.Causes {
		if !c.Soft && (version == "" || c.Version == "" || c.Version == version) {
			return c.String()
		}
	}
	return ""
}

// softAfter is how long a cause that may still heal by itself is given.
const softAfter = 15 * time.Second

// StallingOf says what has kept pods of a version from serving for a while
// although it may still heal by itself, worst first, in one line; "" when
// nothing does.
func (w Workload) StallingOf(version string, now time.Time) string {
	for _, c := range w.Causes {
		if c.stalls(now) && (c.Version == "" || c.Version == version) {
			return c.String()
		}
	}
	return ""
}

func (c Cause) stalls(now time.Time) bool {
	return c.Soft && !c.Over && now.Sub(c.First) >= softAfter
}

// String writes a cause as count, cause, last log line.
func (c Cause) String() string {
	s := c.Reason
	if len(c.Pods) > 0 {
		s = fmt.Sprintf("%s %s", Count(len(c.Pods), "pod"), c.Reason)
	}
	if c.Text != "" {
		s += ": " + c.Text
	}
	return s
}
