package release_test

import (
	"time"

	"pgregory.net/rapid"

	"datahub.io/slipway/release"
)

// someWindows are none, or some that close, open or freeze while a release runs.
func someWindows(t *rapid.T, now time.Time) release.Windows {
	switch rapid.IntRange(0, 3).Draw(t, "windows") {
	case 0:
		closing := now.Add(time.Duration(rapid.IntRange(-1, 20).Draw(t, "closes")) * time.Minute)
		return release.Windows{Weekly: true, Open: []release.Window{{From: now.Add(-time.Hour), To: closing}, {From: closing.Add(5 * time.Minute), To: closing.Add(time.Hour)}}}
	case 1:
		frozen := now.Add(time.Duration(rapid.IntRange(-1, 20).Draw(t, "frozen")) * time.Minute)
		return release.Windows{Freezes: []release.Window{{From: frozen, To: frozen.Add(10 * time.Minute), Reason: "invoicing"}}}
	}
	return release.Windows{}
}

// neverClosed: a closed window stands against a deploy and the canary's next step, and
// against nothing else. Nothing of the two is begun in it without a waiver, by nobody.
func neverClosed(t rapid.TB, plan release.Plan, before, after release.State, now time.Time) {
	for _, c := range release.Allowed(plan, after, now) {
		switch c.Kind {
		case release.DoDeploy, release.DoAdvance, release.DoPromote:
			continue
		}
		for _, r := range c.Refusals {
			if r.Kind == release.RefusedWindow {
				t.Fatalf("the change window stands against %s: %s", c.Kind, r.Text)
			}
		}
	}
	if !plan.Windows.At(now).Closed || before.Waiver != nil {
		return
	}
	begins := after.Pending != nil && (before.Pending == nil || before.Pending.Change.ID != after.Pending.Change.ID) && after.Pending.Next == release.Deploying
	deploys := begins && before.Phase == release.Planned && !before.Unchanged()
	promotes := begins && after.Pending.Stage == release.Promoting
	if (deploys || promotes) && !promotesInTime(plan, before, now) {
		t.Fatalf("%s was begun in a closed window", after.Pending.Change.Describe())
	}
	a, b := before.Canary, after.Canary
	if raised := a != nil && b != nil && before.Phase == release.Deploying && b.Step > a.Step && b.Stage == release.Shifting; raised && !promotesInTime(plan, before, now) {
		t.Fatalf("the canary was advanced in a closed window")
	}
}

// promotesInTime: what was deployed while the window was open may go on for Finish.
func promotesInTime(plan release.Plan, s release.State, now time.Time) bool {
	o := plan.Windows.At(s.Deployed)
	return !s.Deployed.IsZero() && !o.Closed && !o.Closes.IsZero() && now.Before(o.Closes.Add(plan.Windows.Finish))
}
