package ui

import (
	"slices"
	"strconv"

	"datahub.io/slipway/release"
)

// helpDialog lists every key with what it does now, or why it does nothing.
// Where rows are few it scrolls.
type helpDialog struct{ scroll scroller }

func openHelp(scene, press) action { return action{open: &helpDialog{}} }

func (d *helpDialog) docked() bool    { return false }
func (d *helpDialog) over(scene) bool { return false }
func (d *helpDialog) hints(sc scene) []hint {
	return []hint{undoHint(sc, "u"), {"j/k", "scroll"}, {"esc", "close"}}
}

func (d *helpDialog) press(sc scene, p press) action {
	switch p.key {
	case "esc", "?", "q", "enter":
		return action{close: true}
	}
	if d.scroll.move(p.key, helpRows) {
		return action{}
	}
	return always(sc, p)
}

// helpRows is more than help ever has: it is scrolled as far as it goes.
const helpRows = 1000

// changeKey is what a key does to the release, and whether it may now.
type changeKey struct {
	key, does string
	now       release.Choice
	yes       string // what is said when it may
}

func changeKeys(sc scene) []changeKey {
	deploy, begin := one(sc, release.DoDeploy), one(sc, release.DoBegin)
	list := []changeKey{
		{"u", sc.undo().Preview.Line, sc.undo(), "always, in two keys"},
		{"d", "deploy the planned version", deploy, "asks first"},
		{"p", pauseDoes(sc), one(sc, release.DoPause), "asks first"},
		{"h", "hold: nothing by itself", one(sc, release.DoHold), "asks first"},
		{"space", "tick the selected item", some(sc, release.DoTick), "with a note, if any"},
		{"w", "waive the selected item", some(sc, release.DoWaive), "with a typed reason"},
		{"x", "abandon the release, change nothing", one(sc, release.DoAbandon), "asks first"},
		{"a", "advance a canary", no(noCanary(sc)), ""},
		{"b", "abort a canary", no(noCanary(sc)), ""},
		{"t", "take over from who drives", no(elsewhere(sc, "t")), ""},
	}
	switch {
	case deploy.OK():
		list[1].does = "deploy " + sc.State.To.Version
	case begin.OK():
		list[1].does, list[1].now = "release a version", begin
	}
	if resume := one(sc, release.DoResume); resume.OK() {
		list[2].does, list[2].now = resumeDoes(sc), resume
	}
	if sc.Plan.Canary != nil {
		list[7].does, list[7].now, list[7].yes = advanceDoes(sc), one(sc, release.DoAdvance), "asks first"
		list[8].does, list[8].now, list[8].yes = "abort the canary", one(sc, release.DoAbort), "always, in two keys"
	}
	if more := one(sc, release.DoContinue); more.OK() {
		list[3].does, list[3].now = "continue the release", more
	}
	return list
}

// no is a choice that is none here, and why.
func no(why string) release.Choice { return release.Choice{}.Refuse(release.RefusedUnknown, why) }

func one(sc scene, kind release.IntentKind) release.Choice {
	c, _ := sc.choice(kind, "")
	return c
}

// some is the first choice of a kind that may be taken now, whatever its item.
func some(sc scene, kind release.IntentKind) release.Choice {
	for _, c := range sc.Choices {
		if c.Kind == kind && c.OK() {
			return c
		}
	}
	return no("no item can take it now")
}

// lookKeys are the keys that change nothing: what each does now.
func lookKeys(sc scene) []hint {
	logs, retry, leave := "log of the selected or the worst pod", "retry lost links: none is lost", "leave; what goes on is said first"
	if len(sc.pods()) == 0 {
		logs = "log of a pod: there are none"
	}
	if sc.lost(release.Kubernetes) || sc.lost(release.Prometheus) {
		retry = "retry lost links now"
	}
	if !sc.under() && sc.State.Pending == nil {
		leave = "leave: nothing is under way"
	}
	return []hint{
		{"tab 1.." + strconv.Itoa(len(titles(sc.Plan))), "views; shift+tab goes back"},
		{"c", "checklist"},
		{"j k", "move or scroll; also g G pgup pgdown"},
		{"enter", "open or run the selected line"},
		{"r", "revisions, enter undoes to one"},
		{"D", "diff of a revision, in " + viewKey(sc, historyTitle)},
		{"l", logs},
		{"f", "follow the log that l opened"},
		{"s", "sort pods, in 2 Rollout"},
		{"/", "filter pods, Log, a pod's log"},
		{"K", "copy the kubectl command"},
		{"R", retry},
		{"y n esc", "answer a dialog"},
		{"ctrl+z", "undo, where text is typed"},
		{"?", "this; again closes it"},
		{"q", leave},
	}
}

