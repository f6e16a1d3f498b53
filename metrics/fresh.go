package metrics

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/common/model"
)

// companion asks how old the figures of a query are.
type companion struct {
	query   string   // empty when the query reads no metric at all
	metrics []string // one series of the answer each
}

// companionOf makes the companion of a query: for each metric in it, the time
// of the newest scrape that any of its selectors sees now. A metric whose
// target is gone is missing from the answer, because Prometheus ends its
// series; one that is no longer scraped keeps its old time.
func companionOf(query string) companion {
	var c companion
	times := map[string][]string{}
	for _, s := range selectors(query) {
		name := s.metric
		if name == "" {
			name = s.text
		}
		if times[name] == nil {
			c.metrics = append(c.metrics, name)
		}
		if one := "timestamp(" + s.text + ")"; !slices.Contains(times[name], one) {
			times[name] = append(times[name], one)
		}
	}
	parts := make([]string, len(c.metrics))
	for i, name := range c.metrics {
		parts[i] = fmt.Sprintf(`label_replace(max(%s), "of", "%d", "", "")`, strings.Join(times[name], " or "), i)
	}
	c.query = strings.Join(parts, " or ")
	return c
}

// errNotScraped says that a metric of the query has no current sample.
var errNotScraped = errors.New("nothing is scraped now")

// scraped gives the time up to which all metrics of the query are known, by
// Prometheus's clock. Its error wraps errNotScraped when one has no current
// sample.
func (c *Client) scraped(ctx context.Context, of companion) (time.Time, error) {
	value, err := c.query(ctx, of.query)
	if err != nil {
		return time.Time{}, err
	}
	vector, ok := value.(model.Vector)
	if !ok {
		return time.Time{}, fmt.Errorf("%w: found %s", errNotScraped, value.Type())
	}
	var oldest time.Time
	seen := make([]bool, len(of.metrics))
	for _, s := range vector {
		var i int
		if _, err := fmt.Sscan(string(s.Metric["of"]), &i); err != nil || i < 0 || i >= len(seen) {
			continue
		}
		seen[i] = true
		if at := time.UnixMilli(int64(float64(s.Value) * 1000)); oldest.IsZero() || at.Before(oldest) {
			oldest = at
		}
	}
	if i := slices.Index(seen, false); i >= 0 {
		return time.Time{}, fmt.Errorf("%w: no current sample of %s", errNotScraped, of.metrics[i])
	}
	return oldest, nil
}
