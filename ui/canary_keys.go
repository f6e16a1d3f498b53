package ui

import (
	"fmt"

	"datahub.io/slipway/release"
)

// openAdvance answers a: the canary's next weight, or its promotion, which a
// protected environment confirms by its name.
func openAdvance(sc scene, p press) action {
	c, _ := sc.choice(release.DoAdvance, "")
	switch {
	case sc.Plan.Canary == nil:
		return action{say: "a: " + noCanary(sc)}
	case !c.OK():
		return refuse("a", c)
	case c.Preview.Confirm != "":
		return action{open: &deployDialog{confirmation: confirm(c, p), key: "a", to: "promote"}}
	}
	return action{open: &askSheet{confirmation: confirm(c, p), key: "a", title: c.Preview.Title, says: advanceDoes}}
}

// openAbort answers b: all traffic to stable, then the canary to 0.
func openAbort(sc scene, p press) action {
	c, _ := sc.choice(release.DoAbort, "")
	switch {
	case sc.Plan.Canary == nil:
		return action{say: "b: " + noCanary(sc)}
	case !c.OK():
		return refuse("b", c)
	}
	return action{open: &askSheet{confirmation: confirm(c, p), key: "b", title: c.Preview.Title, does: "abort the canary"}}
}

// advanceDoes says where a leads now.
func advanceDoes(sc scene) string {
	c, _ := sc.choice(release.DoAdvance, "")
	run, plan := sc.State.Canary, sc.Plan.Canary
	switch {
	case plan == nil || !sc.canary.under || sc.back():
		return "advance a canary"
	case run.Step+1 < len(plan.Steps):
		return fmt.Sprintf("advance the canary to %d%%", plan.Steps[run.Step+1])
	case c.Preview.Title != "":
		return "promote " + sc.State.To.Version
	}
	return "promote the canary"
}

// pauseDoes says what p holds back, resumeDoes what it lets go on.
func pauseDoes(sc scene) string {
	if sc.canary.under && !sc.back() && sc.State.Canary.Stage != release.Promoting {
		return "hold the canary where it is"
	}
	return "pause the rollout"
}

func resumeDoes(sc scene) string {
	if sc.canary.under && sc.State.Held != nil {
		return "go on with the canary"
	}
	return "resume the rollout"
}

// leadsCanaryBack tells whether an undo is of a canary: then it is the same as
// aborting it, and goes to no revision.
func leadsCanaryBack(sc scene, c release.Choice) bool {
	return sc.Plan.Canary != nil && c.OK() && c.Seen.Revision == 0
}

// advanceRow is the first of the two rows above the keys while a canary waits for
// its next step: what a does, or why not yet; nil where there is no next step.
func advanceRow(sc scene, t theme, w int) row {
	c, known := sc.choice(release.DoAdvance, "")
	if !known || !sc.canary.under || sc.back() || sc.State.Canary.Promoted || sc.State.Canary.Stage == release.Promoting {
		return nil
	}
	key := line(plain.of(" "), strong.of(padRight("a", 6)), plain.of(" "))
	dot := " " + t.glyphs.dot + " "
	does := line(plain.of(c.Preview.Whole()))
	if c.OK() {
		return join(key, does, line(faint.of(dot+"asks first"))).fit(w, t.glyphs.ellipsis)
	}
	key[1] = faint.of(padRight("a", 6))
	why := line(faint.of(dot), muted.of(c.Why()))
	if room := w - key.width() - why.width(); does.width() > room {
		does = line(plain.of(cutEnd(c.Preview.Line, max(room, 20), t.glyphs.ellipsis)))
	}
	return t.spell(join(key, does, why)).fit(w, t.glyphs.ellipsis)
}

// abortRow is the rollback while a canary is there: what b does, and whether u does
// the same; where there is no room to say so both keys before it; nil where it is
// the usual one.
func abortRow(sc scene, t theme, w int) row {
	c, _ := sc.choice(release.DoAbort, "")
	if !c.OK() || !leadsCanaryBack(sc, sc.undo()) {
		return nil
	}
	dot := faint.of(" " + t.glyphs.dot + " ")
	out := join(spelledKey("b"), line(plain.of(c.Preview.Line)))
	same := line(dot, strong.of("u"), faint.of(" does the same"))
	undo := sc.undo()
	if undo.Preview.Change != c.Preview.Change {
		// What others made of stable: an abort leaves it, an undo does not.
		same = line(dot, strong.of("u"), faint.of(" rolls stable back too"))
	}
	for _, f := range c.Preview.Facts {
		if f.Label != release.FactSafe {
			continue
		}
		k, text := muted, "stable "+share(sc.workload().Available, sc.workload().Desired)
		if f.Mark != release.MarkPass {
			k, text = markInk(f.Mark), f.Text
		}
		if safe := line(dot, t.mark(f.Mark, sc.Now), k.of(" "+text)); out.width()+safe.width()+same.width() <= w {
			out = join(out, safe)
		}
	}
	if out.width()+same.width() > w && undo.Preview.Change == c.Preview.Change {
		return join(spelledKey("u b"), out[3:]).fit(w, t.glyphs.ellipsis)
	}
	if out.width()+same.width() > w {
		return out.fit(w, t.glyphs.ellipsis)
	}
	return join(out, same).fit(w, t.glyphs.ellipsis)
}
