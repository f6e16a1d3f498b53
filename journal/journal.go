package journal

import (
	"errors"
	"fmt"
	"io"
	"os"
	"sync"

	"golang.org/x/sys/unix"

	"datahub.io/slipway/release"
)

// Journal is one open record. Its methods may be called from any goroutine.
type Journal struct {
	mu    sync.Mutex
	store *Store
	id    string
	file  file
	end   int64 // of the file, as it was last seen here
	last  line  // the newest line that is known here
	tried string
	lock  io.Closer
	sole  io.Closer // held until the first entry makes the record visible; may be nil
	err   error     // of the Append that failed; later ones fail too
}

// file is the end of a record on the disk.
type file interface {
	io.WriteCloser
	Name() string
	Sync() error
	Fd() uintptr
}

// Append writes the entry with one write, and returns when it is on the disk. It
// does so only where the record is as it was last seen here; where somebody else has
// written to it since, nothing is written, the error is a *[release.ConflictError] with
// what is there now, and the next Append follows that.
//
// The entry's Seq must be higher than that of the entry before. After a failed write
// nothing is known about the end of the file, so every later Append fails as well until
// Recover.
func (j *Journal) Append(e Entry) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.err != nil {
		return fmt.Errorf("write journal: an earlier write failed: %w", j.err)
	}
	let, err := j.alone()
	if err != nil {
		return fmt.Errorf("write journal: %w", err)
	}
	defer func() { let() }()
	if theirs, err := j.moved(); err != nil {
		return fmt.Errorf("write journal: %w", err)
	} else if theirs {
		let()
		let = func() {}
		before := j.last
		if err := j.reread(); err != nil {
			j.err = err
			return fmt.Errorf("write journal: %w", err)
		}
		if j.last.sum != before.sum {
			return fmt.Errorf("write journal: %w", &release.ConflictError{Entry: j.last.entry})
		}
	}
	if e.Seq <= j.last.entry.Seq {
		return fmt.Errorf("write journal: entry %d does not follow %d", e.Seq, j.last.entry.Seq)
	}
	text, l, err := encode(e, j.last)
	if err != nil {
		return fmt.Errorf("write journal: %w", err)
	}
	j.tried = l.sum
	if j.err = j.write(text); j.err != nil {
		return fmt.Errorf("write journal: %w", j.err)
	}
	j.last, j.end = l, j.end+int64(len(text))
	j.visible()
	return nil
}

// alone keeps others from writing to the file for the length of a write, and lets go of
// it again.
func (j *Journal) alone() (let func(), err error) {
	fd := int(j.file.Fd())
	if err := ignoringEINTRs(func() error { return unix.Flock(fd, unix.LOCK_EX) }); err != nil {
		return nil, err
	}
	return func() { _ = unix.Flock(fd, unix.LOCK_UN) }, nil // it ends with the file as well
}

func ignoringEINTRs(do func() error) error {
	_, err := ignoringEINTR(func() (int, error) { return 0, do() })
	return err
}

// moved tells whether the record goes on elsewhere than it was last seen to end here.
func (j *Journal) moved() (bool, error) {
	var st unix.Stat_t
	if err := unix.Fstat(int(j.file.Fd()), &st); err != nil {
		return false, err
	}
	if st.Nlink == 0 {
		return false, fmt.Errorf("%s: the file was removed: %w", j.file.Name(), os.ErrNotExist)
	}
	return st.Size != j.end, nil
}

// Recover makes a journal whose Append failed take entries again, and gives the
// Seq of the last entry that is on the disk: the write that failed may have
// arrived. Where somebody else has written meanwhile, the error is a
// *[release.ConflictError], and the journal takes entries nevertheless. Its lock is held
// throughout.
func (j *Journal) Recover() (seq int, err error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if errors.Is(j.err, os.ErrClosed) {
		return 0, fmt.Errorf("recover record %s: %w", j.id, j.err)
	}
	before := j.last.sum
	if err := j.reread(); err != nil {
		return 0, fmt.Errorf("recover record %s: %w", j.id, err)
	}
	if now := j.last.sum; now != before && now != j.tried {
		return 0, fmt.Errorf("recover record %s: %w", j.id, &release.ConflictError{Entry: j.last.entry})
	}
	return j.last.entry.Seq, nil
}

// reread goes on from what is on the disk now.
func (j *Journal) reread() error {
	read, err := j.store.read(j.id)
	if err != nil {
		return err
	}
	end, size, err := j.store.openEnd(read)
	if err != nil {
		return err
	}
	j.file.Close() // what it would say is known
	j.file, j.end, j.last, j.err = end, size, read.last, nil
	return nil
}

// visible lets others begin a release again: from now on they see this one.
func (j *Journal) visible() {
	if j.sole != nil {
		j.sole.Close()
		j.sole = nil
	}
}

func (j *Journal) write(line []byte) error {
	if _, err := j.file.Write(line); err != nil {
		return err
	}
	return j.file.Sync()
}

// Path is the file that is being written.
func (j *Journal) Path() string { return j.file.Name() }

// Close lets go of the record. It may be called more than once.
func (j *Journal) Close() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if errors.Is(j.err, os.ErrClosed) {
		return nil
	}
	j.err = os.ErrClosed
	j.visible()
	return errors.Join(j.file.Close(), j.lock.Close())
}

// Discard lets go of a record of which nothing came, and removes it.
func (j *Journal) Discard() error {
	j.mu.Lock()
	err := j.store.discard(j.id)
	j.mu.Unlock()
	return errors.Join(err, j.Close())
}
