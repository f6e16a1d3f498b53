package ui

import (
	"fmt"

	"datahub.io/slipway/release"
)

// leaveSheet says what goes on without this screen, before it is left.
type leaveSheet struct{}

// openLeave answers q. Where nothing is under way, or somebody else leads it,
// there is nothing to say.
func openLeave(sc scene, _ press) action {
	if sc.State.View.Elsewhere || !sc.under() && sc.State.Pending == nil {
		return action{leave: true}
	}
	return action{open: leaveSheet{}}
}

func (leaveSheet) docked() bool    { return true }
func (leaveSheet) over(scene) bool { return false }

func (leaveSheet) hints(sc scene) []hint {
	return []hint{undoHint(sc, "u"), {"q", "leave"}, {"y", "the same"}, {"esc", "stay"}}
}

func (leaveSheet) press(sc scene, p press) action {
	switch p.key {
	case "q", "y", "ctrl+c":
		return action{leave: true}
	case "esc", "n":
		return action{close: true}
	case "u":
		return openUndo(sc, p)
	}
	return action{}
}

func (leaveSheet) draw(sc scene, t theme, w, h int) block {
	p := sheetPen(sc, t, w)
	keys := line(keyLabel(badge, "q", "leave"), plain.of(" or "), strong.of("y"))
	stay := line(strong.of("esc"), plain.of(" stay"))
	goesOn, stops := without(sc)
	if tight(w, h) {
		return sentence(sc, t, w, h, line(plain.of(goesOn)), join(keys, line(plain.of("  ")), stay))
	}
	sections := []section{
		keep(p.labelled("goes on", line(plain.of(goesOn)), false)...),
		keep(p.labelled("stops", line(plain.of(stops)), false)...),
		spare(4, p.labelled("coming back", line(plain.of("the record is kept: the next start shows what was asked and what is observed, and offers to continue")), false)...),
		fixed(p.ends(keys, stay)),
	}
	return sheet{title: line(strong.of("Leave slipway")), label: environment(sc.Plan), hue: text}.draw(p, sections, w, h)
}

// without says what goes on when no console is there, and what does not.
func without(sc scene) (goesOn, stops string) {
	s, w := sc.State, sc.workload()
	switch {
	case s.Pending != nil:
		goesOn = string(s.Pending.Change.Kind()) + " was sent and is not answered: it may still happen"
	case s.Phase == release.Planned:
		goesOn = w.Version(sc.Plan.Container) + " serves as before; nothing of " + s.To.Version + " is deployed"
	case sc.canary.under && !sc.back() && s.Canary.Stage != release.Promoting:
		goesOn = fmt.Sprintf("the canary keeps %d%% of the traffic; nothing is advanced or aborted by itself", sc.canary.Weight)
	case sc.canary.under && !sc.back():
		goesOn = fmt.Sprintf("Kubernetes goes on with stable's update to %s; the canary keeps %d%% of the traffic", s.To.Version, sc.canary.Weight)
	case sc.canary.under:
		goesOn = fmt.Sprintf("nothing by itself: %d%% of the traffic stays on the canary, and its pods stay", sc.canary.Weight)
	case w.Paused:
		goesOn = "the rollout stays paused: pods stay as they are"
	case s.Phase == release.Deploying:
		goesOn = "Kubernetes goes on with the update to " + s.To.Version
	case s.Phase == release.RollingBack:
		goesOn = "Kubernetes goes on with the way back to " + s.Rollout.Goal.Version
	default:
		goesOn = s.Rollout.Goal.Version + " serves; the cluster stays as it is"
	}
	stops = "checks, gates and the rollback by itself, until a console is back"
	if s.Phase == release.Planned {
		stops = "the checklist, until a console is back"
	}
	if sc.canary.under {
		stops = "the judging of the canary and its steps, checks, and the way back by itself, until a console is back"
	}
	return goesOn, stops
}
