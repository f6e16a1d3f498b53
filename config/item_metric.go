package config

import "datahub.io/slipway/release"

var _ = reads(release.ItemMetric, func(d *decoder, c *release.MetricCheck) []field {
	return []field{{"metric", unless(c.Metric != "", metricName.accepted), value(d, &c.Metric, metricName)}}
}, nil)

// unless is what a key must hold, where it is not known already.
func unless(known bool, accepted string) string {
	if known {
		return ""
	}
	return accepted
}
