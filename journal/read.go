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
	return p, accepted.MatchString(id) && p.name() == name
}

// records gives the parts of every record in the directory, by id, in order.
func (d folder) records() (map[string][]part, error) {
	entries, err := d.names()
	if err != nil {
		return nil, err
	}
	all := map[string][]part{}
	for _, name := range entries {
		if p, ok := partOf(name); ok {
			all[p.id] = append(all[p.id], p)
		}
	}
	for _, parts := range all {
		slices.SortFunc(parts, func(a, b part) int { return cmp.Compare(a.number, b.number) })
	}
	return all, nil
}

// names lists the directory from its beginning.
func (d folder) names() ([]string, error) {
	if _, err := d.f.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	return d.f.Readdirnames(-1)
}

// record is everything that was read of one record.
type record struct {
	parts   []part
	entries []Entry
	last    line     // the last intact one
	breaks  []string // where the chain of the lines does not hold
	// unlinked are lines of a format that does not chain them.
	unlinked int
	dropped  Dropped
	size     int64        // of the last part
	whole    bool         // the last part ends in an intact line, or is empty
	foreign  *FormatError // the last intact line is of another format; nil: it is not
}

// partBound is more than any part of a record has.
const partBound = 64 << 20

func (s *Store) read(id string) (record, error) {
	d, err := s.folder(false)
	if err != nil {
		return record{}, err
	}
	defer d.close()
	all, err := d.records()
	if err != nil {
		return record{}, err
	}
	r := record{parts: all[id]}
	if len(r.parts) == 0 {
		return record{}, fmt.Errorf("%s: %w", d.path(part{id: id}.name()), os.ErrNotExist)
	}
	for _, p := range r.parts {
		text, err := d.read(p.name(), partBound)
		if err != nil {
			return record{}, err
		}
		r.join(d.path(p.name()), text)
		r.size = int64(len(text))
	}
	if r.foreign != nil {
		return record{}, r.foreign
	}
	return r, nil
}

// join adds one part. A damaged line is dropped; the lines after it still
// count, because each carries the whole record, as long as their numbers rise.
// So does a line of another format, as long as one of ours comes after it.
func (r *record) join(path string, text []byte) {
	r.whole = true
	for number := 1; len(text) > 0; number++ {
		raw, rest, ended := bytes.Cut(text, []byte{'\n'})
		l, err := decode(raw)
		if !ended {
			err = errCutShort
		}
		e := l.entry
		if last := len(r.entries) - 1; err == nil && last >= 0 && e.Seq <= r.entries[last].Seq {
			err = fmt.Errorf("number %d does not follow %d", e.Seq, r.entries[last].Seq)
		}
		var foreign *FormatError
		switch {
		case errors.As(err, &foreign):
			foreign.Path = path
			r.link(fmt.Sprintf("%s:%d", filepath.Base(path), number), l)
			r.foreign, r.whole = foreign, true
		case err == nil:
			r.link(fmt.Sprintf("%s:%d", filepath.Base(path), number), l)
			r.entries, r.foreign, r.whole = append(r.entries, e), nil, true
		default:
			r.whole = false
			r.dropped.add(len(text)-len(rest), fmt.Sprintf("%s:%d: %v", filepath.Base(path), number, err))
		}
		text = rest
	}
}

// link holds a line against the one before it.
func (r *record) link(at string, l line) {
	switch {
	case l.prev == "" && l.format < chained:
		r.unlinked++
	case l.prev == r.last.sum:
	case l.prev == "":
		r.breaks = append(r.breaks, at+": the line does not say which one it follows")
	default:
		r.breaks = append(r.breaks, at+": the line before it is missing or was changed")
	}
	if l.record == nil { // it cannot be read; the next line still counts
		l.record, l.entry = r.last.record, r.last.entry
	}
	r.last = l
}

// chained is the first format whose lines name the one before.
const chained = 2
