package traffic

import (
	"testing"
	"time"
)

func TestContainersBesideTheGatewaysHaveFiguresOfTheirOwn(t *testing.T) {
	pods := podsOf("v2.5.0", 1, noon)
	pods[0].Beside = []Container{
		{Name: "proxy", Tag: "v1-leak", Running: true, Started: noon, Restarts: 2, CPULimit: 1, MemoryLimit: 1 << 20},
		{Name: "shipper", Tag: "v1", Native: true, Running: true, Started: noon, Restarts: 1, MemoryLimit: 1 << 20},
		{Name: "stopped", Tag: "v1", Started: noon},
	}
	m := New(noon, 1, []Service{service})
	m.Observe(pods, nil)
	m.Advance(noon.Add(3 * time.Minute))
	of := func(container string) func(map[string]string) bool {
		return func(l map[string]string) bool { return l["container"] == container }
	}
	for _, c := range []struct {
		name, container string
		want            float64
		series          int
	}{
		{"kube_pod_container_status_restarts_total", "gateway", 0, 1},
		{"kube_pod_container_status_restarts_total", "proxy", 2, 1},
		{"kube_pod_container_status_restarts_total", "shipper", 0, 0},
		{"kube_pod_init_container_status_restarts_total", "shipper", 1, 1},
		{"kube_pod_container_resource_limits", "proxy", 1 + 1<<20, 2},
		{"kube_pod_init_container_resource_limits", "shipper", 1 << 20, 1},
		{"container_memory_working_set_bytes", "proxy", 1 << 20, 1},
		{"container_memory_working_set_bytes", "stopped", 0, 0},
		{"container_cpu_usage_seconds_total", "proxy", 180 * besideCPU, 1},
	} {
		if got, series := sum(m, c.name, of(c.container)); got != c.want || series != c.series {
			t.Errorf("%s of %s: %v in %d series, want %v in %d", c.name, c.container, got, series, c.want, c.series)
		}
	}
	if n := len(m.Usage()); n != 3 {
		t.Errorf("%d containers use something, want 3", n)
	}
	requests, _ := sum(m, "http_requests_total", all)
	if total := m.Requests(service).Total; requests < 0.99*total || requests > total {
		t.Errorf("%v requests of %v were counted", requests, total)
	}
}

func TestWithoutLimitsThereAreFiguresAndNoLimits(t *testing.T) {
	pods := podsOf("v2.5.0", 1, noon.Add(-time.Hour))
	pods[0].CPULimit, pods[0].MemoryLimit = 0, 0
	m := New(noon, 1, []Service{service})
	m.Observe(pods, nil)
	m.Advance(noon.Add(time.Minute))
	if _, series := sum(m, "kube_pod_container_resource_limits", all); series != 0 {
		t.Errorf("%d series of limits that do not exist", series)
	}
	if u := m.Usage()[0]; u.Memory < 1<<30 || u.CPU < 0.5 {
		t.Errorf("it uses %+v", u)
	}
}
