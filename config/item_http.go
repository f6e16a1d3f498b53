package config

import "datahub.io/slipway/release"

var _ = reads(release.ItemHTTP, func(d *decoder, c *release.HTTPCheck) []field {
	return []field{
		{"url", "", d.endpoint(&c.URL)},
		{"anyVersion", "", value(d, &c.AnyVersion, boolean)},
	}
}, func(c *release.HTTPCheck, e surroundings) (missing, accepted string) {
	if c.URL != "" {
		return "", ""
	}
	if c.URL = e.health; e.health == "" {
		return "health", address.accepted
	}
	return "", ""
})
