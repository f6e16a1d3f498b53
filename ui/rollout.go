package ui

import (
	"fmt"
	"strings"
	"time"

	"datahub.io/slipway/release"
)

// Heights of the rollout panel.
const (
	rolloutTall  = 8
	rolloutShort = 5
)

// rolloutPanel shows old and new ReplicaSets, how far the replacement is, and
// what it waits for. Where there is room for three rows only, it keeps the two
// ReplicaSets and the bar, or, while something fails, why.
func rolloutPanel(sc scene, t theme, w, h int) block {
	p := panel{title: line(strong.of("Rollout")), label: rolloutLabel(sc, t)}
	switch {
	case sc.workload().At.IsZero():
		return p.draw(t, inset(line(faint.of("not seen yet"))), w, h)
	case !sc.live:
		p.hue = unsure
		p.title = line(unknown.bolder().of(t.glyphs.marks[release.MarkUnknown] + " Rollout, last seen " + release.Age(sc.age) + " ago"))
	case sc.workload().Failures() != "":
		p.title = join(line(t.mark(release.MarkFail, sc.Now), plain.of(" ")), p.title)
	}
	inner := w - 4
	tall := h >= rolloutTall
	sets := 2
	if tall {
		sets = 3
	}
	body := replicaSets(sc, t, inner, sets)
	if !tall {
		body = append(body, shortRows(sc, t, inner, h-2-len(body))...)
		return p.draw(t, inset(body...), w, h)
	}
	rest := block{replacedRow(sc, t, inner)}
	if sc.live {
		rest = append(append(rest, availableRow(sc, t)), waitsRows(sc, t, inner, h-2-len(body)-2)...)
	} else {
		rest = append(rest, rolloutLine("known", plain.of(knownWords(sc))), rolloutLine("unknown", plain.of(unknownWords(sc))))
	}
	for len(body)+len(rest) < h-2 && len(body) < sets {
		body = append(body, nil)
	}
	body = append(body, rest...)
	return p.draw(t, inset(body...), w, h)
}

// shortRows is what stands below the ReplicaSets where there is room for h rows
// only: what fails goes first.
func shortRows(sc scene, t theme, w, h int) block {
	counts := block{replacedShort(sc, t, w)}
	if h > 1 {
		counts = append(counts, availableRow(sc, t))
	}
	if sc.workload().Failures() == "" {
		return counts
	}
	fails := failsRows(sc, t, w, h)
	return append(fails, counts[:min(h-len(fails), len(counts))]...)
}

func rolloutLine(label string, parts ...span) row {
	return join(line(muted.of(padRight(label, 11))), parts)
}

// rolloutLabel is the deadline, or what stands in its place.
func rolloutLabel(sc scene, t theme) row {
	w := sc.workload()
	ends, ticking := w.ProgressEnds()
	switch {
	case w.At.IsZero():
		return nil
	case ticking && !sc.live:
		return line(unknown.of("deadline " + ends.Format("15:04:05") + ", if no progress"))
	case !sc.live:
		return nil
	case gaveUp(sc):
		return line(failing.of("deadline exceeded"))
	case w.Paused:
		return line(warning.of("paused"))
	case ticking:
		return line(muted.of("deadline in "), strong.of(release.Left(ends.Sub(sc.Now))))
	case w.Convergence() == release.Complete:
		return line(t.mark(release.MarkPass, sc.Now), muted.of(" complete"))
	}
	return nil
}

// gaveUp tells whether Kubernetes gave up what rolls. Of a rollout of ours the
// release says so: the condition of the one before can stay for a moment.
func gaveUp(sc scene) bool {
	switch sc.State.Phase {
	case release.Deploying, release.RollingBack:
		return sc.State.Overdue()
	}
	return sc.workload().Convergence() == release.Exceeded
}

// replacedBar is how far the replacement is.
func replacedBar(sc scene, thin bool) bar {
	w := sc.workload()
	b := bar{value: float64(w.Replaced()) / float64(max(w.Desired, 1)), fill: movingBar, thin: thin}
	switch {
	case !sc.live:
		b.fill = unsureBar
	case w.Convergence() == release.Complete:
		b.fill = goodBar
	case w.Failures() != "":
		b.fill = badBar
	}
	return b
}

func replacedCount(sc scene) span {
	w := sc.workload()
	count := fmt.Sprintf("%d of %d", w.Replaced(), w.Desired)
	if !sc.live {
		return unknown.of("~" + count)
	}
	return strong.of(count)
}

func replacedRow(sc scene, t theme, w int) row {
	return join(rolloutLine("replaced"), replacedBar(sc, false).draw(t, max(w-25, 8)), line(plain.of("  "), replacedCount(sc)))
}

func replacedShort(sc scene, t theme, w int) row {
	floor := floorRow(sc, t)
	count := replacedCount(sc)
	gap := "   "
	if w < 60 {
		gap = "  "
	}
	room := w - 10 - 2 - cells(count.text) - len(gap) - floor.width()
	return join(
		line(muted.of(padRight("replaced", 10))),
		replacedBar(sc, oneColumn(w+4) && w >= 56).draw(t, max(room, 6)),
		line(plain.of("  "), count, plain.of(gap)), floor,
	)
}

