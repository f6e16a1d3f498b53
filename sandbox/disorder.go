package main

import (
	"context"
	"errors"
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"datahub.io/slipway/sandbox/disorder"
	"datahub.io/slipway/sandbox/kubelet"
	"datahub.io/slipway/sandbox/up"
)

// newDisorder switches the disorders of environments.
func newDisorder(o *up.Options) *cobra.Command {
	var environment string
	var undo bool
	var limit time.Duration
	c := &cobra.Command{
		Use:   "disorder [NAME --env ENV]",
		Short: "make an environment untidy, or list how",
		Long: "Makes an environment untidy in one of the ways that it lists without arguments, and returns when that has taken effect. With --undo it is\n" +
			"tidy again. Disorders can be combined.",
		Args: cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				table := tabwriter.NewWriter(c.OutOrStdout(), 0, 0, 2, ' ', 0)
				for _, d := range disorder.Table {
					fmt.Fprintf(table, "%s\t%s\n", d.Name, d.Summary)
				}
				return table.Flush()
			}
			d, err := disorder.Find(args[0])
			if err != nil {
				return err
			}
			if environment == "" {
				return errors.New("--env is missing: staging, production, canary or another environment")
			}
			e, err := disorder.Environment(environment)
			if err != nil {
				return err
			}
			return onCluster(c, o, limit, func(ctx context.Context, cluster *disorder.Cluster) error {
				if err := cluster.Set(ctx, e, d, !undo); err != nil {
					return fmt.Errorf("%s: %w", d.Name, err)
				}
				fmt.Fprintf(c.OutOrStdout(), "%s: %s is %s\n", e.Name, d.Name, map[bool]string{false: "on", true: "off"}[undo])
				return nil
			})
		},
	}
	c.Flags().StringVar(&environment, "env", "", "the environment")
	c.Flags().BoolVar(&undo, "undo", false, "make it tidy again")
	c.Flags().DurationVar(&limit, "timeout", 5*time.Minute, "how long it may take to take effect")
	return c
}

// newEvict takes a pod off its node.
func newEvict(o *up.Options) *cobra.Command {
	var environment, reason string
	c := &cobra.Command{
		Use:   "evict POD",
		Short: "have a pod's node end it, as one that is short of disk does",
		Long: "Has the node of a pod end it: the pod fails with a reason, and its ReplicaSet makes another. Reasons are Evicted, Terminated, Preempting,\n" +
			"NodeShutdown, OutOfcpu and NodeAffinity. To have a pod deleted instead, as a drained node has it, use kubectl drain.",
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return onCluster(c, o, answerLimit, func(ctx context.Context, cluster *disorder.Cluster) error {
				pod, err := cluster.Evict(ctx, environment, args[0], reason)
				if err == nil {
					fmt.Fprintf(c.OutOrStdout(), "pod/%s of %s: %s\n", pod.Name, pod.Namespace, reason)
				}
				return err
			})
		},
	}
	c.Flags().StringVar(&environment, "env", "", "the pod's environment; without it, all are searched")
	c.Flags().StringVar(&reason, "reason", "Evicted", "why it fails")
	return c
}

// newRestart restarts one container once.
func newRestart(o *up.Options) *cobra.Command {
	var environment, container, cause string
	c := &cobra.Command{
		Use:   "restart POD",
		Short: "end the run of one container of a pod, once",
		Long: "Ends the run of one container of a pod, and returns when it runs again. Causes are exit (with 1), oom (killed at its memory limit) and\n" +
			"liveness (killed because its liveness probe failed). A container that was restarted before waits for its turn, as any that fails does.",
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return onCluster(c, o, restartLimit, func(ctx context.Context, cluster *disorder.Cluster) error {
				pod, err := cluster.Restart(ctx, environment, args[0], container, kubelet.Cause(cause))
				if err == nil {
					fmt.Fprintf(c.OutOrStdout(), "pod/%s of %s: restarted\n", pod.Name, pod.Namespace)
				}
				return err
			})
		},
	}
	c.Flags().StringVar(&environment, "env", "", "the pod's environment; without it, all are searched")
	c.Flags().StringVarP(&container, "container", "c", "", "the container; without it, the gateway's")
	c.Flags().StringVar(&cause, "cause", string(kubelet.Exit), "exit, oom or liveness")
	return c
}

// newNode shuts nodes down and starts them.
func newNode(o *up.Options) *cobra.Command {
	c := &cobra.Command{Use: "node", Short: "shut a node down, or start it again"}
	c.AddCommand(
		&cobra.Command{
			Use: "shutdown NODE", Short: "shut a node down: its pods fail, and others are made elsewhere", Args: cobra.ExactArgs(1),
			RunE: func(c *cobra.Command, args []string) error {
				return onCluster(c, o, answerLimit, func(ctx context.Context, cluster *disorder.Cluster) error {
					node, pods, err := cluster.Shutdown(ctx, args[0])
					if err == nil {
						fmt.Fprintf(c.OutOrStdout(), "node/%s: shut down, %d pods ended\n", node.Name, pods)
					}
					return err
				})
			},
		},
		&cobra.Command{
			Use: "start NODE", Short: "start a node that was shut down", Args: cobra.ExactArgs(1),
			RunE: func(c *cobra.Command, args []string) error {
				return onCluster(c, o, answerLimit, func(ctx context.Context, cluster *disorder.Cluster) error {
					node, err := cluster.StartNode(ctx, args[0])
					if err == nil {
						fmt.Fprintf(c.OutOrStdout(), "node/%s: ready\n", node.Name)
					}
					return err
				})
			},
		},
	)
	return c
}

// answerLimit is how long the kubelet may take to do what it is asked; a restart may have to wait for its back-off.
const (
	answerLimit  = 30 * time.Second
	restartLimit = 6 * time.Minute
)

// onCluster does something with the cluster of the sandbox that runs, in a limited time.
func onCluster(c *cobra.Command, o *up.Options, limit time.Duration, do func(context.Context, *disorder.Cluster) error) error {
	cluster, err := disorder.Open(o.Dir)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(c.Context(), limit)
	defer cancel()
	return do(ctx, cluster)
}
