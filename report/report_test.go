package report

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"flag"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"datahub.io/slipway/release"
)

var update = flag.Bool("update", false, "rewrite the golden files")

var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

// tale writes a record as a release would.
type tale struct {
	in     Input
	record release.Record
	at     time.Time
	asked  bool
}

var eng = release.Actor{Name: "eng-a", Local: "eng-a@ops-1"}

func newTale() *tale {
	return &tale{at: noon, record: release.Record{
		Format: release.RecordFormat, ID: "20261124T120000Z-1a2b3c4d", Service: "datahub-gateway", Environment: "production", Cluster: "prod-eu",
		Namespace: "datahub-production", Deployment: "datahub-gateway", Phase: release.Planned, Began: noon, By: eng,
		From: release.Target{Version: "v2.4.0", Revision: 14}, To: release.Target{Version: "v2.5.0", Image: "r/datahub-gateway:v2.5.0@sha256:9f3c41d07be2aa11"},
		Items: []release.Item{{ID: "approved", Status: release.Waiting}, {ID: "load", Status: release.Waiting}, {ID: "rolling", Status: release.Waiting}, {ID: "spikes", Status: release.Waiting}},
	}}
}

func (ta *tale) after(d time.Duration, by release.Actor, event string, mark release.Mark, text string, do ...release.Change) *tale {
	ta.at = ta.at.Add(d)
	ta.record.Seq++
	e := release.Entry{Seq: ta.record.Seq, At: ta.at, By: by, Event: event, Effects: do, Tells: []release.Line{{At: ta.at, By: by, Mark: mark, Text: text}}}
	if !ta.asked {
		ta.asked = true
		e.Configured = &release.Configured{
			Items: []release.ConfiguredItem{
				{ID: "approved", Title: "Change request approved", Stage: release.Pre}, {ID: "load", Title: "Load tests passed", Stage: release.Pre},
				{ID: "rolling", Title: "Rolling update in progress", Stage: release.During}, {ID: "spikes", Title: "No error spikes", Stage: release.Post},
			},
			Metrics: []release.ConfiguredMetric{
				{Name: release.ErrorRate, Title: "Error Rate", Unit: release.Ratio, Bound: "Threshold: 0.1%", High: 0.001},
				{Name: release.RequestRate, Title: "Requests/sec", Unit: release.PerSecond, Bound: "Normal: 12,000 ± 50%", Low: 6000, High: 18000},
			},
			OnDeadline: release.Auto, OnMetrics: release.Auto, After: 3, Steps: []int{10, 100}, Bake: 5 * time.Minute,
		}
	}
	for _, c := range do {
		e.Commands = append(e.Commands, "kubectl --context prod-eu -n datahub-production patch virtualservice datahub-gateway -p '[{}]' # "+c.ID)
	}
	e.Record = ta.record
	e.Record.Items = append([]release.Item{}, ta.record.Items...)
	ta.in.Entries = append(ta.in.Entries, e)
	return ta
}

func (ta *tale) item(i int, status release.Status, by release.Actor, text string) {
	item := &ta.record.Items[i]
	item.Status, item.By, item.At = status, by, ta.at
	if status == release.Waived {
		item.Reason = text
	} else {
		item.Evidence = text
	}
}

func weight(id string, from, to int, why string) release.Change {
	return release.Change{ID: id, By: eng, Why: why, Do: release.SetWeight{Object: "virtualservice/datahub-gateway", WeightFrom: from, Weight: to}}
}

// figures are kept from noon on; those of error rise from bad on.
func (ta *tale) figures(until time.Duration, bad time.Duration) {
	for at := time.Duration(0); at < until; at += 5 * time.Second {
		if at >= 23*time.Minute && at < 23*time.Minute+42*time.Second {
			continue
		}
		r := release.Reading{At: noon.Add(at), All: map[release.MetricName]float64{
			release.ErrorRate: 0.0002 + 0.00005*math.Sin(float64(at/time.Second)/40), release.RequestRate: 12000 + 300*math.Sin(float64(at/time.Second)/200),
		}}
		if at > 15*time.Minute && at < 30*time.Minute {
			r.Canary = map[release.MetricName]float64{release.ErrorRate: 0.00025}
		}
		if bad > 0 && at >= bad && at < bad+time.Minute {
			r.All[release.ErrorRate], r.Canary[release.ErrorRate] = 0.004, 0.027
		}
		ta.in.Readings = append(ta.in.Readings, r)
	}
}

