package metrics

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"datahub.io/slipway/release"
)

// prometheus answers as a Prometheus would whose answers we choose, for what a
// real one cannot be made to do at will. sandbox_test.go has a real one.
type prometheus struct {
	*httptest.Server
	mu      sync.Mutex
	answers map[string]string // by query: the "data" of the answer, or !status text
	asked   map[string]int
	ranges  map[string][]string // by query: from, to and step of each time
}

func newPrometheus(t *testing.T) *prometheus {
	t.Helper()
	p := &prometheus{answers: map[string]string{}, asked: map[string]int{}, ranges: map[string][]string{}}
	p.Server = httptest.NewServer(http.HandlerFunc(p.answer))
	t.Cleanup(p.Close)
	return p
}

func (p *prometheus) set(answers map[string]string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	maps.Copy(p.answers, answers)
}

func (p *prometheus) answer(w http.ResponseWriter, r *http.Request) {
	query := r.FormValue("query")
	at := ""
	if strings.HasSuffix(r.URL.Path, "query_range") {
		query, at = "range "+query, r.FormValue("start")+" "+r.FormValue("end")+" "+r.FormValue("step")
		if r.FormValue("step") == "60" {
			query = "windows of " + query
		}
	}
	p.mu.Lock()
	if at != "" {
		p.ranges[query] = append(p.ranges[query], at)
	}
	data, known := p.answers[query]
	p.asked[query]++
	p.mu.Unlock()
	switch {
	case strings.HasPrefix(data, "!hang"):
		<-r.Context().Done()
	case strings.HasPrefix(data, "!"):
		var status int
		var words string
		fmt.Sscanf(data, "!%d", &status)
		_, words, _ = strings.Cut(data, " ")
		w.WriteHeader(status)
		fmt.Fprint(w, words)
	case !known:
		fmt.Fprint(w, `{"status":"success","data":{"resultType":"vector","result":[]}}`)
	default:
		also := ""
		if before, after, ok := strings.Cut(data, "!and "); ok { // what comes beside the data
			data, also = before, ","+after
		}
		fmt.Fprintf(w, `{"status":"success","data":%s%s}`, data, also)
	}
}

func (p *prometheus) count(query string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.asked[query]
}

func vector(at time.Time, values ...string) string {
	type series struct {
		Metric map[string]string `json:"metric"`
		Value  [2]any            `json:"value"`
	}
	result := []series{}
	for i, v := range values {
		result = append(result, series{map[string]string{"of": fmt.Sprint(i)}, [2]any{float64(at.UnixMilli()) / 1000, v}})
	}
	text, err := json.Marshal(map[string]any{"resultType": "vector", "result": result})
	if err != nil {
		panic(err)
	}
	return string(text)
}

// scrapedAt is the companion's answer.
func scrapedAt(now, scraped time.Time) string {
	return vector(now, fmt.Sprintf("%.3f", float64(scraped.UnixMilli())/1000))
}

const freshM = `label_replace(max(timestamp(m)), "of", "0", "", "")`

func client(t *testing.T, url string, change func(*Options)) *Client {
	t.Helper()
	o := Options{
		URL: url, Specs: []release.MetricSpec{{Name: release.ErrorRate, Title: "Error Rate", Unit: release.Ratio, Query: "m"}},
		Every: 20 * time.Millisecond, Window: time.Minute, Stale: 30 * time.Second, Timeout: 10 * time.Second,
	}
	if change != nil {
		change(&o)
	}
	c, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// watch runs Watch until the test ends and gives what it emits.
func watch(t *testing.T, c *Client) (<-chan release.Event, <-chan map[release.MetricName][]release.Point) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	events, series := make(chan release.Event), make(chan map[release.MetricName][]release.Point)
	done := make(chan struct{})
	go func() {
		defer close(done)
		c.Watch(ctx, func(e release.Event) {
			select {
			case events <- e:
			case <-ctx.Done():
			}
		}, func(s map[release.MetricName][]release.Point) {
			select {
			case series <- s:
			case <-ctx.Done():
			}
		})
	}()
	t.Cleanup(func() { cancel(); <-done })
	return events, series
}

// drop takes series off the hands of a Watch that the test does not look at.
func drop(series <-chan map[release.MetricName][]release.Point, done <-chan struct{}) {
	for {
		select {
		case <-series:
		case <-done:
			return
		}
	}
}

// until takes events until one fits.
func until[E release.Event](t *testing.T, events <-chan release.Event, fits func(E) bool) E {
	t.Helper()
	limit := time.After(30 * time.Second)
	var last any
	for {
		select {
		case e := <-events:
			if e, ok := e.(E); ok {
				if last = e; fits(e) {
					return e
				}
			}
		case <-limit:
			t.Fatalf("never came; the last one was %+v", last)
		}
	}
}

