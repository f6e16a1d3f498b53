// Package traffic derives the requests that a load balancer would send, and what they cost, from the state of the pods. It is pure: it reads no
// clock and does no I/O, and the same calls give the same numbers.
package traffic

import (
	"hash/fnv"
	"math"
	"time"

	"datahub.io/slipway/sandbox/behaviour"
)

// Pod is what the model needs to know of a pod.
type Pod struct {
	Namespace, Name, App, Container string
	// Labels are the pod's.
	Labels map[string]string
	// Tag is the tag of the container's image: the version.
	Tag string
	// Serving tells that the load balancer sends requests to it: ready and not being deleted.
	Serving bool
	// Running tells that its container runs; Started is since when.
	Running bool
	Started time.Time
	// Restarts is the container's restart count.
	Restarts int
	// CPULimit is in cores, MemoryLimit in bytes; 0 is none.
	CPULimit, MemoryLimit float64
	// Beside are its other containers, those that run once left out.
	Beside []Container
}

// Service is one load-balanced service.
type Service struct {
	Namespace, App string
	// Rate is the mean number of requests per second.
	Rate float64
}

// Count says what a service was asked since the model began or was reset, and how many of those requests failed beyond the everyday error rate of a
// good version: because no pod served where they were sent, or because a bad one did.
type Count struct{ Total, Failed float64 }

// Model accumulates counters. Its zero value is not usable: see New.
type Model struct {
	speed    float64
	services []Service
	at       time.Time
	pods     []Pod
	splits   Splits
	counters map[container]*counter
	balancer map[Service]map[string]float64 // requests that no pod served, by backend
	requests map[Service]*Count
	rates    map[Service]float64 // requests per second where they are not the normal ones
	bursts   []Burst
	singles  map[Service]*singles
}

// container identifies one run of a container: counters begin anew when it restarts.
type container struct {
	namespace, pod string
	restarts       int
}

type counter struct {
	behaviour behaviour.Behaviour
	labels    series

	codes   [5]float64
	buckets []float64 // cumulative; the last is +Inf, the count of all
	seconds float64
	cpu     float64
	usage   float64 // cores at this moment
}

// codes are the statuses that requests are answered with, in the order of counter.codes.
var codes = [...]string{"200", "404", "500", "502", "503"}

// firstError is the first of codes that is a failure.
const firstError = 2

// step is the longest time over which rates are taken as constant.
const step = time.Second

// New returns a model that begins at a time, with no pods. Speed shortens what takes time by design: a late error, a leak.
func New(begin time.Time, speed float64, services []Service) *Model {
	m := &Model{
		speed: speed, services: services, at: begin,
		counters: map[container]*counter{}, balancer: map[Service]map[string]float64{}, requests: map[Service]*Count{},
		rates: map[Service]float64{}, singles: map[Service]*singles{},
	}
	for _, s := range services {
		m.balancer[s], m.requests[s], m.singles[s] = map[string]float64{}, &Count{}, &singles{}
	}
	return m
}

// Observe replaces the pods and the splits. What pods did before is accounted for by calling Advance first; counters of pods and containers that are gone are
// dropped, as a scrape target's disappear with it.
func (m *Model) Observe(pods []Pod, splits Splits) {
	m.pods, m.splits = pods, splits
	keep := make(map[container]*counter, len(pods))
	for _, p := range pods {
		if !p.Running {
			continue
		}
		key := container{p.Namespace, p.Name, p.Restarts}
		c := m.counters[key]
		if c == nil {
			c = &counter{behaviour: behaviour.OfTag(p.Tag), labels: seriesOf(p), buckets: make([]float64, len(Bounds)+1)}
		}
		keep[key] = c
	}
	m.counters = keep
}

// Advance lets time pass, up to now, with the pods last observed.
func (m *Model) Advance(now time.Time) {
	for m.at.Before(now) {
		d := m.untilBurst(min(step, now.Sub(m.at)))
		middle := m.at.Add(d / 2)
		for _, s := range m.services {
			m.serve(s, middle, d.Seconds())
		}
		m.at = m.at.Add(d)
	}
}

// ResetRequests makes Requests count from now on.
func (m *Model) ResetRequests() {
	for _, n := range m.requests {
		*n = Count{}
	}
}

// Now returns the time to which the model has advanced.
func (m *Model) Now() time.Time { return m.at }

// loaded is a serving pod with its share of a service's requests.
type loaded struct {
	Pod
	share float64
}

// lost is the share of a service's requests that no pod serves, of one backend.
type lost struct {
	backend string
	share   float64
}

