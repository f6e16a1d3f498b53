package release

import "fmt"

// A canary whose last pods were ended by their node has done nothing wrong, and its
// requests fail all the same. Its traffic steps aside to stable until other pods serve;
// then it gets its weight again, and bakes anew. If they do not come in time, that is
// answered like any deadline.

// lostToNode says what a node did to the pods of a canary of which none is available and
// none fails, or "".
func lostToNode(plan Plan, s State) string {
	w := s.View.Canary
	if _, lost := unserved(plan, s); !lost || w.Failures() != "" || !w.Found {
		return ""
	}
	for _, c := range w.Causes {
		if c.Node {
			return c.String()
		}
	}
	return ""
}

// bereft tells whether a canary that bakes has lost its pods to their nodes, and its
// traffic is to step aside.
func (t *turn) bereft() bool {
	return t.s.Underway() && t.s.Phase == Deploying && t.s.Canary.Stage == Baking &&
		t.s.Held == nil && t.s.Asking == nil && !t.s.View.Mode.Passive && lostToNode(t.plan, t.s) != ""
}

// steppedAside tells whether the traffic of such a canary is on its way to stable.
func (t *turn) steppedAside() bool {
	return t.s.Underway() && t.s.Phase == Deploying && t.s.Canary.Stage == Shifting && t.s.Canary.Aside &&
		lostToNode(t.plan, t.s) != ""
}

// stepAside has the traffic go to stable, and the canary wait for its pods.
func (t *turn) stepAside() {
	why := lostToNode(t.plan, t.s)
	run := t.move(Shifting, cueLostPods)
	run.From, run.Live, run.By, run.Why, run.Aside = 0, zeroTime, Itself, why, true
	t.tell(Itself, MarkAttention, fmt.Sprintf("canary at %d%%: its traffic goes to stable until its pods are back", run.Weight)+because(why))
}
