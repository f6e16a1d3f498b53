package release_test

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"datahub.io/slipway/release"
)

// small is a sentence that begins with a plain word in small letters after a full stop.
var small = regexp.MustCompile(`\. [a-z]{2,}[ ,:;.]`)

// wellWritten fails on a headline that is not written as sentences are.
func wellWritten(t interface{ Errorf(string, ...any) }, h release.Headline) {
	for _, text := range []string{h.Strong, h.Rest, h.Short, h.Strong + " " + h.Rest} {
		if strings.Contains(strings.ReplaceAll(text, "...", ""), "..") || small.MatchString(text) {
			t.Errorf("badly written: %q in %+v", text, h)
		}
	}
}

// Whatever a text from elsewhere ends with, and begins with, a headline is well written.
func TestHeadlinesAreSentences(t *testing.T) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	texts := []string{"no route to host.", "it failed", "the release of v2", "v9 was there."}
	for _, phase := range []release.Phase{
		release.Idle, release.Planned, release.Deploying, release.Verifying, release.Released, release.RollingBack, release.RolledBack, release.Abandoned,
	} {
		for _, text := range texts {
			w := newWorld()
			s := w.state
			s.Phase, s.Auto, s.By = phase, text, eng
			s.To, s.From = release.Target{Version: "v2.5.0"}, release.Target{Version: "v2.4.0"}
			s.View.Workload = release.Workload{At: now, Found: true, Desired: 6, Replicas: 6, Updated: 6, Available: 6, Ready: 6}
			plan := w.plan
			wellWritten(t, release.HeadlineOf(plan, s, now))
			s.View.Driver = &release.Driver{Name: text, Version: "v2.5.0"}
			wellWritten(t, release.HeadlineOf(plan, s, now))
			s.View.Links = map[release.Source]release.Link{release.Kubernetes: {OK: true, Last: now}, release.Prometheus: {Err: text, Since: now.Add(-time.Hour)}}
			wellWritten(t, release.HeadlineOf(plan, s, now))
			s.View.Workload.Available, s.View.Workload.Causes = 3, []release.Cause{{Reason: "CrashLoopBackOff", Text: text}}
			wellWritten(t, release.HeadlineOf(plan, s, now))
			if phase != release.Idle {
				s.Held = &release.Hold{Kind: release.HeldByOthers, Reason: text, At: now}
				wellWritten(t, release.HeadlineOf(plan, s, now))
			}
		}
	}
}

// An unfinished release that nobody leads is not said to go on where something else runs.
func TestHeadlineOfWhatWasReplaced(t *testing.T) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	for _, phase := range []release.Phase{release.Deploying, release.Verifying, release.RollingBack} {
		for template, c := range map[string]struct {
			generation int64
			replaced   bool
		}{"a": {5, false}, "b": {5, true}, "before": {3, false}} {
			w := newWorld()
			s := w.state
			s.Phase = phase
			s.To = release.Target{Version: "v2.5.0", Image: "registry/datahub-gateway:v2.5.0", Template: "a"}
			s.Rollout = release.Rollout{Goal: s.To, Generation: 4}
			s.View.Elsewhere = true
			s.View.Workload = release.Workload{
				At: now, Found: true, Generation: c.generation, Observed: c.generation, Desired: 6, Replicas: 6, Updated: 6, Available: 6, Ready: 6, Writer: "kubectl-set",
				Containers: []release.Container{{Name: "gateway", Image: "registry/datahub-gateway:v9.9.1"}}, Template: release.Template{Hash: template},
			}
			h := release.HeadlineOf(w.plan, s, now)
			if said := strings.HasPrefix(h.Strong, "REPLACED  v2.5.0 was replaced by v9.9.1 (kubectl-set)"); said != c.replaced {
				t.Errorf("%s, template %s: %+v", phase, template, h)
			}
			wellWritten(t, h)
		}
	}
}
