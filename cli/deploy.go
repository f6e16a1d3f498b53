package cli

import (
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"datahub.io/slipway/release"
)

type deployFlags struct {
	version string
	yes     bool
	abandon bool
	adopt   bool
	ticks   []string
	waives  []string
	window  string // why the change window is waived, or empty
	timeout time.Duration
}

func newDeploy(f *flags) *cobra.Command {
	var d deployFlags
	cmd := &cobra.Command{
		Use:   "deploy --version TAG",
		Short: "Release a version through the whole checklist, without the screen",
		Long: `Runs a whole release: gates, set image, rollout, checks, and the automatic way
back. One event a line. Nothing waits for a key: an open manual item ends the
run with exit code 4 and its name, unless --tick or --waive settles it, and where
the configuration says "ask", slipway undoes. A canary goes through its steps by
itself: up only on a pass, promotion included.`,
		Example: `  slipway deploy --env staging --version v2.5.0
  slipway deploy --env production --version v2.5.0 --yes --tick change-request-approved=CHG-2304`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return deploy(cmd, f, d) },
	}
	cmd.Flags().StringVar(&d.version, "version", "", "the version to release: an image tag, with or without a digest")
	cmd.Flags().BoolVarP(&d.yes, "yes", "y", false, "confirm, a protected environment's name included")
	cmd.Flags().BoolVar(&d.abandon, "abandon", false, "end an unfinished release of another version first, and replace a rollout that somebody else began")
	cmd.Flags().BoolVar(&d.adopt, "adopt", false, "take over a canary that an earlier attempt left behind")
	cmd.Flags().StringArrayVar(&d.ticks, "tick", nil, "tick a manual item: ITEM=NOTE (repeatable)")
	cmd.Flags().StringArrayVar(&d.waives, "waive", nil, "waive an item: ITEM=REASON (repeatable)")
	cmd.Flags().StringVar(&d.window, "waive-window", "", "waive the change window for this deploy, for this reason")
	cmd.Flags().DurationVar(&d.timeout, "timeout", time.Hour, "give up waiting after this long, a canary's bakes aside; the release stays as it is")
	_ = cmd.MarkFlagRequired("version") // it fails only for a flag that does not exist
	return cmd
}

func deploy(cmd *cobra.Command, f *flags, d deployFlags) error {
	if err := release.CheckVersion(d.version); err != nil {
		return &exit{exitUsage, err}
	}
	if err := checkTimeout(d.timeout); err != nil {
		return err
	}
	s, err := reach(cmd, f)
	if err != nil {
		return err
	}
	settle, err := settlements(s.plan, d.ticks, d.waives)
	if err != nil {
		return err
	}
	if cmd.Flags().Changed("waive-window") {
		if strings.TrimSpace(d.window) == "" {
			return fail(exitUsage, "--waive-window: found no reason; accepted: --waive-window REASON")
		}
		if s.plan.Windows.Restricted() {
			settle = append(settle, release.WaiveWindow{Reason: d.window})
		}
	}
	if s.plan.Protected && !d.yes && !isTerminal(os.Stdin) {
		return fail(exitUsage, "%s is protected: without a terminal to type its name in, deploy needs --yes", s.plan.Environment)
	}
	options, err := s.pickUp()
	if err != nil {
		return err
	}
	options.State.View.Mode = release.Mode{Unattended: true, Replaces: d.abandon}
	r := &deployment{
		flags: d, settle: settle, consent: consent{attended: isTerminal(os.Stdin) && !d.yes},
		before: options.State.ID, over: options.State.Phase.Over(),
	}
	if s.plan.ByCanary() {
		d.timeout += time.Duration(len(s.plan.Canary.Steps)) * s.plan.Canary.Bake
	}
	return drive(cmd, options, d.timeout, r.next)
}

// settlements reads --tick and --waive.
func settlements(plan release.Plan, ticks, waives []string) ([]release.Intent, error) {
	var intents []release.Intent
	read := func(flag, arg string, manual bool) (string, string, error) {
		id, text, _ := strings.Cut(arg, "=")
		var known []string
		for _, item := range plan.Items {
			if manual && item.Class() != release.Manual || item.Deploys() {
				continue
			}
			if known = append(known, item.ID); item.ID == id {
				return id, strings.TrimSpace(text), nil
			}
		}
		return "", "", fail(exitUsage, "%s %s: found item %q; accepted: %s", flag, arg, id, strings.Join(known, ", "))
	}
	for _, arg := range ticks {
		id, note, err := read("--tick", arg, true)
		if err != nil {
			return nil, err
		}
		intents = append(intents, release.Tick{Item: id, Note: note})
	}
	for _, arg := range waives {
		id, reason, err := read("--waive", arg, false)
		if err != nil {
			return nil, err
		}
		if reason == "" {
			return nil, fail(exitUsage, "--waive %s: found no reason; accepted: %s=REASON", arg, id)
		}
		intents = append(intents, release.Waive{Item: id, Reason: reason})
	}
	return intents, nil
}
