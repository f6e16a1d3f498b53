package ui

import (
	"strconv"
	"strings"

	"datahub.io/slipway/release"
)

// header is the four rows on top of every view.
func (s *screen) header(sc scene, t theme, w int) block {
	return block{
		identity(sc, t, w),
		progress(sc, t, w),
		s.headline(sc, t, w),
		s.tabs(sc, t, w),
	}
}

// identity says what is released where, and when now is. What does not fit is
// left out in the order of its worth: elapsed, namespace, cluster, our name, that
// we only watch.
func identity(sc scene, t theme, w int) row {
	name := line(plain.of(" "), strong.of("slipway"))
	what := line(plain.of("  " + sc.Plan.Service + "  "))
	what = join(what, versions(sc, t), line(plain.of("  ")), environment(sc.Plan))
	cluster := line(muted.of("  " + sc.Plan.Cluster))
	namespace := line(muted.of(" / " + sc.Plan.Namespace))
	clock := line(strong.of(sc.Now.Format("15:04:05")), plain.of(" "))
	right := clock
	if sc.under() && !sc.State.Began.IsZero() {
		right = join(line(muted.of("elapsed"), plain.of(" "+release.Span(sc.Now.Sub(sc.State.Began))+"  ")), clock)
	}
	short := clock
	if sc.State.View.Driver != nil {
		short = join(line(badge.of(" WATCHING "), plain.of("  ")), clock)
		right = join(line(badge.of(" WATCHING "), muted.of(" as "+sc.User.Name+"  ")), clock)
	}
	for _, try := range [][2]row{
		{join(name, what, cluster, namespace), right},
		{join(name, what, cluster, namespace), short},
		{join(name, what, cluster), short},
		{join(name, what), short},
		{what.slice(1, what.width()), short},
		{what.slice(1, what.width()), clock},
	} {
		if try[0].width()+1+try[1].width() <= w {
			return spread(try[0], try[1], w, t.glyphs.ellipsis).on(strip)
		}
	}
	service := cutMiddle(sc.Plan.Service, max(w-what.width()+cells(sc.Plan.Service)-clock.width()-2, 8), t.glyphs.ellipsis)
	tight := join(line(plain.of(" "+service+"  ")), what[1:])
	return spread(tight, clock, w, t.glyphs.ellipsis).on(strip)
}

// versions is "v2.4.0 → v2.5.0", or what runs when nothing is released.
func versions(sc scene, t theme) row {
	from, to := sc.State.From.Version, sc.State.To.Version
	switch sc.State.Phase {
	case release.Idle:
		if v := sc.workload().Version(sc.Plan.Container); v != "" {
			return line(strong.of(v))
		}
		return line(faint.of("no release"))
	case release.RollingBack, release.RolledBack:
		from, to = to, sc.State.Rollout.Goal.Version
	}
	if from == "" || from == to {
		return line(strong.of(to))
	}
	return line(muted.of(from), plain.of(" "), muted.of(t.glyphs.arrow), plain.of(" "), strong.of(to))
}

// environment is the badge: reversed capitals where it is protected.
func environment(p release.Plan) row {
	if p.Protected {
		return line(badge.of(" " + strings.ToUpper(p.Environment) + " "))
	}
	return line(plain.of(p.Environment))
}

// progress is the phase rail at the left and the links with their ages at the
// right.
func progress(sc scene, t theme, w int) row {
	thread, gap, prometheus := 9, "   ", "prometheus"
	switch {
	case oneColumn(w):
		thread, gap, prometheus = 4, " ", "prom"
	case w < wide:
		thread, gap = 6, "  "
	}
	if t.glyphs.ascii {
		gap = "  "
	}
	links := join(t.linkState(sc, release.Kubernetes, "k8s"), line(plain.of(gap)), t.linkState(sc, release.Prometheus, prometheus))
	if split, well := t.splitState(sc); split != nil {
		if w >= middle {
			gap = "  "
			links = join(t.linkState(sc, release.Kubernetes, "k8s"), line(plain.of(gap)), t.linkState(sc, release.Prometheus, prometheus))
		}
		all := join(links, line(plain.of(gap)), split)
		if least := t.rail(sc, 0, !well); !well || least.width()+2+all.width() <= w {
			links = all
		}
	}
	if window := windowRow(sc, w-t.rail(sc, 0, true).width()-links.width()-len(gap)-2); window != nil {
		links = join(links, line(plain.of(gap)), window)
	}
	links = append(links, plain.of(" "))
	for ; thread >= 3; thread-- {
		if rail := t.rail(sc, thread, true); rail.width()+1+links.width() <= w {
			return spread(rail, links, w, t.glyphs.ellipsis)
		}
	}
	rail := t.rail(sc, 0, true)
	if rail.width()+1+links.width() > w {
		rail = t.rail(sc, 0, false)
	}
	return spread(rail, links, w, t.glyphs.ellipsis)
}

