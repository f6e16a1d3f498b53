package prom

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/tsdb"
	"github.com/prometheus/prometheus/tsdb/chunkenc"

	"datahub.io/slipway/sandbox/gateway"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func TestBackfill(t *testing.T) {
	times := []int64{noon.UnixMilli(), noon.Add(2 * time.Second).UnixMilli(), noon.Add(4 * time.Second).UnixMilli()}
	for name, c := range map[string]struct {
		history gateway.History
		end     time.Time
		want    string
	}{
		"none": {},
		"series that come and go": {
			gateway.History{Times: times, Series: []*gateway.Past{
				{Labels: map[string]string{"__name__": "a", "pod": "x"}, Values: []float64{1, 2, 3}},
				{Labels: map[string]string{"__name__": "b"}, First: 1, Values: []float64{7}},
			}},
			noon.Add(4 * time.Second),
			`{__name__="a", instance="TARGET", job="gateway", pod="x"} 0=1 2=2 4=3; {__name__="b", instance="TARGET", job="gateway"} 2=7`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { json.NewEncoder(w).Encode(c.history) }))
			defer server.Close()
			target := strings.TrimPrefix(server.URL, "http://")
			db := open(t)
			end, err := backfill(t.Context(), db, target)
			if err != nil || !end.Equal(c.end) {
				t.Errorf("the past ends at %s (%v), want %s", end, err, c.end)
			}
			if got := content(t, db); strings.ReplaceAll(got, target, "TARGET") != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

func TestBackfillFails(t *testing.T) {
	for name, handler := range map[string]http.HandlerFunc{
		"404": http.NotFound,
		"not JSON": func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprint(w, "<html>")
		},
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(handler)
			defer server.Close()
			db := open(t)
			if _, err := backfill(t.Context(), db, strings.TrimPrefix(server.URL, "http://")); err == nil {
				t.Error("no error")
			}
			if got := content(t, db); got != "" {
				t.Errorf("left in the database: %s", got)
			}
		})
	}
}

func open(t *testing.T) *tsdb.DB {
	t.Helper()
	db, err := tsdb.Open(t.TempDir(), nil, nil, tsdb.DefaultOptions(), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

// content returns all samples of a database, with their times in seconds after noon.
func content(t *testing.T, db *tsdb.DB) string {
	t.Helper()
	querier, err := db.Querier(noon.Add(-time.Hour).UnixMilli(), noon.Add(time.Hour).UnixMilli())
	if err != nil {
		t.Fatal(err)
	}
	defer querier.Close()
	var out []string
	set := querier.Select(context.Background(), true, nil, labels.MustNewMatcher(labels.MatchRegexp, "__name__", ".+"))
	for set.Next() {
		text := set.At().Labels().String()
		samples := set.At().Iterator(nil)
		for samples.Next() == chunkenc.ValFloat {
			at, value := samples.At()
			text += fmt.Sprintf(" %v=%v", time.UnixMilli(at).Sub(noon).Seconds(), value)
		}
		out = append(out, text)
	}
	if err := set.Err(); err != nil {
		t.Fatal(err)
	}
	return strings.Join(out, "; ")
}
