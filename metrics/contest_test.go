package metrics

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"datahub.io/slipway/release"
)

// The queries of the tests, as they are asked for v2.5.0 and v2.4.0.
const (
	canaryM      = `m{v=~"v2[.]5[.]0"}`
	stableM      = `m{v=~"v2[.]4[.]0"}`
	freshCanaryM = `label_replace(max(timestamp(` + canaryM + `)), "of", "0", "", "")`
	freshStableM = `label_replace(max(timestamp(` + stableM + `)), "of", "0", "", "")`
)

func rivals(o *Options) {
	o.Versus = []Versus{{Metric: release.ErrorRate, Canary: `m{v=~"{version}"}`, Stable: `m{v=~"{version}"}`, Trial: true}}
}

func matrix(from time.Time, step time.Duration, values ...string) string {
	var list []string
	for i, v := range values {
		list = append(list, fmt.Sprintf(`[%.3f,"%s"]`, float64(from.Add(time.Duration(i)*step).UnixMilli())/1000, v))
	}
	return `{"resultType":"matrix","result":[{"metric":{},"values":[` + strings.Join(list, ",") + `]}]}`
}

func (p *prometheus) rangesOf(query string) []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.ranges[query])
}

// served makes a Prometheus that has the whole service and both versions, scraped
// then.
func served(t *testing.T, now, scraped time.Time) *prometheus {
	p := newPrometheus(t)
	p.set(map[string]string{
		"m": vector(now, "0.1"), freshM: scrapedAt(now, scraped),
		canaryM: vector(now, "0.5"), freshCanaryM: scrapedAt(now, scraped),
		stableM: vector(now, "0.2"), freshStableM: scrapedAt(now, scraped.Add(-time.Second)),
	})
	return p
}

func anyPair(release.Compared) bool { return true }

// While something is compared each round has the figures of both, right behind
// those of the service; before and after it nothing is asked about them.
func TestCompare(t *testing.T) {
	now := time.Now().Truncate(time.Millisecond)
	scraped := now.Add(-3 * time.Second)
	p := served(t, now, scraped)
	p.set(map[string]string{
		"range " + canaryM: matrix(now.Add(-11*time.Minute), 4*time.Minute, "7", "NaN", "3"),
		"range " + stableM: `!500 oops`,
	})
	c := client(t, p.URL, rivals)
	events, series := watch(t, c)
	go drop(series, t.Context().Done())
	for range 3 {
		until(t, events, func(release.Sampled) bool { return true })
	}
	if n := p.count(canaryM) + p.count(stableM) + p.count(freshCanaryM); n != 0 {
		t.Errorf("asked %d times before anything is compared", n)
	}

	of := release.Comparing{On: true, Since: now, Canary: "v2.5.0", Stable: "v2.4.0"}
	c.Compare(of)
	pairs := until(t, events, anyPair).Pairs
	if len(pairs) != 1 {
		t.Fatalf("%+v", pairs)
	}
	pair := pairs[0]
	if pair.Metric != release.ErrorRate || pair.Canary.Value != 0.5 || !pair.Canary.At.Equal(scraped) || pair.Stable.Value != 0.2 || !pair.Stable.At.Equal(scraped.Add(-time.Second)) {
		t.Errorf("%+v", pair)
	}
	if pair.Canary.Err+pair.Stable.Err != "" || pair.Canary.Metric != release.ErrorRate || pair.Trial.N != 0 {
		t.Errorf("%+v", pair)
	}
	full := until(t, events, func(e release.Compared) bool { return len(e.Pairs[0].Past.Canary) > 1 }).Pairs[0].Past
	if len(full.Canary) != 2 || full.Canary[0].Value != 3 || full.Canary[1].Value != 0.5 || len(full.Stable) != 1 {
		t.Errorf("ten minutes, without what is no number: %+v", full)
	}
	full.Canary[0].Value = 99
	if again := until(t, events, anyPair).Pairs[0].Past.Canary; again[0].Value != 3 {
		t.Errorf("the receiver's change came back: %+v", again)
	}
	if n := p.count("range " + canaryM); n != 1 {
		t.Errorf("the values from before were asked for %d times", n)
	}
	if got := <-events; fmt.Sprintf("%T", got) != "release.Linked" {
		t.Errorf("after Compared: %T", got)
	}
	if got := <-events; fmt.Sprintf("%T", got) != "release.Sampled" {
		t.Errorf("then: %T", got)
	}
	if got := <-events; fmt.Sprintf("%T", got) != "release.Compared" {
		t.Errorf("right behind it: %T", got)
	}

	// A version that is no longer scraped keeps its last figure, and ages; one whose
	// query fails says so, and only that one.
	p.set(map[string]string{freshCanaryM: vector(now), canaryM: vector(now), stableM: vector(now, "NaN")})
	pair = until(t, events, func(e release.Compared) bool { return e.Pairs[0].Stable.Err != "" }).Pairs[0]
	if pair.Canary.Value != 0.5 || !pair.Canary.At.Equal(scraped) || !strings.Contains(pair.Stable.Err, "NaN") {
		t.Errorf("%+v", pair)
	}

	c.Compare(release.Comparing{})
	until(t, events, func(release.Sampled) bool { return true })
	until(t, events, func(release.Sampled) bool { return true })
	asked := p.count(canaryM)
	for range 3 {
		select {
		case e := <-events:
			if _, is := e.(release.Compared); is {
				t.Error("compared after the end")
			}
		case <-time.After(10 * time.Second):
			t.Fatal("nothing comes")
		}
	}
	until(t, events, func(release.Sampled) bool { return true })
	if n := p.count(canaryM); n != asked {
		t.Error("asked after the end")
	}
}

