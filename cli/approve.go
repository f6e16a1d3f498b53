package cli

import (
	"bufio"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"datahub.io/slipway/release"
)

func newApprove(f *flags) *cobra.Command {
	return newAnswer(f, release.Approves, "Approve the release of a version, under your own name")
}

func newReject(f *flags) *cobra.Command {
	return newAnswer(f, release.Rejects, "Reject the release of a version, with a reason")
}

// newAnswer makes the command of one answer to a request for approval. It needs no
// release on this computer: what is approved is a version under the configuration.
func newAnswer(f *flags, answer release.Approving, short string) *cobra.Command {
	var version, reason string
	var yes bool
	cmd := &cobra.Command{
		Use: string(answer), Short: short, Args: cobra.NoArgs,
		RunE: printing(func(cmd *cobra.Command, _ []string) error {
			if answer == release.Rejects && strings.TrimSpace(reason) == "" {
				return fail(exitUsage, "a rejection needs a reason: --reason \"…\"")
			}
			if err := release.CheckVersion(version); err != nil {
				return &exit{exitUsage, err}
			}
			s, err := reach(cmd, f)
			if err != nil {
				return err
			}
			image := s.plan.Image + ":" + version
			given := release.Approval{Answer: answer, At: time.Now().UTC().Truncate(time.Second), Of: s.plan.Binds(image), Reason: strings.TrimSpace(reason)}
			if err := s.introduceAnswer(cmd, given, image); err != nil {
				return err
			}
			if !yes {
				if !isTerminal(os.Stdin) {
					return fail(exitUsage, "nobody can be asked here: give --yes to %s without being asked", answer)
				}
				fmt.Fprintf(cmd.OutOrStdout(), "%s %s? y/N: ", answer, given.Of.Version)
				typed, _ := bufio.NewReader(cmd.InOrStdin()).ReadString('\n')
				if !says("y", "yes")(strings.TrimSpace(typed)) {
					return fail(exitError, "not confirmed: nothing was written")
				}
			}
			written, err := s.cluster.Approve(cmd.Context(), given, release.ApprovalGroups(s.plan))
			if err != nil {
				return &exit{exitError, err}
			}
			fmt.Fprintf(cmd.OutOrStdout(), "%s: %s by %s\n", given.Of.Version, done(answer), written.By)
			return nil
		}),
	}
	cmd.Flags().StringVar(&version, "version", "", "the version: an image tag, with or without a digest")
	_ = cmd.MarkFlagRequired("version")
	cmd.Flags().BoolVarP(&yes, "yes", "y", false, "do not ask at a terminal")
	if answer == release.Rejects {
		cmd.Flags().StringVar(&reason, "reason", "", "why; it is shown to whoever asks for the approval")
	}
	return cmd
}

// introduceAnswer says what the answer is about and under which name it is given.
func (s *session) introduceAnswer(cmd *cobra.Command, a release.Approval, image string) error {
	who, err := s.cluster.Whoami(cmd.Context())
	if err != nil {
		return &exit{exitError, err}
	}
	enforced, found := s.cluster.Enforcement(cmd.Context())
	policy := "policy " + string(enforced)
	if found != "" {
		policy += " (" + found + ")"
	}
	out := cmd.OutOrStdout()
	fmt.Fprintf(out, "%s %s of %s in %s (%s / %s)\n", a.Answer, a.Of.Version, s.plan.Service, s.plan.Environment, s.plan.Cluster, s.plan.Namespace)
	fmt.Fprintf(out, "  image       %s\n", image)
	fmt.Fprintf(out, "  containers  %s\n", a.Of.Containers)
	fmt.Fprintf(out, "  config      %s\n", a.Of.Config)
	fmt.Fprintf(out, "  you are     %s, %s\n", who, policy)
	return nil
}

func done(answer release.Approving) string {
	if answer == release.Rejects {
		return "rejected"
	}
	return "approved"
}
