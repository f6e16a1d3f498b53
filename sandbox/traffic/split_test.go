package traffic

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/util/yaml"
)

// datahub is a namespace with a Service for each track, one for all pods, and subsets of the latter.
func datahub() Directory {
	return NewDirectory("production", map[string]map[string]string{
		"stable": {"app": "gateway", "track": "stable"},
		"canary": {"app": "gateway", "track": "canary"},
		"all":    {"app": "gateway"},
		"bare":   nil,
	}, []DestinationRule{{Host: "all.production.svc.cluster.local", Subsets: []Subset{
		{"v1", map[string]string{"track": "stable"}}, {"v2", map[string]string{"track": "canary"}},
	}}, {Host: "canary", Subsets: []Subset{{"impossible", map[string]string{"track": "stable"}}}}})
}

// text is a split in order, as "name/subset share" without the subset if it is all.
func text(backends []Backend) string {
	var out []string
	for _, b := range backends {
		if b.Share > 0 {
			out = append(out, fmt.Sprintf("%s %.4g", strings.TrimSuffix(b.key(), "/"), b.Share))
		}
	}
	return strings.Join(out, ", ")
}

func TestVirtualServiceSplit(t *testing.T) {
	to := func(host string, weight int) string {
		return fmt.Sprintf("{destination: {host: %s}, weight: %d}", host, weight)
	}
	internal := `{name: internal, match: [{headers: {x-datahub-preview: {exact: canary}}}], route: [{destination: {host: stable}}]}`
	for name, c := range map[string]struct{ http, want string }{
		"all to one of two":     {`[{route: [` + to("stable", 100) + `,` + to("canary", 0) + `]}]`, "stable 1"},
		"in proportion":         {`[{route: [` + to("stable", 90) + `,` + to("canary", 10) + `]}]`, "stable 0.9, canary 0.1"},
		"sum is not 100":        {`[{route: [` + to("stable", 1) + `,` + to("canary", 3) + `]}]`, "stable 0.25, canary 0.75"},
		"single takes all":      {`[{route: [` + to("canary", 5) + `]}]`, "canary 1"},
		"single without weight": {`[{route: [{destination: {host: canary}}]}]`, "canary 1"},
		"single of weight 0":    {`[{route: [` + to("canary", 0) + `]}]`, "canary 1"},
		"missing weight":        {`[{route: [{destination: {host: stable}}, ` + to("canary", 10) + `]}]`, "canary 1"},
		"no weight at all":      {`[{route: [{destination: {host: stable}}, {destination: {host: canary}}]}]`, " 1"},
		"three":                 {`[{route: [` + to("stable", 50) + `,` + to("canary", 25) + `,` + to("all", 25) + `]}]`, "stable 0.5, canary 0.25, all 0.25"},
		"same host twice":       {`[{route: [` + to("stable", 50) + `,` + to("stable", 50) + `]}]`, "stable 1"},
		"header above":          {`[` + internal + `,{route: [` + to("stable", 0) + `,` + to("canary", 100) + `]}]`, "stable 0.02, canary 0.98"},
		"header below":          {`[{route: [` + to("canary", 100) + `]},` + internal + `]`, "canary 1"},
		"header alone":          {`[` + internal + `]`, "stable 0.02,  0.98"},
		"other header value":    {`[{match: [{headers: {x-datahub-preview: {exact: no}}}], route: [` + to("canary", 1) + `]}, {route: [` + to("stable", 1) + `]}]`, "stable 1"},
		"header regex":          {`[{match: [{headers: {X-Datahub-Preview: {regex: "can.*"}}}], route: [` + to("canary", 1) + `]}, {route: [` + to("stable", 1) + `]}]`, "canary 0.02, stable 0.98"},
		"without header":        {`[{match: [{withoutHeaders: {x-datahub-preview: {}}}], route: [` + to("canary", 1) + `]}, {route: [` + to("stable", 1) + `]}]`, "stable 0.02, canary 0.98"},
		"every URI":             {`[{match: [{uri: {prefix: /}}], route: [` + to("canary", 1) + `]}, {route: [` + to("stable", 1) + `]}]`, "canary 1"},
		"another URI":           {`[{match: [{uri: {prefix: /admin}}], route: [` + to("canary", 1) + `]}, {route: [` + to("stable", 1) + `]}]`, "stable 1"},
		"either match":          {`[{match: [{method: {exact: PUT}}, {uri: {prefix: /}}], route: [` + to("canary", 1) + `]}]`, "canary 1"},
		"first of two":          {`[{route: [` + to("stable", 1) + `]}, {route: [` + to("canary", 1) + `]}]`, "stable 1"},
		"mirror":                {`[{mirror: {host: canary}, mirrorPercentage: {value: 100}, route: [` + to("stable", 1) + `]}]`, "stable 1"},
		"subsets": {
			`[{route: [{destination: {host: all, subset: v1}, weight: 60}, {destination: {host: all, subset: v2}, weight: 40}]}]`,
			"all/v1 0.6, all/v2 0.4",
		},
		"no route":     {`[]`, " 1"},
		"no such host": {`[{route: [` + to("nobody", 1) + `]}]`, "nobody 1"},
	} {
		t.Run(name, func(t *testing.T) {
			var v VirtualService
			if err := yaml.Unmarshal([]byte("http: "+c.http), &v); err != nil {
				t.Fatal(err)
			}
			if got := text(v.Split(Kinds, datahub())); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestHTTPRouteSplit(t *testing.T) {
	preview := `{matches: [{headers: [{name: X-Datahub-Preview, value: canary}]}], backendRefs: [{name: canary}]}`
	for name, c := range map[string]struct{ rules, want string }{
		"in proportion":     {`[{backendRefs: [{name: stable, weight: 90}, {name: canary, weight: 10}]}]`, "stable 0.9, canary 0.1"},
		"default weight":    {`[{backendRefs: [{name: stable}, {name: canary, weight: 3}]}]`, "stable 0.25, canary 0.75"},
		"weight 0":          {`[{backendRefs: [{name: stable, weight: 1}, {name: canary, weight: 0}]}]`, "stable 1"},
		"single of 0":       {`[{backendRefs: [{name: stable, weight: 0}]}]`, " 1"},
		"three":             {`[{backendRefs: [{name: stable, weight: 2}, {name: canary}, {name: all}]}]`, "stable 0.5, canary 0.25, all 0.25"},
		"namespaces":        {`[{backendRefs: [{name: stable, namespace: production}, {name: canary, namespace: staging}]}]`, "stable 0.5, canary.staging 0.5"},
		"more headers win":  {`[{backendRefs: [{name: stable}]}, ` + preview + `]`, "canary 0.02, stable 0.98"},
		"path of all":       {`[{matches: [{path: {type: PathPrefix, value: /}}], backendRefs: [{name: stable}]}]`, "stable 1"},
		"other path":        {`[{matches: [{path: {type: PathPrefix, value: /admin}}], backendRefs: [{name: canary}]}, {backendRefs: [{name: stable}]}]`, "stable 1"},
		"exact path":        {`[{matches: [{path: {type: Exact, value: /}}], backendRefs: [{name: canary}]}]`, " 1"},
		"the first of two":  {`[{backendRefs: [{name: stable}]}, {backendRefs: [{name: canary}]}]`, "stable 1"},
		"mirror":            {`[{filters: [{type: RequestMirror, requestMirror: {backendRef: {name: canary}}}], backendRefs: [{name: stable}]}]`, "stable 1"},
		"no rule":           {`[]`, " 1"},
		"rule without refs": {`[{}]`, " 1"},
	} {
		t.Run(name, func(t *testing.T) {
			var r HTTPRoute
			if err := yaml.Unmarshal([]byte("rules: "+c.rules), &r); err != nil {
				t.Fatal(err)
			}
			if got := text(r.Split(Kinds, datahub())); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

// Several VirtualServices for one host are one to a gateway: what takes everything in one of them does not hide the others' routes.
func TestMergedVirtualServices(t *testing.T) {
	const (
		weighted = `[{match: [{headers: {x-datahub-preview: {exact: canary}}}], route: [{destination: {host: all}}]}, {route: [{destination: {host: stable}}]}]`
		testers  = `[{match: [{headers: {x-datahub-tester: {exact: "on"}}}], route: [{destination: {host: canary}}]}]`
		slash    = `[{match: [{uri: {prefix: /}}], route: [{destination: {host: canary}}]}]`
	)
	for name, c := range map[string]struct {
		http []string
		want string
	}{
		"one":                            {[]string{weighted}, "all 0.02, stable 0.98"},
		"testers come later":             {[]string{weighted, testers}, "all 0.02, canary 0.01, stable 0.97"},
		"testers come first":             {[]string{testers, weighted}, "all 0.02, canary 0.01, stable 0.97"},
		"the first of two that take all": {[]string{weighted, slash}, "all 0.02, stable 0.98"},
		"the same match":                 {[]string{testers, strings.ReplaceAll(testers, "host: canary", "host: all"), weighted}, "all 0.02, canary 0.01, stable 0.97"},
	} {
		t.Run(name, func(t *testing.T) {
			var all []VirtualService
			for _, http := range c.http {
				var v VirtualService
				if err := yaml.Unmarshal([]byte("http: "+http), &v); err != nil {
					t.Fatal(err)
				}
				all = append(all, v)
			}
			if got := text(MergeVirtualServices(all).Split(Kinds, datahub())); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestMergedHTTPRoutes(t *testing.T) {
	var weighted, testers HTTPRoute
	for rules, into := range map[string]*HTTPRoute{
		`[{backendRefs: [{name: stable}]}]`: &weighted,
		`[{matches: [{headers: [{name: x-datahub-tester, value: "on"}]}], backendRefs: [{name: canary}]}]`: &testers,
	} {
		if err := yaml.Unmarshal([]byte("rules: "+rules), into); err != nil {
			t.Fatal(err)
		}
	}
	for _, all := range [][]HTTPRoute{{weighted, testers}, {testers, weighted}} {
		if got, want := text(MergeHTTPRoutes(all).Split(Kinds, datahub())), "stable 0.99, canary 0.01"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestHosts(t *testing.T) {
	for _, host := range []string{"canary", "canary.production", "canary.production.svc", "canary.production.svc.cluster.local"} {
		if b := datahub().backend(host, ""); b.Name != "canary" || b.Selector["track"] != "canary" {
			t.Errorf("%s is %+v", host, b)
		}
	}
	for _, c := range [][2]string{
		{"canary.staging", ""},
		{"canary.staging.svc.cluster.local", ""},
		{"canary.production.example.com", ""},
		{"bare", ""},
		{"all", "v3"},
		{"canary", "impossible"},
		{"nobody", "v1"},
	} {
		if b := datahub().backend(c[0], c[1]); b.selects(Pod{Labels: map[string]string{"app": "gateway", "track": "stable"}}) ||
			b.selects(Pod{Labels: map[string]string{"app": "gateway", "track": "canary"}}) || b.selects(Pod{}) {
			t.Errorf("%v selects pods: %+v", c, b)
		}
	}
	if got := datahub().backend("all", "v2").Selector; fmt.Sprint(got) != "map[app:gateway track:canary]" {
		t.Errorf("subset selects %v", got)
	}
}

// tracked is six pods of v2.4.0 on the stable track, and n of a tag on the canary's.
func tracked(tag string, n int) []Pod {
	stable, canary := podsOf("v2.4.0", 6, noon.Add(-time.Hour)), podsOf(tag, n, noon.Add(-time.Hour))
	for i := range stable {
		stable[i].Labels = map[string]string{"app": "gateway", "track": "stable"}
	}
	for i := range canary {
		canary[i].Labels = map[string]string{"app": "gateway", "track": "canary"}
	}
	return slices.Concat(stable, canary)
}

// weights is a split between the stable and the canary Service.
func weights(stable, canary float64) Splits {
	d := datahub()
	return Splits{service: divide(nil, 1, []target{{d.backend("stable", ""), stable}, {d.backend("canary", ""), canary}})}
}

func versioned(tag string) func(map[string]string) bool {
	return func(l map[string]string) bool { return l["version"] == tag }
}

func TestTrafficFollowsTheSplit(t *testing.T) {
	m := New(noon, 1, []Service{service})
	m.Observe(tracked("v2.5.0-errors", 2), weights(90, 10))
	m.Advance(noon.Add(time.Minute))
	total := m.Requests(service).Total
	canary, _ := sum(m, "http_requests_total", versioned("v2.5.0-errors"))
	stable, _ := sum(m, "http_requests_total", versioned("v2.4.0"))
	near(t, "the canary's share", canary/total, 0.1, 0.001)
	near(t, "the stable share", stable/total, 0.9, 0.001)
	near(t, "failed", m.Requests(service).Failed, 0.1*(0.03-0.0002)*total, 1)
}

func TestEachVersionGoodNothingFails(t *testing.T) {
	for _, w := range [][2]float64{{100, 0}, {2, 1}, {1, 2}, {67, 33}, {0, 100}} {
		m := New(noon, 1, []Service{service})
		m.Observe(tracked("v2.5.0", 3), weights(w[0], w[1]))
		m.Advance(noon.Add(time.Minute))
		if n := m.Requests(service).Failed; n != 0 {
			t.Errorf("weights %v: %v requests failed", w, n)
		}
	}
}

func TestBackendWithoutPodsFailsItsShare(t *testing.T) {
	at503 := func(l map[string]string) bool {
		_, hasPod := l["pod"]
		return l["code"] == "503" && l["destination_service_name"] == "canary" && !hasPod
	}
	m := New(noon, 1, []Service{service})
	m.Observe(tracked("", 0), weights(75, 25))
	m.Advance(noon.Add(time.Minute))
	n := m.Requests(service)
	failed, series := sum(m, "http_requests_total", at503)
	near(t, "503s", failed, n.Total/4, 1)
	near(t, "failed", n.Failed, n.Total/4, 1)
	if series != 1 {
		t.Errorf("%d series", series)
	}
	m.ResetRequests()
	m.Observe(tracked("", 0), weights(100, 0))
	m.Advance(noon.Add(2 * time.Minute))
	if n := m.Requests(service); n.Failed != 0 || n.Total == 0 {
		t.Errorf("after the weight went back %v of %v failed", n.Failed, n.Total)
	}
	if after, _ := sum(m, "http_requests_total", at503); after != failed {
		t.Errorf("the counter of 503s went from %v to %v", failed, after)
	}
}

func TestWithoutARouteEverythingFails(t *testing.T) {
	m := New(noon, 1, []Service{service})
	m.Observe(tracked("v2.5.0", 2), Splits{service: Unrouted()})
	m.Advance(noon.Add(time.Minute))
	if n := m.Requests(service); n.Failed != n.Total {
		t.Errorf("%v of %v failed", n.Failed, n.Total)
	}
}

// A Service whose selector knows no track sends to both tracks.
func TestOverlappingSelectors(t *testing.T) {
	d := datahub()
	m := New(noon, 1, []Service{service})
	m.Observe(tracked("v2.5.0", 6), Splits{service: divide(nil, 1, []target{{d.backend("all", ""), 50}, {d.backend("canary", ""), 50}})})
	m.Advance(noon.Add(time.Minute))
	canary, _ := sum(m, "http_requests_total", versioned("v2.5.0"))
	near(t, "the canary's share", canary/m.Requests(service).Total, 0.75, 0.001)
}

func TestTurnsFollowShares(t *testing.T) {
	var turns Turns
	pods, split := tracked("v2.5.0", 2), weights(70, 30)[service]
	var seen []string
	for range 10 {
		p, ok := turns.Next(split, pods)
		if !ok {
			t.Fatal("nobody serves")
		}
		seen = append(seen, p.Name)
	}
	count := func(tag string) (n int) {
		for _, name := range seen {
			if strings.HasPrefix(name, tag) {
				n++
			}
		}
		return n
	}
	if count("v2.4.0") != 7 || count("v2.5.0") != 3 {
		t.Errorf("took %v", seen)
	}
	if seen[0] == seen[1] {
		t.Errorf("took %s twice", seen[0])
	}
	none := 0
	for range 10 {
		if _, ok := turns.Next(split, tracked("", 0)); !ok {
			none++
		}
	}
	if none != 3 {
		t.Errorf("nobody served %d of 10, want the canary's 3", none)
	}
	for range 10 {
		if p, ok := turns.Next(weights(100, 0)[service], pods); !ok || p.Tag != "v2.4.0" {
			t.Errorf("%s served, which has no weight", p.Name)
		}
	}
	if p, ok := turns.Next(Unrouted(), pods); ok {
		t.Errorf("%s served without a route", p.Name)
	}
}
