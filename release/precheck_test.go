package release_test

import (
	"testing"
	"time"

	"datahub.io/slipway/release"
)

// A gate that a later look can open is waited for; one that only a person opens is said
// at once, so that a pipeline ends.
func TestGatesThatOpenByThemselves(t *testing.T) {
	plan := testPlan()
	plan.Items = append([]release.ItemSpec{{
		ID: "api", Title: "Partner API answers", Stage: release.Pre, Type: release.ItemHTTP, Settings: release.HTTPCheck{URL: "http://partner/health"},
	}}, plan.Items...)
	now := noon
	for name, c := range map[string]struct {
		status release.Status
		manual release.Status
		result release.Result
		since  time.Duration
		ok, on bool // on: it is waited for
	}{
		"passed and fresh":       {status: release.Passed, manual: release.Passed, result: release.Result{At: now, Verdict: release.Pass}, ok: true},
		"passed, but stale":      {status: release.Passed, manual: release.Passed, result: release.Result{At: now.Add(-time.Minute), Verdict: release.Pass}, on: true},
		"passed before a crash":  {status: release.Passed, manual: release.Passed, on: true},
		"passed, fails now":      {status: release.Passed, manual: release.Passed, result: release.Result{At: now, Verdict: release.Fail}, on: true},
		"looking":                {status: release.Running, manual: release.Passed, on: true},
		"failing":                {status: release.Failed, manual: release.Passed, result: release.Result{At: now, Verdict: release.Fail}, on: true},
		"fails for good":         {status: release.Failed, manual: release.Passed, since: time.Minute, result: release.Result{At: now, Verdict: release.Fail, Lasting: true}},
		"nothing known for long": {status: release.Unknown, manual: release.Passed, since: time.Hour, result: release.Result{At: now, Verdict: release.NoData}},
		"a person as well":       {status: release.Running, manual: release.Waiting},
		"waived":                 {status: release.Waived, manual: release.Passed, ok: true},
	} {
		s := release.State{Record: release.Record{ID: "r", Phase: release.Planned, To: release.Target{Version: "v2.5.0", Image: plan.Image + ":v2.5.0"}}}
		for _, spec := range plan.Items {
			s.Items = append(s.Items, release.Item{ID: spec.ID, Status: release.Waiting})
		}
		s.Items[0].Status, s.Items[0].At, s.Items[1].Status = c.status, now.Add(-c.since), c.manual
		s.View.Probes = map[string]release.ProbeState{"api": {Result: c.result}}
		s.View.Workload = release.Workload{At: now, Found: true, UID: "u", Desired: 1, Replicas: 1, Available: 1, Updated: 1, Containers: []release.Container{{Name: "gateway", Image: plan.Image + ":v2.4.0"}}, Template: release.Template{Hash: "t"}}
		s.View.Links = map[release.Source]release.Link{release.Kubernetes: {OK: true}}
		deploy := choiceOf(t, plan, s, release.DoDeploy)
		if gate := deploy.Refusal(); deploy.OK() != c.ok || gate.Wait != c.on || !c.ok && gate.Kind != release.RefusedGate {
			t.Errorf("%s: %+v", name, gate)
		}
	}
}

// An approval is given by people: where one is missing it is said at once.
func TestGatesThatPeopleOpen(t *testing.T) {
	plan := testPlan()
	plan.Items = append([]release.ItemSpec{{ID: "approved", Title: "Change request approved", Stage: release.Pre, Type: release.ItemApproval}}, plan.Items...)
	for name, c := range map[string]struct {
		result release.Result
		ok, on bool
	}{
		"nothing looked at yet": {on: true},
		"nobody yet":            {result: release.Result{At: noon, Verdict: release.NoData, Early: true, Short: "0 of 1"}},
		"rejected":              {result: release.Result{At: noon, Verdict: release.Fail}},
		"approved":              {result: release.Result{At: noon, Verdict: release.Pass}, ok: true},
	} {
		s := release.State{Record: release.Record{ID: "r", Phase: release.Planned, To: release.Target{Version: "v2.5.0", Image: plan.Image + ":v2.5.0"}}}
		for _, spec := range plan.Items {
			s.Items = append(s.Items, release.Item{ID: spec.ID, Status: release.Passed})
		}
		s.View.Probes = map[string]release.ProbeState{"approved": {Result: c.result}}
		s.View.Workload = release.Workload{At: noon, Found: true, UID: "u", Desired: 1, Replicas: 1, Available: 1, Updated: 1, Containers: []release.Container{{Name: "gateway", Image: plan.Image + ":v2.4.0"}}, Template: release.Template{Hash: "t"}}
		s.View.Links = map[release.Source]release.Link{release.Kubernetes: {OK: true}}
		deploy := choiceOf(t, plan, s, release.DoDeploy)
		if gate := deploy.Refusal(); deploy.OK() != c.ok || gate.Wait != c.on || !c.ok && gate.Kind != release.RefusedApproval {
			t.Errorf("%s: %+v", name, gate)
		}
	}
}
