package ui

import (
	"fmt"
	"slices"
	"strings"

	"datahub.io/slipway/release"
)

// judgedRows is the judgement in at most h rows: the table as far as it fits, and
// what it comes to. Hidden are the titles of what passes and was left out.
func judgedRows(sc scene, t theme, w, h int) (out block, hidden []string) {
	rows := sc.canary.Rows
	switch {
	case h <= 0:
		return nil, nil
	case h < 4 || len(rows) == 0:
		return verdictRows(sc, t, w, h), nil
	}
	room := h - 2
	shown := rows
	if len(rows) > room {
		shown, hidden = worthiest(rows, room)
	}
	table := comparing(sc, t, shown, w)
	out = append(out, table.head(sc, t))
	for _, r := range shown {
		out = append(out, table.row(sc, t, r))
	}
	return append(out, tallyRow(sc, t, w)), hidden
}

// worthiest picks n rows, in their order: what fails, then what is not known, then
// the first of the others. Left names what passes and was left out.
func worthiest(rows []release.Comparison, n int) (shown []release.Comparison, left []string) {
	picked := map[int]bool{}
	for _, verdict := range []release.Verdict{release.Fail, release.NoData} {
		for i, r := range rows {
			if r.Verdict == verdict && len(picked) < n {
				picked[i] = true
			}
		}
	}
	for _, name := range []release.MetricName{release.ErrorRate, release.LatencyP95, release.RequestRate, release.Restarts, release.Memory, release.CPU} {
		for i, r := range rows {
			if r.Metric == name && len(picked) < n {
				picked[i] = true
			}
		}
	}
	for i, r := range rows {
		switch {
		case picked[i]:
			shown = append(shown, r)
		case r.Verdict == release.Pass:
			left = append(left, r.Title)
		}
	}
	return shown, left
}

// verdictRows is the judgement where there is no room for a table: what fails or is
// not known, each in a row, and last what it comes to.
func verdictRows(sc scene, t theme, w, h int) block {
	var out block
	pass := 0
	for _, want := range []release.Verdict{release.Fail, release.NoData, release.Pass} {
		for _, r := range sc.canary.Rows {
			switch {
			case r.Verdict != want:
			case want == release.Pass:
				pass++
			default:
				m, k := comparisonMark(sc, r)
				said := line(t.mark(m, sc.Now), plain.of(" "), k.bolder().of(padRight(r.Title, 13)), plain.of(" "), k.of(r.Why))
				out = append(out, said.fit(w, t.glyphs.ellipsis))
			}
		}
	}
	troubles := len(out)
	last := line(t.mark(release.MarkPass, sc.Now), muted.of(fmt.Sprintf(" all %d pass", pass)))
	switch {
	case len(sc.canary.Rows) == 0:
		last = line(t.mark(release.MarkUnknown, sc.Now), unknown.of(" nothing is compared"))
	case troubles > 0 && h == 1:
		out = nil
		last = firstTrouble(sc, t, troubles)
	case troubles > 0:
		last = line(muted.of(fmt.Sprintf("%d of %d pass", pass, len(sc.canary.Rows))))
	}
	right := budgetWords(sc, t)
	if said := line(muted.of(sc.canary.UsedWords)); sc.canary.Used > 0 && h > 1 && last.width()+said.width() < w {
		right = said // the panel's label has the budget
	}
	last = spread(last, right, w, t.glyphs.ellipsis)
	if len(out) > h-1 {
		out = out[:max(h-1, 0)]
	}
	return append(out, last)
}

// firstTrouble names the worst figure, and how many more there are.
func firstTrouble(sc scene, t theme, troubles int) row {
	for _, want := range []release.Verdict{release.Fail, release.NoData} {
		for _, r := range sc.canary.Rows {
			if r.Verdict != want {
				continue
			}
			m, k := comparisonMark(sc, r)
			value := r.Canary
			if want == release.NoData {
				value = r.Word
			}
			out := line(t.mark(m, sc.Now), k.bolder().of(" "+r.Title+" "+value))
			if troubles > 1 {
				out = append(out, muted.of(fmt.Sprintf(" and %d more", troubles-1)))
			}
			return out
		}
	}
	return nil
}

