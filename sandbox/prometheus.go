package main

import (
	"fmt"
	"net/url"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"datahub.io/slipway/sandbox/up"
)

// newPrometheus makes Prometheus's answers faulty.
func newPrometheus(o *up.Options) *cobra.Command {
	var environment string
	var reset bool
	c := &cobra.Command{
		Use:   "prometheus [FAULTS]",
		Short: "make Prometheus's answers slow, refused, too much or broken; without flags, say how they are",
		Long: "Makes the answers of Prometheus's API faulty, at the address that is in slipway.yaml, until --reset or until Prometheus ends. The faults\n" +
			"that are given replace those that were there. With --env only queries are hit that name that environment's namespace; an environment\n" +
			"with faults of its own has those alone. Prometheus itself goes on and scrapes.",
		Args: cobra.NoArgs,
	}
	faults := pflag.NewFlagSet("faults", pflag.ContinueOnError)
	faults.Duration("delay", 0, "how long each answer takes longer, such as 5s")
	faults.StringArray("header", nil, "a header that each request needs, as NAME=VALUE, or it is answered with 401; may be repeated")
	faults.String("basic-auth", "", "what each request needs as basic authentication, as USER:PASSWORD, or it is answered with 401")
	faults.Int("status", 0, "status that every request is answered with, such as 401 or 503")
	faults.String("flood", "", "send this in place of an answer: endless, trickle (endless and slow), huge (64 MiB) or gzip (1 GiB in 1 MiB)")
	faults.Bool("warnings", false, "answers carry the warning of a partial one")
	faults.Bool("cut", false, "the connection ends in the middle of each answer")
	c.Flags().AddFlagSet(faults)
	c.Flags().StringVar(&environment, "env", "", "only queries of this environment")
	c.Flags().BoolVar(&reset, "reset", false, "no faults any more; with --env, none of its own")
	c.RunE = func(c *cobra.Command, _ []string) error {
		how := url.Values{}
		c.Flags().Visit(func(f *pflag.Flag) {
			switch value := f.Value.(type) {
			case pflag.SliceValue:
				how[f.Name] = value.GetSlice()
			default:
				if faults.Lookup(f.Name) != nil && value.String() != "false" {
					how.Set(f.Name, value.String())
				}
			}
		})
		if reset && len(how) > 0 {
			return fmt.Errorf("--reset takes faults away: give none with it")
		}
		now, err := up.Faults(c.Context(), o.Dir, environment, how, reset)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintln(c.OutOrStdout(), strings.TrimSpace(now))
		return err
	}
	return c
}
