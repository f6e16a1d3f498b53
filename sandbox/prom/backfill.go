package prom

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/tsdb"

	"datahub.io/slipway/sandbox/gateway"
)

// backfill writes the past that the target knows into an empty database. Labels are those that the scraper will give, job and instance included,
// so that past and present are one series. It returns when that past ends.
func backfill(ctx context.Context, db *tsdb.DB, target string) (end time.Time, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+target+"/history", nil)
	if err != nil {
		return end, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return end, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return end, fmt.Errorf("GET %s: %s", request.URL, response.Status)
	}
	var history gateway.History
	if err := json.NewDecoder(response.Body).Decode(&history); err != nil {
		return end, fmt.Errorf("GET %s: %w", request.URL, err)
	}
	if n := len(history.Times); n > 0 {
		end = time.UnixMilli(history.Times[n-1])
	}
	return end, write(ctx, db, target, history)
}

func write(ctx context.Context, db *tsdb.DB, target string, history gateway.History) error {
	app := db.Appender(ctx)
	series := make([]labels.Labels, len(history.Series))
	for i, past := range history.Series {
		past.Labels["job"], past.Labels["instance"] = job, target
		series[i] = labels.FromMap(past.Labels)
	}
	for t, at := range history.Times { // in order of time, as the head of the database wants it
		for i, past := range history.Series {
			if k := t - past.First; k >= 0 && k < len(past.Values) {
				if _, err := app.Append(0, series[i], at, past.Values[k]); err != nil {
					return fmt.Errorf("%s: %w", series[i], errors.Join(err, app.Rollback()))
				}
			}
		}
	}
	return app.Commit()
}
