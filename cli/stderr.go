package cli

import (
	"os"
	"time"

	"golang.org/x/sys/unix"

	"datahub.io/slipway/journal"
)

// logBound is how large stderr.log gets, and logEvery how often that is looked at.
const (
	logBound = 1 << 20
	logEvery = 10 * time.Second
)

// quietStderr sends what others write to standard error into a file while the
// screen is up: a credential plugin's complaint would tear it. It gives the way
// back. Without a file to write to, it is dropped.
func quietStderr(stateDir string) (restore func()) {
	file := openLog(stateDir)
	if file == nil {
		return func() {}
	}
	kept, err := duplicate(os.Stderr)
	if err != nil {
		file.Close()
		return func() {}
	}
	if err := onto(file, os.Stderr); err != nil {
		file.Close()
		kept.Close()
		return func() {}
	}
	ended := make(chan struct{})
	go func() {
		defer file.Close()
		tick := time.NewTicker(logEvery)
		defer tick.Stop()
		for {
			select {
			case <-ended:
				return
			case <-tick.C:
				bounded(file)
			}
		}
	}()
	return func() {
		close(ended)
		_ = onto(kept, os.Stderr) // there is nowhere left to say that it failed
		kept.Close()
	}
}

// openLog opens the log, or what drops everything where there can be none; nil
// where not even that can be opened.
func openLog(stateDir string) *os.File {
	file, err := journal.OpenLog(stateDir, "stderr.log")
	if err != nil {
		file, err = os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	}
	if err != nil {
		return nil
	}
	bounded(file)
	return file
}

// bounded empties a log that has become too large: what comes next counts more.
func bounded(file *os.File) {
	if info, err := file.Stat(); err == nil && info.Mode().IsRegular() && info.Size() >= logBound {
		_ = file.Truncate(0) // the next look tries again
	}
}

// duplicate gives another descriptor of an open file.
func duplicate(f *os.File) (*os.File, error) {
	fd, err := unix.FcntlInt(f.Fd(), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(fd), f.Name()), nil
}