func (ta *tale) done() Input {
	ta.in.ID, ta.in.At, ta.in.By = ta.record.ID, noon.Add(2*time.Hour), "eng-b@ops-1"
	ta.in.Verified = Verified{Lines: len(ta.in.Entries), Last: "90c2f7e51ab34d6688d03e7f1c59ba24"}
	return ta.in
}

// begun is what both tales have in common.
func begun() *tale {
	ta := newTale()
	ta.after(0, eng, "intended begin", "", "release v2.4.0 → v2.5.0 planned")
	ta.item(0, release.Passed, eng, "CHG-20418")
	ta.after(2*time.Minute, eng, "intended tick", release.MarkPass, "ticked Change request approved")
	ta.item(1, release.Waived, eng, "the load environment is down until Thursday (INFRA-2291)")
	ta.after(time.Minute, eng, "intended waive", release.MarkWaived, "waived Load tests passed")
	ta.record.Phase = release.Deploying
	ta.record.Canary = &release.CanaryRun{Stage: release.Shifting, Weight: 10}
	ta.after(12*time.Minute, eng, "intended deploy", release.MarkRunning, "weight 0 → 10 on virtualservice/datahub-gateway", weight("c1", 0, 10, ""))
	run := *ta.record.Canary
	run.Stage, run.Live = release.Baking, ta.at.Add(2*time.Second)
	ta.record.Canary = &run
	ta.after(2*time.Second, release.Itself, "observed split", "", "10% of the traffic is on the canary; bakes 5:00")
	p := 0.41
	ta.record.Judging = &release.Judging{Pass: 50, NoData: 8, Compared: []release.ComparedFigure{{
		Metric: release.ErrorRate, Canary: &release.Figure{At: ta.at, Value: 0.00025}, Stable: &release.Figure{At: ta.at, Value: 0.0002}, P: &p,
	}}}
	return ta
}

func good() Input {
	ta := begun()
	ta.after(6*time.Minute, eng, "intended advance", "", "advance canary 10% → 100%", weight("c2", 10, 100, ""))
	ta.record.Phase, ta.record.Canary = release.Verifying, nil
	ta.item(2, release.Passed, release.Itself, "6 of 6 pods on v2.5.0")
	ta.after(10*time.Minute, release.Itself, "observed", release.MarkPass, "Rolling update in progress: 6 of 6 pods on v2.5.0")
	ta.record.Phase = release.Released
	ta.item(3, release.Passed, release.Itself, "peak 0.05%")
	ta.record.Ended = ta.at.Add(4 * time.Minute)
	ta.after(4*time.Minute, release.Itself, "probed spikes", release.MarkPass, "released: v2.5.0, after 35:02")
	ta.figures(40*time.Minute, 0)
	return ta.done()
}

func rolledBack() Input {
	ta := begun()
	ta.record.Phase, ta.record.Auto = release.RollingBack, "canary Error Rate fails in 3 rounds in a row: 2.7% over 0.1%"
	ta.after(8*time.Minute, release.Itself, "compared", release.MarkFail, "abort canary, 10% of the traffic back to stable", weight("c3", 10, 0, ta.record.Auto))
	ta.record.Phase, ta.record.Canary = release.RolledBack, nil
	ta.record.Rollout.Goal, ta.record.Ended = ta.record.From, ta.at.Add(8*time.Second)
	ta.after(8*time.Second, release.Itself, "observed split", release.MarkAttention, "rolled back: all traffic on stable v2.4.0")
	ta.figures(31*time.Minute, 22*time.Minute)
	return ta.done()
}

func samples() map[string]Input { return map[string]Input{"good": good(), "rolled-back": rolledBack()} }

