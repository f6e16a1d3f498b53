package journal

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

const (
	dirMode  = 0o700
	fileMode = 0o600
	dirFlags = unix.O_RDONLY | unix.O_DIRECTORY
)

// folder is an open directory of the store. Everything in it is reached through
// it, so that what was checked is what is used.
type folder struct{ f *os.File }

func (d folder) close()                  { d.f.Close() }
func (d folder) path(name string) string { return filepath.Join(d.f.Name(), name) }
func (d folder) fd() int                 { return int(d.f.Fd()) }
func (d folder) sync() error             { return d.f.Sync() }

// errNoStateDir is that of a store without a directory.
var errNoStateDir = errors.New("no state directory: neither HOME nor XDG_STATE_HOME says where; name one with --state-dir or stateDir")

// openTop opens the state directory.
func openTop(stateDir string, create bool) (folder, error) {
	if stateDir == "" {
		return folder{}, errNoStateDir
	}
	if create {
		if err := makeDir(stateDir); err != nil {
			return folder{}, err
		}
	}
	f, err := openAt(unix.AT_FDCWD, stateDir, stateDir, dirFlags, 0, trustTop)
	return folder{f}, err
}

func trustTop(st *unix.Stat_t, path string) error { return trustDir(st, path, top) }
func trustOwn(st *unix.Stat_t, path string) error { return trustDir(st, path, own) }

// folder opens the directory of the records.
func (s *Store) folder(create bool) (folder, error) {
	d, err := openTop(s.stateDir, create)
	for _, name := range []string{s.service, s.environment} {
		if err != nil {
			return folder{}, err
		}
		up := d
		if create {
			err = up.makeDir(name)
		}
		if err == nil {
			d.f, err = openAt(up.fd(), name, up.path(name), dirFlags, 0, trustOwn)
		}
		up.close()
	}
	return d, err
}

func (d folder) makeDir(name string) error {
	err := unix.Mkdirat(d.fd(), name, dirMode)
	switch {
	case errors.Is(err, unix.EEXIST):
		return nil
	case err != nil:
		return &os.PathError{Op: "mkdir", Path: d.path(name), Err: err}
	}
	return d.sync()
}

// open opens a file that is there.
func (d folder) open(name string, flags int) (*os.File, error) {
	return openAt(d.fd(), name, d.path(name), flags, 0, trustFile)
}

// create creates a file that must not exist, and makes its name durable.
func (d folder) create(name string) (*os.File, error) {
	f, err := openAt(d.fd(), name, d.path(name), os.O_CREATE|os.O_EXCL|os.O_WRONLY|os.O_APPEND, fileMode, trustFile)
	if err != nil {
		return nil, err
	}
	if err := d.sync(); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// read reads a file of a bounded size.
func (d folder) read(name string, bound int64) ([]byte, error) {
	f, err := d.open(name, os.O_RDONLY)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, bound+1))
	if err == nil && int64(len(text)) > bound {
		return nil, fmt.Errorf("%s: larger than %d MiB, which no record is; move it away", f.Name(), bound>>20)
	}
	return text, err
}

func (d folder) exists(name string) error {
	var st unix.Stat_t
	if err := unix.Fstatat(d.fd(), name, &st, unix.AT_SYMLINK_NOFOLLOW); err != nil {
		return &os.PathError{Op: "stat", Path: d.path(name), Err: err}
	}
	return nil
}

func (d folder) remove(name string) error {
	if err := unix.Unlinkat(d.fd(), name, 0); err != nil {
		return &os.PathError{Op: "remove", Path: d.path(name), Err: err}
	}
	return nil
}

// makeDir creates dir and its missing parents and makes their names durable.
func makeDir(dir string) error {
	if info, err := os.Stat(dir); err == nil && info.IsDir() {
		return nil
	}
	parent := filepath.Dir(dir)
	if parent != dir {
		if err := makeDir(parent); err != nil {
			return err
		}
	}
	if err := os.Mkdir(dir, dirMode); err != nil && !errors.Is(err, os.ErrExist) {
		return err
	}
	d, err := os.Open(parent)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
