package release

// PauseRollout pauses the Deployment's rollout.
type PauseRollout struct{ Guard }

// ResumeRollout resumes it.
type ResumeRollout struct{ Guard }

// Kind is OpPause.
func (PauseRollout) Kind() OpKind { return OpPause }

// Kind is OpResume.
func (ResumeRollout) Kind() OpKind { return OpResume }

// Subject is stable.
func (PauseRollout) Subject() Subject { return OnStable }

// Subject is stable.
func (ResumeRollout) Subject() Subject { return OnStable }

// Describe says so.
func (PauseRollout) Describe() string { return "pause rollout" }

// Describe says so.
func (ResumeRollout) Describe() string { return "resume rollout" }

// Look looks at the pause.
func (o PauseRollout) Look(v View, _ string) Look {
	w := v.Workload
	return o.look(w, "", w.UID == o.UID && w.Paused, o.holds(w))
}

// Look looks at the pause.
func (o ResumeRollout) Look(v View, _ string) Look {
	w := v.Workload
	return o.look(w, "", w.UID == o.UID && !w.Paused, o.holds(w))
}

func (o PauseRollout) decided(plan Plan, v View) Operation {
	return PauseRollout{guardOf(plan.Deployment, plan.Container, v.Workload)}
}

func (o ResumeRollout) decided(plan Plan, v View) Operation {
	return ResumeRollout{guardOf(plan.Deployment, plan.Container, v.Workload)}
}
