package main

import (
	"encoding/json"
	"fmt"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"datahub.io/slipway/sandbox/gateway"
	"datahub.io/slipway/sandbox/up"
)

// newRequests counts what was asked of each environment, and what failed.
func newRequests(o *up.Options) *cobra.Command {
	var reset bool
	var output string
	c := &cobra.Command{
		Use:   "requests",
		Short: "count the requests to each environment, and those that failed",
		Long: "Counts the requests to each environment, and those that failed beyond the everyday 0.02 %, since the gateway started or since the last\n" +
			"reset. A good release fails none.",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if output != "table" && output != "json" {
				return fmt.Errorf("--output %s: table or json is needed", output)
			}
			counts, err := up.Requests(c.Context(), o.Dir, reset)
			if err != nil {
				return err
			}
			if output == "json" {
				return json.NewEncoder(c.OutOrStdout()).Encode(counts)
			}
			table := tabwriter.NewWriter(c.OutOrStdout(), 0, 0, 2, ' ', 0)
			fmt.Fprintln(table, "ENVIRONMENT\tTOTAL\tFAILED")
			for _, e := range gateway.Environments {
				fmt.Fprintf(table, "%s\t%d\t%d\n", e.Name, counts[e.Name].Total, counts[e.Name].Failed)
			}
			return table.Flush()
		},
	}
	c.Flags().BoolVar(&reset, "reset", false, "count anew from now on, after printing the counts until now")
	c.Flags().StringVarP(&output, "output", "o", "table", "table or json")
	return c
}
