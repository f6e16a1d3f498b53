package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"datahub.io/slipway/sandbox/meddle"
	"datahub.io/slipway/sandbox/up"
)

// meddler is what the commands of `sandbox meddle` have in common.
type meddler struct {
	o                    *up.Options
	account, manager, on string
}

// newMeddle is other people and controllers.
func newMeddle(o *up.Options) *cobra.Command {
	m := &meddler{o: o}
	c := &cobra.Command{
		Use:   "meddle",
		Short: "change things as other people and controllers do",
		Long: "Changes an environment's stable Deployment, its canary's or its route as somebody else would: with another account's rights and with the\n" +
			"field manager of the kubectl command that makes such a change.",
	}
	c.PersistentFlags().StringVar(&m.account, "as", "", "account that does it (default eng-b, admin where its rights do not suffice)")
	c.PersistentFlags().StringVar(&m.manager, "manager", "", "field manager, such as reloader (default that of kubectl)")

	var variable, version string
	var replicas, canary int
	restart := m.command("restart", "restart the pods, as kubectl rollout restart", meddle.Stable,
		func(ctx context.Context, p *meddle.Person, on meddle.Target) error {
			return p.Restart(ctx, on, time.Now())
		})
	patch := m.command("patch", "give the gateway an environment variable, as kubectl set env", meddle.Stable,
		func(ctx context.Context, p *meddle.Person, on meddle.Target) error {
			name, value, ok := strings.Cut(variable, "=")
			if !ok || name == "" {
				return fmt.Errorf("--set %s: NAME=VALUE is needed", variable)
			}
			return p.Patch(ctx, on, name, value)
		})
	patch.Flags().StringVar(&variable, "set", "LOG_LEVEL=debug", "the variable, as NAME=VALUE")
	hotfix := m.command("hotfix", "give the gateway another version, as kubectl set image", meddle.Stable,
		func(ctx context.Context, p *meddle.Person, on meddle.Target) error { return p.Hotfix(ctx, on, version) })
	hotfix.Flags().StringVar(&version, "version", "v2.4.1", "the version")
	scale := m.command("scale", "ask for another number of pods", meddle.Stable,
		func(ctx context.Context, p *meddle.Person, on meddle.Target) error { return p.Scale(ctx, on, replicas) })
	scale.Flags().IntVar(&replicas, "replicas", 1, "how many pods")
	remove := m.command("delete", "delete the Deployment, as kubectl delete", meddle.Canary, func(ctx context.Context, p *meddle.Person, on meddle.Target) error {
		return p.Delete(ctx, on)
	})
	weight := m.command("weight", "give the canary another share of the requests, as kubectl edit", "",
		func(ctx context.Context, p *meddle.Person, _ meddle.Target) error { return p.Weight(ctx, canary) })
	weight.Flags().IntVar(&canary, "canary", 50, "its share in percent; stable has the rest")
	c.AddCommand(restart, patch, hotfix, scale, remove, weight, m.route(), m.revert())
	return c
}

// command is a change of one environment. It takes --on if it has a target to begin with.
func (m *meddler) command(name, short string, on meddle.Target, act func(context.Context, *meddle.Person, meddle.Target) error) *cobra.Command {
	c := &cobra.Command{
		Use: name + " ENV", Short: short, Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			p, err := m.person(args[0], "eng-b")
			if err != nil {
				return err
			}
			return act(c.Context(), p, meddle.Target(m.on))
		},
	}
	if on != "" {
		m.target(c, on)
	}
	return c
}

// target gives a command the flag --on. Each command has its own; they share the variable, for only one of them runs.
func (m *meddler) target(c *cobra.Command, on meddle.Target) {
	c.Flags().StringVar(&m.on, "on", "", fmt.Sprintf("what is changed: stable or canary (default %s)", on))
	c.PreRun = func(*cobra.Command, []string) {
		if m.on == "" {
			m.on = string(on)
		}
	}
}

func (m *meddler) person(environment, account string) (*meddle.Person, error) {
	if m.account != "" {
		account = m.account
	}
	return up.Person(m.o.Dir, account, environment, m.manager)
}

// route opens a second way to the canary.
func (m *meddler) route() *cobra.Command {
	var way string
	var undo bool
	c := &cobra.Command{
		Use:   "route ENV",
		Short: "open a second way for requests to the canary",
		Long: "Opens a second way for requests to the canary:\n" +
			"  header  a rule above the weighted one, for requests that ask for a preview: 2 % of all\n" +
			"  path    a rule for /admin with a split of its own, 50 to 50, which none of the sandbox's requests takes\n" +
			"  object  a second VirtualService or HTTPRoute for the same host, for requests of testers: 1 % of all",
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			account := "eng-b"
			if meddle.Way(way) == meddle.ByObject {
				account = "admin"
			}
			p, err := m.person(args[0], account)
			if err != nil {
				return err
			}
			if undo {
				return p.Close(c.Context(), meddle.Way(way))
			}
			return p.Open(c.Context(), meddle.Way(way))
		},
	}
	c.Flags().StringVar(&way, "by", string(meddle.ByHeader), "header, path or object")
	c.Flags().BoolVar(&undo, "undo", false, "take it away again")
	return c
}

// revert puts something back, once or again and again.
func (m *meddler) revert() *cobra.Command {
	var after time.Duration
	var stop bool
	c := &cobra.Command{
		Use:   "revert ENV",
		Short: "put something back, once or each time that somebody changes it",
		Long: "Puts a Deployment back to its earlier revision, as kubectl rollout undo, or all traffic to stable. With --after a controller does it, as one\n" +
			"of GitOps: it keeps the target's spec as it is now, and puts back what anybody changes after that time, until --stop or until the sandbox\n" +
			"ends. --stop without an environment or --on ends all of them.",
		Args: cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			environment := strings.Join(args, "")
			switch {
			case stop && c.Flags().Changed("after"):
				return errors.New("--after starts a controller, --stop ends one: give one of them")
			case stop:
				ended, err := up.Release(c.Context(), m.o.Dir, environment, meddle.Target(m.on))
				if err == nil && len(ended) == 0 {
					return errors.New("no such controller runs")
				}
				return err
			case environment == "":
				return errors.New("an environment is needed")
			}
			on := meddle.Target(m.on)
			if on == "" {
				on = meddle.Stable
			}
			if c.Flags().Changed("after") {
				return up.Keep(c.Context(), m.o.Dir, environment, on, after, m.manager)
			}
			p, err := m.person(environment, "eng-b")
			if err != nil {
				return err
			}
			return p.Revert(c.Context(), on)
		},
	}
	c.Flags().StringVar(&m.on, "on", "", "what is put back: stable, canary or route (default stable)")
	c.Flags().DurationVar(&after, "after", 0, "put it back each time, so long after it was changed, such as 3s")
	c.Flags().BoolVar(&stop, "stop", false, "end such controllers")
	return c
}
