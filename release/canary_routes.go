package release

import (
	"fmt"
	"slices"
	"strings"
)

// Other routes than the one that is weighted can lead to the canary: a header, a path, a
// second object for the same host. slipway does not change them. They are named before a
// canary begins, and the pods that they lead to go only when a person has accepted it.

// Others says of each other route that it leads to the canary, and what is not known.
func (s Split) Others() []string {
	var texts []string
	for _, route := range s.Routes {
		texts = append(texts, route+" sends requests to the canary too: it is not changed, and the canary keeps its pods while it does")
	}
	if s.RoutesErr != "" {
		texts = append(texts, "whether another route leads to the canary is not known: "+s.RoutesErr)
	}
	return texts
}

// otherFacts are they, for a confirmation.
func otherFacts(s State) []Fact {
	var facts []Fact
	for i, text := range s.View.Split.Others() {
		mark := MarkAttention
		if i >= len(s.View.Split.Routes) {
			mark = MarkUnknown
		}
		facts = append(facts, Fact{"routes", mark, text})
	}
	return facts
}

// leading are the other routes by which requests come to pods of the canary that serve,
// without those whose requests a person has given up.
func leading(plan Plan, s State) []string {
	if plan.Canary.Route == "" || s.View.Canary.Available == 0 {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(s.View.Split.Routes), func(route string) bool {
		return s.Canary != nil && slices.Contains(s.Canary.Cut, route)
	})
}

// routed holds the end of a canary while requests come to its pods by another route.
func (t *turn) routed() bool {
	routes := leading(t.plan, t.s)
	if len(routes) == 0 {
		return false
	}
	t.hold(HeldByRoute, leadingWords(routes)+fmt.Sprintf("; %s: change that, then continue; or end its pods all the same", podsStay(t.s.View.Canary)))
	return true
}

func leadingWords(routes []string) string {
	verb := "sends"
	if len(routes) > 1 {
		verb = "send"
	}
	return fmt.Sprintf("%s still %s requests to the canary", strings.Join(routes, " and "), verb)
}

func podsStay(w Workload) string {
	if w.Desired == 1 {
		return "its pod stays"
	}
	return fmt.Sprintf("its %s stay", Count(w.Desired, "pod"))
}

// cutting says what going on with the end of a canary does to the routes to it.
func cutting(plan Plan, s State) string {
	routes := leading(plan, s)
	if len(routes) == 0 {
		return "continue: the canary's pods go"
	}
	return fmt.Sprintf("continue: the canary's pods go, and requests by %s fail", strings.Join(routes, " and "))
}
