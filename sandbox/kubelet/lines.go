// Package kubelet is what the nodes of the sandbox have of a kubelet beside kwok, which only keeps them ready: it lets the containers of pods live,
// each with the behaviour of its own image tag, serves their logs and records their events. No log is stored: a line is a function of the container
// and the moment.
package kubelet

import (
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"strings"
	"time"

	"datahub.io/slipway/sandbox/behaviour"
)

// Line is one line of a log.
type Line struct {
	At   time.Time
	Text string
}

// Run is one run of a container.
type Run struct {
	// Pod and Container are names, Image is the container's image.
	Pod, Container, Image string
	// Restarts is how many runs there were before. Once tells an init container, which runs once.
	Restarts int
	Once     bool
	Started  time.Time
	// Ended is zero while the container runs.
	Ended time.Time
	// Speed is how much faster than life the sandbox is.
	Speed float64
}

// gatewayImage is the name of the image whose versions have something to say. Others only start and end.
const gatewayImage = "datahub-gateway"

// every is the time between two lines of a running container.
const every = 2 * time.Second

// CrashLines are the last two lines of a crashing version; package stages puts them into the container's status too. The first has a colour and a
// window title in it, as programs that believe in a terminal write them: readers of logs must cope.
const CrashLines = "\x1b[31mERROR\x1b[0m \x1b]0;gateway\x07redis unreachable addr=redis-b:6379 attempt=3\n" +
	"panic: dial redis: lookup redis-b: no such host\n"

// Between returns the lines written in the half-open interval [from, to).
func (r Run) Between(from, to time.Time) []Line {
	r.Ended = r.end()
	if !r.Ended.IsZero() && r.Ended.Before(to) {
		to = r.Ended
	}
	var lines []Line
	add := func(at time.Time, format string, args ...any) {
		if !at.Before(from) && at.Before(to) {
			lines = append(lines, Line{at, stamp(at) + fmt.Sprintf(format, args...)})
		}
	}
	name, tag := behaviour.Name(r.Image), behaviour.Tag(r.Image)
	b := behaviour.OfTag(tag)
	ms := func(n int) time.Time { return r.Started.Add(time.Duration(n) * time.Millisecond) }
	fails := b.Name == "crash" || b.Stumbles && r.Restarts == 0
	panics := func() []Line {
		if r.Ended.IsZero() {
			return lines
		}
		for text := range strings.Lines(CrashLines) {
			if last := r.Ended.Add(-time.Millisecond); !last.Before(from) && last.Before(to) {
				lines = append(lines, Line{last, strings.TrimSuffix(text, "\n")})
			}
		}
		return lines
	}
	if name != gatewayImage || r.Once {
		add(ms(0), "INFO  %s %s starting pid=1", name, tag)
		if fails {
			return panics()
		}
		if !r.Ended.IsZero() {
			add(r.Ended.Add(-time.Millisecond), "INFO  %s ends", name)
		}
		return lines
	}
	add(ms(0), "INFO  gateway %s starting pid=1 port=3001", tag)
	add(ms(40), "INFO  config loaded source=/etc/datahub/gateway.yaml")
	add(ms(90), "INFO  postgres connected pool=20")
	if fails {
		return panics()
	}
	add(ms(160), "INFO  redis connected addr=redis-a:6379")
	add(ms(210), "INFO  listening addr=:3001 version=%s", tag)
	first := max(0, int64(from.Sub(r.Started)/every)-1)
	for k := first; ; k++ {
		at := ms(300).Add(time.Duration(k) * every)
		if !at.Before(to) {
			return lines
		}
		add(at, "%s", r.routine(b, k, at))
	}
}

// end is when the run ended. The API keeps whole seconds: of a run that ended in the second of its start it is only known that it did, and that
// moment must not lie ahead of one who asks at once.
func (r Run) end() time.Time {
	if !r.Ended.IsZero() && !r.Ended.After(r.Started) {
		return r.Started.Add(100 * time.Millisecond)
	}
	return r.Ended
}

// routine is what a running gateway says at its kth turn.
func (r Run) routine(b behaviour.Behaviour, k int64, at time.Time) string {
	h := fnv.New64a()
	fmt.Fprint(h, r.Pod, r.Container, r.Started.Unix())
	dice := rand.New(rand.NewPCG(h.Sum64(), uint64(k)))
	path := []string{"/v1/datasets", "/v1/search", "/v1/keys", "/v1/lineage", "/v1/users/me"}[dice.IntN(5)]
	took := 8 + dice.IntN(30)
	bad := dice.IntN(2) == 0
	age := at.Sub(r.Started)
	switch {
	case b.Name == "unready":
		return "WARN  not ready: schema version 41 found, 42 needed"
	case b.Name == "slow" && bad:
		return fmt.Sprintf("WARN  slow request method=GET path=%s status=200 duration=%dms", path, 120+took*3)
	case b.ErrorRate > 0.01 && b.At(at, r.Started, r.Speed) > 0.01 && bad:
		return fmt.Sprintf("ERROR request failed method=GET path=%s status=500 error=\"upstream catalog: unexpected EOF\"", path)
	case b.Exhausts > 0 && k%5 == 4:
		share := min(1, 0.4+0.6*age.Seconds()*r.Speed/b.Exhausts.Seconds())
		return fmt.Sprintf("WARN  heap growing in_use=%.2fGiB limit=2GiB", 2*share)
	}
	return fmt.Sprintf("INFO  request method=GET path=%s status=200 duration=%dms", path, took)
}

func stamp(at time.Time) string { return at.UTC().Format("2006-01-02T15:04:05.000Z ") }
