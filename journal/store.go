package journal

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
)

// Store is the directory of one service's records in one environment.
type Store struct{ dir string }

// names is what may become part of a path. A plus sign separates the parts of
// a record and is therefore not among it.
var names = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]*$`)

// Open gives the store below the state directory. Nothing is created before
// the first record is.
func Open(stateDir, service, environment string) (*Store, error) {
	for what, name := range map[string]string{"service": service, "environment": environment} {
		if !names.MatchString(name) {
			return nil, fmt.Errorf("open journal: %s: found %q; accepted: letters, digits, dots, dashes and underscores", what, name)
		}
	}
	if stateDir == "" {
		return nil, errors.New("open journal: no state directory")
	}
	return &Store{dir: filepath.Join(stateDir, service, environment)}, nil
}

// Create begins the record id and holds it until Close.
func (s *Store) Create(id string) (*Journal, error) {
	if !names.MatchString(id) {
		return nil, fmt.Errorf("create record: found id %q; accepted: letters, digits, dots, dashes and underscores", id)
	}
	if err := makeDir(s.dir); err != nil {
		return nil, fmt.Errorf("create record %s: %w", id, err)
	}
	lock, err := acquire(s.dir, id)
	if err != nil {
		return nil, err
	}
	file, err := createFile(s.dir, part{id: id}.name())
	if err != nil {
		return nil, fmt.Errorf("create record %s: %w", id, errors.Join(err, lock.Close()))
	}
	return &Journal{store: s, id: id, file: file, lock: lock}, nil
}

// Begin is Create for a release, of which there may be one at a time: while
// another one is unfinished, the error is an *UnfinishedError. Two that begin at
// the same moment are told apart as well.
func (s *Store) Begin(id string) (*Journal, error) {
	if err := makeDir(s.dir); err != nil {
		return nil, fmt.Errorf("create record %s: %w", id, err)
	}
	sole, err := acquire(s.dir, soleLock)
	if err != nil {
		return nil, err
	}
	past, unfinished, err := s.Unfinished()
	if err == nil && unfinished {
		err = &UnfinishedError{Past: past}
	}
	if err != nil {
		return nil, errors.Join(err, sole.Close())
	}
	j, err := s.Create(id)
	if err != nil {
		return nil, errors.Join(err, sole.Close())
	}
	j.sole = sole
	return j, nil
}

// soleLock is held while a release begins. No record has this id.
const soleLock = "begin"

// Reopen picks the record id up where its last intact line left it, and gives
// all intact lines and what was dropped. While another process holds the
// record, the error is a *HeldError.
func (s *Store) Reopen(id string) (*Journal, []Entry, Dropped, error) {
	fail := func(err error) (*Journal, []Entry, Dropped, error) {
		return nil, nil, Dropped{}, fmt.Errorf("reopen record %s: %w", id, err)
	}
	if _, err := os.Stat(filepath.Join(s.dir, part{id: id}.name())); err != nil {
		return fail(err)
	}
	lock, err := acquire(s.dir, id)
	if err != nil {
		return nil, nil, Dropped{}, err
	}
	read, err := s.read(id)
	if err != nil {
		return fail(errors.Join(err, lock.Close()))
	}
	if len(read.entries) == 0 {
		return fail(errors.Join(fmt.Errorf("no intact line; %s", read.dropped), lock.Close()))
	}
	file, err := openEnd(s.dir, read)
	if err != nil {
		return fail(errors.Join(err, lock.Close()))
	}
	j := &Journal{store: s, id: id, file: file, lock: lock, seq: read.entries[len(read.entries)-1].Seq}
	return j, read.entries, read.dropped, nil
}

// Read gives the intact lines of the record id, oldest first, and what was
// dropped. It needs no lock and changes nothing.
func (s *Store) Read(id string) ([]Entry, Dropped, error) {
	read, err := s.read(id)
	if err != nil {
		return nil, Dropped{}, fmt.Errorf("read record %s: %w", id, err)
	}
	return read.entries, read.dropped, nil
}
