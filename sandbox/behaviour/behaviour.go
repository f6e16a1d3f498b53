// Package behaviour says how a container behaves for a given image tag. The table here is the only source: the life of containers and their logs
// (package kubelet) and the gateway's traffic (package traffic) follow it.
package behaviour

import (
	"regexp"
	"strings"
	"time"
)

// Behaviour is one row of the table.
type Behaviour struct {
	// Name is the suffix of the image tag, as in v2.5.0-slow. The good behaviour has the name "good" and no suffix.
	Name string
	// Summary is one line for people.
	Summary string
	// ErrorRate is the share of requests answered with a 5xx status.
	ErrorRate float64
	// Median is the median time to answer a request; Sigma is the shape of its log-normal distribution.
	Median time.Duration
	Sigma  float64
	// CPU is the usage of one pod at normal load, in cores.
	CPU float64
	// Onset is how long after its container started a version turns bad, at speed 1; zero for those that are as they are from the start.
	Onset time.Duration
	// Exhausts is how long after its container started a leaking version reaches its memory limit, at speed 1; zero for all others.
	Exhausts time.Duration
	// Period and Spell are of a version whose errors come and go: in each Period of the clock it fails for a Spell, at any speed; elsewhere zero.
	Period, Spell time.Duration
	// Lazy tells that a counter of failed requests exists only from the first failure on, as client libraries make labelled ones.
	Lazy bool
	// Ceiling is the upper bound of the last bucket of its histogram before +Inf, in seconds; zero where the histogram has all buckets.
	Ceiling float64
	// NeverReady tells that no pod of this version ever serves a request.
	NeverReady bool
	// Stumbles tells that the first run of a container exits while it starts; all later ones are good.
	Stumbles bool
	// Hangs tells that a container's probes fail from Onset on.
	Hangs bool
}

const (
	goodErrors = 0.0002
	goodMedian = 15200 * time.Microsecond
	goodSigma  = 0.557
	goodCPU    = 0.9
)

// Table lists every behaviour, the good one first.
var Table = []Behaviour{
	{
		Name: "good", Summary: "0.02 % errors, P95 45 ms, 62 % of memory, 45 % of CPU",
		ErrorRate: goodErrors, Median: goodMedian, Sigma: goodSigma, CPU: goodCPU,
	},
	{
		Name: "slow", Summary: "becomes ready, then P95 about 180 ms and more CPU",
		ErrorRate: goodErrors, Median: 70 * time.Millisecond, Sigma: 0.5, CPU: 1.3,
	},
	{
		Name: "errors", Summary: "becomes ready, then 3 % of requests fail with 500, 502 or 503",
		ErrorRate: 0.03, Median: goodMedian, Sigma: goodSigma, CPU: goodCPU,
	},
	{
		Name: "late", Summary: "good for 3 minutes after its start, then 4 % of requests fail",
		ErrorRate: 0.04, Median: goodMedian, Sigma: goodSigma, CPU: goodCPU, Onset: 3 * time.Minute,
	},
	{
		Name: "leak", Summary: "becomes ready; memory reaches the limit 3 minutes after its start: OOMKilled, restarted, again",
		ErrorRate: goodErrors, Median: goodMedian, Sigma: goodSigma, CPU: goodCPU, Exhausts: 3 * time.Minute,
	},
	{
		Name: "flaky", Summary: "4 % of requests fail in the first 20 seconds of every minute, at any speed",
		ErrorRate: 0.04, Median: goodMedian, Sigma: goodSigma, CPU: goodCPU, Period: time.Minute, Spell: 20 * time.Second,
	},
	{
		Name: "flawless", Summary: "no request fails; its counters of failed requests do not exist before the first one",
		Median: goodMedian, Sigma: goodSigma, CPU: goodCPU, Lazy: true,
	},
	{
		Name: "coarse", Summary: "as slow as `-slow`, but its histogram ends at 100 ms: P95 reads 100 ms at most",
		ErrorRate: goodErrors, Median: 70 * time.Millisecond, Sigma: 0.5, CPU: 1.3, Ceiling: 0.1,
	},
	{
		Name: "stumble", Summary: "exits with 1 once, two seconds after its first start, is restarted, and is good from then on",
		ErrorRate: goodErrors, Median: goodMedian, Sigma: goodSigma, CPU: goodCPU, Stumbles: true,
	},
	{
		Name: "hang", Summary: "good for a minute after its start, then answers nothing: its liveness probe fails, it is killed and restarted, again",
		ErrorRate: 0.9, Median: goodMedian, Sigma: goodSigma, CPU: goodCPU, Onset: time.Minute, Hangs: true,
	},
	{Name: "crash", Summary: "exits with 1 two seconds after its start: CrashLoopBackOff", NeverReady: true},
	{Name: "unready", Summary: "runs, but its readiness probe answers 503 for ever", NeverReady: true},
	{Name: "missing", Summary: "its image does not exist: ErrImagePull, ImagePullBackOff", NeverReady: true},
}

var suffix = regexp.MustCompile(`^v?[0-9][0-9.]*-([a-z]+)$`)

// OfTag returns the behaviour for an image tag: that of its suffix, the good one for everything else.
func OfTag(tag string) Behaviour {
	if m := suffix.FindStringSubmatch(tag); m != nil {
		for _, b := range Table {
			if b.Name == m[1] {
				return b
			}
		}
	}
	return Table[0]
}

// Tag returns the tag of an image reference: what follows the colon after the last slash, without a digest, and "latest" when it has none.
func Tag(image string) string {
	image, _, _ = strings.Cut(image, "@")
	name := image[strings.LastIndexByte(image, '/')+1:]
	if _, tag, ok := strings.Cut(name, ":"); ok {
		return tag
	}
	return "latest"
}

// Name returns the name of an image reference: what stands after the last slash, without tag and digest.
func Name(image string) string {
	image, _, _ = strings.Cut(image, "@")
	name, _, _ := strings.Cut(image[strings.LastIndexByte(image, '/')+1:], ":")
	return name
}

// Everyday is the error rate of a good version.
const Everyday = goodErrors

// At returns the error rate at a time of a container that started at another, speed times faster than life.
func (b Behaviour) At(at, started time.Time, speed float64) (errorRate float64) {
	if b.Onset > 0 && float64(at.Sub(started))*speed < float64(b.Onset) {
		return Everyday
	}
	if b.Period > 0 && at.Sub(at.Truncate(b.Period)) >= b.Spell {
		return Everyday
	}
	return b.ErrorRate
}
