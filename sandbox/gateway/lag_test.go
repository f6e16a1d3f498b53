package gateway

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"datahub.io/slipway/sandbox/traffic"
)

// weighted is a gateway's observation in which the canary has a share of the requests to an environment.
func weighted(seen observation, e Environment, canary float64) observation {
	out := observation{seen.pods, seen.scales, traffic.Splits{}, map[string][]traffic.Backend{}}
	for _, other := range Environments {
		out.route(other, seen.routeOf(other))
	}
	split := []traffic.Backend{{Name: Stable, Share: 1 - canary, Selector: stable[0].Selector}, {Name: App + "-canary", Share: canary}}
	out.route(e, route{split, split})
	return out
}

// share is what the data plane sends to the canary of an environment.
func (g *Gateway) share(e Environment) string {
	var out []string
	for _, backends := range [][]traffic.Backend{g.seen.splits[e.Service], g.seen.health[e.Name]} {
		share := 0.0
		for _, b := range backends {
			if b.Name == App+"-canary" {
				share = b.Share
			}
		}
		out = append(out, fmt.Sprint(share))
	}
	return strings.Join(out, " ")
}

func TestDataPlaneFollowsItsRouteLate(t *testing.T) {
	g := settled()
	at := func(seconds float64) time.Time { return noon.Add(time.Duration(seconds * float64(time.Second))) }
	var woken []time.Duration
	g.wake = func(after time.Duration) { woken = append(woken, after) }
	canary, routes, seen := Environments[2], Environments[3], g.seen
	g.setLag(canary, 5*time.Second)
	see := func(seconds float64, share float64, want string) {
		t.Helper()
		g.observe(at(seconds), weighted(weighted(seen, canary, share), routes, share))
		if got := g.share(canary); got != want {
			t.Errorf("after %v s the canary has %s, want %s", seconds, got, want)
		}
		if got, want := g.share(routes), fmt.Sprint(share, " ", share); got != want {
			t.Errorf("after %v s the canary of the other environment has %s, want %s", seconds, got, want)
		}
	}
	see(0, 0.1, "0 0")
	see(2, 0.25, "0 0") // pods and the like change meanwhile
	see(3, 0, "0 0")    // and back: what was there for a second reaches the data plane for a second
	see(5, 0, "0.1 0.1")
	see(6, 0, "0.1 0.1")
	see(7, 0, "0.25 0.25")
	see(8, 0, "0 0")
	if fmt.Sprint(woken) != "[5s 3s 2s 2s 1s 1s]" {
		t.Errorf("looked again after %v", woken)
	}
	see(10, 0.5, "0 0")
	g.setLag(canary, 0)
	if last := woken[len(woken)-1]; last != 0 {
		t.Errorf("without a lag it looks again after %s, want at once", last)
	}
	see(10, 0.5, "0.5 0.5")
}

// What a lag keeps back fails or does not as the data plane has it, not as it is written.
func TestLagCounts(t *testing.T) {
	g := settled()
	canary, seen := Environments[2], g.seen
	g.setLag(canary, 5*time.Second)
	g.observe(noon, seen)
	g.model.ResetRequests()
	g.observe(noon, weighted(seen, canary, 1))
	g.observe(noon.Add(5*time.Second), weighted(seen, canary, 1))
	if n := g.model.Requests(canary.Service); n.Failed != 0 || n.Total == 0 {
		t.Errorf("%v of %v requests failed before the data plane followed", n.Failed, n.Total)
	}
	g.advance(noon.Add(6 * time.Second))
	if n := g.model.Requests(canary.Service); n.Failed < 1000 || n.Failed > 1400 {
		t.Errorf("%v requests failed in the second after it followed, want all", n.Failed)
	}
}
