package config

import (
	"strings"

	"go.yaml.in/yaml/v3"

	"datahub.io/slipway/release"
)

// endpoint reads an address. What is none, or has a password in it, is refused, and
// shown without what could be a secret.
func (d *decoder) endpoint(into *string) func(*yaml.Node, string) {
	return func(n *yaml.Node, path string) {
		if _, ok := address.parse(n.Value); n.Kind == yaml.ScalarNode && n.Tag != "!!null" && !ok {
			d.problem(n, path, quote(release.ShownAddress(n.Value)), address.accepted)
			return
		}
		value(d, into, address)(n, path)
	}
}

// discreet is a value of the file as it may be shown where something else than an
// address is accepted: one with a password may stand there by mistake.
func discreet(text string) string {
	if strings.Contains(text, "://") {
		return release.ShownAddress(text)
	}
	if before, digest, found := strings.Cut(text, "@"); found && !strings.HasPrefix(digest, "sha256:") && strings.Contains(before, ":") {
		return release.ShownAddress(text)
	}
	return text
}

// secret reads the name of the variable that a secret is in. What is no such
// name may be the secret itself, and is not shown.
func (d *decoder) secret(into *string) func(*yaml.Node, string) {
	return func(n *yaml.Node, path string) {
		if n.Kind == yaml.ScalarNode && !variables.MatchString(n.Value) {
			d.problem(n, path, "something else, not shown here", variableName.accepted)
			return
		}
		value(d, into, variableName)(n, path)
	}
}
