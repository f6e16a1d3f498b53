package journal

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"sync"

	"datahub.io/slipway/release"
)

// Store is the directory of one service's records in one environment. Its
// methods may be called from any goroutine.
type Store struct {
	stateDir, service, environment string

	// Foreign says why a record is about something else than what this store is
	// asked about, or "". Such a record is listed, and stands against nothing. It
	// may be set before the store is used.
	Foreign func(release.Record) string

	mu      sync.Mutex
	names   names           // of the records, as they were last read
	settled map[string]bool // nil: not read yet
	known   map[string]Past // of settled records
}

// accepted is what may become part of a path. A plus sign separates the parts of
// a record and is therefore not among it.
var accepted = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]*$`)

// Open gives the store below the state directory. Nothing is created before
// the first record is. Without a state directory there are no records, and none
// can be written; each use of the store says so.
func Open(stateDir, service, environment string) (*Store, error) {
	for what, name := range map[string]string{"service": service, "environment": environment} {
		if !accepted.MatchString(name) {
			return nil, fmt.Errorf("open journal: %s: found %q; accepted: letters, digits, dots, dashes and underscores", what, name)
		}
	}
	return &Store{
		stateDir: stateDir, service: service, environment: environment,
		Foreign: func(release.Record) string { return "" },
		known:   map[string]Past{},
	}, nil
}

// Create begins the record id and holds it until Close.
func (s *Store) Create(id string) (*Journal, error) {
	if !accepted.MatchString(id) {
		return nil, fmt.Errorf("create record: found id %q; accepted: letters, digits, dots, dashes and underscores", id)
	}
	d, err := s.folder(true)
	if err != nil {
		return nil, fmt.Errorf("create record %s: %w", id, err)
	}
	defer d.close()
	lock, err := d.acquire(id)
	if err != nil {
		return nil, err
	}
	file, err := d.create(part{id: id}.name())
	if err != nil {
		return nil, fmt.Errorf("create record %s: %w", id, errors.Join(err, lock.Close()))
	}
	return &Journal{store: s, id: id, file: file, lock: lock}, nil
}

// Begin is Create for a release, of which there may be one at a time: while
// another one is unfinished, the error is an *UnfinishedError. Two that begin at
// the same moment are told apart as well.
func (s *Store) Begin(id string) (*Journal, error) {
	d, err := s.folder(true)
	if err != nil {
		return nil, fmt.Errorf("create record %s: %w", id, err)
	}
	defer d.close()
	sole, err := d.acquire(soleLock)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	s.names = names{} // what was written this very moment counts
	s.mu.Unlock()
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
	d, err := s.folder(false)
	if err != nil {
		return fail(err)
	}
	defer d.close()
	if err := d.exists(part{id: id}.name()); err != nil {
		return fail(err)
	}
	lock, err := d.acquire(id)
	if err != nil {
		return nil, nil, Dropped{}, err
	}
	d.handedOver(id)
	read, err := s.read(id)
	if err != nil {
		return fail(errors.Join(err, lock.Close()))
	}
	if len(read.entries) == 0 {
		return fail(errors.Join(fmt.Errorf("no intact line; %s", read.dropped), lock.Close()))
	}
	file, size, err := s.openEnd(read)
	if err != nil {
		return fail(errors.Join(err, lock.Close()))
	}
	j := &Journal{store: s, id: id, file: file, end: size, lock: lock, last: read.last}
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

// openEnd opens the file that the record goes on in: the last part, or a new
// one when the last part ends in something damaged. size is what was read of it.
func (s *Store) openEnd(read record) (f *os.File, size int64, err error) {
	d, err := s.folder(false)
	if err != nil {
		return nil, 0, err
	}
	defer d.close()
	last := read.parts[len(read.parts)-1]
	if read.whole {
		f, err = d.open(last.name(), os.O_WRONLY|os.O_APPEND)
		return f, read.size, err
	}
	last.number++
	f, err = d.create(last.name())
	return f, 0, err
}

// discard removes a record.
func (s *Store) discard(id string) error {
	d, err := s.folder(false)
	if err != nil {
		return err
	}
	defer d.close()
	all, err := d.records()
	for _, p := range all[id] {
		err = errors.Join(err, d.remove(p.name()))
	}
	if d.exists(id+readingsSuffix) == nil {
		err = errors.Join(err, d.remove(id+readingsSuffix))
	}
	return err
}

// path is where the records are, for people.
func (s *Store) path() string { return filepath.Join(s.stateDir, s.service, s.environment) }
