package cli

import (
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// quietStderr sends what others write to standard error into a file while the
// screen is up: a credential plugin's complaint would tear it. It gives the way
// back. Without a file to write to, it is dropped.
func quietStderr(stateDir string) (restore func()) {
	file, err := openLog(stateDir)
	if err != nil {
		return func() {}
	}
	defer file.Close()
	kept, err := duplicate(os.Stderr)
	if err != nil {
		return func() {}
	}
	if err := onto(file, os.Stderr); err != nil {
		kept.Close()
		return func() {}
	}
	return func() {
		_ = onto(kept, os.Stderr) // there is nowhere left to say that it failed
		kept.Close()
	}
}

func openLog(stateDir string) (*os.File, error) {
	if err := os.MkdirAll(stateDir, 0o700); err == nil {
		file, err := os.OpenFile(filepath.Join(stateDir, "stderr.log"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
		if err == nil {
			return file, nil
		}
	}
	return os.OpenFile(os.DevNull, os.O_WRONLY, 0)
}

// duplicate gives another descriptor of an open file.
func duplicate(f *os.File) (*os.File, error) {
	fd, err := unix.FcntlInt(f.Fd(), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(fd), f.Name()), nil
}
