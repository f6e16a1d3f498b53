package release

import "fmt"

// ItemDeploy sets the image, or leads the canary, and passes when the rollout is
// complete at the target. A checklist has exactly one.
var ItemDeploy = register("deploy", kind{
	class: Action,
	words: func(plan Plan, _ ItemSpec) string {
		if plan.ByCanary() {
			return fmt.Sprintf("leads the canary of deployment/%s to promotion", plan.Deployment)
		}
		return fmt.Sprintf("sets the image of deployment/%s", plan.Deployment)
	},
})

// action follows the deploy item: it runs while the rollout does, and passes
// when the rollout is complete.
func (t *turn) action(i int) {
	w := t.s.View.Workload
	switch {
	case t.s.Phase == Deploying && t.s.Items[i].Status == Waiting:
		t.set(i, Running, finding{})
	case t.s.Phase == Verifying && t.s.Items[i].Status != Passed:
		t.set(i, Passed, finding{evidence: fmt.Sprintf("%d of %d pods on %s", w.Available, w.Desired, t.s.To.Version)})
	}
}