func (d *helpDialog) draw(sc scene, t theme, w, h int) block {
	p := dialogPen(sc, t, w)
	if cramped(w, h) {
		return sentence(sc, t, w, h, line(plain.of("u undo, then u or y · q leave · the rest needs a larger window")), line(strong.of("esc"), plain.of(" close")))
	}
	sections := append([]section{spare(9, p.blank()), keep(p.row(line(strong.of("Change the release"))))}, changeRows(p)...)
	sections = append(sections, spare(8, p.blank()), keep(p.row(line(strong.of("Look")))))
	sections = append(sections, lookRows(p)...)
	sections = append(sections, spare(8, p.blank()))
	sections = append(sections, legend(p)...)
	if sc.under() {
		goesOn, stops := without(sc)
		sections = append(sections, spare(8, p.blank()), keep(p.row(line(strong.of("If you leave")))),
			keep(p.labelled("goes on", line(plain.of(goesOn)), false)...),
			keep(p.labelled("stops", line(plain.of(stops)), false)...))
	}
	room := max(h-2-2, 1) // without the keys and a row above them
	rows, loose := stacked(sections, 0), stacked(sections, 9)
	if len(loose) <= room {
		rows = loose
	}
	d.scroll.top = min(d.scroll.top, max(len(rows)-room, 0))
	shown := rows[d.scroll.top:min(d.scroll.top+room, len(rows))]
	place := line(faint.of("every key"))
	if len(shown) < len(rows) {
		place = line(faint.of(strconv.Itoa(d.scroll.top+1)+" to "+strconv.Itoa(d.scroll.top+len(shown))+" of "+strconv.Itoa(len(rows))+", "), strong.of("j k"), faint.of(" scroll"))
	}
	body := append(slices.Clone(shown), p.blank(), p.ends(alsoKey("esc", "close"), place))
	frame := panel{title: line(strong.of(t.glyphs.say("Keys, and what each does now"))), label: line(muted.of(phaseWords(sc))), hue: text, heavy: true}
	return frame.draw(t, body, p.full()+2, len(body)+2)
}

// stacked are the rows of the sections that have at most that drop.
func stacked(sections []section, drop int) (out block) {
	for _, s := range sections {
		if s.drop <= drop {
			out = append(out, s.rows...)
		}
	}
	return out
}

func phaseWords(sc scene) string {
	if sc.State.Phase == release.Idle {
		return "no release under way"
	}
	return sc.State.To.Version + " " + string(sc.State.Phase)
}

// keyWidth is how wide the column of keys is.
const keyWidth = 9

// changeRows are the keys that change something, with whether they may now; where
// the window is narrow, that stands below.
func changeRows(p pen) []section {
	var out []section
	for _, c := range changeKeys(p.s) {
		key, k := strong.of(padRight(c.key, keyWidth-1)), plain
		state := line(p.th.mark(release.MarkPass, p.s.Now), muted.of(" "+c.yes))
		if !c.now.OK() {
			key, k = faint.of(padRight(c.key, keyWidth-1)), faint
			state = line(muted.of("no: " + c.now.Why()))
		}
		labels, text := p, line(k.of(p.th.glyphs.say(c.does)))
		var said block
		if p.w >= 70 {
			labels.labels = keyWidth + 38
			text = text.fit(labels.labels-keyWidth-2, p.th.glyphs.ellipsis)
			said = labels.beside(join(line(key, plain.of(" ")), text), state, false)
		} else {
			labels.labels = keyWidth
			said = append(labels.beside(line(key), text, false), labels.beside(nil, state, false)...)
		}
		out = append(out, keep(said...))
	}
	return out
}

// lookRows are the keys that change nothing, in two columns where they fit.
func lookRows(p pen) []section {
	keys, columns := lookKeys(p.s), 1
	if p.w >= 90 {
		columns = 2
	}
	width := p.w / columns
	perColumn := (len(keys) + columns - 1) / columns
	var out []section
	for i := range perColumn {
		var r row
		for at := i; at < len(keys); at += perColumn {
			h := keys[at]
			r = join(r, line(strong.of(padRight(h.key, keyWidth)), plain.of(h.does)).fit(width-1, p.th.glyphs.ellipsis), line(plain.of(" ")))
		}
		out = append(out, keep(p.row(r)))
	}
	return out
}

// legend says what the marks mean.
func legend(p pen) []section {
	var marks, pods []row
	for _, m := range []struct {
		mark release.Mark
		word string
	}{
		{release.MarkPass, "pass"},
		{release.MarkFail, "FAIL"},
		{release.MarkRunning, "running"},
		{release.MarkWaiting, "waiting"},
		{release.MarkWaived, "waived"},
		{release.MarkUnknown, "unknown"},
		{release.MarkStale, "stale"},
	} {
		marks = append(marks, line(p.th.mark(m.mark, p.s.Now), plain.of(" "+m.word)))
	}
	for _, state := range podStates {
		if state == release.PodReplaced {
			continue // seldom, and drawn as one that drains
		}
		pods = append(pods, line(podInk(state).of(p.th.glyphs.pods[state]), plain.of(" "+string(state))))
	}
	g := p.th.glyphs
	drawn := []row{
		line(strong.of(g.bound), plain.of(" bound")), line(strong.of(g.change), plain.of(" last change")),
		line(unknown.of(g.gap), plain.of(" no data")), line(failing.of(g.full), plain.of(" sample over its bound")),
	}
	return []section{
		keep(p.row(line(strong.of("What the marks mean")))),
		keep(p.packed(marks)...), keep(p.packed(pods)...), keep(p.packed(drawn)...),
	}
}

// packed puts short texts behind each other, as many as a row has room for.
func (p pen) packed(parts []row) (out block) {
	const gap = "   "
	var r row
	for _, part := range parts {
		part = p.spell(part)
		if len(r) > 0 && r.width()+len(gap)+part.width() > p.w {
			out, r = append(out, p.row(r)), nil
		}
		if len(r) > 0 {
			r = append(r, plain.of(gap))
		}
		r = join(r, part)
	}
	return append(out, p.row(r))
}
