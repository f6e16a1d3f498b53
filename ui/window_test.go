package ui

import (
	"slices"
	"testing"
	"time"

	"datahub.io/slipway/release"
)

// frameClosed is a release that is ready outside of the change window, in a freeze.
func frameClosed() release.Frame {
	f := frameReady()
	now := f.Now
	f.Plan.Windows = release.Windows{
		Weekly: true, Words: "Mon–Fri 09:00–12:00 UTC", Zone: time.UTC, Finish: 2 * time.Hour,
		Open:    []release.Window{{From: now.Add(-4 * time.Hour), To: now.Add(-43 * time.Minute)}, {From: now.Add(62 * time.Hour), To: now.Add(70 * time.Hour)}},
		Freezes: []release.Window{{From: now.Add(-10 * time.Minute), To: now.Add(50 * time.Hour), Reason: "Invoicing run: no changes to anything that writes to datahub", By: "eng-c", Change: "CHG-2311"}},
	}
	return refresh(f)
}

// frameAction is a release before the deploy with a command to run, or that runs.
func frameAction(runs bool) release.Frame {
	f := frameReady()
	i := slices.IndexFunc(f.Plan.Items, release.ItemSpec.Deploys)
	spec := release.ItemSpec{
		ID: "release-tagged", Title: "Release tagged", Stage: release.During, Type: release.ItemCommand,
		Settings: release.CommandAction{Argv: []string{"git", "tag", "-a", "{version}", "-m", "Release {version}"}, Limit: 10 * time.Minute, Env: []string{"SSH_AUTH_SOCK"}},
	}
	f.Plan.Items = slices.Insert(slices.Clone(f.Plan.Items), i, spec)
	f.State.Items = slices.Insert(slices.Clone(f.State.Items), i, release.Item{ID: spec.ID, Status: release.Waiting})
	if runs {
		f.State.Items[i].Status, f.State.Items[i].Attempts = release.Running, 1
		change := release.Change{ID: "t", By: engA, Do: release.RunCommand{Argv: []string{"git", "tag", "-a", "v2.5.0", "-m", "Release v2.5.0"}, Limit: 10 * time.Minute}}
		f.State.Task = &release.Task{Change: change, Item: spec.ID, Since: f.Now.Add(-42 * time.Second)}
		f.State.View.Progress = release.Progress{ID: "t", Text: "signing", Lines: []string{"reading the key", "signing"}}
	}
	return refresh(f)
}

// Where the window is closed, d and w ask for the reason that opens it, and the header
// says when it opens.
func TestWindowIsWaived(t *testing.T) {
	for _, key := range []string{"d", "w"} {
		p := plain40(t, frameClosed())
		p.sees("window opens")
		p.press(key, "enter")
		p.asked()
		p.sees("a waiver needs a reason", "Invoicing run", "undo, abort, pause, hold")
		p.press(`"INC-884"`, "enter")
		p.asked(release.WaiveWindow{Reason: "INC-884"})
	}
}

// A key runs an action after a confirmation, and the same key cancels it while it runs.
func TestActionIsRunAndCancelled(t *testing.T) {
	p := plain40(t, frameAction(false), "space")
	p.asked()
	p.sees("Run Release tagged", "git tag -a v2.5.0", "SSH_AUTH_SOCK")
	p.press("space")
	p.asked(release.RunAction{Item: "release-tagged"})
	p = plain40(t, frameAction(true), "enter")
	p.sees("Cancel Release tagged")
	p.press("space")
	p.asked(release.Cancel{})
}