// A trial has the windows since the comparison began, whole ones only, and is made
// again when there is one more.
func TestTrialOfWindows(t *testing.T) {
	now := time.Now().Truncate(time.Millisecond)
	since := now.Add(-4*time.Minute - 30*time.Second)
	p := served(t, now, now)
	windows := func(query string, values ...string) string {
		p.set(map[string]string{"windows of range " + query: matrix(since.Add(time.Minute), time.Minute, values...)})
		return "windows of range " + query
	}
	ofCanary, ofStable := windows(canaryM, "5", "6", "NaN", "8"), windows(stableM, "1", "2", "3", "4")
	c := client(t, p.URL, rivals)
	events, series := watch(t, c)
	go drop(series, t.Context().Done())
	c.Compare(release.Comparing{On: true, Since: since, Canary: "v2.5.0", Stable: "v2.4.0"})

	first := until(t, events, func(e release.Compared) bool { return e.Pairs[0].Trial.N > 0 }).Pairs[0].Trial
	if want := (release.Trial{N: 3, M: 4, P: first.P, Canary: 6, Stable: 2.5}); first != want || first.P < 1.0/35-1e-9 || first.P > 1.0/35+1e-9 {
		t.Errorf("%+v, want %+v", first, want)
	}
	for range 5 {
		until(t, events, anyPair)
	}
	unix := func(at time.Time) string { return fmt.Sprintf("%.3f", float64(at.UnixMilli())/1000) }
	check := func(query string, times, closed int) {
		t.Helper()
		got := p.rangesOf(query)
		if len(got) != times {
			t.Fatalf("%s: asked %q", query, got)
		}
		var from, to, step float64
		fmt.Sscan(got[times-1], &from, &to, &step)
		if fmt.Sprintf("%.3f", from) != unix(since.Add(time.Minute)) || fmt.Sprintf("%.3f", to) != unix(since.Add(time.Duration(closed)*time.Minute)) || step != 60 {
			t.Errorf("%s: asked %q since %s", query, got[times-1], unix(since))
		}
	}
	// stable was scraped a second before now: by then four windows have closed.
	check(ofCanary, 1, 4)
	check(ofStable, 1, 4)

	// The fifth has closed for the canary, and for stable not yet.
	windows(canaryM, "5", "6", "7", "8", "9")
	windows(stableM, "1", "2", "3", "4", "0")
	fifth := since.Add(5 * time.Minute)
	p.set(map[string]string{freshCanaryM: scrapedAt(now, fifth.Add(time.Second))})
	until(t, events, func(e release.Compared) bool { return e.Pairs[0].Canary.At.After(fifth) })
	until(t, events, anyPair)
	check(ofCanary, 1, 4)
	p.set(map[string]string{freshStableM: scrapedAt(now, fifth)})
	second := until(t, events, func(e release.Compared) bool { return e.Pairs[0].Trial.N > 3 }).Pairs[0].Trial
	if second.N != 5 || second.M != 5 || second.P < 1.0/252-1e-9 || second.P > 1.0/252+1e-9 || second.Canary != 7 || second.Stable != 2 {
		t.Errorf("%+v", second)
	}
	check(ofCanary, 2, 5)

	// Where Prometheus does not answer, what was found stays, and is asked for again.
	p.set(map[string]string{ofStable: "!500 oops"})
	later := scrapedAt(now, since.Add(6*time.Minute))
	p.set(map[string]string{freshStableM: later, freshCanaryM: later})
	until(t, events, func(release.Compared) bool { return len(p.rangesOf(ofStable)) > 3 })
	if kept := until(t, events, anyPair).Pairs[0].Trial; kept != second {
		t.Errorf("%+v, want %+v", kept, second)
	}
}