// divide returns how a service's requests are divided: among the running pods, of which those that do not serve have no share, and what is lost.
func (m *Model) divide(s Service, at time.Time) (pods []loaded, none []lost) {
	for _, p := range m.pods {
		if p.Namespace == s.Namespace && p.App == s.App && p.Running && !p.Started.After(at) {
			pods = append(pods, loaded{Pod: p})
		}
	}
	send := func(share float64, backend string, selects func(Pod) bool) {
		var to []int
		for i, p := range pods {
			if p.Serving && selects(p.Pod) {
				to = append(to, i)
			}
		}
		for _, i := range to {
			pods[i].share += share / float64(len(to))
		}
		if len(to) == 0 {
			none = append(none, lost{backend, share})
		}
	}
	backends, routed := m.splits[s]
	if !routed {
		send(1, "", func(Pod) bool { return true })
	}
	for _, b := range backends {
		if b.Share > 0 {
			send(b.Share, b.Name, b.selects)
		}
	}
	return pods, none
}

// serve sends one service's requests of a short time to its backends, and within each to the serving pods in equal shares.
func (m *Model) serve(s Service, at time.Time, seconds float64) {
	requests := m.rate(s) * wave(at, s.Namespace) * seconds
	pods, none := m.divide(s, at)
	for _, p := range pods {
		m.use(p.Pod, requests*p.share/seconds, s, seconds)
	}
	if m.rate(s) < singly {
		m.single(s, requests, pods, none, at)
		return
	}
	n := m.requests[s]
	n.Total += requests
	for _, l := range none {
		m.balancer[s][l.backend] += requests * l.share
		n.Failed += requests * l.share
	}
	for _, p := range pods {
		if p.share > 0 {
			n.Failed += m.answer(p.Pod, requests*p.share, at)
		}
	}
}

// answer accounts for requests that one pod served, and returns how many of them failed beyond the everyday.
func (m *Model) answer(p Pod, requests float64, at time.Time) float64 {
	c := m.counters[container{p.Namespace, p.Name, p.Restarts}]
	rate := m.errorRate(p, at)
	failed := requests * min(1, rate*(1+0.1*wobble(at, p.Name)))
	for i, share := range mix(failed / requests) {
		c.codes[i] += requests * share
	}
	cumulative, mean := m.durations(p, at)
	for i, share := range cumulative {
		c.buckets[i] += requests * share
	}
	c.buckets[len(Bounds)] += requests
	c.seconds += requests * mean
	return requests * max(0, rate-behaviour.Everyday)
}

// mix returns the shares of codes at an error rate.
func mix(errorRate float64) [len(codes)]float64 {
	good := 1 - errorRate
	return [...]float64{good * 0.97, good * 0.03, errorRate * 0.6, errorRate * 0.25, errorRate * 0.15}
}

// errorRate returns the share of a pod's requests that fail at a time.
func (m *Model) errorRate(p Pod, at time.Time) float64 {
	rate := m.counters[container{p.Namespace, p.Name, p.Restarts}].behaviour.At(at, p.Started, m.speed)
	for _, b := range m.bursts {
		if b.hits(p, at) {
			rate = max(rate, b.Errors)
		}
	}
	return rate
}

// durations returns for each of Bounds the share of a pod's requests at a time that take at most that long, and their mean in seconds.
func (m *Model) durations(p Pod, at time.Time) (cumulative []float64, mean float64) {
	b := m.counters[container{p.Namespace, p.Name, p.Restarts}].behaviour
	return shares(time.Duration(float64(b.Median)*(1+0.03*wobble(at, p.Namespace)+0.03*wobble(at, p.Name))), b.Sigma)
}

// use accounts for the CPU time of one pod at a load in requests per second.
func (m *Model) use(p Pod, load float64, s Service, seconds float64) {
	c := m.counters[container{p.Namespace, p.Name, p.Restarts}]
	const idle, pods = 0.03, 6 // a pod's normal load is a sixth of its service's
	full := c.behaviour.CPU
	c.usage = idle + max(0, full-idle)*load/(s.Rate/pods)
	if p.CPULimit > 0 {
		c.usage = min(c.usage, p.CPULimit)
	}
	c.cpu += c.usage * seconds
}

// memory returns the working set of a pod's container, in bytes.
func (m *Model) memory(p Pod, at time.Time) float64 {
	limit := p.MemoryLimit
	if limit == 0 {
		limit = unlimited
	}
	return m.share(behaviour.OfTag(p.Tag), p.Started, at, p.Namespace, p.Name) * limit
}

// wave is the gentle unrest of demand around 1.
func wave(at time.Time, key string) float64 {
	t, phase := float64(at.UnixMilli())/1000, phase(key)
	return 1 + 0.03*math.Sin(t/211+phase) + 0.015*math.Sin(t/37+2*phase) + 0.005*math.Sin(t/5+3*phase)
}

// wobble is smooth noise between -1 and 1, of its own for each key.
func wobble(at time.Time, key string) float64 {
	t, phase := float64(at.UnixMilli())/1000, phase(key)
	return 0.5*math.Sin(t/61+phase) + 0.3*math.Sin(t/17+2*phase) + 0.2*math.Sin(t/7+3*phase)
}

func phase(key string) float64 {
	h := fnv.New32a()
	h.Write([]byte(key))
	return float64(h.Sum32()%6283) / 1000
}
