// Slipway is a release console for Kubernetes.
package main

import (
	"os"

	"datahub.io/slipway/cli"
)

func main() { os.Exit(cli.Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) }
