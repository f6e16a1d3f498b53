package ui

import "datahub.io/slipway/release"

// press answers the keys of what is on the screen.
func (v *overview) press(sc scene, p press) (action, bool) {
	if v.alone && p.key != "enter" {
		return action{}, false
	}
	return v.onItems(sc, p)
}

// onItems moves the selection and answers the keys of the selected item.
func (v *overview) onItems(sc scene, p press) (action, bool) {
	switch p.key {
	case "down", "j":
		v.move(sc, 1)
	case "up", "k":
		v.move(sc, -1)
	case "home", "g":
		v.move(sc, -len(sc.items))
	case "end", "G":
		v.move(sc, len(sc.items))
	case "enter":
		return v.enter(sc, p), true
	case "space":
		return v.word(sc, p, tickItem), true
	case "w":
		return v.word(sc, p, waiveItem), true
	default:
		return action{}, false
	}
	return action{}, true
}

func (v *overview) move(sc scene, n int) {
	v.item = min(max(v.selected(sc)+n, 0), max(len(sc.items)-1, 0))
	v.moved = true
}

// word asks for the words that go with a tick or a waiver of the selected item.
func (v *overview) word(sc scene, p press, ask func(sc scene, p press, item string) action) action {
	if it, ok := v.chosen(sc); ok {
		return ask(sc, p, it.Spec.ID)
	}
	return action{}
}

// chosen is the selected item.
func (v *overview) chosen(sc scene) (release.ItemView, bool) {
	if i := v.selected(sc); i < len(sc.items) {
		return sc.items[i], true
	}
	return release.ItemView{}, false
}

// step is what enter does with the selected item: the key that it stands for,
// or "" when it only shows more.
func (v *overview) step(sc scene) (key string, does string) {
	it, ok := v.chosen(sc)
	if !ok || !sc.under() {
		if c, found := sc.choice(release.DoBegin, ""); found && c.OK() {
			return "d", c.Preview.Whole()
		}
		return "", "open Rollout: pods, causes, events · changes nothing"
	}
	switch it.Asks {
	case release.DoTick:
		if c, found := sc.choice(release.DoTick, it.Spec.ID); found && c.OK() {
			return "space", "tick " + it.Spec.Title + ", with a note · w waives it with a reason"
		}
	case release.DoRun:
		if c, found := sc.choice(release.DoRun, it.Spec.ID); found && c.OK() {
			return "space", c.Preview.Line + " · w waives it with a reason"
		}
	case release.DoCancel:
		return "space", "cancel " + it.Spec.Title + ", which runs"
	case release.DoAdvance:
		if c := one(sc, release.DoAdvance); c.OK() {
			return "a", c.Preview.Whole()
		}
		return "", "open Canary: steps, comparison, traffic, pods · changes nothing"
	case release.DoDeploy:
		if c, found := sc.choice(release.DoDeploy, ""); found && c.OK() {
			return "d", c.Preview.Whole()
		}
	}
	return "", "open Rollout for this item: pods, causes, events · changes nothing"
}

func (v *overview) enter(sc scene, p press) action {
	switch key, _ := v.step(sc); key {
	case "":
		if it, ok := v.chosen(sc); ok && it.Asks == release.DoAdvance {
			return action{view: canaryTitle}
		}
		return action{view: rolloutTitle}
	case "space":
		return v.word(sc, p, tickItem)
	default:
		return asked(sc, press{key: key, at: p.at})
	}
}

// leads tells whether the canary's next step is what comes next: unless the person
// put the pointer on something that enter settles.
func (v *overview) leads(sc scene) bool {
	key, _ := v.step(sc)
	return !v.moved || key == "" || key == "a"
}

func (v *overview) next(sc scene) row {
	_, does := v.step(sc)
	return line(muted.of(does))
}

func (v *overview) hints(sc scene) []hint {
	if v.alone {
		return []hint{{"l", "logs"}}
	}
	return v.itemHints(sc)
}

func (v *overview) itemHints(sc scene) []hint {
	it, ok := v.chosen(sc)
	if !ok {
		return nil
	}
	var out []hint
	if c, found := sc.choice(release.DoTick, it.Spec.ID); found && c.OK() {
		out = append(out, hint{"space", "tick"})
	}
	if c, found := sc.choice(release.DoRun, it.Spec.ID); found && c.OK() {
		out = append(out, hint{"space", "run"})
	} else if it.Asks == release.DoCancel {
		out = append(out, hint{"space", "cancel"})
	}
	if c, found := sc.choice(release.DoWaiveWindow, ""); found && c.OK() && it.Spec.Deploys() {
		out = append(out, hint{"w", "waive the window"})
	}
	if c, found := sc.choice(release.DoWaive, it.Spec.ID); found && c.OK() && it.Item.Status != release.Passed {
		out = append(out, hint{"w", "waive"})
	}
	return append(out, hint{"l", "logs"})
}

// checklistView is the overview's left column where there is only one: the
// items, and beside them the selected one.
type checklistView struct{ *overview }

func (v *checklistView) title() string { return checklistTitle }

func (v *checklistView) press(sc scene, p press) (action, bool) { return v.onItems(sc, p) }

func (v *checklistView) hints(sc scene) []hint {
	return append(v.itemHints(sc), hint{"j/k", "move"})
}

// body is the list, and right of it the detail of the selected item.
func (v *checklistView) body(sc scene, t theme, w, h int) block {
	list := leftWidth + 1
	if w < 72 {
		list = w
	}
	rows := checklistRows(sc, t, v.selected(sc), list-1, h).sized(list-1, h, t.glyphs.ellipsis)
	rows = stack(rows)
	for i := range rows {
		rows[i] = join(rows[i], line(plain.of(" ")))
	}
	if list == w {
		return rows
	}
	detail := v.detail(sc, t, w-list-3).sized(w-list-3, h, t.glyphs.ellipsis)
	for i := range rows {
		rows[i] = join(rows[i], line(lines.of(t.glyphs.frame.v), plain.of(" ")), detail[i], line(plain.of(" ")))
	}
	return rows
}

func (v *checklistView) detail(sc scene, t theme, w int) block {
	it, ok := v.chosen(sc)
	if !ok {
		return nil
	}
	head := line(muted.of(padRight(string(it.Kind), labelWidth)), t.mark(it.Mark, sc.Now), markInk(it.Mark).of(" "+it.Edge))
	return append(block{line(strong.of(it.Spec.Title)), nil, head}, itemRows(sc, t, it, w, true)...)
}
