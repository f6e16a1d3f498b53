package ui

import (
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"

	"datahub.io/slipway/release"
)

// known are the keys that help lists, with the numbers that there are no views
// for.
var known = []string{
	"enter", "space", "w", "d", "a", "p", "h", "b", "u", "r", "D", "l", "f", "s", "/", "K", "R", "t", "c", "tab",
	"x", "5", "6", "?", "q", "y", "n", "ctrl+z",
}

// A key that is known answers on every view: it does something, or says why not.
func TestEveryKeyAnswers(t *testing.T) {
	for _, name := range []string{"first", "idle", "rolling", "degraded"} {
		frame := situations[name]
		for _, size := range [][2]int{{80, 24}, {120, 40}} {
			for _, view := range []string{"1", "2", "3", "4", "c"} {
				for _, key := range known {
					if view == "4" && key == "space" {
						continue // it scrolls, where there is more than fits
					}
					p := play(t, frame(), darkTheme, size[0], size[1])
					p.model.screen.overlays = nil // a sheet that opened by itself
					p.model.Update(keyPress(view))
					p.model.screen.notice = ""
					before := p.model.View().Content
					_, cmd := p.model.Update(keyPress(key))
					if p.model.View().Content == before && cmd == nil {
						t.Errorf("%s at %v, view %s: %s answers nothing", name, size, view, key)
					}
				}
			}
		}
	}
}

func TestKeysFromElsewhereSayWhere(t *testing.T) {
	for key, want := range map[string]string{
		"s": "s: sorts pods, in 2 Rollout",
		"f": "f: follows a pod's log: l opens one",
		"/": "/: filters pods in 2 Rollout, lines in 4 Log and in a pod's log",
		"a": "a: canary steps come with the canary strategy; this release is rolling",
		"t": "t: nobody else drives this release",
		"5": "5: there are views 1 to 4",
	} {
		plain40(t, frameRolling(), key).sees(want)
	}
	plain40(t, frameRolling(), "2", "space").sees("space: ticks an item of the checklist")
	plain40(t, frameWatching(), "t").sees("t: a release cannot be taken over yet; you can still undo")
	plain40(t, frameIdle(), "b").sees("b: canary steps come with the canary strategy; releases are rolling here")
}

// Help has every key at every size: what does not fit is scrolled to.
func TestHelpListsEveryKey(t *testing.T) {
	for _, size := range [][2]int{{60, 20}, {80, 24}, {100, 30}, {120, 40}} {
		p := play(t, frameRolling(), darkTheme, size[0], size[1], "?")
		seen := p.screen()
		for range 80 {
			p.press("j")
			seen += p.screen()
		}
		flat := flatten(strings.ReplaceAll(seen, "┃", " "))
		for _, want := range []string{
			"u undo to v2.4.0", "d deploy", "p pause", "h hold", "space tick", "w waive", "x abandon", "a advance", "b abort", "t take over",
			"tab 1..4", "c checklist", "j k", "enter open", "r revisions", "D diff", "l log of", "f follow", "s sort", "/ filter", "K copy",
			"R retry lost links: none is lost", "y n esc", "ctrl+z undo", "? this", "q leave; what goes on", "Kubernetes goes on with",
		} {
			if !strings.Contains(flat, want) {
				t.Errorf("%v: help does not say %q", size, want)
			}
		}
		p.press("k", "g")
		p.sees("Change the release", "esc close")
	}
	plain40(t, frameIdle(), "?").sees("q leave: nothing is under way")
	f := frameDegraded()
	f.State.View.Links[release.Prometheus] = f.State.View.Links[release.Kubernetes]
	plain40(t, refresh(f), "?").sees("R retry lost links now")
}

// A key works on what is on the screen: where there is one column the checklist is a
// view of its own, and the overview ticks and waives nothing of it.
func TestKeysOnlyForWhatIsShown(t *testing.T) {
	f := framePlanned()
	p := play(t, f, darkTheme, 80, 24)
	p.seesNot("space tick", "w waive", "j/k")
	for _, key := range []string{"space", "w"} {
		q := play(t, f, darkTheme, 80, 24, key)
		q.asked()
		q.sees(key + ": ")
		q.sees("an item of the checklist: c goes there")
	}
	before := p.screen()
	if p.press("j", "j", "j"); p.screen() != before {
		t.Error("j moved what is not shown")
	}
	p.press("c")
	p.sees("space tick")
	play(t, f, darkTheme, 120, 40).sees("space tick")
	p.update(tea.WindowSizeMsg{Width: 120, Height: 40})
	p.press("1")
	p.sees("space tick")
}
