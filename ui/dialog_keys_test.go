package ui

import (
	"testing"
	"time"

	"datahub.io/slipway/release"
)

// later is a frame a second after f, changed.
func later(f release.Frame, change func(*release.Frame)) release.Frame {
	f.Now = f.Now.Add(time.Second)
	f.State.Seq++
	f.State.View.Workload.At = f.Now
	if change != nil {
		change(&f)
	}
	return refresh(f)
}

// edited changes the pod template, as kubectl edit does, before the controller
// has made its ReplicaSet.
func edited(f *release.Frame) {
	w := &f.State.View.Workload
	w.Generation, w.Template.Hash = w.Generation+1, "edited"
}

func plain40(t *testing.T, f release.Frame, keys ...string) *player {
	t.Helper()
	return play(t, f, darkTheme, 120, 40, keys...)
}

func TestDeployWantsTheName(t *testing.T) {
	p := plain40(t, frameReady(), "d", "enter")
	p.asked()
	p.sees(`not yet: the name is "production"`)
	p.press(`"stagin"`, "enter")
	p.asked()
	p.press("ctrl+u", `"productioN"`, "backspace", `"n"`)
	p.sees("enter deploy v2.5.0")
	p.press("enter")
	p.asked(release.Deploy{Confirm: "production"})
}

func TestDeployUnprotected(t *testing.T) {
	for _, key := range []string{"y", "enter", "d"} {
		f := frameReady()
		f.Plan.Protected = false
		p := plain40(t, refresh(f), "d", key)
		p.asked(release.Deploy{})
	}
}

func TestDeployRefusesWhatMoved(t *testing.T) {
	f := frameReady()
	p := plain40(t, f, "d", `"production"`)
	p.show(later(f, edited))
	p.press("enter")
	p.asked()
	p.sees("it moved while you read", "! change")
	p.press("enter")
	p.asked(release.Deploy{Confirm: "production"})
}

func TestDeploySaysWhyNot(t *testing.T) {
	p := plain40(t, framePlanned(), "d")
	p.asked()
	p.sees("d: not before 5 items: Security scan clean")
}

func TestBeginAsksForAVersion(t *testing.T) {
	p := plain40(t, frameIdle(), "d", "enter")
	p.asked()
	p.press(`" v2.5.0 "`, "enter")
	p.asked(release.Begin{Version: "v2.5.0"})
}

func TestWaiveNeedsAReason(t *testing.T) {
	f := framePlanned()
	item := f.Plan.Items[2].ID
	p := plain40(t, f, "home", "j", "j", "w", "enter", "space", "enter")
	p.asked()
	p.sees("Waive Security scan clean", "a waiver needs a reason")
	p.press(`"queue is up, u know why?"`, "enter")
	p.asked(release.Waive{Item: item, Reason: "queue is up, u know why?"})
}

func TestTick(t *testing.T) {
	f := framePlanned()
	item := f.Plan.Items[2].ID
	p := plain40(t, f, "home", "j", "j", "space", "enter")
	p.asked(release.Tick{Item: item})
	p = plain40(t, f, "home", "j", "j", "space", `"report 12"`, "enter")
	p.asked(release.Tick{Item: item, Note: "report 12"})
	p = plain40(t, frameRolling(), "space")
	p.asked()
	p.sees("space: this item is checked automatically")
}

func TestPauseAndResume(t *testing.T) {
	p := plain40(t, frameRolling(), "p", "p")
	p.asked(release.Pause{})
	f := frameRolling()
	f.State.View.Workload.Paused = true
	p = plain40(t, refresh(f), "p")
	p.sees("rollout resume")
	p.press("y")
	p.asked(release.Resume{})
	p = plain40(t, frameDegraded(), "p")
	p.sees("p: API server unreachable")
}

func TestHoldContinueAbandon(t *testing.T) {
	plain40(t, frameRolling(), "h", "h").asked(release.HoldOn{})
	held := frameHeld(release.HeldByHand, "held by hand", engA)
	plain40(t, held, "h", "y").asked(release.Continue{})
	plain40(t, held, "h", "x", "x").asked(release.Abandon{})
	plain40(t, frameRolling(), "x", "n").asked()
	p := plain40(t, frameIdle(), "h")
	p.sees("h: no release is under way")
}

// What opens by itself takes no key until none has come for a moment.
func TestSheetWaitsForQuiet(t *testing.T) {
	p := play(t, frameReturned(), darkTheme, 120, 40)
	p.pace = 100 * time.Millisecond
	p.press("y", "y", "u", "y", "y", "y", "y", "y")
	p.asked()
	p.sees("Unfinished: release of v2.5.0")
	p.pace = time.Second
	p.press("y")
	p.asked(release.Continue{})
}

// Who goes on pressing a key is not kept from what it does for ever; a key that is held
// down does nothing, however long.
func TestQuietHasAnEnd(t *testing.T) {
	pressed := func(f release.Frame, key string, pace time.Duration, until time.Duration) (p *player, after time.Duration) {
		p = plain40(t, f)
		p.pace = pace
		for after < until && len(p.console.asked) == 0 {
			p.press(key)
			after += pace
		}
		return p, after
	}
	for _, pace := range []time.Duration{70, 250, 400} {
		for name, f := range map[string]release.Frame{"question": frameAsking(), "budget": frameFailing(), "canary": frameCanaryAsking()} {
			p, after := pressed(f, "u", pace*time.Millisecond, 3*time.Second)
			if len(p.console.asked) != 1 || after < time.Second || after > 2*time.Second {
				t.Errorf("%s, every %s: asked %v after %s", name, pace*time.Millisecond, p.console.asked, after)
			}
		}
	}
	for _, pace := range []time.Duration{20, 33, 50} {
		p, _ := pressed(frameAsking(), "u", pace*time.Millisecond, 2*time.Second)
		p.asked()
		p.pace = time.Second
		p.press("u")
		if len(p.console.asked) != 1 {
			t.Errorf("held down every %s, then pressed: asked %v", pace*time.Millisecond, p.console.asked)
		}
	}
}

