package config

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"datahub.io/slipway/release"
)

// Canary is how the canary releases of an environment go.
type Canary struct {
	Stable   string // the Deployment that has all traffic between releases
	Canary   string // the Deployment of the new version, beside it
	Manifest string // path of the canary's Deployment; empty: it is derived from stable's
	Traffic  Traffic
	Steps    []int // percent of the traffic, rising
	Bake     time.Duration
	Auto     bool // a step that has baked and passed leads on by itself
	Pods     int  // the least number of canary pods
	Least    int  // requests of the canary in metrics.window below which nothing is judged
	Rules    []release.Rule
	// Confidence is that of the statistical judge, 0.98; 0 = off.
	Confidence float64
	// Aside means that releases are rolling updates, and this is for a canary that is
	// there all the same; Together, that the queries do not tell its figures apart, so
	// that it is not compared.
	Aside, Together bool
	// UndoByWeights has an undo of stable serve the earlier version as a canary first.
	UndoByWeights bool
}

var (
	defaultSteps = []int{10, 25, 50, 100}
	podSteps     = []int{10, 25, 50} // where counts of pods are the split
)

// plan is the canary's part of a release's plan.
func (c *Canary) plan() *release.CanaryPlan {
	if c == nil {
		return nil
	}
	return &release.CanaryPlan{
		Aside:      c.Aside,
		Deployment: c.Canary,
		Route:      c.Traffic.object(),
		Steps:      slices.Clone(c.Steps),
		Bake:       c.Bake,
		Auto:       c.Auto,

		UndoByWeights: c.UndoByWeights,

		Pods:       c.Pods,
		Rules:      slices.Clone(c.Rules),
		Least:      float64(c.Least),
		Confidence: c.Confidence,
	}
}

// canaryOf is the canary's Deployment by default: beside datahub-gateway-stable,
// and beside datahub-gateway, it is datahub-gateway-canary.
func canaryOf(stable string) string {
	return strings.TrimSuffix(stable, "-stable") + "-canary"
}

// canary reads the block of one environment. What follows from other settings of
// the environment is filled in by settle.
func (d *decoder) canary(into **Canary, deployment string) func(*yaml.Node, string) {
	return func(n *yaml.Node, path string) {
		c := &Canary{Stable: deployment, Bake: 5 * time.Minute, Pods: 1, Rules: defaultRules(), Confidence: 0.98}
		*into = c
		d.mapping(n, path, []field{
			{"stable", "", value(d, &c.Stable, objectName)},
			{"canary", "", value(d, &c.Canary, objectName)},
			{"manifest", "", d.path(&c.Manifest)},
			{"traffic", "", d.traffic(&c.Traffic)},
			{"steps", "", d.steps(c)},
			{"bake", "", value(d, &c.Bake, baking)},
			{"auto", "", value(d, &c.Auto, boolean)},
			{"pods", "", value(d, &c.Pods, count)},
			{"minRequests", "", value(d, &c.Least, requests)},
			{"judge", "", d.judge(c)},
			{"undo", "", d.undoes(c)},
		})
		if empty := child(n, "traffic"); empty != nil && given(n, "traffic") == nil {
			d.neither(resolve(empty), join(path, "traffic"))
		}
		if c.Canary == "" && c.Stable != "" {
			c.Canary = canaryOf(c.Stable)
		}
		if c.Stable == c.Canary && c.Stable != "" {
			at, key := d.place(n, path, "canary")
			d.problem(at, key, quote(c.Canary)+", the name of stable", "a Deployment of its own, such as "+canaryOf(c.Stable))
		}
		if c.Steps == nil {
			if c.Steps = slices.Clone(defaultSteps); c.Traffic.Kind == "" {
				c.Steps = slices.Clone(podSteps)
			}
		}
	}
}

// undoes reads how a version that was promoted is undone. It follows the traffic
// block: without one there are no weights.
func (d *decoder) undoes(c *Canary) func(*yaml.Node, string) {
	return func(n *yaml.Node, path string) {
		how := rolling
		value(d, &how, undoing)(n, path)
		if c.UndoByWeights = how == byWeights; c.UndoByWeights && c.Traffic.Kind == "" {
			d.problem(n, path, quote(how)+" without canary.traffic", "rolling, or an object that splits the traffic in canary.traffic")
		}
	}
}

const byWeights = "weights"

var undoing = oneOf(rolling, byWeights)

// place is where to report a problem of a key: its value, or the mapping that
// lacks it.
func (d *decoder) place(n *yaml.Node, path, key string) (*yaml.Node, string) {
	if value := child(n, key); value != nil {
		return resolve(value), join(path, key)
	}
	return n, join(path, key)
}

var (
	step = kind[int]{"a whole percentage from 1 to 100, such as 10", func(s string) (int, bool) {
		n, err := strconv.Atoi(strings.TrimSpace(strings.TrimSuffix(s, "%")))
		return n, err == nil && 1 <= n && n <= 100
	}}
	baking = kind[time.Duration]{"a duration from 1s to 24h, such as 5m", func(s string) (time.Duration, bool) {
		v, ok := window.parse(s)
		return v, ok && v <= 24*time.Hour
	}}
	requests = kind[int]{"a whole number from 1 to 1000000, such as 500", func(s string) (int, bool) {
		n, err := strconv.Atoi(s)
		return n, err == nil && 1 <= n && n <= 1_000_000
	}}
)

const (
	lastStep = "100 as the last: stable gets the image while all traffic is on the canary"
	halfStep = "at most 50 without canary.traffic: split by pods, stable is never scaled down, so the canary gets at most half"
)

// steps reads the shares of the traffic. They follow the traffic block, which
// says how far they may go.
func (d *decoder) steps(c *Canary) func(*yaml.Node, string) {
	return func(n *yaml.Node, path string) {
		c.Steps = []int{} // given, if not well
		found := len(d.problems)
		last := 0
		d.list(n, path, "a list of percentages, such as [10, 25, 50, 100]", func(n *yaml.Node, path string) {
			percent := 0
			value(d, &percent, step)(n, path)
			switch {
			case percent == 0: // reported
				return
			case percent <= last:
				d.problem(n, path, strconv.Itoa(percent)+" after "+strconv.Itoa(last), "steps that rise: more than "+strconv.Itoa(last))
			case percent > 50 && c.Traffic.Kind == "":
				d.problem(n, path, quote(n.Value), halfStep)
			}
			last = max(last, percent)
			c.Steps = append(c.Steps, percent)
		})
		if len(d.problems) == found && c.Traffic.Kind != "" && last != 100 {
			end := n.Content[len(n.Content)-1]
			d.problem(resolve(end), path, strconv.Itoa(last)+" as the last", lastStep)
		}
	}
}
