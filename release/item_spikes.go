package release

import "time"

// SpikesCheck are the settings of ItemSpikes.
type SpikesCheck struct{ Metric MetricName }

// ItemSpikes passes when a metric was never over its bound since the rollout began. A
// later recovery does not heal a spike.
var ItemSpikes = register(SpikesCheck{}.settingsOf(), kind{
	class: Check, settings: SpikesCheck{}, after: true,
	words: func(plan Plan, spec ItemSpec) string {
		return metricTitle(plan, SettingsOf[SpikesCheck](spec).Metric) + " never over its bound since the rollout began"
	},
	needs: func(spec ItemSpec, metric MetricName) bool { return SettingsOf[SpikesCheck](spec).Metric == metric },
	lost: func(plan Plan, s State, item Item, now time.Time) bool {
		failing, _ := Budget(plan, s.View) // more of it may still undo
		return item.Status == Failed && failing == 0 && now.Sub(item.At) > afterSpike
	},
	every: 2 * time.Second, least: time.Second, timeout: 10 * time.Second, stale: 15 * time.Second,
})

func (SpikesCheck) settingsOf() ItemType { return "spikes" }

// afterSpike is how long after a spike it is still expected that the figures go
// on to use the failure budget up.
const afterSpike = 30 * time.Second
