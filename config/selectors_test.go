package config

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// What is found in a query, and where it is not sure.
func TestSelected(t *testing.T) {
	for query, want := range map[string]string{
		``:                              ``,
		`foo`:                           `foo`,
		`rate(foo[{window}])`:           `foo`,
		`job:foo:rate5m{}`:              `job:foo:rate5m`,
		`{__name__=~"foo.*", a != 'b'}`: ` =~foo.* !=b`,
		`{"the.metric", "a.b"="c",}`:    `the.metric =c`,
		"foo{a=`\\`,b=\"\\\"}\"}":       "foo =\\ =\\\"}",
		`sum by (le, pod) (rate(foo{a="b"}[5m:30s] offset -{window}))`: `foo =b`,
		`sum(foo) BY (le) / 2`:                                  `foo`,
		`count without(a) (foo) > bool 1e-5`:                    `foo`,
		`topk(5, foo) == BOOL on() group_left bar`:              `foo|bar`,
		`foo * on(pod) group_left(version) bar{a="b"}`:          `foo|bar =b|joined`,
		`foo / ignoring(code) bar @ end() or vector(0)`:         `foo|bar`,
		`(sum(foo{a="b"}) or {a="c"}) unless -NaN + Inf ^ .5`:   `foo =b| =c`,
		"foo # {pods}\n/ bar # \"":                              `foo|bar`,
		`label_replace(foo, "a", "$1 {pods}", "b", "(.*)")`:     `foo`,
		`sum_over_time(foo[5m] @ start())[1h:] % absent(by{})`:  `foo|by`,
		`foo{a=~"{pods}",container="{container}"}[{window}:1m]`: `foo =~{pods} ={container}`,
		// Not PromQL, or more than is known of it here.
		`foo{pods}`:                        `?`,
		`foo{a=~{pods}}`:                   `?`,
		`foo{a="b}`:                        `?`,
		`foo{a="b"`:                        `?`,
		`foo{a="b" or c="d"}`:              `?`,
		`foo{a>"b"}`:                       `?`,
		`foo{a="b"}{c="d"}`:                `?`,
		`foo }`:                            `?`,
		`foo = bar`:                        `?`,
		`foo bar`:                          `?`,
		`foo[5m] smoothed`:                 `?`,
		`rate(foo[5m]) keep_metric_names`:  `?`,
		`sum(foo) by (le) limit 5`:         `?`,
		`foo default 0`:                    `?`,
		`[5m]`:                             `?`,
		`foo[`:                             `?`,
		`sum by (le`:                       `?`,
		`info(foo, {a="b"})`:               `?`,
		`WITH (x = 5) foo`:                 `?`,
		"foo{a=\"b\nc\"}":                  `?`,
		`foo{a="b"} offset {container}`:    `?`,
		`foo{"x", "y"}`:                    `?`,
		`{{schema:0 sum:5 count:4}}`:       `?`,
		`foo{a="b"} + bar{,}`:              `?`,
		`foo{="b"}`:                        `?`,
		`foo{a=b}`:                         `?`,
		`foo{a="b"}[5m:"x"]`:               `?`,
		`foo{a="b"} + 'unended # {pods}`:   `?`,
		`sum(foo{a="b"}) without (c) foo `: `?`,
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
		text := s.metric
		for _, m := range s.matchers {
			text += fmt.Sprintf(" %s%s", m.op, m.value)
		}
		all = append(all, text)
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

// Whatever is written, it ends, and is sure or not.
func TestSelectedEnds(t *testing.T) {
	pieces := []string{"foo", "by", "on", "sum", "inf", "(", ")", "{", "}", "[5m]", "[", "{window}", `"a"`, "`", "=", "=~", ",", "+", "5", "#", "\n", " "}
	rapid.Check(t, func(rt *rapid.T) {
		selected(strings.Join(rapid.SliceOf(rapid.SampledFrom(pieces)).Draw(rt, "pieces"), ""))
	})
}
