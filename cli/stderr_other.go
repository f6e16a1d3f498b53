//go:build !linux

package cli

import (
	"os"

	"golang.org/x/sys/unix"
)

// duplicate gives another descriptor of an open file.
func duplicate(f *os.File) (*os.File, error) {
	fd, err := unix.FcntlInt(f.Fd(), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(fd), f.Name()), nil
}

// onto makes one descriptor mean what another does.
func onto(from, to *os.File) error { return unix.Dup2(int(from.Fd()), int(to.Fd())) }
