package release

import (
	"fmt"
	"time"
)

// patchDeadline is how long one guarded request to the API server may take.
const patchDeadline = 10 * time.Second

// Guard is what an operation on a Deployment was decided on. UID, Before and Paused are
// preconditions: the Deployment must still have them, and the patch tests the
// resourceVersion that it was made from. The canary's must not exist where UID is empty.
type Guard struct {
	Object     string `json:"object,omitempty"` // "deployment/datahub-gateway-canary"
	UID        string `json:"uid"`
	Before     string `json:"before"` // Template.Hash
	Paused     bool   `json:"paused,omitempty"`
	Generation int64  `json:"generation"`
	From       string `json:"from,omitempty"` // its version then
}

// Deadline is that of one request.
func (Guard) Deadline() time.Duration { return patchDeadline }

// guardOf is the guard of an operation on a Deployment as it is seen.
func guardOf(deployment, container string, w Workload) Guard {
	g := Guard{Object: "deployment/" + deployment}
	if w.Found {
		g.UID, g.Before, g.Paused, g.Generation, g.From = w.UID, w.Template.Hash, w.Paused, w.Generation, w.Version(container)
	}
	return g
}

func (g Guard) guard() Guard { return g }

// guardIn is the guard of an operation on a Deployment; others have none.
func guardIn(op Operation) Guard {
	if guarded, ok := op.(interface{ guard() Guard }); ok {
		return guarded.guard()
	}
	return Guard{}
}

// holds tells whether the Deployment is as it was.
func (g Guard) holds(w Workload) bool {
	return w.UID == g.UID && w.Template.Hash == g.Before && w.Paused == g.Paused
}

// look is what is seen of an operation on the Deployment w.
func (g Guard) look(w Workload, container string, done, undone bool) Look {
	l := Look{At: w.At, Generation: w.Generation}
	switch {
	case done:
		l.Is, l.Stored = Stands, Stored{Image: w.Image(container), Template: w.Template.Hash}
	case undone:
		l.Is = Undone
	default:
		l.Is, l.Text = Differs, g.differs(w, container)
	}
	return l
}

// differs says how the Deployment differs from what an operation was made for.
func (g Guard) differs(w Workload, container string) string {
	switch {
	case !w.Found:
		return "the Deployment no longer exists"
	case w.UID != g.UID:
		return "the Deployment was deleted and made anew"
	}
	text := fmt.Sprintf("generation %d → %d", g.Generation, w.Generation)
	if len(w.Containers) > 0 {
		if container == "" {
			container = w.Containers[0].Name
		}
		text += fmt.Sprintf(", %s runs %s", container, w.Version(container))
	}
	return text + causeWords(w)
}

// got tells whether containers have the image that a change sets: also with a digest in
// place of its tag, where the change-cause is that of the change.
func (w Workload) got(containers []string, image, cause string) bool {
	ours := cause != "" && w.ChangeCause == cause
	for _, name := range containers {
		if !w.Runs(name, image) && (!ours || !resolved(image, w.Image(name))) {
			return false
		}
	}
	return true
}

// Scaling is a number of pods, from one to another.
type Scaling struct {
	Replicas     int `json:"replicas,omitempty"`
	ReplicasFrom int `json:"replicasFrom,omitempty"` // a precondition
}

// look is what is seen of a scaling of the Deployment w.
func (s Scaling) look(g Guard, w Workload) Look {
	same := w.Found && w.UID == g.UID
	l := g.look(w, "", same && w.Desired == s.Replicas, same && w.Desired == s.ReplicasFrom)
	if l.Is == Differs && same {
		l.Text = fmt.Sprintf("%s has %s", g.Object, Count(w.Desired, "pod"))
	}
	return l
}