func first(fits func(release.Sample) bool) func(release.Sampled) bool {
	return func(s release.Sampled) bool { return len(s.Samples) == 1 && fits(s.Samples[0]) }
}

// Every answer that is no single, finite number says in one line what it was.
func TestAnswers(t *testing.T) {
	now := time.Now()
	for name, c := range map[string]struct {
		data, want string
		lack       release.Lack
	}{
		"empty":     {vector(now), "the query gives no series", release.NoSeries},
		"several":   {vector(now, "1", "2", "3"), "the query gives 3 series, one is needed: aggregate it, for example with sum() or max()", release.BadQuery},
		"nan":       {vector(now, "NaN"), "the query gives NaN: nothing to divide by, or no traffic", release.NotNumber},
		"infinity":  {vector(now, "+Inf"), "the query gives infinity", release.NotNumber},
		"matrix":    {`{"resultType":"matrix","result":[]}`, "the query gives a matrix, an instant vector of one series is needed", release.BadQuery},
		"histogram": {`{"resultType":"vector","result":[{"metric":{},"histogram":[1,{"count":"1","sum":"1","buckets":[]}]}]}`, "the query gives a histogram, a number is needed: use for example histogram_quantile()", release.BadQuery},
		"syntax":    {`!400 {"status":"error","errorType":"bad_data","error":"invalid parameter \"query\": 1:5: parse error: \u001b[31munexpected\nend"}`, `invalid parameter "query": 1:5: parse error: unexpected end`, release.BadQuery},
		"slow":      {`!503 {"status":"error","errorType":"timeout","error":"query timed out"}`, "query timed out", release.Unanswered},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPrometheus(t)
			p.set(map[string]string{"m": c.data, freshM: scrapedAt(now, now)})
			events, series := watch(t, client(t, p.URL, nil))
			go drop(series, t.Context().Done())
			s := until(t, events, first(func(release.Sample) bool { return true })).Samples[0]
			if s.Err != c.want || s.Lack != c.lack || !s.At.IsZero() {
				t.Errorf("%+v\nwant %s: %s", s, c.lack, c.want)
			}
		})
	}
	t.Run("scalar", func(t *testing.T) {
		now := time.Now()
		p := newPrometheus(t)
		p.set(map[string]string{"vector(2)": fmt.Sprintf(`{"resultType":"scalar","result":[%d,"2"]}`, now.Unix())})
		events, series := watch(t, client(t, p.URL, func(o *Options) { o.Specs[0].Query = "vector(2)" }))
		go drop(series, t.Context().Done())
		if s := until(t, events, first(func(release.Sample) bool { return true })).Samples[0]; s.Err != "" || s.Value != 2 || s.At.Unix() != now.Unix() {
			t.Errorf("%+v", s)
		}
	})
}

func TestLink(t *testing.T) {
	p := newPrometheus(t)
	now := time.Now().Truncate(time.Millisecond)
	past := fmt.Sprintf(`{"resultType":"matrix","result":[{"metric":{},"values":[[%d,"1"],[%d,"NaN"],[%d,"3"]]}]}`,
		now.Unix()-600, now.Unix()-300, now.Unix()-60)
	p.set(map[string]string{"m": "!502 bad gateway", freshM: "!502 bad gateway"})
	c := client(t, p.URL, nil)
	events, series := watch(t, c)

	lost := until(t, events, func(l release.Linked) bool { return l.Link.Tries == 2 }).Link
	if lost.OK || lost.Err != "server error: 502" || lost.Since.IsZero() || !lost.Next.After(lost.Since) || !lost.Last.IsZero() {
		t.Errorf("lost: %+v", lost)
	}
	p.set(map[string]string{"m": vector(now, "4"), freshM: scrapedAt(now, now), "range m": past})
	c.Retry()
	back := until(t, events, func(l release.Linked) bool { return l.Link.OK }).Link
	if back.Err != "" || back.Tries != 0 || back.Last.IsZero() || !back.Next.IsZero() || !back.Since.After(lost.Since) {
		t.Errorf("back: %+v", back)
	}
	until(t, events, first(func(s release.Sample) bool { return s.Value == 4 }))
	if s := (<-series)[release.ErrorRate]; len(s) != 1 || s[0].Value != 4 {
		t.Errorf("series at once: %+v", s)
	}
	whole := (<-series)[release.ErrorRate]
	if len(whole) != 3 || whole[0].Value != 1 || whole[1].Value != 3 || whole[2].Value != 4 {
		t.Fatalf("series with its past: %+v", whole)
	}

	// What was handed out is the receiver's.
	whole[0].Value = 99
	until(t, events, func(release.Sampled) bool { return true })
	if again := (<-series)[release.ErrorRate]; again[0].Value != 1 {
		t.Errorf("the receiver's change came back: %+v", again)
	}

	// After an outage the past is asked for again: it fills the gap.
	p.set(map[string]string{"m": "!502 bad gateway", freshM: "!502 bad gateway"})
	go drop(series, t.Context().Done())
	until(t, events, func(l release.Linked) bool { return !l.Link.OK })
	p.set(map[string]string{"m": vector(now, "5"), freshM: scrapedAt(now, now.Add(time.Second))})
	until(t, events, first(func(s release.Sample) bool { return s.Value == 5 }))
	until(t, events, func(release.Linked) bool { return p.count("range m") == 2 })

	p.CloseClientConnections()
	p.Close()
	gone := until(t, events, func(l release.Linked) bool { return !l.Link.OK }).Link
	if !strings.Contains(gone.Err, "refused") && !strings.Contains(gone.Err, "EOF") && !strings.Contains(gone.Err, "reset") {
		t.Errorf("gone: %+v", gone)
	}
	if gone.Last.IsZero() || gone.Tries != 1 {
		t.Errorf("gone: %+v", gone)
	}
}

