package ui

import (
	"slices"
	"testing"

	"datahub.io/slipway/release"
)

func TestPodLogFollows(t *testing.T) {
	f := framePodLog()
	name := f.Logs.Pod
	p := plain40(t, f, "esc", "l")
	if want := []string{name}; !slices.Equal(p.console.followed, want) {
		t.Fatalf("followed %v, want %v", p.console.followed, want)
	}
	p.sees("redis-b: no such host", "following")
	p.press("k", "k")
	p.sees("2 newer lines below")
	p.seesNot("redis-b: no such host")
	p.press("f")
	p.sees("redis-b: no such host")
	p.press("/", `"TRY=7 "`, "enter")
	p.sees("try=7 host")
	p.seesNot("try=8 host")
	p.press("esc", "tab", "esc")
	next := f.State.View.Workload.Pods[1].Name
	if want := []string{name, next, ""}; !slices.Equal(p.console.followed, want) {
		t.Errorf("followed %v, want %v", p.console.followed, want)
	}
}

func TestPodSelectionStaysWithThePod(t *testing.T) {
	f := frameRolling()
	p := plain40(t, f, "2", "j", "j")
	p.sees("look at pod -tb4lk")
	p.show(later(f, func(f *release.Frame) {
		pods := slices.Clone(f.State.View.Workload.Pods)
		pods[0], pods[2] = pods[2], pods[0]
		f.State.View.Workload.Pods = pods
	}))
	p.sees("look at pod -tb4lk")
	p.press("enter")
	if want := []string{"datahub-gateway-5d8f7c9b64-tb4lk"}; !slices.Equal(p.console.followed, want) {
		t.Errorf("opened %v, want %v", p.console.followed, want)
	}
}

func TestPodsSortAndFilter(t *testing.T) {
	p := plain40(t, frameRolling(), "2", "s")
	p.sees("s: newest first")
	p.press("/", `"u q v2.4.0"`)
	p.sees("0 of 9")
	p.press("esc", "/", `"v2.4.0"`, "enter")
	p.sees("4 of 9", "/ v2.4.0")
	p.asked()
	if p.quit {
		t.Error("a letter of the filter was taken for a key")
	}
	p.press("esc")
	p.sees("9, newest first")
}

func TestHistoryDiff(t *testing.T) {
	p := plain40(t, frameRolling(), "3", "j")
	p.sees("now 15 → 13", "D against 14")
	p.press("D")
	p.sees("14 → 13", "D against now")
}

// A revision is never compared with itself.
func TestHistoryDiffOfWhereUndoGoes(t *testing.T) {
	f := frameRolling()
	p := plain40(t, f, "3")
	p.sees("now 15 → 14", "undo to revision 14")
	p.press("D")
	p.sees("D: revision 14 is where u goes; it is compared with what runs now", "now 15 → 14", "v2.4.0")
	p.seesNot("the pod templates are equal", "D against")
	p.press("k")
	p.sees("14 → 15", "KEY_ROTATION")
	p.press("D")
	p.sees("D: revision 15 is what runs now; it is compared with where u goes", "14 → 15")
	p = plain40(t, f, "3", "j", "D", "k")
	p.sees("now 15 → 14")
	p.seesNot("the pod templates are equal")

	f.State.View.Workload.Revisions = f.State.View.Workload.Revisions[:1]
	f.State.From = release.Target{}
	p = plain40(t, refresh(f), "3", "D")
	p.sees("D: revision 15 is what runs now, and u goes nowhere", "nothing to compare with")
}

func TestLogFilter(t *testing.T) {
	p := plain40(t, frameRolling(), "4", "/", `"eng-b"`, "enter")
	p.sees("1 of 7 lines", "CR-2201")
	p.seesNot("set image gateway")
}

// Text from elsewhere cannot move the cursor, and no size breaks a screen.
func TestEverySizeOfEveryScreen(t *testing.T) {
	hostile := "\x1b[2J\x1b]0;owned\a\nline two \u202e宽字"
	f := framePodLog()
	w := &f.State.View.Workload
	w.Pods[0].Reason, w.Pods[0].Message, w.Pods[0].Node = hostile, hostile, hostile
	w.Causes[0].Text, w.Events[0].Text, w.Revisions[1].Cause = hostile, hostile, hostile
	f.Logs.Lines = append(f.Logs.Lines, hostile)
	f.Activity = append(f.Activity, release.Line{Seq: 99, At: f.Now, By: engB, Mark: release.MarkFail, Text: hostile})
	f = refresh(f)
	asking, returned := frameAsking(), frameReturned()
	for name, screen := range map[string]struct {
		frame release.Frame
		keys  []string
	}{
		"budget": {f, nil}, "undo": {f, []string{"esc", "u"}}, "diff": {f, []string{"esc", "u", "d"}}, "help": {f, []string{"esc", "?"}},
		"pod": {f, []string{"esc", "l"}}, "rollout": {f, []string{"esc", "2", "/"}}, "history": {f, []string{"esc", "3"}}, "log": {f, []string{"esc", "4"}},
		"leave": {f, []string{"esc", "q"}}, "pause": {f, []string{"esc", "p"}}, "asking": {asking, nil}, "returned": {returned, nil},
		"deploy": {frameReady(), []string{"d"}}, "begin": {frameIdle(), []string{"d"}}, "waive": {framePlanned(), []string{"j", "w"}},
		"first rollout": {frameFirst(), []string{"2"}}, "first history": {frameFirst(), []string{"3"}}, "first log": {frameFirst(), []string{"4"}},
		"first help": {frameFirst(), []string{"?"}},
	} {
		for _, th := range []theme{darkTheme, asciiTheme} {
			p := play(t, screen.frame, th, 120, 40, screen.keys...)
			for _, size := range [][2]int{{1, 1}, {3, 2}, {10, 3}, {30, 5}, {59, 19}, {60, 20}, {61, 21}, {72, 22}, {79, 40}, {99, 20}, {100, 24}, {119, 30}, {160, 50}, {230, 70}} {
				p.model.screen.resize(size[0], size[1])
				t.Run(name, func(t *testing.T) { exact(t, p.model.View().Content, size[0], size[1]) })
			}
		}
	}
}
