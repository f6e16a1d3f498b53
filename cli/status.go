package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"datahub.io/slipway/release"
)

func newStatus(f *flags) *cobra.Command {
	var output string
	cmd := &cobra.Command{
		Use: "status", Short: "Say what is true now: release, rollout, figures, checklist", Args: cobra.NoArgs,
		RunE: printing(func(cmd *cobra.Command, _ []string) error {
			if output != "" && output != "json" {
				return fail(exitUsage, "--output: found %q; accepted: json", output)
			}
			s, err := open(cmd, f)
			if err != nil {
				return err
			}
			state, err := s.now(cmd.Context())
			if err != nil {
				return err
			}
			report := newReport(s.plan, state, time.Now())
			for _, entry := range s.unreadable() {
				report.Remarks = append(report.Remarks, entry.Tells[0].Text)
			}
			if output == "json" {
				e := json.NewEncoder(cmd.OutOrStdout())
				e.SetIndent("", "  ")
				return e.Encode(report)
			}
			return report.print(cmd)
		}),
	}
	cmd.Flags().StringVarP(&output, "output", "o", "", "json, or nothing for a text")
	return cmd
}

// look reads the workload once. A Deployment that does not exist is an error
// that names those that do.
func (s *session) look(ctx context.Context) (release.Workload, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	w, err := s.cluster.Snapshot(ctx)
	if err != nil {
		return w, fail(exitError, "read deployment/%s: %w", s.plan.Deployment, err)
	}
	if !w.Found {
		names, _ := s.cluster.Deployments(ctx)
		return w, fail(exitError, "deployment/%s does not exist in %s / %s; it has: %s", s.plan.Deployment, s.plan.Cluster, s.plan.Namespace, orElse(fmt.Sprint(names), "none"))
	}
	return w, nil
}

// now is the state as the journal and one look at the outside tell it. Nothing
// is decided or written: what the looks lead to is left to whoever drives.
func (s *session) now(ctx context.Context) (release.State, error) {
	var state release.State
	w, err := s.look(ctx)
	if err != nil {
		return state, err
	}
	if past, err := s.store.List(); err == nil && len(past) > 0 && past[0].Err == "" {
		state.Record = past[0].Record
	}
	state.View.Workload = w
	state.View.Links = map[release.Source]release.Link{release.Kubernetes: {OK: true, Last: w.At, Since: w.At}}
	asked, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	state.View.Samples = map[release.MetricName]release.Sample{}
	for _, sample := range s.metrics.Sample(asked) {
		state.View.Samples[sample.Metric] = sample
	}
	return state, nil
}

// report is what status prints; its JSON is an interface.
type report struct {
	Service     string          `json:"service"`
	Environment string          `json:"environment"`
	Cluster     string          `json:"cluster"`
	Namespace   string          `json:"namespace"`
	Deployment  string          `json:"deployment"`
	At          time.Time       `json:"at"`
	Headline    string          `json:"headline"`
	State       release.Mark    `json:"state"`
	Version     string          `json:"version"`
	Revision    int64           `json:"revision"`
	Rollout     rolloutReport   `json:"rollout"`
	Metrics     []metricReport  `json:"metrics"`
	Causes      []string        `json:"causes"`
	Release     *release.Record `json:"release,omitempty"`
	Remarks     []string        `json:"remarks,omitempty"` // records that cannot be read
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

func newReport(plan release.Plan, s release.State, now time.Time) report {
	w, h := s.View.Workload, release.HeadlineOf(plan, s, now)
	r := report{
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
	if s.ID != "" {
		record := s.Record
		r.Release = &record
		r.items = release.Checklist(plan, s, now)
	}
	return r
}

func (r report) print(cmd *cobra.Command) error {
	out := cmd.OutOrStdout()
	fmt.Fprintf(out, "%s  %s  %s / %s\n%s\n\n", r.Service, r.Environment, r.Cluster, r.Namespace, r.Headline)
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "Pod Status\tReady: %d/%d\trevision %d\t%s\n", r.Rollout.Ready, r.Rollout.Desired, r.Revision, r.Rollout.Status)
	for _, m := range r.Metrics {
		age := ""
		if m.At != nil {
			age = release.Age(time.Since(*m.At))
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s %s\n", m.Title, m.Text, m.Bound, m.Verdict, age)
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
	fmt.Fprintf(out, "\nrelease %s → %s: %s\n", r.Release.From.Version, r.Release.To.Version, orElse(string(r.Release.Phase), "no phase"))
	for _, v := range r.items {
		fmt.Fprintf(t, "  %s\t%s\t%s\n", v.Item.Status, v.Spec.Title, v.Edge)
	}
	return t.Flush()
}
