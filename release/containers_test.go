package release_test

import (
	"strings"
	"testing"
	"time"

	"datahub.io/slipway/release"
)

// beside gives the workload containers beside the released one.
func beside(w *world, gateway string, others ...release.Container) {
	w.plan.Items = w.plan.Items[1:2] // the deploy alone
	w.cluster = release.Workload{
		Found: true, Name: w.plan.Deployment, UID: "uid-1", Desired: 6, Template: template("v2.4.0"),
		Containers: []release.Container{{Name: "gateway", Image: gateway}},
	}
	for _, c := range others {
		if c.Init {
			w.cluster.Init = append(w.cluster.Init, c)
		} else {
			w.cluster.Containers = append(w.cluster.Containers, c)
		}
	}
	w.step(release.Observed{Workload: w.look()})
}

// wish asks for something as it is shown, and gives what is sent and what is told.
func (w *world) wish(intent release.Intent) (change release.Change, told string) {
	seen := release.SeenBy(w.plan, w.state, w.now, intent)
	next, effects := release.Step(w.plan, w.state, w.now, release.Intended{Intent: intent, By: eng, Seen: seen, ID: w.now.Format(time.StampNano)})
	w.state, w.now = next, w.now.Add(time.Second)
	for _, e := range effects {
		switch e := e.(type) {
		case release.Change:
			change = e
		case release.Tell:
			told += e.Text + "\n"
		case release.Refused:
			told += "REFUSED " + e.Refusal.String() + "\n"
		}
	}
	return change, told
}

func deployShown(w *world) release.Choice {
	for _, c := range release.Allowed(w.plan, w.state, w.now) {
		if c.Kind == release.DoDeploy {
			return c
		}
	}
	return release.Choice{}
}

func containerWords(c release.Choice, mark release.Mark) (text string) {
	for _, f := range c.Preview.Facts {
		if f.Label == "container" && f.Mark == mark {
			text += f.Text
		}
	}
	return text
}

const gateway24, gateway25 = "registry/datahub-gateway:v2.4.0", "registry/datahub-gateway:v2.5.0"

// The service's image is put into a container of another repository only when that was
// shown and confirmed.
func TestForeignImage(t *testing.T) {
	w := newWorld()
	beside(w, "envoyproxy/envoy:v1.29.0", release.Container{Name: "app", Image: gateway24})
	w.wish(release.Begin{Version: "v2.5.0"})
	c := deployShown(w)
	why := "container gateway runs envoyproxy/envoy, not registry/datahub-gateway; it is in app"
	if wants, _ := c.Intent.(release.Deploy); !c.OK() || wants.Replace != why {
		t.Fatalf("the deploy is offered as %+v", c.Intent)
	}
	if got := containerWords(c, release.MarkFail); !strings.HasPrefix(got, why) {
		t.Errorf("the confirmation shows %q", got)
	}
	if change, told := w.wish(release.Deploy{}); change.ID != "" || !strings.HasPrefix(told, "REFUSED "+why) {
		t.Errorf("nobody confirmed it: sent %+v, told %q", change, told)
	}
	if change, told := w.wish(c.Intent); change.Kind() != release.OpSetImage {
		t.Errorf("it was confirmed, and is not sent: %q", told)
	}
	if wrong, _ := release.CheckContainers(w.plan, w.cluster); wrong != why {
		t.Errorf("check says %q", wrong)
	}
}

// A mirror of the repository is the same image: told, and nothing more.
func TestMirroredImage(t *testing.T) {
	w := newWorld()
	beside(w, "mirror.example.com/cache/datahub-gateway:v2.4.0")
	w.wish(release.Begin{Version: "v2.5.0"})
	c := deployShown(w)
	if wants, _ := c.Intent.(release.Deploy); wants.Replace != "" || !strings.Contains(containerWords(c, release.MarkNone), "a mirror's name") {
		t.Errorf("a mirror is offered as %+v: %+v", c.Intent, c.Preview.Facts)
	}
	if change, told := w.wish(release.Deploy{}); change.Kind() != release.OpSetImage {
		t.Errorf("not sent: %q", told)
	}
}

// Containers with the same image are named with what they will run, or set together.
func TestContainersOfOneImage(t *testing.T) {
	others := []release.Container{
		{Name: "worker", Image: gateway24}, {Name: "migrate", Image: "registry/datahub-gateway:v2.3.0", Init: true}, {Name: "agent", Image: "agent:1"},
	}
	w := newWorld()
	beside(w, gateway24, others...)
	w.wish(release.Begin{Version: "v2.5.0"})
	left := "init container migrate (v2.3.0), container worker (v2.4.0) use the same repository and stay as they are"
	if got := containerWords(deployShown(w), release.MarkAttention); !strings.HasPrefix(got, left) {
		t.Errorf("the confirmation shows %q", got)
	}
	if change, told := w.wish(release.Deploy{}); len(also(change)) != 0 || !strings.Contains(told, left) {
		t.Errorf("sent with %v, told %q", also(change), told)
	}

	w = newWorld()
	w.plan.Containers = []string{"gateway", "worker", "migrate"}
	beside(w, gateway24, others...)
	w.wish(release.Begin{Version: "v2.5.0"})
	c := deployShown(w)
	if got := containerWords(c, release.MarkPass); got != "the version goes to init container migrate, container worker as well" {
		t.Errorf("the confirmation shows %q", got)
	}
	if got := c.Preview.SameAs.String(); !strings.HasSuffix(got, "gateway="+gateway25+" worker="+gateway25+" migrate="+gateway25) {
		t.Errorf("the same as %s", got)
	}
	change, _ := w.wish(release.Deploy{})
	if strings.Join(also(change), " ") != "worker migrate" {
		t.Fatalf("sent with %v", also(change))
	}
	// Its answer is lost: it is done only when every container has the version.
	w.step(release.Done{Outcome: release.Outcome{ID: change.ID, Kind: release.Lost}})
	w.cluster.Containers[0].Image = gateway25
	w.cluster.Template = template("half")
	w.cluster.Generation++
	w.now = w.now.Add(time.Second)
	w.step(release.Observed{Workload: w.look()})
	if w.state.Phase == release.Deploying {
		t.Errorf("one container of three has the version, and it counts as deployed")
	}

	// What runs the version in one container alone is not unchanged.
	w = newWorld()
	w.plan.Containers = []string{"worker"}
	beside(w, gateway25, others...)
	if _, told := w.wish(release.Begin{Version: "v2.5.0"}); !strings.Contains(told, "planned") {
		t.Errorf("worker has another version: %q", told)
	}

	w = newWorld()
	w.plan.Containers = []string{"wroker"}
	beside(w, gateway24, others...)
	if _, told := w.wish(release.Begin{Version: "v2.5.0"}); !strings.Contains(told, `no container "wroker"; it has migrate, gateway, worker, agent`) {
		t.Errorf("a container that is not there: %q", told)
	}
}

// also is which other containers get the image with a change.
func also(c release.Change) []string {
	op, _ := c.Do.(release.SetImage)
	return op.Also
}
