package metrics

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"datahub.io/slipway/release"
)

// What no figure of its unit can be is a fault of the query, however fresh it is.
func TestCheckImplausible(t *testing.T) {
	p := newPrometheus(t)
	now := time.Now()
	c := client(t, p.URL, nil)
	for value, want := range map[string]string{
		"0.005":          "",
		"1":              "",
		"1.0000000001":   "",
		"16029850080.91": "the query answered 1602985008091%: not a share from 0 to 1; set metrics.errorRate.query, now: m",
		"-0.03":          "the query answered -3%: not a share from 0 to 1; set metrics.errorRate.query, now: m",
	} {
		p.set(map[string]string{"m": vector(now, value), freshM: scrapedAt(now, now)})
		rows := c.Check(t.Context())
		row := rows[len(rows)-1]
		if row.OK != (want == "") || want != "" && row.Found+"; "+row.Next != want {
			t.Errorf("%s: %+v", value, row)
		}
		if want == "" && !strings.Contains(row.Found, "scraped") {
			t.Errorf("%s: %+v", value, row)
		}
	}
	c.Specs[0].Unit = release.Seconds
	p.set(map[string]string{"m": vector(now, "-0.2"), freshM: scrapedAt(now, now)})
	if rows := c.Check(t.Context()); rows[1].OK || !strings.Contains(rows[1].Found, "not seconds") {
		t.Errorf("%+v", rows)
	}
}

// A bound that no value can be over is no bound.
func TestCheckToothless(t *testing.T) {
	p := newPrometheus(t)
	now := time.Now()
	buckets := func(ends ...string) string {
		var series []string
		for _, le := range ends {
			series = append(series, fmt.Sprintf(`{"metric":{"le":%q},"value":[%d,"1"]}`, le, now.Unix()))
		}
		return `{"resultType":"vector","result":[` + strings.Join(series, ",") + `]}`
	}
	const query, fresh = "histogram_quantile(0.95, sum by (le) (rate(l_bucket{pod=~\"x\"}[1m])))", `label_replace(max(timestamp(l_bucket{pod=~"x"})), "of", "0", "", "")`
	threshold := func(max float64) release.Bound { return release.Bound{Kind: release.Threshold, Max: max} }
	latency := release.MetricSpec{Name: release.LatencyP95, Unit: release.Seconds, Query: query, Bound: threshold(0.1)}
	for name, k := range map[string]struct {
		spec    release.MetricSpec
		buckets string
		want    string
	}{
		"buckets beyond the bound": {latency, buckets("0.05", "0.1", "0.25", "+Inf"), ""},
		"the bound is the last":    {latency, buckets("0.1", "0.05", "+Inf"), "50ms, scraped 0.0s ago, but its histogram ends at 100ms, so it is never over its bound of 100ms"},
		"the bound is beyond":      {latency, buckets("0.05", "+Inf"), "50ms, scraped 0.0s ago, but its histogram ends at 50ms, so it is never over its bound of 100ms"},
		"no histogram":             {latency, buckets(), ""},
		"any share of errors":      {release.MetricSpec{Name: release.ErrorRate, Unit: release.Ratio, Query: "m", Bound: threshold(1)}, "", "5%, scraped 0.0s ago, but it is never over its bound of 100%"},
		"nearly any":               {release.MetricSpec{Name: release.ErrorRate, Unit: release.Ratio, Query: "m", Bound: threshold(0.99)}, "", ""},
	} {
		p.set(map[string]string{
			"m": vector(now, "0.05"), freshM: scrapedAt(now, now), query: vector(now, "0.05"), fresh: scrapedAt(now, now),
			`group by (le) (l_bucket{pod=~"x"})`: k.buckets,
		})
		if k.buckets == "" {
			p.set(map[string]string{`group by (le) (l_bucket{pod=~"x"})`: buckets()})
		}
		c := client(t, p.URL, func(o *Options) {
			o.Specs = []release.MetricSpec{k.spec}
			o.Now = func() time.Time { return now }
		})
		row := c.Check(t.Context())[1]
		if row.OK != (k.want == "") || k.want != "" && row.Found != k.want {
			t.Errorf("%s: %+v", name, row)
		}
	}
}
