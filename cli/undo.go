package cli

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

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
against an undo. Waits until the earlier version serves again. While a canary is
under way this is canary abort; that, and an undo by weights, take several changes:
--no-wait does not count.`,
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
	if err := checkTimeout(u.timeout); err != nil {
		return err
	}
	s, err := reach(cmd, f)
	if err != nil {
		return err
	}
	r := &undoing{flags: u, consent: consent{attended: isTerminal(os.Stdin) && !u.yes}}
	return drive(cmd, s.pickUpAnyway(), u.timeout, r.next)
}

// undoing drives one undo to its end.
type undoing struct {
	*driver
	consent
	flags undoFlags
}

func (u *undoing) next(d *driver, f release.Frame) (bool, error) {
	u.driver = d
	switch refused, ok := d.refusal(); {
	case !ok, refused.Refusal.Kind == release.RefusedAlready:
	case refused.Refusal.Kind == release.RefusedMoved && u.attended:
		fmt.Fprintf(d.out, "not sent: %s\n", refused.Refusal)
		u.again(f)
	default:
		// Nobody is there to read where it would go now: someone else's undo is
		// not to be taken back unseen.
		return true, against(refused.Refusal)
	}
	if d.wish != "" {
		return false, nil
	}
	end := release.Ended(f.Plan, f.State, f.Now, release.Awaited{Kind: release.DoUndo, ID: d.taken, NoWait: u.flags.noWait})
	if d.taken != "" {
		return end.Over(), ended(end)
	}
	c := undoTarget(f, u.flags.revision)
	switch {
	case c.Refusal().Wait:
		return false, nil
	case c.Refused(release.RefusedAlready):
		// Somebody is returning to it, or has: it is waited for, and nothing is sent.
		if end.Ending == release.EndsDone {
			fmt.Fprintln(d.out, c.Why())
		}
		return end.Over(), ended(end)
	case !c.OK():
		return true, against(c.Refusal())
	}
	if wants, _ := c.Intent.(release.Undo); wants.Over && !u.attended {
		instead := "confirm it at a terminal"
		if f.State.Underway() {
			instead += ", or leave it with slipway canary abort"
		}
		return true, fail(exitUnfinished, "%s: nothing was rolled back; %s", over(c), instead)
	}
	shown, ok, err := u.agreed(d, c, u.question(f, c))
	if err != nil || !ok {
		return err != nil, err
	}
	if d.ask(shown, shown.Intent) {
		u.sent()
	}
	return false, nil
}

// over says what of someone else's a choice rolls back.
func over(c release.Choice) string { return factOf(c.Preview, release.FactOver) }

// undoTarget is the choice for a revision; the previous one comes first.
func undoTarget(f release.Frame, revision int64) release.Choice {
	for _, c := range f.Choices {
		if c.Kind == release.DoUndo && (revision == 0 || c.Seen.Revision == revision) {
			return c
		}
	}
	return release.Choice{Kind: release.DoUndo, Refusals: []release.Refusal{release.NoRevision(f.State.View.Workload, revision)}}
}

// facts is what could stop a change or work against it, one a line.
func facts(p release.Preview) string {
	var b strings.Builder
	for _, gate := range p.Gates {
		fmt.Fprintf(&b, "  %-9s %s  %s\n", "gate", gate.Title, gate.How)
	}
	for _, fact := range p.Facts {
		fmt.Fprintf(&b, "  %-9s %s\n", fact.Label, fact.Text)
	}
	return b.String()
}

// sameAs is the line of a preview with the equivalent commands, or "".
func sameAs(p release.Preview) string {
	if p.SameAs.None() {
		return ""
	}
	return fmt.Sprintf("  same as   %s\n", p.SameAs)
}

// question asks about an undo and, where an unfinished release does not decide where it
// goes, about going where that release began instead. An undo that takes a canary back names
// no revision, and comes first.
func (u *undoing) question(f release.Frame, c release.Choice) question {
	const no = "nothing was undone"
	q := question{text: undoText(c) + "Undo? y/N: ", yes: says("y", "yes", "u"), no: no}
	record, has := f.State.RecordTarget()
	if !has || u.flags.revision != 0 || c.Seen.Revision == 0 {
		return q
	}
	other := undoTarget(f, record.Number)
	if !other.OK() {
		return q
	}
	more := other
	more.Preview.Facts = slices.DeleteFunc(slices.Clone(other.Preview.Facts), func(fact release.Fact) bool {
		return slices.Contains(c.Preview.Facts, fact) // read already
	})
	q.other, q.says = &other, strconv.FormatInt(record.Number, 10)
	q.text = fmt.Sprintf("%sOr where the unfinished release began:\n%sUndo to revision %d: y; to revision %s: %s; not at all: N: ",
		undoText(c), undoText(more), c.Seen.Revision, q.says, q.says)
	return q
}

// undoText shows what an undo would do.
func undoText(c release.Choice) string {
	var b strings.Builder
	p := c.Preview
	fmt.Fprintf(&b, "%s: %s\n  %s  %s\n", p.Title, p.Line, p.Change, p.Object)
	for _, line := range p.Diff {
		fmt.Fprintf(&b, "  %c %s\n", diffMark(line.Op), line.Text)
	}
	b.WriteString(facts(p))
	fmt.Fprintf(&b, "%s  way back  %s\n", sameAs(p), p.Back)
	return b.String()
}

func diffMark(op release.DiffOp) rune {
	if op == release.Head {
		return ' '
	}
	return rune(op)
}
