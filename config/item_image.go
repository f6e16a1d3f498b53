package config

import (
	"regexp"

	"datahub.io/slipway/release"
)

var platformName = matching("a platform: OS/ARCHITECTURE, such as linux/amd64", regexp.MustCompile(`^[a-z0-9]+/[a-z0-9]+$`))

var _ = reads(release.ItemImage, func(d *decoder, c *release.ImageCheck) []field {
	return []field{
		{"repository", "", d.image(&c.Repository)},
		{"platforms", "", d.values(&c.Platforms, "a list of platforms, such as [linux/amd64]", platformName)},
		{"pullSecrets", "", value(d, &c.PullSecrets, boolean)},
		{"pin", "", value(d, &c.Pin, boolean)},
	}
}, nil)
