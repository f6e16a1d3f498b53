package release

import (
	"cmp"
	"fmt"
	"slices"
	"sort"
	"strings"
	"sync"
)

// Steps collects the steps of the machines that tests have made the machines take.
var Steps = &steps{seen: map[string]bool{}}

type steps struct {
	mu       sync.Mutex
	seen     map[string]bool
	unlisted []string
}

func init() {
	stepped = func(machine, from, to, when string, known bool) {
		Steps.mu.Lock()
		defer Steps.mu.Unlock()
		key := stepKey(machine, from, to, when)
		if !known && !slices.Contains(Steps.unlisted, key) {
			Steps.unlisted = append(Steps.unlisted, key)
		}
		Steps.seen[key] = true
	}
}

func stepKey(machine, from, to, when string) string {
	return fmt.Sprintf("%s: %s → %s: %s", machine, noneOr(from), to, when)
}

func noneOr(name string) string {
	if name == "" {
		return "(none)"
	}
	return name
}

// Unlisted are the steps that are in no table, Untaken those of the tables that were not
// taken.
func (s *steps) Unlisted() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.unlisted)
}

func (s *steps) Untaken() (keys []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for from, stage := range stages {
		for _, on := range stage.on {
			keys = append(keys, stepKey("canary", string(from), string(on.to), string(on.when)))
		}
	}
	for from, targets := range phases {
		for _, on := range targets {
			keys = append(keys, stepKey("rolling", string(from), string(on.to), string(on.when)))
		}
	}
	keys = slices.DeleteFunc(keys, func(key string) bool { return s.seen[key] })
	sort.Strings(keys)
	return keys
}

// CanaryMachine draws the canary's machine, RollingMachine the release's.
func CanaryMachine() string {
	order := []CanaryStage{noCanaryYet, Creating, Shifting, Baking, Promoting, Restoring, Returning, Removing, Gone}
	var b strings.Builder
	for _, from := range order {
		fmt.Fprintf(&b, "%s · %s\n", noneOr(string(from)), stages[from].waits)
		for _, on := range stages[from].on {
			fmt.Fprintf(&b, "    → %-10s %s\n", on.to, on.when)
		}
	}
	return b.String()
}

func RollingMachine() string {
	order := []Phase{Idle, Planned, Deploying, Verifying, Released, RollingBack, RolledBack, Abandoned}
	var b strings.Builder
	for _, from := range order {
		fmt.Fprintf(&b, "%s\n", cmp.Or(string(from), "idle"))
		for _, on := range phases[from] {
			fmt.Fprintf(&b, "    → %-13s %s\n", on.to, on.when)
		}
	}
	return b.String()
}