// Both writers say what the record holds, the same each time.
func TestGolden(t *testing.T) {
	for name, in := range samples() {
		for end, text := range map[string][]byte{".md": Build(in).Markdown(), ".html": Build(in).HTML()} {
			path := filepath.Join("testdata", name+end)
			if *update {
				if err := os.WriteFile(path, text, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil || !bytes.Equal(want, text) {
				t.Errorf("%s differs (%v); go test ./report -update rewrites it", path, err)
			}
			if again := map[string][]byte{".md": Build(in).Markdown(), ".html": Build(in).HTML()}[end]; !bytes.Equal(again, text) {
				t.Errorf("%s: another text each time", path)
			}
		}
	}
}

// The first sentences answer: what happened, since when what serves, what it cost, what is
// left to do.
func TestTheSummaryAnswers(t *testing.T) {
	for name, c := range map[string]struct {
		in    Input
		wants []string
	}{
		"good":        {good(), []string{"v2.5.0 was released to production as a canary", "has served all traffic since 12:31:02", "settled at 12:35:02", "requests failed", "Nothing is left to do"}},
		"rolled back": {rolledBack(), []string{"v2.5.0 was rolled back in production by slipway itself", "v2.4.0 has served all traffic since 12:23:10", "requests failed", "begin a new release"}},
	} {
		said := strings.Join(Build(c.in).Summary, " ")
		for _, want := range c.wants {
			if !strings.Contains(said, want) {
				t.Errorf("%s: %q does not say %q", name, said, want)
			}
		}
	}
	without := good()
	without.Readings = nil
	if said := strings.Join(Build(without).Summary, " "); !strings.Contains(said, "What it cost users is not known") || strings.Contains(said, "requests failed") {
		t.Errorf("without figures: %q", said)
	}
	early := good()
	early.Entries = early.Entries[:2]
	rep := Build(early)
	if said := strings.Join(rep.Summary, " "); rep.Outcome != "Not finished" || !strings.Contains(said, "Nothing was deployed") || !strings.Contains(said, "Open: ") {
		t.Errorf("before the deploy: %s: %q", rep.Outcome, said)
	}
}

// A box is ticked only where the item passed; a waiver says who, when and why; not
// reached is not failed.
func TestBoxes(t *testing.T) {
	text := string(Build(rolledBack()).Markdown())
	for _, want := range []string{
		"- [x] Change request approved\n  - 12:00:00 eng-a: CHG-20418\n", "- [ ] Load tests passed\n  - waived by eng-a at 12:02:00: the load environment is down",
		"- [ ] No error spikes\n  - not reached\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in\n%s", want, text)
		}
	}
}

// Acts have one number everywhere, and those close together share one.
func TestActs(t *testing.T) {
	in := good()
	e := in.Entries[5]
	e.Seq, e.At = e.Seq+1, e.At.Add(10*time.Second)
	in.Entries = append(in.Entries[:6:6], append([]release.Entry{e}, in.Entries[6:]...)...)
	rep := Build(in)
	if len(rep.Acts) != 2 || rep.Acts[1].Number != 2 || rep.Commands[len(rep.Commands)-1].Act != 2 {
		t.Errorf("acts %+v, commands %+v", rep.Acts, rep.Commands)
	}
}

// No data is a gap and a band, never a line; the bound lies at 80 % of the height unless
// the peak is higher, and then the peak has its value and time.
func TestPlots(t *testing.T) {
	calm, bad := string(Build(good()).HTML()), string(Build(rolledBack()).HTML())
	if !strings.Contains(calm, `<rect class="nodata"`) {
		t.Error("no band where nothing is known")
	}
	const bound = `<line class="bound" x1="0" x2="100%" y1="38.8"` // 106 - 0.8 * 84
	if !strings.Contains(calm, bound) || strings.Contains(calm, `class="peak"`) {
		t.Error("the bound is elsewhere, or a peak is marked that is within it")
	}
	if !regexp.MustCompile(`class="peak"[^>]*>2.7% at 12:2[23]:[0-9]{2}<`).MatchString(bad) {
		t.Error("the peak beyond the bound has no value and time")
	}
	path := regexp.MustCompile(`<path class="old" d="([^"]*)"`).FindStringSubmatch(calm)
	if path == nil || strings.Count(path[1], "M") != 2 {
		t.Errorf("the curve is drawn across the gap: %v", path)
	}
}