func budgetWords(sc scene, t theme) row {
	return join(line(muted.of("budget ")), t.pips(sc.canary.Used, sc.canary.After))
}

// comparisonMark is the mark of a row and the ink of its words.
func comparisonMark(sc scene, r release.Comparison) (release.Mark, ink) {
	switch {
	case r.Verdict == release.Pass:
		return release.MarkPass, muted
	case r.Verdict == release.Fail && !r.Counts:
		return release.MarkAttention, warning
	case r.Verdict == release.Fail:
		return release.MarkFail, failing
	case staleRow(sc, r):
		return release.MarkStale, unknown
	}
	return release.MarkUnknown, unknown
}

// comparisonWord is the word beside the mark.
func comparisonWord(sc scene, r release.Comparison) string {
	switch m, _ := comparisonMark(sc, r); m {
	case release.MarkStale:
		return "stale " + release.Age(sc.Now.Sub(r.At))
	case release.MarkAttention:
		return "both fail"
	}
	return r.Word
}

// staleRow tells whether a figure is there and too old to decide anything.
func staleRow(sc scene, r release.Comparison) bool {
	limit := sc.Plan.Stale.Metric
	if r.Metric == release.Restarts {
		limit = sc.Plan.Stale.Workload
	}
	return r.Verdict == release.NoData && r.Canary != "none" && !r.At.IsZero() && sc.Now.Sub(r.At) > limit
}

// versusTable has the widths of the columns of the comparison.
type versusTable struct{ title, stable, canary, apart, rule, verdict int }

// comparing fits the columns into w cells. The rule gives way first.
func comparing(sc scene, t theme, rows []release.Comparison, w int) versusTable {
	c := versusTable{title: 14, stable: 15, canary: 8, apart: 8, verdict: 8}
	if t.glyphs.ascii {
		c.verdict += 2
	}
	if w < 68 {
		c.title, c.stable, c.canary, c.apart = 13, 10, 8, 7
	}
	if !slices.ContainsFunc(rows, func(r release.Comparison) bool { return r.Difference != "" }) {
		c.apart = 6
	}
	for _, r := range rows {
		c.stable = max(c.stable, cells(r.Stable)+2)
		c.canary = max(c.canary, cells(r.Canary)+2)
		c.apart = max(c.apart, cells(r.Difference)+1)
		c.rule = max(c.rule, cells(r.Rule))
		c.verdict = max(c.verdict, cells(comparisonWord(sc, r))+cells(t.glyphs.marks[release.MarkPass])+1)
	}
	if w >= wide-4 {
		c.title, c.stable, c.canary = 16, max(c.stable, 18), max(c.canary, 12)
	}
	room := func() int { return w - c.title - c.stable - c.canary - c.apart - c.verdict - 2 }
	if c.rule > room() && w >= 60 {
		c.tighten(sc, rows)
	}
	c.rule = max(min(c.rule, room()), 0)
	if c.rule < 8 {
		c.rule = 0
	}
	return c
}

// tighten leaves the figures no more room than they and the names above them need.
func (c *versusTable) tighten(sc scene, rows []release.Comparison) {
	stable, canary, apart := 0, 0, 0
	for _, r := range rows {
		stable, canary, apart = max(stable, cells(r.Stable)+1), max(canary, cells(r.Canary)+1), max(apart, cells(r.Difference)+1)
	}
	if m, _ := comparisonMark(sc, rows[0]); m == release.MarkStale {
		stable, canary = stable+1, canary+1
	}
	named := min(cells(sc.canary.Canary), 12) + cells("canary ") + 1
	c.stable = min(c.stable, max(stable+1, min(cells(sc.canary.Stable), 12)+cells("stable ")+1))
	c.canary = min(c.canary, canary)
	c.apart = min(c.apart, max(apart+1, named-c.canary))
}

