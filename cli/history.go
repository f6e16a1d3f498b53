package cli

import (
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"datahub.io/slipway/release"
)

func newHistory(f *flags) *cobra.Command {
	var revision int64
	cmd := &cobra.Command{
		Use:   "history",
		Short: "List the revisions, or show what returning to one would change",
		Args:  cobra.NoArgs,
		RunE: printing(func(cmd *cobra.Command, _ []string) error {
			s, err := open(cmd, f)
			if err != nil {
				return err
			}
			w, err := s.look(cmd.Context())
			if err != nil {
				return err
			}
			if revision != 0 {
				return showRevision(cmd, w, revision)
			}
			return listRevisions(cmd, w)
		}),
	}
	cmd.Flags().Int64Var(&revision, "revision", 0, "show what returning to this revision would change")
	return cmd
}

func listRevisions(cmd *cobra.Command, w release.Workload) error {
	t := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "REVISION\tVERSION\tAGE\tPODS\tCHANGE-CAUSE")
	for _, r := range w.Revisions {
		number := fmt.Sprint(r.Number)
		if r.Current {
			number += " now"
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%d\t%s\n", number, r.Version, release.Span(time.Since(r.Created)), r.Ready, orElse(r.Cause, "none recorded"))
	}
	return t.Flush()
}

func showRevision(cmd *cobra.Command, w release.Workload, number int64) error {
	r, ok := w.Revision(number)
	if !ok {
		return against(release.NoRevision(w, number))
	}
	out := cmd.OutOrStdout()
	fmt.Fprintf(out, "revision %d  %s\nimage     %s\ncause     %s\n", r.Number, r.Version, r.Image, orElse(r.Cause, "none recorded"))
	diff := release.Diff(w.Template, r.Template)
	if len(diff) == 0 {
		fmt.Fprintln(out, "its pod template is the current one: an undo would be skipped")
	}
	for _, line := range diff {
		fmt.Fprintf(out, "%c %s\n", diffMark(line.Op), line.Text)
	}
	return nil
}