// Prometheus's clock may be an hour ahead: the same windows are asked for by it.
func TestTrialSkew(t *testing.T) {
	ours := time.Now().Truncate(time.Millisecond)
	theirs := ours.Add(time.Hour)
	p := served(t, theirs, theirs)
	since := ours.Add(-150 * time.Second)
	c := client(t, p.URL, rivals)
	events, series := watch(t, c)
	go drop(series, t.Context().Done())
	c.Compare(release.Comparing{On: true, Since: since, Canary: "v2.5.0", Stable: "v2.4.0"})
	query := "windows of range " + canaryM
	pair := until(t, events, func(release.Compared) bool { return p.count(query) > 0 }).Pairs[0]
	if age := time.Since(pair.Canary.At).Abs(); age > 10*time.Second {
		t.Errorf("the canary's figure is %s old", age)
	}
	var from, to float64
	fmt.Sscan(p.rangesOf(query)[0], &from, &to)
	if at := time.UnixMilli(int64(from * 1000)).Sub(theirs.Add(-90 * time.Second)).Abs(); at > 5*time.Second || to-from < 59 || to-from > 61 {
		t.Errorf("from %v to %v, since %s of theirs", from, to, since.Add(time.Hour))
	}
}

// What is slow about one version holds up neither the service's figures nor what
// is compared next.
func TestCompareSomethingElse(t *testing.T) {
	now := time.Now().Truncate(time.Millisecond)
	p := served(t, now, now)
	p.set(map[string]string{canaryM: "!hang"})
	c := client(t, p.URL, rivals)
	events, series := watch(t, c)
	go drop(series, t.Context().Done())
	c.Compare(release.Comparing{On: true, Since: now, Canary: "v2.5.0", Stable: "v2.4.0"})
	for last, quiet := release.Event(nil), false; !quiet; { // until Watch waits for the answer
		select {
		case last = <-events:
		case <-time.After(200 * time.Millisecond):
			if quiet = p.count(canaryM) > 0; !quiet {
				continue
			}
			if _, is := last.(release.Sampled); !is {
				t.Errorf("the last that came is %+v", last)
			}
		}
	}

	const next = `m{v=~"v3[.]0[.]0-rc[.]1"}`
	began := time.Now()
	p.set(map[string]string{next: vector(now, "0.9"), strings.ReplaceAll(freshCanaryM, canaryM, next): scrapedAt(now, now)})
	c.Compare(release.Comparing{On: true, Since: now, Canary: "v3.0.0-rc.1", Stable: "v2.4.0"})
	if pair := until(t, events, anyPair).Pairs[0]; pair.Canary.Value != 0.9 || pair.Canary.Err != "" {
		t.Errorf("of the former comparison: %+v", pair)
	}
	if took := time.Since(began); took > 5*time.Second { // the timeout is 10 s
		t.Errorf("took %s", took)
	}
}

// A look back that does not end holds up no round, and is not begun again meanwhile.
func TestSlowPast(t *testing.T) {
	now := time.Now().Truncate(time.Millisecond)
	p := served(t, now, now)
	p.set(map[string]string{"range " + canaryM: "!hang", "windows of range " + stableM: "!hang"})
	c := client(t, p.URL, rivals)
	events, series := watch(t, c)
	go drop(series, t.Context().Done())
	c.Compare(release.Comparing{On: true, Since: now.Add(-time.Hour), Canary: "v2.5.0", Stable: "v2.4.0"})
	began := time.Now()
	for range 4 {
		if pair := until(t, events, anyPair).Pairs[0]; pair.Canary.Value != 0.5 {
			t.Errorf("%+v", pair)
		}
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("took %s", took)
	}
	if a, b := p.count("range "+canaryM), p.count("windows of range "+stableM); a != 1 || b != 1 {
		t.Errorf("begun %d and %d times", a, b)
	}
}

