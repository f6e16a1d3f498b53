package traffic

import "maps"

// Backend is where a share of a service's requests goes: the pods that a Kubernetes Service selects.
type Backend struct {
	// Name is that of the Service, Subset that of a subset of its pods, "" for all of them. The backend without a name is that of requests
	// for which there is no route: nobody serves it.
	Name, Subset string
	// Share is the share of all requests.
	Share float64
	// Selector is what the labels of its pods have; an empty one selects none.
	Selector map[string]string
}

// selects tells whether a pod belongs to the backend.
func (b Backend) selects(p Pod) bool {
	for name, value := range b.Selector {
		if p.Labels[name] != value {
			return false
		}
	}
	return len(b.Selector) > 0
}

// Splits has the backends of each service whose requests a route divides; their shares sum to 1. Requests of all other services go to all pods of
// their app.
type Splits map[Service][]Backend

// Kind is a share of requests that are alike in what routes look at.
type Kind struct {
	Share float64
	// Headers are by lower-case name.
	Headers map[string]string
}

// PreviewHeader is set to PreviewValue by the 2 % of requests that ask for a preview, TesterHeader to TesterValue by the 1 % that testers make.
const (
	PreviewHeader = "x-datahub-preview"
	PreviewValue  = "canary"
	TesterHeader  = "x-datahub-tester"
	TesterValue   = "on"
)

var (
	// Kinds are those of all requests.
	Kinds = []Kind{
		{Share: 0.02, Headers: map[string]string{PreviewHeader: PreviewValue}},
		{Share: 0.01, Headers: map[string]string{TesterHeader: TesterValue}},
		{Share: 0.97},
	}
	// Plain is a request without any header that routes look at, as a health check's.
	Plain = []Kind{{Share: 1}}
)

// target is one destination of a route with its weight.
type target struct {
	backend Backend
	weight  float64
}

// divide adds a share of all requests to backends, in proportion to the weights of targets. Without a target that has a weight, nobody serves it.
func divide(backends []Backend, share float64, targets []target) []Backend {
	sum := 0.0
	for _, t := range targets {
		sum += max(0, t.weight)
	}
	if sum == 0 {
		return add(backends, Backend{Share: share})
	}
	for _, t := range targets {
		t.backend.Share = share * max(0, t.weight) / sum
		backends = add(backends, t.backend)
	}
	return backends
}

// add adds the share of a backend to backends, in which each appears once.
func add(backends []Backend, b Backend) []Backend {
	for i := range backends {
		if backends[i].Name == b.Name && backends[i].Subset == b.Subset {
			backends[i].Share += b.Share
			return backends
		}
	}
	return append(backends, b)
}

// Unrouted is the split of a service whose route does not exist.
func Unrouted() []Backend { return []Backend{{Share: 1}} }

// Turns takes pods in turn, as a load balancer does for single requests. Its zero value begins with the first.
type Turns struct {
	credit map[string]float64 // of each backend: how much of its share it has not had yet
	taken  map[string]int     // of each backend: how many requests it has had
}

// Next returns the pod that the next request goes to: the backend's whose turn it is by its share, and there the next that serves. It returns false
// if that backend has none.
func (t *Turns) Next(backends []Backend, pods []Pod) (Pod, bool) {
	var chosen Backend
	credit := make(map[string]float64, len(backends))
	most := 0.0
	for _, b := range backends {
		if b.Share <= 0 {
			continue
		}
		credit[b.key()] = t.credit[b.key()] + b.Share
		if c := credit[b.key()]; chosen.Share == 0 || c > most {
			chosen, most = b, c
		}
	}
	if chosen.Share > 0 {
		credit[chosen.key()]--
	}
	t.credit = credit // a backend that gets nothing forgets what it had: its turn does not come back at once
	var serving []Pod
	for _, p := range pods {
		if p.Serving && chosen.selects(p) {
			serving = append(serving, p)
		}
	}
	if len(serving) == 0 {
		return Pod{}, false
	}
	if t.taken == nil {
		t.taken = map[string]int{}
	}
	t.taken[chosen.key()]++
	return serving[t.taken[chosen.key()]%len(serving)], true
}

func (b Backend) key() string { return b.Name + "/" + b.Subset }

// both returns the selector that selects what both select; nil, which selects nothing, if that cannot be.
func both(a, b map[string]string) map[string]string {
	out := maps.Clone(a)
	for name, value := range b {
		if had, ok := out[name]; ok && had != value || out == nil {
			return nil
		}
		out[name] = value
	}
	return out
}
