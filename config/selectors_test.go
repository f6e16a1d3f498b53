package config

import (
	"fmt"
	"strings"
	"testing"

	"github.com/prometheus/common/model"
)

// What is found in a query that has its placeholders still, and where it is not sure.
func TestSelected(t *testing.T) {
	for query, want := range map[string]string{
		`rate(foo[{window}])`:                                   `foo`,
		`{__name__=~"foo.*", a != 'b'}`:                         `__name__=~foo.* a!=b`,
		`sum(foo) BY (le) / 2`:                                  `foo`,
		`foo * on(pod) group_left(version) bar{a="b"}`:          `foo|bar a=b|joined`,
		`foo / ignoring(code) bar @ end() or vector(0)`:         `foo|bar`,
		`count(foo) == BOOL on() bar`:                           `foo|bar`,
		"foo # {pods}\n/ bar # \"":                              `foo|bar`,
		`label_replace(foo, "a", "$1 {pods}", "b", "(.*)")`:     `foo`,
		`foo{a=~"{pods}",container="{container}"}[{window}:1m]`: `foo a=~{pods} container={container}`,
		`foo{a=~{pods}}`:                                        `?`,
		`foo{a="b}`:                                             `?`,
		`WITH (x = 5) foo`:                                      `?`,
		``:                                                      `?`,
	} {
		if got := written(query); got != want {
			t.Errorf("%s\ngot  %s\nwant %s", query, got, want)
		}
	}
}

func written(query string) string {
	found, ok := selected(query)
	if !ok {
		return "?"
	}
	var all []string
	for _, s := range found.selectors {
		words := []string{s.Name}
		for _, m := range s.LabelMatchers {
			if m.Name != model.MetricNameLabel || s.Name == "" {
				words = append(words, fmt.Sprintf("%s%s%s", m.Name, m.Type, m.Value))
			}
		}
		all = append(all, strings.TrimSpace(strings.Join(words, " ")))
	}
	if found.joined {
		all = append(all, "joined")
	}
	return strings.Join(all, "|")
}

// The default queries tell the versions apart in each selector.
func TestDefaultQueriesAreApart(t *testing.T) {
	for _, spec := range defaultMetrics().Specs {
		query, ok := selected(spec.Query)
		if !ok || len(query.selectors) == 0 || len(query.without(apart)) > 0 {
			t.Errorf("%s: %v %+v", spec.Name, ok, query)
		}
	}
}
