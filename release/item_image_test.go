package release_test

import (
	"strings"
	"testing"
	"time"

	"datahub.io/slipway/release"
)

var (
	verified = "sha256:" + strings.Repeat("9f2c41d0", 8)
	rebuilt  = "sha256:" + strings.Repeat("c83be217", 8)
)

// imageFound is a planned release whose image item has just been looked at.
func imageFound(t *testing.T, plan release.Plan, s release.State, result release.Result) release.State {
	t.Helper()
	result.At = noon
	next, _ := release.Step(plan, s, noon, release.Probed{Item: "image", Of: s.ID, Result: result})
	return next
}

func plannedWithImage(check release.ImageCheck, image string) (release.Plan, release.State) {
	plan := testPlan()
	plan.Items = append([]release.ItemSpec{{ID: "image", Title: "Image verified", Stage: release.Pre, Type: release.ItemImage, Settings: check}}, plan.Items...)
	s := release.State{Record: release.Record{
		Format: release.RecordFormat, ID: "r", Phase: release.Planned, Service: plan.Service, Environment: plan.Environment,
		To: release.Target{Version: "v2.5.0", Image: image},
	}}
	for _, spec := range plan.Items {
		s.Items = append(s.Items, release.Item{ID: spec.ID, Status: release.Waiting})
	}
	return plan, s
}

// The first digest that is found is the release's; what the tag names later does not change it.
func TestImageIsPinned(t *testing.T) {
	plan, s := plannedWithImage(release.ImageCheck{Pin: true}, testPlan().Image+":v2.5.0")
	found := func(digest string) release.Facts { return release.Facts{release.FactDigest: digest} }
	s = imageFound(t, plan, s, release.Result{Verdict: release.NoData, Facts: found(rebuilt)})
	if strings.Contains(s.To.Image, "@") {
		t.Fatalf("pinned without a pass: %s", s.To.Image)
	}
	s = imageFound(t, plan, s, release.Result{Verdict: release.Pass, Facts: found(verified)})
	want := plan.Image + ":v2.5.0@" + verified
	if s.To.Image != want || s.To.Version != "v2.5.0" {
		t.Fatalf("%+v, want %s", s.To, want)
	}
	if !s.Asks(plan, "v2.5.0") || !s.Asks(plan, "v2.5.0@"+verified) || s.Asks(plan, "v2.5.0@"+rebuilt) {
		t.Error("it is not what was asked for any more")
	}
	s = imageFound(t, plan, s, release.Result{Verdict: release.Fail, Detail: "v2.5.0 moved", Facts: found(rebuilt)})
	if s.To.Image != want || s.Items[0].Status != release.Failed {
		t.Errorf("moved: %+v, %s", s.To, s.Items[0].Status)
	}
	gate := choiceOf(t, plan, s, release.DoDeploy)
	if gate.OK() {
		t.Error("a moved tag is deployed")
	}
}

func TestImageIsNotPinned(t *testing.T) {
	tag := testPlan().Image + ":v2.5.0"
	for name, c := range map[string]struct {
		check         release.ImageCheck
		image, digest string
	}{
		"not wanted":        {release.ImageCheck{}, tag, verified},
		"asked with digest": {release.ImageCheck{Pin: true}, tag + "@" + rebuilt, verified},
		"no digest":         {release.ImageCheck{Pin: true}, tag, "latest"},
		"nothing":           {release.ImageCheck{Pin: true}, tag, ""},
	} {
		plan, s := plannedWithImage(c.check, c.image)
		s = imageFound(t, plan, s, release.Result{Verdict: release.Pass, Facts: release.Facts{release.FactDigest: c.digest}})
		if s.To.Image != c.image {
			t.Errorf("%s: %s", name, s.To.Image)
		}
	}
}

// Who asks to wait is not asked before.
func TestProbeWaits(t *testing.T) {
	plan, s := plannedWithImage(release.ImageCheck{}, testPlan().Image+":v2.5.0")
	s = imageFound(t, plan, s, release.Result{Verdict: release.NoData, Wait: 5 * time.Minute})
	for after, asked := range map[time.Duration]bool{time.Minute: false, 4*time.Minute + 59*time.Second: false, 5 * time.Minute: true} {
		_, effects := release.Step(plan, s, noon.Add(after), release.Ticked{})
		again := false
		for _, e := range effects {
			_, probe := e.(release.Probe)
			again = again || probe
		}
		if again != asked {
			t.Errorf("asked again after %s: %t", after, again)
		}
	}
}
