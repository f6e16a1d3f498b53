package traffic

import "strings"

// Directory is what the names in routes of one namespace refer to.
type Directory struct {
	namespace string
	services  map[string]map[string]string // selectors by Service
	subsets   map[[2]string]map[string]string
}

// DestinationRule is what splits need of Istio's: the subsets of a host.
type DestinationRule struct {
	Host    string   `json:"host"`
	Subsets []Subset `json:"subsets"`
}

// Subset is a part of a host's pods.
type Subset struct {
	Name   string            `json:"name"`
	Labels map[string]string `json:"labels"`
}

// NewDirectory is the directory of a namespace with these Services, by name with their selectors, and DestinationRules.
func NewDirectory(namespace string, services map[string]map[string]string, rules []DestinationRule) Directory {
	d := Directory{namespace, services, map[[2]string]map[string]string{}}
	for _, rule := range rules {
		for _, s := range rule.Subsets {
			d.subsets[[2]string{d.service(rule.Host), s.Name}] = s.Labels
		}
	}
	return d
}

// service returns the name of the Service that a host means: x, x.ns, x.ns.svc or x.ns.svc.cluster.local. Any other host is its own name, which no
// Service here has.
func (d Directory) service(host string) string {
	name, rest, qualified := strings.Cut(strings.TrimSuffix(host, ".cluster.local"), ".")
	if namespace := strings.TrimSuffix(rest, ".svc"); qualified && namespace != d.namespace {
		return host
	}
	return name
}

// backend returns the backend of a host and, if subset is not "", of that subset. One that does not exist selects no pods.
func (d Directory) backend(host, subset string) Backend {
	b := Backend{Name: d.service(host), Subset: subset}
	b.Selector = d.services[b.Name]
	if subset != "" {
		labels, ok := d.subsets[[2]string{b.Name, subset}]
		if !ok || len(b.Selector) == 0 {
			b.Selector = nil
		} else {
			b.Selector = both(b.Selector, labels)
		}
	}
	return b
}
