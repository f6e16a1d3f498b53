package release

import (
	"fmt"
	"time"
)

// MetricCheck are the settings of ItemMetric.
type MetricCheck struct{ Metric MetricName }

// ItemMetric passes while one metric is within its bound.
var ItemMetric = register(MetricCheck{}.settingsOf(), kind{
	class: Check, settings: MetricCheck{}, rolling: true, look: lookMetric,
	words: func(plan Plan, spec ItemSpec) string {
		return metricTitle(plan, SettingsOf[MetricCheck](spec).Metric) + " within its bound"
	},
	needs: func(spec ItemSpec, metric MetricName) bool { return SettingsOf[MetricCheck](spec).Metric == metric },
})

func (MetricCheck) settingsOf() ItemType { return "metric" }

func lookMetric(plan Plan, s State, spec ItemSpec, now time.Time) finding {
	name := SettingsOf[MetricCheck](spec).Metric
	for _, m := range plan.Metrics {
		if m.Name != name {
			continue
		}
		j := Judge(plan, s.View, m, now)
		if j.Verdict == Pass {
			return finding{verdict: Pass, evidence: Format(m.Unit, j.Value)}
		}
		_, any := s.View.Samples[m.Name]
		return finding{verdict: j.Verdict, evidence: j.Why, pending: !any}
	}
	return finding{verdict: NoData, evidence: fmt.Sprintf("metric %q is not configured", name)}
}

// metricTitle is what a metric is called, its name where it is not configured.
func metricTitle(plan Plan, name MetricName) string {
	for _, m := range plan.Metrics {
		if m.Name == name {
			return m.Title
		}
	}
	return string(name)
}
