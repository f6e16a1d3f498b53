package report

import (
	"fmt"
	"strings"
	"time"

	"datahub.io/slipway/release"
)

// Markdown writes the report for a change request: the checklist comes first.
func (rep Report) Markdown() []byte {
	w := &markdown{}
	w.line("# Release report: %s %s → %s", md(rep.Service), md(rep.From), md(rep.To))
	for i, s := range rep.Summary {
		if i == 0 {
			s = "**" + rep.Outcome + ".** " + md(s)
		} else {
			s = md(s)
		}
		w.line("\n%s", s)
	}
	rows := [][]string{}
	for _, f := range rep.Facts {
		rows = append(rows, []string{f.Label, f.Text})
	}
	w.table([]string{"", ""}, rows)
	w.line("\nAll times are UTC, of %s.", rep.begin.UTC().Format("Monday, 2 January 2006"))
	if rep.Why != "" {
		w.line("\n## Why it was rolled back\n\n%s", md(rep.Why))
	}
	w.line("\n## Production Deployment Checklist\n\nA box is ticked when the item passed. What was waived is not ticked, and says why.")
	for _, s := range rep.Stages {
		w.line("\n### %s", md(s.Title))
		for _, i := range s.Items {
			box := " "
			if i.Status == string(release.Passed) {
				box = "x"
			}
			w.line("- [%s] %s", box, md(i.Title))
			w.line("  - %s", i.words(md))
		}
	}
	w.line("\n## Metrics before, during and after\n")
	if len(rep.readings) == 0 {
		w.line("No figures were kept beside this record.")
	} else {
		rows = nil
		for _, m := range rep.Metrics {
			rows = append(rows, []string{m.Title, m.Bound, m.Before, m.During, or(m.Canary, "none"), m.After, m.Word})
		}
		w.table([]string{"", "bound", "before", "during", "canary", "after", ""}, rows)
		w.line("\nMedians. %s to %s; `▇` is over the bound, `╌` is no data:\n\n```text", clock(rep.begin), clock(rep.end))
		for _, m := range rep.Metrics {
			w.line("%-14s%s", code(m.Title), rep.spark(m, 48))
		}
		w.line("```")
	}
	for i, a := range rep.Acts {
		sep := " · "
		if i == 0 {
			sep = "\n"
		}
		w.text("%s%d %s %s", sep, a.Number, clock(a.At), md(a.Text))
	}
	w.line("")
	if len(rep.Steps) > 0 {
		w.line("\n## The canary, step by step")
		rows = nil
		for _, s := range rep.Steps {
			rows = append(rows, []string{fmt.Sprintf("%d%%", s.Weight), clock(s.Live) + " to " + until(s.Until), s.Stable, s.Canary, s.P, s.Rounds})
		}
		w.table([]string{"weight", "live", "error rate stable", "error rate canary", "p", "rounds"}, rows)
		w.line("\np is the chance of values so high if both versions were alike (Mann–Whitney U test). A round is one look at every figure.")
	}
	w.line("\n## Decisions")
	rows = nil
	for _, d := range rep.Decisions {
		rows = append(rows, []string{clock(d.At), d.By, d.What, d.On})
	}
	w.table([]string{"at", "who", "decided", "on what"}, rows)
	w.line("\n## Timeline")
	stage := ""
	for _, l := range rep.Timeline {
		if l.Stage != stage {
			stage = l.Stage
			w.line("\n**%s**\n\n| at | who | what |\n| --- | --- | --- |", md(stage))
		}
		w.line("| %s | %s | %s |", clock(l.At), md(l.By), md(l.Text))
	}
	if len(rep.Commands) > 0 {
		w.line("\n## The same by kubectl\n\nslipway sends guarded patches to the API server. These commands do the same, without the guards.\n\n```sh")
		for _, c := range rep.Commands {
			w.line("# %s %s\n%s", clock(c.At), code(c.By), code(c.Text))
		}
		w.line("```")
	}
	if len(rep.Undone) > 0 {
		w.line("\n## What was undone\n")
		for _, l := range rep.Undone {
			w.line("- %s %s", clock(l.At), md(l.Text))
		}
	}
	w.line("\n## About this report\n\n%s", rep.about(md, func(s string) string { return "`" + code(s) + "`" }))
	return []byte(w.b.String())
}

