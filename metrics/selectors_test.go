package metrics

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestSelectors(t *testing.T) {
	for _, c := range []struct {
		query string
		want  []string
	}{
		{`up`, []string{`up`}},
		{`sum(rate(http_requests_total{code=~"5.."}[1m]))`, []string{`http_requests_total{code=~"5.."}`}},
		{`(sum(rate(a{x="}"}[5m])) or vector(0)) / sum(rate(b[5m]))`, []string{`a{x="}"}`, `b`}},
		{`histogram_quantile(0.95, sum by (le, pod) (rate(d_bucket{ns="n"}[30s])))`, []string{`d_bucket{ns="n"}`}},
		{`sum without (pod) (m) > bool 2`, []string{`m`}},
		{`sum(m) by (sum)`, []string{`m`}},
		{`a * on (pod) group_left (owner) b{x!='"'}`, []string{`a`, `b{x!='"'}`}},
		{`max_over_time(rate(m[1m])[15m:30s] offset 1h)`, []string{`m`}},
		{`m @ 1609746000 and n @ start() unless job:o:ratio5m`, []string{`m`, `n`, `job:o:ratio5m`}},
		{`{__name__=~"x.*",a="b"}`, []string{`{__name__=~"x.*",a="b"}`}},
		{`{"quoted.name", a="b"}`, []string{`{"quoted.name", a="b"}`}},
		{"m # sum(n)\n + `k` + 1e3 + 0x1F + Inf + NaN", []string{`m`}},
		{`label_replace(m {a="b"}, "dst", "$1", "src", "(.*)")`, []string{`m{a="b"}`}},
		{`topk by (le) (3, sum_of_things)`, []string{`sum_of_things`}},
		{`vector(1)`, nil},
		{`time() - 5m`, nil},
		{`bottom + by_the_way`, []string{`bottom`, `by_the_way`}},
	} {
		var got []string
		for _, s := range selectors(c.query) {
			got = append(got, s.text)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s\ngot  %q\nwant %q", c.query, got, c.want)
		}
	}
}

// Any text ends, and what is found stands in it.
func TestSelectorsOfAnything(t *testing.T) {
	pieces := []string{"sum", "by", "(", ")", "{", "}", "[", "]", "'", `"`, "`", `\`, "a", "1e5", " ", "#", "\n", "offset", ",", "=~", "é", "\x00"}
	rapid.Check(t, func(rt *rapid.T) {
		query := strings.Join(rapid.SliceOf(rapid.SampledFrom(pieces)).Draw(rt, "pieces"), "")
		for _, s := range selectors(query) {
			if !strings.Contains(query, s.metric) || s.text == "" {
				rt.Fatalf("%q: found %+v", query, s)
			}
		}
	})
}

func TestCompanion(t *testing.T) {
	c := companionOf(`sum(a{code="5"}) / sum(a) / b`)
	want := `label_replace(max(timestamp(a{code="5"}) or timestamp(a)), "of", "0", "", "") or label_replace(max(timestamp(b)), "of", "1", "", "")`
	if c.query != want || !slices.Equal(c.metrics, []string{"a", "b"}) {
		t.Errorf("%s\n%q", c.query, c.metrics)
	}
	if c := companionOf("vector(1)"); c.query != "" {
		t.Errorf("of a constant: %s", c.query)
	}
}
