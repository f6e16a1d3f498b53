package cli

import (
	"encoding/json"
	"errors"
	"io"
	"syscall"

	"github.com/spf13/cobra"
)

// output remembers the first write that failed.
type output struct {
	io.Writer
	err error
}

func (o *output) Write(p []byte) (int, error) {
	n, err := o.Writer.Write(p)
	if o.err == nil {
		o.err = err
	}
	return n, err
}

// printing is a command whose output is what it is for: what could not be
// written is an error. How a release ended is said by the exit code, whoever
// reads the rest; such a command is none of these.
func printing(run func(*cobra.Command, []string) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		o := &output{Writer: cmd.OutOrStdout()}
		cmd.SetOut(o)
		err := run(cmd, args)
		var coded *exit
		switch {
		case errors.Is(o.err, syscall.EPIPE):
			return &exit{exitError, errors.New("")} // the reader has what it wanted: history | head -1
		case o.err != nil:
			return fail(exitError, "write output: %w", o.err)
		case err != nil && !errors.As(err, &coded):
			return &exit{exitError, err}
		}
		return err
	}
}

// printed is a report: a text for people, or JSON, which is an interface.
type printed interface{ print(*cobra.Command) error }

func addOutput(cmd *cobra.Command, format *string) {
	cmd.Flags().StringVarP(format, "output", "o", "", "json, or nothing for a text")
}

func checkOutput(format string) error {
	if format != "" && format != "json" {
		return fail(exitUsage, "--output: found %q; accepted: json", format)
	}
	return nil
}

func printAs(cmd *cobra.Command, format string, r printed) error {
	if format != "json" {
		return r.print(cmd)
	}
	e := json.NewEncoder(cmd.OutOrStdout())
	e.SetIndent("", "  ")
	return e.Encode(r)
}
