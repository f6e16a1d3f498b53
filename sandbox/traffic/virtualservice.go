package traffic

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
)

// VirtualService is what splits need of Istio's (https://istio.io/latest/docs/reference/config/networking/virtual-service/).
type VirtualService struct {
	Hosts []string     `json:"hosts"`
	HTTP  []IstioRoute `json:"http"`
}

// IstioRoute is one of its HTTP routes. A mirror gets copies, and changes no share.
type IstioRoute struct {
	Match []map[string]any   `json:"match"`
	Route []IstioDestination `json:"route"`
}

// IstioDestination is one destination of a route.
type IstioDestination struct {
	Destination struct {
		Host   string `json:"host"`
		Subset string `json:"subset"`
	} `json:"destination"`
	Weight float64 `json:"weight"`
}

// Split divides requests: for each kind the first route that matches it counts. A single destination takes everything whatever its weight;
// otherwise shares are in proportion to the weights, and a missing weight is 0.
func (v VirtualService) Split(kinds []Kind, d Directory) []Backend {
	var backends []Backend
	for _, k := range kinds {
		var targets []target
		for _, route := range v.HTTP {
			if !route.matches(k) {
				continue
			}
			for _, to := range route.Route {
				targets = append(targets, target{d.backend(to.Destination.Host, to.Destination.Subset), to.Weight})
			}
			break
		}
		if len(targets) == 1 {
			targets[0].weight = 1
		}
		backends = divide(backends, k.Share, targets)
	}
	return backends
}

// MergeVirtualServices returns one VirtualService that divides requests as several for one host do, in this order. As at Istio's gateways, what takes
// everything comes after the other routes.
func MergeVirtualServices(all []VirtualService) VirtualService {
	if len(all) == 1 {
		return all[0]
	}
	var merged VirtualService
	for _, v := range all {
		merged.HTTP = append(merged.HTTP, v.HTTP...)
	}
	slices.SortStableFunc(merged.HTTP, func(a, b IstioRoute) int { return cmp.Compare(a.catchesAll(), b.catchesAll()) })
	return merged
}

// catchesAll is 1 for a route that takes every request, 0 for all others.
func (r IstioRoute) catchesAll() int {
	if len(r.Match) == 0 || slices.ContainsFunc(r.Match, func(m map[string]any) bool { return istioMatches(m, Kind{}) }) {
		return 1
	}
	return 0
}

// matches tells whether one of the route's matches, or the lack of any, lets a kind of request in.
func (r IstioRoute) matches(k Kind) bool {
	for _, match := range r.Match {
		if istioMatches(match, k) {
			return true
		}
	}
	return len(r.Match) == 0
}

// istioMatches knows conditions on headers and the URI prefix /, which every request has. No request meets any other condition.
func istioMatches(match map[string]any, k Kind) bool {
	for condition, value := range match {
		of, _ := value.(map[string]any)
		switch condition {
		case "name", "statPrefix", "ignoreUriCase":
		case "uri":
			if of["prefix"] != "/" {
				return false
			}
		case "headers":
			for name, want := range of {
				if !headerMatches(k, name, want) {
					return false
				}
			}
		case "withoutHeaders":
			for name, want := range of {
				if headerMatches(k, name, want) {
					return false
				}
			}
		default:
			return false
		}
	}
	return true
}

// headerMatches tells whether a kind of request has a header as a StringMatch wants it; an empty one wants any value.
func headerMatches(k Kind, name string, want any) bool {
	value, ok := k.Headers[strings.ToLower(name)]
	if !ok {
		return false
	}
	match, _ := want.(map[string]any)
	for how, with := range match {
		text, _ := with.(string)
		switch how {
		case "exact":
			ok = value == text
		case "prefix":
			ok = strings.HasPrefix(value, text)
		case "regex":
			ok = full(text, value)
		default:
			ok = false
		}
		if !ok {
			return false
		}
	}
	return true
}

// full tells whether a regular expression matches all of a text; a malformed one matches nothing.
func full(expression, text string) bool {
	r, err := regexp.Compile(`^(?:` + expression + `)$`)
	return err == nil && r.MatchString(text)
}
