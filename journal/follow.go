package journal

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"time"
)

// How often a record that is followed is looked at, and how often it is asked which one
// that is. A look costs two calls of the system while nothing is added.
const (
	followEvery = 250 * time.Millisecond
	choiceEvery = 2 * time.Second
)

// Follow emits what the record of an unfinished release says that another process
// holds: first all of it, then each time what was added, until ctx ends. It goes on with
// the next such release. What cannot be read is left out: whoever writes says so.
func (s *Store) Follow(ctx context.Context, emit func([]Entry)) {
	tick := time.NewTicker(followEvery)
	defer tick.Stop()
	var f followed
	for looks := 0; ; looks++ {
		if looks%int(choiceEvery/followEvery) == 0 {
			past, unfinished, err := s.Unfinished()
			if err == nil && unfinished && past.Driver != nil && !past.Driver.Self && past.ID != f.part.id {
				f = followed{part: part{id: past.ID}}
			}
		}
		if entries := f.look(s); len(entries) > 0 {
			emit(entries)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// followed is how far a record has been read.
type followed struct {
	part part
	end  int64
	last []Entry // the newest one; none yet
}

// look reads what was added.
func (f *followed) look(s *Store) (added []Entry) {
	if f.part.id == "" {
		return nil
	}
	d, err := s.folder(false)
	if err != nil {
		return nil
	}
	defer d.close()
	for {
		added = append(added, f.read(d)...)
		next := f.part
		next.number++
		if d.exists(next.name()) != nil {
			return added
		}
		f.part, f.end = next, 0
	}
}

func (f *followed) read(d folder) []Entry {
	file, err := d.open(f.part.name(), os.O_RDONLY)
	if err != nil {
		return nil
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil || info.Size() <= f.end || info.Size() > partBound {
		return nil
	}
	text := make([]byte, info.Size()-f.end)
	if _, err := file.ReadAt(text, f.end); err != nil && !errors.Is(err, io.EOF) {
		return nil
	}
	text = text[:bytes.LastIndexByte(text, '\n')+1] // the rest is being written
	r := record{entries: f.last}
	r.join(d.path(f.part.name()), text)
	f.end += int64(len(text))
	added := r.entries[len(f.last):]
	if n := len(r.entries); n > 0 {
		f.last = r.entries[n-1 : n : n]
	}
	return added
}
