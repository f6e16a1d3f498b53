package ui

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"datahub.io/slipway/release"
)

const rolloutTitle = "Rollout"

// rolloutView shows ReplicaSets, pods, why they fail and the cluster's events.
type rolloutView struct {
	pods   picker
	order  podOrder
	filter filter
}

// podOrder is how the pods are sorted.
type podOrder int

const (
	worstFirst podOrder = iota // as the frame has them
	newestFirst
	mostRestarts
	mostMemory
	podOrders
)

func (o podOrder) String() string {
	return [...]string{"worst first", "newest first", "most restarts first", "most memory first"}[o]
}

func (v *rolloutView) title() string { return rolloutTitle }

// trouble is the number of failing pods.
func (v *rolloutView) trouble(sc scene, t theme) row {
	if n := countPods(sc).failing; n > 0 && sc.live {
		return line(failing.bolder().of(t.glyphs.marks[release.MarkFail] + strconv.Itoa(n)))
	}
	return nil
}

func (v *rolloutView) next(sc scene) row {
	if v.filter.typing {
		return line(plain.of("keep the filter"))
	}
	if pod, ok := v.selected(sc); ok {
		return line(plain.of("look at pod "+release.PodSuffix(pod.Name)+": state, events, log"), faint.of(" · changes nothing"))
	}
	return line(faint.of("there are no pods"))
}

func (v *rolloutView) hints(sc scene) []hint {
	if v.filter.typing {
		return v.filter.hints(sc)
	}
	out := []hint{}
	if pod, ok := v.selected(sc); ok {
		out = append(out, hint{"l", "log of " + release.PodSuffix(pod.Name)})
	}
	return append(out, hint{"s", "sort"}, hint{"/", "filter"})
}

func (v *rolloutView) typing(scene) bool { return v.filter.typing }

func (v *rolloutView) press(sc scene, p press) (action, bool) {
	if a, handled := v.filter.press(sc, p); handled {
		return a, true
	}
	_, names := v.listed(sc)
	if v.pods.move(names, p.key) {
		return action{}, true
	}
	switch p.key {
	case "enter", "l":
		if pod, ok := v.selected(sc); ok {
			return openPod(pod.Name), true
		}
		return action{say: p.key + ": there are no pods"}, true
	case "s":
		v.order = (v.order + 1) % podOrders
		return action{say: "s: " + v.order.String()}, true
	}
	return action{}, false
}

// listed are the pods as sorted and filtered, with their names.
func (v *rolloutView) listed(sc scene) (pods []release.Pod, names []string) {
	for _, pod := range sc.pods() {
		if v.filter.keeps(pod.Name, pod.Reason, versionOf(sc, pod), pod.Node, string(pod.State)) {
			pods = append(pods, pod)
		}
	}
	by := map[podOrder]func(a, b release.Pod) int{
		newestFirst:  func(a, b release.Pod) int { return b.Created.Compare(a.Created) },
		mostRestarts: func(a, b release.Pod) int { return cmp.Compare(b.Restarts, a.Restarts) },
		mostMemory:   func(a, b release.Pod) int { return cmp.Compare(b.Memory, a.Memory) },
	}
	if order := by[v.order]; order != nil {
		slices.SortStableFunc(pods, order)
	}
	for _, pod := range pods {
		names = append(names, pod.Name)
	}
	return pods, names
}

func (v *rolloutView) selected(sc scene) (release.Pod, bool) {
	pods, names := v.listed(sc)
	if i := v.pods.in(names); i >= 0 {
		return pods[i], true
	}
	return release.Pod{}, false
}

func (v *rolloutView) body(sc scene, t theme, w, h int) block {
	sets := replicaSetsPanel(sc, t, w, h)
	rest := h - len(sets)
	if rest < 5 {
		return v.podsPanel(sc, t, w, h)
	}
	if oneColumn(w) {
		causes := causeRows(sc, t, w-4, false)
		low := min(len(causes), max(rest/3, 2)) + 2
		if len(causes) == 0 || rest-low < 6 {
			return stack(sets, v.podsPanel(sc, t, w, rest))
		}
		return stack(sets, v.podsPanel(sc, t, w, rest-low), causesPanel(sc, t, w, low))
	}
	low := min(13, rest/2)
	left := (w-1)/2 - 1
	return stack(
		sets, v.podsPanel(sc, t, w, rest-low),
		beside(causesPanel(sc, t, left, low), eventsPanel(sc, t, w-left-1, low)),
	)
}

// podsPanel lists the pods in h rows.
func (v *rolloutView) podsPanel(sc scene, t theme, w, h int) block {
	pods, names := v.listed(sc)
	label := fmt.Sprintf("%d, %s", len(pods), v.order)
	if all := len(sc.pods()); len(pods) < all {
		label = fmt.Sprintf("%d of %d, %s", len(pods), all, v.order)
	}
	if at := sc.workload().UsageAt; !at.IsZero() && w >= narrow {
		label += " · metrics " + release.Age(sc.Now.Sub(at)) + " old"
	}
	wide := podColumns(w-2, sc.paired())
	body := block{join(line(plain.of(" ")), wide.head(t))}
	room := h - 3
	note := podNote(sc, t)
	roomy := room >= len(pods)+2 && !oneColumn(w)
	selected := v.pods.in(names)
	from, to := window(len(pods), selected, max(room, 0))
	for i := from; i < to; i++ {
		body = append(body, pointed(t, wide.row(sc, t, pods[i]), i == selected, w-2))
	}
	if len(pods) == 0 {
		body = append(body, line(faint.of("  none")))
	}
	if roomy {
		for len(body) < h-4 {
			body = append(body, nil)
		}
		body = append(body, line(plain.of(" "), lines.of(repeat(t.glyphs.gap, w-4))), line(plain.of(" "), faint.of(note)))
	}
	return panel{
		title: line(strong.of("Pods")), label: line(muted.of(t.glyphs.say(label))), footer: v.filter.row(t), hue: stillSeen(sc),
	}.draw(t, body, w, h)
}

// stillSeen is the hue of a frame around what is only remembered.
func stillSeen(sc scene) role {
	if !sc.live {
		return unsure
	}
	return none
}

// podNote says what the short names stand for.
func podNote(sc scene, t theme) string {
	var sets []string
	both := []release.Workload{sc.workload()}
	if sc.paired() {
		both = append(both, sc.State.View.Canary)
	}
	for _, w := range both {
		for _, r := range w.Revisions {
			if total(w.Tally(r.Number)) == 0 {
				continue
			}
			name := r.ReplicaSet
			if len(sets) > 0 {
				name = strings.TrimPrefix(name, sc.workload().Name)
			}
			sets = append(sets, name+"-"+t.glyphs.ellipsis)
		}
	}
	if len(sets) == 0 {
		return ""
	}
	return "pod names are " + strings.Join(sets, " and ") + "; cpu and memory of a crashed pod are none, not 0"
}
