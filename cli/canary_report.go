package cli

import (
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"datahub.io/slipway/release"
)

// canaryReport is what canary status prints; its JSON is an interface.
type canaryReport struct {
	Environment string              `json:"environment"`
	At          time.Time           `json:"at"` // when the split was last read
	Headline    string              `json:"headline"`
	State       release.Mark        `json:"state"`
	Underway    bool                `json:"underway"`
	Stage       release.CanaryStage `json:"stage,omitempty"`
	Stable      string              `json:"stable"`
	Canary      string              `json:"canary,omitempty"`
	Object      string              `json:"object,omitempty"` // what divides the traffic
	Weight      *int                `json:"weight"`           // percent of the canary; null: not known
	Problem     string              `json:"problem,omitempty"`
	Available   int                 `json:"available"` // canary pods
	Desired     int                 `json:"desired"`
	Steps       []stepReport        `json:"steps,omitempty"`
	Baked       string              `json:"baked,omitempty"`
	Metrics     []comparisonReport  `json:"metrics,omitempty"`
	Budget      string              `json:"budget,omitempty"` // of failing rounds, used; empty: not known here
	Waits       string              `json:"waits,omitempty"`
}

type stepReport struct {
	Step  string       `json:"step"`
	State release.Mark `json:"state"`
}

type comparisonReport struct {
	Title   string          `json:"title"`
	Stable  string          `json:"stable"`
	Canary  string          `json:"canary"`
	Rule    string          `json:"rule"`
	Verdict release.Verdict `json:"verdict"`
	Why     string          `json:"why"`
}

func newCanaryReport(plan release.Plan, s release.State, now time.Time) canaryReport {
	h, w, split := release.HeadlineOf(plan, s, now), s.View.Canary, s.View.Split
	r := canaryReport{
		Environment: plan.Environment, At: split.At, Headline: h.Short, State: h.Mark, Underway: s.Underway(),
		Stable: s.View.Workload.Version(plan.Container), Object: plan.Canary.Route, Problem: split.Err,
		Available: w.Available, Desired: w.Desired,
	}
	if plan.Canary.Route == "" {
		r.At = w.At // the pods are the split
	}
	if w.Found {
		r.Canary = w.Version(plan.Container)
	}
	if weight, known := release.CanaryWeight(plan, s); known {
		r.Weight = &weight
	}
	v, ok := release.ViewCanary(plan, s, now)
	if !ok || !r.Underway {
		return r
	}
	r.Stage, r.Waits = s.Canary.Stage, v.Waits
	for _, step := range v.Steps {
		r.Steps = append(r.Steps, stepReport{step.Label, step.Mark})
	}
	for _, row := range v.Rows {
		r.Metrics = append(r.Metrics, comparisonReport{row.Title, row.Stable, row.Canary, row.Rule, row.Verdict, row.Why})
	}
	if !s.View.Elsewhere || s.Judging != nil {
		r.Budget = fmt.Sprintf("%d of %d", v.Used, v.After)
	}
	if v.Baking {
		r.Baked = fmt.Sprintf("%s of %s", release.Span(v.Baked), release.Span(v.Bake))
	}
	return r
}

func (r canaryReport) print(cmd *cobra.Command) error {
	out := cmd.OutOrStdout()
	weight := "its share of the traffic not known"
	if r.Weight != nil {
		weight = fmt.Sprintf("%d%% of the traffic", *r.Weight)
	}
	fmt.Fprintln(out, r.Headline)
	fmt.Fprintf(out, "stable   %s\ncanary   %s on %d of %d pods, %s\n", r.Stable, orElse(r.Canary, "none"), r.Available, r.Desired, weight)
	object := orElse(r.Object, "no object divides it: counts of pods are the split, to the nearest pod")
	fmt.Fprintf(out, "traffic  %s%s\n", object, after(": ", r.Problem))
	if !r.Underway {
		return nil
	}
	budget := "not known here: whoever leads the release counts the rounds"
	if r.Budget != "" {
		budget = r.Budget + " used"
	}
	fmt.Fprintf(out, "stage    %s%s\nbudget   %s\nwaits    %s\n", r.Stage, after(", baked ", r.Baked), budget, r.Waits)
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "METRIC\tSTABLE\tCANARY\tRULE\tVERDICT\tWHY")
	for _, m := range r.Metrics {
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\n", m.Title, m.Stable, m.Canary, m.Rule, m.Verdict, m.Why)
	}
	return t.Flush()
}

// after is a text with what comes before it, or nothing.
func after(before, text string) string {
	if text == "" {
		return ""
	}
	return before + text
}