// The program can be left at once, also from a sheet that has just opened by itself.
func TestLeaveDoesNotWaitForQuiet(t *testing.T) {
	p := plain40(t, frameAsking())
	p.pace = 10 * time.Millisecond
	p.press("ctrl+c")
	p.sees("Leave slipway")
	p.asked()
}

func TestHiddenSheetStaysHidden(t *testing.T) {
	f := frameReturned()
	p := plain40(t, f, "esc")
	p.seesNot("Unfinished: release")
	p.show(later(f, nil))
	p.seesNot("Unfinished: release")
	p.asked()
	p.show(later(later(f, nil), func(f *release.Frame) {
		f.State.Held = nil
		f.State.Asking = &release.Question{Reason: "no progress for 5:00", At: f.Now}
	}))
	p.sees("Undo? asked", "no progress for 5:00")
}

func TestQuestion(t *testing.T) {
	f := frameAsking()
	plain40(t, f, "n").asked(release.Continue{})
	p := plain40(t, f)
	p.sees("Undo? asked", "0.62%")
	p.show(later(f, func(f *release.Frame) { f.State.Asking = nil }))
	p.seesNot("Undo? asked")
}

func TestBudgetSheetGoesWhenItPasses(t *testing.T) {
	f := frameFailing()
	p := plain40(t, f)
	p.sees("Undoes by itself if Error Rate still fails in", "2/3")
	p.show(later(f, func(f *release.Frame) { f.State.View.Failing = nil }))
	p.seesNot("Undoes by itself if")
	plain40(t, f, "h", "h").asked(release.HoldOn{})
	f.Plan.Rollback.OnMetrics = release.Off
	plain40(t, refresh(f)).seesNot("Undoes by itself if")
}

// A sheet does not take the keys away from a dialog that is being read.
func TestSheetWaitsForADialog(t *testing.T) {
	f := frameReady()
	p := plain40(t, f, "d", `"produ"`)
	p.show(later(f, func(f *release.Frame) { f.State.Asking = &release.Question{Reason: "no progress", At: f.Now} }))
	p.seesNot("Undo? asked")
	p.press("esc")
	p.show(later(later(f, nil), func(f *release.Frame) { f.State.Asking = &release.Question{Reason: "no progress", At: f.Now} }))
	p.sees("Undo? asked")
}

// What a person opened over a sheet stays when the sheet goes, and the sheet is
// not taken for closed by hand.
func TestSheetGoesFromUnderADialog(t *testing.T) {
	f := frameFailing()
	p := plain40(t, f, "l")
	p.sees("Pod -")
	p.show(later(f, func(f *release.Frame) { f.State.View.Failing = nil }))
	p.sees("Pod -")
	p.press("esc")
	p.seesNot("Pod -", "Undoes by itself if")
	p.show(later(later(f, nil), nil))
	p.sees("Undoes by itself if Error Rate still fails in")
}

// Nothing is said about the deadline where nothing is decided by itself.
func TestConsequenceAtTheDeadline(t *testing.T) {
	f := frameFailing()
	plain40(t, f, "esc", "2").sees("At the deadline slipway undoes to", "(rollback.onDeadline: auto); u does it now.")
	f.State.Held = &release.Hold{Kind: release.HeldByHand, Reason: "held by hand", By: engA, At: f.Now}
	plain40(t, refresh(f), "2").seesNot("At the deadline")
}

func TestLeaving(t *testing.T) {
	p := plain40(t, frameIdle(), "q")
	if !p.quit {
		t.Error("q does not leave at once although nothing is under way")
	}
	p = plain40(t, frameRolling(), "q")
	p.sees("Kubernetes goes on with the update to v2.5.0")
	if p.quit {
		t.Fatal("q left without a word")
	}
	p.press("esc")
	p.seesNot("Kubernetes goes on with")
	p.press("q", "q")
	if !p.quit {
		t.Error("q q does not leave")
	}
	p = plain40(t, frameRolling(), "u", "ctrl+c", "ctrl+c")
	if !p.quit {
		t.Error("ctrl+c twice does not leave")
	}
}

func TestHelpKnowsWhyNot(t *testing.T) {
	p := plain40(t, framePlanned(), "?")
	p.sees("no: not before 5 items", "always, in two keys")
	p.press("?")
	p.seesNot("always, in two keys")
}

func TestCopy(t *testing.T) {
	p := plain40(t, frameRolling(), "K")
	want := "kubectl --context prod-eu -n datahub-production rollout undo deployment/datahub-gateway --to-revision=14"
	if p.copied != want {
		t.Errorf("copied %q, want %q", p.copied, want)
	}
	p = plain40(t, frameRolling(), "p", "K")
	if want := "kubectl --context prod-eu -n datahub-production rollout pause deployment/datahub-gateway"; p.copied != want {
		t.Errorf("copied %q, want %q", p.copied, want)
	}
}
