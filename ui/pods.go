package ui

import (
	"fmt"
	"strconv"
	"strings"

	"datahub.io/slipway/release"
)

// podStates lists the states in the order in which their glyphs are drawn.
var podStates = []release.PodState{
	release.PodServing, release.PodStarting, release.PodPending, release.PodDraining, release.PodReplaced, release.PodFailing,
}

// mostGlyphs is up to how many pods of a ReplicaSet are drawn one by one.
const mostGlyphs = 12

func podInk(s release.PodState) ink {
	switch s {
	case release.PodServing:
		return passing
	case release.PodStarting:
		return running
	case release.PodFailing:
		return failing
	default:
		return faint
	}
}

// podGlyphs draws each pod of a tally, sep between them; more than fit become
// one bar. While the API server does not answer they are only remembered.
func podGlyphs(sc scene, t theme, tally map[release.PodState]int, sep string, w int) row {
	return podGlyphsOf(t, sc.live, tally, sep, w)
}

func podGlyphsOf(t theme, live bool, tally map[release.PodState]int, sep string, w int) row {
	total := 0
	for _, n := range tally {
		total += n
	}
	if total > w || total > mostGlyphs {
		return podBar(t, live, tally, total, min(mostGlyphs, w))
	}
	if total*(1+len(sep)) > w+len(sep) {
		sep = ""
	}
	var out row
	for _, state := range podStates {
		k, glyph := podInk(state), t.glyphs.pods[state]
		if !live {
			k = faint
			if !state.Leaves() {
				glyph = t.glyphs.was
			}
		}
		for range tally[state] {
			if len(out) > 0 && sep != "" {
				out = append(out, plain.of(sep))
			}
			out = append(out, k.of(glyph))
		}
	}
	return out
}

// podBar is a bar in which every state that has pods has at least one cell.
func podBar(t theme, live bool, tally map[release.PodState]int, total, w int) row {
	var out row
	used := 0
	for _, state := range podStates {
		if tally[state] == 0 {
			continue
		}
		n := min(max(tally[state]*w/total, 1), w-used)
		used += n
		k := podInk(state)
		if !live {
			k = unknown
		}
		out = append(out, k.of(repeat(t.glyphs.full, n)))
	}
	return out
}

// podWords counts a tally in words: "2 serving, 3 starting".
func podWords(tally map[release.PodState]int) string {
	var words []string
	for _, state := range podStates {
		if n := tally[state]; n > 0 {
			words = append(words, fmt.Sprintf("%d %s", n, state))
		}
	}
	if len(words) == 0 {
		return "no pods"
	}
	return strings.Join(words, ", ")
}

// podCounts is what the Pod Status panel says. Nothing is counted before the
// first look.
type podCounts struct {
	seen                                                        bool
	ready, desired, updating, restarts, failing, floor, ceiling int
}

// of is "5/6".
func (c podCounts) of() string {
	if !c.seen {
		return "?"
	}
	return share(c.ready, c.desired)
}

// figure is one of the counts.
func (c podCounts) figure(n int) string {
	if !c.seen {
		return "?"
	}
	return strconv.Itoa(n)
}

// countPods counts as the dashboard does: "Ready" is what the Deployment says,
// "Updating" is new pods that are not yet available.
func countPods(sc scene) podCounts {
	w := sc.workload()
	c := podCounts{
		seen: !w.At.IsZero(), ready: w.Ready, desired: w.Desired, restarts: w.Restarts(),
		failing: w.Tally(0)[release.PodFailing], floor: w.Floor(), ceiling: w.Ceiling(),
	}
	c.updating = updating(w)
	if canary := sc.State.View.Canary; sc.paired() {
		c.ready += canary.Ready
		c.desired += canary.Desired
		c.updating += updating(canary)
		c.restarts += canary.Restarts()
		c.failing += canary.Tally(0)[release.PodFailing]
	}
	return c
}

// updating is how many new pods are not yet available.
func updating(w release.Workload) int {
	current, ok := w.Current()
	if !ok || w.Convergence() == release.Complete {
		return 0
	}
	tally := w.Tally(current.Number)
	return tally[release.PodStarting] + tally[release.PodPending] + tally[release.PodFailing]
}

// podVerdict is what the Pod Status panel answers, with the age of the look. As
// everywhere, what Kubernetes said of an earlier rollout does not count.
func podVerdict(sc scene, t theme) row {
	w := sc.workload()
	age := faint.of(" " + steadyAge(sc.age))
	m, word, k := release.MarkPass, "healthy", muted
	switch conv := w.Convergence(); {
	case w.At.IsZero():
		return line(t.mark(release.MarkUnknown, sc.Now), unknown.of(" not seen yet"))
	case !sc.live:
		m, word, k = release.MarkUnknown, "last seen", unknown
	case conv == release.Absent:
		m, word, k = release.MarkFail, "ABSENT", failing.bolder()
	case countPods(sc).failing > 0:
		m, word, k = release.MarkFail, "FAILING", failing.bolder()
	case sc.canary.under && !sc.canary.live:
		m, word, k = release.MarkUnknown, "canary unseen", unknown
	case gaveUp(sc):
		m, word, k = release.MarkFail, "STALLED", failing.bolder()
	case conv == release.Paused:
		m, word, k = release.MarkAttention, "paused", warning
	case conv != release.Complete:
		m, word, k = release.MarkRunning, "rolling", running
	case sc.canary.under:
		m, word, k = release.MarkRunning, "canary", running
	}
	return line(t.mark(m, sc.Now), k.of(" "+word), age)
}

