package gateway

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"datahub.io/slipway/sandbox/traffic"
)

// Environment names are in the path of what disturbs an environment's traffic:
//
//	POST /ENVIRONMENT/burst?errors=0.05&for=20s&version=v2.5.0   more of its requests fail for a while, from now on
//	POST /ENVIRONMENT/load?rate=5                                it has another number of requests per second; without a rate the normal one
//	POST /ENVIRONMENT/lag?by=5s                                  its data plane follows its route after a while; 0s is at once
//
// What was asked for holds until the gateway ends.
func (g *Gateway) disorder(mux *http.ServeMux) {
	for _, e := range Environments {
		for verb, act := range map[string]func(Environment, url.Values) error{"burst": g.burst, "load": g.load, "lag": g.lag} {
			mux.HandleFunc("POST /"+e.Name+"/"+verb, func(w http.ResponseWriter, r *http.Request) {
				if err := act(e, r.URL.Query()); err != nil {
					http.Error(w, err.Error(), http.StatusBadRequest)
				}
			})
		}
	}
}

// EnvironmentNamed returns the environment of a name.
func EnvironmentNamed(name string) (Environment, error) {
	i := slices.IndexFunc(Environments, func(e Environment) bool { return e.Name == name })
	if i < 0 {
		var names []string
		for _, e := range Environments {
			names = append(names, e.Name)
		}
		return Environment{}, fmt.Errorf("environment %q is unknown; there are %s", name, strings.Join(names, ", "))
	}
	return Environments[i], nil
}

func (g *Gateway) burst(e Environment, how url.Values) error {
	errors, err := strconv.ParseFloat(how.Get("errors"), 64)
	if err != nil || !(errors > 0 && errors <= 1) {
		return fmt.Errorf("errors=%s: a share of the requests is needed, above 0 and at most 1", how.Get("errors"))
	}
	length, err := time.ParseDuration(how.Get("for"))
	if err != nil || length <= 0 {
		return fmt.Errorf("for=%s: a duration above 0 is needed, such as 20s", how.Get("for"))
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	now := time.Now()
	g.live(now)
	g.model.Burst(traffic.Burst{Service: e.Service, From: now, Until: now.Add(length), Errors: errors, Version: how.Get("version")})
	return nil
}

func (g *Gateway) load(e Environment, how url.Values) error {
	rate := e.Rate
	if how.Has("rate") {
		var err error
		if rate, err = strconv.ParseFloat(how.Get("rate"), 64); err != nil || !(rate >= 0 && rate <= 1e6) {
			return fmt.Errorf("rate=%s: requests per second are needed, from 0 to 1000000", how.Get("rate"))
		}
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.live(time.Now())
	g.model.SetRate(e.Service, rate)
	return nil
}

func (g *Gateway) lag(e Environment, how url.Values) error {
	by, err := time.ParseDuration(how.Get("by"))
	if err != nil || by < 0 {
		return fmt.Errorf("by=%s: a duration is needed, such as 5s; 0s is none", how.Get("by"))
	}
	if !e.Routed {
		return fmt.Errorf("no route divides the requests of %s, so nothing can lag behind it", e.Name)
	}
	g.setLag(e, by)
	return nil
}
