package ui

import (
	"datahub.io/slipway/release"
)

// wordsDialog asks for words and performs with enter: a reason, a note, a
// version.
type wordsDialog struct {
	confirmation
	title  string
	about  func(scene) []release.Fact
	ask    string // "Reason:"
	does   string // "waive it"
	until  string // what enter waits for while nothing is typed; "" = nothing
	intent func(words string) release.Intent
	prompt prompt
}

// waiveItem answers w on an item of the checklist.
func waiveItem(sc scene, p press, item string) action {
	if deploysItem(sc, item) {
		if a, ok := waiveWindow(sc, p, "Waive the change window"); ok {
			return a
		}
	}
	c, ok := sc.choice(release.DoWaive, item)
	if !ok || !c.OK() {
		return refuse("w", c)
	}
	return action{open: &wordsDialog{
		confirmation: confirm(c, p), title: c.Preview.Title, about: aboutItem(item, "passes over this item; the record says who and why"),
		ask: "Reason:", does: "waive it", until: "a waiver needs a reason: enter waives when there is one",
		intent: func(words string) release.Intent { return release.Waive{Item: item, Reason: words} },
	}}
}

// tickItem answers space on an item of the checklist: it ticks a manual one, runs an
// action, and cancels one that runs.
func tickItem(sc scene, p press, item string) action {
	if run, ok := sc.choice(release.DoRun, item); ok {
		return runItem(sc, p, run)
	}
	c, ok := sc.choice(release.DoTick, item)
	switch {
	case !ok:
		return action{say: "space: this item is checked automatically; only manual items can be ticked"}
	case !c.OK():
		return refuse("space", c)
	}
	return action{open: &wordsDialog{
		confirmation: confirm(c, p), title: "Tick " + titleOf(sc, item), about: aboutItem(item, "says that this was done; the record says who and when"),
		ask: "Note, if any:", does: "tick it",
		intent: func(words string) release.Intent { return release.Tick{Item: item, Note: words} },
	}}
}

// askVersion asks which version to release.
func askVersion(c release.Choice, p press) *wordsDialog {
	return &wordsDialog{
		confirmation: confirm(c, p), title: c.Preview.Title, about: aboutVersion,
		ask: "Version:", does: "plan the release", until: "enter plans a release of the version when there is one",
		intent: func(words string) release.Intent { return release.Begin{Version: words} },
	}
}

// deploysItem tells whether an item is the deploy.
func deploysItem(sc scene, item string) bool {
	for _, v := range sc.items {
		if v.Spec.ID == item {
			return v.Spec.Deploys()
		}
	}
	return false
}

func titleOf(sc scene, item string) string {
	for _, v := range sc.items {
		if v.Spec.ID == item {
			return v.Spec.Title
		}
	}
	return item
}

// aboutItem says what an item is and where it stands.
func aboutItem(item, change string) func(scene) []release.Fact {
	return func(sc scene) []release.Fact {
		var facts []release.Fact
		for _, v := range sc.items {
			if v.Spec.ID == item {
				facts = append(facts,
					release.Fact{Label: "item", Text: v.Spec.Title + ", " + string(v.Spec.Stage) + ", " + string(v.Kind)},
					release.Fact{Label: "stands", Mark: v.Mark, Text: v.Edge})
			}
		}
		return append(facts,
			release.Fact{Label: "change", Text: change},
			release.Fact{Label: "as", Text: sc.User.String()})
	}
}

func aboutVersion(sc scene) []release.Fact {
	facts := []release.Fact{
		{Label: "object", Text: "deployment/" + sc.Plan.Deployment + " in " + sc.Plan.Cluster + " / " + sc.Plan.Namespace},
		{Label: "image", Text: release.ShortImage(sc.Plan.Image) + ", the version is its tag"},
	}
	if v := sc.workload().Version(sc.Plan.Container); v != "" {
		facts = append(facts, release.Fact{Label: "runs", Text: v})
	}
	return append(facts, release.Fact{Label: "change", Text: "nothing yet: it begins the checklist; d deploys once the gates are open"})
}

func (d *wordsDialog) docked() bool    { return false }
func (d *wordsDialog) over(scene) bool { return false }

func (d *wordsDialog) typing(scene) bool { return true }

func (d *wordsDialog) hints(sc scene) []hint {
	return []hint{undoHint(sc, "ctrl+z"), {"enter", d.does}, {"esc", "leave as it is"}}
}

func (d *wordsDialog) press(sc scene, p press) action {
	if a, known := whileTyping(sc, p); known {
		return a
	}
	switch p.key {
	case "esc":
		return action{close: true}
	case "enter":
		if d.until != "" && d.prompt.trimmed() == "" {
			return action{}
		}
		now, ok := d.confirmation.press(sc, p)
		switch {
		case ok:
			return submit(now, d.intent(d.prompt.trimmed()))
		case !now.OK():
			return refuse("enter", now)
		}
		return action{}
	}
	if !d.waiting() {
		d.prompt.edit(p.key, p.text)
	}
	return action{}
}

func (d *wordsDialog) draw(sc scene, t theme, w, h int) block {
	p := dialogPen(sc, t, w)
	ask := line(plain.of(d.ask + "  "))
	switch {
	case cramped(w, h) && d.waiting():
		return sentSentence(sc, t, w, h, d.title)
	case cramped(w, h):
		keys := join(d.prompt.row(t, max(w-2-ask.width(), 8), ""), line(plain.of(" "), strong.of("enter"), plain.of(" "+d.does+"  "), strong.of("esc"), plain.of(" leave")))
		return sentence(sc, t, w, h, line(strong.of(d.title)), join(ask, keys))
	}
	sections := []section{spare(9, p.blank())}
	for _, f := range d.about(sc) {
		sections = append(sections, spare(5, p.fact(f, false)...))
	}
	left := line(keyLabel(badge, "enter", d.does))
	if d.until != "" && d.prompt.trimmed() == "" {
		left = line(faint.of(d.until))
	}
	keys := fixed(p.ends(left, leaving()))
	switch now, note := d.now(sc), movedNote(p, &d.confirmation, "enter"); {
	case d.waiting():
		keys = sentKeys(p, d.does)
	case !now.OK():
		sections = append(sections, firm(p.paragraph(line(failing.of("not now: "+now.Why())))...))
		keys = fixed(p.ends(line(faint.of(" enter  not now ")), leaving()))
	case note != nil:
		sections = append(sections, firm(note...))
	}
	sections = append(sections,
		spare(8, p.blank()),
		fixed(p.row(join(ask, d.prompt.row(t, p.w-ask.width(), "")))),
		spare(7, p.blank()),
		keys,
		spare(9, p.blank()))
	return frameDialog(p, d.title, environment(sc.Plan), sections, h)
}
