package ui

import "datahub.io/slipway/release"

// helpDialog lists every key with what it does now, or why it does nothing.
type helpDialog struct{}

func openHelp(scene, press) action { return action{open: helpDialog{}} }

func (helpDialog) docked() bool          { return false }
func (helpDialog) over(scene) bool       { return false }
func (helpDialog) hints(sc scene) []hint { return []hint{undoHint(sc, "u"), {"esc", "close"}} }

func (helpDialog) press(sc scene, p press) action {
	switch p.key {
	case "esc", "?", "q", "enter":
		return action{close: true}
	}
	return always(sc, p)
}

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
		{"p", "pause the rollout", one(sc, release.DoPause), "asks first"},
		{"h", "hold: nothing by itself", one(sc, release.DoHold), "asks first"},
		{"space", "tick the selected item", some(sc, release.DoTick), "with a note, if any"},
		{"w", "waive the selected item", some(sc, release.DoWaive), "with a typed reason"},
		{"x", "abandon the release, change nothing", one(sc, release.DoAbandon), "asks first"},
	}
	switch {
	case deploy.OK:
		list[1].does = "deploy " + sc.State.To.Version
	case begin.OK:
		list[1].does, list[1].now = "release a version", begin
	}
	if resume := one(sc, release.DoResume); resume.OK {
		list[2].does, list[2].now = "resume the rollout", resume
	}
	if more := one(sc, release.DoContinue); more.OK {
		list[3].does, list[3].now = "continue the release", more
	}
	return list
}

func one(sc scene, kind release.IntentKind) release.Choice {
	c, _ := sc.choice(kind, "")
	return c
}

// some is the first choice of a kind that may be taken now, whatever its item.
func some(sc scene, kind release.IntentKind) release.Choice {
	for _, c := range sc.Choices {
		if c.Kind == kind && c.OK {
			return c
		}
	}
	return release.Choice{Kind: kind, Why: "no item can take it now"}
}

// lookKeys are the keys that change nothing.
var lookKeys = []hint{
	{"tab 1..4", "views"},
	{"j k", "move in a list"},
	{"enter", "open or run the selected line"},
	{"r", "revisions, undo to one"},
	{"D", "diff of the selected revision"},
	{"l", "log of a pod"},
	{"f", "follow it"},
	{"s", "sort the pods"},
	{"/", "filter what is listed"},
	{"c", "checklist, on narrow screens"},
	{"K", "copy the kubectl command"},
	{"R", "retry lost links now"},
	{"?", "this, again to close"},
	{"ctrl+z", "undo, where text is typed"},
}

func (helpDialog) draw(sc scene, t theme, w, h int) block {
	p := dialogPen(sc, t, w)
	if cramped(w, h) {
		return sentence(sc, t, w, h, line(plain.of("u undo, then u or y · q leave · the rest needs a larger window")), line(strong.of("esc"), plain.of(" close")))
	}
	sections := append([]section{spare(9, p.blank()), spare(6, p.row(line(muted.of("Change the release"))))}, changeRows(p)...)
	sections = append(sections, spare(8, p.blank()), spare(6, p.row(line(muted.of("Look")))))
	sections = append(sections, lookRows(p)...)
	sections = append(sections, spare(8, p.blank()))
	sections = append(sections, legend(p)...)
	sections = append(sections, spare(8, p.blank()))
	goesOn, stops := without(sc)
	if sc.under() {
		sections = append(sections, spare(5, p.row(line(muted.of("If you leave")))),
			spare(3, p.labelled("goes on", line(plain.of(goesOn)), false)...),
			spare(3, p.labelled("stops", line(plain.of(stops)), false)...),
			spare(8, p.blank()))
	}
	sections = append(sections, fixed(p.row(alsoKey("esc", "close"))), spare(9, p.blank()))
	return frameDialog(p, "Keys, and what each does now", line(muted.of(phaseWords(sc))), sections, h)
}

func phaseWords(sc scene) string {
	if sc.State.Phase == release.Idle {
		return "no release under way"
	}
	return sc.State.To.Version + " " + string(sc.State.Phase)
}

func changeRows(p pen) []section {
	const keyWidth = 8
	does := min(38, p.w/2-keyWidth/2)
	var out []section
	for _, c := range changeKeys(p.s) {
		key, k := strong.of(padRight(c.key, keyWidth)), plain
		state := line(p.th.mark(release.MarkPass, p.s.Now), muted.of(" "+c.yes))
		if !c.now.OK {
			key, k = faint.of(padRight(c.key, keyWidth)), faint
			state = line(muted.of("no: " + c.now.Why))
		}
		what := line(k.of(p.th.glyphs.say(c.does))).fit(does-1, p.th.glyphs.ellipsis)
		out = append(out, keep(p.row(join(line(key), what, line(plain.of(" ")), state))))
	}
	return out
}

// lookRows are the keys that change nothing, in two columns.
func lookRows(p pen) []section {
	const columns = 2
	width := p.w / columns
	perColumn := (len(lookKeys) + columns - 1) / columns
	var out []section
	for i := range perColumn {
		var r row
		for c := range columns {
			if at := c*perColumn + i; at < len(lookKeys) {
				h := lookKeys[at]
				r = join(r, line(strong.of(padRight(h.key, 9)), plain.of(h.does)).fit(width-1, p.th.glyphs.ellipsis), line(plain.of(" ")))
			}
		}
		out = append(out, spare(4, p.row(r)))
	}
	return out
}

// legend says what the marks mean.
func legend(p pen) []section {
	var marks, pods row
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
		marks = append(marks, p.th.mark(m.mark, p.s.Now), plain.of(" "+m.word+"   "))
	}
	for _, state := range podStates {
		pods = append(pods, podInk(state).of(p.th.glyphs.pods[state]), plain.of(" "+string(state)+"   "))
	}
	g := p.th.glyphs
	lines := line(
		strong.of(g.bound), plain.of(" bound   "), strong.of(g.change), plain.of(" last change   "),
		unknown.of(g.gap), plain.of(" no data   "), failing.of(g.full), plain.of(" sample over its bound"),
	)
	return []section{
		spare(7, p.row(line(muted.of("What the marks mean")))),
		spare(6, p.row(marks)), spare(6, p.row(pods)), spare(7, p.row(lines)),
	}
}
