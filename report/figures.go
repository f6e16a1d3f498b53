package report

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"datahub.io/slipway/release"
)

// metrics sums each figure up before, during and after.
func (rep *Report) metrics(asked release.Configured) []Metric {
	var all []Metric
	for _, a := range asked.Metrics {
		m := Metric{Name: a.Name, Title: a.Title, Bound: a.Bound, unit: a.Unit, low: a.Low, high: a.High, Word: "no data"}
		var before, during, canary, after, served []float64
		for _, r := range rep.readings {
			v, ok := r.All[a.Name]
			c, canaryOK := r.Canary[a.Name]
			if canaryOK {
				canary = append(canary, c)
			}
			if !ok {
				continue
			}
			switch {
			case rep.deployed.IsZero() || r.At.Before(rep.deployed):
				before = append(before, v)
			case rep.complete.IsZero() || r.At.Before(rep.complete):
				during, served = append(during, v), append(served, v)
			default:
				after, served = append(after, v), append(served, v)
			}
		}
		m.Before, m.During, m.After = median(a.Unit, before), spread(a.Unit, during), median(a.Unit, after)
		if len(canary) > 0 {
			m.Canary = spread(a.Unit, canary)
		}
		for _, v := range append(served, canary...) {
			if m.Word == "no data" {
				m.Word = "within"
			}
			if a.Name != release.RequestRate && m.beyond(v) {
				m.Word = "BEYOND"
			}
		}
		all = append(all, m)
	}
	return all
}

// beyond tells whether a value is out of the bound; of one that was not known, none is.
func (m Metric) beyond(v float64) bool { return m.high > 0 && (v > m.high || v < m.low) }

func median(u release.Unit, values []float64) string {
	if len(values) == 0 {
		return "not known"
	}
	sorted := slices.Sorted(slices.Values(values))
	return release.Format(u, sorted[len(sorted)/2])
}

func spread(u release.Unit, values []float64) string {
	if len(values) == 0 {
		return "not known"
	}
	return fmt.Sprintf("%s, highest %s", median(u, values), release.Format(u, slices.Max(values)))
}

// steps are the weights of a canary, each with what its last round said.
func steps(entries []release.Entry, asked release.Configured) []Step {
	unit := map[release.MetricName]release.Unit{}
	for _, m := range asked.Metrics {
		unit[m.Name] = m.Unit
	}
	var all []Step
	for _, e := range entries {
		run := e.Record.Canary
		live := run != nil && !run.Live.IsZero() && run.Weight > 0
		if n := len(all); n > 0 && all[n-1].Until.IsZero() && (!live || !all[n-1].Live.Equal(run.Live)) {
			all[n-1].Until = e.At
		}
		if !live {
			continue
		}
		if n := len(all); n == 0 || !all[n-1].Live.Equal(run.Live) {
			all = append(all, Step{Weight: run.Weight, Live: run.Live, Stable: "not known", Canary: "not known", P: "none", Rounds: "not known"})
		}
		if j := e.Record.Judging; j != nil && j.Pass+j.Fail+j.NoData > 0 {
			s := &all[len(all)-1]
			s.Rounds = fmt.Sprintf("%d passed, %d failed, %d without data", j.Pass, j.Fail, j.NoData)
			for _, c := range j.Compared {
				if c.Metric != release.ErrorRate {
					continue
				}
				s.Stable, s.Canary = figure(unit[c.Metric], c.Stable), figure(unit[c.Metric], c.Canary)
				if c.P != nil {
					s.P = fmt.Sprintf("%.2g", *c.P)
				}
			}
		}
	}
	return all
}

func figure(u release.Unit, f *release.Figure) string {
	if f == nil {
		return "none"
	}
	return release.Format(cmp.Or(u, release.Ratio), f.Value)
}

// curve is one figure over the time of the report: the highest value of each slot, so
// that no peak is lost. A slot without any is a gap.
type curve struct {
	values []float64
	known  []bool
}

const slot = 10 * time.Second

func (rep Report) curve(of func(release.Reading) (float64, bool)) curve {
	n := min(int(rep.end.Sub(rep.begin)/slot)+1, 4000)
	c := curve{make([]float64, n), make([]bool, n)}
	for _, r := range rep.readings {
		v, ok := of(r)
		i := int(r.At.Sub(rep.begin) / slot)
		if !ok || r.At.Before(rep.begin) || i >= n {
			continue
		}
		if !c.known[i] || v > c.values[i] {
			c.values[i], c.known[i] = v, true
		}
	}
	return c
}

func (c curve) peak() (at int, value float64, ok bool) {
	for i, known := range c.known {
		if known && (!ok || c.values[i] > value) {
			at, value, ok = i, c.values[i], true
		}
	}
	return at, value, ok
}
