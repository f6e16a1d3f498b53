package ui

import (
	"fmt"
	"strings"
	"testing"

	"datahub.io/slipway/release"
)

// frameRotating is frameRolling with a second line of difference to undo.
func frameRotating() release.Frame {
	f := frameRolling()
	w := &f.State.View.Workload
	w.Revisions[1].Template = template("v2.4.0", "")
	w.Events = []release.Note{
		{At: at("12:42:50"), Reason: "ScalingReplicaSet", Text: "Scaled down replica set datahub-gateway-7c9f6b4d58 from 5 to 3", Count: 1},
		{At: at("12:42:45"), Reason: "Unhealthy", Object: "-m2v8x", Text: "Readiness probe failed: HTTP probe failed with statuscode: 503", Count: 4},
		{At: at("12:42:44"), Reason: "Created", Object: "-m2v8x", Text: "Created container: gateway", Count: 1},
	}
	return refresh(f)
}

// frameHeld is a release that is held.
func frameHeld(kind release.HoldKind, reason string, by release.Actor) release.Frame {
	f := frameRolling()
	f.State.Held = &release.Hold{Kind: kind, Reason: reason, By: by, At: at("12:43:00")}
	return refresh(f)
}

func frameReturned() release.Frame {
	f := frameHeld(release.HeldOnReturn, "set image gateway v2.4.0 → v2.5.0 was accepted; the rollout was at 0 of 6 when slipway ended", release.Itself)
	f.State.Last = &release.Outcome{ID: "c-1", Kind: release.Accepted, Generation: 43, At: at("12:41:07")}
	return refresh(f)
}

// frameAsking is a release that asks whether to undo.
func frameAsking() release.Frame {
	f := frameFailing()
	f.Plan.Rollback.OnMetrics = release.Ask
	f.State.Told = []release.Trouble{release.Figures}
	f.State.Asking = &release.Question{
		Reason: "Error Rate out of bounds (0.1%) in 3 samples in a row: 12:44:16 0.41%, 12:44:31 0.58%, 12:44:46 0.62%", At: at("12:44:46"),
	}
	run := f.State.View.Failing[release.ErrorRate]
	run.Count = 3
	f.State.View.Failing[release.ErrorRate] = run
	return refresh(f)
}

// frameBlind is a release that asks whether to go on without figures.
func frameBlind() release.Frame {
	f := frameRolling()
	f.State.View.Samples = testSamples(at("12:40:42"), at("12:40:42"))
	f.State.View.Links[release.Prometheus] = release.Link{Since: at("12:40:45"), Last: at("12:40:42"), Err: "connection refused"}
	f.State.Told = []release.Trouble{release.Blindness}
	f.State.Asking = &release.Question{
		Trouble: release.Blindness, At: at("12:43:12"),
		Reason: "nothing to judge by for 2:00: Error Rate (stale 2:30), Latency P95 (stale 2:30)",
	}
	return refresh(f)
}

// framePodLog is frameFailing with the log of its worst pod.
func framePodLog() release.Frame {
	f := frameFailing()
	name := f.State.View.Workload.Pods[0].Name
	f.State.View.Workload.Events = append([]release.Note{
		{At: at("12:44:40"), Reason: "BackOff", Object: release.PodSuffix(name), Text: "Back-off restarting failed container gateway", Count: 7},
	}, f.State.View.Workload.Events...)
	lines := []string{}
	for i := range 40 {
		lines = append(lines, fmt.Sprintf("12:44:%02d level=info msg=\"dial redis\" try=%d host=redis-b", i%40, i+1))
	}
	f.Logs = release.PodLog{Pod: name, At: at("12:44:40"), Lines: append(lines, "panic: dial redis: lookup redis-b: no such host")}
	return f
}

// frameMany is a rollout of some hundred pods.
func frameMany() release.Frame {
	f := frameRolling()
	w := &f.State.View.Workload
	w.Desired, w.Replicas, w.Updated, w.Available, w.Ready = 240, 300, 160, 200, 200
	w.Pods = nil
	for i := range 300 {
		state, n, version := release.PodServing, int64(14), "v2.4.0"
		if i < 160 {
			n, version = 15, "v2.5.0"
		}
		if i < 60 {
			state = release.PodStarting
		}
		w.Pods = append(w.Pods, pod(fmt.Sprintf("p%04d", i), version, n, state, at("12:42:00")))
	}
	return refresh(f)
}

