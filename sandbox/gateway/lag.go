package gateway

import (
	"reflect"
	"time"

	"datahub.io/slipway/sandbox/traffic"
)

// route is how an environment's requests are divided; its zero value is that they are not.
type route struct {
	split, health []traffic.Backend
}

func (o observation) routeOf(e Environment) route {
	return route{o.splits[e.Service], o.health[e.Name]}
}

// route replaces an environment's route.
func (o observation) route(e Environment, r route) {
	delete(o.splits, e.Service)
	delete(o.health, e.Name)
	if r.split != nil {
		o.splits[e.Service], o.health[e.Name] = r.split, r.health
	}
}

// lag is a data plane that follows its route only after a while. Each change reaches it by itself, in order: what was there for a short time only
// is there for as long later on.
type lag struct {
	by      time.Duration
	now     route
	pending []dated
}

// dated is a route with the time at which it reaches the data plane.
type dated struct {
	route
	due time.Time
}

// follow takes the route that is written now, and returns the one that the data plane has.
func (l *lag) follow(now time.Time, written route) route {
	newest := l.now
	if n := len(l.pending); n > 0 {
		newest = l.pending[n-1].route
	}
	if !reflect.DeepEqual(newest, written) {
		l.pending = append(l.pending, dated{written, now.Add(l.by)})
	}
	for len(l.pending) > 0 && !l.pending[0].due.After(now) {
		l.now = l.pending[0].route
		l.pending = l.pending[1:]
	}
	return l.now
}

// next returns after what time the next change reaches the data plane.
func (l *lag) next(now time.Time) (time.Duration, bool) {
	if len(l.pending) == 0 {
		return 0, false
	}
	return l.pending[0].due.Sub(now), true
}

// setLag lets an environment's data plane follow its route after a while from now on. With 0 it follows at once again, what is pending included.
func (g *Gateway) setLag(e Environment, by time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if by == 0 {
		delete(g.lags, e.Name)
		g.wake(0)
		return
	}
	if l := g.lags[e.Name]; l != nil {
		l.by = by
		return
	}
	g.lags[e.Name] = &lag{by: by, now: g.seen.routeOf(e)}
}
