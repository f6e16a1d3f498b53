package journal

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	"datahub.io/slipway/release"
)

// recent is how many of the newest records are listed beside those that are not
// settled.
const recent = 20

// Past is one record of the store in short.
type Past struct {
	ID     string
	At     time.Time // of the last intact line
	Record release.Record
	Driver *Holder // the process that holds it; nil: none does
	Err    string  // why it is not read; Record is empty then
	Format int     // it is of this other format; 0: it is not
	// Suspect tells of a record that is not read: it may be of a release that
	// somebody still has to do something about.
	Suspect bool
	// Foreign says what else than the store is asked about it is of, or "".
	Foreign string
}

// Unfinished tells whether somebody still has to do something about it: its
// phase is not over, or the outcome of a change or of a task is not known.
func (p Past) Unfinished() bool {
	return p.Err == "" && (!p.Record.Phase.Over() || p.Record.Pending != nil || p.Record.InFlight() != nil)
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

// List gives the records that can matter, newest first: all that are not settled,
// and the newest of those that are. Only their ends are read. A record that cannot
// be read is listed with its error.
func (s *Store) List() ([]Past, error) {
	d, err := s.folder(false)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("list records: %w", err)
	}
	defer d.close()
	s.mu.Lock()
	defer s.mu.Unlock()
	all, ids, err := s.records(d)
	if err != nil {
		return nil, fmt.Errorf("list records: %w", err)
	}
	s.recall(d)
	var list []Past
	var fresh []string // settled since
	for i, id := range ids {
		newest := len(ids)-i <= recent
		if s.settled[id] && !newest {
			continue
		}
		past, known := s.known[id]
		if !known {
			past = d.look(id, all[id], s.settled[id])
			if past.over() && !s.settled[id] {
				fresh = append(fresh, id)
			}
			if past.over() && newest {
				s.known[id] = past
			}
		}
		if past.ID != "" && (newest || !past.over()) {
			past.Foreign = s.foreign(past)
			list = append(list, past)
		}
	}
	s.settle(d, fresh)
	slices.SortFunc(list, func(a, b Past) int {
		return cmp.Or(b.At.Compare(a.At), cmp.Compare(b.ID, a.ID))
	})
	return list, nil
}

func (s *Store) foreign(p Past) string {
	if p.Err != "" {
		return ""
	}
	return s.Foreign(p.Record)
}

// Unfinished gives the newest record that somebody still has to do something
// about. Where one that is not read may be such a record, the error is a
// *SuspectError.
func (s *Store) Unfinished() (Past, bool, error) {
	list, err := s.List()
	if err != nil {
		return Past{}, false, err
	}
	for _, past := range list {
		if past.Suspect {
			return Past{}, false, &SuspectError{past}
		}
	}
	i := slices.IndexFunc(list, func(p Past) bool { return p.Unfinished() && p.Foreign == "" })
	if i < 0 {
		return Past{}, false, nil
	}
	return list[i], true, nil
}

// over tells whether nobody will ever write to it again.
func (p Past) over() bool { return p.ID != "" && p.Err == "" && !p.Unfinished() && p.Driver == nil }

// look reads the end of one record. Who holds it is looked at first: what nobody
// holds does not change any more while it is read. Of a record that was begun, and
// ended before anything was written, there is nothing.
func (d folder) look(id string, parts []part, settled bool) Past {
	past := Past{ID: id}
	if !settled {
		past.Driver = d.holder(id)
	}
	e, found, err := d.last(parts)
	var foreign *FormatError
	switch {
	case errors.As(err, &foreign):
		past.Err, past.Format, past.Suspect = err.Error(), foreign.Found, !foreign.Over
	case err != nil:
		past.Err, past.Suspect = err.Error(), !errors.Is(err, os.ErrNotExist)
	case found:
		past.At, past.Record = e.At, e.Record
	case d.empty(parts):
		return Past{}
	default:
		past.Err = "no intact line"
	}
	return past
}

// empty tells whether nothing was ever written to a record.
func (d folder) empty(parts []part) bool {
	for _, p := range parts {
		f, err := d.open(p.name(), os.O_RDONLY)
		if err != nil {
			return false
		}
		info, err := f.Stat()
		f.Close()
		if err != nil || info.Size() > 0 {
			return false
		}
	}
	return true
}

// last gives the last intact line of a record.
func (d folder) last(parts []part) (Entry, bool, error) {
	for _, p := range slices.Backward(parts) {
		e, found, err := d.lastIn(p.name())
		var foreign *FormatError
		if errors.As(err, &foreign) {
			foreign.Path = d.path(p.name())
		}
		if found || err != nil {
			return e, found, err
		}
	}
	return Entry{}, false, nil
}

// tailBlock is how much of a file is read at first; four times as much when no
// intact line is in it.
const tailBlock = 16 << 10

func (d folder) lastIn(name string) (Entry, bool, error) {
	f, err := d.open(name, os.O_RDONLY)
	if err != nil {
		return Entry{}, false, err
	}
	defer f.Close()
	size, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return Entry{}, false, err
	}
	for length := int64(tailBlock); ; length = min(4*length, partBound) {
		start := max(size-length, 0)
		text := make([]byte, size-start)
		if _, err := f.ReadAt(text, start); err != nil && !errors.Is(err, io.EOF) {
			return Entry{}, false, err
		}
		e, found, err := lastOf(text)
		if found || err != nil || start == 0 || length == partBound {
			return e, found, err
		}
	}
}

// lastOf gives the last intact line of a text that may begin and end anywhere.
func lastOf(text []byte) (Entry, bool, error) {
	end := bytes.LastIndexByte(text, '\n')
	for end >= 0 {
		begin := bytes.LastIndexByte(text[:end], '\n') + 1
		l, err := decode(text[begin:end])
		if err == nil {
			return l.entry, true, nil
		}
		if foreign := new(FormatError); errors.As(err, &foreign) {
			return Entry{}, false, err
		}
		end = begin - 1
	}
	return Entry{}, false, nil
}

// All gives every record of the store, newest first, settled or not.
func (s *Store) All() ([]Past, error) {
	d, err := s.folder(false)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("list records: %w", err)
	}
	defer d.close()
	all, err := d.records()
	if err != nil {
		return nil, fmt.Errorf("list records: %w", err)
	}
	var list []Past
	for id, parts := range all {
		if past := d.look(id, parts, false); past.ID != "" {
			past.Foreign = s.foreign(past)
			list = append(list, past)
		}
	}
	slices.SortFunc(list, func(a, b Past) int {
		return cmp.Or(b.At.Compare(a.At), cmp.Compare(b.ID, a.ID))
	})
	return list, nil
}
