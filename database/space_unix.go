//go:build unix

package database

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// free is how many bytes this account can still write into a folder.
func free(dir string) (int64, error) {
	var s unix.Statfs_t
	if err := unix.Statfs(dir, &s); err != nil {
		return 0, fmt.Errorf("see how much space %s has: %w", dir, err)
	}
	return int64(s.Bavail) * int64(s.Bsize), nil //nolint:unconvert // their types differ from system to system
}

// seize takes a file for this process alone, for as long as it has it open; false: another has it.
func seize(fd uintptr) bool { return unix.Flock(int(fd), unix.LOCK_EX|unix.LOCK_NB) == nil }
