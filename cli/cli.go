// Package cli is slipway's command line: it wires configuration, cluster,
// metrics, checklist, journal, engine and screen together, and runs the same
// engine with and without a screen.
package cli

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"datahub.io/slipway/config"
	"datahub.io/slipway/release"
)

// The exit codes. They are part of the interface: pipelines branch on them.
const (
	exitOK         = 0 // released, or what was asked for is done
	exitError      = 1
	exitUsage      = 2 // usage or configuration
	exitRolledBack = 3
	exitGate       = 4 // a gate of the checklist refused
	exitUnfinished = 5 // left as it is: a person has to look
)

// exit is an error with its exit code.
type exit struct {
	code int
	err  error
}

func (e *exit) Error() string { return e.err.Error() }
func (e *exit) Unwrap() error { return e.err }

// fail makes an error that ends the program with a code.
func fail(code int, format string, args ...any) error {
	return &exit{code, fmt.Errorf(format, args...)}
}

// flags are what every command takes.
type flags struct {
	config string
	env    string
}

// Main runs one command line and gives its exit code.
func Main(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	unsignalled()
	ctx, stop := interruptible(stderr)
	defer stop()
	root := newRoot()
	root.SetArgs(args)
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(stderr)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return exitOK
	}
	var coded *exit
	code := exitUsage // what cobra itself finds wrong is usage
	if errors.As(err, &coded) {
		code = coded.code
	}
	if text := release.WithoutSecrets(err.Error()); text != "" {
		fmt.Fprintln(stderr, "slipway: "+strings.ReplaceAll(text, "\n", "\n  "))
	}
	return code
}

func newRoot() *cobra.Command {
	var f flags
	var version string
	root := &cobra.Command{
		Use:   "slipway",
		Short: "Release console for Kubernetes",
		Long: `slipway walks you through a release: checklist, deployment, live monitoring, and
the way back, with every change confirmed, guarded and recorded.

Without a command it opens the console. Exit codes: 0 released or done, 1 error,
2 usage or configuration, 3 rolled back, 4 a gate refused, 5 left unfinished.`,
		Args:          cobra.NoArgs,
		SilenceErrors: true,
		SilenceUsage:  true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return runConsole(cmd, &f, version)
		},
	}
	persistent := root.PersistentFlags()
	persistent.StringVar(&f.config, "config", "", "configuration file (default ./slipway.yaml, then the user's)")
	persistent.StringVarP(&f.env, "env", "e", "", "environment, as named in the configuration")
	persistent.String("kubeconfig", "", "kubeconfig file")
	persistent.String("state-dir", "", "directory of the release records")
	persistent.String("prometheus", "", "URL of Prometheus")
	persistent.String("strategy", "", "rolling or canary, instead of the environment's own")
	root.Flags().StringVar(&version, "version", "", "the version to release: an image tag, with or without a digest")

	run := &cobra.Command{
		Use: "run", Short: "Open the console (the default)", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return runConsole(cmd, &f, version) },
	}
	run.Flags().StringVar(&version, "version", "", "the version to release: an image tag, with or without a digest")
	root.AddCommand(run, newDeploy(&f), newStatus(&f), newHistory(&f), newUndo(&f),
		newPause(&f), newResume(&f), newApprove(&f), newReject(&f), newCanary(&f), newReleases(&f), newReportCommand(&f), newCheck(&f), newVersion())
	// Commands share the root's flags, and how they are completed. It fails only
	// for a flag that does not exist.
	_ = root.RegisterFlagCompletionFunc("env", completeEnvironments(&f))
	return root
}

// completeEnvironments completes --env from the configuration.
func completeEnvironments(f *flags) cobra.CompletionFunc {
	return func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		c, err := config.Load(config.Options{Path: f.config})
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		var names []string
		for _, e := range c.Environments {
			names = append(names, e.Name)
		}
		return names, cobra.ShellCompDirectiveNoFileComp
	}
}
