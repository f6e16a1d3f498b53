package journal

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"datahub.io/slipway/release"
)

// Past is one record of the store in short.
type Past struct {
	ID     string
	At     time.Time // of the last intact line
	Record release.Record
	Driver int    // the process that holds it: 0 when nobody does, -1 when it has not said
	Err    string // why it cannot be read; Record is empty then
}

// Unfinished tells whether somebody still has to do something about it: its
// phase is not over, or the outcome of a change is not known.
func (p Past) Unfinished() bool {
	return p.Err == "" && (!p.Record.Phase.Over() || p.Record.Pending != nil)
}

// Why is the record's outcome in one line, as far as it needs one: what an
// automatic decision was made from, what it is held for, or how the last
// change ended.
func (p Past) Why() string {
	switch r := p.Record; {
	case p.Err != "":
		return p.Err
	case r.Auto != "":
		return r.Auto
	case r.Held != nil:
		return r.Held.Reason
	case r.Last != nil:
		return r.Last.Text
	default:
		return ""
	}
}

// List gives the records of the store, newest first. Only the end of each file
// is read, so it stays quick with years of releases. A record that cannot be
// read is listed with its error.
func (s *Store) List() ([]Past, error) {
	all, err := s.records()
	if err != nil {
		return nil, fmt.Errorf("list records: %w", err)
	}
	var list []Past
	for id, parts := range all {
		past := Past{ID: id}
		e, found, err := s.last(parts)
		switch {
		case err != nil:
			past.Err = err.Error()
		case found:
			past.At, past.Record = e.At, e.Record
		case s.empty(parts):
			continue // begun, and ended before anything was written
		default:
			past.Err = "no intact line"
		}
		if pid, held := holder(s.dir, id); held {
			past.Driver = cmp.Or(pid, -1)
		}
		list = append(list, past)
	}
	slices.SortFunc(list, func(a, b Past) int {
		return cmp.Or(b.At.Compare(a.At), cmp.Compare(b.ID, a.ID))
	})
	return list, nil
}

// Unfinished gives the newest record that somebody still has to do something
// about.
func (s *Store) Unfinished() (Past, bool, error) {
	list, err := s.List()
	if err != nil {
		return Past{}, false, err
	}
	i := slices.IndexFunc(list, Past.Unfinished)
	if i < 0 {
		return Past{}, false, nil
	}
	return list[i], true, nil
}

// empty tells whether nothing was ever written to a record.
func (s *Store) empty(parts []part) bool {
	for _, p := range parts {
		if info, err := os.Stat(filepath.Join(s.dir, p.name())); err != nil || info.Size() > 0 {
			return false
		}
	}
	return true
}

// last gives the last intact line of a record.
func (s *Store) last(parts []part) (Entry, bool, error) {
	for _, p := range slices.Backward(parts) {
		path := filepath.Join(s.dir, p.name())
		e, found, err := lastIn(path)
		var foreign *FormatError
		if errors.As(err, &foreign) {
			foreign.Path = path
		}
		if found || err != nil {
			return e, found, err
		}
	}
	return Entry{}, false, nil
}

// tailBlock is how much of a file is read at first, and by how much more when
// no intact line is in it.
const tailBlock = 64 << 10

func lastIn(path string) (Entry, bool, error) {
	f, err := os.Open(path)
	if err != nil {
		return Entry{}, false, err
	}
	defer f.Close()
	size, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return Entry{}, false, err
	}
	for length := int64(tailBlock); ; length *= 4 {
		start := max(size-length, 0)
		text := make([]byte, size-start)
		if _, err := f.ReadAt(text, start); err != nil && !errors.Is(err, io.EOF) {
			return Entry{}, false, err
		}
		e, found, err := lastOf(text)
		if found || err != nil || start == 0 {
			return e, found, err
		}
	}
}

// lastOf gives the last intact line of a text that may begin and end anywhere.
func lastOf(text []byte) (Entry, bool, error) {
	end := bytes.LastIndexByte(text, '\n')
	for end >= 0 {
		begin := bytes.LastIndexByte(text[:end], '\n') + 1
		e, err := decode(text[begin:end])
		if err == nil {
			return e, true, nil
		}
		if foreign := new(FormatError); errors.As(err, &foreign) {
			return Entry{}, false, err
		}
		end = begin - 1
	}
	return Entry{}, false, nil
}
