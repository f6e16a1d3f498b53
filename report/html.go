package report

import (
	_ "embed"
	"fmt"
	"html"
	"strings"
	"time"

	"datahub.io/slipway/release"
)

//go:embed report.css
var css string

// HTML writes the report as one file that loads nothing and runs nothing; its policy
// proves it. There is no template package behind it: see docs/decisions.md.
func (rep Report) HTML() []byte {
	w := &page{}
	w.raw(`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="generator" content="slipway report">
`)
	w.put(`<title>%s %s → %s: %s %s</title>`, rep.Service, rep.From, rep.To, strings.ToLower(rep.Outcome), rep.begin.UTC().Format(time.DateOnly))
	w.raw("\n<style>\n" + css + "</style>\n</head>\n<body>\n<header>")
	w.put(`<p class="kicker">Release report · %s</p><h1>%s <span class="from">%s →</span> %s</h1>`, rep.begin.UTC().Format("Monday, 2 January 2006"), rep.Service, rep.From, rep.To)
	w.put(`<p class="pill `+rep.hue()+`">%s</p>`, rep.Outcome)
	for _, s := range rep.Summary {
		w.put(`<p class="lead">%s</p>`, s)
	}
	w.raw(`<dl class="facts">`)
	for _, f := range rep.Facts {
		w.put(`<div><dt>%s</dt><dd>%s</dd></div>`, f.Label, f.Text)
	}
	w.raw(`</dl><p class="cap">All times are UTC.</p></header>`)
	if rep.Why != "" {
		w.head("Why it was rolled back")
		w.put(`<p>%s</p>`, rep.Why)
		w.raw(`</section>`)
	}
	rep.figures(w)
	rep.items(w)
	rep.weights(w)
	rep.decided(w)
	rep.story(w)
	rep.shell(w)
	if len(rep.Undone) > 0 {
		w.head("What was undone")
		w.raw(`<ul class="took">`)
		for _, l := range rep.Undone {
			w.put(`<li><time>%s</time><span>%s</span></li>`, clock(l.At), l.Text)
		}
		w.raw(`</ul></section>`)
	}
	w.raw("\n<footer><h2>About this report</h2><p>" +
		rep.about(html.EscapeString, func(s string) string { return "<code>" + html.EscapeString(s) + "</code>" }) + "</p></footer>\n</body>\n</html>\n")
	return []byte(w.b.String())
}

func (rep Report) hue() string {
	switch {
	case rep.phase == release.Released:
		return "pass"
	case rep.phase == release.RolledBack && rep.Outcome != "Rolled back":
		return "fail"
	}
	return "attention"
}

func (rep Report) figures(w *page) {
	w.head("Metrics before, during and after")
	if len(rep.readings) == 0 {
		w.raw(`<p>No figures were kept beside this record.</p></section>`)
		return
	}
	w.raw(`<ol class="acts">`)
	for _, a := range rep.Acts {
		w.put(`<li class="`+undoClass(a.Undo)+`"><b>%s</b> %s %s</li>`, fmt.Sprint(a.Number), clock(a.At), a.Text)
	}
	w.raw(`</ol>`)
	rows := [][]string{}
	for _, m := range rep.Metrics {
		rows = append(rows, []string{m.Title, m.Bound, m.Before, m.During, or(m.Canary, "none"), m.After, m.Word})
	}
	w.table([]string{"figure", "bound", "before", "during", "canary", "after", "result"}, rows)
	w.raw(`<p class="key"><span class="k old">the whole service, or stable</span><span class="k new">the canary</span><span class="k bnd">bound</span><span class="k non">no data</span></p><div class="grid">`)
	for i, m := range rep.Metrics {
		rep.plot(w, i, m)
	}
	w.raw(`</div></section>`)
}

func undoClass(undo bool) string {
	if undo {
		return "act undo"
	}
	return "act"
}

func (rep Report) items(w *page) {
	w.head("Production Deployment Checklist")
	marks := map[string][2]string{
		string(release.Passed): {"✓", "pass"}, string(release.Waived): {"»", "waived"}, string(release.Failed): {"✗", "failed"},
		string(release.Unknown): {"?", "unknown"}, string(release.Running): {"…", "open"},
	}
	for _, s := range rep.Stages {
		w.put(`<h3>%s</h3>`, s.Title)
		w.raw(`<ul class="list">`)
		for _, i := range s.Items {
			mark, ok := marks[i.Status]
			if !ok {
				mark = [2]string{"·", "open"}
			}
			w.put(`<li class="`+mark[1]+`"><span class="m">%s</span><b>%s</b><span class="ev">%s</span></li>`, mark[0], i.Title, i.words(func(s string) string { return s }))
		}
		w.raw(`</ul>`)
	}
	w.raw(`</section>`)
}

