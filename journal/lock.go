package journal

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

func lockPath(dir, id string) string { return filepath.Join(dir, id+".lock") }

// acquire takes the record's lock, which ends with the process or with Close,
// and leaves the process id in it for others to name. The lock file stays: a
// file that comes and goes cannot be locked without a race.
func acquire(dir, id string) (*os.File, error) {
	f, err := os.OpenFile(lockPath(dir, id), os.O_CREATE|os.O_RDWR, fileMode)
	if err != nil {
		return nil, fmt.Errorf("lock record %s: %w", id, err)
	}
	if err := flockPatiently(f); err != nil {
		held := errors.Is(err, unix.EWOULDBLOCK)
		err = errors.Join(err, f.Close())
		if held {
			return nil, &HeldError{ID: id, PID: pidIn(dir, id)}
		}
		return nil, fmt.Errorf("lock record %s: %w", id, err)
	}
	// The lock holds without it: on a full disk it only has no name.
	_ = writePID(f)
	return f, nil
}

func writePID(f *os.File) error {
	if err := f.Truncate(0); err != nil {
		return err
	}
	_, err := f.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0)
	return err
}

// holder tells whether a live process holds the record, and which: 0 when it
// has not said.
func holder(dir, id string) (pid int, held bool) {
	f, err := os.Open(lockPath(dir, id))
	if err != nil {
		return 0, false
	}
	defer f.Close()
	if flock(f, unix.LOCK_SH|unix.LOCK_NB) == nil {
		return 0, false // closing lets it go again
	}
	return pidIn(dir, id), true
}

// flockPatiently outlasts those who only look whether the lock is held, as
// holder does for an instant.
func flockPatiently(f *os.File) (err error) {
	for range 10 {
		if err = flock(f, unix.LOCK_EX|unix.LOCK_NB); !errors.Is(err, unix.EWOULDBLOCK) {
			return err
		}
		time.Sleep(10 * time.Millisecond)
	}
	return err
}

func flock(f *os.File, how int) error {
	for {
		err := unix.Flock(int(f.Fd()), how)
		if !errors.Is(err, unix.EINTR) {
			return err
		}
	}
}

func pidIn(dir, id string) int {
	text, err := os.ReadFile(lockPath(dir, id))
	if err != nil {
		return 0
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		return 0
	}
	return pid
}
