package ui

import (
	"time"

	"datahub.io/slipway/release"
)

// podDialog is one pod from near: its state, its events and its log as it comes.
type podDialog struct {
	pod    string
	follow bool // the newest line stays in sight
	up     int  // how many lines are below the window, when not following
	filter filter
}

// openPod opens a pod and has its log come.
func openPod(name string) action {
	return action{open: &podDialog{pod: name, follow: true}, follow: &name}
}

// openWorstLog answers l where no pod is selected: the worst one there is.
func openWorstLog(sc scene, _ press) action {
	pods := sc.pods()
	if len(pods) == 0 {
		return action{say: "l: there are no pods"}
	}
	for _, p := range pods {
		if p.State == release.PodFailing {
			return openPod(p.Name)
		}
	}
	return openPod(pods[0].Name)
}

func (d *podDialog) docked() bool    { return false }
func (d *podDialog) over(scene) bool { return false }

func (d *podDialog) typing(scene) bool { return d.filter.typing }

func (d *podDialog) hints(sc scene) []hint {
	if d.filter.typing {
		return d.filter.hints(sc)
	}
	follow := "stop following"
	if !d.follow {
		follow = "follow"
	}
	return []hint{undoHint(sc, "u"), {"f", follow}, {"j/k", "scroll"}, {"/", "filter"}, {"tab", "next pod"}, {"esc", "close"}}
}

func (d *podDialog) press(sc scene, p press) action {
	if a, handled := d.filter.press(sc, p); handled {
		d.up = 0
		return a
	}
	last := max(len(d.listed(sc))-1, 0)
	switch p.key {
	case "esc", "q", "l", "enter":
		none := ""
		return action{close: true, follow: &none}
	case "f":
		d.follow, d.up = !d.follow, 0
	case "tab":
		return d.turn(sc)
	case "up", "k":
		d.scroll(1, last)
	case "down", "j":
		d.scroll(-1, last)
	case "pgup":
		d.scroll(10, last)
	case "pgdown", "space":
		d.scroll(-10, last)
	case "home", "g":
		d.scroll(last, last)
	case "end", "G":
		d.scroll(-last, last)
	default:
		return always(sc, p)
	}
	return action{}
}

// scroll moves n lines up. At the end it follows again.
func (d *podDialog) scroll(n, last int) {
	d.up = min(max(d.up+n, 0), last)
	d.follow = d.up == 0
}

// turn goes on to the next pod.
func (d *podDialog) turn(sc scene) action {
	pods := sc.pods()
	if len(pods) == 0 {
		return action{}
	}
	next := pods[0].Name
	for i, p := range pods {
		if p.Name == d.pod && i+1 < len(pods) {
			next = pods[i+1].Name
		}
	}
	d.pod, d.follow, d.up = next, true, 0
	return action{follow: &next}
}

// listed is the lines of the log that the filter keeps.
func (d *podDialog) listed(sc scene) []string {
	if sc.Logs.Pod != d.pod {
		return nil
	}
	var out []string
	for _, l := range sc.Logs.Lines {
		if d.filter.keeps(l) {
			out = append(out, l)
		}
	}
	return out
}

func (d *podDialog) draw(sc scene, t theme, w, h int) block {
	if cramped(w, h) {
		last := d.silence(sc)
		if lines := d.listed(sc); len(lines) > 0 {
			last = lines[len(lines)-1]
		}
		return sentence(sc, t, w, h, line(strong.of(release.PodSuffix(d.pod)+" "), plain.of(last)), line(strong.of("u"), plain.of(" undo  "), strong.of("esc"), plain.of(" close")))
	}
	gutter, labels := 1, 10
	p := pen{th: t, s: sc, w: w - 2 - 2*gutter, gutter: gutter, labels: labels}
	sections := d.about(p)
	used := len(p.squeeze(sections, max((h-2)/2, 1)))
	room := max(h-2-used-1, 1)
	body := append(p.squeeze(sections, max((h-2)/2, 1)), d.logRule(p))
	listed := d.listed(sc)
	if d.follow {
		d.up = 0
	}
	end := len(listed) - min(d.up, max(len(listed)-1, 0))
	from := max(end-room, 0)
	for _, l := range listed[from:end] {
		body = append(body, p.row(line(plain.of(l))))
	}
	if len(listed) == 0 {
		body = append(body, p.row(line(faint.of(d.silence(sc)))))
	}
	frame := panel{
		title: line(strong.of("Pod " + release.PodSuffix(d.pod))), label: line(muted.of(cutMiddle(d.pod, max(w-30, 8), t.glyphs.ellipsis))),
		footer: d.filter.row(t), hue: text, heavy: true,
	}
	return frame.draw(t, body, w, h)
}

