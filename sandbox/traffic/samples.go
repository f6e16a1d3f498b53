package traffic

import (
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
)

// Sample is the value of one series at the time to which the model has advanced.
type Sample struct {
	Name string
	// Labels are name and value pairs, sorted by name.
	Labels []Label
	Value  float64
}

// Label is one label of a series.
type Label struct{ Name, Value string }

// Usage is what a container uses at this moment.
type Usage struct {
	Pod       Pod
	Container string
	// CPU is in cores, Memory in bytes.
	CPU, Memory float64
}

// Samples returns all series, grouped by name and always in the same order: the requests and durations as the gateway exposes them, CPU and memory
// as cAdvisor does, limits, restarts and readiness as kube-state-metrics does. The counter of a pod's errors, gateway_errors_total, does not exist
// before the first one.
func (m *Model) Samples() []Sample {
	out := make([]Sample, 0, len(m.pods)*32)
	add := func(value float64, name string, labels []Label) { out = append(out, Sample{name, labels, value}) }
	for _, s := range m.services {
		for _, backend := range slices.Sorted(maps.Keys(m.balancer[s])) {
			labels := pairs("app", s.App, "code", "503", "destination_service_name", backend, "namespace", s.Namespace)
			if backend == "" {
				labels = pairs("app", s.App, "code", "503", "namespace", s.Namespace)
			}
			add(math.Floor(m.balancer[s][backend]), "http_requests_total", labels)
		}
	}
	m.each(func(p Pod, c *counter) {
		for i, code := range codes {
			if i < firstError || !c.behaviour.Lazy || c.codes[i] >= 1 {
				add(math.Floor(c.codes[i]), "http_requests_total", c.labels.code[code])
			}
		}
	})
	m.each(func(p Pod, c *counter) {
		failed := 0.0
		for _, n := range c.codes[firstError:] {
			failed += math.Floor(n)
		}
		if failed > 0 {
			add(failed, "gateway_errors_total", c.labels.request)
		}
	})
	m.each(func(p Pod, c *counter) {
		for i, labels := range c.labels.bucket {
			if i == len(Bounds) || c.behaviour.Ceiling == 0 || Bounds[i] <= c.behaviour.Ceiling {
				add(math.Floor(c.buckets[i]), "http_request_duration_seconds_bucket", labels)
			}
		}
	})
	m.each(func(p Pod, c *counter) { add(c.seconds, "http_request_duration_seconds_sum", c.labels.request) })
	m.each(func(p Pod, c *counter) {
		add(math.Floor(c.buckets[len(Bounds)]), "http_request_duration_seconds_count", c.labels.request)
	})
	m.each(func(p Pod, c *counter) { add(c.cpu, "container_cpu_usage_seconds_total", c.labels.container) })
	m.eachBeside(func(p Pod, c Container) { add(c.cpu(m.at), "container_cpu_usage_seconds_total", p.of(c.Name)) })
	m.each(func(p Pod, c *counter) {
		add(m.memory(p, m.at), "container_memory_working_set_bytes", c.labels.container)
	})
	m.eachBeside(func(p Pod, c Container) {
		add(m.besideMemory(p, c, m.at), "container_memory_working_set_bytes", p.of(c.Name))
	})
	for _, native := range []bool{false, true} {
		prefix := map[bool]string{false: "kube_pod_container_", true: "kube_pod_init_container_"}[native]
		for _, p := range m.pods {
			if !native {
				p.limits(add, prefix+"resource_limits", p.Container, p.CPULimit, p.MemoryLimit)
			}
			for _, c := range p.Beside {
				if c.Native == native {
					p.limits(add, prefix+"resource_limits", c.Name, c.CPULimit, c.MemoryLimit)
				}
			}
		}
		for _, p := range m.pods {
			if !native {
				add(float64(p.Restarts), prefix+"status_restarts_total", p.of(p.Container))
			}
			for _, c := range p.Beside {
				if c.Native == native {
					add(float64(c.Restarts), prefix+"status_restarts_total", p.of(c.Name))
				}
			}
		}
	}
	for _, p := range m.pods {
		add(truth(p.Serving), "kube_pod_status_ready", pairs("condition", "true", "namespace", p.Namespace, "pod", p.Name))
		add(truth(!p.Serving), "kube_pod_status_ready", pairs("condition", "false", "namespace", p.Namespace, "pod", p.Name))
	}
	return out
}

// series are the labels of one container's series, made once: a scrape every two seconds over an hour of history asks for them often.
type series struct {
	request, container []Label
	code               map[string][]Label
	bucket             [][]Label
}

func seriesOf(p Pod) series {
	s := series{
		request:   pairs("app", p.App, "namespace", p.Namespace, "pod", p.Name, "version", p.Tag),
		container: pairs("container", p.Container, "namespace", p.Namespace, "pod", p.Name),
		code:      map[string][]Label{},
	}
	for _, code := range codes {
		s.code[code] = pairs("app", p.App, "code", code, "namespace", p.Namespace, "pod", p.Name, "version", p.Tag)
	}
	for i := range len(Bounds) + 1 {
		s.bucket = append(s.bucket, pairs("app", p.App, "le", le(i), "namespace", p.Namespace, "pod", p.Name, "version", p.Tag))
	}
	return s
}

// le is the upper bound of bucket i as Prometheus normalises it when it scrapes: always with a fraction.
func le(i int) string {
	if i == len(Bounds) {
		return "+Inf"
	}
	text := strconv.FormatFloat(Bounds[i], 'f', -1, 64)
	if !strings.Contains(text, ".") {
		text += ".0"
	}
	return text
}

// Usage returns what every running container uses now.
func (m *Model) Usage() []Usage {
	var out []Usage
	m.each(func(p Pod, c *counter) { out = append(out, Usage{p, p.Container, c.usage, m.memory(p, m.at)}) })
	m.eachBeside(func(p Pod, c Container) { out = append(out, Usage{p, c.Name, besideCPU, m.besideMemory(p, c, m.at)}) })
	return out
}

// Requests returns what was asked of a service and what failed.
func (m *Model) Requests(s Service) Count { return *m.requests[s] }

// each calls f for each pod whose container runs, in the order observed.
func (m *Model) each(f func(Pod, *counter)) {
	for _, p := range m.pods {
		if c := m.counters[container{p.Namespace, p.Name, p.Restarts}]; c != nil && p.Running {
			f(p, c)
		}
	}
}

// pairs makes labels of names and values, which are given in the order of the names.
func pairs(namesAndValues ...string) []Label {
	labels := make([]Label, 0, len(namesAndValues)/2)
	for i := 0; i < len(namesAndValues); i += 2 {
		labels = append(labels, Label{namesAndValues[i], namesAndValues[i+1]})
	}
	return labels
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