// Compare may be called from anywhere, also where nobody watches or compares.
func TestCompareFromAnywhere(t *testing.T) {
	now := time.Now().Truncate(time.Millisecond)
	p := served(t, now, now)
	c := client(t, p.URL, rivals)
	c.Compare(release.Comparing{On: true, Canary: "v2.4.0", Stable: "v2.5.0"})
	events, series := watch(t, c)
	go drop(series, t.Context().Done())
	var wait sync.WaitGroup
	for i := range 8 {
		wait.Go(func() {
			for j := range 20 {
				c.Compare(release.Comparing{On: (i+j)%3 > 0, Since: now.Add(time.Duration(j) * time.Second), Canary: fmt.Sprint(i), Stable: "x"})
			}
		})
	}
	wait.Wait()
	c.Compare(release.Comparing{On: true, Canary: "v2.5.0", Stable: "v2.4.0"})
	until(t, events, func(e release.Compared) bool { return e.Pairs[0].Canary.Value == 0.5 })
	bare := client(t, p.URL, nil)
	bare.Compare(release.Comparing{On: true, Canary: "v2.5.0"})
	others, more := watch(t, bare)
	go drop(more, t.Context().Done())
	for range 6 {
		if e, is := (<-others).(release.Compared); is {
			t.Errorf("without anything to ask: %+v", e)
		}
	}
}

// A version's name as a regular expression needs no escapes, in any quotes.
func TestLiteral(t *testing.T) {
	for v, want := range map[string]string{
		"v2.5.0": "v2[.]5[.]0", "2026-01-02_rc.1": "2026-01-02_rc[.]1", "": ".+",
		"sha256:ab": "sha256:ab", `a"b\c` + "`{}+": "a.b.c....",
	} {
		if got := literal(v); got != want {
			t.Errorf("%s: %s, want %s", v, got, want)
		}
	}
}

// The doctor asks stable's queries too, and tells a version that no label has from
// a label that is not there.
func TestCheckStable(t *testing.T) {
	now := time.Now().Truncate(time.Millisecond)
	p := served(t, now, now)
	pattern := func(v string) (string, string) {
		q := fmt.Sprintf(`m{v=~"%s"}`, v)
		return q, strings.ReplaceAll(freshCanaryM, canaryM, q)
	}
	present := func(v string, yes bool) {
		q, age := pattern(v)
		if p.set(map[string]string{q: vector(now), age: vector(now)}); yes {
			p.set(map[string]string{q: vector(now, "0.2"), age: scrapedAt(now, now)})
		}
	}
	c := client(t, p.URL, func(o *Options) {
		rivals(o)
		o.Versus = append(o.Versus, Versus{Metric: release.CPU, Canary: "c", Stable: "c"})
	})
	rows := func() []Row {
		rows := c.Check(t.Context())
		if len(rows) != 4 || rows[2].Name != "metric errorRate of stable" || rows[3].Name != "metric cpu of stable" || rows[3].OK {
			t.Fatalf("%+v", rows)
		}
		return rows
	}
	present(".+", true)
	if row := rows()[2]; !row.OK || !strings.HasPrefix(row.Found, "20%") {
		t.Errorf("any version: %+v", row)
	}
	present(".+", false)
	present(".*", true)
	if row := rows()[2]; row.OK || row.Found != "{version} matches no series: none has that label" || !strings.Contains(row.Next, "metrics.errorRate.query") {
		t.Errorf("no such label: %+v", row)
	}
	present(".*", false)
	if row := rows()[2]; row.OK || !strings.HasPrefix(row.Found, "nothing is scraped now") {
		t.Errorf("nothing at all: %+v", row)
	}
	c.Compare(release.Comparing{Stable: "v2.4.0"})
	if row := rows()[2]; !row.OK {
		t.Errorf("of the version that Compare named: %+v", row)
	}
	present("v2[.]4[.]0", false)
	present(".+", true)
	if row := rows()[2]; row.OK || row.Found != "{version} matches no series: none is of v2.4.0, though of others" {
		t.Errorf("of other versions only: %+v", row)
	}
}
