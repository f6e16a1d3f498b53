// Sandbox is a real local control plane with a simulated gateway on it, for trying releases where nothing can break. One binary holds all of its
// parts: etcd, kube-apiserver, kube-controller-manager, kube-scheduler, kwok, Prometheus, a resource metrics API and the gateway.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"datahub.io/slipway/sandbox/up"
)

func main() {
	// Only the sandbox itself starts a part: "sandbox prometheus" on a command line is a command, the process of the same name a part.
	if name := os.Getenv(up.PartVariable); name != "" && len(os.Args) > 1 && os.Args[1] == name {
		os.Args = os.Args[1:]
		os.Exit(parts[name]())
	}
	os.Exit(run())
}

// run runs the command of the command line until it is told to end, and returns the exit code.
func run() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	err := command().ExecuteContext(ctx)
	var code exitCode
	switch {
	case err == nil:
		return 0
	case errors.As(err, &code):
		return int(code)
	}
	fmt.Fprintln(os.Stderr, "sandbox:", err)
	return 1
}

func command() *cobra.Command {
	pflag.CommandLine = pflag.NewFlagSet("", pflag.ContinueOnError) // cobra would add the flags that the parts' packages registered
	var o up.Options
	root := &cobra.Command{
		Use:           "sandbox",
		Short:         "a real local control plane with a simulated gateway on it",
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.CompletionOptions.HiddenDefaultCmd = true
	root.PersistentFlags().StringVar(&o.Dir, "dir", ".sandbox/default", "directory for all of the sandbox's data")
	start := &cobra.Command{
		Use:   "up",
		Short: "bring a sandbox up and keep it until interrupted",
		Long: "Brings a sandbox up and keeps it until interrupted. What an earlier sandbox left in the directory is removed first.\n" +
			"Once everything answers, DIR/ready lists the endpoints, DIR/kubeconfig is the first engineer's, and DIR/slipway.yaml is the console's configuration.",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return up.Run(c.Context(), o, c.OutOrStdout()) },
	}
	upFlags(start, &o)
	root.AddCommand(start, newExec(&o),
		&cobra.Command{
			Use: "stop PART", Short: "pull one part's plug", Args: cobra.ExactArgs(1),
			RunE: func(c *cobra.Command, args []string) error { return up.Stop(c.Context(), o.Dir, args[0]) },
		},
		&cobra.Command{
			Use: "start PART", Short: "put a stopped part back, and wait until it is ready", Args: cobra.ExactArgs(1),
			RunE: func(c *cobra.Command, args []string) error { return up.Start(c.Context(), o.Dir, args[0]) },
		},
		&cobra.Command{
			Use: "status", Short: "say how each part is", Args: cobra.NoArgs,
			RunE: func(c *cobra.Command, _ []string) error { return status(c, o.Dir) },
		},
		newRequests(&o),
		newBurst(&o), newLoad(&o), newLag(&o), newPrometheus(&o), newMeddle(&o),
		newDisorder(&o),
		newEvict(&o),
		newRestart(&o),
		newNode(&o),
		newMove(&o),
	)
	return root
}

func upFlags(c *cobra.Command, o *up.Options) {
	c.Flags().Float64Var(&o.Speed, "speed", 1, "how much faster than life probes, back-offs and slow failures are")
	c.Flags().DurationVar(&o.Deadline, "deadline", 300*time.Second, "progress deadline of the Deployments, whole seconds")
}

func status(c *cobra.Command, dir string) error {
	states, err := up.Status(c.Context(), dir)
	if err != nil {
		return err
	}
	table := tabwriter.NewWriter(c.OutOrStdout(), 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "PART\tSTATUS\tPID\tSINCE\tLOG")
	for _, s := range states {
		pid := "-"
		if s.PID > 0 {
			pid = fmt.Sprint(s.PID)
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", s.Name, s.Status, pid, time.Since(s.Since).Round(time.Second), filepath.Join(dir, "log", s.Name+".log"))
	}
	return table.Flush()
}
