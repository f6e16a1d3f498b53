// Package faulty stands in front of Prometheus's API and answers as a slow, strict or broken one would: an overloaded server, a proxy that wants to
// know who asks, a bad network. Without faults it changes nothing.
package faulty

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Faults are what is wrong with the answers. Its zero value is that nothing is.
type Faults struct {
	// Delay is how long each answer takes longer.
	Delay time.Duration
	// Headers are what each request needs, or it is answered with 401.
	Headers []Header
	// User and Password are what each request needs as basic authentication, if there is a User, or it is answered with 401.
	User, Password string
	// Status, if it is not 0, is what every request is answered with.
	Status int
	// Flood, if it is not "", is what is sent in place of an answer.
	Flood Flood
	// Warnings tells that answers carry the warning of a partial one.
	Warnings bool
	// Cut tells that the connection ends in the middle of each answer.
	Cut bool
}

// Header is one header of a request.
type Header struct{ Name, Value string }

// Flood is an answer that is too much.
type Flood string

// The floods.
const (
	Endless Flood = "endless" // as fast as it is read, without an end
	Trickle Flood = "trickle" // a few bytes at a time, without an end
	Huge    Flood = "huge"    // 64 MiB, and valid
	Gzip    Flood = "gzip"    // 1 GiB in 1 MiB on the wire
)

// Floods are all of them.
var Floods = []Flood{Endless, Trickle, Huge, Gzip}

// The names of what Parse reads.
const (
	delayKey    = "delay"
	headerKey   = "header"
	basicKey    = "basic-auth"
	statusKey   = "status"
	floodKey    = "flood"
	warningsKey = "warnings"
	cutKey      = "cut"
)

// Parse reads faults from values whose names are those of the flags of `sandbox prometheus`.
func Parse(values url.Values) (f Faults, err error) {
	for name := range values {
		value := values.Get(name)
		switch name {
		case delayKey:
			if f.Delay, err = time.ParseDuration(value); err != nil || f.Delay <= 0 {
				return f, fmt.Errorf("delay %s: a duration above 0 is needed, such as 5s", value)
			}
		case headerKey:
			for _, text := range values[name] {
				header, value, ok := strings.Cut(text, "=")
				if !ok || header == "" {
					return f, fmt.Errorf("header %s: NAME=VALUE is needed, such as X-Scope-OrgID=team-a", text)
				}
				f.Headers = append(f.Headers, Header{header, value})
			}
		case basicKey:
			var ok bool
			if f.User, f.Password, ok = strings.Cut(value, ":"); !ok || f.User == "" {
				return f, fmt.Errorf("basic-auth %s: USER:PASSWORD is needed", value)
			}
		case statusKey:
			if f.Status, err = strconv.Atoi(value); err != nil || f.Status < 300 || f.Status > 599 {
				return f, fmt.Errorf("status %s: an HTTP status from 300 to 599 is needed", value)
			}
		case floodKey:
			if f.Flood = Flood(value); !slices.Contains(Floods, f.Flood) {
				return f, fmt.Errorf("flood %s: one of %v is needed", value, Floods)
			}
		case warningsKey:
			f.Warnings = true
		case cutKey:
			f.Cut = true
		default:
			return f, fmt.Errorf("%s is not a fault", name)
		}
	}
	return f, nil
}

// String says what is wrong, in the words of the flags.
func (f Faults) String() string {
	var out []string
	say := func(is bool, format string, args ...any) {
		if is {
			out = append(out, fmt.Sprintf(format, args...))
		}
	}
	say(f.Delay > 0, "delay %s", f.Delay)
	for _, h := range f.Headers {
		say(true, "header %s=%s", h.Name, h.Value)
	}
	say(f.User != "", "basic-auth %s:%s", f.User, f.Password)
	say(f.Status > 0, "status %d", f.Status)
	say(f.Flood != "", "flood %s", f.Flood)
	say(f.Warnings, "warnings")
	say(f.Cut, "cut")
	if len(out) == 0 {
		return "no faults"
	}
	return strings.Join(out, ", ")
}

// refuses answers a request that does not say who asks, and tells whether it has.
func (f Faults) refuses(w http.ResponseWriter, r *http.Request) bool {
	for _, h := range f.Headers {
		if r.Header.Get(h.Name) != h.Value {
			http.Error(w, "no "+h.Name, http.StatusUnauthorized)
			return true
		}
	}
	if user, password, ok := r.BasicAuth(); f.User != "" && (!ok || user != f.User || password != f.Password) {
		w.Header().Set("WWW-Authenticate", `Basic realm="prometheus"`)
		http.Error(w, "Unauthorized", http.StatusUnauthorized)
		return true
	}
	return false
}
