package journal

import (
	"bytes"
	"errors"
	"maps"
	"os"
	"slices"
	"strings"
	"time"
)

// A record is settled when it is over and nobody holds it: it is never written to
// again, and no start has to look into it. The names of the settled records are
// kept in a file beside them. It is no more than a memory: without it each record
// is looked into once.
const (
	settledName  = "settled"
	settledBound = 16 << 20
)

// recall reads which records are settled, once.
func (s *Store) recall(d folder) {
	if s.settled != nil {
		return
	}
	s.settled = map[string]bool{}
	text, err := d.read(settledName, settledBound)
	if err != nil {
		return
	}
	for line := range bytes.Lines(text) {
		if id, whole := strings.CutSuffix(string(line), "\n"); whole {
			s.settled[id] = true
		}
	}
}

// settle adds to the settled records. One write leaves whole lines also when two
// do so at once; what cannot be written is found out again.
func (s *Store) settle(d folder, ids []string) {
	if len(ids) == 0 {
		return
	}
	for _, id := range ids {
		s.settled[id] = true
	}
	f, err := d.open(settledName, os.O_WRONLY|os.O_APPEND)
	if errors.Is(err, os.ErrNotExist) {
		f, err = d.create(settledName)
	}
	if err != nil {
		return
	}
	defer f.Close()
	_, _ = f.WriteString(strings.Join(ids, "\n") + "\n")
}

// names are the records of a directory as they were at a time.
type names struct {
	all  map[string][]part
	ids  []string // in order
	read time.Time
	at   time.Time // the directory's modification then
}

// grain is more than the clock of a file system may lag behind: a directory that
// was modified later than so long before it was read may have changed since.
const grain = 2 * time.Second

// records gives the parts of every record, and their ids in order. The directory is read again only when
// something came or went.
func (s *Store) records(d folder) (map[string][]part, []string, error) {
	info, err := d.f.Stat()
	if err != nil {
		return nil, nil, err
	}
	n := s.names
	if n.all != nil && n.at.Equal(info.ModTime()) && n.read.Sub(n.at) > grain {
		return n.all, n.ids, nil
	}
	now := time.Now()
	all, err := d.records()
	if err != nil {
		return nil, nil, err
	}
	s.names = names{all: all, ids: slices.Sorted(maps.Keys(all)), read: now, at: info.ModTime()}
	return all, s.names.ids, nil
}
