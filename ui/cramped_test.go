package ui

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"datahub.io/slipway/release"
)

// frameWarned is a release before its deploy of which everything warns: figures
// out of bounds, and others that may change it back.
func frameWarned() release.Frame {
	f := frameReady()
	managed(&f)
	for name, value := range map[release.MetricName]float64{release.ErrorRate: 0.0062, release.LatencyP95: 0.31} {
		sample := f.State.View.Samples[name]
		sample.Value = value
		f.State.View.Samples[name] = sample
	}
	return refresh(f)
}

// managed has a GitOps controller and a Helm release own the Deployment.
func managed(f *release.Frame) {
	f.State.View.Workload.Managers = []string{"Argo CD application datahub-gateway-production", "Helm release datahub-gateway"}
}

// frameWarnedUndo is a rollout of which everything stands against an undo.
func frameWarnedUndo() release.Frame {
	f := frameRotating()
	managed(&f)
	w := &f.State.View.Workload
	w.Paused, w.Available = true, 3
	f.State.View.Undone = map[string]string{"v2.4.0": "this pod template was rolled back 2 h ago by eng-a: error rate 2.41%, three samples in a row"}
	return refresh(f)
}

// The keys of a dialog are whole however much it has to say and however little
// room there is.
func TestDialogsKeepTheirKeys(t *testing.T) {
	for _, test := range []struct {
		name  string
		frame release.Frame
		keys  []string
		wants []string
	}{
		{"deploy", frameWarned(), []string{"d"}, []string{"type the environment's name", "enter deploys", "esc leave as it is"}},
		{"typed", frameWarned(), []string{"d", `"production"`}, []string{"enter deploy v2.5.0", "esc leave as it is"}},
		{"undo", frameWarnedUndo(), []string{"u"}, []string{"u undo to v2.4.0 or y", "d diff", "esc leave as it is"}},
		{"whole diff", frameWarnedUndo(), []string{"u", "d"}, []string{"u undo to v2.4.0 or y", "d back", "esc leave as it is"}},
	} {
		for _, w := range []int{60, 64, 72, 80} {
			t.Run(fmt.Sprintf("%s-%d", test.name, w), func(t *testing.T) {
				p := play(t, test.frame, darkTheme, w, 20, test.keys...)
				p.sees(test.wants...)
				exact(t, p.model.View().Content, w, 20)
			})
		}
	}
}

// What is new stays in sight while there is no room.
func TestMovedDialogsKeepTheirNote(t *testing.T) {
	p := play(t, frameWarnedUndo(), darkTheme, 60, 20, "u")
	p.show(later(frameWarnedUndo(), edited))
	p.press("u")
	p.asked()
	p.sees("! it moved while you read", "u undo to v2.4.0 or y")
	if n := strings.Count(p.screen(), "…"); n == 0 {
		t.Error("nothing had to be cut: the test shows nothing")
	}
}

// What answers a sheet is named at any width, its logs are not worth a no.
func TestSheetsNameTheirAnswers(t *testing.T) {
	long := func(f release.Frame) release.Frame {
		for i := range f.State.View.Workload.Revisions {
			f.State.View.Workload.Revisions[i].Version += ".10-rc.12-hotfix"
		}
		return refresh(f)
	}
	for _, test := range []struct {
		name  string
		frame release.Frame
		wants []string
	}{
		{"budget", frameFailing(), []string{"or y h hold", "esc hide", "keys count in a moment"}},
		{"budget of a long version", long(frameFailing()), []string{"or y h hold", "esc hide", "keys count in a moment"}},
		{"question", frameAsking(), []string{"or y n no undo", "esc hide", "keys count in a moment"}},
		{"question of a long version", long(frameAsking()), []string{"or y n no undo", "esc hide", "keys count in a moment"}},
		{"return", frameReturned(), []string{"y continue u undo", "esc decide later", "keys count in a moment"}},
		{"lost", later(frameAsking(), func(f *release.Frame) {
			f.State.View.Links[release.Kubernetes] = release.Link{Since: f.Now, Last: f.Now, Err: "i/o timeout"}
		}), []string{"u: API server unreachable", "u not now n no undo"}},
	} {
		for _, w := range []int{60, 62, 66, 80, 100, 120} {
			t.Run(fmt.Sprintf("%s-%d", test.name, w), func(t *testing.T) {
				p := play(t, test.frame, darkTheme, w, 20)
				p.sees(test.wants...)
				if last := len(test.wants) - 1; test.wants[last] == "keys count in a moment" {
					q := play(t, test.frame, darkTheme, w, 20)
					q.show(later(test.frame, nil))
					q.sees(append(slices.Clone(test.wants[:last]), "were ignored")...)
				}
				keys := p.rows()[19]
				for _, want := range []string{"u ", "esc "} {
					if !strings.Contains(keys, want) {
						t.Errorf("the keys are %q", keys)
					}
				}
				if test.name == "budget" && !strings.Contains(keys, "h hold") {
					t.Errorf("the keys are %q", keys)
				}
			})
		}
	}
}
