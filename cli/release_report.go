package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"datahub.io/slipway/release"
	"datahub.io/slipway/report"
)

func newReportCommand(f *flags) *cobra.Command {
	var output string
	var verify bool
	cmd := &cobra.Command{
		Use:   "report [ID]",
		Short: "Write the report of a release from its record, or verify the record",
		Long: `Writes the report of a release, the newest one if no ID is given: what happened, the
checklist, figures, decisions, timeline and commands. It comes from the record alone, so
it is the same a year later. "slipway releases" lists the IDs.`,
		Args: cobra.MaximumNArgs(1),
		RunE: printing(func(cmd *cobra.Command, args []string) error {
			if !slices.Contains([]string{"md", "html", "json"}, output) {
				return fail(exitUsage, "--output: found %q; accepted: md, html, json", output)
			}
			s, err := open(cmd, f)
			if err != nil {
				return err
			}
			id := ""
			if len(args) > 0 {
				id = args[0]
			}
			if id, err = s.recordNamed(id); err != nil {
				return err
			}
			if verify {
				return s.verify(cmd, id)
			}
			return s.report(cmd, id, output)
		}),
	}
	cmd.Flags().StringVarP(&output, "output", "o", "md", "md, html or json")
	cmd.Flags().BoolVar(&verify, "verify", false, "say whether anything of the record is missing or changed, and write no report")
	return cmd
}

func newReleases(f *flags) *cobra.Command {
	return &cobra.Command{
		Use: "releases", Short: "List the releases of this environment, newest first", Args: cobra.NoArgs,
		RunE: printing(func(cmd *cobra.Command, _ []string) error {
			s, err := open(cmd, f)
			if err != nil {
				return err
			}
			list, err := s.store.All()
			if err != nil {
				return &exit{exitError, err}
			}
			t := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
			fmt.Fprintln(t, "ID\tFROM\tTO\tSTATE\tBEGAN\tTOOK\tBY")
			for _, past := range list {
				r := past.Record
				switch {
				case past.Err != "":
					fmt.Fprintf(t, "%s\t\t\tnot read: %s\n", past.ID, past.Err)
				case r.Phase != release.Idle:
					took := "not over"
					if !r.Ended.IsZero() {
						took = release.Span(r.Ended.Sub(r.Began))
					}
					fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", past.ID, orElse(r.From.Version, "none"), r.To.Version, r.Phase,
						r.Began.Local().Format("2006-01-02 15:04"), took, r.By.Name)
				}
			}
			return t.Flush()
		}),
	}
}

// recordNamed is the id of a record: the newest release where none is named.
func (s *session) recordNamed(id string) (string, error) {
	list, err := s.store.All()
	if err != nil {
		return "", &exit{exitError, err}
	}
	var ids []string
	for _, past := range list {
		if past.ID == id || id == "" && past.Err == "" && past.Record.Phase != release.Idle {
			return past.ID, nil
		}
		if len(ids) < 5 {
			ids = append(ids, past.ID)
		}
	}
	if id == "" {
		return "", fail(exitError, "no release of %s in %s is recorded here", s.plan.Service, s.plan.Environment)
	}
	return "", fail(exitUsage, "found no release %q in %s; the newest are: %s; slipway releases lists all", id, s.plan.Environment, orElse(strings.Join(ids, ", "), "none"))
}

// verify says whether a record is as it was written.
func (s *session) verify(cmd *cobra.Command, id string) error {
	v, err := s.verified(id)
	if err != nil {
		return err
	}
	out := cmd.OutOrStdout()
	for _, p := range v.Problems {
		fmt.Fprintf(out, "FAIL %s\n", p)
	}
	fmt.Fprintf(out, "record %s: %s, the last one with the checksum %s\n", id, counted(v.Lines, "line"), v.Last)
	if v.Unlinked > 0 {
		fmt.Fprintf(out, "%s of an earlier slipway do not name the line before: one that is missing among them is not seen\n", counted(v.Unlinked, "line"))
	}
	if n := len(v.Problems); n > 0 {
		return fail(exitError, "record %s is not as it was written: %s", id, counted(n, "problem"))
	}
	fmt.Fprintln(out, "nothing is missing or changed up to that line; compare its checksum with that of a report written earlier")
	return nil
}

func (s *session) verified(id string) (report.Verified, error) {
	v, err := s.store.Verify(id)
	if err != nil {
		return report.Verified{}, &exit{exitError, err}
	}
	_, damaged, err := s.store.Readings(id)
	if err != nil {
		return report.Verified{}, &exit{exitError, err}
	}
	out := report.Verified{Lines: v.Lines, Last: v.Last, Unlinked: v.Unlinked, Problems: v.Problems}
	if damaged > 0 {
		out.Problems = append(out.Problems, counted(damaged, "damaged line")+" of figures")
	}
	return out, nil
}

func (s *session) report(cmd *cobra.Command, id, output string) error {
	entries, _, err := s.store.Read(id)
	if err != nil {
		return &exit{exitError, err}
	}
	if len(entries) == 0 {
		return &exit{exitError, errors.New("record " + id + " has no intact line")}
	}
	readings, _, err := s.store.Readings(id)
	if err != nil {
		return &exit{exitError, err}
	}
	v, err := s.verified(id)
	if err != nil {
		return err
	}
	rep := report.Build(report.Input{ID: id, Entries: entries, Readings: readings, Verified: v, At: time.Now(), By: localAccount()})
	out := cmd.OutOrStdout()
	switch output {
	case "json":
		e := json.NewEncoder(out)
		e.SetIndent("", "  ")
		return e.Encode(rep)
	case "html":
		_, err = out.Write(rep.HTML())
	default:
		_, err = out.Write(rep.Markdown())
	}
	return err
}
