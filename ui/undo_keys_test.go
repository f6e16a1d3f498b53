package ui

import (
	"fmt"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"datahub.io/slipway/release"
)

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
					if seen := p.console.asked[0].seen; seen.Revision != 14 || seen.Before != "v2.5.0" || seen.Template != "v2.4.0" {
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
	p := plain40(t, frameWatching(), "p")
	p.sees("p: the release of v2.5.0 by eng-a is driven on this machine since 12:40", "WATCHING", "eng-b watching")
	p.press("u")
	p.sees("watching ! the release of v2.5.0 by eng-a is driven on this machine since 12:40; you can")
	p.press("u")
	p.asked(release.Undo{Revision: 14})
}

// While the way back is under way u says so; another revision stays two keys
// away, by its number.
func TestUndoWhileReturning(t *testing.T) {
	f := frameReturning()
	p := plain40(t, f, "u")
	if want := "u: returning to v2.4.0 already; r chooses another revision"; !strings.Contains(p.headline(), want) {
		t.Errorf("the headline is %q, want %q", p.headline(), want)
	}
	if row := p.rows()[38]; !strings.HasPrefix(row, " u      returning to v2.4.0 already") {
		t.Errorf("the row of u is %q", row)
	}
	p.press("u", "y")
	p.asked()
	p.press("r", "enter")
	p.sees("enter: skipped rollback")
	p.press("j", "enter")
	p.sees("undo to v2.5.0", "--to-revision=15")
	p.press("u")
	p.asked(release.Undo{Revision: 15})
}

// The way back begins while the dialog is open: the second key does not bring
// back what is being left.
func TestUndoDialogWhenTheWayBackBegins(t *testing.T) {
	p := plain40(t, frameRolling(), "u")
	p.show(later(frameReturning(), nil))
	p.sees("u: returning to v2.4.0 already; r chooses another revision")
	p.press("u", "y")
	p.asked()
	p.press("r")
	p.sees("kept: 3 of revisionHistoryLimit 5")
	p.seesNot("esc leave as it is")
}

// A key that repeats, and keys that come all at once, open a confirmation and do
// not perform it.
func TestConfirmingNeedsAPressOfItsOwn(t *testing.T) {
	for _, test := range []struct {
		frame release.Frame
		key   string
		want  release.Intent
	}{
		{frameRolling(), "u", release.Undo{Revision: 14}},
		{frameRolling(), "p", release.Pause{}},
		{frameRolling(), "x", release.Abandon{}},
	} {
		for _, second := range []string{test.key, "y"} {
			t.Run(test.key+second, func(t *testing.T) {
				p := plain40(t, test.frame, test.key)
				p.pace = 40 * time.Millisecond
				p.press(second, second, second, second, second)
				p.asked()
				p.pace = freshTime
				p.press(second)
				p.asked(test.want)
			})
		}
	}
}

func TestWholeDiffScrolls(t *testing.T) {
	f := frameRolling()
	w := &f.State.View.Workload
	for i := range 60 {
		w.Template.Fields = append(w.Template.Fields, release.Field{Path: "spec.containers[gateway].env", Key: fmt.Sprintf("KEY_%02d", i), Value: "x"})
	}
	p := plain40(t, refresh(f), "u", "d")
	p.sees("KEY_00")
	p.press("end")
	p.sees("KEY_59", "undo to v2.4.0")
	p.seesNot("KEY_00")
	p.press("home")
	p.sees("KEY_00")
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
		f.State.View.Workload.Generation, f.State.View.Workload.Observed, f.State.View.Workload.Desired = 44, 44, 8
	}))
	p.seesNot("it moved") // scaling does not stand against an undo
	p.show(later(later(f, nil), edited))
	p.sees("it moved while you read", "! now", "someone else changed the Deployment", "this is rolled back")
	p.press("u")
	p.asked()
	p.sees("it moved while you read")

	p.pace = 100 * time.Millisecond
	p.press("u")
	p.asked()
	p.pace = time.Second
	p.press("u")
	p.asked(release.Undo{Revision: 14, Over: true}) // what ran before the release, not before the edit
	if got := p.console.asked[0].seen.Before; got != "edited" {
		t.Errorf("confirmed template %q, want the one that was read again", got)
	}
}

// The age of the look is another one at every look: it is not marked as moved.
func TestOnlyWhatMovedIsMarked(t *testing.T) {
	p := plain40(t, frameRolling(), "u")
	p.show(later(frameRolling(), edited))
	p.sees("! now", "fresh")
	p.seesNot("! fresh")
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
