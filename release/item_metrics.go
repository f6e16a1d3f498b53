package release

import (
	"fmt"
	"strings"
	"time"
)

// ItemMetrics passes while every metric is within its bound.
var ItemMetrics = register("metrics", kind{
	class: Check, look: lookMetrics,
	words: func(Plan, ItemSpec) string { return "every panel of the dashboard within its bound" },
	needs: func(ItemSpec, MetricName) bool { return true },
})

func lookMetrics(plan Plan, s State, _ ItemSpec, now time.Time) finding {
	if len(plan.Metrics) == 0 {
		return finding{verdict: NoData, evidence: "no metrics configured"}
	}
	var failing, missing []string
	for _, j := range Judgements(plan, s.View, now) {
		switch j.Verdict {
		case Fail:
			failing = append(failing, j.Spec.Title+" "+j.Why)
		case NoData:
			missing = append(missing, j.Spec.Title+": "+j.Why)
		}
	}
	switch {
	case len(failing) > 0:
		return finding{verdict: Fail, evidence: strings.Join(failing, ", ")}
	case len(missing) > 0:
		return finding{verdict: NoData, evidence: strings.Join(missing, ", "), pending: len(s.View.Samples) == 0 || s.View.Workload.At.IsZero()}
	}
	return finding{verdict: Pass, evidence: fmt.Sprintf("%d of %d in bounds", len(plan.Metrics), len(plan.Metrics))}
}
