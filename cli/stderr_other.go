//go:build !linux

package cli

import (
	"os"

	"golang.org/x/sys/unix"
)

// onto makes one descriptor mean what another does.
func onto(from, to *os.File) error { return unix.Dup2(int(from.Fd()), int(to.Fd())) }
