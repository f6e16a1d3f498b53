package metrics

import (
	"context"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/prometheus/common/model"

	"datahub.io/slipway/release"
)

// toothless says why a metric can never be over its bound, with what to do, or "": its
// gate would pass whatever happens.
func (c *Client) toothless(ctx context.Context, spec release.MetricSpec) (found, next string) {
	bound := release.Format(spec.Unit, spec.Bound.Max)
	if spec.Bound.Kind == release.Threshold && spec.Unit == release.Ratio && spec.Bound.Max >= 1 {
		return fmt.Sprintf("it is never over its bound of %s", bound), fmt.Sprintf("set metrics.%s.threshold lower", spec.Name)
	}
	if spec.Bound.Kind != release.Threshold || !strings.Contains(spec.Query, "histogram_quantile") {
		return "", ""
	}
	if top, known := c.topBucket(ctx, spec.Query); known && top <= spec.Bound.Max {
		return fmt.Sprintf("its histogram ends at %s, so it is never over its bound of %s", release.Format(spec.Unit, top), bound),
			fmt.Sprintf("give the histogram a bucket above that, or set metrics.%s.threshold lower", spec.Name)
	}
	return "", ""
}

// topBucket is the highest end of a bucket that the histograms of a query have. A quantile
// above it is that to Prometheus.
func (c *Client) topBucket(ctx context.Context, query string) (top float64, known bool) {
	for _, s := range selectors(query) {
		value, err := c.query(ctx, "group by (le) ("+s.text+")")
		if err != nil {
			continue // what is wrong with the query is said already
		}
		buckets, _ := value.(model.Vector)
		for _, bucket := range buckets {
			le, err := strconv.ParseFloat(string(bucket.Metric[model.BucketLabel]), 64)
			if err != nil || math.IsInf(le, 0) {
				continue
			}
			if !known || le > top {
				top, known = le, true
			}
		}
	}
	return top, known
}
