package ui

import (
	"strings"
	"testing"

	"datahub.io/slipway/release"
)

// frameAskingLong asks with everything that there can be to say.
func frameAskingLong() release.Frame {
	f := frameWarnedUndo()
	f.State.View.Workload.Pods = frameFailing().State.View.Workload.Pods
	f.State.View.Workload.Causes = frameFailing().State.View.Workload.Causes
	f.State.Asking = &release.Question{
		Reason: "no progress for 5:00 (ProgressDeadlineExceeded): 2 pods CrashLoopBackOff, exit 1: panic: dial redis: lookup redis-b.datahub-production.svc.cluster.local: no such host, and 3 pods not ready", At: at("12:43:01"),
	}
	return refresh(f)
}

// frameBudgetLong is the last sample before an undo by itself, with a warning.
func frameBudgetLong() release.Frame {
	f := frameFailing()
	managed(&f)
	return refresh(f)
}

// overlays are the keys that open each of them, on a frame that has much to say.
var overlays = map[string]struct {
	frame func() release.Frame
	keys  string
}{
	"question":   {frameAskingLong, ""},
	"budget":     {frameBudgetLong, ""},
	"return":     {frameReturned, ""},
	"deploy":     {frameWarned, "d"},
	"begin":      {frameIdle, "d"},
	"undo":       {frameWarnedUndo, "u"},
	"whole diff": {frameWarnedUndo, "u d"},
	"no undo":    {frameRolling, "u"}, // and then the way back begins
	"waive":      {framePlanned, "j w"},
	"tick":       {framePlanned, "j j space"},
	"pause":      {frameRolling, "p"},
	"hold":       {frameRolling, "h"},
	"continue":   {frameAskingLong, "esc h"},
	"abandon":    {frameRolling, "x"},
	"leave":      {frameRolling, "q"},
	"help":       {frameWarned, "?"},
	"pod":        {framePodLog, "esc l"},

	"canary budget":   {frameCanaryFailing, ""},
	"canary question": {frameCanaryAsking, ""},
	"canary advance":  {frameCanaryBaked, "a"},
	"canary promote":  {frameCanaryLast, "a"},
	"canary abort":    {frameCanary, "b"},
	"canary undo":     {frameCanary, "u"},
	"canary undone":   {frameCanaryPromoting, "u"},
	"canary hold":     {frameCanary, "p"},
	"canary leave":    {frameCanary, "q"},
	"canary help":     {frameCanary, "?"},
	"canary deploy":   {frameCanaryReady, "d"},
	"canary log":      {frameCanaryFailing, "esc l"},
}

var (
	manyWidths  = []int{24, 59, 60, 63, 80, 99, 100, 106, 120, 170}
	manyHeights = []int{1, 13, 19, 20, 21, 24, 28, 40}
)

// Whatever lies on a screen, it fills it exactly, the headline stays, and what a
// sheet leaves of the overview are the six panels.
func TestEverySizeIsExactUnderOverlays(t *testing.T) {
	for name, test := range overlays {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := play(t, test.frame(), darkTheme, 120, 40, strings.Fields(test.keys)...)
			if name == "no undo" {
				p.show(later(frameReturning(), nil))
			}
			s, sc := &p.model.screen, p.model.scene
			if s.top() == nil {
				t.Fatal("nothing is open")
			}
			for _, w := range manyWidths {
				for _, h := range manyHeights {
					for at := -1; at < len(s.views); at++ {
						s.resize(w, h)
						s.at, s.onList = max(at, 0), at < 0
						overlaid(t, s, sc)
					}
				}
			}
		})
	}
}

func overlaid(t *testing.T, s *screen, sc scene) {
	t.Helper()
	s.notice = ""
	b := s.draw(sc, darkTheme)
	if len(b) != s.h {
		t.Fatalf("%d×%d, %s: %d rows", s.w, s.h, s.current().title(), len(b))
	}
	for i, r := range b {
		if r.width() != s.w {
			t.Fatalf("%d×%d, %s: row %d is %d wide: %q", s.w, s.h, s.current().title(), i+1, r.width(), r.plain())
		}
	}
	if tooSmall(s.w, s.h) {
		return
	}
	used, _ := margins(s.w)
	if want := s.headline(sc, darkTheme, used).plain(); strings.TrimSpace(b[2].plain()) != strings.TrimSpace(want) {
		t.Fatalf("%d×%d, %s: the headline is %q, want %q", s.w, s.h, s.current().title(), b[2].plain(), want)
	}
	if keys := b[s.h-1].plain(); !strings.Contains(keys, "esc ") {
		t.Fatalf("%d×%d, %s: the keys are %q", s.w, s.h, s.current().title(), keys)
	}
	screen := ""
	for _, r := range b {
		screen += r.plain() + "\n"
	}
	if s.top().docked() && s.at == 0 && (!s.onList || !oneColumn(s.w)) {
		for _, panel := range []string{"Pod Status", "Error Rate", "Latency P95", "Requests/sec", "Memory Usage", "CPU Usage"} {
			if !strings.Contains(screen, panel) {
				t.Fatalf("%d×%d: no panel %s:\n%s", s.w, s.h, panel, screen)
			}
		}
	}
	row := b[s.h-2].plain()
	if said := wayBack(row) && !s.typing(sc) || strings.HasPrefix(strings.TrimSpace(row), "ctrl+z ") && s.typing(sc); !s.top().docked() && !said {
		t.Fatalf("%d×%d, %s: the row above the keys is %q", s.w, s.h, s.current().title(), b[s.h-2].plain())
	}
}