// What strangers wrote is text, in both: it can neither make markup nor end a fence.
func TestTextOfStrangersIsEscaped(t *testing.T) {
	const nasty = "<script>alert(1)</script>\"'><img src=x onerror=y> | `rm` ](http://evil.example) **b**\n```\n# head"
	in := good()
	text, err := json.Marshal(in.Entries)
	if err != nil {
		t.Fatal(err)
	}
	quoted, err := json.Marshal(nasty)
	if err != nil {
		t.Fatal(err)
	}
	for _, harmless := range []string{"CHG-20418", "eng-a", "v2.5.0", "v2.4.0", "Error Rate", "Change request approved", "datahub-gateway", "prod-eu"} {
		text = bytes.ReplaceAll(text, []byte(harmless), quoted[1:len(quoted)-1])
	}
	in.Entries = nil
	if err := json.Unmarshal(text, &in.Entries); err != nil {
		t.Fatal(err)
	}
	in.By, in.ID, in.Verified.Last, in.Verified.Problems = nasty, nasty, nasty, []string{nasty}
	page := string(Build(in).HTML())
	if bad := regexp.MustCompile(`<(script|img)|<[^>]*\s(style|href|src|on[a-z]+)=`).FindString(page); bad != "" {
		t.Errorf("the page has %q", bad)
	}
	wellFormed(t, page)
	inFence := false
	for n, line := range strings.Split(string(Build(in).Markdown()), "\n") {
		if strings.HasPrefix(line, "```") {
			inFence = !inFence
			continue
		}
		switch {
		case inFence && strings.Contains(line, "```"):
			t.Errorf("line %d ends its fence: %s", n+1, line)
		case !inFence && regexp.MustCompile(`(^|[^\\])(<|\]\()`).MatchString(regexp.MustCompile("(^|[^\\\\])`[^`]*`").ReplaceAllString(line, "")):
			t.Errorf("line %d has markup: %s", n+1, line)
		case strings.HasPrefix(line, "# head"):
			t.Errorf("line %d is a heading of theirs", n+1)
		}
	}
	if inFence {
		t.Error("a fence is left open")
	}
}

// wellFormed holds the page against its own tags.
func wellFormed(t *testing.T, page string) {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(regexp.MustCompile(`<!doctype html>|<meta [^>]*>`).ReplaceAllString(page, "")))
	d.Strict, d.Entity = false, xml.HTMLEntity
	depth := 0
	for {
		token, err := d.Token()
		if token == nil {
			if depth != 0 {
				t.Errorf("%d elements are left open: %v", depth, err)
			}
			return
		}
		switch token.(type) {
		case xml.StartElement:
			depth++
		case xml.EndElement:
			depth--
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// The page is one file that loads and runs nothing.
func TestThePageIsAlone(t *testing.T) {
	for name, in := range samples() {
		page := Build(in).HTML()
		if !bytes.Contains(page, []byte(`content="default-src 'none'; style-src 'unsafe-inline'"`)) {
			t.Errorf("%s: no policy", name)
		}
		if bad := regexp.MustCompile(`<script|<link|<img|<iframe|url\(|@import|https?://| style="| on[a-z]+="`).Find(page); bad != nil {
			t.Errorf("%s: it has %q", name, bad)
		}
		if len(page) > 95<<10 {
			t.Errorf("%s: %d bytes", name, len(page))
		}
		wellFormed(t, string(page))
	}
}

// A long release makes no larger a page than a reader can take.
func TestALongReleaseIsBounded(t *testing.T) {
	in := good()
	for i := range 30_000 {
		in.Readings = append(in.Readings, release.Reading{At: noon.Add(time.Hour + time.Duration(i)*5*time.Second), All: map[release.MetricName]float64{release.ErrorRate: float64(i%7) / 1e4}})
	}
	if n := len(Build(in).HTML()); n > 600<<10 {
		t.Errorf("%d bytes", n)
	}
}
