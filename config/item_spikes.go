package config

import "datahub.io/slipway/release"

var _ = reads(release.ItemSpikes, func(d *decoder, c *release.SpikesCheck) []field {
	return []field{{"metric", unless(c.Metric != "", metricName.accepted), value(d, &c.Metric, metricName)}}
}, nil)
