package ui

import (
	"strings"
	"testing"
	"time"

	"datahub.io/slipway/release"
)

var situations = map[string]func() release.Frame{
	"first": frameFirst, "idle": frameIdle, "planned": framePlanned, "ready": frameReady, "rolling": frameRolling,
	"failing": frameFailing, "degraded": frameDegraded, "released": frameReleased,
	"returning": frameReturning, "watching": frameWatching,
	"canary": frameCanary, "canary-failing": frameCanaryFailing, "canary-creating": frameCanaryCreating, "canary-last": frameCanaryLast,
	"canary-promoting": frameCanaryPromoting, "canary-returning": frameCanaryReturning, "canary-aborted": frameCanaryAborted,
	"canary-unseen": frameCanaryUnseen, "canary-ready": frameCanaryReady,
	"canary-held": frameCanaryHeld, "canary-stray": frameCanaryStray,
}

// At any size, every situation fills the screen exactly, and u and the headline
// are never dropped.
func TestEverySizeIsExact(t *testing.T) {
	for name, frame := range situations {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sc := newScene(frame(), darkTheme.glyphs)
			for w := 1; w <= 170; w += 13 {
				for h := 1; h <= 60; h += 5 {
					s := newScreen(w, h)
					s.arrange(sc.Plan)
					for at := range s.views {
						s.at = at
						b := s.draw(sc, darkTheme)
						if len(b) != h {
							t.Fatalf("%d×%d, view %d: %d rows", w, h, at, len(b))
						}
						for i, r := range b {
							if r.width() != w {
								t.Fatalf("%d×%d, view %d: row %d is %d wide: %q", w, h, at, i+1, r.width(), r.plain())
							}
						}
						if tooSmall(w, h) {
							continue
						}
						if undo := b[h-2].plain(); !wayBack(undo) {
							t.Fatalf("%d×%d, view %d: the row above the keys is %q", w, h, at, undo)
						}
						if keys := b[h-1].plain(); !strings.HasPrefix(strings.TrimLeft(keys, " "), "u undo") || !strings.Contains(keys, "q leave") {
							t.Fatalf("%d×%d, view %d: the keys are %q", w, h, at, keys)
						}
					}
				}
			}
		})
	}
}

// wayBack tells whether a row says where u goes: by u, or of a canary by b, of which
// it says that u does the same.
func wayBack(row string) bool {
	row = strings.TrimSpace(row)
	return strings.HasPrefix(row, "u  ") || strings.HasPrefix(row, "u b  ") ||
		strings.HasPrefix(row, "b  ") && strings.HasSuffix(row, "u does the same")
}

// In ASCII nothing is left for the last line of defence, which knows no words.
func TestASCIIIsSpelled(t *testing.T) {
	for name, frame := range situations {
		sc := newScene(frame(), asciiTheme.glyphs)
		for _, size := range sizes {
			s := newScreen(size[0], size[1])
			s.arrange(sc.Plan)
			for at := range s.views {
				s.at = at
				for i, r := range s.draw(sc, asciiTheme) {
					for _, c := range shorthand.Replace(r.plain()) {
						if c > 0x7e {
							t.Errorf("%s %v view %d row %d: %q in %q", name, size, at, i+1, c, r.plain())
						}
					}
				}
			}
		}
	}
}

// Spelling a scene in ASCII leaves the frame that others hold as it was.
func TestSpellingCopies(t *testing.T) {
	f := frameFailing()
	newScene(f, asciiGlyphs)
	if got := f.Activity[2].Text; !strings.Contains(got, "→") {
		t.Errorf("the frame's activity was rewritten: %q", got)
	}
	if got := f.State.View.Workload.Causes[1].Text; !strings.Contains(got, "→") {
		t.Errorf("the frame's causes were rewritten: %q", got)
	}
}

// A state is never told by colour alone: without colour the screens differ.
func TestStatesDifferWithoutColour(t *testing.T) {
	seen := map[string]string{}
	for name, frame := range situations {
		text := drawn(frame(), newTheme(true, noColour, false), 80, 24, nil)
		if other, twice := seen[text]; twice {
			t.Errorf("%s and %s look the same without colour", name, other)
		}
		seen[text] = name
		if strings.Contains(text, "\x1b[3") || strings.Contains(text, "\x1b[4") && !strings.Contains(text, "\x1b[4m") {
			t.Errorf("%s has colour in it", name)
		}
	}
}

func TestMetricBounds(t *testing.T) {
	judge := func(v float64) release.Judgement {
		plan := testPlan()
		view := release.View{Samples: map[release.MetricName]release.Sample{
			release.ErrorRate: {Metric: release.ErrorRate, At: at("12:00:00"), Value: v},
		}}
		return release.Judge(plan, view, plan.Metrics[0], at("12:00:01"))
	}
	for _, test := range []struct {
		value float64
		want  string
	}{
		{0, "........|."},
		{0.00001, "#.......|."}, // anything above zero gets a cell
		{0.0005, "####....|."},
		{0.001, "########|."}, // the bound itself passes
		{0.0012, "########|#"},
		{0.01, "########|>"}, // beyond the scale
	} {
		if got := metricBar(judge(test.value)).draw(asciiTheme, 10).plain(); got != test.want {
			t.Errorf("%v: %s, want %s", test.value, got, test.want)
		}
	}
}

func TestSparklineNeverAveragesAnIncidentAway(t *testing.T) {
	plan := testPlan()
	j := release.Judge(plan, release.View{}, plan.Metrics[0], at("12:10:00"))
	points := make([]release.Point, 0, 40)
	for i := range 40 {
		p := release.Point{At: at("12:00:10").Add(sparkSpan / 40 * time.Duration(i)), Value: 0.0001}
		if i == 20 {
			p.Value = 0.003
		}
		points = append(points, p)
	}
	got := darkTheme.sparkline(j, points, at("12:10:00"), at("12:09:59"), 10)
	if got.plain() != "▁▁▁▁▁█▁▁▁┊" {
		t.Errorf("%s", got.plain())
	}
	if gone := darkTheme.sparkline(j, points[:20], at("12:10:00"), at("11:00:00"), 10).plain(); gone != "▁▁▁▁▁╌╌╌╌╌" {
		t.Errorf("no data is drawn as %s", gone)
	}
}