// about is the pod's state and its newest events.
func (d *podDialog) about(p pen) []section {
	pod, found := d.find(p.s)
	if !found {
		return []section{keep(p.labelled("state", line(muted.of("gone; this is the last of its log")), false)...)}
	}
	state := podState(p.s, p.th, pod)
	if pod.Message != "" {
		state = append(state, muted.of("  "+pod.Message))
	}
	figures := line(
		muted.of("ready "), plain.of(share(pod.Ready, pod.Total)), muted.of("   restarts "),
	)
	figures = join(figures, restarts(p.s, pod, plain), line(muted.of("   age "), plain.of(release.Span(p.s.Now.Sub(pod.Created))),
		muted.of("   cpu "), usage(pod, plain, cpuWords(pod.CPU))[0], muted.of("   mem "), usage(pod, plain, release.Format(release.Bytes, pod.Memory))[0]))
	where := versionOf(p.s, pod)
	if pod.Node != "" {
		where += " on " + pod.Node
	}
	out := []section{
		keep(p.labelled("state", state, false)...),
		spare(2, p.labelled("figures", figures, false)...),
		spare(3, p.labelled("runs", line(plain.of(where)), false)...),
	}
	shown := 0
	for _, n := range p.s.events() {
		if n.Object == release.PodSuffix(d.pod) && shown < 4 {
			label := line(muted.of("events"))
			if shown > 0 {
				label = nil
			}
			shown++
			out = append(out, spare(3+shown, p.row(join(label.fit(p.labels, ""), eventRow(p.s, p.th, n, p.w-p.labels)))))
		}
	}
	return out
}

func (d *podDialog) find(sc scene) (release.Pod, bool) {
	for _, pod := range sc.pods() {
		if pod.Name == d.pod {
			return pod, true
		}
	}
	return release.Pod{}, false
}

// logRule is the line between the pod and its log: whether it is followed, and
// how old its newest line is.
func (d *podDialog) logRule(p pen) row {
	state := line(passing.of(p.th.glyphs.link), muted.of(" following"))
	switch {
	case d.up > 0:
		state = line(warning.of(release.Count(d.up, "newer line") + " below"))
	case !d.follow:
		state = line(muted.of("not following"))
	}
	logs := p.s.Logs
	if logs.Pod == d.pod && !logs.At.IsZero() {
		state = append(state, faint.of(", "+release.Age(p.s.Now.Sub(logs.At))))
	}
	if logs.Pod == d.pod && logs.Err != "" {
		state = line(failing.of(logs.Err))
	}
	room := p.w - 5 - min(state.width(), p.w-8)
	return p.row(join(line(strong.of("Log"), plain.of(" "), lines.of(repeat(p.th.glyphs.frame.h, room)), plain.of(" ")), state))
}

// silence says why there is no line to show.
func (d *podDialog) silence(sc scene) string {
	switch {
	case sc.Logs.Pod != d.pod:
		return "waits for the log"
	case sc.Logs.Err != "":
		return "no log: " + sc.Logs.Err
	case d.filter.active():
		return "no line has " + d.filter.prompt.trimmed()
	case sc.Logs.At.IsZero():
		return "waits for the log since " + sc.Now.Format(time.TimeOnly)
	}
	return "the log is empty"
}
