package journal

import (
	"errors"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// Examine looks at everything that the store would use, and tries to write as a
// release does. Its errors say what is wrong and what to do; more than a few are
// not listed.
func (s *Store) Examine() []error {
	if s.stateDir == "" {
		return []error{errNoStateDir}
	}
	d, err := s.deepest()
	if err != nil {
		return []error{err}
	}
	defer d.close()
	const most = 10
	var found []error
	if d.f.Name() == s.path() {
		list, err := d.names()
		if err != nil {
			return []error{err}
		}
		for _, name := range list {
			var st unix.Stat_t
			if unix.Fstatat(d.fd(), name, &st, unix.AT_SYMLINK_NOFOLLOW) != nil {
				continue // it has gone
			}
			if err := trustFile(&st, d.path(name)); err != nil && len(found) < most {
				found = append(found, err)
			}
		}
	}
	if err := d.tryWriting(); err != nil {
		found = append(found, err)
	}
	return found
}

// deepest opens the directory of the records, or the nearest one above it that is
// there already.
func (s *Store) deepest() (folder, error) {
	d, err := openTop(s.stateDir, false)
	if errors.Is(err, os.ErrNotExist) {
		at := s.stateDir
		for errors.Is(err, os.ErrNotExist) && filepath.Dir(at) != at {
			at = filepath.Dir(at)
			var f *os.File
			f, err = openAt(unix.AT_FDCWD, at+"/.", at, dirFlags, 0, isDir)
			d = folder{f}
		}
		return d, err
	}
	for _, name := range []string{s.service, s.environment} {
		if err != nil {
			return folder{}, err
		}
		f, missing := openAt(d.fd(), name, d.path(name), dirFlags, 0, trustOwn)
		if errors.Is(missing, os.ErrNotExist) {
			return d, nil
		}
		d.close()
		d, err = folder{f}, missing
	}
	return d, err
}

// isDir trusts any directory: only the state directory and what is below it has
// to be ours.
func isDir(st *unix.Stat_t, path string) error {
	if st.Mode&unix.S_IFMT != unix.S_IFDIR {
		return strange(st, path, "a directory")
	}
	return nil
}

// probeSize is more than the records of many releases need: a full disk still has
// room for names.
const probeSize = 256 << 10

func (d folder) tryWriting() error {
	name := ".check-" + token()
	f, err := d.create(name)
	if err != nil {
		return err
	}
	_, err = f.Write(make([]byte, probeSize))
	err = errors.Join(err, f.Sync(), f.Close())
	return errors.Join(err, d.remove(name))
}
