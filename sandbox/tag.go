package main

import (
	"github.com/spf13/cobra"

	"datahub.io/slipway/sandbox/up"
)

// newMove moves a tag of the registry to an image that was built again.
func newMove(o *up.Options) *cobra.Command {
	var back bool
	c := &cobra.Command{
		Use:   "move TAG",
		Short: "let a tag of the registry name an image that was built again",
		Args:  cobra.ExactArgs(1),
		RunE:  func(c *cobra.Command, args []string) error { return up.Move(c.Context(), o.Dir, args[0], back) },
	}
	c.Flags().BoolVar(&back, "back", false, "let it name the first image again")
	return c
}
