package journal

import (
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
)

// Journal is one open record. Its methods may be called from any goroutine.
type Journal struct {
	mu    sync.Mutex
	store *Store
	id    string
	file  file
	lock  io.Closer
	sole  io.Closer // held until the first entry makes the record visible; may be nil
	seq   int
	err   error // of the Append that failed; later ones fail too
}

// file is the end of a record on the disk.
type file interface {
	io.WriteCloser
	Name() string
	Sync() error
}

// Append writes the entry with one write, and returns when it is on the disk.
// Its Seq must be higher than that of the entry before. After a failed write
// nothing is known about the end of the file, so every later Append fails as
// well until Recover.
func (j *Journal) Append(e Entry) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.err != nil {
		return fmt.Errorf("write journal: an earlier write failed: %w", j.err)
	}
	if e.Seq <= j.seq {
		return fmt.Errorf("write journal: entry %d does not follow %d", e.Seq, j.seq)
	}
	line, err := encode(e)
	if err != nil {
		return fmt.Errorf("write journal: %w", err)
	}
	if j.err = j.write(line); j.err != nil {
		return fmt.Errorf("write journal: %w", j.err)
	}
	j.seq = e.Seq
	j.visible()
	return nil
}

// Recover makes a journal whose Append failed take entries again, and gives the
// Seq of the last entry that is on the disk: the write that failed may have
// arrived. The record stays held all the while.
func (j *Journal) Recover() (seq int, err error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if errors.Is(j.err, os.ErrClosed) {
		return 0, fmt.Errorf("recover record %s: %w", j.id, j.err)
	}
	read, err := j.store.read(j.id)
	if err != nil {
		return 0, fmt.Errorf("recover record %s: %w", j.id, err)
	}
	end, err := j.store.openEnd(read)
	if err != nil {
		return 0, fmt.Errorf("recover record %s: %w", j.id, err)
	}
	j.file.Close() // what it would say is known: its last write failed
	j.file, j.err = end, nil
	if n := len(read.entries); n > 0 {
		j.seq = read.entries[n-1].Seq
	}
	return j.seq, nil
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
