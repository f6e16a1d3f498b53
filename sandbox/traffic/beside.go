package traffic

import (
	"math"
	"time"

	"datahub.io/slipway/sandbox/behaviour"
)

// Container is one that runs beside the gateway's in its pod, and is sent no requests.
type Container struct {
	Name, Tag string
	// Native tells a native sidecar: an init container that is always restarted.
	Native   bool
	Running  bool
	Started  time.Time
	Restarts int
	// CPULimit is in cores, MemoryLimit in bytes; 0 is none.
	CPULimit, MemoryLimit float64
}

// besideCPU is what a container beside the gateway's uses, in cores.
const besideCPU = 0.02

// What shares of memory are of where a container has no limit, in bytes.
const (
	unlimited       = 2 << 30
	besideUnlimited = 128 << 20
)

// cpu is the time that the container has used in this run, in seconds.
func (c Container) cpu(at time.Time) float64 { return besideCPU * max(0, at.Sub(c.Started).Seconds()) }

// memory is the working set of the container of a pod, in bytes.
func (m *Model) besideMemory(p Pod, c Container, at time.Time) float64 {
	limit := c.MemoryLimit
	if limit == 0 {
		limit = besideUnlimited
	}
	return m.share(behaviour.OfTag(c.Tag), c.Started, at, p.Namespace, p.Name+c.Name) * limit
}

// share is the share of its memory that a container uses.
func (m *Model) share(b behaviour.Behaviour, started, at time.Time, namespace, key string) float64 {
	age := max(0, at.Sub(started).Seconds()*m.speed)
	if b.Exhausts > 0 {
		return min(1, 0.4+0.6*age/b.Exhausts.Seconds())
	}
	return (0.62 - 0.22*math.Exp(-age/30)) * (1 + 0.01*wobble(at, namespace) + 0.01*wobble(at, key))
}

// eachBeside calls f for each running container beside a gateway's, in the order observed.
func (m *Model) eachBeside(f func(Pod, Container)) {
	for _, p := range m.pods {
		for _, c := range p.Beside {
			if c.Running {
				f(p, c)
			}
		}
	}
}

// of is the labels of a container's series.
func (p Pod) of(container string) []Label {
	return pairs("container", container, "namespace", p.Namespace, "pod", p.Name)
}

// limits adds the series of a container's limits, of which kube-state-metrics has only those that there are.
func (p Pod) limits(add func(float64, string, []Label), name, container string, cpu, memory float64) {
	labels := func(resource, unit string) []Label {
		return pairs("container", container, "namespace", p.Namespace, "pod", p.Name, "resource", resource, "unit", unit)
	}
	if cpu > 0 {
		add(cpu, name, labels("cpu", "core"))
	}
	if memory > 0 {
		add(memory, name, labels("memory", "byte"))
	}
}
