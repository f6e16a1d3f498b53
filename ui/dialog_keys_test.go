package ui

import (
	"fmt"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

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

func plain40(t *testing.T, f release.Frame, keys ...string) *player {
	t.Helper()
	return play(t, f, darkTheme, 120, 40, keys...)
}

// The 3 a.m. rule: wherever a person is, u and then u or y undoes.
func TestUndoIsTwoKeysAway(t *testing.T) {
	undone := release.Undo{Revision: 14}
	for _, place := range []struct {
		name  string
		frame release.Frame
		keys  []string
		first string // u, or what stands for it where letters are typed
	}{
		{"overview", frameRolling(), nil, "u"},
		{"rollout", frameRolling(), []string{"2"}, "u"},
		{"history", frameRolling(), []string{"3"}, "u"},
		{"log", frameRolling(), []string{"4"}, "u"},
		{"help", frameRolling(), []string{"?"}, "u"},
		{"pause", frameRolling(), []string{"p"}, "u"},
		{"hold", frameRolling(), []string{"h"}, "u"},
		{"abandon", frameRolling(), []string{"x"}, "u"},
		{"leave", frameRolling(), []string{"q"}, "u"},
		{"pod", frameRolling(), []string{"l"}, "u"},
		{"returned", frameReturned(), nil, "u"},
		{"held", frameHeld(release.HeldByHand, "held by hand", engA), []string{"h"}, "u"},
		{"filter", frameRolling(), []string{"2", "/"}, "ctrl+z"},
		{"pod filter", frameRolling(), []string{"l", "/"}, "ctrl+z"},
		{"waive", frameRolling(), []string{"j", "w"}, "ctrl+z"},
	} {
		for _, size := range [][2]int{{30, 6}, {60, 20}, {80, 24}, {120, 40}} {
			for _, second := range []string{"u", "y"} {
				t.Run(fmt.Sprintf("%s-%dx%d-%s", place.name, size[0], size[1], second), func(t *testing.T) {
					p := play(t, place.frame, darkTheme, 120, 40, place.keys...)
					p.update(tea.WindowSizeMsg{Width: size[0], Height: size[1]})
					first := place.first
					if tooSmall(size[0], size[1]) && place.name == "filter" {
						first = "u" // a view is not shown there, so nothing is typed into it
					}
					p.asked()
					p.press(first)
					p.asked()
					p.sees("undo to v2.4.0")
					p.press(second)
					p.asked(undone)
					if seen := p.console.asked[0].seen; seen.Revision != 14 || seen.Generation != 43 || seen.Template != "v2.4.0" {
						t.Errorf("confirmed %+v, not what was shown", seen)
					}
				})
			}
		}
	}
}

func TestUndoFromSheetIsOneKey(t *testing.T) {
	for name, frame := range map[string]release.Frame{"asking": frameAsking(), "budget": frameFailing()} {
		for _, key := range []string{"u", "y"} {
			p := plain40(t, frame, key)
			t.Run(name+"-"+key, func(t *testing.T) { p.asked(release.Undo{Revision: 14}) })
		}
	}
}

// Another console drives: its keys are refused here, but not u.
func TestUndoWhileSomeoneElseDrives(t *testing.T) {
	f := frameRolling()
	f.Plan.Driven = "eng-b"
	p := plain40(t, refresh(f), "p")
	p.sees("p: eng-b drives")
	p.press("u")
	p.sees("eng-b drives this release; an undo does not wait for a hand-over")
	p.press("u")
	p.asked(release.Undo{Revision: 14})
}

func TestUndoLeavesAsItIs(t *testing.T) {
	p := plain40(t, frameRolling(), "u", "esc")
	p.asked()
	p.seesNot("esc leave as it is")
}

func TestUndoRefusesWhatMoved(t *testing.T) {
	f := frameRolling()
	p := plain40(t, f, "u")
	p.seesNot("it moved")
	p.show(later(f, func(f *release.Frame) {
		f.State.View.Workload.Generation, f.State.View.Workload.Observed = 44, 44
	}))
	p.sees("it moved while you read", "generation 44")
	p.press("u")
	p.asked()
	p.sees("it moved while you read")

	p.pace = 100 * time.Millisecond
	p.press("u")
	p.asked()
	p.pace = time.Second
	p.press("u")
	p.asked(release.Undo{Revision: 14})
	if got := p.console.asked[0].seen.Generation; got != 44 {
		t.Errorf("confirmed generation %d, want the one that was read again, 44", got)
	}
}

func TestUndoNamesANewTarget(t *testing.T) {
	f := frameRolling()
	p := plain40(t, f, "u")
	p.show(later(f, func(f *release.Frame) {
		w := &f.State.View.Workload
		w.Revisions = append([]release.Revision{}, w.Revisions...)
		w.Revisions[1].Number, w.Revisions[1].Version, w.Revisions[1].Template = 16, "v2.4.1", template("v2.4.1", "")
	}))
	p.sees("undo to v2.4.1", "it moved")
	p.press("u")
	p.asked()
	p.press("u")
	p.asked(release.Undo{Revision: 16})
}

// A dialog for a chosen revision stays with that revision.
func TestUndoToAChosenRevision(t *testing.T) {
	p := plain40(t, frameRolling(), "r", "j", "enter")
	p.sees("undo to v2.3.2", "--to-revision=13")
	p.press("u")
	p.asked(release.Undo{Revision: 13})
}

func TestHistorySaysWhyNot(t *testing.T) {
	p := plain40(t, frameRolling(), "3", "k", "enter")
	p.asked()
	p.sees("enter: skipped rollback (current template already matches revision 15)")
}

func TestUndoOfflineSaysWhy(t *testing.T) {
	p := plain40(t, frameDegraded(), "u", "u", "y")
	p.asked()
	p.sees("K copies")
	p = plain40(t, frameDegraded(), "u")
	p.sees("u: API server unreachable for 42s")

	p = plain40(t, frameRolling(), "u")
	p.show(frameDegraded())
	p.sees("u: API server unreachable")
	p.press("u")
	p.asked()
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
	p.show(later(f, func(f *release.Frame) {
		f.State.View.Workload.Generation, f.State.View.Workload.Observed = 44, 44
	}))
	p.press("enter")
	p.asked()
	p.sees("it moved while you read")
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
	p.sees("space: a machine looks at this item")
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
	p.sees("Undoes by itself if the next sample of Error Rate fails too", "2/3")
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
