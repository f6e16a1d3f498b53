package metrics

import (
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
