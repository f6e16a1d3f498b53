package release

import (
	"fmt"
	"time"
)

// ItemPods passes while every pod of the target serves and none fails.
var ItemPods = register("pods", kind{
	class: Check, after: true, look: lookPods,
	words: func(Plan, ItemSpec) string {
		return "every pod serving on the new version, none failing or restarted in 5 min"
	},
	lost: func(_ Plan, s State, _ Item, _ time.Time) bool {
		return s.View.Workload.Found && s.View.Workload.Desired == 0
	},
})

func lookPods(plan Plan, s State, _ ItemSpec, now time.Time) finding {
	w := s.View.Workload
	switch failures := w.Failures(); {
	case w.At.IsZero():
		return finding{verdict: NoData, pending: true}
	case !Live(plan, s, now):
		return finding{verdict: NoData, evidence: "last seen " + Age(now.Sub(w.At)) + " ago"}
	case w.Template.Hash != s.To.Template:
		return finding{verdict: Fail, evidence: "runs " + w.Version(plan.Container)}
	case w.Desired == 0:
		return finding{verdict: Fail, evidence: "scaled to 0"}
	case failures != "":
		return finding{verdict: Fail, evidence: failures}
	case w.Convergence() != Complete:
		return finding{verdict: Fail, evidence: fmt.Sprintf("%d of %d available", w.Available, w.Desired)}
	}
	if r := w.restarted(zeroTime, now); r.counts > 0 {
		return finding{verdict: Fail, evidence: r.String()}
	}
	return finding{verdict: Pass, evidence: fmt.Sprintf("%d of %d", w.Available, w.Desired)}
}