func (c versusTable) columns(t theme, verdict row, parts ...row) row {
	out := columns(t, []int{c.title, c.stable, c.canary, c.apart}, parts[:4]...)
	out = out.fit(c.title+c.stable+c.canary+c.apart, t.glyphs.ellipsis)
	if c.rule > 0 {
		out = join(out, parts[4].fit(c.rule, t.glyphs.ellipsis), line(plain.of("  ")))
	}
	return join(out, verdict)
}

func (c versusTable) head(sc scene, t theme) row {
	stable, canary := "stable", "canary"
	room := c.canary + c.apart - 1
	if v := sc.canary.Stable; v != "" && c.stable >= 12 {
		stable += " " + cutMiddle(v, c.stable-8, t.glyphs.ellipsis)
	}
	if v := sc.canary.Canary; v != "" && room >= 12 {
		canary += " " + cutMiddle(v, room-7, t.glyphs.ellipsis)
	}
	out := columns(t, []int{c.title, c.stable}, nil, line(muted.of(stable)))
	out = join(out.fit(c.title+c.stable, ""), line(strong.of(canary)).fit(c.canary+c.apart, t.glyphs.ellipsis))
	if c.rule > 0 {
		out = append(out, muted.of("rule"))
	}
	return out
}

func (c versusTable) row(sc scene, t theme, r release.Comparison) row {
	m, word := comparisonMark(sc, r)
	title, stable, canary, apart, rule := plain, plain, strong, muted, muted
	text := r.Canary
	switch m {
	case release.MarkFail:
		title, canary, apart, word = failing.bolder(), failing.bolder(), failing, failing.bolder()
	case release.MarkAttention:
		title, canary, apart = warning, warning, warning
	case release.MarkStale:
		canary, text = unknown, "~"+text
		if r.Metric != release.Restarts && r.Stable != "none" {
			stable, r.Stable = unknown, "~"+r.Stable
		}
	case release.MarkUnknown:
		canary = unknown
	}
	if r.Canary == "none" {
		canary = faint
	}
	if r.Stable == "none" {
		stable = faint
	}
	return c.columns(t, line(t.mark(m, sc.Now), word.of(" "+comparisonWord(sc, r))),
		line(title.of(r.Title)), line(stable.of(r.Stable)), line(canary.of(text)), line(apart.of(r.Difference)), line(rule.of(r.Rule)))
}

// tallyRow is how many rounds were judged how, or the failing ones that count.
func tallyRow(sc scene, t theme, w int) row {
	c := sc.canary
	if c.Used > 0 {
		said := line(failing.bolder().of(c.UsedBy+" FAIL "), plain.of(c.UsedWords))
		if rest := line(plain.of(" "), faint.of(fmt.Sprintf("%s %d rounds pass", t.glyphs.dot, c.Tally.Pass))); canaryLabels+said.width()+rest.width() <= w {
			said = join(said, rest)
		}
		if canaryLabels+said.width() > w {
			return join(line(muted.of("judged ")), said).fit(w, t.glyphs.ellipsis)
		}
		return join(canaryLine("judged"), said)
	}
	counts := fmt.Sprintf("%s pass, %d fail, %d no data", release.Count(c.Tally.Pass, "round"), c.Tally.Fail, c.Tally.NoData)
	said := line(plain.of(counts))
	if c.Tally.Pass+c.Tally.Fail+c.Tally.NoData == 0 {
		said = line(faint.of("nothing yet"))
	}
	budget := join(line(muted.of(" "+t.glyphs.dot+" ")), budgetWords(sc, t))
	out := join(canaryLine("judged"), said, budget)
	if out.width() > w {
		short := line(muted.of(fmt.Sprintf(" %s budget %s", t.glyphs.dot, share(c.Used, c.After))))
		out = join(line(muted.of("judged ")), said, short)
		if out.width() > w {
			said = line(plain.of(strings.Replace(counts, " rounds", "", 1)))
			out = join(line(muted.of("judged ")), said, short)
		}
	}
	return out.fit(w, t.glyphs.ellipsis)
}
