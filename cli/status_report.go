package cli

import (
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"datahub.io/slipway/release"
)

// statusReport is what status prints; its JSON is an interface, docs/status-json.md. Headline
// and State are about now, Release is the last one, which may be long over.
type statusReport struct {
	Schema      int            `json:"schema"`
	Service     string         `json:"service"`
	Environment string         `json:"environment"`
	Cluster     string         `json:"cluster"`
	Namespace   string         `json:"namespace"`
	Deployment  string         `json:"deployment"`
	At          time.Time      `json:"at"`
	Headline    string         `json:"headline"`
	State       release.Mark   `json:"state"`
	Version     string         `json:"version"`
	Revision    int64          `json:"revision"`
	Rollout     rolloutReport  `json:"rollout"`
	Metrics     []metricReport `json:"metrics"`
	Causes      []string       `json:"causes"`
	Release     *releaseReport `json:"release,omitempty"`
	Remarks     []string       `json:"remarks,omitempty"` // records that cannot be read
	last        *release.Record
	items       []release.ItemView
}

type rolloutReport struct {
	Status    release.Convergence `json:"status"`
	Desired   int                 `json:"desired"`
	Updated   int                 `json:"updated"`
	Ready     int                 `json:"ready"`
	Available int                 `json:"available"`
	Paused    bool                `json:"paused"`
}

type metricReport struct {
	Name    release.MetricName `json:"name"`
	Title   string             `json:"title"`
	Verdict release.Verdict    `json:"verdict"`
	Value   *float64           `json:"value"` // null: no data
	Text    string             `json:"text"`
	Bound   string             `json:"bound"`
	At      *time.Time         `json:"at"`
	Why     string             `json:"why,omitempty"`
}

func newReport(plan release.Plan, s release.State, last *release.Record, now time.Time) statusReport {
	w, h := s.View.Workload, release.HeadlineOf(plan, s, now)
	r := statusReport{
		Schema: statusSchema, Release: releaseOf(plan, last), last: last,
		Service: plan.Service, Environment: plan.Environment, Cluster: plan.Cluster, Namespace: plan.Namespace,
		Deployment: plan.Deployment, At: w.At, Headline: h.Short, State: h.Mark, Version: w.Version(plan.Container),
		Rollout: rolloutReport{w.Convergence(), w.Desired, w.Updated, w.Ready, w.Available, w.Paused},
		Causes:  []string{},
	}
	if current, ok := w.Current(); ok {
		r.Revision = current.Number
	}
	for _, c := range w.Causes {
		r.Causes = append(r.Causes, c.String())
	}
	for _, j := range release.Judgements(plan, s.View, now) {
		m := metricReport{Name: j.Spec.Name, Title: j.Spec.Title, Verdict: j.Verdict, Text: "none", Bound: release.BoundWords(j), Why: j.Why}
		if j.Has {
			m.Value, m.At, m.Text = &j.Value, &j.At, release.Format(j.Spec.Unit, j.Value)
		}
		r.Metrics = append(r.Metrics, m)
	}
	if last != nil && len(last.Items) > 0 {
		r.items = release.Checklist(plan, release.State{Record: *last, View: s.View}, now)
	}
	return r
}

func (r statusReport) print(cmd *cobra.Command) error {
	out := cmd.OutOrStdout()
	fmt.Fprintf(out, "%s  %s  %s / %s\n%s\n\n", r.Service, r.Environment, r.Cluster, r.Namespace, r.Headline)
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "Pod Status\tReady: %d/%d\trevision %d\t%s\t\n", r.Rollout.Ready, r.Rollout.Desired, r.Revision, r.Rollout.Status)
	for _, m := range r.Metrics {
		age := ""
		if m.At != nil {
			age = release.Age(time.Since(*m.At))
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s %s\t%s\n", m.Title, m.Text, m.Bound, m.Verdict, age, m.Why)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	for _, cause := range r.Causes {
		fmt.Fprintf(out, "FAIL %s\n", cause)
	}
	for _, remark := range r.Remarks {
		fmt.Fprintf(out, "! %s\n", remark)
	}
	if r.Release == nil {
		return nil
	}
	fmt.Fprintf(out, "\nrelease %s → %s: %s%s\n", r.Release.From.Version, r.Release.To.Version, r.Release.Phase, endedAgo(r.last, r.At))
	for _, v := range r.items {
		fmt.Fprintf(t, "  %s\t%s\t%s\n", v.Item.Status, v.Spec.Title, v.Edge)
	}
	return t.Flush()
}

// endedAgo says how long a release has been over, or nothing.
func endedAgo(r *release.Record, now time.Time) string {
	if r.Ended.IsZero() {
		return ""
	}
	return ", " + release.Age(now.Sub(r.Ended)) + " ago"
}
