package traffic

import "strings"

// HTTPRoute is what splits need of the Gateway API's (https://gateway-api.sigs.k8s.io/api-types/httproute/).
type HTTPRoute struct {
	Hostnames []string   `json:"hostnames"`
	Rules     []HTTPRule `json:"rules"`
}

// HTTPRule is one of its rules. Filters, a mirror among them, change no share.
type HTTPRule struct {
	Matches     []HTTPMatch  `json:"matches"`
	BackendRefs []BackendRef `json:"backendRefs"`
}

// HTTPMatch is one match of a rule.
type HTTPMatch struct {
	Path *struct {
		Type  string `json:"type"`
		Value string `json:"value"`
	} `json:"path"`
	Headers []struct {
		Type  string `json:"type"`
		Name  string `json:"name"`
		Value string `json:"value"`
	} `json:"headers"`
	QueryParams []any  `json:"queryParams"`
	Method      string `json:"method"`
}

// BackendRef is one backend of a rule.
type BackendRef struct {
	Name      string   `json:"name"`
	Namespace string   `json:"namespace"`
	Weight    *float64 `json:"weight"`
}

// MergeHTTPRoutes returns one HTTPRoute that divides requests as several for one host do, in this order.
func MergeHTTPRoutes(all []HTTPRoute) HTTPRoute {
	var merged HTTPRoute
	for _, r := range all {
		merged.Rules = append(merged.Rules, r.Rules...)
	}
	return merged
}

// Split divides requests: for each kind the rule counts that matches it with the most headers, the first of several. Shares are in proportion to
// the weights, and a missing weight is 1.
func (r HTTPRoute) Split(kinds []Kind, d Directory) []Backend {
	var backends []Backend
	for _, k := range kinds {
		var targets []target
		most := -1
		for _, rule := range r.Rules {
			headers, ok := rule.matches(k)
			if !ok || headers <= most {
				continue
			}
			most, targets = headers, nil
			for _, ref := range rule.BackendRefs {
				targets = append(targets, ref.target(d))
			}
		}
		backends = divide(backends, k.Share, targets)
	}
	return backends
}

func (ref BackendRef) target(d Directory) target {
	t := target{weight: 1}
	if ref.Weight != nil {
		t.weight = *ref.Weight
	}
	host := ref.Name
	if ref.Namespace != "" {
		host += "." + ref.Namespace
	}
	t.backend = d.backend(host, "")
	return t
}

// matches tells whether a rule lets a kind of request in, and with how many headers at most.
func (r HTTPRule) matches(k Kind) (headers int, ok bool) {
	if len(r.Matches) == 0 {
		return 0, true
	}
	for _, m := range r.Matches {
		if m.matches(k) {
			headers, ok = max(headers, len(m.Headers)), true
		}
	}
	return headers, ok
}

// matches knows conditions on headers and the path prefix /, which every request has. No request meets any other condition.
func (m HTTPMatch) matches(k Kind) bool {
	if m.Path != nil && (m.Path.Value != "/" || m.Path.Type == "Exact") || len(m.QueryParams) > 0 || m.Method != "" {
		return false
	}
	for _, h := range m.Headers {
		value, ok := k.Headers[strings.ToLower(h.Name)]
		if !ok || h.Type != "RegularExpression" && value != h.Value || h.Type == "RegularExpression" && !full(h.Value, value) {
			return false
		}
	}
	return true
}
