package cli

import (
	"context"
	"errors"
	"fmt"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"datahub.io/slipway/checklist"
	"datahub.io/slipway/journal"
	"datahub.io/slipway/release"
)

// row is one finding of the doctor.
type row struct {
	part, name string
	ok         bool
	optional   bool
	found      string
	next       string // what to do about it
}

func newCheck(f *flags) *cobra.Command {
	return &cobra.Command{
		Use:   "check",
		Short: "Look at everything a release needs: configuration, cluster, permissions, queries",
		Args:  cobra.NoArgs,
		RunE: printing(func(cmd *cobra.Command, _ []string) error {
			s, err := reach(cmd, f)
			if err != nil {
				return err
			}
			return printRows(cmd, s.examine(cmd.Context()))
		}),
	}
}

// examine looks at everything, the outside in parallel.
func (s *session) examine(ctx context.Context) []row {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	cluster, figures, health := make(chan []row, 1), make(chan []row, 1), make(chan []row, 1)
	go func() {
		var rows []row
		for _, r := range s.cluster.Check(ctx) {
			rows = append(rows, row{"cluster", r.Name, r.OK, r.Optional, r.Found, r.Next})
		}
		cluster <- append(rows, s.limits(ctx)...)
	}()
	go func() {
		var rows []row
		for _, r := range s.metrics.Check(ctx) {
			rows = append(rows, row{"metrics", r.Name, r.OK, false, r.Found, r.Next})
		}
		figures <- rows
	}()
	go func() { health <- append(s.health(ctx), s.approvals(ctx)...) }()

	rows := []row{
		{"config", "file", true, false, fmt.Sprintf("%s: %s to %s, %d items", s.config.File, s.plan.Service, s.plan.Environment, len(s.plan.Items)), ""},
	}
	rows = append(rows, s.records()...)
	rows = append(rows, <-cluster...)
	rows = append(rows, <-figures...)
	return append(rows, <-health...)
}

// revisions looks what an undo can go back to.
func revisions(w release.Workload) row {
	found, ok := release.CheckHistory(w)
	return row{part: "cluster", name: "revisions for an undo", ok: ok, optional: true, found: found, next: "set spec.revisionHistoryLimit to 2 or more"}
}

// limits looks whether usage can be judged: by the limits of the container, where the
// configuration gives none. Without one the items that need it never pass, and no canary
// does.
func (s *session) limits(ctx context.Context) []row {
	w, err := s.cluster.Snapshot(ctx)
	if err != nil || !w.Found {
		return nil // said above
	}
	rows := append(s.containers(w), revisions(w))
	name := "limits of container " + s.plan.Container
	unlimited := release.Unlimited(s.plan, w)
	if len(unlimited) == 0 {
		return append(rows, row{part: "cluster", name: name, ok: true, found: "its usage can be judged"})
	}
	for _, u := range unlimited {
		rows = append(rows, row{part: "cluster", name: name, optional: !s.plan.ByCanary() && len(u.Items) == 0, found: u.String()})
	}
	return rows
}

// containers looks whether the containers that get the version are those of the service,
// and which others run its image.
func (s *session) containers(w release.Workload) []row {
	wrong, note := release.CheckContainers(s.plan, w)
	var rows []row
	if wrong != "" {
		rows = append(rows, row{part: "cluster", name: "image of the container", found: wrong, next: "correct deployment.container or image"})
	}
	if note != "" {
		rows = append(rows, row{part: "cluster", name: "same image", ok: true, found: note})
	}
	return rows
}

// health looks once at every address that the checklist will look at. Before a
// release a 200 is enough, whatever version it names: that it names none is said,
// for the item will not pass with it.
func (s *session) health(ctx context.Context) []row {
	runner := checklist.New(checklist.Options{Plan: s.plan, Peaks: s.metrics, Ground: s.cluster})
	var rows []row
	for _, spec := range s.plan.Items {
		if spec.Type != release.ItemHTTP {
			continue
		}
		result, check := runner.Probe(ctx, spec, release.State{}), release.SettingsOf[release.HTTPCheck](spec)
		r := row{part: "checklist", name: spec.Title, ok: result.Verdict == release.Pass, found: result.Detail, next: "curl " + release.ShownAddress(check.URL)}
		if !r.ok && !check.AnyVersion {
			check.AnyVersion = true
			spec.Settings = check
			r.optional = runner.Probe(ctx, spec, release.State{}).Verdict == release.Pass
		}
		rows = append(rows, r)
	}
	return rows
}

// approvals looks whether approvals can be read, and whether they can be forged, where
// the checklist asks for one.
func (s *session) approvals(ctx context.Context) []row {
	if !release.NeedsApproval(s.plan) {
		return nil
	}
	read := row{part: "checklist", name: "approvals", ok: true}
	if all, err := s.cluster.Approvals(ctx); err != nil {
		read.ok, read.found, read.next = false, err.Error(), "apply deploy/approvals.yaml with your names"
	} else {
		read.found = fmt.Sprintf("%d given for any version", len(all))
	}
	state, found := s.cluster.Enforcement(ctx)
	policy := row{part: "checklist", name: "approvals policy", ok: state == release.Enforced, optional: true, found: "policy " + string(state)}
	if !policy.ok {
		policy.found, policy.next = policy.found+": "+found, "approvals can be forged: apply deploy/approvals.yaml"
	}
	return []row{read, policy}
}

// records looks whether the records can be read and written, the way a release
// would, and what they hold that a release here would not pick up.
func (s *session) records() []row {
	found := s.store.Examine()
	r := row{part: "config", name: "state directory", ok: len(found) == 0, found: orElse(s.config.StateDir, "none")}
	rows := []row{r}
	if !r.ok {
		rows = nil
		for _, err := range found {
			rows = append(rows, row{part: "config", name: "state directory", found: err.Error(), next: stateDirNext(err)})
		}
	}
	for _, entry := range s.unreadable() {
		if list, err := s.store.List(); err == nil && len(list) > 0 {
			rows = append(rows, row{part: "config", name: "records", ok: true, found: entry.Tells[0].Text})
		}
	}
	return rows
}

// stateDirNext is what to do, where the error does not say so.
func stateDirNext(err error) string {
	if said := new(journal.UntrustedError); errors.As(err, &said) {
		return ""
	}
	return "make room, make it writable, or choose another: --state-dir"
}

func printRows(cmd *cobra.Command, rows []row) error {
	t := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
	missing := 0
	fmt.Fprintln(t, "PART\tWHAT\tRESULT\tFOUND")
	for _, r := range rows {
		result, found := "ok", r.found
		if !r.ok {
			result = "MISSING"
			if r.optional {
				result = "absent"
			} else {
				missing++
			}
			if r.next != "" {
				found += "; " + r.next
			}
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\n", r.part, r.name, result, found)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	if missing > 0 {
		return fail(exitError, "%d of %d checks failed", missing, len(rows))
	}
	return nil
}