// rail is the three stages with what is settled of each; why says that the
// current one is held.
func (t theme) rail(sc scene, thread int, why bool) row {
	var out row
	for i, st := range sc.stages {
		name, _, _ := strings.Cut(string(st.Stage), "-")
		name, _, _ = strings.Cut(name, " ")
		label := name + " " + share(st.Settled, st.Total)
		if why && st.Current && (sc.State.Held != nil || !sc.live) {
			label += ", held"
		}
		k := plain
		switch {
		case st.Mark == release.MarkWaiting:
			k = faint
		case st.Mark == release.MarkFail, st.Mark == release.MarkUnknown, st.Mark == release.MarkStale:
			k = markInk(st.Mark)
		case st.Current:
			k = strong
		}
		out = append(out, plain.of(" "), t.mark(st.Mark, sc.Now), plain.of(" "), k.of(label))
		if i < len(sc.stages)-1 && thread > 0 {
			out = append(out, plain.of(" "))
			out = join(out, t.thread(float64(st.Settled)/float64(max(st.Total, 1)), thread, passing))
		}
	}
	if len(sc.stages) == 0 {
		out = line(plain.of(" "), faint.of("no release under way"))
	}
	return out
}

// headline is row 3: the answer to a key for a moment, otherwise the answer.
func (s *screen) headline(sc scene, t theme, w int) row {
	if s.notice != "" {
		return line(plain.of(" "), strong.of(s.notice)).fit(w, t.glyphs.ellipsis)
	}
	h := sc.head
	mark := t.mark(h.Mark, sc.Now)
	if h.Loud {
		k := loudInk(h.Mark)
		lead := line(k.of(" "), span{mark.text, k}, k.of(" "))
		return append(lead, k.of(loudWords(h, t, w-lead.width()-1))).stretched(w, t.glyphs.ellipsis, k)
	}
	lead := line(plain.of(" "), mark, plain.of(" "))
	for _, said := range []row{
		line(strong.of(h.Strong), plain.of(" "), muted.of(h.Rest)),
		line(strong.of(h.Strong), plain.of(" "), muted.of(afterFirst(h.Short))),
		sentences(h.Short),
	} {
		if said.width() > 1 && lead.width()+said.width() <= w {
			return join(lead, said).fit(w, t.glyphs.ellipsis)
		}
	}
	return join(lead, sentences(h.Short)).fit(w, t.glyphs.ellipsis)
}

// loudWords is what a reversed headline says in w cells. Where both parts do not
// fit, the first gives way to a second that is short: what still serves, and
// how long.
func loudWords(h release.Headline, t theme, w int) string {
	if h.Rest == "" {
		return h.Strong
	}
	rest := "  " + t.glyphs.dot + "  " + h.Rest
	if room := w - cells(rest); cells(h.Strong) > room && cells(rest) <= w/2 {
		return cutEnd(h.Strong, room, t.glyphs.ellipsis) + rest
	}
	return h.Strong + rest
}

func afterFirst(s string) string {
	_, rest, _ := strings.Cut(s, ". ")
	return rest
}

// sentences writes the first sentence strong and the rest muted.
func sentences(s string) row {
	first, rest, more := strings.Cut(s, ". ")
	if !more {
		return line(strong.of(s))
	}
	return line(strong.of(first+"."), plain.of(" "), muted.of(rest))
}

// stretched fits the row and fills it up in one ink.
func (r row) stretched(w int, ellipsis string, k ink) row {
	if have := r.width(); have < w {
		return append(r, k.of(spaces(w-have)))
	}
	return r.fit(w, ellipsis)
}

func loudInk(m release.Mark) ink {
	switch m {
	case release.MarkFail:
		return loudBad
	case release.MarkUnknown, release.MarkStale:
		return loudOff
	default:
		return loudAsk
	}
}

// tabs is the line of views, the current one underlined, and who drives. Where they
// do not fit they move together, then the checklist is its key only, and then the
// views that are neither shown nor in trouble are.
func (s *screen) tabs(sc scene, t theme, w int) row {
	if !oneColumn(w) {
		return spread(s.tabRow(sc, t, "   ", 0), join(driver(sc), line(plain.of(" "))), w, t.glyphs.ellipsis)
	}
	out := s.tabRow(sc, t, "  ", 0)
	for shorter := 0; shorter <= 2 && out.width() > w; shorter++ {
		out = s.tabRow(sc, t, " ", shorter)
	}
	return out.fit(w, t.glyphs.ellipsis)
}

func (s *screen) tabRow(sc scene, t theme, gap string, shorter int) row {
	out := line(plain.of(" "))
	if oneColumn(s.w) {
		name := checklistTitle
		if shorter > 0 && !s.onList {
			name = ""
		}
		out = join(out, t.tab("c", name, s.onList), line(plain.of(gap)))
	}
	for i, v := range s.views {
		if i > 0 {
			out = append(out, plain.of(gap))
		}
		name, trouble := v.title(), v.trouble(sc, t)
		if shorter > 1 && len(trouble) == 0 && v != s.current() {
			name = ""
		}
		out = join(out, t.tab(strconv.Itoa(i+1), name, v == s.current()))
		if len(trouble) > 0 {
			out = join(out, line(plain.of(" ")), trouble)
		}
	}
	return out
}

func (t theme) tab(key, title string, current bool) row {
	switch {
	case title == "":
		return line(faint.of(key))
	case current && t.glyphs.ascii:
		return line(strong.of("[" + key + " " + title + "]"))
	case current:
		k := strong
		k.underline = true
		return line(k.of(key + " " + title))
	}
	return line(faint.of(key), plain.of(" "), muted.of(title))
}

// driver says who drives the release.
func driver(sc scene) row {
	switch {
	case sc.State.View.Driver != nil:
		return line(plain.of(sc.User.Name+" "), muted.of("watching"))
	case sc.State.Phase == release.Idle:
		return line(muted.of("as "), plain.of(sc.User.Name))
	}
	return line(plain.of(sc.User.Name+" "), muted.of("driving"))
}
