package metrics

import (
	"context"
	"fmt"

	"datahub.io/slipway/release"
)

// Row is one line of the doctor's table.
type Row struct {
	Name  string
	OK    bool
	Found string
	Next  string // what to do, when not OK
}

// Check asks everything once: whether Prometheus answers, what each query gives,
// and what each of stable's gives where there are canary releases; of the version
// that Compare named last, or of any. The first row is the link; without it the
// others are left out.
func (c *Client) Check(ctx context.Context) []Row {
	readings, err := c.round(ctx)
	if err != nil {
		return []Row{{Name: "prometheus", Found: err.Error(), Next: fmt.Sprintf("see that %s answers, or set prometheus", release.ShownAddress(c.URL))}}
	}
	rows := []Row{{Name: "prometheus", OK: true, Found: "answers at " + release.ShownAddress(c.URL)}}
	skew := c.clockSkew()
	if skew != 0 {
		rows[0].Found += fmt.Sprintf(", its clock is %s away from ours", release.Age(skew.Abs()))
	}
	for i, spec := range c.Specs {
		row := c.row("metric "+string(spec.Name), spec, readings[i].sample(spec.Name, release.Sample{}, skew))
		if found, next := c.toothless(ctx, spec); row.OK && found != "" {
			row.OK, row.Found, row.Next = false, row.Found+", but "+found, next
		}
		rows = append(rows, row)
	}
	if c.Aside {
		return rows
	}
	return append(rows, c.checkStable(ctx, skew)...)
}

func (c *Client) row(name string, spec release.MetricSpec, s release.Sample) Row {
	row := Row{Name: name}
	if s.Err != "" {
		row.Found = s.Err
		if s.Lack == release.Unanswered {
			row.Next = fmt.Sprintf("see why Prometheus answers so, or set metrics.%s.query, now: %s", spec.Name, spec.Query)
			return row
		}
		row.Next = fmt.Sprintf("see that its metrics are scraped, or set metrics.%s.query, now: %s", spec.Name, spec.Query)
		return row
	}
	if why := release.Implausible(spec.Unit, s.Value); why != "" {
		row.Found = why
		row.Next = fmt.Sprintf("set metrics.%s.query, now: %s", spec.Name, spec.Query)
		return row
	}
	age := c.Now().Sub(s.At)
	row.Found = fmt.Sprintf("%s, scraped %s ago", release.Format(spec.Unit, s.Value), release.Age(age))
	row.OK = age <= c.Stale
	if !row.OK {
		row.Found += ", stale"
		row.Next = fmt.Sprintf("see that its target is scraped; metrics.stale, now %s, must be longer than the scrape interval", c.Stale)
	}
	return row
}
