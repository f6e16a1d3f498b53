package ui

import (
	"slices"
	"strings"
	"testing"
	"time"

	"datahub.io/slipway/release"
)

// A canary goes up by a and back by b or u, each in two keys; what is sent is what
// was seen.
func TestCanaryKeys(t *testing.T) {
	for _, test := range []struct {
		name  string
		frame release.Frame
		keys  []string
		want  []release.Intent
	}{
		{"advance", frameCanaryBaked(), []string{"a", "a"}, []release.Intent{release.Advance{}}},
		{"advance by yes", frameCanaryBaked(), []string{"a", "y"}, []release.Intent{release.Advance{}}},
		{"advance left", frameCanaryBaked(), []string{"a", "esc"}, nil},
		{"advance too early", frameCanary(), []string{"a", "a", "y"}, nil},
		{"abort", frameCanary(), []string{"b", "b"}, []release.Intent{release.Abort{}}},
		{"abort by yes", frameCanaryPromoting(), []string{"b", "y"}, []release.Intent{release.Abort{}}},
		{"undo", frameCanary(), []string{"u", "u"}, []release.Intent{release.Undo{}}},
		{"undo from the sheet", frameCanaryFailing(), []string{"u"}, []release.Intent{release.Undo{}}},
		{"undo from another view", frameCanary(), []string{"3", "u", "y"}, []release.Intent{release.Undo{}}},
		{"promote", frameCanaryLast(), []string{"a", `"production"`, "enter"}, []release.Intent{release.Advance{Confirm: "production"}}},
		{"promote untyped", frameCanaryLast(), []string{"a", `"prod"`, "enter"}, nil},
		{"undo while typing", frameCanaryLast(), []string{"a", `"pr"`, "ctrl+z", "u"}, []release.Intent{release.Undo{}}},
		{"hold", frameCanary(), []string{"p", "p"}, []release.Intent{release.Pause{}}},
		{"question", frameCanaryAsking(), []string{"n"}, []release.Intent{release.Continue{}}},
		{"enter on the canary", frameCanaryBaked(), []string{"3", "enter", "a"}, []release.Intent{release.Advance{}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := play(t, test.frame, darkTheme, 120, 40, test.keys...)
			p.asked(test.want...)
			for _, sent := range p.console.asked {
				for _, c := range test.frame.Choices {
					if c.Kind == release.KindOf(sent.intent) && c.OK() && sent.seen != c.Seen {
						t.Errorf("sent %+v, seen was %+v", sent.seen, c.Seen)
					}
				}
			}
		})
	}
}

// A deploy that takes a canary over says so, also with the name typed.
func TestDeployTakesACanaryOver(t *testing.T) {
	f := frameCanaryReady()
	for i, c := range f.Choices {
		if c.Kind == release.DoDeploy {
			f.Choices[i].Intent = release.Deploy{Adopt: true}
		}
	}
	p := play(t, f, darkTheme, 120, 40, "d", `"production"`, "enter")
	p.asked(release.Deploy{Confirm: "production", Adopt: true})
}

// The sheets that a canary opens by itself take no key until none has come for a moment.
func TestCanarySheetsWaitForQuiet(t *testing.T) {
	for name, test := range map[string]struct {
		frame release.Frame
		key   string
		want  release.Intent
	}{
		"budget":   {frameCanaryFailing(), "u", release.Undo{}},
		"question": {frameCanaryAsking(), "n", release.Continue{}},
	} {
		t.Run(name, func(t *testing.T) {
			p := play(t, test.frame, darkTheme, 120, 40)
			p.pace = 100 * time.Millisecond
			p.press(test.key, "y", test.key, "y", test.key)
			p.asked()
			p.sees("opened by itself; keys count in a moment")
			p.show(later(test.frame, nil))
			p.sees("opened by itself; keys up to ", " were ignored")
			p.pace = time.Second
			p.press(test.key)
			p.asked(test.want)
		})
	}
}

func TestCanaryKeysSayWhyNot(t *testing.T) {
	p := play(t, frameCanary(), darkTheme, 120, 40, "a")
	p.sees("a: not before its bake ends, in 1:48")
	p = play(t, frameRolling(), darkTheme, 120, 40, "b")
	p.sees("b: canary steps come with the canary strategy; this release is rolling")
	p = play(t, frameCanaryReturning(), darkTheme, 120, 40, "b")
	p.sees("b: the canary is being taken back already")
}

// A dialog that was read of one canary does not confirm another.
func TestCanaryDialogReadsAgain(t *testing.T) {
	f := frameCanaryBaked()
	p := play(t, f, darkTheme, 120, 40, "a")
	p.show(later(frameCanaryBaked(), func(f *release.Frame) { f.State.View.Canary.UID = "u-9" }))
	p.press("a")
	p.asked()
	p.sees("it moved while you read")
	p.press("a")
	p.asked(release.Advance{})
}

// Its key says the step that it leads to by now, not the one when it was opened.
func TestCanaryDialogOfAnotherStep(t *testing.T) {
	p := play(t, frameCanaryBaked(), darkTheme, 120, 40, "a")
	p.sees("a  advance the canary to 50%")
	p.show(later(frameCanaryBaked(), func(f *release.Frame) {
		run := *f.State.Canary
		run.Step++
		f.State.Canary = &run
	}))
	p.sees("a  advance the canary to 100%")
}

