package release

import "time"

// advanceCommands lead the canary to a weight: pods enough for it first, as slipway
// does, then the weight.
func advanceCommands(plan Plan, s State, now time.Time, weight int) Commands {
	if why := unread(plan, s, now); why != "" {
		return noCommand(why)
	}
	var list []Command
	need := canaryPods(plan, s, weight)
	if s.View.Canary.Desired < need {
		list = append(list, scaleCommand(plan, plan.Canary.Deployment, need), rolloutCommand(plan, "status", plan.Canary.Deployment))
	}
	if plan.Canary.Route != "" {
		list = append(list, weightCommand(plan, s.View.Split, weight))
	}
	if len(list) == 0 {
		return noCommand("the canary has the pods for it already")
	}
	return same(list...)
}

// promoteCommands give stable the image under the traffic of the canary, then the
// traffic, and end the canary.
func promoteCommands(plan Plan, s State, now time.Time) Commands {
	if why := unread(plan, s, now); why != "" {
		return noCommand(why)
	}
	if s.View.Workload.Paused {
		return noCommand("stable's rollout is paused: it would never be complete")
	}
	list := []Command{setImageCommand(plan, plan.imageOf(s.To)), rolloutCommand(plan, "status", plan.Deployment)}
	if need, grows := growsTo(plan, s); grows {
		list = append(list, scaleCommand(plan, plan.Deployment, need), rolloutCommand(plan, "status", plan.Deployment))
	}
	if plan.Canary.Route != "" && s.View.Split.Canary > 0 {
		list = append(list, weightCommand(plan, s.View.Split, 0), settleCommand())
	}
	return same(append(list, deleteCommand(plan))...)
}

// abortCommands take a canary back in the order that serves no error: stable first
// where it is to have an earlier template or does not serve yet, then the traffic, then,
// after a moment, the canary's pods.
func abortCommands(plan Plan, s State, now time.Time, template string, undoing bool) Commands {
	w, canary := s.View.Workload, s.View.Canary
	if why := unread(plan, s, now); why != "" {
		return noCommand(why)
	}
	var list []Command
	traffic := plan.Canary.Route != "" && s.View.Split.Canary > 0
	waits := (traffic || plan.Canary.Route == "") && stableHealth(plan, backing(s)) != ""
	if template != "" && template != w.Template.Hash {
		r, ok := w.earlier(template)
		if !ok {
			return noCommand("no revision of stable is left that it could go back to")
		}
		list, waits = append(list, undoCommands(plan, w, r.Number)...), true
	}
	if need, grows := growsTo(plan, s); grows {
		list, waits = append(list, scaleCommand(plan, plan.Deployment, need)), true
	}
	if waits {
		list = append(list, rolloutCommand(plan, "status", plan.Deployment))
	}
	if traffic {
		list = append(list, weightCommand(plan, s.View.Split, 0))
	}
	if traffic && canary.Found && (undoing || canary.Desired > 0) {
		list = append(list, settleCommand())
	}
	switch {
	case undoing && canary.Found:
		list = append(list, deleteCommand(plan))
	case canary.Found && canary.Desired > 0:
		list = append(list, scaleCommand(plan, plan.Canary.Deployment, 0))
	}
	if len(list) == 0 {
		return noCommand("nothing of it serves")
	}
	return same(list...)
}
