package main

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"datahub.io/slipway/sandbox/up"
)

// newBurst makes more requests of an environment fail for a while.
func newBurst(o *up.Options) *cobra.Command {
	var rate, version string
	var length time.Duration
	c := &cobra.Command{
		Use:   "burst ENV --errors 5% --for 20s",
		Short: "let more requests of an environment fail for a while",
		Long: "Lets a share of an environment's requests fail with 500, 502 or 503, from now on and for a while. The durations are real, whatever\n" +
			"the sandbox's speed. Several bursts may come at a time: the highest share counts.",
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			share, err := percent(rate)
			if err != nil {
				return fmt.Errorf("--errors %s: %w", rate, err)
			}
			how := url.Values{"errors": {strconv.FormatFloat(share, 'g', -1, 64)}, "for": {length.String()}}
			if version != "" {
				how.Set("version", version)
			}
			return up.Disturb(c.Context(), o.Dir, args[0], "burst", how)
		},
	}
	c.Flags().StringVar(&rate, "errors", "", "share of the requests that fail, such as 5%")
	c.Flags().DurationVar(&length, "for", 20*time.Second, "how long")
	c.Flags().StringVar(&version, "version", "", "only requests that this version answers, such as v2.5.0")
	_ = c.MarkFlagRequired("errors")
	return c
}

// newLoad gives an environment another number of requests.
func newLoad(o *up.Options) *cobra.Command {
	return &cobra.Command{
		Use:   "load ENV [REQUESTS]",
		Short: "give an environment another number of requests per second",
		Long: "Gives an environment another mean number of requests per second, from 0 on, until the gateway ends; without one its normal number again.\n" +
			"Below 50 requests per second each request is counted by itself: it goes to one pod, and fails or does not.",
		Args: cobra.RangeArgs(1, 2),
		RunE: func(c *cobra.Command, args []string) error {
			how := url.Values{}
			if len(args) == 2 {
				how.Set("rate", args[1])
			}
			return up.Disturb(c.Context(), o.Dir, args[0], "load", how)
		},
	}
}

// newLag makes an environment's data plane slow.
func newLag(o *up.Options) *cobra.Command {
	return &cobra.Command{
		Use:   "lag ENV DURATION",
		Short: "let an environment's traffic follow its route only after a while",
		Long: "Lets the traffic of an environment follow each change of its VirtualService or HTTPRoute only after a while, until the gateway ends.\n" +
			"The duration is real, whatever the sandbox's speed. With 0s it follows at once again.",
		Args: cobra.ExactArgs(2),
		RunE: func(c *cobra.Command, args []string) error {
			return up.Disturb(c.Context(), o.Dir, args[0], "lag", url.Values{"by": {args[1]}})
		},
	}
}

// percent reads a share such as 5%.
func percent(text string) (float64, error) {
	number, ok := strings.CutSuffix(text, "%")
	share, err := strconv.ParseFloat(number, 64)
	if !ok || err != nil {
		return 0, fmt.Errorf("a share in percent is needed, such as 5%%")
	}
	return share / 100, nil
}