// The countdown of the bake and that of the rollback by itself go by the second.
func TestCanaryCountdowns(t *testing.T) {
	f := frameCanary()
	p := play(t, f, darkTheme, 120, 40)
	p.sees("1:48 left", "bake 3:12 of 5:00")
	f.Now = f.Now.Add(time.Second)
	p.show(refresh(f))
	p.sees("1:47 left", "bake 3:13 of 5:00")
	q := play(t, frameCanaryFailing(), darkTheme, 120, 40)
	q.sees("Rolls back by itself in 0:25 if the next sample fails too", "once seen, canary 4 pods → 0", "the budget resets to 0/3")
}

// What was not seen lately is never drawn as good.
func TestUnseenCanaryIsNotGood(t *testing.T) {
	for _, view := range []string{"1", "3"} {
		p := play(t, frameCanaryUnseen(), darkTheme, 120, 40, view)
		p.sees("? seen 66s ago", "~ stale 70s", "~2", "~ istio 66s")
		for _, r := range p.rows() {
			if strings.Contains(r, "canary") && strings.Contains(r, "✓ live") {
				t.Errorf("view %s: %s", view, r)
			}
		}
	}
}

// The log that l opens is of a failing canary pod.
func TestWorstLogOfACanary(t *testing.T) {
	f := frameCanaryFailing()
	p := play(t, f, darkTheme, 120, 40, "esc", "l")
	if got, want := p.console.followed, f.State.View.Canary.Pods[0].Name; len(got) != 1 || got[0] != want {
		t.Errorf("followed %v, want %s", got, want)
	}
}

// Both versions are listed, sorted and filtered together.
func TestPodsOfBothVersions(t *testing.T) {
	p := play(t, frameCanaryFailing(), darkTheme, 120, 40, "esc", "2")
	p.sees("10, worst first", "canary v2.5.0", "3 canary pods CrashLoopBackOff")
	p.press("/", `"canary"`, "enter")
	p.sees("4 of 10")
}

// Leaving says what stays as it is.
func TestLeavingACanary(t *testing.T) {
	p := play(t, frameCanary(), darkTheme, 120, 40, "q")
	p.sees("the canary keeps 25% of the traffic; nothing is advanced or aborted by itself")
	if said := p.model.Farewell(); !strings.Contains(said, "keeps 25% of the traffic") {
		t.Errorf("said %q", said)
	}
}

// Many steps are cut at their ends, never the current one.
func TestManySteps(t *testing.T) {
	f := frameCanary()
	f.Plan.Canary.Steps = []int{1, 2, 5, 10, 20, 25, 30, 50, 75, 90, 100}
	f.State.Canary.Step = 5
	f = refresh(f)
	for _, size := range sizes {
		p := play(t, f, darkTheme, size[0], size[1])
		p.sees("◐ 25% baking", "…")
	}
}

// Pods alone split the traffic.
func TestCanaryWithoutRoute(t *testing.T) {
	f := frameCanary()
	f.Plan.Canary.Route = ""
	f.State.View.Split = release.Split{}
	p := play(t, refresh(f), darkTheme, 120, 40)
	p.seesNot("istio")
	p.sees("25% canary")
	p.press("3")
	p.sees("pods: no object divides the traffic")
}

// Whatever happens to the text, the screen keeps its size.
func TestHostileCanary(t *testing.T) {
	hostile := "\x1b[2J\x1b]0;owned\a\nline two \u202e宽字 " + strings.Repeat("long ", 40)
	f := frameCanaryFailing()
	w, split := &f.State.View.Canary, &f.State.View.Split
	w.Causes[0].Text, w.Pods[0].Reason, w.Pods[0].Message = hostile, hostile, hostile
	split.Notes, split.Blocked, split.Writer, split.Err = []string{hostile}, []string{hostile}, hostile, hostile
	f.State.Canary.Why, f.State.To.Version, f.State.From.Version = hostile, hostile, hostile
	pair := f.State.View.Judged.Pairs[release.LatencyP95]
	pair.Canary.Err = hostile
	f.State.View.Judged.Pairs[release.LatencyP95] = pair
	f = refresh(f)
	for _, th := range []theme{darkTheme, asciiTheme} {
		for _, keys := range [][]string{{}, {"esc"}, {"esc", "2"}, {"esc", "3"}, {"esc", "3", "G"}, {"esc", "b"}, {"esc", "u"}} {
			p := play(t, f, th, 120, 40, keys...)
			for _, size := range [][2]int{{1, 1}, {30, 5}, {60, 20}, {79, 40}, {80, 24}, {100, 24}, {119, 30}, {120, 40}, {160, 50}} {
				p.model.screen.resize(size[0], size[1])
				exact(t, p.model.View().Content, size[0], size[1])
			}
		}
	}
}

// Where others changed stable an abort leaves that and an undo does not: the row of b
// does not say that u does the same.
func TestUndoIsNotCalledTheSame(t *testing.T) {
	f := frameCanary()
	f.Choices = slices.Clone(f.Choices)
	for i, c := range f.Choices {
		if c.Kind == release.DoUndo && c.Seen.Revision == 0 {
			f.Choices[i].Preview.Change = "stable back to v2.4.0, then " + c.Preview.Change
		}
	}
	for _, width := range []int{60, 80, 120, 160} {
		text := abortRow(newScene(f, asciiTheme.glyphs), asciiTheme, width).plain()
		if strings.Contains(text, "does the same") || strings.HasPrefix(strings.TrimSpace(text), "u b") || !strings.Contains(text, "b ") {
			t.Errorf("%d columns: %q", width, text)
		}
	}
}
