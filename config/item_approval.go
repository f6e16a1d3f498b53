package config

import (
	"strconv"

	"go.yaml.in/yaml/v3"

	"datahub.io/slipway/release"
)

var _ = reads(release.ItemApproval, func(d *decoder, c *release.ApprovalCheck) []field {
	return []field{
		{"count", "", value(d, &c.Count, people)},
		{"groups", "", d.groups(&c.Groups)},
		{"expire", "", value(d, &c.Expires, duration)},
	}
}, nil)

const mostApprovals = 10

var people = kind[int]{"a number of people from 1 to 10", func(s string) (int, bool) {
	n, err := strconv.Atoi(s)
	return n, err == nil && 1 <= n && n <= mostApprovals
}}

// groupName is a group as the API server knows it. The approvals object keeps names
// between spaces and commas.
var groupName = kind[string]{"the name of a group, without spaces and commas, such as release-managers", func(s string) (string, bool) {
	for _, r := range s {
		if r <= ' ' || r == ',' || r == 0x7f {
			return "", false
		}
	}
	return s, s != "" && s != "-"
}}

func (d *decoder) groups(into *[]string) func(*yaml.Node, string) {
	return func(n *yaml.Node, path string) {
		*into = nil
		d.list(n, path, "a list of groups", func(n *yaml.Node, path string) {
			var name string
			value(d, &name, groupName)(n, path)
			*into = append(*into, name)
		})
	}
}
