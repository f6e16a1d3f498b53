package ui

import "datahub.io/slipway/release"

// Least heights of the panels of the overview.
const (
	leastActivity = 5
	leastItem     = 5
)

const overviewTitle = "Overview"

// overview is the first view: checklist, dashboard, rollout, activity.
type overview struct {
	item  int // the selected line of the checklist
	moved bool
	alone bool // there is one column: the checklist, and what is selected of it, is a view of its own
}

func (v *overview) title() string { return overviewTitle }

func (v *overview) trouble(scene, theme) row { return nil }

func (v *overview) body(sc scene, t theme, w, h int) block {
	if oneColumn(w) {
		return overviewColumn(sc, t, driver(sc), w, h)
	}
	right := w - leftWidth - 1
	return beside(v.left(sc, t, h, w >= wide), overviewRight(sc, t, right, h))
}

// left is the checklist and, where there is room, its selected item.
func (v *overview) left(sc scene, t theme, h int, commands bool) block {
	const w = leftWidth
	full := len(sc.items) + 2*len(sc.stages) - 1 + 2
	if h-full < leastItem {
		return checklistPanel(sc, t, v.selected(sc), w, h)
	}
	return stack(
		checklistPanel(sc, t, v.selected(sc), w, full),
		itemPanel(sc, t, v.selected(sc), w, h-full, commands),
	)
}

// overviewRight is the right column. Where rows are few, activity shrinks to
// three lines first, then the sparklines go, then the rollout is three lines,
// and last the six panels become one row each.
func overviewRight(sc scene, t theme, w, h int) block {
	if sc.canary.under {
		return overviewCanary(sc, t, w, h)
	}
	tall, short := dashboardHeight(sc, true), dashboardHeight(sc, false)
	switch {
	case h >= tall+rolloutTall+leastActivity:
		return stack(dashboardPanel(sc, t, w, true), rolloutPanel(sc, t, w, rolloutTall), activityPanel(sc, t, w, h-tall-rolloutTall))
	case h >= short+rolloutTall+leastActivity:
		return stack(dashboardPanel(sc, t, w, false), rolloutPanel(sc, t, w, rolloutTall), activityPanel(sc, t, w, h-short-rolloutTall))
	case h >= short+rolloutShort+leastActivity:
		return stack(dashboardPanel(sc, t, w, false), rolloutPanel(sc, t, w, rolloutShort), activityPanel(sc, t, w, h-short-rolloutShort))
	}
	return overviewColumn(sc, t, nil, w, h)
}

// overviewCanary is the right column while a canary is under way. Activity shrinks
// first, then the canary's figures that pass, then activity goes, then the
// sparklines, and last the six panels become one row each.
func overviewCanary(sc scene, t theme, w, h int) block {
	tall, short := dashboardHeight(sc, true), dashboardHeight(sc, false)
	full := canaryFull(sc)
	switch {
	case h >= tall+canaryTall+leastActivity-1:
		canary := max(min(full, h-tall-leastActivity-1), canaryTall)
		return stack(dashboardPanel(sc, t, w, true), canaryPanel(sc, t, w, canary), activityPanel(sc, t, w, h-tall-canary))
	case h >= tall+canaryLow:
		return stack(dashboardPanel(sc, t, w, true), canaryPanel(sc, t, w, h-tall))
	case h >= short+canaryLow:
		return stack(dashboardPanel(sc, t, w, false), canaryPanel(sc, t, w, h-short))
	}
	return overviewColumn(sc, t, nil, w, h)
}

// overviewColumn is the dashboard with one row for each panel, the rollout and
// the activity. The six panels are never dropped.
func overviewColumn(sc scene, t theme, label row, w, h int) block {
	framed := stripsPanel(sc, t, label, w)
	rest := h - len(framed)
	rollout, draw := rolloutShort, rolloutPanel
	fails := sc.live && sc.workload().Failures() != ""
	if sc.canary.under {
		rollout, draw = canaryShort, canaryPanel
		fails = sc.canary.failing(sc)
	}
	if fails {
		rollout++ // a cause and its last log line are more than a row
	}
	switch {
	case rest < 0:
		rows := strips(sc, t, w-4)
		for i := range rows {
			rows[i] = join(line(plain.of("  ")), rows[i])
		}
		return rows.sized(w, h, t.glyphs.ellipsis)
	case rest >= rollout+leastActivity-1:
		return stack(framed, draw(sc, t, w, rollout), activityPanel(sc, t, w, rest-rollout))
	case rest >= rolloutShort:
		return stack(framed, draw(sc, t, w, rest))
	}
	return framed.sized(w, h, t.glyphs.ellipsis)
}

// selected is the item that the person chose, or until they do the one that
// most needs a look.
func (v *overview) selected(sc scene) int {
	if v.moved {
		return min(v.item, max(len(sc.items)-1, 0))
	}
	for _, mark := range []release.Mark{release.MarkFail, release.MarkUnknown, release.MarkRunning, release.MarkWaiting} {
		for i, it := range sc.items {
			if it.Mark == mark {
				return i
			}
		}
	}
	return 0
}
