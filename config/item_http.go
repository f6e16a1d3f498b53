package config

import (
	"net/http"
	"regexp"

	"github.com/itchyny/gojq"
	"go.yaml.in/yaml/v3"

	"datahub.io/slipway/release"
)

var (
	method     = oneOf(http.MethodGet, http.MethodHead, http.MethodPost)
	numeral    = matching("a number, such as 0 or 99.5", regexp.MustCompile(`^-?[0-9]{1,18}(\.[0-9]{1,18})?$`))
	headerName = matching("the name of a header, such as Authorization", regexp.MustCompile(`^[A-Za-z0-9-]+$`))
)

var _ = reads(release.ItemHTTP, func(d *decoder, c *release.HTTPCheck) []field {
	return []field{
		{"url", "", d.endpoint(&c.URL)},
		{"anyVersion", "", value(d, &c.AnyVersion, boolean)},
		{"method", "", value(d, &c.Method, method)},
		{"headersEnv", "", d.headers(&c.HeadersEnv)},
		{"query", "", d.jq(&c.Query)},
		{"equals", "", d.ofQuery(c, value(d, &c.Equals, text))},
		{"atLeast", "", d.ofQuery(c, value(d, &c.AtLeast, numeral))},
		{"atMost", "", d.ofQuery(c, value(d, &c.AtMost, numeral))},
		{"answers", "", value(d, &c.Answers, count)},
		{"maxLatency", "", value(d, &c.MaxLatency, duration)},
		{"tlsValid", "", value(d, &c.TLS, duration)},
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

// jq reads an expression, which has to compile.
func (d *decoder) jq(into *string) func(*yaml.Node, string) {
	return func(n *yaml.Node, path string) {
		value(d, into, text)(n, path)
		if n.Kind != yaml.ScalarNode || *into == "" {
			return
		}
		parsed, err := gojq.Parse(*into)
		if err == nil {
			_, err = gojq.Compile(parsed)
		}
		if err != nil {
			d.problem(n, path, quote(*into)+": "+err.Error(), "a jq expression, such as .status")
		}
	}
}

// ofQuery reads what is said of the value that an expression finds.
func (d *decoder) ofQuery(c *release.HTTPCheck, read func(*yaml.Node, string)) func(*yaml.Node, string) {
	return func(n *yaml.Node, path string) {
		if c.Query == "" {
			d.problem(n, path, describe(n), "nothing here without query, which finds the value")
			return
		}
		read(n, path)
	}
}

// headers reads the names of headers, and of the variables that have their values.
func (d *decoder) headers(into *map[string]string) func(*yaml.Node, string) {
	return func(n *yaml.Node, path string) {
		const accepted = "names of headers, each with the variable that has its value, such as {Authorization: GATEWAY_TOKEN}"
		if n.Kind != yaml.MappingNode || len(n.Content) == 0 {
			d.problem(n, path, describe(n), accepted)
			return
		}
		*into = map[string]string{}
		for i := 0; i+1 < len(n.Content); i += 2 {
			key, variable := n.Content[i].Value, ""
			if _, ok := headerName.parse(key); !ok {
				d.problem(n.Content[i], path, quote(key), headerName.accepted)
				continue
			}
			d.secret(&variable)(resolve(n.Content[i+1]), join(path, key))
			(*into)[http.CanonicalHeaderKey(key)] = variable
		}
	}
}
