package cli

import (
	"bufio"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"datahub.io/slipway/engine"
	"datahub.io/slipway/release"
)

type undoFlags struct {
	revision int64
	yes      bool
	noWait   bool
	timeout  time.Duration
}

func newUndo(f *flags) *cobra.Command {
	var u undoFlags
	cmd := &cobra.Command{
		Use:   "undo",
		Short: "Return to the previous revision, or to a chosen one",
		Long: `Returns the Deployment to an earlier revision, guarded: if it moves between
reading and sending, nothing is sent. No gate, typed name or missing metric stands
against an undo. Waits until the earlier version serves again.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return undo(cmd, f, u) },
	}
	cmd.Flags().Int64Var(&u.revision, "to-revision", 0, "the revision to return to; 0 is the previous one")
	cmd.Flags().BoolVarP(&u.yes, "yes", "y", false, "do not ask at a terminal")
	cmd.Flags().BoolVar(&u.noWait, "no-wait", false, "end once the API server has accepted it")
	cmd.Flags().DurationVar(&u.timeout, "timeout", 10*time.Minute, "give up waiting after this long; the rollback goes on")
	return cmd
}

func undo(cmd *cobra.Command, f *flags, u undoFlags) error {
	if u.revision < 0 {
		return fail(exitUsage, "--to-revision: found %d; accepted: a revision of slipway history, or 0 for the previous one", u.revision)
	}
	s, err := open(cmd, f)
	if err != nil {
		return err
	}
	options, err := s.pickUp()
	if err != nil {
		return err
	}
	began, sent := time.Now(), false
	d := newDriver(cmd, engine.New(options))
	return d.run(cmd.Context(), func(frame release.Frame) (bool, error) {
		if err := unreachable(frame, began, patience); err != nil {
			return true, err
		}
		if frame.Now.Sub(began) > u.timeout {
			return true, fail(exitUnfinished, "not complete after %s: %s", u.timeout, release.HeadlineOf(frame.Plan, frame.State, frame.Now).Strong)
		}
		if d.refused.Why != "" {
			return refusedUndo(d)
		}
		if sent {
			return undone(d, frame, u.noWait)
		}
		c := undoTarget(frame, u.revision)
		if !c.OK {
			return waitOrGiveUp(d, frame, c)
		}
		if !u.yes && isTerminal(os.Stdin) && !confirmUndo(cmd, c) {
			return true, fail(exitError, "not confirmed: nothing was undone")
		}
		d.ask(c, release.Undo{Revision: u.revision})
		sent = true
		return false, nil
	})
}

// undoTarget is the choice for a revision; the previous one comes first.
func undoTarget(f release.Frame, revision int64) release.Choice {
	for _, c := range f.Choices {
		if c.Kind == release.DoUndo && (revision == 0 || c.Seen.Revision == revision) {
			return c
		}
	}
	return release.Choice{Kind: release.DoUndo, Why: fmt.Sprintf("unable to find specified revision %d in history", revision)}
}

// waitOrGiveUp tells what will change by itself in a moment from what will not.
func waitOrGiveUp(d *driver, f release.Frame, c release.Choice) (bool, error) {
	w := f.State.View.Workload
	switch {
	case c.Noop:
		fmt.Fprintln(d.out, c.Why)
		return true, nil
	case w.At.IsZero() || w.Observed < w.Generation || f.State.Pending != nil:
		return false, nil
	}
	return true, fail(exitError, "%s", c.Why)
}

func refusedUndo(d *driver) (bool, error) {
	if d.refused.Noop {
		fmt.Fprintln(d.out, d.refused.Why)
		return true, nil
	}
	return true, fail(exitError, "%s", d.refused.Why)
}

// undone follows an undo that was sent.
func undone(d *driver, f release.Frame, noWait bool) (bool, error) {
	s := f.State
	switch {
	case d.asked || s.Pending != nil:
		return false, nil
	case s.Phase == release.RolledBack:
		return true, nil
	case s.Phase == release.RollingBack:
		return noWait, nil
	case s.Last != nil && s.Last.Kind == release.Skipped:
		return true, nil
	case s.Last != nil:
		return true, fail(exitError, "undo %s: %s", s.Last.Kind, s.Last.Text)
	}
	return false, nil
}

// confirmUndo shows what an undo would do and asks.
func confirmUndo(cmd *cobra.Command, c release.Choice) bool {
	out, p := cmd.OutOrStdout(), c.Preview
	fmt.Fprintf(out, "%s: %s\n  %s  %s\n", p.Title, p.Line, p.Change, p.Object)
	for _, line := range p.Diff {
		fmt.Fprintf(out, "  %c %s\n", diffMark(line.Op), line.Text)
	}
	for _, fact := range p.Facts {
		fmt.Fprintf(out, "  %-9s %s\n", fact.Label, fact.Text)
	}
	fmt.Fprintf(out, "  same as   %s\n  way back  %s\nUndo? y/N: ", p.SameAs, p.Back)
	line, _ := bufio.NewReader(cmd.InOrStdin()).ReadString('\n')
	typed := strings.ToLower(strings.TrimSpace(line))
	return typed == "y" || typed == "u" || typed == "yes"
}

func diffMark(op release.DiffOp) rune {
	if op == release.Head {
		return ' '
	}
	return rune(op)
}