// words are an item's evidence in one line.
func (i Item) words(esc func(string) string) string {
	at := ""
	if !i.At.IsZero() {
		at = clock(i.At)
	}
	text := or(i.Evidence, i.Note)
	if i.Evidence != "" && i.Note != "" {
		text += "; " + i.Note
	}
	switch i.Status {
	case string(release.Waived):
		return fmt.Sprintf("waived by %s at %s: %s", esc(i.By), at, esc(or(i.Reason, "no reason is recorded")))
	case "not reached":
		return "not reached"
	case string(release.Passed):
		return fmt.Sprintf("%s %s: %s", at, esc(i.By), esc(or(text, "ticked")))
	}
	return fmt.Sprintf("%s at %s: %s", esc(i.Status), or(at, "a time that is not known"), esc(or(text, "nothing was found")))
}

func until(t time.Time) string {
	if t.IsZero() {
		return "now"
	}
	return clock(t)
}

func (rep Report) about(esc, mono func(string) string) string {
	v := rep.Verified
	text := fmt.Sprintf("Written at %s by %s from the record %s alone: %s, the last one with the checksum %s. ",
		esc(rep.At.UTC().Format("2006-01-02 15:04:05")), esc(rep.By), mono(rep.ID), esc(plural(v.Lines, "line")), mono(v.Last))
	if len(rep.readings) > 0 {
		text += "The figures are those on which slipway decided; Prometheus was not asked again."
	} else {
		text += "No figures were kept."
	}
	if v.Unlinked > 0 {
		text += esc(fmt.Sprintf(" %s of an earlier slipway do not name the line before.", plural(v.Unlinked, "line")))
	}
	for _, p := range v.Problems {
		text += " RECORD DAMAGED: " + esc(p) + "."
	}
	return text
}

// spark is a curve in so many cells.
func (rep Report) spark(m Metric, cells int) string {
	c := rep.curve(func(r release.Reading) (float64, bool) { v, ok := r.All[m.Name]; return v, ok })
	_, peak, _ := c.peak()
	full := peak
	if m.high > 0 && peak <= m.high {
		full = m.high / 0.8
	}
	const bars = "▁▂▃▄▅▆"
	var b strings.Builder
	for i := range cells {
		from, to := i*len(c.values)/cells, max((i+1)*len(c.values)/cells, i*len(c.values)/cells+1)
		value, known := 0.0, false
		for k := from; k < to && k < len(c.values); k++ {
			if c.known[k] && (!known || c.values[k] > value) {
				value, known = c.values[k], true
			}
		}
		switch {
		case !known:
			b.WriteRune('╌')
		case m.beyond(value) && value > m.high:
			b.WriteRune('▇')
		case full <= 0:
			b.WriteRune('▁')
		default:
			b.WriteRune([]rune(bars)[min(max(int(value/full*6), 0), 5)])
		}
	}
	return b.String()
}

// markdown is a small writer.
type markdown struct{ b strings.Builder }

func (w *markdown) text(format string, args ...any) { fmt.Fprintf(&w.b, format, args...) }
func (w *markdown) line(format string, args ...any) { w.text(format+"\n", args...) }

func (w *markdown) table(heads []string, rows [][]string) {
	w.line("\n| %s |\n|%s", strings.Join(heads, " | "), strings.Repeat(" --- |", len(heads)))
	for _, row := range rows {
		cells := make([]string, len(row))
		for i, c := range row {
			cells[i] = md(c)
		}
		w.line("| %s |", strings.Join(cells, " | "))
	}
}

// md escapes text for the middle of a line of Markdown, HTML included.
func md(text string) string {
	var b strings.Builder
	for i, r := range flat(text) {
		switch {
		case strings.ContainsRune("\\`*_[]<>|~!&", r), i == 0 && strings.ContainsRune("#-+>=", r):
			b.WriteByte('\\')
		case r == ':' && strings.HasPrefix(flat(text)[i:], "://"):
			b.WriteString("&#58;") // it is no link
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}

// code is text inside a fence or a span of code: it cannot end it.
func code(text string) string { return strings.ReplaceAll(flat(text), "`", "'") }

// flat is text on one line.
func flat(text string) string {
	return strings.Map(func(r rune) rune {
		if r == '\n' || r == '\r' || r == '\t' {
			return ' '
		}
		if r < ' ' || r == 0x7f {
			return -1
		}
		return r
	}, text)
}
