package metrics

import (
	"strings"
	"testing"
	"time"

	"datahub.io/slipway/release"
)

// A figure that Prometheus itself doubts is no figure; what it only remarks is harmless.
func TestWarningsAreNoData(t *testing.T) {
	now := time.Now()
	const (
		partial = `"warnings":["No StoreAPIs matched for this query","receive series from Addr: 10.0.0.7:10901: http://u:s3cret@store/x: context deadline exceeded"]`
		buckets = `"warnings":["PromQL warning: bucket label \"le\" is missing or has a malformed value of \"\" (1:25)"]`
		mixed   = `"warnings":["PromQL info: metric might not be a counter (1:6)","PromQL warning: ignored","remote read: \u001b[31mgone"]`
	)
	for name, c := range map[string]struct {
		value, fresh string // beside the data
		want         string // "" = a figure
		lack         release.Lack
	}{
		"nothing":                        {"", "", "", ""},
		"infos":                          {`"infos":["PromQL info: input to histogram_quantile needed to be fixed for monotonicity (1:1)"]`, "", "", ""},
		"infos of an older version":      {`"warnings":["PromQL info: metric might not be a counter, name does not end in _total: \"m\" (1:6)"]`, "", "", ""},
		"a partial answer":               {partial, "", "the answer is incomplete: No StoreAPIs matched for this query (and 1 more warning)", release.Unanswered},
		"a partial answer about the age": {"", partial, "the answer is incomplete: No StoreAPIs matched for this query (and 1 more warning)", release.Unanswered},
		"the query":                      {buckets, "", `Prometheus warns of the query: bucket label "le" is missing or has a malformed value of "" (1:25)`, release.BadQuery},
		"the stores come first":          {mixed, "", "the answer is incomplete: remote read: gone (and 1 more warning)", release.Unanswered},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPrometheus(t)
			p.set(map[string]string{
				"m": vector(now, "0.25") + "!and " + orNull(c.value), freshM: scrapedAt(now, now) + "!and " + orNull(c.fresh),
				"range m": `{"resultType":"matrix","result":[{"metric":{},"values":[[1,"7"]]}]}` + "!and " + orNull(c.value),
			})
			client := client(t, p.URL, nil)
			s := client.Sample(t.Context())[0]
			if s.Err != c.want || s.Lack != c.lack || c.want == "" && s.Value != 0.25 {
				t.Errorf("%+v", s)
			}
			row := client.Check(t.Context())[1]
			if row.OK != (c.want == "") || c.want != "" && row.Found != c.want {
				t.Errorf("check: %+v", row)
			}
			_, _, err := client.Peak(t.Context(), release.ErrorRate, now.Add(-time.Hour))
			if doubted := c.value != "" && c.want != ""; doubted != (err != nil) || doubted && err.Error() != c.want {
				t.Errorf("peak: %v", err)
			}
		})
	}
	if err := doubt([]string{strings.Repeat("x", 10_000)}); len(err.Error()) > longest+100 {
		t.Errorf("%d bytes", len(err.Error()))
	}
}

func orNull(beside string) string {
	if beside == "" {
		return `"infos":null`
	}
	return beside
}

// An empty answer that is incomplete does not say that nothing is there.
func TestWarningsOfEmptyAnswers(t *testing.T) {
	p := newPrometheus(t)
	now := time.Now()
	p.set(map[string]string{"m": vector(now) + `!and "warnings":["store b did not answer"]`, freshM: vector(now) + `!and "warnings":["store b did not answer"]`})
	s := client(t, p.URL, nil).Sample(t.Context())[0]
	if s.Lack != release.Unanswered || s.Err != "the answer is incomplete: store b did not answer" {
		t.Errorf("%+v", s)
	}
}
