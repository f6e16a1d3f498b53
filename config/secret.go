package config

import (
	"net/url"

	"go.yaml.in/yaml/v3"
)

// endpoint reads an address. One with a password in it is refused, and shown
// without it.
func (d *decoder) endpoint(into *string) func(*yaml.Node, string) {
	return func(n *yaml.Node, path string) {
		if u, err := url.Parse(n.Value); err == nil && u.User != nil {
			d.problem(n, path, quote(u.Redacted()), address.accepted)
			return
		}
		value(d, into, address)(n, path)
	}
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