func (rep Report) weights(w *page) {
	if len(rep.Steps) == 0 {
		return
	}
	w.head("The canary, step by step")
	rows := [][]string{}
	for _, s := range rep.Steps {
		rows = append(rows, []string{fmt.Sprintf("%d%%", s.Weight), clock(s.Live) + " to " + until(s.Until), s.Stable, s.Canary, s.P, s.Rounds})
	}
	w.table([]string{"weight", "live", "error rate stable", "error rate canary", "p", "rounds"}, rows)
	w.raw(`<p class="cap">p is the chance of values so high if both versions were alike (Mann–Whitney U test). A round is one look at every figure.</p></section>`)
}

func (rep Report) decided(w *page) {
	w.head("Decisions")
	w.raw(`<ol class="dec">`)
	for _, d := range rep.Decisions {
		w.put(`<li><time>%s</time><b>%s</b><div>%s<span>%s</span></div></li>`, clock(d.At), d.By, d.What, d.On)
	}
	w.raw(`</ol></section>`)
}

func (rep Report) story(w *page) {
	w.head("Timeline")
	marks := map[release.Mark][2]string{
		release.MarkPass: {"✓", "pass"}, release.MarkFail: {"✗", "fail"}, release.MarkUnknown: {"?", "unknown"},
		release.MarkAttention: {"!", "attention"}, release.MarkWaived: {"»", "waived"},
	}
	stage := ""
	for _, l := range rep.Timeline {
		if l.Stage != stage {
			if stage != "" {
				w.raw(`</ol>`)
			}
			stage = l.Stage
			w.put(`<h3>%s</h3>`, stage)
			w.raw(`<ol class="line">`)
		}
		mark := marks[l.Mark]
		if l.Act > 0 {
			mark[0] = fmt.Sprint(l.Act)
			mark[1] += " numbered"
		}
		w.put(`<li class="`+mark[1]+`"><time>%s</time><span class="g">%s</span><b>%s</b><span>%s</span></li>`, clock(l.At), mark[0], l.By, l.Text)
	}
	if stage != "" {
		w.raw(`</ol>`)
	}
	w.raw(`</section>`)
}

func (rep Report) shell(w *page) {
	if len(rep.Commands) == 0 {
		return
	}
	w.head("The same by kubectl")
	w.raw(`<p class="cap">slipway sends guarded patches to the API server. These commands do the same, without the guards.</p><div class="cmds">`)
	for _, c := range rep.Commands {
		number := ""
		if c.Act > 0 {
			number = fmt.Sprint(c.Act)
		}
		w.put(`<p><span class="g">%s</span><time>%s</time> %s</p><pre>%s</pre>`, number, clock(c.At), c.By, c.Text)
	}
	w.raw(`</div></section>`)
}

// page is a small writer. What raw writes is ours; put escapes each of its arguments.
type page struct{ b strings.Builder }

func (w *page) raw(text string) { w.b.WriteString(text) }

func (w *page) put(format string, args ...string) {
	escaped := make([]any, len(args))
	for i, a := range args {
		escaped[i] = html.EscapeString(flat(a))
	}
	fmt.Fprintf(&w.b, format, escaped...)
}

func (w *page) head(title string) { w.put("\n<section><h2>%s</h2>", title) }

func (w *page) table(heads []string, rows [][]string) {
	w.raw(`<table><thead><tr>`)
	for _, h := range heads {
		w.put(`<th>%s</th>`, h)
	}
	w.raw(`</tr></thead><tbody>`)
	for _, row := range rows {
		w.raw(`<tr>`)
		for i, c := range row {
			class := map[string]string{"within": "ok", "BEYOND": "bad", "no data": "none"}[c]
			w.put(`<td data-l="%s" class="%s">%s</td>`, heads[i], class, c)
		}
		w.raw(`</tr>`)
	}
	w.raw(`</tbody></table>`)
}
