package ui

import (
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"datahub.io/slipway/release"
)

// taken is a frame right after f that says that a wish was taken.
func taken(f release.Frame, id string) release.Frame {
	f.State.View.Taken = id
	return f
}

const movedSince = "it moved since you looked: the pod template changed, it runs v2.5.0, generation 44; look again"

// What was confirmed says that it was sent, is not sent twice, and goes when it
// was taken, within the same second too.
func TestSentOnceAndGoneWhenTaken(t *testing.T) {
	for name, test := range map[string]struct {
		frame release.Frame
		keys  []string
		again string
		shows string
	}{
		"undo":     {frameRolling(), []string{"u", "u"}, "u", "Undo datahub-gateway"},
		"deploy":   {frameReady(), []string{"d", `"production"`, "enter"}, "enter", "Deploy v2.5.0 ━"},
		"waive":    {framePlanned(), []string{"j", "w", `"no scanner"`, "enter"}, "enter", "Waive"},
		"pause":    {frameRolling(), []string{"p", "p"}, "p", "Pause datahub-gateway"},
		"question": {frameAsking(), []string{"u"}, "u", "Undo? asked"},
		"no":       {frameAsking(), []string{"n"}, "n", "Undo? asked"},
		"return":   {frameReturned(), []string{"y"}, "y", "Unfinished:"},
	} {
		t.Run(name, func(t *testing.T) {
			p := plain40(t, test.frame, test.keys...)
			p.sees("sent, waits for the answer", test.shows)
			p.press(test.again, test.again)
			if len(p.console.asked) != 1 {
				t.Fatalf("sent %v", p.console.asked)
			}
			p.show(taken(test.frame, "id-7")) // somebody else's
			p.sees("sent, waits for the answer")
			p.show(taken(test.frame, "id-1"))
			p.seesNot("it stays sent", test.shows)
		})
	}
}

// What moved where it was sent to refuses the press as what moved here does: the
// dialog stays, says so, and marks what is new.
func TestRefusedDialogStays(t *testing.T) {
	f := frameRolling()
	p := plain40(t, f, "u", "u")
	p.update(refusedMsg{ID: "id-1", Kind: release.DoUndo, Refusal: release.Refusal{Kind: release.RefusedMoved, Text: movedSince}})
	p.sees("! not taken: it moved since you looked", "u undo to v2.4.0 or y")
	if got := p.headline(); !strings.HasPrefix(got, " u: it moved since you looked") {
		t.Errorf("the headline is %q", got)
	}
	p.show(later(f, edited))
	p.sees("! not taken: it moved since you looked", "! now", "The lines marked ! are new")
	p.press("u")
	if len(p.console.asked) != 1 {
		t.Fatal("sent again before what is new was read")
	}
	p.press("u")
	if len(p.console.asked) != 2 || p.console.asked[1].seen.Before != "edited" {
		t.Fatalf("sent %+v", p.console.asked)
	}
	p.sees("sent, waits for the answer")
}

// A key that was on its way when the refusal came confirms nothing.
func TestRefusalWaitsForQuiet(t *testing.T) {
	p := plain40(t, frameRolling(), "u", "u")
	p.update(refusedMsg{ID: "id-1", Kind: release.DoUndo, Refusal: release.Refusal{Kind: release.RefusedMoved, Text: movedSince}})
	p.pace = 100 * time.Millisecond
	p.press("u", "u")
	if len(p.console.asked) != 1 {
		t.Fatal("sent again by a key that was on its way")
	}
}

func TestRefusedDeployKeepsTheName(t *testing.T) {
	p := plain40(t, frameReady(), "d", `"production"`, "enter")
	p.update(refusedMsg{ID: "id-1", Kind: release.DoDeploy, Refusal: release.Refusal{Kind: release.RefusedMoved, Text: movedSince}})
	p.sees("! not taken", "production", "enter deploy v2.5.0")
}

// A question that was not answered after all is asked again, hidden or not.
func TestRefusedQuestionStands(t *testing.T) {
	f := frameAsking()
	p := plain40(t, f, "u")
	p.update(refusedMsg{ID: "id-1", Kind: release.DoUndo, Refusal: release.Refusal{Kind: release.RefusedMoved, Text: movedSince}})
	p.show(later(f, nil))
	p.sees("Undo? asked", "! not taken: it moved since you looked")

	p = plain40(t, f, "u", "esc")
	p.seesNot("Undo? asked")
	p.show(later(f, nil))
	p.seesNot("Undo? asked")
	p.update(refusedMsg{ID: "id-1", Kind: release.DoUndo, Refusal: release.Refusal{Kind: release.RefusedMoved, Text: movedSince}})
	p.show(later(later(f, nil), nil))
	p.sees("Undo? asked")
}

// An answer that never comes keeps nobody: esc closes, and undo stays two keys
// away.
func TestNoAnswer(t *testing.T) {
	p := plain40(t, frameRolling(), "u", "u", "esc")
	p.seesNot("sent, waits", "Undo datahub-gateway")
	p.press("u", "u")
	if len(p.console.asked) != 2 {
		t.Errorf("sent %v", p.console.asked)
	}
	p = plain40(t, frameAsking(), "n", "u")
	p.sees("Undo datahub-gateway")
	p.press("u")
	p.asked(release.Continue{}, release.Undo{Revision: 14})
	p.show(taken(frameAsking(), "id-2")) // the first answer was overtaken
	p.seesNot("sent, waits", "Undo datahub-gateway")
}

// What waits is said where there is no room for a dialog, and under every other.
func TestSentInASmallWindow(t *testing.T) {
	p := plain40(t, frameRolling(), "u", "u")
	for _, size := range [][2]int{{40, 6}, {60, 20}, {100, 30}} {
		p.update(tea.WindowSizeMsg{Width: size[0], Height: size[1]})
		p.sees("sent, waits for the answer", "esc close")
		exact(t, p.model.View().Content, size[0], size[1])
	}
}

// What waits says what was sent, and takes no letters any more.
func TestSentSaysWhat(t *testing.T) {
	p := plain40(t, framePlanned(), "j", "w", `"no scanner"`, "enter")
	p.sees("sent, waits for the answer: waive it", "no scanner")
	p.press(`"xyz"`)
	p.sees("no scanner")
	p.seesNot("xyz")
	plain40(t, frameRolling(), "u", "u").sees("sent, waits for the answer: undo to v2.4.0")
	plain40(t, frameAsking(), "n").seesNot("sent, waits for the answer: undo")
}
