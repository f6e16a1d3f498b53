package release_test

import (
	"testing"
	"time"

	"datahub.io/slipway/release"
)

// Which items can still settle by themselves while a release verifies, and
// whether a spike can still come to something.
func TestOpen(t *testing.T) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		kind    release.ItemType
		status  release.Status
		ago     time.Duration
		failing int
		want    release.Settling // empty: not open
	}{
		"passed":                      {kind: release.ItemManual, status: release.Passed},
		"waived":                      {kind: release.ItemSpikes, status: release.Waived},
		"manual":                      {kind: release.ItemManual, status: release.Waiting, want: release.ByHand},
		"a check that runs":           {kind: release.ItemHTTP, status: release.Running, want: release.ByItself},
		"a check that fails":          {kind: release.ItemHTTP, status: release.Failed, ago: time.Hour, want: release.ByItself},
		"without data just now":       {kind: release.ItemMetric, status: release.Unknown, ago: time.Minute, want: release.ByItself},
		"without data for long":       {kind: release.ItemMetric, status: release.Unknown, ago: 2 * time.Minute, want: release.ByWaiver},
		"the deploy":                  {kind: release.ItemDeploy, status: release.Running, want: release.ByItself},
		"no spike so far":             {kind: release.ItemSpikes, status: release.Running, ago: time.Hour, want: release.ByItself},
		"a spike just now":            {kind: release.ItemSpikes, status: release.Failed, ago: 30 * time.Second, want: release.ByItself},
		"a spike that goes on":        {kind: release.ItemSpikes, status: release.Failed, ago: time.Hour, failing: 1, want: release.ByItself},
		"a spike that passed":         {kind: release.ItemSpikes, status: release.Failed, ago: 31 * time.Second, want: release.ByWaiver},
		"a spike that is not decided": {kind: release.ItemSpikes, status: release.Unknown, ago: time.Minute, want: release.ByItself},
	} {
		t.Run(name, func(t *testing.T) {
			plan := testPlan()
			plan.Items = []release.ItemSpec{{ID: "it", Title: "It", Stage: release.Post, Type: c.kind}, {ID: "unknown to the record", Type: release.ItemManual}}
			s := release.State{
				Record: release.Record{Phase: release.Verifying, Items: []release.Item{{ID: "it", Status: c.status, At: now.Add(-c.ago), Evidence: "seen"}}},
				View:   release.View{Failing: map[release.MetricName]release.Run{release.ErrorRate: {Count: c.failing}}},
			}
			got := release.Open(plan, s, now)
			switch {
			case c.want == "" && len(got) == 0:
			case len(got) != 1 || got[0].Settles != c.want || got[0].Spec.ID != "it" || got[0].Evidence != "seen":
				t.Errorf("%+v, want it to settle %q", got, c.want)
			}
		})
	}
}
