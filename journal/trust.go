package journal

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// UntrustedError says that a file or a directory is not used, because somebody
// else could have written it.
type UntrustedError struct {
	Path  string
	Found string // "writable by others (mode 0666)"
	Next  string // what to do about it
}

func (e *UntrustedError) Error() string { return fmt.Sprintf("%s: %s; %s", e.Path, e.Found, e.Next) }

// others is every right to write that somebody else may have.
const others = 0o022

// place is what a directory of the store is.
type place int

const (
	// top is the state directory. It may be root's, and shared as /tmp is: the
	// sticky bit keeps others from what we have in it.
	top place = iota
	// own is a directory below it, which holds records and locks.
	own
)

// trustDir checks an open directory.
func trustDir(st *unix.Stat_t, path string, is place) error {
	shared := is == top && st.Mode&unix.S_ISVTX != 0
	switch {
	case st.Mode&unix.S_IFMT != unix.S_IFDIR:
		return strange(st, path, "a directory")
	case st.Uid != me() && (is != top || st.Uid != 0):
		return owned(st, path)
	case st.Mode&others != 0 && !shared:
		return writable(st, path)
	}
	return nil
}

// trustFile checks an open file.
func trustFile(st *unix.Stat_t, path string) error {
	switch {
	case st.Mode&unix.S_IFMT != unix.S_IFREG:
		return strange(st, path, "a regular file")
	case st.Uid != me():
		return owned(st, path)
	case st.Mode&others != 0:
		return writable(st, path)
	}
	return nil
}

func me() uint32 { return uint32(os.Geteuid()) }

func owned(st *unix.Stat_t, path string) error {
	return &UntrustedError{
		path, fmt.Sprintf("owned by uid %d, not by yours, %d", st.Uid, me()),
		fmt.Sprintf("move it away, or, where its content is yours: chown %d %s", me(), path),
	}
}

func writable(st *unix.Stat_t, path string) error {
	return &UntrustedError{
		path, fmt.Sprintf("writable by others (mode %04o)", st.Mode&0o7777),
		fmt.Sprintf("where its content is as it was: chmod go-w %s", path),
	}
}

func strange(st *unix.Stat_t, path, accepted string) error {
	kinds := map[uint32]string{
		unix.S_IFLNK: "a symbolic link", unix.S_IFDIR: "a directory", unix.S_IFREG: "a regular file", unix.S_IFIFO: "a pipe",
		unix.S_IFSOCK: "a socket", unix.S_IFCHR: "a device", unix.S_IFBLK: "a device",
	}
	next := "move it away"
	if st.Mode&unix.S_IFMT == unix.S_IFLNK {
		next = "links are not followed: move it away, or name what it leads to"
	}
	return &UntrustedError{path, fmt.Sprintf("%s; accepted: %s", kinds[st.Mode&unix.S_IFMT], accepted), next}
}

// openAt opens what a directory holds, following no link and waiting for
// nobody; trust says whether it may be used. dir is unix.AT_FDCWD for a path.
func openAt(dir int, name, path string, flags int, mode os.FileMode, trust func(*unix.Stat_t, string) error) (*os.File, error) {
	var st unix.Stat_t
	if err := unix.Fstatat(dir, name, &st, unix.AT_SYMLINK_NOFOLLOW); err == nil {
		// A pipe or a device would already do something when it is opened.
		if err := trust(&st, path); err != nil && flags&unix.O_EXCL == 0 {
			return nil, err
		}
	}
	fd, err := ignoringEINTR(func() (int, error) {
		return unix.Openat(dir, name, flags|unix.O_NOFOLLOW|unix.O_NONBLOCK|unix.O_CLOEXEC|unix.O_NOCTTY, uint32(mode))
	})
	if err != nil {
		return nil, &os.PathError{Op: "open", Path: path, Err: err}
	}
	err = unix.Fstat(fd, &st)
	if err == nil {
		err = trust(&st, path)
	}
	if err == nil {
		err = unix.SetNonblock(fd, false)
	}
	if err != nil {
		return nil, errors.Join(err, unix.Close(fd))
	}
	return os.NewFile(uintptr(fd), path), nil
}

func ignoringEINTR(open func() (int, error)) (int, error) {
	for {
		fd, err := open()
		if !errors.Is(err, unix.EINTR) {
			return fd, err
		}
	}
}