func TestScreens(t *testing.T) {
	for _, test := range []struct {
		name  string
		frame release.Frame
		keys  string
	}{
		{"undo", frameRotating(), "u"},
		{"undo-whole", frameRotating(), "u d"},
		{"undo-watching", frameWatching(), "u"},
		{"undo-returning", frameReturning(), "u"},
		{"history-returning", frameReturning(), "r"},
		{"deploy", frameReady(), "d"},
		{"deploy-typing", frameReady(), `d "produc"`},
		{"deploy-typed", frameReady(), `d "production"`},
		{"window", frameClosed(), ""},
		{"window-deploy", frameClosed(), "d"},
		{"window-waive", frameClosed(), `d "INC-884: leaked keys, rotation cannot wait until Monday"`},
		{"action", frameAction(false), ""},
		{"action-run", frameAction(false), "space"},
		{"action-running", frameAction(true), ""},
		{"action-cancel", frameAction(true), "space"},
		{"begin", frameIdle(), `d "v2.5"`},
		{"waive", framePlanned(), `j j w "scanner is down, INC-902"`},
		{"tick", framePlanned(), "j j space"},
		{"pause", frameRolling(), "p"},
		{"hold", frameRolling(), "h"},
		{"continue", frameHeld(release.HeldByHand, "held by hand", engA), "h"},
		{"others", frameHeld(release.HeldByOthers, "wanted v2.5.0, now it runs v2.5.0 with another pod template (\"kubectl edit\")", release.Itself), "h"},
		{"abandon", frameRolling(), "x"},
		{"leave", frameRolling(), "q"},
		{"help", frameRolling(), "?"},
		{"returned", frameReturned(), ""},
		{"asking", frameAsking(), ""},
		{"budget", frameFailing(), ""},
		{"blind", frameBlind(), ""},
		{"rollout", frameRotating(), "2"},
		{"rollout-failing", frameFailing(), "esc 2"},
		{"rollout-filter", frameFailing(), `esc 2 / "v2.4"`},
		{"rollout-many", frameMany(), "2"},
		{"rollout-degraded", frameDegraded(), "2"},
		{"history", frameRotating(), "3"},
		{"history-older", frameRotating(), "3 j"},
		{"log", frameRotating(), "4"},
		{"pod", framePodLog(), "esc l"},
		{"canary", frameCanary(), "3"},
		{"canary-failing", frameCanaryFailing(), "esc 3"},
		{"canary-down", frameCanaryFailing(), "esc 3 G"},
		{"canary-none", frameCanaryReady(), "3"},
		{"canary-promoting", frameCanaryPromoting(), "3"},
		{"canary-aborted", frameCanaryAborted(), "3"},
		{"canary-unseen", frameCanaryUnseen(), "3"},
		{"canary-rollout", frameCanaryFailing(), "esc 2"},
		{"canary-budget", frameCanaryFailing(), ""},
		{"canary-asking", frameCanaryAsking(), ""},
		{"canary-advance", frameCanaryBaked(), "a"},
		{"canary-promote", frameCanaryLast(), `a "produc"`},
		{"canary-abort", frameCanary(), "b"},
		{"canary-undo", frameCanary(), "u"},
		{"canary-pause", frameCanary(), "p"},
		{"canary-leave", frameCanary(), "q"},
		{"canary-help", frameCanary(), "?"},
		{"canary-deploy", frameCanaryReady(), "d"},
		{"canary-history", frameCanary(), "4"},
		{"canary-returned", frameCanaryReturned(), ""},
		{"canary-held", frameCanaryHeld(), "p"},
		{"canary-stray", frameCanaryStray(), ""},
		{"canary-stray-view", frameCanaryStray(), "3"},
	} {
		for _, size := range sizes {
			w, h := size[0], size[1]
			t.Run(fmt.Sprintf("%s-%dx%d", test.name, w, h), func(t *testing.T) {
				keys := strings.Fields(quoted(test.keys))
				if oneColumn(w) && strings.HasPrefix(test.keys, "j") {
					keys = append([]string{"c"}, keys...) // the items are a view of their own there
				}
				p := play(t, test.frame, darkTheme, w, h, keys...)
				compare(t, t.Name(), p.model.View().Content, w, h)
			})
		}
	}
}

func TestScreensLooks(t *testing.T) {
	for name, th := range map[string]theme{
		"light": lightTheme, "sixteen": ansiTheme, "nocolour": newTheme(true, noColour, false), "ascii": asciiTheme,
	} {
		for _, screen := range []struct {
			name  string
			frame release.Frame
			keys  string
		}{
			{"undo", frameRotating(), "u"},
			{"asking", frameAsking(), ""},
			{"help", frameRolling(), "?"},
			{"rollout", frameFailing(), "esc 2"},
			{"history", frameRotating(), "3"},
			{"deploy", frameReady(), `d "prod"`},
		} {
			t.Run(screen.name+"-"+name, func(t *testing.T) {
				p := play(t, screen.frame, th, 100, 30, strings.Fields(quoted(screen.keys))...)
				compare(t, t.Name(), p.model.View().Content, 100, 30)
			})
		}
	}
}

// The way back begins while the dialog is open.
func TestUndoTurnsReturning(t *testing.T) {
	for _, size := range append(sizes, [2]int{48, 12}) {
		t.Run(fmt.Sprintf("%dx%d", size[0], size[1]), func(t *testing.T) {
			p := play(t, frameRolling(), darkTheme, size[0], size[1], "u")
			p.show(later(frameReturning(), nil))
			compare(t, t.Name(), p.model.View().Content, size[0], size[1])
		})
	}
}

// What u says where there is no room for a dialog.
func TestUndoInASmallWindow(t *testing.T) {
	for _, size := range [][2]int{{48, 12}, {40, 6}, {24, 5}} {
		t.Run(fmt.Sprintf("%dx%d", size[0], size[1]), func(t *testing.T) {
			p := play(t, frameRolling(), darkTheme, size[0], size[1], "u")
			compare(t, t.Name(), p.model.View().Content, size[0], size[1])
		})
	}
}

// quoted keeps the spaces inside quotes when keys are split.
func quoted(keys string) string {
	parts := strings.Split(keys, `"`)
	for i := 1; i < len(parts); i += 2 {
		parts[i] = `"` + strings.ReplaceAll(parts[i], " ", "␣") + `"`
	}
	return strings.Join(parts, "")
}
