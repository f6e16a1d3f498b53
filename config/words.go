package config

import (
	"net/url"
	"regexp"
	"strings"

	"datahub.io/slipway/release"
)

// Grammars of names, from Kubernetes (RFC 1123) and from the OCI distribution
// specification. That of an image tag is release.CheckVersion.
var (
	label     = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$`)
	subdomain = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$`)
	plain     = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$`)
	kebab     = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)
	keyName   = regexp.MustCompile(`^[A-Za-z0-9_-]{1,40}$`)
	variables = regexp.MustCompile(`^[A-Z_][A-Z0-9_]*$`)
	tagged    = regexp.MustCompile(`:[^/]*$|@`)
	image     = regexp.MustCompile(`^([A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*(:[0-9]+)?/)?` +
		`[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*$`)
)

func matching(accepted string, pattern *regexp.Regexp) kind[string] {
	return kind[string]{accepted, func(s string) (string, bool) { return s, pattern.MatchString(s) }}
}

// dotted accepts the names of most objects, at most 253 long.
func dotted(accepted string) kind[string] {
	return kind[string]{accepted, func(s string) (string, bool) { return s, len(s) <= 253 && subdomain.MatchString(s) }}
}

// The scalars without a unit.
var (
	plainName      = matching("a name of letters, digits, dots, dashes and underscores", plain)
	namespaceName  = matching("the name of a namespace: lower case letters, digits and dashes, at most 63", label)
	objectName     = dotted("the name of a Deployment: lower case letters, digits and dashes, in parts joined by dots")
	virtualService = dotted("the name of a VirtualService: lower case letters, digits and dashes, in parts joined by dots")
	httpRoute      = dotted("the name of an HTTPRoute: lower case letters, digits and dashes, in parts joined by dots")
	serviceName    = matching("the name of a Service: lower case letters, digits and dashes, at most 63", label)
	hostName       = dotted("the host of a Service, short or in full, such as datahub-gateway-canary")
	subsetName     = matching("the name of a subset of the DestinationRule, such as v1", plain)
	containerName  = matching("the name of a container: lower case letters, digits and dashes, at most 63", label)
	variableName   = matching("the name of an environment variable, in capitals: the secret itself is never in the file", variables)
	repository     = matching("an image repository without tag, such as registry.example.org/team/gateway", image)
	promQL         = kind[string]{"a PromQL expression", func(s string) (string, bool) { return s, strings.TrimSpace(s) != "" }}
	itemID         = matching("an id of lower case words joined by dashes", kebab)
	text           = kind[string]{"one line of text", func(s string) (string, bool) {
		return s, strings.TrimSpace(s) != "" && !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f })
	}}
	address = kind[string]{"an http or https address without user or password, such as https://gateway.example.org/health", httpURL}
)

func httpURL(s string) (string, bool) {
	u, err := url.Parse(s)
	return s, err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Hostname() != "" && u.User == nil
}

// oneOf accepts a few words.
func oneOf[T ~string](words ...T) kind[T] {
	all := make([]string, len(words))
	for i, w := range words {
		all[i] = string(w)
	}
	return kind[T]{strings.Join(all, ", "), func(s string) (T, bool) {
		for _, w := range words {
			if s == string(w) {
				return w, true
			}
		}
		return "", false
	}}
}

var answer = oneOf(release.Auto, release.Ask, release.Off)
