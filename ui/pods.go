package ui

import (
	"fmt"
	"strconv"
	"strings"

	"datahub.io/slipway/release"
)

// podStates lists the states in the order in which their glyphs are drawn.
var podStates = []release.PodState{
	release.PodServing, release.PodStarting, release.PodPending, release.PodDraining, release.PodFailing,
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
	total := 0
	for _, n := range tally {
		total += n
	}
	if total > w || total > mostGlyphs {
		return podBar(sc, t, tally, total, min(mostGlyphs, w))
	}
	if total*(1+len(sep)) > w+len(sep) {
		sep = ""
	}
	var out row
	for _, state := range podStates {
		k, glyph := podInk(state), t.glyphs.pods[state]
		if !sc.live {
			k = faint
			if state != release.PodDraining {
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
func podBar(sc scene, t theme, tally map[release.PodState]int, total, w int) row {
	var out row
	used := 0
	for _, state := range podStates {
		if tally[state] == 0 {
			continue
		}
		n := min(max(tally[state]*w/total, 1), w-used)
		used += n
		k := podInk(state)
		if !sc.live {
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
	if current, ok := w.Current(); ok && w.Convergence() != release.Complete {
		tally := w.Tally(current.Number)
		c.updating = tally[release.PodStarting] + tally[release.PodPending] + tally[release.PodFailing]
	}
	return c
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
	case w.Tally(0)[release.PodFailing] > 0:
		m, word, k = release.MarkFail, "FAILING", failing.bolder()
	case gaveUp(sc):
		m, word, k = release.MarkFail, "STALLED", failing.bolder()
	case conv == release.Paused:
		m, word, k = release.MarkAttention, "paused", warning
	case conv != release.Complete:
		m, word, k = release.MarkRunning, "rolling", running
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

// podGroups draws the pods of the old revisions and those of the current one,
// the draining left out: they serve nobody.
func podGroups(sc scene, t theme, sep string, w int) row {
	wl := sc.workload()
	current, ok := wl.Current()
	old, fresh := map[release.PodState]int{}, map[release.PodState]int{}
	for _, p := range wl.Pods {
		switch {
		case p.State == release.PodDraining:
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
