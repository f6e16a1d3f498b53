package metrics

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"datahub.io/slipway/release"
)

// checkStable asks stable's query of each metric once. That of the canary has
// nothing to find between releases.
func (c *Client) checkStable(ctx context.Context, skew time.Duration) []Row {
	of, _ := c.wish.now()
	rows := make([]Row, len(c.Versus))
	var wait sync.WaitGroup
	for i, v := range c.Versus {
		wait.Go(func() { rows[i] = c.stableRow(ctx, v, of, skew) })
	}
	wait.Wait()
	return rows
}

func (c *Client) stableRow(ctx context.Context, v Versus, of release.Comparing, skew time.Duration) Row {
	spec := release.MetricSpec{Name: v.Metric}
	if i := slices.IndexFunc(c.Specs, func(s release.MetricSpec) bool { return s.Name == v.Metric }); i >= 0 {
		spec = c.Specs[i]
	}
	spec.Query = v.side(stable, of)
	name := fmt.Sprintf("metric %s of stable", v.Metric)
	r := c.read(ctx, ask(spec.Query))
	if r.nothing() && strings.Contains(v.Stable, version) {
		if why := c.versionless(ctx, v.Stable, of.Stable); why != "" {
			return Row{Name: name, Found: why, Next: fmt.Sprintf("match {version} with a label that has the tag of the image: metrics.%s.query, now: %s", v.Metric, spec.Query)}
		}
	}
	return c.row(name, spec, r.sample(v.Metric, release.Sample{}, skew))
}

// nothing tells whether no series was found.
func (r reading) nothing() bool {
	return errors.Is(r.err, errEmpty) || errors.Is(r.freshErr, errNotScraped)
}

// versionless says why a query finds nothing, if that is for its {version}: with
// any version it would, or with none. A label that is not there is an empty one to
// PromQL, so that only .* matches it.
func (c *Client) versionless(ctx context.Context, query, of string) string {
	if of != "" && !c.read(ctx, ask(about(query, anyVersion))).nothing() {
		return fmt.Sprintf("{version} matches no series: none is of %s, though of others", of)
	}
	if !c.read(ctx, ask(about(query, ".*"))).nothing() {
		return "{version} matches no series: none has that label"
	}
	return ""
}