// podCell is the first cell of the dashboard.
func podCell(sc scene, t theme, w int, tall bool) block {
	c := countPods(sc)
	value, label := strong, plain
	if !sc.live {
		value, label = unknown, muted
	}
	figure := func(name, n string, k ink) row { return line(label.of(name+" "), k.of(n)) }
	bad := value
	if c.failing > 0 && sc.live {
		bad = failing.bolder()
	}
	quiet := value
	if sc.live {
		quiet = plain
	}
	ready := figure("Ready:", c.of(), value)
	updating := figure("Updating:", c.figure(c.updating), value)
	sep := " "
	if w < 32 {
		sep = ""
	}
	verdict := podVerdict(sc, t)
	if w < 32 {
		verdict = shortAge(verdict, sc.age)
	}
	out := block{
		spread(line(strong.of("Pod Status")), verdict, w, t.glyphs.ellipsis),
		spread(ready, podGroups(sc, t, sep, w-ready.width()-1), w, t.glyphs.ellipsis),
	}
	if sc.paired() {
		return append(out[:1], podPair(sc, t, ready, updating, figure("Restarts:", c.figure(c.restarts), quiet), figure("Failing:", c.figure(c.failing), bad), w, tall)...)
	}
	if !tall || w < 32 {
		word := figure("failing", c.figure(c.failing), bad)
		if c.failing == 0 && sc.live {
			word = line(faint.of("failing 0"))
		}
		out = append(out, spread(updating, word, w, t.glyphs.ellipsis))
	} else {
		bounds := line(faint.of(fmt.Sprintf("floor %d, ceiling %d", c.floor, c.ceiling)))
		switch {
		case !c.seen:
			bounds = nil
		case !sc.live:
			bounds = line(unknown.of("as of " + sc.workload().At.Format("15:04:05")))
		}
		out = append(out, spread(updating, bounds, w, t.glyphs.ellipsis))
	}
	if tall {
		k := bad
		if c.failing == 0 {
			k = quiet
		}
		last := join(figure("Restarts:", c.figure(c.restarts), quiet), line(plain.of("   ")), figure("Failing:", c.figure(c.failing), k))
		out = append(out, last.fit(w, t.glyphs.ellipsis))
	}
	return out
}

// podPair is the rest of the Pod Status panel where there are two versions: their
// pods apart, one below the other. Below ready stands what is updating, or where
// rows are few how many fail.
func podPair(sc scene, t theme, ready, updating, restarts, bad row, w int, tall bool) block {
	if !tall && countPods(sc).failing > 0 {
		updating = bad
	}
	sep := " "
	if canary := sc.State.View.Canary; 2*max(len(sc.workload().Pods), len(canary.Pods))-1+len("stable ") > w-max(ready.width(), updating.width())-1 {
		sep = ""
	}
	stable, canary := versionGlyphs(sc, t, "stable", sep, w-ready.width()-1), versionGlyphs(sc, t, "canary", sep, w-updating.width()-1)
	wide := max(stable.width(), canary.width())
	if wide > w-max(ready.width(), updating.width())-1 {
		stable, canary = versionReady(sc, "stable"), versionReady(sc, "canary")
		stable[0], canary[0] = muted.of("stable "), muted.of("canary ")
		wide = max(stable.width(), canary.width())
	}
	out := block{
		spread(ready, stable.fit(min(wide, w-ready.width()-1), ""), w, t.glyphs.ellipsis),
		spread(updating, canary.fit(min(wide, w-updating.width()-1), ""), w, t.glyphs.ellipsis),
	}
	if tall {
		out = append(out, join(restarts, line(plain.of("   ")), bad).fit(w, t.glyphs.ellipsis))
	}
	return out
}

// versionGlyphs are the pods of a version, the draining left out; a count where
// there is no room for them.
func versionGlyphs(sc scene, t theme, which, sep string, w int) row {
	wl, live := sc.workload(), sc.live
	if which == "canary" {
		wl, live = sc.State.View.Canary, sc.live && sc.canary.live
	}
	tally := wl.Tally(0)
	delete(tally, release.PodDraining)
	delete(tally, release.PodReplaced)
	name, n := line(muted.of(which+" ")), total(tally)
	room := w - name.width()
	switch {
	case n == 0:
		return append(name, faint.of("none"))
	case n <= room && n <= mostGlyphs:
		return join(name, podGlyphsOf(t, live, tally, sep, room))
	}
	k := strong
	if !live {
		k = unknown
	}
	return append(name, k.of(share(wl.Ready, wl.Desired)))
}

// podGroups draws the pods of the old revisions and those of the current one,
// the draining left out: they serve nobody.
func podGroups(sc scene, t theme, sep string, w int) row {
	wl := sc.workload()
	current, ok := wl.Current()
	old, fresh := map[release.PodState]int{}, map[release.PodState]int{}
	for _, p := range wl.Pods {
		switch {
		case p.State.Leaves():
		case ok && p.Revision == current.Number:
			fresh[p.State]++
		default:
			old[p.State]++
		}
	}
	gap := sep + " " + sep
	room := (w - len(gap)) / 2
	a := podGlyphs(sc, t, old, sep, room)
	b := podGlyphs(sc, t, fresh, sep, w-len(gap)-a.width())
	if len(a) == 0 || len(b) == 0 {
		return join(a, b)
	}
	return join(a, line(plain.of(gap)), b)
}
