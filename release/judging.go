package release

import (
	"maps"
	"slices"
	"time"
)

// Judging is what the judging of figures has come to, as it stands in the record, so
// that every console and command says the same of the budget and the rounds, and a
// restart does not forget that a check has failed. It is counted in the view, and written down when it changes.
type Judging struct {
	Failing map[MetricName]Failing `json:"failing,omitempty"` // of the service: samples in a row
	Losing  map[MetricName]Failing `json:"losing,omitempty"`  // of the canary: rounds in a row
	// Pass, Fail and NoData are rounds at the weight that is live; Earlier is how many
	// had passed before the newest one that failed, and Round when the newest was.
	Pass    int       `json:"pass,omitempty"`
	Fail    int       `json:"fail,omitempty"`
	NoData  int       `json:"noData,omitempty"`
	Earlier int       `json:"earlier,omitempty"`
	Round   time.Time `json:"round,omitzero"`
	// Compared are the figures of both versions in the newest round.
	Compared []ComparedFigure `json:"compared,omitempty"`
	// Failed are the items whose check has failed since the rollout began: they are watched
	// in full.
	Failed []string `json:"failed,omitempty"`
}

// Failing is one figure that fails, and the samples that count.
type Failing struct {
	Count   int       `json:"count"`
	Newest  time.Time `json:"newest"`
	Samples []Figure  `json:"samples,omitempty"`
}

// Figure is one value.
type Figure struct {
	At    time.Time `json:"at"`
	Value float64   `json:"value"`
}

// ComparedFigure is one figure of both versions; one that is not there is left out.
type ComparedFigure struct {
	Metric MetricName `json:"metric"`
	Canary *Figure    `json:"canary,omitempty"`
	Stable *Figure    `json:"stable,omitempty"`
	P      *float64   `json:"p,omitempty"` // of the statistical judge
}

// judged tells whether figures are judged for the release.
func (p Phase) judged() bool { return p == Deploying || p == Verifying || p == RollingBack }

// writeDown writes down what the judging has come to, where that has changed.
func (t *turn) writeDown() {
	if t.s.ID == "" || t.backwards || !t.s.Phase.judged() {
		return
	}
	before, now := t.s.Judging, t.s.View.judging()
	if before != nil && before.equal(now) || before == nil && !t.dirty && now.equal(Judging{}) {
		return
	}
	t.record().Judging = &now
}

// judging is what the view has counted.
func (v View) judging() Judging {
	j := Judging{
		Failing: written(v.Failing), Losing: written(v.Judged.Losing),
		Pass: v.Judged.Tally.Pass, Fail: v.Judged.Tally.Fail, NoData: v.Judged.Tally.NoData, Earlier: v.Judged.Earlier, Round: v.Judged.Round,
	}
	if v.Judged.Tally != (Tally{}) {
		for _, name := range slices.Sorted(maps.Keys(v.Judged.Pairs)) {
			j.Compared = append(j.Compared, comparedFigure(v.Judged.Pairs[name]))
		}
	}
	for _, id := range slices.Sorted(maps.Keys(v.Checks)) {
		if v.Checks[id].Failed {
			j.Failed = append(j.Failed, id)
		}
	}
	return j
}

func comparedFigure(p Pair) ComparedFigure {
	c := ComparedFigure{Metric: p.Metric, Canary: figureOf(p.Canary), Stable: figureOf(p.Stable)}
	if p.Trial.N > 0 && p.Trial.M > 0 {
		c.P = &p.Trial.P
	}
	return c
}

func figureOf(s Sample) *Figure {
	if s.Err != "" || s.At.IsZero() {
		return nil
	}
	return &Figure{s.At, s.Value}
}

func written(runs map[MetricName]Run) map[MetricName]Failing {
	var all map[MetricName]Failing
	for name, run := range runs {
		if run.Count == 0 {
			continue
		}
		f := Failing{Count: run.Count, Newest: run.Newest}
		for _, s := range run.Samples {
			f.Samples = append(f.Samples, Figure{s.At, s.Value})
		}
		all = put(all, name, f)
	}
	return all
}

// equal leaves the figures aside: they change only with the rounds.
func (j Judging) equal(other Judging) bool {
	same := func(a, b Failing) bool { return a.Count == b.Count && a.Newest.Equal(b.Newest) }
	return maps.EqualFunc(j.Failing, other.Failing, same) && maps.EqualFunc(j.Losing, other.Losing, same) &&
		j.Pass == other.Pass && j.Fail == other.Fail && j.NoData == other.NoData && j.Earlier == other.Earlier && slices.Equal(j.Failed, other.Failed)
}

// recall takes what the record says of the judging into the view. Of a record that was
// left, what is in a row begins anew: nobody has looked meanwhile.
func (v View) recall(j *Judging, left bool) View {
	if j == nil {
		return v
	}
	v.Judged.Tally, v.Judged.Earlier, v.Judged.Round = Tally{j.Pass, j.Fail, j.NoData}, j.Earlier, j.Round
	if left {
		v.Judged.Earlier = j.Pass
	} else {
		v.Failing, v.Judged.Losing = runs(j.Failing), runs(j.Losing)
	}
	checks := maps.Clone(v.Checks)
	for _, id := range j.Failed {
		if h := checks[id]; !h.Failed {
			h.Failed = true
			checks = put(checks, id, h)
		}
	}
	v.Checks = checks
	return v
}

func runs(written map[MetricName]Failing) map[MetricName]Run {
	var all map[MetricName]Run
	for name, f := range written {
		run := Run{Count: f.Count, Newest: f.Newest}
		for _, s := range f.Samples {
			run.Samples = append(run.Samples, Sample{Metric: name, At: s.At, Value: s.Value})
		}
		all = put(all, name, run)
	}
	return all
}

// UsedBudget is how much of the failure budget a record says is used, of the service or of
// the canary, and by which metric; ok is false where it does not say.
func UsedBudget(plan Plan, r Record) (used int, by MetricSpec, ok bool) {
	if r.Judging == nil {
		return 0, MetricSpec{}, false
	}
	s := State{Record: r}
	s.View = s.View.recall(r.Judging, false)
	used, by = Budget(plan, s.View)
	if s.Underway() {
		if n, name := CanaryBudget(plan, s); n >= used && n > 0 {
			used, by = n, canarySpec(plan, name)
		}
	}
	return used, by, true
}
