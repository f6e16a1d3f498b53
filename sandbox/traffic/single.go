package traffic

import (
	"math"
	"time"

	"datahub.io/slipway/sandbox/behaviour"
)

// singly is the mean number of requests per second below which a service's requests are counted one by one: each goes to one pod, takes one time and
// fails or does not. Above it the counters grow by shares, of which nobody can tell.
const singly = 50

// singles is what a service's single requests need to be remembered.
type singles struct {
	due    float64              // requests that are not whole yet
	target rota[string]         // pods and backends
	code   map[string]rota[int] // statuses, by version
	taken  map[string]float64   // requests of each version
}

// single accounts for single requests to a service, as much as there are whole ones.
func (m *Model) single(s Service, requests float64, pods []loaded, none []lost, at time.Time) {
	q, n := m.singles[s], m.requests[s]
	for q.due += requests; q.due >= 1; q.due-- {
		n.Total++
		targets := make([]weighted[string], 0, len(pods)+len(none))
		for _, p := range pods {
			targets = append(targets, weighted[string]{"pod/" + p.Name, p.share})
		}
		for _, l := range none {
			targets = append(targets, weighted[string]{"backend/" + l.backend, l.share})
		}
		var i int
		q.target, i = q.target.next(targets)
		if i >= len(pods) {
			m.balancer[s][none[i-len(pods)].backend]++
			n.Failed++
			continue
		}
		if m.answerOne(q, pods[i].Pod, at) {
			n.Failed++
		}
	}
}

// answerOne accounts for one request that a pod served, and tells whether it failed beyond the everyday.
func (m *Model) answerOne(q *singles, p Pod, at time.Time) bool {
	c := m.counters[container{p.Namespace, p.Name, p.Restarts}]
	rate := m.errorRate(p, at)
	statuses := make([]weighted[int], 0, len(codes))
	for code, share := range mix(rate) {
		statuses = append(statuses, weighted[int]{code, share})
	}
	if q.code == nil {
		q.code, q.taken = map[string]rota[int]{}, map[string]float64{}
	}
	var code int
	q.code[p.Tag], code = q.code[p.Tag].next(statuses)
	c.codes[code]++
	cumulative, mean := m.durations(p, at)
	// The golden ratio spreads the quantiles of successive requests evenly.
	_, quantile := math.Modf(q.taken[p.Tag] * math.Phi)
	q.taken[p.Tag]++
	for i, share := range cumulative {
		if share > quantile {
			c.buckets[i]++
		}
	}
	c.buckets[len(Bounds)]++
	c.seconds += mean
	return code >= firstError && rate > behaviour.Everyday
}

// rota gives out turns in proportion to weights, spread evenly: it is what each of those who take part is owed.
type rota[K comparable] map[K]float64

type weighted[K comparable] struct {
	of     K
	weight float64
}

// next returns whose turn it is, as an index, with the rota after that turn. Whoever takes no part any more is owed nothing.
func (r rota[K]) next(among []weighted[K]) (rota[K], int) {
	after, chosen, sum := make(rota[K], len(among)), 0, 0.0
	for i, w := range among {
		after[w.of] = r[w.of] + w.weight
		sum += w.weight
		if w.weight > 0 && (among[chosen].weight == 0 || after[w.of] > after[among[chosen].of]) {
			chosen = i
		}
	}
	if len(among) > 0 {
		after[among[chosen].of] -= sum
	}
	return after, chosen
}
