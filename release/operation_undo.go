package release

// UndoTo gives the Deployment the pod template of an earlier revision.
type UndoTo struct {
	Guard
	Container string `json:"container,omitempty"`
	Version   string `json:"version,omitempty"` // the version that it leads to
	Revision  int64  `json:"revision,omitempty"`
	Template  string `json:"template,omitempty"` // Template.Hash of that revision, a precondition
	Unpause   bool   `json:"unpause,omitempty"`  // resume in the same patch
}

// Kind is OpUndoTo.
func (UndoTo) Kind() OpKind { return OpUndoTo }

// Subject is stable.
func (UndoTo) Subject() Subject { return OnStable }

// Describe names the revision.
func (o UndoTo) Describe() string { return "undo to " + revisionWords(o.Version, o.Revision) }

// Look looks for the pod template, but for what admission does to images.
func (o UndoTo) Look(v View, _ string) Look {
	w := v.Workload
	r, kept := w.Revision(o.Revision)
	wears := w.Template.Hash == o.Template || kept && r.Template.Hash == o.Template && w.Template.follows(r.Template)
	return o.look(w, o.Container, w.UID == o.UID && wears && (!o.Unpause || !w.Paused), o.holds(w))
}

func (o UndoTo) decided(plan Plan, v View) Operation {
	o.Guard = guardOf(plan.Deployment, plan.Container, v.Workload)
	return o
}