func floorRow(sc scene, t theme) row {
	w := sc.workload()
	m := release.MarkPass
	switch {
	case !sc.live:
		m = release.MarkUnknown
	case w.Available < w.Floor():
		m = release.MarkFail
	}
	return line(muted.of(fmt.Sprintf("floor %d ", w.Floor())), t.mark(m, sc.Now))
}

func availableRow(sc scene, t theme) row {
	w := sc.workload()
	pods := len(w.Pods) - w.Tally(0)[release.PodDraining] - w.Tally(0)[release.PodReplaced]
	m := release.MarkPass
	if pods > w.Ceiling() {
		m = release.MarkAttention
	}
	return join(
		rolloutLine("available", strong.of(fmt.Sprintf("%d of %d", w.Available, w.Desired)), plain.of("  ")),
		floorRow(sc, t),
		line(plain.of("   "), muted.of("pods "), strong.of(fmt.Sprint(pods)), plain.of("  "),
			muted.of(fmt.Sprintf("ceiling %d ", w.Ceiling())), t.mark(m, sc.Now)),
	)
}

// waitsRows says what the rollout waits for, or in at most h rows what fails.
func waitsRows(sc scene, t theme, w, h int) block {
	if sc.workload().Failures() != "" {
		return failsRows(sc, t, w, h)
	}
	return block{rolloutLine("waits for", plain.of(cutEnd(waitsWords(sc), w-11, t.glyphs.ellipsis)))}
}

// failsRows says what fails in at most h rows, the last of them cut.
func failsRows(sc scene, t theme, w, h int) block {
	parts := wrapRow(line(failing.of(sc.workload().Failures())), w-11, t.glyphs.ellipsis)
	if len(parts) > h {
		rest := make([]string, 0, len(parts))
		for _, part := range parts[h-1:] {
			rest = append(rest, part.plain())
		}
		parts = append(parts[:h-1], line(failing.of(cutEnd(strings.Join(rest, " "), w-11, t.glyphs.ellipsis))))
	}
	label := "fails"
	for i, part := range parts {
		parts[i] = rolloutLine(label, part...)
		label = ""
	}
	return parts
}

// waitsWords says what the rollout waits for, as the headline does; of pods that
// start, with the probe and its timing.
func waitsWords(sc scene) string {
	wl := sc.workload()
	switch wl.Convergence() {
	case release.Complete:
		return "nothing"
	case release.Absent:
		return "the Deployment to be made"
	case release.Unobserved:
		return fmt.Sprintf("the controller to see generation %d", wl.Generation)
	case release.Paused:
		return "p: the rollout is paused"
	}
	if n := wl.Tally(0)[release.PodStarting]; n > 0 {
		return startingWords(sc, n)
	}
	return strings.TrimSuffix(strings.TrimPrefix(release.WaitsFor(wl), "Waits for "), ".")
}

// startingWords names the probe that the n starting pods have to pass, how long
// the oldest has been at it, and how long those of the same revision took that
// passed.
func startingWords(sc scene, n int) string {
	wl := sc.workload()
	current, _ := wl.Current()
	probe := "readiness"
	for _, c := range wl.Containers {
		if c.Name == sc.Plan.Container && c.Readiness != "" {
			probe += " " + withoutPort(c.Readiness)
		}
	}
	var oldest, took time.Duration
	ready := 0
	for _, p := range wl.Pods {
		switch {
		case p.State == release.PodStarting:
			oldest = max(oldest, sc.Now.Sub(p.Created))
		case p.Revision == current.Number && !p.ReadyAt.IsZero():
			took += p.ReadyAt.Sub(p.Created)
			ready++
		}
	}
	said := fmt.Sprintf("%s on %s, %s", probe, release.Count(n, "pod"), release.Span(oldest))
	if ready > 0 {
		said += " of about " + release.Span(took/time.Duration(ready))
	}
	return said
}

// withoutPort is a probe's description as it is read: "GET /health/ready".
func withoutPort(probe string) string {
	method, target, ok := strings.Cut(probe, " ")
	port, path, found := strings.Cut(target, "/")
	if !ok || !found || !strings.HasPrefix(port, ":") {
		return probe
	}
	return method + " /" + path
}

// knownWords is what stays true while the API server does not answer.
func knownWords(sc scene) string {
	s := sc.State
	if s.Rollout.Began.IsZero() {
		return "nothing was asked of the cluster"
	}
	return fmt.Sprintf("%s accepted at %s: the cluster has it", rolloutWord(sc), s.Rollout.Began.Format("15:04:05"))
}

func unknownWords(sc scene) string {
	if current, ok := sc.workload().Current(); ok {
		if n := sc.workload().Tally(current.Number)[release.PodStarting]; n > 0 {
			return fmt.Sprintf("whether the %d starting pods became ready", n)
		}
	}
	return "everything that happened since"
}
