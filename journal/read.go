package journal

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

const suffix = ".jsonl"

// part is one file of a record: <id>.jsonl, then <id>+1.jsonl, and so on.
type part struct {
	id     string
	number int
}

func (p part) name() string {
	if p.number == 0 {
		return p.id + suffix
	}
	return fmt.Sprintf("%s+%d%s", p.id, p.number, suffix)
}

// partOf reads a file name back.
func partOf(name string) (part, bool) {
	base, ok := strings.CutSuffix(name, suffix)
	if !ok {
		return part{}, false
	}
	id, digits, more := strings.Cut(base, "+")
	p := part{id: id}
	if more {
		n, err := strconv.Atoi(digits)
		if err != nil || n < 1 {
			return part{}, false
		}
		p.number = n
	}
	return p, names.MatchString(id) && p.name() == name
}

// records gives the parts of every record of the store, by id, in order.
func (s *Store) records() (map[string][]part, error) {
	entries, err := os.ReadDir(s.dir)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	all := map[string][]part{}
	for _, entry := range entries {
		if p, ok := partOf(entry.Name()); ok {
			all[p.id] = append(all[p.id], p)
		}
	}
	for _, parts := range all {
		slices.SortFunc(parts, func(a, b part) int { return cmp.Compare(a.number, b.number) })
	}
	return all, nil
}

// record is everything that was read of one record.
type record struct {
	parts   []part
	entries []Entry
	dropped Dropped
	whole   bool // the last part ends in an intact line, or is empty
}

func (s *Store) read(id string) (record, error) {
	all, err := s.records()
	if err != nil {
		return record{}, err
	}
	r := record{parts: all[id]}
	if len(r.parts) == 0 {
		return record{}, fmt.Errorf("%s: %w", filepath.Join(s.dir, part{id: id}.name()), os.ErrNotExist)
	}
	for _, p := range r.parts {
		path := filepath.Join(s.dir, p.name())
		text, err := os.ReadFile(path)
		if err != nil {
			return record{}, err
		}
		if err := r.join(path, text); err != nil {
			return record{}, err
		}
	}
	return r, nil
}

// join adds one part. A damaged line is dropped; the lines after it still
// count, because each carries the whole record, as long as their numbers rise.
func (r *record) join(path string, text []byte) error {
	r.whole = true
	for number := 1; len(text) > 0; number++ {
		line, rest, ended := bytes.Cut(text, []byte{'\n'})
		e, err := decode(line)
		if !ended {
			err = errCutShort
		}
		if last := len(r.entries) - 1; err == nil && last >= 0 && e.Seq <= r.entries[last].Seq {
			err = fmt.Errorf("number %d does not follow %d", e.Seq, r.entries[last].Seq)
		}
		var foreign *FormatError
		if errors.As(err, &foreign) {
			foreign.Path = path
			return foreign
		}
		if r.whole = err == nil; r.whole {
			r.entries = append(r.entries, e)
		} else {
			r.dropped.add(len(text)-len(rest), fmt.Sprintf("%s:%d: %v", filepath.Base(path), number, err))
		}
		text = rest
	}
	return nil
}
