package ui

import (
	"fmt"
	"strconv"

	"datahub.io/slipway/release"
)

// replicaSetsPanel lists the ReplicaSets: the current one, those that have
// pods, and the newest of the others while there is room.
func replicaSetsPanel(sc scene, t theme, w, h int) block {
	wl := sc.workload()
	most, head := 4, true
	switch {
	case h < 20:
		most, head = 2, false
	case h < 24:
		most = 3
	}
	label := line(muted.of(fmt.Sprintf("max surge %d, max unavailable %d", wl.MaxSurge, wl.MaxUnavail)))
	if deadline := rolloutLabel(sc, t); deadline != nil {
		if w < middle {
			label = deadline
		} else {
			label = join(label, line(muted.of(" "+t.glyphs.dot+" ")), deadline)
		}
	}
	table := setColumns(w - 4)
	body := block{}
	if head {
		body = append(body, table.head(t))
	}
	shown, left := shownSets(wl, most)
	for _, r := range shown {
		body = append(body, table.row(sc, t, wl, r, w-4))
	}
	if canary := sc.State.View.Canary; sc.paired() && canary.Found {
		for _, r := range canary.Revisions {
			if r.Current || total(canary.Tally(r.Number)) > 0 {
				body = append(body, table.row(sc, t, canary, r, w-4))
			}
		}
	}
	switch {
	case wl.At.IsZero():
		body = append(body, line(faint.of("not seen yet")))
	case len(shown) == 0:
		body = append(body, line(faint.of("none: the controller has not made any")))
	case left > 0:
		label = join(line(faint.of(fmt.Sprintf("%d more in History %s ", left, t.glyphs.dot))), label)
	}
	title := line(strong.of("ReplicaSets"))
	if !sc.live && !wl.At.IsZero() {
		title = line(unknown.bolder().of(t.glyphs.marks[release.MarkUnknown] + " ReplicaSets, last seen " + release.Age(sc.age) + " ago"))
	}
	return panel{title: title, label: label, hue: stillSeen(sc)}.draw(t, inset(body...), w, len(body)+2)
}

// shownSets picks at most n revisions and says how many are left out.
func shownSets(w release.Workload, n int) (shown []release.Revision, left int) {
	for _, needed := range []bool{true, false} {
		for _, r := range w.Revisions {
			busy := r.Current || r.Desired > 0 || total(w.Tally(r.Number)) > 0
			if busy == needed && len(shown) < n {
				shown = append(shown, r)
			}
		}
	}
	return shown, len(w.Revisions) - len(shown)
}

type setTable struct {
	names  []string
	widths []int
}

func setColumns(w int) setTable {
	switch {
	case w >= wide-4:
		return setTable{
			[]string{"revision", "version", "ReplicaSet", "pods", "desired", "ready", "age", "share of pods"},
			[]int{12, 12, 30, 14, 10, 10, 10},
		}
	case w >= narrow-4:
		return setTable{[]string{"revision", "version", "pods", "desired", "ready", "age"}, []int{10, 18, 18, 9, 7}}
	default:
		return setTable{[]string{"revision", "version", "pods", "age"}, []int{10, 14, 18}}
	}
}

func (c setTable) head(t theme) row {
	parts := make([]row, len(c.names))
	for i, name := range c.names {
		parts[i] = line(muted.of(name))
	}
	return columns(t, c.widths, parts...)
}

func (c setTable) row(sc scene, t theme, wl release.Workload, r release.Revision, w int) row {
	tally := wl.Tally(r.Number)
	pods := total(tally)
	k, which := plain, " old"
	switch {
	case r.Current:
		k, which = strong, " new"
		if len(wl.Pods) == pods {
			which = " now"
		}
	case pods == 0:
		k, which = faint, ""
	}
	live := sc.live
	if sc.Plan.Canary != nil && wl.Name == sc.Plan.Canary.Deployment {
		which, live = " canary", sc.live && sc.canary.live
	}
	value := func(column string, width int) row {
		switch column {
		case "revision":
			return line(k.of(strconv.FormatInt(r.Number, 10)), muted.of(which))
		case "version":
			return line(k.of(cutMiddle(r.Version, width-1, t.glyphs.ellipsis)))
		case "ReplicaSet":
			return line(weakened(k).of(cutMiddle(r.ReplicaSet, width-1, t.glyphs.ellipsis)))
		case "pods":
			if pods == 0 {
				return line(faint.of("none"))
			}
			return podGlyphsOf(t, live, tally, " ", width-1)
		case "desired":
			return line(weakened(k).of(strconv.Itoa(r.Desired)))
		case "ready":
			return line(weakened(k).of(strconv.Itoa(r.Ready)))
		case "age":
			return line(weakened(k).of(release.Span(sc.Now.Sub(r.Created))))
		default:
			return podShare(sc, t, wl, r, pods, min(width-1, 30))
		}
	}
	parts, used := make([]row, len(c.names)), 0
	for i, name := range c.names {
		width := w - used
		if i < len(c.widths) {
			width = c.widths[i]
		}
		parts[i] = value(name, width)
		used += width
	}
	return columns(t, c.widths, parts...)
}

// weakened is the ink of what stands beside a strong word.
func weakened(k ink) ink {
	if k == strong {
		return plain
	}
	return k
}

// podShare is the share of all pods that a ReplicaSet has.
func podShare(sc scene, t theme, wl release.Workload, r release.Revision, pods, w int) row {
	all := len(wl.Pods)
	if sc.paired() {
		all = len(sc.pods())
	}
	if pods == 0 || all == 0 {
		return nil
	}
	b := bar{value: float64(pods) / float64(all), fill: trail, thin: true}
	switch {
	case !sc.live:
		b.fill = unsureBar
	case r.Current && pods < all:
		b.fill = movingBar
	}
	return b.draw(t, w)
}
