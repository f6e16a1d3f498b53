package up

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// The files of a sandbox's directory.
const (
	marker      = "sandbox.lock" // held while the sandbox lives; its presence says that the directory is ours
	readyFile   = "ready"
	controlFile = "control"
)

// Dir is a sandbox's directory, held by this process.
type Dir struct {
	path string
	lock *os.File
}

// claim makes a directory ready for a new sandbox: it is created if need be, held against others, and emptied of what an earlier sandbox left.
// A directory with files that no sandbox made, or with a running sandbox somewhere below, is refused.
func claim(path string) (*Dir, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(path, 0o755); err != nil {
		return nil, err
	}
	entries, err := os.ReadDir(path)
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(filepath.Join(path, marker)); len(entries) > 0 && errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("%s is not empty and not a sandbox's: it holds %s; choose another with --dir", path, entries[0].Name())
	}
	lock, err := os.OpenFile(filepath.Join(path, marker), os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		owner, _ := os.ReadFile(lock.Name())
		lock.Close()
		return nil, fmt.Errorf("%s is in use by a running sandbox (process %s); end that one, or choose another with --dir", path, strings.TrimSpace(string(owner)))
	}
	if inner := held(path); inner != "" {
		lock.Close()
		return nil, fmt.Errorf("%s is in use by a running sandbox, and lies in %s; end that one, or choose another with --dir", inner, path)
	}
	for _, e := range entries {
		if e.Name() == marker {
			continue
		}
		if err := os.RemoveAll(filepath.Join(path, e.Name())); err != nil {
			return nil, err
		}
	}
	if err := lock.Truncate(0); err != nil {
		return nil, err
	}
	if _, err := fmt.Fprintf(lock, "%d\n", os.Getpid()); err != nil {
		return nil, err
	}
	for _, sub := range []string{"log", "pki", "state"} {
		if err := os.Mkdir(filepath.Join(path, sub), 0o700); err != nil {
			return nil, err
		}
	}
	return &Dir{path, lock}, nil
}

// held returns a directory below path that a running sandbox holds, if there is one.
func held(path string) string {
	var found string
	_ = filepath.WalkDir(path, func(file string, e fs.DirEntry, err error) error {
		if err != nil || e.Name() != marker || filepath.Dir(file) == path {
			return nil
		}
		lock, err := os.Open(file)
		if err != nil {
			return nil
		}
		defer lock.Close()
		if syscall.Flock(int(lock.Fd()), syscall.LOCK_SH|syscall.LOCK_NB) != nil {
			found = filepath.Dir(file)
			return fs.SkipAll
		}
		return nil
	})
	return found
}

// retract takes away what says that the sandbox runs.
func (d *Dir) retract() {
	for _, name := range []string{readyFile, controlFile} {
		os.Remove(d.file(name))
	}
}

// release gives the directory up to the next sandbox. Until that comes, data and logs stay.
func (d *Dir) release() {
	d.retract()
	d.lock.Close()
}

func (d *Dir) file(names ...string) string {
	return filepath.Join(append([]string{d.path}, names...)...)
}

// write writes a file in one step, so that no reader ever sees half of it.
func (d *Dir) write(name string, data []byte, mode os.FileMode) error {
	partial := d.file(name + ".partial")
	if err := os.WriteFile(partial, data, mode); err != nil {
		return err
	}
	return os.Rename(partial, d.file(name))
}