// One query that hangs is a sample without a value; all of them are a lost link.
func TestTimeout(t *testing.T) {
	p := newPrometheus(t)
	now := time.Now()
	p.set(map[string]string{"m": vector(now, "1"), freshM: scrapedAt(now, now), "slow": "!hang"})
	c := client(t, p.URL, func(o *Options) {
		o.Timeout = 300 * time.Millisecond
		o.Specs = append(o.Specs, release.MetricSpec{Name: release.CPU, Query: "slow"})
	})
	events, series := watch(t, c)
	go drop(series, t.Context().Done())
	s := until(t, events, func(release.Sampled) bool { return true }).Samples
	if s[1].Err != "no answer within 300ms" {
		t.Errorf("one hangs: %+v", s)
	}
	p.set(map[string]string{"m": "!hang", freshM: "!hang", `label_replace(max(timestamp(slow)), "of", "0", "", "")`: "!hang"})
	if l := until(t, events, func(l release.Linked) bool { return !l.Link.OK }).Link; l.Err != "no answer within 300ms" {
		t.Errorf("all hang: %+v", l)
	}
}

// The token goes to the configured host and nowhere else.
func TestToken(t *testing.T) {
	tokens := make(chan string, 8)
	elsewhere := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { tokens <- "elsewhere " + r.Header.Get("Authorization") }))
	defer elsewhere.Close()
	here := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		tokens <- "here " + r.Header.Get("Authorization")
		http.Redirect(w, r, elsewhere.URL, http.StatusTemporaryRedirect)
	}))
	defer here.Close()
	c := client(t, here.URL, func(o *Options) { o.Token = "secret" })
	if _, err := c.query(t.Context(), "m"); err == nil {
		t.Error("an empty answer is no error")
	}
	if got := <-tokens; got != "here Bearer secret" {
		t.Errorf("%q", got)
	}
	if got := <-tokens; got != "elsewhere " {
		t.Errorf("%q", got)
	}
}

func TestPeak(t *testing.T) {
	p := newPrometheus(t)
	now := time.Now().Truncate(time.Second)
	at := now.Add(-5 * time.Minute)
	p.set(map[string]string{"range m": fmt.Sprintf(`{"resultType":"matrix","result":[{"metric":{},"values":[[%d,"1"],[%d,"9"],[%d,"NaN"],[%d,"3"]]}]}`,
		at.Unix()-60, at.Unix(), at.Unix()+60, at.Unix()+120)})
	c := client(t, p.URL, nil)
	value, when, err := c.Peak(t.Context(), release.ErrorRate, now.Add(-10*time.Minute))
	if err != nil || value != 9 || !when.Equal(at) {
		t.Errorf("%v %v %v", value, when, err)
	}
	if _, _, err := c.Peak(t.Context(), release.ErrorRate, now.Add(-30*time.Second)); err == nil {
		t.Error("a window reaches into the time before")
	}
	if _, _, err := c.Peak(t.Context(), release.CPU, now.Add(-time.Hour)); err == nil {
		t.Error("an unknown metric has a peak")
	}
	p.set(map[string]string{"range m": `{"resultType":"matrix","result":[]}`})
	if _, _, err := c.Peak(t.Context(), release.ErrorRate, now.Add(-time.Hour)); err == nil {
		t.Error("no data has a peak")
	}
}

func TestOptions(t *testing.T) {
	for _, o := range []Options{{URL: "prometheus:9090", Every: 1}, {URL: "http://", Every: 1}, {URL: "http://p"}, {URL: "http://p\x7f", Every: 1}} {
		if _, err := New(o); err == nil {
			t.Errorf("%+v is accepted", o)
		}
	}
}
