package config

import (
	"slices"
	"strings"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"
)

// selection is what a query asks for.
type selection struct {
	selectors []*parser.VectorSelector
	// joined: on(label) holds the series of two selectors against each other, and
	// what one demands of that label the other has to have as well.
	joined bool
}

// selected finds the selectors of a query that has its placeholders still; ok is
// false where it is no PromQL as far as we know: that is for Prometheus to say.
func selected(query string) (found selection, ok bool) {
	expr, err := parser.NewParser(parser.Options{}).ParseExpr(strings.ReplaceAll(query, "{window}", "1m"))
	if err != nil {
		return selection{}, false
	}
	parser.Inspect(expr, func(node parser.Node, _ []parser.Node) error {
		switch n := node.(type) {
		case *parser.VectorSelector:
			found.selectors = append(found.selectors, n)
		case *parser.BinaryExpr:
			found.joined = found.joined || n.VectorMatching != nil && n.VectorMatching.On && len(n.VectorMatching.MatchingLabels) > 0
		}
		return nil
	})
	return found, true
}

// with gives the matchers that have a placeholder in their value.
func (s selection) with(placeholder string) (all []*labels.Matcher) {
	for _, selector := range s.selectors {
		for _, m := range selector.LabelMatchers {
			if strings.Contains(m.Value, placeholder) {
				all = append(all, m)
			}
		}
	}
	return all
}

// without gives the selectors that demand nothing by any of the placeholders.
func (s selection) without(placeholders []string) (all []*parser.VectorSelector) {
	for _, selector := range s.selectors {
		if !slices.ContainsFunc(selector.LabelMatchers, func(m *labels.Matcher) bool { return containsAny(m.Value, placeholders) }) {
			all = append(all, selector)
		}
	}
	return all
}

func containsAny(text string, parts []string) bool {
	return slices.ContainsFunc(parts, func(part string) bool { return strings.Contains(text, part) })
}

// namedSelector names a selector to people.
func namedSelector(s *parser.VectorSelector) string {
	for _, m := range s.LabelMatchers {
		if m.Name == model.MetricNameLabel && m.Type == labels.MatchEqual {
			return "the selector of " + shown(m.Value)
		}
	}
	return "a selector"
}
